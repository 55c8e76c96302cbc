"""Where on the timeline each part of the wall time is best seen: the longest stretch of it on a process's main thread."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from tfmodetrace.insight import attribution as attribution_module
from tfmodetrace.insight import budget, spans
from tfmodetrace.log import call_columns, tracelog
from tfmodetrace.schema import words


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stretch of time, since the run's start."""

    begin_ns: int
    end_ns: int


def longest(
    run: tracelog.Run, spent: budget.ProcessBudget, budgets: budget.Budgets, attribution: attribution_module.Attribution
) -> Mapping[words.BudgetPart, Stretch]:
    """Returns the longest stretch of each part that something measured tells of: a trace, a call, what lies between calls."""
    thread_id = spent.main.thread_id
    if thread_id is None:
        return {}
    found: dict[words.BudgetPart, Stretch] = {}
    calls = run.calls
    rows = budgets.rows_by_thread.get(thread_id, np.empty(0, dtype=np.int64))
    parts, alone = budgets.call_parts[rows], budgets.alone_ns[rows]
    for number, part in enumerate(budget.PARTS):
        own = np.flatnonzero((parts == number) & (alone > 0))
        if len(own):
            found[part] = _of_call(calls, int(rows[own[np.argmax(alone[own])]]))
    first_rows, beyond, _ = budgets.first_runs
    own = np.flatnonzero((calls.thread_id[first_rows] == thread_id) & (beyond > 0))
    if len(own):
        found["compiling"] = _of_call(calls, int(first_rows[own[np.argmax(beyond[own])]]))
    traced = attribution.traced.get(thread_id)
    if traced is not None and len(traced.start_ns):
        most = int(np.argmax(traced.end_ns - traced.start_ns))
        found["tracing"] = Stretch(begin_ns=int(traced.start_ns[most]), end_ns=int(traced.end_ns[most]))
    starts, ends = calls.start_ns[rows], calls.end_ns[rows]
    if traced is not None:
        starts, ends = np.concatenate([starts, traced.start_ns]), np.concatenate([ends, traced.end_ns])
    cover = spans.Cover(np.clip(starts, spent.begin_ns, spent.end_ns), np.clip(ends, spent.begin_ns, spent.end_ns))
    gap_starts = np.concatenate([[spent.begin_ns], cover.end_ns])
    gap_ends = np.concatenate([cover.start_ns, [spent.end_ns]])
    most = int(np.argmax(gap_ends - gap_starts))
    if gap_ends[most] > gap_starts[most]:
        found["idle"] = Stretch(begin_ns=int(gap_starts[most]), end_ns=int(gap_ends[most]))
    return found


def _of_call(calls: call_columns.Calls, row: int) -> Stretch:
    return Stretch(begin_ns=int(calls.start_ns[row]), end_ns=int(calls.end_ns[row]))
