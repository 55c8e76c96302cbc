"""The calls of a run as lanes of rows, at any level of detail.

An index is built once per lane: its calls sorted by row and start. Calls of one row do not overlap, so both starts and ends ascend, the
calls in a window are found by bisection, and the calls that fall into one bucket are neighbours that one ``reduceat`` merges.
"""

from __future__ import annotations

import dataclasses
import functools
import heapq
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.log import tables, tracelog
from tfmodetrace.schema import words

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

_LAST_ROW: Final = int(np.iinfo(np.uint16).max)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One thread's calls, or one thread's generators and coroutines.

    Attributes:
        lane: Its number within the run.
        process: The process of the thread.
        thread_id: The thread.
        label: The thread's name.
        suspendable: Whether it holds what can be suspended, and so overlaps its siblings.
        rows: How many rows it has: nesting depths, or as many as keep overlapping calls apart.
        calls: How many calls it holds.
    """

    lane: int
    process: int
    thread_id: int
    label: str
    suspendable: bool
    rows: int
    calls: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Slices:
    """What to draw, ordered by row, then start: an array of shape ``(count,)`` for every name in ``SLICE_DTYPES``."""

    count: int
    columns: Mapping[str, npt.NDArray[Any]]


class Timeline:
    """Answers which slices to draw for a window of time. Never changes; one run object needs only one."""

    def __init__(self, run: tracelog.Run) -> None:
        """Finds the lanes.

        Args:
            run: The run; not copied.
        """
        self._run = run
        calls = run.calls
        self.begin_ns = int(calls.start_ns.min()) if len(calls) else 0
        self.end_ns = int(calls.end_ns.max()) if len(calls) else 0
        suspendable = (calls.flags & int(words.CallFlag.SUSPENDABLE)) != 0
        # Thread ids are unique within a run, so a thread tells its process.
        lane_keys = calls.thread_id.astype(np.int64) * 2 + suspendable
        self._indexes: list[_LaneIndex] = []
        lanes: list[Lane] = []
        for key, rows in tables.rows_by_group(lane_keys):
            thread = run.threads[key // 2]
            index = _LaneIndex(calls, rows, suspendable=bool(key % 2))
            self._indexes.append(index)
            lanes.append(
                Lane(
                    lane=len(lanes),
                    process=thread.process,
                    thread_id=thread.thread_id,
                    label=thread.name,
                    suspendable=bool(key % 2),
                    rows=index.rows,
                    calls=len(rows),
                )
            )
        self.lanes: tuple[Lane, ...] = tuple(lanes)
        """The lanes that hold calls, by process and thread."""

    def place_of(self, process: int, call_id: int) -> tuple[int, int] | None:
        """Returns the lane and the row in which a call is drawn; ``None`` if there is no such call."""
        call = self._run.calls.index_of(process, call_id)
        if call is None:
            return None
        for lane, index in zip(self.lanes, self._indexes, strict=True):
            row = index.row_of(call) if lane.process == process else None
            if row is not None:
                return lane.lane, row
        return None

    def slices(self, lane: int, begin_ns: int, end_ns: int, resolution_ns: int) -> Slices:
        """Returns the calls of a lane that overlap a window, the short ones merged.

        A call of at least ``resolution_ns`` is a slice of its own. Shorter ones are merged per row and per bucket of that length (a call
        belongs to the bucket it begins in), but never across a longer call between them. A merged slice spans from its first call's
        start to its last call's end, has ``call_id`` -1, the function and mode of its longest call, the last trace and every flag of its
        calls.

        Args:
            lane: A number of ``lanes``.
            begin_ns: Where the window begins, since the run's start.
            end_ns: Where it ends, exclusive.
            resolution_ns: A power of two ≥ 1; 1 merges nothing.

        Raises:
            IndexError: If there is no such lane.
            ValueError: If the resolution is not a power of two.
        """
        if not 0 <= lane < len(self._indexes):
            raise IndexError(f"there is no lane {lane}; there are {len(self._indexes)}")
        if resolution_ns < 1 or resolution_ns & (resolution_ns - 1):
            raise ValueError(f"the resolution must be a power of two of nanoseconds, not {resolution_ns}")
        return self._indexes[lane].slices(begin_ns, end_ns, min(resolution_ns, 1 << 62))


class _LaneIndex:
    """The calls of one lane; what a window needs is sorted when the first one is asked for."""

    def __init__(self, calls: tables.Calls, members: npt.NDArray[np.int64], *, suspendable: bool) -> None:
        self._calls = calls
        self._unsorted = members
        if suspendable:
            self._unsorted_row = _packed_rows(calls.start_ns[members], calls.end_ns[members])
        else:
            self._unsorted_row = calls.depth[members]
        self.rows = int(self._unsorted_row.max()) + 1

    def row_of(self, call: int) -> int | None:
        found = np.flatnonzero(self._unsorted == call)
        return int(self._unsorted_row[found[0]]) if len(found) else None

    def slices(self, begin_ns: int, end_ns: int, resolution_ns: int) -> Slices:
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
        calls = self._calls
        columns: dict[str, npt.NDArray[Any]]
        if len(firsts) == count:
            columns = {
                "start_ns": start,
                "duration_ns": duration,
                "call_id": calls.call_id[member],
                "function_id": calls.function_id[member],
                "trace_id": trace_id,
                "calls": np.broadcast_to(np.int32(1), (count,)),
                "row": row,
                "mode": calls.mode[member],
                "flags": flags,
            }
        else:
            lasts = np.append(firsts[1:], count) - 1
            sizes = lasts - firsts + 1
            shown = member[_first_longest(duration, firsts, sizes)]
            columns = {
                "start_ns": start[firsts],
                "duration_ns": start[lasts] + duration[lasts] - start[firsts],
                "call_id": np.where(sizes > 1, -1, calls.call_id[shown]),
                "function_id": calls.function_id[shown],
                "trace_id": _last_trace(trace_id, firsts),
                "calls": sizes,
                "row": row[firsts],
                "mode": calls.mode[shown],
                "flags": np.bitwise_or.reduceat(flags, firsts),
            }
        return Slices(count=len(firsts), columns={name: columns[name].astype(dtype) for name, dtype in SLICE_DTYPES.items()})

    @functools.cached_property
    def _sorted(self) -> _Sorted:
        members, row = self._unsorted, self._unsorted_row.astype(np.int64)
        start = self._calls.start_ns[members]
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
            order = np.lexsort((self._calls.duration_ns[members], start, row))
        members = members[order]
        return _Sorted(
            member=members,
            row=self._unsorted_row[order],
            start_ns=start[order],
            duration_ns=self._calls.duration_ns[members],
            trace_id=self._calls.trace_id[members],
            flags=self._calls.flags[members],
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


def _packed_rows(start_ns: npt.NDArray[np.int64], end_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.uint16]:
    """Gives every interval the lowest row that is free when it starts."""
    order = np.lexsort((end_ns, start_ns))
    starts, ends = start_ns[order], end_ns[order]
    latest = np.maximum.accumulate(ends)
    # Where everything before has ended, packing starts afresh; what then stands alone needs no work.
    cuts = np.flatnonzero(starts[1:] >= latest[:-1]) + 1
    rows = np.zeros(len(order), dtype=np.uint16)
    firsts, lasts = np.concatenate(([0], cuts)), np.concatenate((cuts, [len(order)]))
    for begin in np.flatnonzero(lasts - firsts > 1):
        first, last = int(firsts[begin]), int(lasts[begin])
        rows[first:last] = _packed_segment(starts[first:last].tolist(), ends[first:last].tolist())
    packed = np.empty_like(rows)
    packed[order] = rows
    return packed


def _packed_segment(starts: list[int], ends: list[int]) -> list[int]:
    busy: list[tuple[int, int]] = []
    free: list[int] = []
    rows: list[int] = []
    used = 0
    for start, end in zip(starts, ends, strict=True):
        while busy and busy[0][0] <= start:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if free:
            row = heapq.heappop(free)
        else:
            row, used = used, used + 1
        heapq.heappush(busy, (end, row))
        rows.append(min(row, _LAST_ROW))
    return rows
