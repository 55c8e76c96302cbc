"""Slices as bytes that compress well: whole numbers as small as their range allows, the lowest bytes of all of them first.

``docs/http_api.md`` describes the form, and ``frontend/src/api/slices.ts`` reads it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import slices as timeline_slices

_LATEST_NS: Final = 1 << 60
"""What lies further off is damage, and is brought here, so that nothing below overflows."""

_Whole = npt.NDArray[np.int64]


def pack(lanes: Mapping[int, timeline_slices.Slices], *, begin_ns: int, revision: str) -> bytes:
    """Packs what to draw of some lanes.

    Args:
        lanes: The slices of each.
        begin_ns: Where their window begins.
        revision: The state of the run they were taken from.

    Returns:
        A uint32 length, a JSON header of that length, then the columns.
    """
    parts = list(lanes.values())
    columns: list[dict[str, Any]] = []
    body = bytearray()
    for name, dtype in timeline_slices.SLICE_DTYPES.items():
        base, planes, packed = _packed(_stored(name, parts, begin_ns))
        columns.append({"name": name, "type": np.dtype(dtype).name, "base": base, "bytes": planes, "offset": len(body)})
        body += packed
    header = json.dumps(
        {
            "count": sum(part.count for part in parts),
            "revision": revision,
            "begin_ns": begin_ns,
            "lanes": [{"lane": lane, "count": part.count} for lane, part in lanes.items()],
            "columns": columns,
        },
        separators=(",", ":"),
    ).encode()
    return struct.pack("<I", len(header)) + header + bytes(body)


def _stored(name: str, parts: Sequence[timeline_slices.Slices], begin_ns: int) -> _Whole:
    """Starts count from the end before them in their row, call ids from the one before; both then are small numbers."""
    values = [part.columns[name].astype(np.int64) for part in parts]
    if name == "start_ns":
        values = [_gaps(part, begin_ns) for part in parts]
    elif name == "duration_ns":
        values = [np.clip(of_part, 0, _LATEST_NS) for of_part in values]
    joined = np.concatenate(values) if values else np.empty(0, dtype=np.int64)
    return np.diff(joined, prepend=np.int64(0)) if name == "call_id" else joined


def _gaps(part: timeline_slices.Slices, begin_ns: int) -> _Whole:
    start = np.clip(part.columns["start_ns"].astype(np.int64), -_LATEST_NS, _LATEST_NS)
    duration = np.clip(part.columns["duration_ns"].astype(np.int64), 0, _LATEST_NS)
    row = part.columns["row"]
    before = np.full(len(start), np.clip(begin_ns, -_LATEST_NS, _LATEST_NS), dtype=np.int64)
    before[1:] = np.where(row[1:] == row[:-1], start[:-1] + duration[:-1], before[1:])
    return start - before


def _packed(values: _Whole) -> tuple[int, int, bytes]:
    """Returns the least of some numbers, how many bytes the others need beyond it, and these bytes, the lowest of all first."""
    if len(values) == 0:
        return 0, 0, b""
    base = int(values.min())
    planes = ((int(values.max()) - base).bit_length() + 7) // 8
    beyond = (values - base).astype("<u8").view(np.uint8).reshape(len(values), 8)
    return base, planes, np.ascontiguousarray(beyond[:, :planes].T).tobytes()
