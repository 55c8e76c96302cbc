"""What the report says of a run's workers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from tfmodetrace.insight import answers
from tfmodetrace.insight.workers import clocks, waiting


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WorkerGroupInfo:
    """Workers that have traced alike.

    Attributes:
        workers: Their names.
        processes: Their processes.
        traces: How many traces each of them has, of what all workers call.
        first_trace_id: The first trace that tells them from the first group; ``None`` of that.
        first_trace_is_theirs: Whether it is one of theirs; else it is one that they do not have.
        waited_ns: How long each of the others waited while they traced what the others had not, by name; ``None`` of the first group, and
            where that is not known.
    """

    workers: tuple[str, ...]
    processes: tuple[int, ...]
    traces: int
    first_trace_id: int | None
    first_trace_is_theirs: bool | None
    waited_ns: Mapping[str, int] | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WorkersInfo:
    """The workers of a run, one beside the other.

    Attributes:
        groups: Those that have traced alike; the others are held against the first.
        chief_only: Functions that only the chief calls.
        clocks: How the clock of each stands to that of the first.
        clocks_aligned: Whether that is known of all.
        clocks_text: The same in a sentence.
        step: The function whose calls end on all of them together; ``None`` if none is known to.
        steps: How many such calls each of them has made; ``None`` likewise.
        step_ns: How long one takes, with what is done before the next; ``None`` likewise.
        busy: What each does between steps; none likewise.
        text: How they have traced, in a sentence.
    """

    groups: tuple[WorkerGroupInfo, ...]
    chief_only: tuple[str, ...]
    clocks: tuple[clocks.Clock, ...]
    clocks_aligned: bool
    clocks_text: str
    step: str | None
    steps: int | None
    step_ns: int | None
    busy: tuple[waiting.Busy, ...]
    text: str


def info(told: answers.Answers) -> WorkersInfo | None:
    """Returns what is told of the workers of a run; ``None`` if there are not several."""
    of_run = told.workers
    if of_run is None:
        return None
    differences = (None, *of_run.sequences.differences)
    waits = ((), *of_run.traced_waits)
    taken = of_run.steps
    return WorkersInfo(
        groups=tuple(
            WorkerGroupInfo(
                workers=tuple(worker.name for worker in group.workers),
                processes=tuple(worker.process for worker in group.workers),
                traces=group.traces,
                first_trace_id=None if difference is None else difference.first,
                first_trace_is_theirs=None if difference is None else difference.theirs,
                waited_ns=None
                if difference is None or taken is None
                else {of_run.workers[wait.waiting].name: wait.total_ns for wait in own},
            )
            for group, difference, own in zip(of_run.sequences.groups, differences, waits, strict=True)
        ),
        chief_only=of_run.sequences.chief_only,
        clocks=of_run.clocks.clocks,
        clocks_aligned=of_run.clocks.aligned,
        clocks_text=of_run.clocks.text,
        step=None if taken is None else taken.name,
        steps=None if taken is None else taken.count,
        step_ns=None if taken is None else round(taken.interval_ns),
        busy=of_run.busy,
        text=of_run.lines[0],
    )
