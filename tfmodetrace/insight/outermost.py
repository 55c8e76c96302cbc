"""What a process's main thread was in, from outside: the calls that no other was around, and beside them what samples found it in.

These never overlap, so their shares of the wall time can be told in one sentence.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np

from tfmodetrace.insight import budget, definitions, eager, samples, units
from tfmodetrace.log import tracelog
from tfmodetrace.schema import words

SHOWN: Final = 3
"""How many are told at most."""

LEAST: Final = 0.01
"""What took less of the wall time is not told."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outermost:
    """A definition that the main thread was in, and nothing recorded around it.

    Attributes:
        definition_id: Its row of the definitions; ``None`` where only samples know of it.
        name: What it is called; a script by its file.
        calls: How many of its calls nothing was around; ``None`` where only samples know of it.
        ns: How long it was open.
        share: The same as a part of the wall time, from 0 to 1.
        how: How that is known.
        text: All of that in words: ``92% Model.predict (200 calls)``.
    """

    definition_id: int | None
    name: str
    calls: int | None
    ns: int
    share: float
    how: words.HowKnown
    text: str


def of_run(
    run: tracelog.Run, spent: budget.ProcessBudget, budgets: budget.Budgets, folded: definitions.Definitions, eager_time: eager.EagerTime
) -> tuple[Outermost, ...]:
    """Returns what took most of the wall time of the process that stands for a run, the longest first."""
    thread_id = spent.main.thread_id
    if thread_id is None or spent.wall_ns <= 0:
        return ()
    found = [*_recorded(run, spent, budgets, folded, thread_id), *_sampled(run, spent, budgets, eager_time, thread_id)]
    return tuple(sorted((each for each in found if each.share >= LEAST), key=lambda each: -each.ns)[:SHOWN])


def _recorded(
    run: tracelog.Run, spent: budget.ProcessBudget, budgets: budget.Budgets, folded: definitions.Definitions, thread_id: int
) -> list[Outermost]:
    calls = run.calls
    rows = budgets.rows_by_thread.get(thread_id, np.empty(0, dtype=np.int64))
    rows = rows[calls.depth[rows] == 0]
    lasted = np.clip(calls.end_ns[rows], spent.begin_ns, spent.end_ns) - np.clip(calls.start_ns[rows], spent.begin_ns, spent.end_ns)
    ids = folded.of_calls[rows]
    sums = np.zeros(len(folded.rows), dtype=np.int64)
    np.add.at(sums, ids, lasted)
    counts = np.bincount(ids, minlength=len(sums))
    return [
        _told(int(sums[number]), spent.wall_ns, name=folded.rows[number].name, calls=int(counts[number]), definition_id=number)
        for number in np.flatnonzero(sums).tolist()
    ]


def _sampled(
    run: tracelog.Run, spent: budget.ProcessBudget, budgets: budget.Budgets, eager_time: eager.EagerTime, thread_id: int
) -> list[Outermost]:
    split = budgets.splits.get(thread_id)
    if split is None:
        return []
    # Where it only waited, what it waited for took the time.
    outside = (split.pools == samples.POOLS.index("idle")) & ~split.is_part("idle")
    ids = eager_time.definition_ids[split.rows]
    found = []
    for number in np.unique(ids[outside & (ids >= 0)]).tolist():
        own = outside & (ids == number)
        here = eager.spent_in(split, own)
        if here.ns > here.plus_minus_ns:
            definition = run.samples.definitions[number]
            plus_minus = f"± {units.share(here.plus_minus_ns / spent.wall_ns)}"
            found.append(_told(here.ns, spent.wall_ns, name=name_of(definition.qualname, definition.file), plus_minus=plus_minus))
    return found


def name_of(qualname: str, file: str) -> str:
    """Returns what a sampled definition is called: a script by its file, a function without what it was made in."""
    if qualname == "<module>":
        return file.replace("\\", "/").rpartition("/")[2]
    return qualname.rpartition("<locals>.")[2]


def _told(
    ns: int, wall_ns: int, *, name: str, calls: int | None = None, definition_id: int | None = None, plus_minus: str | None = None
) -> Outermost:
    share = ns / wall_ns
    after = f" ({units.plural(calls, 'call')})" if calls is not None and calls > 1 else ""
    return Outermost(
        definition_id=definition_id,
        name=name,
        calls=calls,
        ns=ns,
        share=share,
        how="measured" if plus_minus is None else "sampled",
        text=f"{units.share(share)}{'' if plus_minus is None else f' {plus_minus}'} {name}{after}",
    )
