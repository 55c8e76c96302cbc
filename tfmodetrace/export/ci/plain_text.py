"""For people: what fails the check in full, what does not a line each."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from tfmodetrace.export.ci import printable, repository
from tfmodetrace.insight import checks


def write(verdict: checks.Verdict, files: repository.Repository) -> str:
    """Writes it."""
    parts = ["\n".join(_told(judged, run, verdict, files)) for run in verdict.runs for judged in run.judged if judged.fails]
    beside = [_line(judged, run, verdict, files) for run in verdict.runs for judged in run.judged if not judged.fails]
    if beside:
        parts.append("\n".join(["Not failing the check:", *(f"  {line}" for line in beside)]))
    if verdict.gone:
        gone = [f"  {entry.id}: {entry.title}" for entry in verdict.gone]
        parts.append("\n".join(["Known and gone; write the baseline anew to be told if they come back:", *gone]))
    return printable.lines("\n\n".join([*parts, verdict.headline])) + "\n"


def _told(judged: checks.Judged, run: checks.CheckedRun, verdict: checks.Verdict, files: repository.Repository) -> Iterator[str]:
    problem = judged.problem
    yield _line(judged, run, verdict, files)
    yield from (f"  {line}" for line in problem.evidence)
    if problem.why:
        yield f"  Why: {problem.why}"
    yield f"  What to do: {problem.advice}"
    if problem.fix is not None:
        yield "  Fix:"
        yield textwrap.indent(problem.fix, "    ")
    if problem.is_explained:
        yield f"  More: tfmodetrace explain {problem.id}"


def _line(judged: checks.Judged, run: checks.CheckedRun, verdict: checks.Verdict, files: repository.Repository) -> str:
    problem = judged.problem
    place = files.shown(problem.place, run.directory)
    of_run = f"run {run.name}: " if len(verdict.runs) > 1 else ""
    state = {"known": ", known", "worse": ", known and much worse now", "new": ", new" if verdict.against_baseline else ""}[judged.state]
    cost = f"; {problem.cost}" if problem.cost else ""
    return f"{f'{place}: ' if place else ''}{of_run}{problem.title} ({problem.severity}, {problem.id}{state}{cost})"
