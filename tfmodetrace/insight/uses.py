"""Which calls ran what a trace made, as far as that is sure: until the function's next trace, those with the same signature."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import executions
from tfmodetrace.log import call_columns, tracelog

_LOOKED_AT = 4096
"""Calls after a trace that are looked at."""


def first_uses(run: tracelog.Run, *, at_most: int) -> Mapping[int, npt.NDArray[np.int64]]:
    """Finds the first calls that ran each trace's graph, beside the one that caused it.

    Args:
        run: The run.
        at_most: How many calls of each trace.

    Returns:
        Their rows, by trace id, in the order in which they began; only of traces that have any.
    """
    if not run.traces:
        return {}
    calls = run.calls
    rows_of = {number: rows[np.argsort(calls.start_ns[rows], kind="stable")] for number, rows in _rows_by_function(run)}
    ended: dict[int, int] = {}  # when the function's next trace began; traces are walked from the last
    found: dict[int, npt.NDArray[np.int64]] = {}
    for trace in sorted(run.traces, key=lambda trace: trace.start_ns, reverse=True):
        until_ns = ended.get(trace.function_id)
        ended[trace.function_id] = trace.start_ns
        rows = rows_of.get(trace.function_id)
        if rows is None or trace.signature_id is None or trace.duration_ns is None:
            continue
        first, last = np.searchsorted(
            calls.start_ns[rows], [trace.start_ns + trace.duration_ns, np.iinfo(np.int64).max if until_ns is None else until_ns]
        ).tolist()
        near = rows[first : min(last, first + _LOOKED_AT)]
        uses = near[(calls.signature_id[near] == trace.signature_id) & np.isin(calls.mode[near], executions.EXECUTING)]
        if len(uses):
            found[trace.trace_id] = uses[:at_most]
    return found


def _rows_by_function(run: tracelog.Run) -> list[tuple[int, npt.NDArray[np.int64]]]:
    traced = np.unique([trace.function_id for trace in run.traces])
    rows = np.flatnonzero(np.isin(run.calls.function_id, traced))
    return [(number, rows[members]) for number, members in call_columns.rows_by_group(run.calls.function_id[rows])]
