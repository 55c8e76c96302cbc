"""What the time of each definition was: its wall time, split by the parts of the budget."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import budget, definitions, samples
from tfmodetrace.log import call_columns, tracelog
from tfmodetrace.schema import words


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionPart:
    """A part of a definition's wall time.

    Attributes:
        part: Which part of the budget it is.
        ns: How long.
        share: The same as a part of its process's wall time, from 0 to 1.
    """

    part: words.BudgetPart
    ns: int
    share: float


def of_rows(run: tracelog.Run, folded: definitions.Definitions, budgets: budget.Budgets) -> tuple[tuple[DefinitionPart, ...], ...]:
    """Returns the parts of each definition by its number, on the thread that spent most time in it, in the order of ``budget.PARTS``.

    At each moment counts the innermost call that was open, in the definition or in what it called; what samples split is split here by
    those that fell into the definition. They sum to ``wall_ns``; ``idle`` is what lay
    suspended.
    """
    inside = _inside(run, folded, budgets)
    sampled = _sampled(run, folded, budgets)
    found = []
    for row in folded.rows:
        spent = {part: int(ns) for part, ns in zip(budget.PARTS, inside[row.definition_id].tolist(), strict=True)}
        for pool, weights in sampled.get(row.definition_id, {}).items():
            whole, spent[pool] = spent[pool], 0
            for part, ns in _shared_out(whole, weights).items():
                spent[part] += ns
        spent["tracing"] += row.tracing_ns
        # What lay suspended, and what damaged calls leave over, was in no call by itself.
        spent["idle"] += max(0, row.wall_ns - sum(spent.values()))
        wall_ns = budgets.wall_ns[row.process]
        found.append(
            tuple(DefinitionPart(part=part, ns=ns, share=ns / wall_ns if wall_ns else 0.0) for part, ns in spent.items() if ns > 0)
        )
    return tuple(found)


def _shared_out(whole: int, weights: Mapping[words.BudgetPart, float]) -> dict[words.BudgetPart, int]:
    """Splits a time in the proportion of some weights; the parts sum to it exactly."""
    total = sum(weights.values())
    shared = {part: int(whole * weight / total) for part, weight in weights.items()}
    shared[max(weights, key=lambda part: weights[part])] += whole - sum(shared.values())
    return shared


_Weights = dict[int, dict[samples.Pool, dict[words.BudgetPart, float]]]


def _sampled(run: tracelog.Run, folded: definitions.Definitions, budgets: budget.Budgets) -> _Weights:
    """What samples in calls of each definition found, by the kind of time that they split."""
    found: _Weights = collections.defaultdict(lambda: collections.defaultdict(lambda: collections.defaultdict(float)))
    outermost = _outermost(run.calls, folded.of_calls)
    for thread_id, split in budgets.splits.items():
        at = budgets.samples.call_rows[split.rows]
        inside = at >= 0
        at, pools, parts, ns = at[inside], split.pools[inside], split.parts[inside], split.ns[inside]
        while len(at):
            counts = outermost[at]
            for number, pool, part, weight in zip(
                *(each[counts].tolist() for each in (folded.of_calls[at], pools, parts, ns)), strict=True
            ):
                if folded.rows[number].thread_id == thread_id and weight > 0:
                    found[number][samples.POOLS[pool]][words.BUDGET_PARTS[part]] += weight
            above = run.calls.parent_rows[at]
            on = above >= 0
            at, pools, parts, ns = above[on], pools[on], parts[on], ns[on]
    return found


def _inside(run: tracelog.Run, folded: definitions.Definitions, budgets: budget.Budgets) -> npt.NDArray[np.int64]:
    """How long calls of each part were the innermost ones in calls of each definition, as (definitions, parts)."""
    calls, count = run.calls, len(budget.PARTS)
    sums = np.zeros(len(folded.rows) * count, dtype=np.int64)
    threads = np.array([-1 if row.thread_id is None else row.thread_id for row in folded.rows], dtype=np.int64)
    rows = np.flatnonzero(budgets.alone_ns > 0)
    alone, parts = budgets.alone_ns[rows], budgets.call_parts[rows].astype(np.int64)
    waiting = np.flatnonzero(budgets.waited_ns[rows] > 0)
    waited = budgets.waited_ns[rows[waiting]]
    alone[waiting] -= waited
    rows, alone = np.append(rows, rows[waiting]), np.append(alone, waited)
    parts = np.append(parts, np.full(len(waiting), budget.PARTS.index("input")))
    outermost = _outermost(calls, folded.of_calls)
    at = rows
    while len(at):
        numbers = folded.of_calls[at].astype(np.int64)
        # A definition that calls itself has its time once.
        counts = outermost[at] & (calls.thread_id[at] == threads[numbers])
        np.add.at(sums, numbers[counts] * count + parts[counts], alone[counts])
        above = calls.parent_rows[at]
        on = above >= 0
        at, alone, parts = above[on], alone[on], parts[on]
    return sums.reshape(len(folded.rows), count)


def _outermost(calls: call_columns.Calls, of_calls: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Which calls are in no other call of their definition."""
    found = np.ones(len(calls), dtype=np.bool_)
    rows = np.flatnonzero(calls.parent_rows >= 0)
    at = calls.parent_rows[rows]
    while len(rows):
        found[rows[of_calls[at] == of_calls[rows]]] = False
        above = calls.parent_rows[at]
        on = above >= 0
        rows, at = rows[on], above[on]
    return found
