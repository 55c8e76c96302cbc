"""What came of calls that were dropped, in words."""

from __future__ import annotations

from tfmodetrace.insight import units
from tfmodetrace.log import process_table, tracelog


def text_of_run(run: tracelog.Run) -> str | None:
    """Says the same of all processes of a run together."""
    return _text(run.dropped, sum(process.counted for process in run.processes))


def text_of(process: process_table.Process) -> str | None:
    """Says what calls a process has dropped and what that means; None if it has dropped none."""
    return _text(process.dropped, process.counted)


def _text(dropped: int, counted: int) -> str | None:
    uncounted = dropped - counted
    told = []
    if counted:
        told.append(f"rows of {units.plural(counted, 'call')} were dropped; counts and sums are exact")
    if uncounted:
        told.append(f"{units.plural(uncounted, 'call')} dropped, so counts are too low")
    return ", ".join(told) or None
