"""Two runs beside each other, answered."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from tfmodetrace.insight import plain
from tfmodetrace.insight.run_comparisons import (
    matching,
    memories,
    problems,
    settings,
    sides,
    steadiness,
    summaries,
    text,
    times,
    values,
    walls,
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RunComparison(values.RunComparisonInfo):
    """Two runs beside each other, as ``tfmodetrace.compare_runs`` returns it: ``print`` shows it, a notebook shows a page of its own."""

    def to_dict(self) -> dict[str, Any]:
        """Returns everything as plain values that are safe to write as JSON."""
        made: dict[str, Any] = plain.plain(self)
        return made

    def to_markdown(self) -> str:
        """Returns it as Markdown, for a review or an issue."""
        return text.markdown(self)

    def __str__(self) -> str:
        return text.page(self)

    def _repr_html_(self) -> str:
        return text.html(self)


def of(a: sides.Side, b: sides.Side) -> RunComparison:
    """Compares two sides.

    Args:
        a: What is compared with.
        b: What is compared.
    """
    both = sides.Sides(a=a, b=b)
    matched = matching.of_runs(both.runs)
    spent = [walls.budget_of(side) for side in (a, b)]
    wall_ns = [sum(each.values()) for each in spent]
    budget = walls.changes(*spent, whole_ns=max(wall_ns), sampled=walls.sampled_of(both))
    rows = _rows(both, matched, max(wall_ns))
    told = values.RunComparisonInfo(
        a=_side(a, wall_ns[0]),
        b=_side(b, wall_ns[1]),
        summary=(),
        settings=settings.of(both, matched),
        delta_ns=wall_ns[1] - wall_ns[0],
        delta_text=walls.signed(wall_ns[1] - wall_ns[0]),
        budget=budget,
        rows=rows,
        memory=memories.of(both),
        findings=problems.of(both, matched),
        notes=(),
    )
    fields = {field.name: getattr(told, field.name) for field in dataclasses.fields(told)}
    return RunComparison(**{**fields, "summary": summaries.sentences(told), "notes": summaries.notes(told, both)})


def _side(side: sides.Side, wall_ns: int) -> values.ComparedSide:
    starts = [told.run.start_unix_ns for told in side.runs if told.run.start_unix_ns is not None]
    return values.ComparedSide(
        label=side.label,
        runs=tuple(told.run.name for told in side.runs),
        start_unix_ns=min(starts, default=None),
        wall_ns=wall_ns,
        calls=side.mean(lambda told: told.summary.calls.total),
        traces=_numbers([told.summary.traces for told in side.runs]),
    )


def _rows(both: sides.Sides, matched: Sequence[matching.Matched], wall_ns: int) -> tuple[values.DefinitionChange, ...]:
    steady_a, steady_b = ([times.Steady(told) for told in side.runs] for side in (both.a, both.b))
    pending = [[found for mode in times.RAN if (found := times.pending(steady_a, steady_b, row, mode)) is not None] for row in matched]
    level = steadiness.level_of(sum(each.comparable for of_row in pending for each in of_row))
    rows = [_row(both, row, [each.concluded(level) for each in of_row], wall_ns) for row, of_row in zip(matched, pending, strict=True)]
    return tuple(sorted(rows, key=lambda row: (-abs(row.delta_ns), row.file, row.name)))


def _row(both: sides.Sides, row: matching.Matched, of_modes: Sequence[values.TimeChange], wall_ns: int) -> values.DefinitionChange:
    split = len(both.a.runs)
    where = row[:split], row[split:]
    there = [any(one is not None for one in side) for side in where]
    spent = [
        walls.mean(None if one is None else walls.definition_of(told, one.rows) for told, one in zip(side.runs, ones, strict=True))
        for side, ones in zip((both.a, both.b), where, strict=True)
    ]
    parts = walls.changes(*spent, whole_ns=wall_ns)
    a_ns, b_ns = (sum(each.values()) for each in spent)
    traces = [[_traces(one) for one in ones] for ones in where]
    calls = [round(sum(map(_calls, ones)) / len(ones)) for ones in where]
    last = next(one for one in (*where[1], *where[0]) if one is not None)
    return values.DefinitionChange(
        name=last.name,
        file=last.path,
        a_line=_line(where[0]),
        b_line=_line(where[1]),
        code=settings.code_of(row, split),
        a_calls=calls[0] if there[0] else None,
        b_calls=calls[1] if there[1] else None,
        a_traces=_numbers(traces[0]) if there[0] else None,
        b_traces=_numbers(traces[1]) if there[1] else None,
        fewer_traces=round(_mean(traces[0]) - _mean(traces[1])) if all(there) else None,
        a_ns=a_ns,
        b_ns=b_ns,
        delta_ns=b_ns - a_ns,
        delta_text=walls.signed(b_ns - a_ns),
        parts=parts,
        parts_text=walls.told(parts),
        times=tuple(of_modes),
    )


def _line(ones: matching.Matched) -> int | None:
    return next((one.line or None for one in ones if one is not None), None)


def _traces(one: matching.Located | None) -> int:
    return 0 if one is None else sum(row.traces + row.traces_inside for row in one.rows)


def _calls(one: matching.Located | None) -> int:
    return 0 if one is None else sum(sum(row.calls.values()) for row in one.rows)


def _mean(numbers: Sequence[int]) -> float:
    return sum(numbers) / len(numbers)


def _numbers(numbers: Sequence[int]) -> str:
    """Writes a number of each run in one: ``37``, ``36 to 38``."""
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
