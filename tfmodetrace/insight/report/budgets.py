"""What a report says of the wall time."""

from __future__ import annotations

import dataclasses

from tfmodetrace.insight import answers, budget
from tfmodetrace.schema import words


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PartInfo:
    """A part of a thread's time: see ``budget.Part``."""

    part: words.BudgetPart
    ns: int
    how: words.HowKnown
    plus_minus_ns: int | None
    label: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ThreadBudgetInfo:
    """One thread's split of its process's wall time; ``thread`` is ``None`` for a main thread on which nothing was recorded."""

    thread: int | None
    name: str
    main: bool
    parts: tuple[PartInfo, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProcessBudgetInfo:
    """The wall time of one process, its main thread's split first. Threads ran at the same time: their times are not to be added up."""

    process: int
    wall_ns: int
    threads: tuple[ThreadBudgetInfo, ...]


def of_run(told: answers.Answers) -> tuple[PartInfo, ...]:
    """Describes the budget that stands for a run."""
    spent = told.budgets.of_run
    return () if spent is None else _parts(spent.main)


def infos(told: answers.Answers) -> tuple[ProcessBudgetInfo, ...]:
    """Describes the budget of every process."""
    return tuple(
        ProcessBudgetInfo(process=spent.process, wall_ns=spent.wall_ns, threads=tuple(map(_thread, (spent.main, *spent.others))))
        for spent in told.budgets.processes
    )


def _thread(thread: budget.ThreadBudget) -> ThreadBudgetInfo:
    return ThreadBudgetInfo(thread=thread.thread_id, name=thread.name, main=thread.main, parts=_parts(thread))


def _parts(thread: budget.ThreadBudget) -> tuple[PartInfo, ...]:
    return tuple(
        PartInfo(part=part.part, ns=part.ns, how=part.how, plus_minus_ns=part.plus_minus_ns, label=part.label) for part in thread.parts
    )
