"""What is told of a run with several workers."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

from tfmodetrace.insight import attribution as attribution_module
from tfmodetrace.insight import reasons as reasons_module
from tfmodetrace.insight import units
from tfmodetrace.insight.workers import clocks, members, sequences, steps, waiting
from tfmodetrace.log import tracelog


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Workers:
    """A run's workers, at least two, one beside the other.

    Attributes:
        workers: They, the chief first.
        sequences: What they have traced.
        clocks: How their clocks stand to each other.
        steps: The steps that they take together; ``None`` if none are known to end together.
        traced_waits: For each difference, who waited how long meanwhile.
        busy: What each does between steps; none likewise.
        lines: The same in words, a line each: how they have traced, and how their clocks stand.
    """

    workers: tuple[members.Worker, ...]
    sequences: sequences.Sequences
    clocks: clocks.Clocks
    steps: steps.Steps | None
    traced_waits: tuple[tuple[waiting.Wait, ...], ...]
    busy: tuple[waiting.Busy, ...]
    lines: tuple[str, ...]


def of_run(run: tracelog.Run, attribution: attribution_module.Attribution, reasons: Sequence[reasons_module.Reason]) -> Workers | None:
    """Returns what is told of the workers of a run; ``None`` if there are not several."""
    workers = members.of_run(run)
    if len(workers) < 2:
        return None
    traced = sequences.of_run(run, workers, attribution)
    aligned, taken = clocks.of_run(run, workers, steps.candidates(run, workers, attribution))
    number_of = {worker.process: number for number, worker in enumerate(workers)}
    waits: tuple[tuple[waiting.Wait, ...], ...] = tuple(
        () if taken is None else tuple(waiting.for_tracing(run, taken, difference, number_of)) for difference in traced.differences
    )
    told = functools.partial(_difference, run, reasons)
    return Workers(
        workers=workers,
        sequences=traced,
        clocks=aligned,
        steps=taken,
        traced_waits=waits,
        busy=() if taken is None else waiting.busy(workers, taken, [wait for each in waits for wait in each]),
        lines=(_grouping(workers, traced, list(map(told, traced.differences))), aligned.text),
    )


def _grouping(workers: Sequence[members.Worker], traced: sequences.Sequences, differences: Sequence[str]) -> str:
    only = f"; only {workers[0].name} calls {members.listed(traced.chief_only)}" if traced.chief_only else ""
    if not differences:
        return f"{units.plural(len(workers), 'worker')}, all of which traced alike{only}"
    more = f"; and {units.plural(len(differences) - 1, 'group')} more" if len(differences) > 1 else ""
    return f"{units.plural(len(workers), 'worker')} in {len(traced.groups)} groups: {differences[0]}{more}{only}"


def _difference(run: tracelog.Run, reasons: Sequence[reasons_module.Reason], difference: sequences.Difference) -> str:
    names = members.listed(worker.name for worker in difference.group.workers)
    reason = reasons[difference.first]
    return f"{names} first {'differs' if len(difference.group.workers) == 1 else 'differ'} at {told_of(run, difference, reason)}"


def told_of(run: tracelog.Run, difference: sequences.Difference, reason: reasons_module.Reason) -> str:
    """Writes the first trace that differs: ``trace 2 of step (x: float32[32, 8] → float32[17, 8])``."""
    trace = run.traces[difference.first]
    first = reason.kinds == ("first-trace",)
    what = (run.trace_signature(trace) or "").strip("()") if first else reason.summary
    whose = "" if difference.theirs else ", which the others have"
    return f"trace {trace.ordinal} of {difference.function}{f' ({what})' if what else ''}{whose}"
