"""Protobuf's wire format, for one message at a time and for millions of them at once.

A row of a table becomes a message made of parts, and each part says how many bytes it takes in each row. So where everything goes is a
cumulative sum, and a part is written for all rows by one assignment a byte. Varints may be longer than they need be: protobuf ignores
leading zeros, and what always has one length compresses better.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2

MAX_VARINT_BYTES: Final = 10

_Widths = npt.NDArray[np.int64]
_Bytes = npt.NDArray[np.uint8]


def varint(value: int) -> bytes:
    """Writes a whole number ≥ -2⁶³, as short as possible; negative ones as protobuf's ``int64`` does."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def tag(field: int, kind: int) -> bytes:
    """Writes what stands before a field's value."""
    return varint(field << 3 | kind)


def number(field: int, value: int) -> bytes:
    """Writes a field of a whole number, enum or bool."""
    return tag(field, VARINT) + varint(value)


def fixed64(field: int, value: int) -> bytes:
    """Writes a ``fixed64`` field."""
    return tag(field, FIXED64) + value.to_bytes(8, "little")


def message(field: int, *parts: bytes) -> bytes:
    """Writes a field that is a message of fields."""
    body = b"".join(parts)
    return tag(field, BYTES) + varint(len(body)) + body


def text(field: int, value: str) -> bytes:
    """Writes a string field; what is no Unicode becomes "?"."""
    return message(field, value.encode(errors="replace"))


def varint_widths(values: npt.NDArray[np.uint64]) -> _Widths:
    """Returns how many bytes each value needs as a varint."""
    widths = np.ones(len(values), dtype=np.int64)
    for bits in range(7, 64, 7):
        longer = values >= np.uint64(1 << bits)
        if not longer.any():
            break
        widths += longer
    return widths


class Part(Protocol):
    """What stands at one place of every row's message.

    Attributes:
        widths: How many bytes it takes in each row; 0 where it is left out.
    """

    @property
    def widths(self) -> _Widths:
        """See above."""

    def write(self, out: _Bytes, at: _Widths) -> None:
        """Writes it: that of row ``i`` begins at ``at[i]``."""


@dataclasses.dataclass(frozen=True, eq=False)
class Constant:
    """The same bytes in some rows, nothing in the others."""

    value: bytes
    rows: npt.NDArray[np.bool_]

    @property
    def widths(self) -> _Widths:
        """See :class:`Part`."""
        return self.rows * np.int64(len(self.value))

    def write(self, out: _Bytes, at: _Widths) -> None:
        """See :class:`Part`."""
        places = at if self.rows.all() else at[self.rows]
        for offset, byte in enumerate(self.value):
            out[places + offset] = byte


@dataclasses.dataclass(frozen=True, eq=False)
class Varint:
    """A whole number in every row, in as many bytes as ``widths`` says, each of which must be enough; nothing where that is 0."""

    values: npt.NDArray[np.uint64]
    widths: _Widths

    def write(self, out: _Bytes, at: _Widths) -> None:
        """See :class:`Part`."""
        values, last, places = self.values, self.widths - 1, at
        for number_ in range(MAX_VARINT_BYTES):
            kept = last >= number_
            if not kept.all():
                values, last, places = values[kept], last[kept], places[kept]
            if not len(values):
                return
            byte = (values >> np.uint64(7 * number_)).astype(np.uint8) & 0x7F
            out[places + number_] = byte | ((last > number_) * np.uint8(0x80))


@dataclasses.dataclass(frozen=True, eq=False)
class Pieces:
    """Some bytes of its own in each of a few rows."""

    by_row: Mapping[int, bytes]
    rows: int

    @property
    def widths(self) -> _Widths:
        """See :class:`Part`."""
        widths = np.zeros(self.rows, dtype=np.int64)
        for row, piece in self.by_row.items():
            widths[row] = len(piece)
        return widths

    def write(self, out: _Bytes, at: _Widths) -> None:
        """See :class:`Part`."""
        for row, piece in self.by_row.items():
            place = int(at[row])
            out[place : place + len(piece)] = np.frombuffer(piece, dtype=np.uint8)


def total_widths(parts: Sequence[Part]) -> _Widths:
    """Returns how many bytes the parts take together in each row."""
    total = parts[0].widths.copy()
    for part in parts[1:]:
        total += part.widths
    return total


def length_of(parts: Sequence[Part]) -> Varint:
    """Returns the part that says how long the parts after it are, as before a message in a message."""
    lengths = total_widths(parts).astype(np.uint64)
    return Varint(lengths, varint_widths(lengths))


def written(parts: Sequence[Part]) -> bytes:
    """Writes every row's parts, one row after the other."""
    widths = [part.widths for part in parts]
    total = np.sum(widths, axis=0)
    ends = np.cumsum(total)
    out = np.empty(int(ends[-1]) if len(ends) else 0, dtype=np.uint8)
    at = ends - total
    for part, width in zip(parts, widths, strict=True):
        part.write(out, at)
        at = at + width
    return out.tobytes()
