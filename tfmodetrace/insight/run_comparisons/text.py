"""A comparison of runs as text, as Markdown and as HTML."""

from __future__ import annotations

import html as html_module
from collections.abc import Sequence
from typing import Final

from tfmodetrace.insight.run_comparisons import tables, values

_WIDEST_CELL: Final = 64
_MARKDOWN: Final = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>|#~"} | {"\n": " "})


def page(told: values.RunComparisonInfo) -> str:
    """Writes it for a terminal."""
    lines = [f"A  {told.a.label}", f"B  {told.b.label}", "", *told.summary]
    for table in tables.of(told):
        lines += ["", table.title, *_aligned(table)]
        if table.below:
            lines.append(table.below)
    return "\n".join([*lines, "", *told.notes]).rstrip()


def markdown(told: values.RunComparisonInfo) -> str:
    """Writes it as Markdown; what comes from the recordings cannot be taken for markup."""
    lines = [f"**A** {_escaped(told.a.label)} · **B** {_escaped(told.b.label)}", "", *(f"- {_escaped(line)}" for line in told.summary)]
    for table in tables.of(told):
        rule = ["---:" if column in table.right else "---" for column in range(len(table.heads))]
        lines += ["", f"### {table.title}", "", _piped(_cells(table.heads)), _piped(rule), *(_piped(_cells(row)) for row in table.rows)]
        if table.below:
            lines += ["", table.below]
    return "\n".join([*lines, "", *(f"{_escaped(note)}  " for note in told.notes)]).rstrip() + "\n"


def html(told: values.RunComparisonInfo) -> str:
    """Writes it as HTML."""
    escape = html_module.escape
    parts = [f"<p><b>A</b> {escape(told.a.label)} · <b>B</b> {escape(told.b.label)}</p>"]
    parts.append(f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in told.summary)}</ul>")
    for table in tables.of(told):
        head = "".join(f"<th>{escape(cell)}</th>" for cell in table.heads)
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
        below = f"<p>{escape(table.below)}</p>" if table.below else ""
        parts.append(f"<p><b>{escape(table.title)}</b></p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}")
    parts.append("".join(f"<p>{escape(note)}</p>" for note in told.notes))
    return "".join(parts)


def _cells(cells: Sequence[str]) -> list[str]:
    """Returns cells in which Markdown finds no markup."""
    return [_escaped(cell) for cell in cells]


def _escaped(value: str) -> str:
    return value.translate(_MARKDOWN)


def _piped(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _aligned(table: tables.Table) -> list[str]:
    rows = [table.heads, *(tables.cut(row, _WIDEST_CELL) for row in table.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.heads))]

    def line(row: Sequence[str]) -> str:
        cells = zip(row, widths, strict=True)
        return "  ".join(
            cell.rjust(width) if column in table.right else cell.ljust(width) for column, (cell, width) in enumerate(cells)
        ).rstrip()

    return [f"  {line(row)}" for row in rows]
