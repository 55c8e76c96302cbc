"""How long functions ran: in total, by themselves, and while being traced."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import attribution
from tfmodetrace.log import tables, tracelog


def total_ns(run: tracelog.Run) -> npt.NDArray[np.int64]:
    """Sums the durations of every function's calls; a call made, directly or not, from a call of the same function is part of that one.

    Returns:
        Nanoseconds by function id, shape ``(functions,)``.
    """
    calls = run.calls
    outermost = ~_inside_itself(calls)
    return _sums(calls.function_id[outermost], calls.duration_ns[outermost], len(run.functions))


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


def tracing_ns(run: tracelog.Run, attributed: attribution.Attribution | None = None) -> npt.NDArray[np.int64]:
    """Returns how much tracing happened in every function's calls and in its own traces, nested ones once.

    Functions that call each other both count what they share, as in :func:`total_ns`.

    Args:
        run: The run.
        attributed: What belongs to its calls, if that is already known.

    Returns:
        Nanoseconds by function id, shape ``(functions,)``.
    """
    return (attributed or attribution.Attribution(run)).function_tracing_ns


def _inside_itself(calls: tables.Calls) -> npt.NDArray[np.bool_]:
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
