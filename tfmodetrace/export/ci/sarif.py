"""SARIF 2.1.0, as code scanning takes it. Rules are the explanations that ``tfmodetrace explain`` prints."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tfmodetrace import version
from tfmodetrace.export.ci import printable, repository
from tfmodetrace.insight import checks, explanations
from tfmodetrace.insight.checks import problems
from tfmodetrace.log import function_table

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT: Final = "SRCROOT"
_FINGERPRINTS: Final = ("tfmodetrace/v1", "primaryLocationLineHash")
"""Whose fingerprints the results have: ours, and the one by which GitHub's code scanning knows a problem again."""
_GROUPS: Final[Mapping[problems.Kind, explanations.Group]] = {"finding": "findings", "failure": "diagnoses"}
_STATES: Final = {"new": "new", "worse": "updated", "known": "unchanged"}


def write(verdict: checks.Verdict, files: repository.Repository) -> str:
    """Writes it: one run of the tool, with the problems of all runs of the log."""
    rules: dict[tuple[problems.Kind, str], int] = {}
    results: list[dict[str, Any]] = []
    notifications: list[dict[str, Any]] = []
    for run in verdict.runs:
        for judged in run.judged:
            problem = judged.problem
            rule = rules.setdefault((problem.kind, problem.id), len(rules))
            locations = _locations(problem, run, files)
            # Code scanning refuses a file in which a result has no location.
            (results if locations else notifications).append(_told(judged, rule, locations, run, verdict))
    tool = {
        "driver": {
            "name": "tfmodetrace",
            "version": version.VERSION,
            "rules": [_rule(kind, name) for kind, name in rules],
        }
    }
    told = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": tool,
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
                "invocations": [
                    {"executionSuccessful": True, "toolExecutionNotifications": [_notification(each) for each in notifications]}
                ],
                "results": results,
            }
        ],
    }
    return json.dumps(told, indent=2) + "\n"


def _rule(kind: problems.Kind, name: str) -> dict[str, Any]:
    if kind == "limit":
        return {"id": name, "shortDescription": {"text": f"{problems.LIMITS[name]}."}}
    told = explanations.read(_GROUPS[kind], name)
    sections = [told.why, *_code("Wrong", told.wrong), *_code("Right", told.right), told.mended]
    return {
        "id": name,
        "shortDescription": {"text": told.title},
        "fullDescription": {"text": told.why},
        "help": {"text": "\n\n".join(_plain(told)), "markdown": "\n\n".join(sections)},
        "properties": {"tags": [told.noun]},
    }


def _code(heading: str, code: str | None) -> list[str]:
    return [] if code is None else [f"**{heading}**", f"```python\n{code}\n```"]


def _plain(told: explanations.Explanation) -> list[str]:
    code = [f"{heading}:\n\n{code}" for heading, code in (("Wrong", told.wrong), ("Right", told.right)) if code is not None]
    return [told.why, *code, told.mended]


def _told(
    judged: checks.Judged, rule: int, locations: Sequence[Mapping[str, Any]], run: checks.CheckedRun, verdict: checks.Verdict
) -> dict[str, Any]:
    problem = judged.problem
    result: dict[str, Any] = {
        "ruleId": problem.id,
        "ruleIndex": rule,
        "level": judged.level,
        "message": {"text": printable.lines("\n".join(_sentences(judged, run, verdict)))},
        "locations": list(locations),
        "partialFingerprints": dict.fromkeys(_FINGERPRINTS, problem.fingerprint),
        "properties": {"severity": problem.severity, "failsCheck": judged.fails, "run": run.name},
    }
    if verdict.against_baseline:
        result["baselineState"] = _STATES[judged.state]
    return result


def _sentences(judged: checks.Judged, run: checks.CheckedRun, verdict: checks.Verdict) -> Iterable[str]:
    problem = judged.problem
    of_run = f"Run {run.name}: " if len(verdict.runs) > 1 else ""
    yield f"{of_run}{problem.title}{f' ({problem.cost})' if problem.cost else ''}."
    yield from problem.evidence
    if problem.why:
        yield problem.why
    yield problem.advice
    if problem.fix is not None:
        yield problem.fix


def _locations(problem: problems.Problem, run: checks.CheckedRun, files: repository.Repository) -> list[dict[str, Any]]:
    """Where a problem is; what is about a run as a whole is about its program."""
    place = problem.place
    if not place.file and run.script:
        place = function_table.Place(file=run.script, line=1, function="")
    uri = files.uri(place, run.directory)
    if uri is None:
        return []
    artifact = {"uri": uri} if "://" in uri else {"uri": uri, "uriBaseId": _ROOT}
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": max(1, place.line)}}}
    if problem.function:
        location["logicalLocations"] = [{"name": printable.line(problem.function), "kind": "function"}]
    return [location]


def _notification(result: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "level": result["level"],
        "message": result["message"],
        "associatedRule": {"id": result["ruleId"], "index": result["ruleIndex"]},
    }
