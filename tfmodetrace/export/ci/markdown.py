"""A table for the summary of a job, as GitHub shows it from ``$GITHUB_STEP_SUMMARY``, and for comments of any forge."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

from tfmodetrace.export.ci import printable, repository
from tfmodetrace.insight import checks, units

_SHOWN: Final = 100
"""Rows at most: GitHub takes 1 MiB."""

_MARKS: Final = re.compile(r"([\\`*_\[\]<>|~#])")


def write(verdict: checks.Verdict, files: repository.Repository) -> str:
    """Writes it; what a baseline knows is only counted."""
    rows = [(run, judged) for run in verdict.runs for judged in run.judged if judged.state != "known"]
    parts = [f"### {'✅' if verdict.passed else '❌'} tfmodetrace", _text(verdict.headline)]
    if rows:
        several = len(verdict.runs) > 1
        parts.append("\n".join(_table(rows[:_SHOWN], files, several=several)))
        if len(rows) > _SHOWN:
            parts.append(f"… and {units.count(len(rows) - _SHOWN)} more.")
        parts += [_details(judged.problem) for _, judged in rows[:_SHOWN] if judged.fails]
    return "\n\n".join(parts) + "\n"


def _table(rows: list[tuple[checks.CheckedRun, checks.Judged]], files: repository.Repository, *, several: bool) -> Iterator[str]:
    yield f"| | where | {'run | ' if several else ''}what | cost | id |"
    yield f"|---|---|{'---|' if several else ''}---|---|---|"
    for run, judged in rows:
        problem = judged.problem
        mark = f"**{problem.severity}**" if judged.fails else problem.severity
        what = _text(problem.title) + (" (known, and much worse now)" if judged.state == "worse" else "")
        of_run = f"{_text(run.name)} | " if several else ""
        place = files.shown(problem.place, run.directory)
        yield f"| {mark} | {_code(place) if place else ''} | {of_run}{what} | {_text(problem.cost)} | {_code(problem.id)} |"


def _details(problem: checks.Problem) -> str:
    """What to do, folded: a table is to be seen whole."""
    evidence = [f"- {_text(line)}" for line in problem.evidence]
    parts = [f"<details><summary>{html.escape(printable.line(problem.title), quote=False)}</summary>"]
    parts += [_text(problem.why)] * bool(problem.why)
    parts += ["\n".join(evidence)] * bool(evidence)
    parts += [_text(problem.advice)]
    if problem.fix is not None:
        fence = _fence(problem.fix)
        parts.append(f"{fence}python\n{printable.lines(problem.fix)}\n{fence}")
    return "\n\n".join([*parts, "</details>"])


def _text(text: str) -> str:
    return _MARKS.sub(r"\\\1", printable.line(text))


def _code(text: str) -> str:
    """Code in a cell of a table, where a bar ends the cell even between backticks."""
    return f"`{printable.line(text).replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def _fence(code: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    return "`" * max(3, longest + 1)
