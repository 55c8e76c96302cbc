"""Every program of the explanations is run and recorded: the wrong one is told under its id, the right one is not and runs."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Mapping
from typing import Any, Final

import pytest

import tfmodetrace as tmt
from tests.support import once as once_module
from tests.support import snippets
from tfmodetrace.insight import explanations

pytestmark = [pytest.mark.slow, pytest.mark.by_the_clock]

_WITHOUT_PROGRAMS: Final = {
    ("findings", "version-conflict"): "is about what is installed",
    ("findings", "worker-divergence"): "needs several processes",
    ("findings", "straggler"): "needs several processes",
    ("reasons", "unknown"): "is about keys that cannot be read",
    ("reasons", "xla-context"): "needs a computation for an accelerator",
}
_NOTHING_TO_MEND: Final = {("reasons", "first-trace")}
_NUMBER: Final = re.compile(r"\d[\d.,]*(?: (?:ns|µs|ms|s|min|h|kB|MB|GB)\b|%)?(?: ± \d[\d.,]* (?:ns|µs|ms|s))?")
_SEVERITY: Final = re.compile(r"^(?:high|medium|low|info)(?= ·)", re.MULTILINE)
_EXCEPTION: Final = re.compile(r"\w+(?:Error|Exception)\b")

_TOLD: Final = [explanations.read(group, name) for group in explanations.GROUPS for name in explanations.written()[group]]
_WITH_PROGRAMS: Final = [told for told in _TOLD if told.wrong is not None]


def _name(told: explanations.Explanation) -> str:
    return f"{told.group}-{told.id}"


@pytest.fixture(scope="module")
def outcomes(once: once_module.Once) -> Mapping[tuple[str, str, str], tuple[list[str], dict[str, Any]]]:
    """The exception's lines and the report of each program, by group, id and side."""

    def make(directory: pathlib.Path) -> None:
        ran = snippets.run_all(_WITH_PROGRAMS, directory)
        reports = [[*key, outcome.raised, *tmt.read(outcome.logdir).to_dict()["runs"]] for key, outcome in ran.items()]
        (directory / "reports.json").write_text(json.dumps(reports))

    reports = json.loads((once("explanations", make) / "reports.json").read_text())
    return {(group, name, side): (raised, run) for group, name, side, raised, run in reports}


def _is_told(told: explanations.Explanation, run: Mapping[str, Any]) -> bool:
    if told.group == "findings":
        return any(finding["id"] == told.id for finding in run["findings"])
    if told.group == "diagnoses":
        return any(failure["diagnosis_id"] == told.id for failure in run["failures"])
    return any(told.id in trace["reason"]["kinds"] for trace in run["traces"])


def test_programs_are_left_out_where_none_can_show_it() -> None:
    assert {(told.group, told.id) for told in _TOLD if told.wrong is None} == set(_WITHOUT_PROGRAMS)
    assert {(told.group, told.id) for told in _WITH_PROGRAMS if told.right is None} == _NOTHING_TO_MEND


@pytest.mark.parametrize("told", _WITH_PROGRAMS, ids=_name)
def test_the_wrong_program_is_told_under_its_id(told: explanations.Explanation, outcomes: Any) -> None:
    raised, run = outcomes[told.group, told.id, "wrong"]
    assert run["processes"][0]["internal_faults"] == 0
    assert bool(raised) == (told.group == "diagnoses"), raised
    assert _is_told(told, run), ([finding["title"] for finding in run["findings"]], run["failures"], raised[-3:])
    shown = snippets.looks_like(told, snippets.Outcome(file=pathlib.Path(), logdir=pathlib.Path(), raised=tuple(raised)), run)
    assert shown is not None
    # Messages differ from version to version of TensorFlow, sentences of ours do not.
    known = _EXCEPTION.findall if told.group == "diagnoses" else _without_numbers
    assert known(shown) == known(told.looks_like), "python scripts/explanations.py writes what is shown of the programs anew"


@pytest.mark.parametrize("told", [told for told in _WITH_PROGRAMS if told.group == "diagnoses"], ids=_name)
def test_a_failure_means_the_same_further_out(told: explanations.Explanation, outcomes: Any) -> None:
    _, run = outcomes[told.group, told.id, "wrong"]
    assert {error["diagnosis"]["id"] for error in run["errors"]} == {told.id}
    assert [failure["count"] for failure in run["failures"]] == [1]
    assert [error["diagnosis"]["why"] for error in run["errors"] if "tfmodetrace's" in error["diagnosis"]["why"]] == []


def test_a_recursion_is_told_of_the_function_that_the_program_calls(outcomes: Any) -> None:
    _, run = outcomes["diagnoses", "tracing-recursion", "wrong"]
    assert [failure["title"] for failure in run["failures"]] == ["factorial calls itself without end while it is traced"]
    assert [finding["title"] for finding in run["findings"]] == ["Tracing factorial failed once"]


@pytest.mark.parametrize("told", [told for told in _WITH_PROGRAMS if told.right is not None], ids=_name)
def test_the_right_program_runs_and_nothing_is_told_of_it(told: explanations.Explanation, outcomes: Any) -> None:
    raised, run = outcomes[told.group, told.id, "right"]
    assert run["processes"][0]["internal_faults"] == 0
    # What no rule knows is mended as any mistake; all the others must be gone.
    assert (raised, run["errors"]) == ([], [])
    assert not _is_told(told, run), run["findings"]
    assert [finding["title"] for finding in run["findings"] if finding["severity"] in ("high", "medium")] == []


def _without_numbers(text: str) -> str:
    return _NUMBER.sub("N", _SEVERITY.sub("", text))
