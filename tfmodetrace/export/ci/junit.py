"""JUnit's XML, as GitLab, Jenkins and others show the results of tests: each problem is a test case, and each function without one.

Names hold no counts and no lines, so that viewers know the same case from one run to the next.
"""

from __future__ import annotations

import collections
import datetime as dt
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Final

from tfmodetrace.export.ci import printable, repository
from tfmodetrace.insight import checks, finding_places
from tfmodetrace.log import function_table

_SUITE: Final = "tfmodetrace"
_NOWHERE: Final = function_table.Place(file="", line=0, function="")


def write(verdict: checks.Verdict, files: repository.Repository) -> str:
    """Writes it: a test suite a run."""
    root = ET.Element("testsuites", name=_SUITE)
    for run in verdict.runs:
        root.append(_suite(run, files))
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    ET.indent(root)
    # ASCII, so that no terminal's or pipe's encoding can spoil it.
    data: bytes = ET.tostring(root, encoding="us-ascii", xml_declaration=True)
    return f"{data.decode()}\n"


def _suite(run: checks.CheckedRun, files: repository.Repository) -> ET.Element:
    suite = ET.Element("testsuite", name=_SUITE if run.name == "." else printable.line(f"{_SUITE}: {run.name}"))
    cases = list(_cases(run, files))
    suite.extend(cases)
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    suite.set("errors", "0")
    suite.set("skipped", str(sum(case.find("skipped") is not None for case in cases)))
    suite.set("time", f"{(run.wall_ns or 0) / 1e9:.3f}")
    if run.start_unix_ns is not None:
        started = dt.datetime.fromtimestamp(run.start_unix_ns // 10**9, tz=dt.UTC)
        suite.set("timestamp", started.strftime("%Y-%m-%dT%H:%M:%S"))
    return suite


def _cases(run: checks.CheckedRun, files: repository.Repository) -> Iterator[ET.Element]:
    seen: collections.Counter[str] = collections.Counter()
    for judged in run.judged:
        problem = judged.problem
        name = f"{f'{problem.function}: ' if problem.function else ''}{problem.id}"
        seen[name] += 1
        case = _case(name if seen[name] == 1 else f"{name} ({seen[name]})", problem.place, run, files)
        # A case that is not run says least wrong: it neither passed nor failed the check.
        if judged.fails:
            told = ET.SubElement(case, "failure", type=problem.id, message=printable.line(problem.title))
            told.text = printable.lines("\n".join(_told(judged, run, files)))
        else:
            why = "known" if judged.state == "known" else problem.severity
            ET.SubElement(case, "skipped", message=printable.line(f"{why}: {problem.title}"))
        yield case
    for function in run.functions:
        yield _case(function.name, finding_places.of_function(function) or _NOWHERE, run, files)
    if not run.judged and not run.functions:
        # Jenkins fails a build whose report has no test at all.
        yield _case("nothing to check", _NOWHERE, run, files)


def _case(name: str, place: function_table.Place, run: checks.CheckedRun, files: repository.Repository) -> ET.Element:
    path = files.path(place, run.directory)
    module = path or place.file.replace("\\", "/").rpartition("/")[2]
    classname = module.removesuffix(".py").replace("/", ".") or _SUITE
    case = ET.Element("testcase", classname=printable.line(classname), name=printable.line(name))
    if path is not None:
        case.set("file", printable.line(path))
        case.set("line", str(place.line))
    return case


def _told(judged: checks.Judged, run: checks.CheckedRun, files: repository.Repository) -> Iterator[str]:
    problem = judged.problem
    yield f"{files.shown(problem.place, run.directory)}: {problem.title}".removeprefix(": ")
    if judged.state == "worse":
        yield "It is known, and much worse now."
    if problem.cost:
        yield f"Cost: {problem.cost}"
    yield from problem.evidence
    if problem.why:
        yield f"Why: {problem.why}"
    yield f"What to do: {problem.advice}"
    if problem.fix is not None:
        yield problem.fix
