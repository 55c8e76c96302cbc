"""What to draw of one lane in one window, at any level of detail.

An index is built once per lane: see ``levels``. What is in a window is found by bisection, and what falls into one bucket are neighbours,
merged for long lanes before anybody asks.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import levels

SLICE_DTYPES: Final[Mapping[str, npt.DTypeLike]] = {
    "start_ns": np.float64,
    "duration_ns": np.float64,
    "call_id": np.float64,
    "function_id": np.int32,
    "trace_id": np.int32,
    "calls": np.int32,
    "row": np.uint16,
    "mode": np.uint8,
    "flags": np.uint8,
}
"""The columns of slices and their dtypes, in the order in which they are sent."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Slices:
    """What to draw, ordered by row, then start: an array of shape ``(count,)`` for every name in ``SLICE_DTYPES``."""

    count: int
    columns: Mapping[str, npt.NDArray[Any]]


class LaneIndex:
    """What one lane holds; what a window needs is sorted when the first one is asked for.

    Attributes:
        rows: How many rows there are.
    """

    def __init__(self, spans: Any, members: levels.Places, row: npt.NDArray[np.uint16]) -> None:
        """Takes what a lane holds.

        Args:
            spans: Columns of it as ``log.call_columns.Calls`` has them; not copied.
            members: Which of them are in the lane.
            row: The row of each of these.
        """
        self._spans = spans
        self._unsorted: tuple[levels.Places, npt.NDArray[np.uint16]] | None = (members, row)
        self._ordered: levels.Ordered
        self._lock = threading.Lock()
        self.rows = int(row.max()) + 1

    def row_of(self, call: int) -> int | None:
        """Returns the row of one of the columns' places; ``None`` if that is not in the lane."""
        return self._sorted.row_of(call)

    def slices(self, begin_ns: int, end_ns: int, resolution_ns: int) -> Slices:
        """Returns what overlaps a window, the short ones merged.

        What lasts at least ``resolution_ns`` is a slice of its own. What is shorter is merged per row and per bucket of that length (it
        belongs to the bucket it begins in), but never across something longer between them. A merged slice spans from its first part's
        start to its last part's end, has ``call_id`` -1, the function and mode of its longest part, the last trace and every flag of its
        parts.

        Args:
            begin_ns: Where the window begins.
            end_ns: Where it ends, exclusive.
            resolution_ns: A power of two ≥ 1; 1 merges nothing.

        Raises:
            ValueError: If the resolution is not a power of two.
        """
        if resolution_ns < 1 or resolution_ns & (resolution_ns - 1):
            raise ValueError(f"the resolution must be a power of two of nanoseconds, not {resolution_ns}")
        power = min(resolution_ns, 1 << 62).bit_length() - 1
        index = self._sorted
        parts = [index.merged(first, last, power) for first, last in index.overlapping(begin_ns, end_ns)]
        # Ranges are of different rows, so nothing is merged across them.
        firsts, lasts = _joined([part.firsts[:-1] for part in parts]), _joined([part.firsts[1:] - 1 for part in parts])
        shown = index.member[_joined([part.longest for part in parts])]
        start, sizes, spans = index.start_ns(firsts), lasts - firsts + 1, self._spans
        columns: dict[str, npt.NDArray[Any]] = {
            "start_ns": start,
            "duration_ns": index.start_ns(lasts) + index.duration_ns(lasts) - start,
            "call_id": np.where(sizes > 1, -1, spans.call_id[shown]),
            "function_id": spans.function_id[shown],
            "trace_id": _joined([part.trace_id for part in parts]),
            "calls": sizes,
            "row": index.rows(firsts),
            "mode": spans.mode[shown],
            "flags": _joined([part.flags for part in parts]),
        }
        return Slices(count=len(firsts), columns={name: columns[name].astype(dtype) for name, dtype in SLICE_DTYPES.items()})

    @property
    def _sorted(self) -> levels.Ordered:
        with self._lock:
            if self._unsorted is not None:
                self._ordered = levels.Ordered(self._spans, *self._unsorted)
                self._unsorted = None
            return self._ordered


def _joined(parts: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int32)
