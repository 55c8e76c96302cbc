"""What is told of a run first, as HTML: what a notebook shows of a log. It has no script, and all text in it is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Final

from tfmodetrace.insight import first_lines, units
from tfmodetrace.insight.report import findings
from tfmodetrace.insight.report import run as reports
from tfmodetrace.schema import words

_DEFINITIONS: Final = 10
_FAILURES: Final = 2

_PART_COLOURS: Final[dict[str, str]] = {
    "tracing": "#b45cc9",
    "compiling": "#d9534f",
    "graph": "#3a9d5d",
    "xla": "#2aa5b8",
    "eager-ops": "#d6a516",
    "input": "#3f78d8",
    "keras": "#8aa6e8",
    "python": "#9a9a9a",
    "idle": "#cfcfcf",
}
_DIM: Final = "opacity:.7"
_CODE: Final = "margin:.3em 0;padding:.4em .6em;border-left:3px solid #3a9d5d;background:rgba(127,127,127,.1);white-space:pre-wrap"
_BAR: Final = "height:.9em;margin:.3em 0;white-space:nowrap"
_NUMBER: Final = "text-align:right;padding:.1em .8em"


def of_run(run: reports.RunReport) -> str:
    """Writes what the terminal's first screen tells of a run."""
    return f'<div style="max-width:60em;line-height:1.4">{"".join(_parts(run))}</div>'


def _parts(run: reports.RunReport) -> Iterator[str]:
    first = run.summary.first_lines
    if first is None:
        yield _line(f"{run.run}: nothing was recorded.")
        return
    name = "" if run.run == "." else f"<b>{_text(run.run)}</b> "
    yield f"<div>{name}{_text(first.outermost_text or first.wall)}</div>"
    if first.ended_by is not None:
        yield _line(first.ended_by, "color:#d9534f;font-weight:bold")
    yield from (_line(warning, _DIM) for warning in run.warnings[:1])
    yield _bar(first)
    yield _line(first.sentence, _DIM)
    yield from (_line(line, _DIM) for line in first.keras)
    yield from _failures(run)
    yield from (_finding(run.findings[place]) for place in first.matter)
    if first.nothing_to_mend is not None:
        yield _line(first.nothing_to_mend, "margin-top:.6em;color:#3a9d5d;font-weight:bold")
    if first.could_save is not None:
        yield _finding(run.findings[first.could_save])
    yield from _definitions(run)


def _bar(first: first_lines.FirstLines) -> str:
    slices = "".join(
        f'<span title="{_text(f"{part.text} {part.name}")}" '
        f'style="display:inline-block;height:100%;width:{part.share:.2%};background:{_PART_COLOURS[part.part]}"></span>'
        for part in first.bar
    )
    return f'<div role="img" aria-label="{_text(first.sentence)}" style="{_BAR}">{slices}</div>'


def _failures(run: reports.RunReport) -> Iterator[str]:
    errors = {error.error_id: error for error in run.errors}
    for group in run.failures[:_FAILURES]:
        error = errors[group.error_id]
        diagnosis = error.diagnosis
        times = f" × {units.count(group.count)}" if group.count > 1 else ""
        told = error.core.message if diagnosis.id == "unclassified" else f"{diagnosis.title}. {diagnosis.why} {diagnosis.advice}"
        source = diagnosis.source
        place = "" if source is None else _place(f"{source.file.rpartition('/')[2]}:{source.line}  {source.code}")
        yield _card(f"raised {error.core.type.rpartition('.')[2]}{times}", f"{place}{_paragraph(told)}{_code(diagnosis.fix)}")


def _finding(finding: findings.Finding) -> str:
    facts = [f"{units.duration(finding.lost_ns)} lost" if finding.lost_ns else "", finding.severity, finding.place, finding.id]
    tried = "" if finding.verified is None else _paragraph(finding.verified.text)
    share = f"{units.share(finding.share)}  " if finding.lost_ns else ""
    body = f"{_place(' · '.join(filter(None, facts)))}{_paragraph(finding.advice)}{tried}{_code(finding.fix)}"
    return _card(f"{share}{finding.title}", body)


def _definitions(run: reports.RunReport) -> Iterator[str]:
    rows = sorted((row for row in run.definitions if row.wall_ns or row.all_traces), key=lambda row: -row.wall_ns)[:_DEFINITIONS]
    if not rows:
        return
    modes = [mode for mode in words.MODES if any(row.calls.by_mode[mode] for row in rows)]
    heads = "".join(f'<th style="{_NUMBER}">{head}</th>' for head in ("wall time", "share", *modes, "traces", "repeated"))
    lines = []
    for row in rows:
        numbers = [*(row.calls.by_mode[mode] for mode in modes), row.all_traces, row.repeated.total]
        cells = [units.duration(row.wall_ns), units.share(row.share), *(units.count(number) if number else "" for number in numbers)]
        told = "".join(f'<td style="{_NUMBER}">{_text(cell)}</td>' for cell in cells)
        lines.append(f'<tr><td style="text-align:left">{_text(row.title)}</td>{told}</tr>')
    yield (
        f'<table style="margin-top:.6em"><thead><tr><th style="text-align:left">definition</th>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _card(title: str, body: str) -> str:
    return f'<div style="margin-top:.6em"><b>{_text(title)}</b>{body}</div>'


def _place(text: str) -> str:
    return _line(text, f"{_DIM};font-family:monospace")


def _paragraph(text: str) -> str:
    return _line(text, "white-space:pre-wrap")


def _line(text: str, style: str = "") -> str:
    return f'<div style="{style}">{_text(text)}</div>'


def _code(code: str | None) -> str:
    return "" if code is None else f'<pre style="{_CODE}">{_text(code)}</pre>'


def _text(value: str) -> str:
    return html.escape(value)
