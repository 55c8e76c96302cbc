"""A comparison as a table of text or HTML."""

from __future__ import annotations

import html as html_module
from collections.abc import Sequence
from typing import Final

from tfmodetrace.insight import units
from tfmodetrace.insight.comparisons import statistics, values, verdicts

HEADINGS: Final = ("mode", "a call", "ratio", "verdict", "tracing", "first call", "pays from call", "peak memory", "results")
SHORT: Final = (0, 1, 2, 3, 6, 8)
"""Those of them for which there is room on a terminal."""

_NONE: Final = "–"
_FEW_ULPS: Final = 64


def verdict(found: verdicts.Verdict, estimate: statistics.Estimate, *, steady: bool, calls: int) -> str:
    """Writes a verdict: ``4.1 × faster``, ``3% slower``."""
    if not steady:
        return f"not steady after {units.plural(calls, 'call')}"
    if found == "same":
        return "no difference"
    if found == "undecided":
        return "undecided"
    ratio = estimate.ratio if found == "slower" else 1 / estimate.ratio
    if ratio >= 2:
        return f"{ratio:.3g} × {found}"
    part = ratio - 1 if found == "slower" else 1 - estimate.ratio
    return f"{units.share(part)} {found}"


def ratio(found: statistics.Estimate) -> str:
    """Writes a ratio with its interval: ``0.25 (0.24 to 0.26)``."""
    if not found.rounds:
        return _NONE
    if found.low is None or found.high is None:
        return f"{found.ratio:.3g}"
    return f"{found.ratio:.3g} ({found.low:.3g} to {found.high:.3g})"


def summary(rows: Sequence[values.ModeRow]) -> str:
    """Writes what came of a comparison in one line: ``graph 4.1 × faster; xla fails``."""
    told = []
    for row in rows:
        if row.failure is not None:
            told.append(f"{row.mode} fails: {row.failure.title}")
        elif row.verdict is not None:
            differs = ", results differ" if row.results is not None and row.results.agreement == "mismatch" else ""
            told.append(f"{row.mode} {row.verdict_text}{differs}")
    return "; ".join(told)


def break_even(found: verdicts.BreakEven) -> str:
    """Writes from which call on a mode pays: ``never``, ``1,240 (1,100 to 1,400)``, ``≥ 900, if at all``."""
    if found.low is None:
        return "never"
    if found.calls is None:
        return f"≥ {units.count(found.low)}, if at all"
    if found.high is None:
        return f"{units.count(found.calls)} (≥ {units.count(found.low)})"
    if found.low == found.high:
        return units.count(found.calls)
    return f"{units.count(found.calls)} ({units.count(found.low)} to {units.count(found.high)})"


def results(agreement: str, ulps: int | None, relative: float, told: Sequence[str]) -> str:
    """Writes whether results agree.

    Args:
        agreement: How they do.
        ulps: The representable numbers between two of them at most; ``None`` if no floating numbers differ.
        relative: The largest difference by the largest value beside it. Near 0 there are very many representable numbers.
        told: What differs.
    """
    if agreement == "mismatch":
        return f"differ: {told[0]}"
    if agreement == "rounding":
        much = "" if ulps is None else f" ({units.count(ulps)} ULP)" if ulps <= _FEW_ULPS else f" ({relative:.1g} of the largest value)"
        return f"same but for rounding{much}"
    return {
        "identical": "identical",
        "random": "random, not compared",
        "not-deterministic": "not deterministic, not compared",
    }[agreement]


def cells(row: values.ModeRow) -> tuple[str, ...]:
    """Returns a row of a table with :data:`HEADINGS`; of a mode that fails only its name and the failure's."""
    if row.failure is not None:
        return row.mode, f"fails: {row.failure.title} [{row.failure.id}]"
    return (
        row.mode,
        _duration(row.call_ns),
        row.ratio_text or "1",
        row.verdict_text or "reference",
        _duration(row.tracing_ns),
        _duration(row.first_call_ns),
        row.break_even_text or _NONE,
        _NONE if row.peak_bytes is None else units.size(row.peak_bytes),
        _NONE if row.results is None else row.results.text,
    )


def table(comparison: values.ComparisonInfo) -> str:
    """Writes a comparison as text."""
    rows = [cells(row) for row in comparison.rows]
    whole = [HEADINGS, *(row for row in rows if len(row) == len(HEADINGS))]
    widths = [max(len(row[column]) for row in whole) for column in range(len(HEADINGS))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in (HEADINGS, *rows))
    return "\n".join((f"{comparison.name}{comparison.signature}", "", *lines, "", *told(comparison)))


def told(comparison: values.ComparisonInfo) -> list[str]:
    """Returns what stands below the table, a sentence or two each."""
    lines = []
    for row in comparison.rows:
        if row.failure is not None:
            where = "" if row.failure.file is None else f" ({row.failure.file}:{row.failure.line})"
            lines.append(f"{row.mode} fails{where}: {row.failure.why} {row.failure.advice}")
        if row.dispatched_ops:
            lines.append(f"A call in {row.mode} dispatches {units.plural(row.dispatched_ops, 'op')}.")
        if row.drift_text is not None:
            lines.append(f"{row.mode}: {row.drift_text}.")
    rounds = max((row.rounds for row in comparison.rows), default=0)
    if rounds:
        control = "" if comparison.control_low is None else f"; the control, {comparison.reference} by itself, is {_interval(comparison)}"
        outliers = sum(row.outliers for row in comparison.rows)
        lines.append(f"{units.plural(rounds, 'round')}, {units.plural(outliers, 'outlier')}, none left out{control}.")
    return [*lines, *comparison.notes]


def html(comparison: values.ComparisonInfo) -> str:
    """Writes a comparison as HTML."""
    escape = html_module.escape

    def row(texts: Sequence[str], tag: str) -> str:
        last = f"<{tag} colspan={len(HEADINGS) - len(texts) + 1}>{escape(texts[-1])}</{tag}>"
        return f"<tr>{''.join(f'<{tag}>{escape(value)}</{tag}>' for value in texts[:-1])}{last}</tr>"

    body = "".join(row(cells(each), "td") for each in comparison.rows)
    below = "".join(f"<p>{escape(line)}</p>" for line in told(comparison))
    title = f"<p><b>{escape(comparison.name)}</b><code>{escape(comparison.signature)}</code></p>"
    return f"{title}<table><thead>{row(HEADINGS, 'th')}</thead><tbody>{body}</tbody></table>{below}"


def _duration(ns: int | None) -> str:
    return _NONE if ns is None else units.duration(ns)


def _interval(comparison: values.ComparisonInfo) -> str:
    return f"{comparison.control_low:.4g} to {comparison.control_high:.4g}"
