"""TFRecord framing: the records of an event file, from any byte offset, of a file that may still grow, end early or be damaged."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator
from typing import BinaryIO, Final

from tfmodetrace.schema import framing

MAX_RECORD_BYTES: Final = 256 << 20
"""A record that claims to be longer than this is damaged; nothing is allocated for it."""

_HEADER: Final = struct.Struct("<QI")
_FOOTER: Final = struct.Struct("<I")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record, or the place of one that is damaged.

    Attributes:
        offset: Where it begins in its file, in bytes.
        next_offset: Where the one after it begins.
        payload: Its bytes; ``None`` if they do not match their checksum.
    """

    offset: int
    next_offset: int
    payload: bytes | None


class TornTailError(Exception):
    """The file ends in the middle of a record: it was cut off, or its writer is not done."""


class UnreadableRestError(Exception):
    """A record's length cannot be trusted, so nothing after it can be found; the message says why."""


def read_records(file: BinaryIO, *, offset: int, size_bytes: int) -> Iterator[Record]:
    """Yields the records of a file between two offsets.

    Args:
        file: The file, open for reading.
        offset: Where to begin: 0, or a ``next_offset`` of before.
        size_bytes: Where to end: the size the file had when it was looked at.

    Raises:
        TornTailError: After the last whole record, if bytes are left.
        UnreadableRestError: At a record whose length is damaged.
    """
    file.seek(offset)
    while offset < size_bytes:
        header = file.read(min(_HEADER.size, size_bytes - offset))
        if len(header) < _HEADER.size:
            raise TornTailError
        length, length_crc = _HEADER.unpack(header)
        if framing.masked_crc(header[:8]) != length_crc:
            raise UnreadableRestError("the length of a record does not match its checksum")
        if length > MAX_RECORD_BYTES:
            raise UnreadableRestError(f"a record claims {length} bytes, more than the {MAX_RECORD_BYTES} that are possible")
        next_offset = offset + _HEADER.size + length + _FOOTER.size
        if next_offset > size_bytes:
            raise TornTailError
        body = file.read(length + _FOOTER.size)
        if len(body) < length + _FOOTER.size:
            raise TornTailError
        payload = body[:length]
        intact = framing.masked_crc(payload) == _FOOTER.unpack_from(body, length)[0]
        yield Record(offset=offset, next_offset=next_offset, payload=payload if intact else None)
        offset = next_offset
