"""The formats of continuous integration: read by what reads them, on the right files and lines, and escaped."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import urllib.parse
import xml.etree.ElementTree as ET
from typing import Any

import hypothesis
import hypothesis.strategies as st
import jsonschema
import junitparser
import pytest

from tests.support import checked, files, sources
from tfmodetrace.export import ci
from tfmodetrace.insight import checks, explanations
from tfmodetrace.log import function_table
from tfmodetrace.schema import words

SCHEMA = json.loads((sources.ROOT / "tests" / "support" / "schemas" / "sarif-2.1.0.json").read_text())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


@pytest.fixture
def repository(tmp_path: pathlib.Path) -> pathlib.Path:
    """A repository with the file that the logs of ``checked.retraced`` are of, which were recorded elsewhere."""
    root = tmp_path / "a repository"
    (root / ".git").mkdir(parents=True)
    (root / "src").mkdir()
    (root / "src" / "train.py").write_text("def step(x, rate):\n    ...\n")
    return root


@pytest.fixture
def logdir(tmp_path: pathlib.Path) -> pathlib.Path:
    checked.retraced(tmp_path / "log")
    return tmp_path / "log"


def written(format_name: str, verdict: checks.Verdict, root: pathlib.Path) -> str:
    return ci.FORMATS[format_name](verdict, ci.Repository(root))


def made(problem: checks.Problem, *, fails: bool = True, state: Any = "new", **of_run: Any) -> checks.Verdict:
    """A verdict about one problem."""
    judged = checks.Judged(problem=problem, state=state, fails=fails)
    of_one = {"name": ".", "start_unix_ns": None, "wall_ns": None, "script": "", "directory": "", "functions": (), **of_run}
    runs = (checks.CheckedRun(judged=(judged,), **of_one),)
    return checks.Verdict(logdir="logs", runs=runs, functions=1, traces=3, fail_on="high", against_baseline=state != "new")


def problem(**changed: Any) -> checks.Problem:
    place = function_table.Place(file="src/train.py", line=12, function="step", code="def step(x, rate):")
    told: dict[str, Any] = {
        "kind": "finding",
        "id": "python-scalar-argument",
        "severity": "high",
        "run": ".",
        "function": "step",
        "place": place,
        "title": "step is traced for every value of rate",
        "why": "Because.",
        "advice": "Pass a tensor.",
        "fix": "# in place of train.py:14\nstep(x, tf.constant(rate))",
        "cost": "20% of the wall time, 200 ms",
        "amount": 0.2,
        "fingerprint": "f" * 32,
    }
    return checks.Problem(**{**told, **changed})


# --- Paths -------------------------------------------------------------------------------------------------------------------------------


def place(file: str, code: str = "def step(x, rate):") -> function_table.Place:
    return function_table.Place(file=file, line=12, function="step", code=code)


def test_a_file_in_the_repository_is_told_from_its_root(repository: pathlib.Path) -> None:
    found = ci.Repository(repository)
    assert found.path(place(str(repository / "src" / "train.py"), "")) == "src/train.py"
    assert found.shown(place(str(repository / "src" / "train.py"))) == "src/train.py:12"


@pytest.mark.parametrize("file", ["/home/me/project/src/train.py", "C:\\work\\src\\train.py", "src/train.py", "./src/../src/train.py"])
def test_a_file_that_was_recorded_elsewhere_is_found_by_its_ending_and_its_code(file: str, repository: pathlib.Path) -> None:
    found = ci.Repository(repository)
    assert found.path(place(file), "/elsewhere") == "src/train.py"
    assert found.path(place(file, "def other(x):"), "/elsewhere") is None
    assert found.path(place(file, ""), "/elsewhere") is None


def test_a_file_of_another_folder_is_not_taken_for_one_of_the_same_name(repository: pathlib.Path) -> None:
    (repository / "train.py").write_text("def step(x, rate): ...\n")
    found = ci.Repository(repository)
    assert found.path(place("/home/me/project/src/train.py")) == "src/train.py"
    assert found.path(place("/home/me/project/train.py")) == "train.py"


def test_a_file_that_is_there_but_outside_is_told_whole(repository: pathlib.Path, tmp_path: pathlib.Path) -> None:
    outside = tmp_path / "library.py"
    outside.write_text("def step(x, rate): ...\n")
    found = ci.Repository(repository)
    assert found.path(place(str(outside))) is None
    assert found.shown(place(str(outside))) == f"{outside}:12"
    assert found.uri(place(str(outside))) == outside.as_uri()


def test_links_and_names_that_lead_out_of_the_repository_are_not_followed(repository: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tmp_path / "secret.py").write_text("def step(x, rate): ...\n")
    (repository / "link.py").symlink_to(tmp_path / "secret.py")
    found = ci.Repository(repository)
    for file in ("/elsewhere/link.py", "/elsewhere/../secret.py", "\0.py", "x" * 5000, "<ipython-input-1>", ""):
        assert found.path(place(file)) is None
    assert found.uri(place("<ipython-input-1>")) is None


def test_the_root_is_that_of_the_git_repository_or_where_one_is(repository: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "src")
    assert ci.Repository().root == repository.resolve()
    (repository / ".git").rmdir()
    if not any((parent / ".git").exists() for parent in repository.parents):
        assert ci.Repository().root == (repository / "src").resolve()


# --- Text --------------------------------------------------------------------------------------------------------------------------------


def test_text_tells_what_fails_in_full_and_the_rest_in_lines(logdir: pathlib.Path, repository: pathlib.Path) -> None:
    told = written("text", checked.judged(logdir, fail_on=None, max_traces=2), repository)
    first, *rest = told.splitlines()
    assert first == "src/train.py:12: step was traced 3 times, but may be traced at most 2 times (high, max-traces)"
    assert rest[0] == "  trace 3, 100 ms: python-value: rate: 1.5 → 2.5"
    assert "Not failing the check:\n  src/train.py:12: step is traced for every value of rate (high, python-scalar-argument; 20% of" in told
    assert rest[-1].startswith("FAILED: 1 problem (beside 1 problem that does not fail the check): 1 function, 3 traces in ")


def test_text_marks_what_is_new_and_what_is_gone(logdir: pathlib.Path, repository: pathlib.Path) -> None:
    entry = next(iter(checked.baseline(logdir).entries.values()))
    other = checks.Baseline({"other": dataclasses.replace(entry, fingerprint="other", title="it was slow")})
    told = written("text", checked.judged(logdir, other), repository)
    assert "(high, python-scalar-argument, new; 20% of the wall time, 200 ms)" in told
    assert "Known and gone; write the baseline anew to be told if they come back:\n  python-scalar-argument: it was slow" in told


# --- GitHub ------------------------------------------------------------------------------------------------------------------------------


def commands(told: str) -> list[tuple[str, dict[str, str], str]]:
    """Reads workflow commands as GitHub's runner does."""

    def unescaped(text: str, codes: str) -> str:
        for code in codes.split():
            text = text.replace(f"%{code}", chr(int(code, 16)))
        return text.replace("%25", "%")

    found = []
    for line in told.split("\n"):
        if line.startswith("::"):
            head, _, message = line[2:].partition("::")
            name, _, properties = head.partition(" ")
            pairs = [pair.split("=", 1) for pair in properties.split(",")]
            found.append((name, {key: unescaped(value, "0D 0A 3A 2C") for key, value in pairs}, unescaped(message, "0D 0A")))
    return found


def test_github_gets_an_annotation_at_the_line(logdir: pathlib.Path, repository: pathlib.Path) -> None:
    told = written("github", checked.judged(logdir), repository)
    ((name, properties, message),) = commands(told)
    assert name == "error"
    assert properties == {"file": "src/train.py", "line": "12", "title": "python-scalar-argument, high"}
    assert message.splitlines()[0] == "step is traced for every value of rate (20% of the wall time, 200 ms)"
    assert "tf.constant(" in message or "input_signature" in message
    assert told.splitlines()[-1].startswith("FAILED: 1 problem")


@pytest.mark.parametrize(("severity", "name"), [("high", "warning"), ("medium", "warning"), ("low", "notice")])
def test_what_does_not_fail_is_no_error_for_github(severity: Any, name: str, repository: pathlib.Path) -> None:
    ((told, _, _),) = commands(written("github", made(problem(severity=severity), fails=False), repository))
    assert told == name


def test_github_is_not_told_what_a_baseline_knows(repository: pathlib.Path) -> None:
    assert commands(written("github", made(problem(), fails=False, state="known"), repository)) == []


@hypothesis.given(title=st.text(), name=st.text(min_size=1))
@hypothesis.example(title="100%0A", name="a%2Cb")
def test_no_text_ends_an_annotation_or_begins_another(title: str, name: str) -> None:
    told = written("github", made(problem(title=title, function=name, place=place(f"{name}.py"), id=name)), pathlib.Path("/"))
    ((_, properties, message),) = commands(told)
    assert message.startswith("".join(char if char.isprintable() or char in "\n\t" else f"\\x{ord(char):02x}" for char in title))
    assert set(properties) <= {"file", "line", "title"}
    assert name != "a%2Cb" or properties["title"] == "a%2Cb, high"
    assert len(re.findall("^::", told, re.MULTILINE)) == 1


# --- Markdown ----------------------------------------------------------------------------------------------------------------------------


def test_markdown_is_a_table_with_what_to_do_folded_below(logdir: pathlib.Path, repository: pathlib.Path) -> None:
    lines = written("markdown", checked.judged(logdir), repository).splitlines()
    assert lines[0] == "### ❌ tfmodetrace"
    table = [line for line in lines if line.startswith("|")]
    assert table[0] == "| | where | what | cost | id |"
    cells = ["**high**", "`src/train.py:12`", "step is traced for every value of rate", "20% of the wall time, 200 ms"]
    assert table[2] == f"| {' | '.join([*cells, '`python-scalar-argument`'])} |"
    assert "<details><summary>step is traced for every value of rate</summary>" in lines
    assert lines[lines.index("```python") - 1] == ""


def test_markdown_of_several_runs_names_them(tmp_path: pathlib.Path, repository: pathlib.Path) -> None:
    for name in ("a", "b_c"):
        checked.retraced(tmp_path / "logs" / name)
    told = written("markdown", checked.judged(tmp_path / "logs"), repository)
    assert "| | where | run | what | cost | id |" in told
    assert "| b\\_c | step" in told


def test_markdown_that_passes_says_so(repository: pathlib.Path, tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path / "log")
    assert written("markdown", checked.judged(tmp_path / "log"), repository).startswith("### ✅ tfmodetrace\n\nOK: ")


@hypothesis.given(st.text())
def test_no_text_breaks_a_row_of_the_table(text: str) -> None:
    told = written("markdown", made(problem(title=text, place=place(f"{text}.py"), fix=f"x = {text!r}")), pathlib.Path("/"))
    (row,) = [line for line in told.split("\n") if line.startswith("| **high**")]
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) == 6


# --- JUnit -------------------------------------------------------------------------------------------------------------------------------


def test_junit_is_read_by_a_parser(tmp_path: pathlib.Path, repository: pathlib.Path) -> None:
    checked.retraced(tmp_path / "log", ("step", "other"))
    verdict = checked.judged(tmp_path / "log", fail_on=None, max_traces=2, function="step")
    told = written("junit", verdict, repository)
    parsed = junitparser.JUnitXml.fromstring(told.encode())
    (suite,) = parsed
    assert (suite.tests, suite.failures, suite.skipped, suite.errors) == (2, 1, 1, 0)
    assert (suite.name, suite.time, suite.timestamp) == ("tfmodetrace", 1.0, "2023-11-14T22:13:20")
    failed, skipped = suite
    assert (failed.classname, failed.name) == ("src.train", "step: max-traces")
    assert failed.result[0].message == "step was traced 3 times, but may be traced at most 2 times"
    assert "rate: 1.5 → 2.5" in failed.result[0].text
    assert skipped.name == "step: python-scalar-argument"
    assert skipped.result[0].message == "high: step is traced for every value of rate"
    case = ET.fromstring(told).find("testsuite/testcase")
    assert (case.get("file"), case.get("line")) == ("src/train.py", "12")


def test_junit_has_a_case_for_each_function_without_problems(tmp_path: pathlib.Path, repository: pathlib.Path) -> None:
    files.small_run(tmp_path / "log")
    verdict = checked.judged(tmp_path / "log", function="step")
    (suite,) = junitparser.JUnitXml.fromstring(written("junit", verdict, repository).encode())
    assert [(case.name, case.is_passed) for case in suite] == [("step", True)]
    nothing = checked.judged(tmp_path / "log", function="no_such")
    (suite,) = junitparser.JUnitXml.fromstring(written("junit", nothing, repository).encode())
    assert [(case.name, case.is_passed) for case in suite] == [("nothing to check", True)]


def test_junit_names_two_of_one_kind_apart_and_the_same_from_run_to_run(tmp_path: pathlib.Path, repository: pathlib.Path) -> None:
    checked.retraced(tmp_path / "a", ("step", "step"))
    checked.retraced(tmp_path / "b", ("step", "step"), traces=5, line=300)
    told = [written("junit", checked.judged(tmp_path / each), repository) for each in ("a", "b")]
    names = [[case.get("name") for case in ET.fromstring(each).iter("testcase")] for each in told]
    assert names[0] == names[1] == ["step: python-scalar-argument", "step: python-scalar-argument (2)"]


@hypothesis.given(st.text())
def test_junit_is_xml_whatever_a_text_holds(text: str) -> None:
    told = written("junit", made(problem(title=text, function=text, why=text, place=place(f"{text}.py"))), pathlib.Path("/"))
    assert told.isascii()
    assert ET.fromstring(told).get("failures") == "1"


# --- SARIF -------------------------------------------------------------------------------------------------------------------------------


def sarif(verdict: checks.Verdict, root: pathlib.Path) -> Any:
    told = json.loads(written("sarif", verdict, root))
    VALIDATOR.validate(told)
    return told["runs"][0]


def test_the_schema_refuses_what_is_no_sarif() -> None:
    for broken in ({"version": "2.1.0"}, {"version": "2.1.0", "runs": [{"tool": {}}]}, {"version": "2.1.0", "runs": [], "more": 1}):
        assert not VALIDATOR.is_valid(broken)


def test_sarif_passes_the_schema_and_points_at_the_line(logdir: pathlib.Path, repository: pathlib.Path) -> None:
    run = sarif(checked.judged(logdir, max_traces=2), repository)
    limit, finding = run["results"]
    assert (limit["ruleId"], finding["ruleId"]) == ("max-traces", "python-scalar-argument")
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["max-traces", "python-scalar-argument"]
    assert (finding["ruleIndex"], finding["level"]) == (1, "error")
    physical = finding["locations"][0]["physicalLocation"]
    assert physical == {"artifactLocation": {"uri": "src/train.py", "uriBaseId": "SRCROOT"}, "region": {"startLine": 12}}
    fingerprint = checked.problems(logdir)[0].fingerprint
    assert finding["partialFingerprints"] == {"tfmodetrace/v1": fingerprint, "primaryLocationLineHash": fingerprint}
    assert "baselineState" not in finding


def test_rules_say_what_explain_says(logdir: pathlib.Path, repository: pathlib.Path) -> None:
    (rule,) = sarif(checked.judged(logdir), repository)["tool"]["driver"]["rules"]
    told = explanations.read("findings", "python-scalar-argument")
    assert rule["shortDescription"]["text"] == told.title
    assert rule["fullDescription"]["text"] == told.why
    for part in (told.why, told.wrong, told.right, told.mended):
        assert part in rule["help"]["markdown"]


def test_every_rule_there_can_be_passes_the_schema(repository: pathlib.Path) -> None:
    every: list[tuple[Any, str]] = [("finding", name) for name in words.FINDING_IDS] + [("failure", name) for name in words.DIAGNOSIS_IDS]
    every += [("limit", "max-traces"), ("limit", "max-tracing-share")]
    judged = tuple(
        checks.Judged(problem=problem(kind=kind, id=name, fingerprint=f"{number}"), state="new", fails=True)
        for number, (kind, name) in enumerate(every)
    )
    verdict = made(problem())
    verdict = dataclasses.replace(verdict, runs=(dataclasses.replace(verdict.runs[0], judged=judged),))
    run = sarif(verdict, repository)
    assert len(run["tool"]["driver"]["rules"]) == len(run["results"]) == len(every)


@pytest.mark.parametrize(("state", "told"), [("new", None), ("worse", "updated"), ("known", "unchanged")])
def test_sarif_says_what_a_baseline_knows(state: str, told: str | None, repository: pathlib.Path) -> None:
    (result,) = sarif(made(problem(), state=state, fails=state == "worse"), repository)["results"]
    assert result.get("baselineState") == told
    assert result["level"] == {"new": "warning", "worse": "error", "known": "note"}[state]


def test_what_has_no_line_is_about_the_program_or_a_notification(repository: pathlib.Path) -> None:
    nowhere = problem(place=function_table.Place(file="", line=0, function=""), function="")
    run = sarif(made(nowhere), repository)
    assert run["results"] == []
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["message"]["text"].startswith("step is traced")
    (result,) = sarif(made(nowhere, script="src/train.py", directory=str(repository)), repository)["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "src/train.py"


@hypothesis.given(st.text())
def test_sarif_is_valid_whatever_a_text_holds(text: str) -> None:
    file = f"/nowhere/{text}.py"
    verdict = made(problem(title=text, function=text, place=place(file), fix=text or None))
    (result,) = sarif(verdict, pathlib.Path("/tmp"))["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.startswith("file:///nowhere/")
    assert urllib.parse.urlsplit(uri).fragment == ""
