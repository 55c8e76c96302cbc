"""Calls as columns, columns as bytes.

A batch of calls is stored column by column: each column becomes offsets from its smallest value, or differences between neighbours where
those are smaller, in the fewest of 0, 1, 2, 4 or 8 bytes; wide columns are split into byte planes (all low bytes, then all second bytes,
…), which is what makes them compress; all columns together are compressed with Zstandard. Arithmetic is modulo 2⁶⁴, so that every int64
survives. ``docs/file_format.md`` is the specification.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.schema import events_pb2

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Columns = Mapping[str, npt.NDArray[np.int64]]
_Batch = events_pb2.CallBatch | events_pb2.MemoryBatch | events_pb2.SampleBatch

COLUMN_NAMES: Final = (
    "start_ns",
    "duration_ns",
    "call_id",
    "parent_id",
    "function_id",
    "signature_id",
    "trace_id",
    "mode",
    "flags",
    "thread_id",
    "depth",
)

MEMORY_COLUMN_NAMES: Final = ("call_id", "device_id", "before_bytes", "after_bytes", "peak_bytes", "shared")

SAMPLE_COLUMN_NAMES: Final = ("start_ns", "thread_id", "call_id", "place_id")

MAX_ROWS_PER_BATCH: Final = 1 << 20
"""A batch that claims more rows than this is refused before anything is allocated."""

_COMPRESSION_LEVEL: Final = 1
_DELTA_COLUMNS: Final = frozenset({"start_ns", "call_id", "parent_id"})
_ALL_NAMES: Final = (*COLUMN_NAMES, *MEMORY_COLUMN_NAMES, *SAMPLE_COLUMN_NAMES)
_COLUMN_IDS: Final = {name: events_pb2.Column.Id.Value(name.upper()) for name in _ALL_NAMES}
_COLUMN_NAMES_BY_ID: Final = {number: name for name, number in _COLUMN_IDS.items()}
_DTYPES: Final[Mapping[int, np.dtype[Any]]] = {1: np.dtype("<u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4"), 8: np.dtype("<u8")}


class CodecError(ValueError):
    """A batch of calls does not hold what it says it holds."""


class PackedColumn:
    """One column of a batch, unpacked no further than is asked for: most columns fit a smaller type than int64.

    Attributes:
        least: No value is smaller.
        most: The largest value; beyond int64, where it would be less by 2⁶⁴, if the column is damaged.
    """

    def __init__(self, column: events_pb2.Column, planes: npt.NDArray[np.uint8], rows: int) -> None:
        """Takes a column.

        Args:
            column: How it is encoded.
            planes: Its bytes, the lowest of all values first.
            rows: How many values it has.

        Raises:
            CodecError: If it is encoded in a way that this version does not know.
        """
        self._rows = rows
        self._base = column.base
        self._offsets: npt.NDArray[Any] | None = None
        self._sums: npt.NDArray[np.int64] | None = None
        if column.encoding == events_pb2.Column.CONSTANT:
            self.least, self.most = column.base, column.base
        elif column.encoding == events_pb2.Column.DELTA:
            steps = _added(_joined(planes, column.width, rows), column.base)
            steps[0] = column.first
            self._sums = np.cumsum(steps, out=steps)
            self.least, self.most = int(self._sums.min()), int(self._sums.max())
        elif column.encoding == events_pb2.Column.OFFSET:
            self._offsets = _joined(planes, column.width, rows)
            self.least, self.most = column.base, column.base + int(self._offsets.max())
        else:
            raise CodecError(f"a column is encoded in way {column.encoding}, which this version does not know")

    def values(self) -> npt.NDArray[np.int64]:
        """Returns the values."""
        if self._sums is not None:
            return self._sums
        if self._offsets is None:
            return np.full(self._rows, self._base, dtype=np.int64)
        return _added(self._offsets, self._base)

    def write(self, out: npt.NDArray[Any]) -> None:
        """Writes the values into an array whose type has room for ``least`` and ``most``."""
        if self._sums is not None:
            out[:] = self._sums
        elif self._offsets is None:
            out.fill(self._base)
        elif self._base:
            np.add(self._offsets, self._base, out=out, dtype=out.dtype, casting="unsafe")
        else:
            out[:] = self._offsets


class PlainColumn:
    """Values that may be fewer than a batch had, with what :class:`PackedColumn` has.

    Attributes:
        least: The smallest value.
        most: The largest.
    """

    def __init__(self, values: npt.NDArray[np.int64]) -> None:
        """Takes the values, of which there must be some."""
        self._values = values
        self.least, self.most = int(values.min()), int(values.max())

    def write(self, out: npt.NDArray[Any]) -> None:
        """Writes the values into an array whose type has room for them."""
        out[:] = self._values


def encode_calls(columns: Columns) -> events_pb2.CallBatch:
    """Packs calls into one self-contained batch.

    Args:
        columns: For every name in ``COLUMN_NAMES`` an int64 array of shape ``(rows,)``; times in nanoseconds since the session's start.

    Returns:
        The batch, with ``rows`` ≤ ``MAX_ROWS_PER_BATCH``.

    Raises:
        CodecError: If a column is missing, the lengths differ, there are no rows, or there are too many.
    """
    batch = events_pb2.CallBatch()
    arrays = _encode(batch, COLUMN_NAMES, columns)
    batch.first_start_ns = int(arrays["start_ns"].min())
    batch.last_end_ns = int((arrays["start_ns"] + arrays["duration_ns"]).max())
    return batch


def encode_memory(columns: Columns) -> events_pb2.MemoryBatch:
    """Packs what calls found in device memory, as :func:`encode_calls` packs calls.

    Args:
        columns: For every name in ``MEMORY_COLUMN_NAMES`` an int64 array of shape ``(rows,)``; see ``Column.Id`` in ``events.proto``.

    Raises:
        CodecError: As :func:`encode_calls`.
    """
    batch = events_pb2.MemoryBatch()
    _encode(batch, MEMORY_COLUMN_NAMES, columns)
    return batch


def encode_samples(columns: Columns) -> events_pb2.SampleBatch:
    """Packs where threads were at moments, as :func:`encode_calls` packs calls.

    Args:
        columns: For every name in ``SAMPLE_COLUMN_NAMES`` an int64 array of shape ``(rows,)``; see ``SampleBatch`` in ``events.proto``.

    Raises:
        CodecError: As :func:`encode_calls`.
    """
    batch = events_pb2.SampleBatch()
    _encode(batch, SAMPLE_COLUMN_NAMES, columns)
    return batch


def decode_calls(batch: events_pb2.CallBatch) -> dict[str, npt.NDArray[np.int64]]:
    """Unpacks what :func:`encode_calls` packed; columns of unknown id are skipped.

    Args:
        batch: A batch, from a file that may be damaged or hostile: nothing larger than its checked size is allocated.

    Returns:
        For every name in ``COLUMN_NAMES`` an int64 array of shape ``(rows,)``; a column the batch lacks holds -1.

    Raises:
        CodecError: If the batch contradicts itself.
    """
    return _decode(batch, COLUMN_NAMES)


def unpack_calls(batch: events_pb2.CallBatch) -> dict[str, PackedColumn]:
    """Returns the columns that :func:`decode_calls` would, each unpacked when that is asked for.

    Raises:
        CodecError: If the batch contradicts itself.
    """
    return _unpack(batch, COLUMN_NAMES)


def decode_memory(batch: events_pb2.MemoryBatch) -> dict[str, npt.NDArray[np.int64]]:
    """Unpacks what :func:`encode_memory` packed, as :func:`decode_calls` unpacks calls.

    Raises:
        CodecError: If the batch contradicts itself.
    """
    return _decode(batch, MEMORY_COLUMN_NAMES)


def decode_samples(batch: events_pb2.SampleBatch) -> dict[str, npt.NDArray[np.int64]]:
    """Unpacks what :func:`encode_samples` packed, as :func:`decode_calls` unpacks calls.

    Raises:
        CodecError: If the batch contradicts itself.
    """
    return _decode(batch, SAMPLE_COLUMN_NAMES)


def _encode(batch: _Batch, names: Sequence[str], columns: Columns) -> dict[str, npt.NDArray[np.int64]]:
    missing = [name for name in names if name not in columns]
    if missing:
        raise CodecError(f"cannot encode a batch without the columns {', '.join(missing)}")
    arrays = {name: np.ascontiguousarray(columns[name], dtype=np.int64) for name in names}
    rows = len(arrays[names[0]])
    if not 0 < rows <= MAX_ROWS_PER_BATCH:
        raise CodecError(f"a batch holds 1 to {MAX_ROWS_PER_BATCH} rows, not {rows}")
    if any(array.shape != (rows,) for array in arrays.values()):
        raise CodecError("the columns of a batch must have one length")
    batch.rows = rows
    batch.compression = events_pb2.CallBatch.ZSTD
    planes = b"".join(_encode_column(batch, name, array) for name, array in arrays.items())
    batch.payload_bytes = len(planes)
    batch.payload = zstd.compress(planes, level=_COMPRESSION_LEVEL)
    return arrays


def _decode(batch: _Batch, names: Sequence[str]) -> dict[str, npt.NDArray[np.int64]]:
    return {name: column.values() for name, column in _unpack(batch, names).items()}


def _unpack(batch: _Batch, names: Sequence[str]) -> dict[str, PackedColumn]:
    rows = batch.rows
    if not 0 < rows <= MAX_ROWS_PER_BATCH:
        raise CodecError(f"a batch claims {rows} rows; at most {MAX_ROWS_PER_BATCH} are possible")
    expected_bytes = 0
    for column in batch.columns:
        if column.width not in (0, *_DTYPES):
            raise CodecError(f"a column claims {column.width} bytes per value")
        if (column.encoding == events_pb2.Column.CONSTANT) != (column.width == 0):
            raise CodecError("a column's encoding contradicts its width")
        expected_bytes += column.width * rows
    if batch.payload_bytes != expected_bytes or len(batch.columns) > 64:
        raise CodecError(f"a batch claims {batch.payload_bytes} bytes where its columns need {expected_bytes}")
    planes = np.frombuffer(_decompress(batch), dtype=np.uint8)
    found: dict[str, PackedColumn] = {}
    offset = 0
    for column in batch.columns:
        size = column.width * rows
        name = _COLUMN_NAMES_BY_ID.get(column.id)
        if name is not None and name in names:
            found[name] = PackedColumn(column, planes[offset : offset + size], rows)
        offset += size
    lacking = events_pb2.Column(encoding=events_pb2.Column.CONSTANT, base=-1)
    return {name: found.get(name) or PackedColumn(lacking, planes[:0], rows) for name in names}


def _encode_column(batch: _Batch, name: str, values: npt.NDArray[np.int64]) -> bytes:
    column = batch.columns.add(id=_COLUMN_IDS[name])
    smallest = int(values.min())
    if smallest == int(values.max()):
        column.encoding = events_pb2.Column.CONSTANT
        column.base = smallest
        return b""
    if name in _DELTA_COLUMNS:
        column.encoding = events_pb2.Column.DELTA
        column.first = int(values[0])
        steps = np.empty(len(values), dtype=np.int64)
        np.subtract(values[1:], values[:-1], out=steps[1:])
        steps[0] = steps[1:].min()
        values = steps
        smallest = int(steps[0])
    else:
        column.encoding = events_pb2.Column.OFFSET
    column.base = smallest
    offsets = values.view(np.uint64) - np.int64(smallest).view(np.uint64)
    width = _width(int(offsets.max()))
    column.width = width
    narrow = offsets.astype(_DTYPES[width])
    return bytes(narrow.view(np.uint8).reshape(-1, width).T.tobytes())


def _joined(planes: npt.NDArray[np.uint8], width: int, rows: int) -> npt.NDArray[Any]:
    """Returns the numbers whose lowest bytes come first, then their second ones, and so on."""
    if width == 1:
        return planes
    values = np.empty((rows, width), dtype=np.uint8)
    for place, plane in enumerate(planes.reshape(width, rows)):
        values[:, place] = plane  # several times as fast as to copy the transposed planes
    return values.view(_DTYPES[width]).reshape(rows)


def _added(offsets: npt.NDArray[Any], base: int) -> npt.NDArray[np.int64]:
    """Returns the sums, modulo 2⁶⁴."""
    sums: npt.NDArray[np.int64] = np.add(offsets, base, dtype=np.int64, casting="unsafe")
    return sums


def _decompress(batch: _Batch) -> bytes:
    if batch.compression == events_pb2.CallBatch.NONE:
        plain = batch.payload
    elif batch.compression == events_pb2.CallBatch.ZSTD:
        try:
            # One byte more than promised is enough to see that a batch lies, however much it would expand to.
            plain = zstd.ZstdDecompressor().decompress(batch.payload, max_length=batch.payload_bytes + 1)
        except (zstd.ZstdError, EOFError) as error:
            raise CodecError(f"a batch of calls cannot be decompressed: {error}") from error
    else:
        raise CodecError(f"a batch is compressed in way {batch.compression}, which this version does not know")
    if len(plain) != batch.payload_bytes:
        raise CodecError(f"a batch holds {len(plain)} bytes instead of {batch.payload_bytes}")
    return plain


def _width(largest: int) -> int:
    for width in (1, 2, 4):
        if largest < 1 << (8 * width):
            return width
    return 8
