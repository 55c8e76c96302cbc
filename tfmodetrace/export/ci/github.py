"""Workflow commands of GitHub Actions: each problem is an annotation at its line in the diff.

GitHub shows ten errors and ten warnings of a step, so the costliest come first.
"""

from __future__ import annotations

from typing import Final

from tfmodetrace.export.ci import printable, repository
from tfmodetrace.insight import checks

_COMMANDS: Final = {"error": "error", "warning": "warning", "note": "notice"}


def write(verdict: checks.Verdict, files: repository.Repository) -> str:
    """Writes it; what a baseline knows is only counted."""
    shown = [(run, judged) for run in verdict.runs for judged in run.judged if judged.state != "known"]
    lines = [_command(judged, run, verdict, files) for run, judged in shown]
    return "\n".join([*lines, printable.line(verdict.headline)]) + "\n"


def _command(judged: checks.Judged, run: checks.CheckedRun, verdict: checks.Verdict, files: repository.Repository) -> str:
    problem = judged.problem
    properties = {}
    path = files.path(problem.place, run.directory)
    if path is not None:
        properties["file"] = path
        if problem.place.line:
            properties["line"] = str(problem.place.line)
    properties["title"] = f"{problem.id}, {problem.severity}"
    elsewhere = files.shown(problem.place, run.directory) if path is None else ""
    parts = [f"{f'run {run.name}: ' if len(verdict.runs) > 1 else ''}{problem.title}{f' ({problem.cost})' if problem.cost else ''}"]
    parts += [f"At {elsewhere}."] * bool(elsewhere)
    parts += problem.evidence
    parts += [problem.why] * bool(problem.why)
    parts += [problem.advice]
    parts += [problem.fix] if problem.fix is not None else []
    given = ",".join(f"{name}={_escaped(printable.line(value), properties=True)}" for name, value in properties.items())
    return f"::{_COMMANDS[judged.level]} {given}::{_escaped(printable.lines(chr(10).join(parts)))}"


def _escaped(text: str, *, properties: bool = False) -> str:
    """Escapes as the runner unescapes: what ends a line or a property must not be taken for the end."""
    for char in "%\r\n" + (":," if properties else ""):
        text = text.replace(char, f"%{ord(char):02X}")
    return text
