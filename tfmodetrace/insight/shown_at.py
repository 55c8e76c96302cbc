"""Which call to look at on the timeline: of what a finding is about, of a definition, of a function."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import attribution as attribution_module
from tfmodetrace.insight import findings
from tfmodetrace.log import call_columns, tracelog


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CallReference:
    """A call: its id is unique within its process."""

    process: int
    call_id: int


def call_of(run: tracelog.Run, attribution: attribution_module.Attribution, finding: findings.Finding) -> CallReference | None:
    """Returns the longest call that caused a trace which the fix would avoid, else the longest of the functions that it is about.

    ``None`` where no call of these was recorded, as of functions that only samples tell of.
    """
    calls = run.calls
    rows = attribution.trace_rows[list(finding.trace_ids)] if finding.trace_ids else np.empty(0, dtype=np.int64)
    rows = rows[rows >= 0]
    if not len(rows) and finding.function_ids:
        wanted = np.zeros(len(run.functions), dtype=np.bool_)
        wanted[list(finding.function_ids)] = True
        rows = np.flatnonzero(wanted[calls.function_id])
    if not len(rows):
        return None
    return reference(calls, int(rows[np.argmax(calls.duration_ns[rows])]))


def longest_calls(run: tracelog.Run, of_calls: npt.NDArray[np.int32], count: int) -> tuple[CallReference | None, ...]:
    """Returns the longest call of each of some groups of calls, such as functions.

    Args:
        run: The run.
        of_calls: The group of every call, by row.
        count: How many groups there are.
    """
    calls = run.calls
    most = np.full(count, -1, dtype=np.int64)
    np.maximum.at(most, of_calls, calls.duration_ns)
    rows = np.full(count, -1, dtype=np.int64)
    candidates = np.flatnonzero(calls.duration_ns == most[of_calls])
    rows[of_calls[candidates[::-1]]] = candidates[::-1]  # of equally long ones the first
    return tuple(None if row < 0 else reference(calls, row) for row in rows.tolist())


def reference(calls: call_columns.Calls, row: int) -> CallReference:
    """Returns how a call is known, by its row."""
    return CallReference(process=int(calls.process[row]), call_id=int(calls.call_id[row]))
