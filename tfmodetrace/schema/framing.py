"""TFRecord framing: how a record lies in an event file."""

from __future__ import annotations

import struct
from typing import Final

import google_crc32c

_CRC_MASK: Final = 0xA282EAD8


def masked_crc(payload: bytes) -> int:
    """Returns the checksum that TFRecord files store: CRC-32C, rotated and offset."""
    crc: int = google_crc32c.value(payload)
    return ((crc >> 15 | crc << 17) + _CRC_MASK) & 0xFFFFFFFF


def frame(payload: bytes) -> bytes:
    """Returns a record as it lies in a file."""
    length = struct.pack("<Q", len(payload))
    return b"".join((length, struct.pack("<I", masked_crc(length)), payload, struct.pack("<I", masked_crc(payload))))
