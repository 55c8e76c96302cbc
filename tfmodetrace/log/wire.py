"""Protocol buffers' wire format, many messages at once.

A parser goes through one message after the other; here all messages go forward together, field by field, each round reading the next field
of every message that has one. So a million small messages cost some dozen numpy operations each instead of a million turns of a loop.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

PADDING_BYTES: Final = 24
"""Bytes that a buffer must have after its last message: a word is read wherever a number might begin."""

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5

_CONTINUES: Final = np.uint64(0x8080808080808080)
_LONGEST_VARINT: Final = 10


class WireError(ValueError):
    """The bytes are not messages."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The next field of every message that has one.

    Attributes:
        message: Which message, ascending, shape ``(count,)``, as all that follows.
        number: The field's number.
        wire_type: ``VARINT``, ``FIXED64``, ``BYTES`` or ``FIXED32``.
        value: The number; of bytes, where they begin.
        length: Of bytes, how many there are; 0 for all else.
    """

    message: npt.NDArray[np.int64]
    number: npt.NDArray[np.int64]
    wire_type: npt.NDArray[np.int64]
    value: npt.NDArray[np.uint64]
    length: npt.NDArray[np.int64]


class Buffer:
    """Bytes that hold messages.

    Args:
        data: The bytes; the last ``PADDING_BYTES`` belong to no message.
    """

    def __init__(self, data: bytes | bytearray) -> None:
        if len(data) < PADDING_BYTES:
            raise ValueError(f"a buffer has {PADDING_BYTES} bytes after its last message")
        self._bytes = np.frombuffer(data, dtype=np.uint8)
        # The eight bytes that begin at each byte.
        self._words: npt.NDArray[np.uint64] = np.ndarray((len(data) - 8,), dtype="<u8", buffer=data, strides=(1,))

    def fields(self, begin: npt.NDArray[np.int64], end: npt.NDArray[np.int64]) -> Iterator[Fields]:
        """Yields, round by round, the next field of every message.

        Args:
            begin: Where each message begins.
            end: Where each ends.

        Raises:
            WireError: If they are not messages.
        """
        message = np.flatnonzero(begin < end)
        position, last = begin[message], end[message]
        while len(message):
            tag, position = self._varints(position)
            wire_type = (tag & np.uint64(7)).astype(np.int64)
            value, after = self._varints(position)
            length = np.zeros(len(message), dtype=np.int64)
            other = wire_type != VARINT
            if other.any():
                self._read_others(wire_type, position, value, after, length, last)
            if (after > last).any():
                raise WireError("a field is longer than its message")
            yield Fields(message=message, number=(tag >> np.uint64(3)).astype(np.int64), wire_type=wire_type, value=value, length=length)
            goes_on = after < last
            message, position, last = message[goes_on], after[goes_on], last[goes_on]

    def text(self, begin: int, length: int) -> str:
        """Reads a text; what is not UTF-8 is replaced."""
        return self._bytes[begin : begin + length].tobytes().decode("utf-8", "replace")

    def _read_others(
        self,
        wire_type: npt.NDArray[np.int64],
        position: npt.NDArray[np.int64],
        value: npt.NDArray[np.uint64],
        after: npt.NDArray[np.int64],
        length: npt.NDArray[np.int64],
        last: npt.NDArray[np.int64],
    ) -> None:
        texts = np.flatnonzero(wire_type == BYTES)
        if len(texts):
            sizes = value[texts]
            if (sizes > (last[texts] - after[texts]).astype(np.uint64)).any():
                raise WireError("a field is longer than its message")
            length[texts] = sizes.astype(np.int64)
            value[texts] = after[texts].astype(np.uint64)
            after[texts] += length[texts]
        for kind, size, mask in ((FIXED64, 8, np.uint64(0xFFFFFFFFFFFFFFFF)), (FIXED32, 4, np.uint64(0xFFFFFFFF))):
            fixed = np.flatnonzero(wire_type == kind)
            if len(fixed):
                value[fixed] = self._words[position[fixed]] & mask
                after[fixed] = position[fixed] + size
        if not np.isin(wire_type, (VARINT, FIXED64, BYTES, FIXED32)).all():
            raise WireError("a field is of a type that does not exist")

    def _varints(self, position: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
        """Reads a number at each position: the numbers, and where each ends."""
        word = self._words[position]
        stop = ~word & _CONTINUES
        stop &= np.uint64(0) - stop  # the lowest byte without a continuation bit
        value = word & (stop | (stop - np.uint64(1))) & ~_CONTINUES
        value = (value & np.uint64(0x007F007F007F007F)) | ((value & np.uint64(0x7F007F007F007F00)) >> np.uint64(1))
        value = (value & np.uint64(0x00003FFF00003FFF)) | ((value & np.uint64(0x3FFF00003FFF0000)) >> np.uint64(2))
        value = (value & np.uint64(0x000000000FFFFFFF)) | ((value & np.uint64(0x0FFFFFFF00000000)) >> np.uint64(4))
        # A power of two is exact as a float; its exponent tells its place.
        size = (np.frexp(stop.astype(np.float64))[1] >> 3).astype(np.int64)
        long = np.flatnonzero(stop == 0)
        if len(long):
            ninth, tenth = (self._bytes[position[long] + place].astype(np.uint64) for place in (8, 9))
            is_ten = ninth >= 0x80
            if (is_ten & (tenth > 1)).any():
                raise WireError(f"a number is longer than {_LONGEST_VARINT} bytes")
            value[long] |= (ninth & np.uint64(0x7F)) << np.uint64(56)
            value[long] |= np.where(is_ten, tenth, 0).astype(np.uint64) << np.uint64(63)
            size[long] = 9 + is_ten
        return value, position + size
