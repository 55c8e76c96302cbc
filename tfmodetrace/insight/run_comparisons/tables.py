"""The tables of a comparison, as rows of texts: the terminal, Markdown and notebooks write the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

from tfmodetrace.insight import units
from tfmodetrace.insight.run_comparisons import values

NONE: Final = "–"

SHOWN_DEFINITIONS: Final = 20


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table.

    Attributes:
        title: What it is of.
        heads: The columns' names.
        rows: The cells of each row.
        right: The columns that are numbers.
        below: What is said below it; empty if nothing is.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[int] = frozenset()
    below: str = ""


def of(told: values.RunComparisonInfo) -> tuple[Table, ...]:
    """Returns the tables that hold anything, in the order in which they are told."""
    tables = (_settings(told), _budget(told), _definitions(told), _calls(told), _memory(told), _findings(told))
    return tuple(table for table in tables if table.rows)


def _settings(told: values.RunComparisonInfo) -> Table:
    rows = tuple((each.what, each.a, each.b) for each in told.settings)
    return Table(title="What differs between the runs", heads=("", "A", "B"), rows=rows)


def _budget(told: values.RunComparisonInfo) -> Table:
    rows = [
        (part.name + (" (sampled)" if part.sampled else ""), *map(units.duration, (part.a_ns, part.b_ns)), part.delta_text)
        for part in told.budget
    ]
    whole = ("wall time", units.duration(told.a.wall_ns), units.duration(told.b.wall_ns), told.delta_text)
    return Table(title="Wall time", heads=("", "A", "B", "B − A"), rows=(*rows, whole), right=frozenset({1, 2, 3}))


def _definitions(told: values.RunComparisonInfo) -> Table:
    rows = [
        (
            row.name,
            *_both(row.a_calls, row.b_calls),
            f"{row.a_traces or NONE} → {row.b_traces or NONE}" if row.a_traces != row.b_traces else row.a_traces or NONE,
            *(NONE if calls is None else units.duration(ns) for calls, ns in ((row.a_calls, row.a_ns), (row.b_calls, row.b_ns))),
            row.delta_text,
            row.parts_text,
        )
        for row in told.rows[:SHOWN_DEFINITIONS]
    ]
    left = len(told.rows) - len(rows)
    return Table(
        title="Definitions, those whose time changed most first",
        heads=("definition", "calls", "traces", "A", "B", "B − A", "of which"),
        rows=tuple(rows),
        right=frozenset({1, 2, 3, 4, 5}),
        below=f"And {units.plural(left, 'definition')} more, whose time changed less." if left > 0 else "",
    )


def _both(a: int | None, b: int | None) -> tuple[str]:
    before, after = (NONE if number is None else units.count(number) for number in (a, b))
    return (before if before == after else f"{before} → {after}",)


def _calls(told: values.RunComparisonInfo) -> Table:
    rows = [
        (
            row.name,
            time.mode,
            *(NONE if ns is None else units.duration(ns) for ns in (time.a_ns, time.b_ns)),
            time.ratio_text or NONE,
            time.verdict_text,
        )
        for row in told.rows[:SHOWN_DEFINITIONS]
        for time in row.times
    ]
    return Table(
        title="A call takes", heads=("definition", "mode", "A", "B", "change", "verdict"), rows=tuple(rows), right=frozenset({2, 3, 4})
    )


def _memory(told: values.RunComparisonInfo) -> Table:
    rows = [
        (each.what, *(NONE if size is None else units.size(size) for size in (each.a_bytes, each.b_bytes)), each.delta_text or NONE)
        for each in told.memory
    ]
    return Table(title="Memory, at most", heads=("", "A", "B", "B − A"), rows=tuple(rows), right=frozenset({1, 2, 3}))


def _findings(told: values.RunComparisonInfo) -> Table:
    rows = [
        (each.state, each.b_severity or each.a_severity or "", each.id, each.title, each.cost_text, each.place or NONE)
        for each in told.findings
        if each.state != "same"
    ]
    same = sum(each.state == "same" for each in told.findings)
    below = f"{units.plural(same, 'finding')} {'is' if same == 1 else 'are'} the same in both." if same else ""
    return Table(title="Findings", heads=("", "severity", "finding", "", "costs", "place"), rows=tuple(rows), below=below)


def cut(cells: Sequence[str], most: int) -> tuple[str, ...]:
    """Cuts long cells."""
    return tuple(cell if len(cell) <= most else f"{cell[: most - 1]}…" for cell in cells)
