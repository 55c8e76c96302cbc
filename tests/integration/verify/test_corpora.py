"""Every fix of every program in the corpora of reasons and of findings, applied and run: as many traces as predicted, the same results."""

from __future__ import annotations

import collections
import dataclasses
import json
import os
import pathlib
import tempfile
from collections.abc import Collection
from typing import Any

import pytest

from tests.integration.verify import counting
from tests.support import finding_rules, fresh
from tfmodetrace.insight import answers, edits, findings
from tfmodetrace.log import reader
from tfmodetrace.verify import overlay

pytestmark = pytest.mark.by_the_clock

_SHOWN = 12

APART = {
    ("functions.a_failed_trace_adds_nothing", "failed-trace"): "it raises on purpose",
    ("functions.recursion", "python-scalar-argument"): "it calls itself with each number",
    ("python.equal_literals_of_three_types_share_one_trace", "literal-type-collision"): "it gives three constants that are equal",
    ("unhealthy.test_a_step_made_for_every_fold_is_told_once_with_the_line_that_makes_it", "function-recreated"): (
        "every fold has a graph of two functions and a weight of its own"
    ),
    (
        "unhealthy.test_a_function_made_in_every_call_of_another_has_advice_by_what_becomes_of_it",
        "function-recreated",
    ): "what differs comes out of an iterator, so that the test sees each advice",
}
"""By program and finding: why no code can mend it."""

_SILENT = ("stale-python-state", "python-side-effect", "literal-type-collision", "output-independent-of-input")
"""Findings about wrong results, which are others when they are mended."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fixed:
    """A finding of a program, with what its fix was predicted to leave, and did."""

    program: str
    finding: findings.Finding


def ran(directory: pathlib.Path, texts: dict[str, str], only: Collection[str] = ()) -> dict[str, Any]:
    """Runs the corpora, or some programs of them, with other texts in the place of some files."""
    directory.mkdir()
    words = ["-m", "tests.integration.verify.corpora", str(directory), *only]
    if texts:
        laid = overlay.write(tempfile.mkdtemp(dir=directory), texts)
        start = f"from tfmodetrace.verify import overlay; overlay.install({laid!r})"
        run = "import runpy; runpy.run_module('tests.integration.verify.corpora', run_name='__main__')"
        words = ["-c", f"{start}; {run}", str(directory), *only]
    done = fresh.run(*words, timeout=600.0, env={**os.environ, "PYTHONPATH": os.getcwd()})
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads((directory / "results.json").read_text())
    return told


def mattering(logdir: pathlib.Path) -> list[findings.Finding]:
    if not logdir.is_dir():
        return []
    (run,) = reader.read(logdir).runs
    return [finding for finding in finding_rules.check(run) if finding.severity != "info" and finding.id not in counting.SAMPLED]


def traces_of(finding: findings.Finding, before: pathlib.Path, logdir: pathlib.Path) -> int:
    """How many traces the functions have in a recording that a finding of another is about."""
    (run,), (now,) = reader.read(before).runs, reader.read(logdir).runs
    numbers = {run.traces[number].function_id for number in finding.trace_ids} | set(finding.function_ids)
    names = {run.functions[number].qualname.rpartition(".")[2] for number in numbers}
    names.update(name for edit in finding.edits for name in edits.defined_in(edit))
    return sum(now.functions[trace.function_id].qualname.rpartition(".")[2] in names for trace in now.traces)


@pytest.mark.slow
def test_every_fix_of_the_corpora_works(tmp_path: pathlib.Path) -> None:
    before = ran(tmp_path / "before", {})
    assert before["failed"] == {}
    waiting = {name: mattering(tmp_path / "before" / name) for name in sorted(before["results"])}
    counted = {theme: counting.Counts(APART) for theme in ("retracing", "silent")}
    for name, own in waiting.items():
        for finding in own:
            counted["silent" if name.partition(".")[0] in counting.SILENT else "retracing"].add(name, finding)
    wrong: list[str] = []
    tried = number = 0
    while any(finding.edits for own in waiting.values() for finding in own):
        # One fix of each program at a time, and all of these at once: no two of them change the same lines.
        chosen = {name: next(finding for finding in own if finding.edits) for name, own in waiting.items() if any(f.edits for f in own)}
        texts: dict[str, list[edits.Edit]] = collections.defaultdict(list)
        taken: dict[str, findings.Finding] = {}
        for name, finding in chosen.items():
            lines = {(edit.file, edit.line) for edit in finding.edits}
            if not any(lines & {(edit.file, edit.line) for edit in other.edits} for other in taken.values()):
                taken[name] = finding
                for edit in finding.edits:
                    texts[edit.file].append(edit)
        number += 1
        directory = tmp_path / f"after{number}"
        after = ran(directory, {file: edits.applied(pathlib.Path(file).read_text(), own) for file, own in texts.items()}, taken)
        for name, finding in taken.items():
            waiting[name].remove(finding)
            why = _judged(name, finding, tmp_path / "before", directory, before, after)
            tried += 1
            if why is not None:
                wrong.append(f"{name}: {finding.id}: {why}\n{finding.fix}")
    for theme, told in counted.items():
        print(f"{theme}: {told}")
    print(f"{tried - len(wrong)} of {tried} fixes work")
    assert not wrong, "\n\n".join(wrong[:_SHOWN])
    assert counted["retracing"].share >= 0.9


def _judged(
    name: str, finding: findings.Finding, was: pathlib.Path, directory: pathlib.Path, before: dict[str, Any], after: dict[str, Any]
) -> str | None:
    """What is wrong with a fix; None if nothing is."""
    if name in after["failed"]:
        return str(after["failed"][name].strip().splitlines()[-1])
    # Threads of a program end in any order.
    silent = finding.id in _SILENT
    if not silent and sorted(map(str, after["results"].get(name, ()))) != sorted(map(str, before["results"].get(name, ()))):
        return f"the results are {after['results'].get(name)} instead of {before['results'].get(name)}"
    left = traces_of(finding, was / name, directory / name)
    what_if = finding.what_if
    if what_if is not None and what_if.chosen is not None:
        predicted = what_if.left_with(what_if.chosen)
        return None if left == predicted else f"{left} traces are left, and not {predicted}"
    had = traces_of(finding, was / name, was / name)
    (run,) = reader.read(directory / name).runs
    still = [other for other in answers.Answers(run).findings if other.id == finding.id and other.severity != "info"]
    return None if left < had or not still else f"it left {left} of {had} traces"
