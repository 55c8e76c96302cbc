"""What to draw of one lane in one window, at any level of detail.

An index is built once per lane: what it holds, sorted by row and start. What lies in one row does not overlap, so both starts and ends
ascend, what is in a window is found by bisection, and what falls into one bucket are neighbours that one ``reduceat`` merges.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

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

    def __init__(self, spans: Any, members: npt.NDArray[np.int64], row: npt.NDArray[np.uint16]) -> None:
        """Takes what a lane holds.

        Args:
            spans: Columns of it as ``log.call_columns.Calls`` has them; not copied.
            members: Which of them are in the lane.
            row: The row of each of these.
        """
        self._spans = spans
        self._unsorted = members
        self._unsorted_row = row
        self.rows = int(row.max()) + 1

    def row_of(self, call: int) -> int | None:
        """Returns the row of one of the columns' places; ``None`` if that is not in the lane."""
        found = np.flatnonzero(self._unsorted == call)
        return int(self._unsorted_row[found[0]]) if len(found) else None

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
        resolution_ns = min(resolution_ns, 1 << 62)
        index = self._sorted
        ranges = index.overlapping(begin_ns, end_ns)
        if len(ranges) == 1:
            selected: Any = slice(*ranges[0])
        else:
            selected = np.concatenate([np.arange(first, last) for first, last in ranges] or [np.empty(0, dtype=np.int64)])
        row, start, duration = index.row[selected], index.start_ns[selected], index.duration_ns[selected]
        member, trace_id, flags = index.member[selected], index.trace_id[selected], index.flags[selected]
        count = len(row)
        if resolution_ns == 1 or count == 0:
            # Even calls that took no time at all stay apart.
            firsts = np.arange(count)
        else:
            firsts = _group_starts(row, start >> (resolution_ns.bit_length() - 1), duration >= resolution_ns)
        spans = self._spans
        columns: dict[str, npt.NDArray[Any]]
        if len(firsts) == count:
            columns = {
                "start_ns": start,
                "duration_ns": duration,
                "call_id": spans.call_id[member],
                "function_id": spans.function_id[member],
                "trace_id": trace_id,
                "calls": np.broadcast_to(np.int32(1), (count,)),
                "row": row,
                "mode": spans.mode[member],
                "flags": flags,
            }
        else:
            lasts = np.append(firsts[1:], count) - 1
            sizes = lasts - firsts + 1
            shown = member[_first_longest(duration, firsts, sizes)]
            columns = {
                "start_ns": start[firsts],
                "duration_ns": start[lasts] + duration[lasts] - start[firsts],
                "call_id": np.where(sizes > 1, -1, spans.call_id[shown]),
                "function_id": spans.function_id[shown],
                "trace_id": _last_trace(trace_id, firsts),
                "calls": sizes,
                "row": row[firsts],
                "mode": spans.mode[shown],
                "flags": np.bitwise_or.reduceat(flags, firsts),
            }
        return Slices(count=len(firsts), columns={name: columns[name].astype(dtype) for name, dtype in SLICE_DTYPES.items()})

    @functools.cached_property
    def _sorted(self) -> _Sorted:
        members, row = self._unsorted, self._unsorted_row.astype(np.int64)
        start = self._spans.start_ns[members]
        earliest = int(start.min())
        span = int(start.max()) - earliest + 1
        # One key is several times faster to sort than two, as long as both fit into it.
        order: npt.NDArray[np.intp] | None = None
        if span * self.rows < 1 << 62:
            key = row * span + (start - earliest)
            order = np.argsort(key, kind="stable")
            ordered = key[order]
            if (ordered[1:] == ordered[:-1]).any():
                order = None
        if order is None:
            # Calls that took no time come before the one that began at the same instant.
            order = np.lexsort((self._spans.duration_ns[members], start, row))
        members = members[order]
        return _Sorted(
            member=members,
            row=self._unsorted_row[order],
            start_ns=start[order],
            duration_ns=self._spans.duration_ns[members],
            trace_id=self._spans.trace_id[members],
            flags=self._spans.flags[members],
        )


class _Sorted:
    """A lane's calls by row, then start."""

    def __init__(
        self,
        *,
        member: npt.NDArray[np.int64],
        row: npt.NDArray[np.uint16],
        start_ns: npt.NDArray[np.int64],
        duration_ns: npt.NDArray[np.int64],
        trace_id: npt.NDArray[np.int32],
        flags: npt.NDArray[np.uint8],
    ) -> None:
        self.member, self.row, self.trace_id, self.flags = member, row, trace_id, flags
        self.start_ns, self.duration_ns = start_ns, duration_ns
        cuts = (np.flatnonzero(row[1:] != row[:-1]) + 1).tolist()
        self._row_ranges = list(zip([0, *cuts], [*cuts, len(row)], strict=True))
        # A running maximum, so that bisection works even where damaged data overlaps within a row.
        self._latest_end_ns = start_ns + duration_ns
        for first, last in self._row_ranges:
            np.maximum.accumulate(self._latest_end_ns[first:last], out=self._latest_end_ns[first:last])

    def overlapping(self, begin_ns: int, end_ns: int) -> list[tuple[int, int]]:
        """Returns the non-empty ranges of calls that overlap a window; a call without duration overlaps where it is."""
        ranges: list[tuple[int, int]] = []
        for first, last in self._row_ranges:
            starts, ends = self.start_ns[first:last], self._latest_end_ns[first:last]
            begin = first + min(int(np.searchsorted(ends, begin_ns, side="right")), int(np.searchsorted(starts, begin_ns, side="left")))
            end = first + int(np.searchsorted(starts, end_ns, side="left"))
            if begin >= end:
                continue
            if ranges and ranges[-1][1] == begin:
                ranges[-1] = (ranges[-1][0], end)
            else:
                ranges.append((begin, end))
        return ranges


def _group_starts(row: npt.NDArray[np.uint16], bucket: npt.NDArray[np.int64], alone: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    begins = np.empty(len(row), dtype=np.bool_)
    begins[0] = True
    np.not_equal(bucket[1:], bucket[:-1], out=begins[1:])
    begins[1:] |= row[1:] != row[:-1]
    begins[1:] |= alone[1:] | alone[:-1]
    return np.flatnonzero(begins)


def _first_longest(duration: npt.NDArray[np.int64], firsts: npt.NDArray[np.intp], sizes: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    longest = np.repeat(np.maximum.reduceat(duration, firsts), sizes)
    candidates = np.flatnonzero(duration == longest)
    return candidates[np.searchsorted(candidates, firsts)]


def _last_trace(trace_id: npt.NDArray[np.int32], firsts: npt.NDArray[np.intp]) -> npt.NDArray[np.int32]:
    last = np.full(len(firsts), -1, dtype=np.int32)
    causing = np.flatnonzero(trace_id >= 0)
    # Of several values for one group the last assignment stays.
    last[np.searchsorted(firsts, causing, side="right") - 1] = trace_id[causing]
    return last
