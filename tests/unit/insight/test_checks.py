"""Checks: what they find, what stays known from one run to the next, and what fails."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import tempfile
from collections.abc import Iterator
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest

from tests.support import checked, files
from tfmodetrace.insight import checks
from tfmodetrace.insight.checks import fingerprints, problems


@pytest.fixture
def directory() -> Iterator[pathlib.Path]:
    with tempfile.TemporaryDirectory() as path:
        yield pathlib.Path(path)


# --- What is found -----------------------------------------------------------------------------------------------------------------------


def test_a_finding_is_a_problem_with_its_place_cost_and_what_to_do(tmp_path: pathlib.Path) -> None:
    checked.retraced(tmp_path)
    (problem,) = checked.problems(tmp_path)
    assert (problem.kind, problem.id, problem.severity) == ("finding", "python-scalar-argument", "high")
    assert (problem.place.file, problem.place.line, problem.function) == ("/home/me/project/src/train.py", 12, "step")
    assert problem.place.code == "def step(x, rate):"
    assert problem.advice
    assert problem.cost == "20% of the wall time, 200 ms"
    assert problem.is_explained


def test_an_exceeded_limit_is_a_problem_with_the_traces_beyond_it(tmp_path: pathlib.Path) -> None:
    checked.retraced(tmp_path)
    problem = checked.problems(tmp_path, max_traces=2)[0]
    assert (problem.kind, problem.id, problem.amount) == ("limit", "max-traces", 3)
    assert problem.title == "step was traced 3 times, but may be traced at most 2 times"
    assert problem.evidence == ("trace 3, 100 ms: python-value: rate: 1.5 → 2.5",)
    assert not problem.is_explained


def test_what_is_about_a_function_of_a_library_is_told_at_the_programs_line(tmp_path: pathlib.Path) -> None:
    checked.retraced(tmp_path, librarys=True)
    found = checked.problems(tmp_path, max_traces=2)
    assert [problem.id for problem in found] == ["max-traces", "python-scalar-argument"]
    assert {(problem.place.file, problem.place.line) for problem in found} == {("/home/me/project/src/train.py", 70)}


def test_what_to_do_about_traces_is_what_a_finding_about_these_traces_says(tmp_path: pathlib.Path) -> None:
    session = checked.retraced(tmp_path, end=False)
    function = 0
    for ordinal, dtype in enumerate(("int32", "float64"), 4):
        session.trace(function, ordinal=ordinal, key=files.arguments(x=files.tensor(dtype, 2), rate=files.literal(2.5)), duration_ns=10**6)
    session.end(end_ns=10**9)
    (limit,) = [problem for problem in checked.problems(tmp_path, max_traces=4) if problem.kind == "limit"]
    assert "dtype: x: " in limit.evidence[0]
    assert limit.advice == "Give x one dtype."
    assert limit.fix is None


def test_where_no_finding_tells_what_to_do_the_reason_does(tmp_path: pathlib.Path) -> None:
    checked.retraced(tmp_path, traces=2)
    (problem,) = checked.problems(tmp_path, max_traces=1)
    assert problem.advice == "Pass rate as a tensor, unless the function needs its value in Python."


def test_a_failure_is_a_problem_and_one_that_ended_the_program_is_of_high_severity(tmp_path: pathlib.Path) -> None:
    session = files.small_run(tmp_path, end=False)
    function = 0
    session.error(function, time_ns=500, message="the end", type_name="KeyError")
    session.chunk.errors[-1].ended_program = True
    session.end()
    found = {problem.evidence[0]: problem for problem in checked.problems(tmp_path) if problem.kind == "failure"}
    assert found["ValueError: no such digit"].severity == "medium"
    assert found["KeyError: the end"].severity == "high"
    assert found["KeyError: the end"].title.endswith("which ended the program")


def test_only_what_is_about_the_functions_that_are_looked_at_is_found(tmp_path: pathlib.Path) -> None:
    checked.retraced(tmp_path, ("step", "other"))
    assert [problem.function for problem in checked.problems(tmp_path, function="st*")] == ["step"]
    assert {problem.function for problem in checked.problems(tmp_path, max_traces=1, function="oth*")} == {"other"}


def test_limits_come_first_and_what_fails_before_what_does_not(tmp_path: pathlib.Path) -> None:
    checked.retraced(tmp_path, ("step", "other"))
    judged = checked.judged(tmp_path, fail_on=None, max_traces=2).judged
    assert [(each.problem.kind, each.fails) for each in judged] == [("limit", True)] * 2 + [("finding", False)] * 2


# --- What fails --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tracing_ns", "fail_on", "passed"),
    [
        (10**8, "high", False),
        (3 * 10**7, "high", True),
        (3 * 10**7, "medium", False),
        (10**6, "medium", True),
        (10**6, "low", False),
        (10**8, None, True),
    ],
)
def test_findings_fail_from_a_severity_on(tracing_ns: int, fail_on: Any, passed: bool, tmp_path: pathlib.Path) -> None:
    checked.retraced(tmp_path, tracing_ns=tracing_ns)
    verdict = checked.judged(tmp_path, fail_on=fail_on)
    assert verdict.passed is passed
    (judged,) = verdict.judged
    assert judged.level == ("error" if not passed else "note" if judged.problem.severity == "low" else "warning")


def test_the_headline_says_what_was_looked_at_and_what_came_of_it(tmp_path: pathlib.Path) -> None:
    checked.retraced(tmp_path)
    known = checked.baseline(tmp_path)
    looked_at = f"1 function, 3 traces in {tmp_path}"
    assert checked.judged(tmp_path).headline == f"FAILED: 1 problem: {looked_at}."
    assert checked.judged(tmp_path, fail_on=None).headline == (
        f"OK: {looked_at}, within the limits (beside 1 problem that does not fail the check)."
    )
    assert checked.judged(tmp_path, known, fail_on="low").headline == f"OK: {looked_at}, no new problem (beside 1 known problem)."
    assert checked.judged(tmp_path, checks.Baseline({}), max_traces=1).headline == f"FAILED: 2 new problems: {looked_at}."
    gone = checks.Baseline({**known.entries, "gone": dataclasses.replace(next(iter(known.entries.values())), fingerprint="gone")})
    assert "1 known problem that is gone" in checked.judged(tmp_path, gone).headline


# --- Baselines ---------------------------------------------------------------------------------------------------------------------------


def test_only_what_a_baseline_does_not_know_fails(tmp_path: pathlib.Path) -> None:
    checked.retraced(tmp_path / "before", ("step",))
    checked.retraced(tmp_path / "after", ("other", "step"))
    verdict = checked.judged(tmp_path / "after", checked.baseline(tmp_path / "before"))
    judged = {each.problem.function: (each.state, each.fails) for each in verdict.judged}
    assert judged == {"other": ("new", True), "step": ("known", False)}
    assert verdict.gone == ()
    verdict = checked.judged(tmp_path / "before", checked.baseline(tmp_path / "after"))
    assert verdict.passed
    assert [entry.function for entry in verdict.gone] == ["other"]


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [(10**6, 9 * 10**6, "known"), (10**7, 12 * 10**6, "known"), (3 * 10**7, 10**8, "worse"), (10**8, 2 * 10**8, "known")],
)
def test_a_finding_that_costs_twice_as_much_and_is_more_severe_is_told_again(
    before: int, after: int, state: str, tmp_path: pathlib.Path
) -> None:
    checked.retraced(tmp_path / "before", tracing_ns=before)
    checked.retraced(tmp_path / "after", tracing_ns=after)
    (judged,) = checked.judged(tmp_path / "after", checked.baseline(tmp_path / "before"), fail_on="low").judged
    severities = [checked.problems(tmp_path / each)[0].severity for each in ("before", "after")]
    assert judged.state == state, severities
    assert judged.fails is (state == "worse")


@pytest.mark.parametrize(("traces", "state"), [(4, "known"), (5, "known"), (8, "worse"), (30, "worse")])
def test_a_limit_that_is_exceeded_by_twice_as_much_is_told_again(traces: int, state: str, tmp_path: pathlib.Path) -> None:
    checked.retraced(tmp_path / "before", traces=4, tracing_ns=10**6)
    checked.retraced(tmp_path / "after", traces=traces, tracing_ns=10**6)
    known = checked.baseline(tmp_path / "before", max_traces=2)
    verdict = checked.judged(tmp_path / "after", known, fail_on=None, max_traces=2)
    assert verdict.judged[0].state == state
    assert verdict.passed is (state == "known")


def test_a_baseline_is_read_as_it_was_written_and_orders_by_file_and_function(tmp_path: pathlib.Path) -> None:
    checked.retraced(tmp_path, ("step", "other"))
    known = checked.baseline(tmp_path, max_traces=2)
    assert checks.Baseline.parsed(known.text()) == known
    told = json.loads(known.text())
    assert (told["schema"], told["schema_version"]) == ("tfmodetrace-baseline", 1)
    assert [each["function"] for each in told["problems"]] == ["other", "other", "step", "step"]
    assert "/home/me" not in known.text()


def test_one_problem_of_several_runs_is_one_entry_with_the_most_that_it_is(tmp_path: pathlib.Path) -> None:
    checked.retraced(tmp_path / "a", traces=3)
    checked.retraced(tmp_path / "b", traces=5)
    known = checked.baseline(tmp_path, max_traces=2, function="step")
    assert sorted((entry.id, entry.amount) for entry in known.entries.values() if entry.id == "max-traces") == [("max-traces", 5)]
    assert checked.judged(tmp_path, known, max_traces=2).passed


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "is no baseline of tfmodetrace"),
        ('{"schema": "sarif"}', "is no baseline of tfmodetrace"),
        (
            '{"schema": "tfmodetrace-baseline", "schema_version": 2, "problems": []}',
            "is of version 2, and this",
        ),
        ('{"schema": "tfmodetrace-baseline", "schema_version": 1}', "has no list of problems"),
        ('{"schema": "tfmodetrace-baseline", "schema_version": 1, "problems": [{}]}', "has a problem that cannot be read: {}"),
        ('{"schema": "tfmodetrace-baseline", "schema_version": 1, "problems": [3]}', "has a problem that cannot be read: 3"),
    ],
)
def test_what_is_no_baseline_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(checks.BaselineError) as raised:
        checks.Baseline.parsed(text)
    assert str(raised.value).startswith(why)


@pytest.mark.parametrize(("name", "value"), [("amount", "1"), ("amount", True), ("amount", -1), ("severity", "terrible"), ("title", None)])
def test_an_entry_with_an_impossible_value_is_refused(name: str, value: object, tmp_path: pathlib.Path) -> None:
    checked.retraced(tmp_path)
    told = json.loads(checked.baseline(tmp_path).text())
    told["problems"][0][name] = value
    with pytest.raises(checks.BaselineError, match="cannot be read"):
        checks.Baseline.parsed(json.dumps(told))


# --- Fingerprints ------------------------------------------------------------------------------------------------------------------------

_FEW = hypothesis.settings(max_examples=25)
_names = st.sampled_from(["step", "train_step", "make.<locals>.step", "Model.step", "Model.call"])
_places = st.sampled_from(["/home/me/project/src", "/builds/ci/project/src", "C:\\work\\src", "/home/me/renamed/lib", "."])


@_FEW
@hypothesis.given(line=st.integers(1, 10_000), place=_places, traces=st.integers(3, 9), cost=st.sampled_from([10**6, 10**8]))
def test_edits_above_other_folders_other_machines_and_other_counts_leave_a_problem_known(
    line: int, place: str, traces: int, cost: int
) -> None:
    with tempfile.TemporaryDirectory() as path:
        logdir = pathlib.Path(path)
        checked.retraced(logdir / "before")
        separator = "\\" if "\\" in place else "/"
        checked.retraced(logdir / "after", file=f"{place}{separator}train.py", line=line, traces=traces, tracing_ns=cost)
        before, after = (checked.problems(logdir / each, max_traces=2) for each in ("before", "after"))
    assert [problem.fingerprint for problem in before] == [problem.fingerprint for problem in after]


@_FEW
@hypothesis.given(st.data())
def test_problems_with_another_id_file_function_or_argument_have_other_fingerprints(data: st.DataObject) -> None:
    def one() -> tuple[Any, ...]:
        return (
            data.draw(st.sampled_from(["python-scalar-argument", "varying-shape"])),
            data.draw(st.sampled_from(["train.py", "model.py"])),
            data.draw(_names),
            tuple(data.draw(st.lists(st.text(max_size=3), max_size=3))),
            data.draw(st.sampled_from(["", "step(x)", "step(y)"])),
        )

    first, second = one(), one()
    told = [fingerprints.of(each[0], file=each[1], function=each[2], about=each[3], code=each[4]) for each in (first, second)]
    assert (told[0] == told[1]) is (first == second)


def test_parts_that_run_together_are_told_apart() -> None:
    told = {fingerprints.of("id", file="", function="", about=about) for about in (("ab", "c"), ("a", "bc"), ("abc",), ("", "abc"))}
    assert len(told) == 4


@pytest.mark.parametrize(
    "changed",
    [{"names": ("other",)}, {"argument": "scale"}, {"file": "/home/me/project/src/model.py"}],
    ids=["function", "argument", "file"],
)
def test_a_near_twin_is_new(changed: dict[str, Any], tmp_path: pathlib.Path) -> None:
    checked.retraced(tmp_path / "before")
    checked.retraced(tmp_path / "after", **changed)
    (judged,) = checked.judged(tmp_path / "after", checked.baseline(tmp_path / "before")).judged
    assert judged.state == "new"


def test_a_second_one_like_a_known_one_is_new(tmp_path: pathlib.Path) -> None:
    checked.retraced(tmp_path / "before", ("make.<locals>.step",))
    checked.retraced(tmp_path / "after", ("make.<locals>.step", "make.<locals>.step"))
    verdict = checked.judged(tmp_path / "after", checked.baseline(tmp_path / "before"))
    assert sorted(each.state for each in verdict.judged) == ["known", "new"]


def test_lambdas_which_have_no_names_are_told_apart_by_their_code(tmp_path: pathlib.Path) -> None:
    written = {"before": "lambda x, rate: x * rate", "same": "lambda x,  rate: (x*rate) # fast", "other": "lambda x, rate: x + rate"}
    for name, source in written.items():
        checked.retraced(tmp_path / name, ("main.<locals>.<lambda>",), source=source)
    before, same, other = (checked.problems(tmp_path / name)[0].fingerprint for name in ("before", "same", "other"))
    assert before == same != other


def test_what_else_is_in_a_body_may_change(tmp_path: pathlib.Path) -> None:
    checked.retraced(tmp_path / "before")
    checked.retraced(tmp_path / "after", source=checked.SOURCE.replace("return", "# faster\n    return 1.0 *"))
    assert checked.judged(tmp_path / "after", checked.baseline(tmp_path / "before")).passed


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("step(x,  1)", "step(\n    x, 1,\n)", True),
        ("step(x, 1)  # why", "step(x, 1)", True),
        ("for i in range(3):", "for i in range( 3 ): # thrice", True),
        ("step(x, 1)", "step(x, 2)", False),
        ("y = 'a  b'", "y = 'a b'", False),
        ("] + no python", "]  +  no python", True),
    ],
)
def test_code_is_compared_as_python_reads_it(one: str, other: str, same: bool) -> None:
    assert (fingerprints.normalised(one) == fingerprints.normalised(other)) is same


def test_every_limit_has_its_words() -> None:
    assert set(problems.LIMITS) == {problems.MAX_TRACES, problems.MAX_TRACING_SHARE}
