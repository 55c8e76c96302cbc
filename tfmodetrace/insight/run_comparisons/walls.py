"""What wall times were: the parts of both, whose changes sum to the change of the whole."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tfmodetrace.insight import answers, budget, definitions, first_lines, units
from tfmodetrace.insight.run_comparisons import sides as sides_module
from tfmodetrace.insight.run_comparisons import values
from tfmodetrace.schema import words

Spent = Mapping[words.BudgetPart, int]

_SHOWN_PARTS: Final = 3
_LEAST_SHOWN: Final = 0.02


def budget_of(side: sides_module.Side) -> Spent:
    """Returns the parts of a side's wall time: of the processes that stand for its runs, their mean."""
    spent: collections.Counter[words.BudgetPart] = collections.Counter()
    for told in side.runs:
        for part in () if told.budgets.of_run is None else told.budgets.of_run.main.parts:
            spent[part.part] += part.ns
    return {part: round(spent[part] / len(side.runs)) for part in budget.PARTS if part in spent}


def sampled_of(sides: sides_module.Sides) -> frozenset[words.BudgetPart]:
    """Returns the parts that samples told, in any run."""
    return frozenset(
        part.part
        for told in sides.runs
        if told.budgets.of_run is not None
        for part in told.budgets.of_run.main.parts
        if part.how == "sampled"
    )


def definition_of(told: answers.Answers, rows: Sequence[definitions.Definition]) -> Spent:
    """Returns the parts of a definition's wall time in one run: in the process that spent most time in it."""
    longest = max(rows, key=lambda row: row.wall_ns)
    return {part.part: part.ns for part in told.definition_parts[longest.definition_id]}


def mean(spent: Iterable[Spent | None]) -> Spent:
    """Returns the mean of the parts of several runs; what is not in a run took no time there."""
    each = list(spent)
    return {part: round(sum((one or {}).get(part, 0) for one in each) / max(1, len(each))) for part in budget.PARTS}


def changes(a: Spent, b: Spent, *, whole_ns: int, sampled: frozenset[words.BudgetPart] = frozenset()) -> tuple[values.PartChange, ...]:
    """Returns the parts of both, in the order of ``budget.PARTS``, without those that neither has.

    Args:
        a: The parts of what is compared with.
        b: The parts of what is compared.
        whole_ns: What they are shares of.
        sampled: Those that samples told.
    """
    found = []
    for part in budget.PARTS:
        before, after = a.get(part, 0), b.get(part, 0)
        if before or after:
            found.append(
                values.PartChange(
                    part=part,
                    name=first_lines.name_of(part, sampled=part in sampled),
                    a_ns=before,
                    b_ns=after,
                    delta_ns=after - before,
                    a_share=before / whole_ns if whole_ns else 0.0,
                    b_share=after / whole_ns if whole_ns else 0.0,
                    sampled=part in sampled,
                    delta_text=signed(after - before),
                )
            )
    return tuple(found)


def told(parts: Sequence[values.PartChange]) -> str:
    """Writes what changed most: ``−1.2 s tracing, +30 ms graph execution``; empty if nothing did."""
    most = sorted(parts, key=lambda part: -abs(part.delta_ns))[:_SHOWN_PARTS]
    largest = max((abs(part.delta_ns) for part in most), default=0)
    return ", ".join(f"{part.delta_text} {part.name}" for part in most if abs(part.delta_ns) > _LEAST_SHOWN * largest)


def signed(ns: int) -> str:
    """Writes a difference of times: ``+1.2 s``, ``−30 ms``, ``0 ns``."""
    return f"+{units.duration(ns)}" if ns > 0 else units.duration(ns)
