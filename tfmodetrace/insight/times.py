"""How long functions ran: in total, by themselves, and while being traced; and how long threads were in any of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import attribution
from tfmodetrace.log import call_columns, tracelog
from tfmodetrace.schema import words


@dataclasses.dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Times:
    """Nanoseconds by function id; what each is, :func:`total_ns`, :func:`self_ns` and ``Attribution.function_tracing_ns`` say."""

    total_ns: npt.NDArray[np.int64]
    self_ns: npt.NDArray[np.int64]
    tracing_ns: npt.NDArray[np.int64]


def of_run(run: tracelog.Run, attributed: attribution.Attribution) -> Times:
    """Times the functions of a run, given what belongs to its calls."""
    return Times(total_ns=total_ns(run), self_ns=self_ns(run), tracing_ns=attributed.function_tracing_ns)


def total_ns(run: tracelog.Run) -> npt.NDArray[np.int64]:
    """Sums the durations of every function's calls; a call made, directly or not, from a call of the same function is part of that one.

    Returns:
        Nanoseconds by function id, shape ``(functions,)``.
    """
    calls = run.calls
    outermost = ~_inside_itself(calls)
    sums = _sums(calls.function_id[outermost], calls.duration_ns[outermost], len(run.functions))
    for without_row in run.counted_calls:
        sums[without_row.function_id] += without_row.outermost_ns
    return sums


def self_ns(run: tracelog.Run) -> npt.NDArray[np.int64]:
    """Sums for every function what its calls took without the recorded calls made directly from them.

    A trace that has no call of its own is part of the call that it belongs to.

    A generator or coroutine can outlive the call it was made from, and overlap its siblings: only what lies within the parent counts as the
    child's, and no call has less than 0.

    Returns:
        Nanoseconds by function id, shape ``(functions,)``.
    """
    calls = run.calls
    children = np.flatnonzero(calls.parent_rows >= 0)
    parents = calls.parent_rows[children]
    begin = np.maximum(calls.start_ns[children], calls.start_ns[parents])
    end = np.minimum(calls.end_ns[children], calls.end_ns[parents])
    spent = _sums(parents, np.maximum(end - begin, 0), len(calls))
    return _sums(calls.function_id, np.maximum(calls.duration_ns - spent, 0), len(run.functions))


def in_functions_ns(run: tracelog.Run) -> int:
    """Tells how long each thread was in a recorded call or in a trace, added up over the threads; nothing counts twice."""
    calls = run.calls
    # What lies in another call adds nothing, unless it can outlive that.
    alone = (calls.parent_rows < 0) | ((calls.flags & int(words.CallFlag.SUSPENDABLE)) != 0)
    threads, starts, ends = _traces(run)
    return _covered_ns(
        np.concatenate([calls.thread_id[alone], threads]),
        np.concatenate([calls.start_ns[alone], starts]),
        np.concatenate([calls.end_ns[alone], ends]),
    )


def in_traces_ns(run: tracelog.Run) -> int:
    """Tells how long each thread was in a trace, added up over the threads; a trace inside another counts once."""
    return _covered_ns(*_traces(run))


def _traces(run: tracelog.Run) -> tuple[npt.NDArray[np.int64], ...]:
    known = [trace for trace in run.traces if trace.duration_ns]
    threads = np.array([trace.thread_id for trace in known], dtype=np.int64)
    starts = np.array([trace.start_ns for trace in known], dtype=np.int64)
    return threads, starts, starts + np.array([trace.duration_ns for trace in known], dtype=np.int64)


def _covered_ns(threads: npt.NDArray[np.integer], starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> int:
    """Adds up the time that each thread's stretches cover."""
    covered = 0
    for thread in np.unique(threads):
        own = threads == thread
        begin, end = starts[own], ends[own]
        order = np.argsort(begin, kind="stable")  # nearly in order already, which this sort makes use of
        begin, end = begin[order], np.maximum.accumulate(end[order])
        before = np.concatenate([begin[:1], end[:-1]])
        covered += int(np.maximum(end - np.maximum(begin, before), 0).sum())
    return covered


def _inside_itself(calls: call_columns.Calls) -> npt.NDArray[np.bool_]:
    inside = np.zeros(len(calls), dtype=np.bool_)
    rows = np.flatnonzero(calls.parent_rows >= 0)
    ancestors = calls.parent_rows[rows]
    # One step up for all calls at a time; a parent always began before its child, so this ends.
    while len(rows):
        same = calls.function_id[rows] == calls.function_id[ancestors]
        inside[rows[same]] = True
        ancestors = calls.parent_rows[ancestors]
        going_on = ~same & (ancestors >= 0)
        rows, ancestors = rows[going_on], ancestors[going_on]
    return inside


def _sums(groups: npt.NDArray[np.integer], values: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    # bincount would sum in float64 and lose nanoseconds beyond 2**53.
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, groups, values)
    return sums
