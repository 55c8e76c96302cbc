"""The calls of a run as lanes of rows: which thread's calls are drawn where."""

from __future__ import annotations

import dataclasses
import heapq
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import attribution, slices
from tfmodetrace.log import call_columns, tracelog
from tfmodetrace.schema import words

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


class Timeline:
    """Answers which slices to draw for a window of time. Never changes; one run object needs only one."""

    def __init__(self, run: tracelog.Run, attributed: attribution.Attribution | None = None) -> None:
        """Finds the lanes.

        Args:
            run: The run; not copied.
            attributed: What belongs to its calls, if that is already known. Calls are drawn with all traces that belong to them.
        """
        self._run = run
        calls = run.calls
        last_traces = (attributed or attribution.Attribution(run)).last_traces
        spans = calls if last_traces is calls.trace_id else dataclasses.replace(calls, trace_id=last_traces)
        self.begin_ns = int(calls.start_ns.min()) if len(calls) else 0
        self.end_ns = calls.latest_end_ns
        suspendable = (calls.flags & int(words.CallFlag.SUSPENDABLE)) != 0
        # Thread ids are unique within a run, so a thread tells its process.
        small = len(run.threads) < 1 << 15
        lane_keys: npt.NDArray[Any] = calls.thread_id.astype(np.uint16 if small else np.int64)
        lane_keys *= 2
        lane_keys += suspendable
        self._indexes: list[slices.LaneIndex] = []
        lanes: list[Lane] = []
        for key, rows in call_columns.small_rows_by_group(lane_keys):
            thread = run.threads[key // 2]
            row = packed_rows(calls.start_ns[rows], calls.end_ns[rows]) if key % 2 else calls.depth[rows]
            index = slices.LaneIndex(spans, rows, row)
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

    def places_of(self, rows: npt.NDArray[np.int64]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Returns the lanes and the rows in which calls are drawn, given their rows in ``run.calls``; -1 for a row that is none."""
        calls = self._run.calls
        lane_of = {(lane.thread_id, lane.suspendable): lane.lane for lane in self.lanes}
        lanes, places = [], []
        for row in rows.tolist():
            suspendable = row >= 0 and bool(calls.flags[row] & int(words.CallFlag.SUSPENDABLE))
            lane = -1 if row < 0 else lane_of[int(calls.thread_id[row]), suspendable]
            lanes.append(lane)
            places.append(-1 if row < 0 else int(calls.depth[row]) if not suspendable else self._indexes[lane].row_of(row) or 0)
        return tuple(lanes), tuple(places)

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

    def slices(self, lane: int, begin_ns: int, end_ns: int, resolution_ns: int) -> slices.Slices:
        """Returns what to draw of a lane in a window; see :meth:`slices.LaneIndex.slices`.

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
        return self._indexes[lane].slices(begin_ns, end_ns, resolution_ns)


def packed_rows(start_ns: npt.NDArray[np.int64], end_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.uint16]:
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
