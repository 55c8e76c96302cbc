"""Two recordings compared, against recordings whose truth is known."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import tfmodetrace as tmt
from tests.support import files
from tfmodetrace.cli import main
from tfmodetrace.insight import run_comparisons
from tfmodetrace.insight.run_comparisons import steadiness, summaries, times
from tfmodetrace.schema import words

CALLS = 400


def clock(
    seed: int, calls: int = CALLS, *, ratio: float = 1.0, white: float = 0.05, slow: float = 0.01, spikes: float = 0.03
) -> np.ndarray:
    """Durations in nanoseconds as a machine's are: calls a little off, phases of some twenty that are slower, interruptions."""
    random = np.random.default_rng(seed)
    phases = np.convolve(random.standard_normal(calls + 20), np.full(20, 1 / 20**0.5), "valid")[:calls]
    logs = white * random.standard_normal(calls) + slow * phases
    logs += np.where(random.random(calls) < spikes, random.exponential(1.0, calls), 0.0)
    return (100_000 * ratio * np.exp(logs)).astype(np.int64)


def recorded(
    logdir: pathlib.Path,
    durations: dict[str, np.ndarray],
    *,
    pid: int,
    change: Callable[[files.SessionFile], None] | None = None,
    directory: str = "",
    shape: tuple[int, ...] = (32, 8),
    ends_ns: int = 0,
    **session_fields: Any,
) -> pathlib.Path:
    """Writes a run in which graphs of some functions are called one after another; each is traced once, for 1 ms of 2."""
    session = files.SessionFile(logdir, pid=pid, **session_fields)
    session.thread()
    now = 0
    for name, of_calls in durations.items():
        function = session.function(name, kind="tf.function", parameters=("x",))
        if directory:
            session.chunk.functions[-1].file = f"{directory}/train.py"
        session.chunk.functions[-1].source = f"def {name}(x):\n    return x\n"
        signature = session.signature(function, x=files.tensor("float32", *shape))
        first = session.call(function, now, 2_000_000, mode=words.Mode.GRAPH, signature=signature, trace=function)
        session.trace(function, ordinal=1, start_ns=now, duration_ns=1_000_000, call_id=first, signature=signature)
        now += 2_000_000
        for duration in of_calls.tolist():
            session.call(function, now, duration, mode=words.Mode.GRAPH, signature=signature)
            now += duration + 10_000
    if change is not None:
        change(session)
    session.end(end_ns=max(ends_ns, now + 1_000_000))
    return logdir


def rows_of(told: run_comparisons.RunComparison) -> dict[str, run_comparisons.values.DefinitionChange]:
    return {row.name: row for row in told.rows}


def verdict(a: Sequence[np.ndarray], b: Sequence[np.ndarray], *, comparisons: int = 1) -> str:
    found = steadiness.estimate([*map(steadiness.observe, a)], [*map(steadiness.observe, b)], level=steadiness.level_of(comparisons))
    return times._verdict(found)


def test_identical_runs_differ_in_at_most_one_of_twenty_and_five_percent_are_found_in_eighteen() -> None:
    """Of 200 pairs of a run each, and of 200 of three runs a side whose processes differ by 0.5 %."""
    alone = [verdict([clock(seed)], [clock(10_000 + seed)]) for seed in range(200)]
    assert sum(each in ("slower", "faster") for each in alone) <= 10
    slower = [verdict([clock(seed)], [clock(10_000 + seed, ratio=1.15)]) for seed in range(200)]
    assert slower.count("slower") >= 180
    # One run a side cannot tell 5 % from what two runs of the same program may differ by.
    assert "slower" not in [verdict([clock(seed)], [clock(10_000 + seed, ratio=1.05)]) for seed in range(200)]
    assert slower.count("faster") == 0

    def side(seed: int, ratio: float) -> list[np.ndarray]:
        processes = np.exp(0.005 * np.random.default_rng(seed).standard_normal(3))
        return [clock(3 * seed + number, ratio=ratio * process) for number, process in enumerate(processes)]

    several = [verdict(side(seed, 1.0), side(10_000 + seed, 1.0)) for seed in range(200)]
    assert sum(each in ("slower", "faster") for each in several) <= 10
    assert [verdict(side(seed, 1.0), side(10_000 + seed, 1.05)) for seed in range(200)].count("slower") >= 180


def test_intervals_cover_and_a_whole_comparison_of_identical_runs_finds_nothing_in_nineteen_of_twenty() -> None:
    covered, wrong = 0, 0
    for seed in range(200):
        pairs = [(clock(50 * seed + number), clock(10**6 + 50 * seed + number)) for number in range(8)]
        wrong += any(verdict([a], [b], comparisons=8) in ("slower", "faster") for a, b in pairs)
        a, b = pairs[0]
        found = steadiness.estimate([steadiness.observe(a)], [steadiness.observe(b)], level=0.95)
        covered += found.low <= 0 <= found.high
    assert wrong <= 10
    assert covered >= 180


def test_a_run_that_differs_from_itself_gives_no_verdict_on_less(tmp_path: pathlib.Path) -> None:
    """Half of a becomes 20 % slower, as on a machine on which something else began; b is 8 % slower than a's first half."""
    drifting = np.concatenate([clock(1, CALLS // 2), clock(2, CALLS // 2, ratio=1.2)])
    a = recorded(tmp_path / "a", {"step": drifting}, pid=1)
    b = recorded(tmp_path / "b", {"step": clock(3, ratio=1.2)}, pid=2)
    (time,) = tmt.compare_runs(a, b).rows[0].times
    assert time.verdict == "undecided"
    assert "differs from itself by 1" in time.verdict_text or "differs from itself by 2" in time.verdict_text


def test_what_a_run_differs_by_from_itself_is_no_difference_between_runs() -> None:
    halves = steadiness.Observed(logs=np.repeat([-0.1, 0.1], 5), calls=CALLS)
    even = steadiness.Observed(logs=np.full(10, 0.35), calls=CALLS)
    found = steadiness.estimate([halves], [even], level=0.95)
    assert found.low > steadiness.ALONE_MARGIN  # the interval alone would let it pass
    assert found.drift == pytest.approx(0.2)
    assert times._verdict(found) == "undecided"


def test_runs_of_one_program_that_differ_much_widen_the_interval() -> None:
    """Processes that differ by 2 %, each of which is steady in itself."""

    def side(seed: int) -> list[np.ndarray]:
        processes = np.exp(0.02 * np.random.default_rng(seed).standard_normal(3))
        return [clock(3 * seed + number, ratio=process, slow=0.0) for number, process in enumerate(processes)]

    assert sum(verdict(side(seed), side(10_000 + seed)) in ("slower", "faster") for seed in range(200)) <= 10


@pytest.mark.parametrize(("level", "freedom", "wanted"), [(0.95, 1, 12.706), (0.95, 4, 2.776), (0.95, 18, 2.101), (0.99, 9.5, 3.208)])
def test_students_quantiles_are_those_of_the_tables(level: float, freedom: float, wanted: float) -> None:
    assert steadiness.t_quantile(level, freedom) == pytest.approx(wanted, rel=2e-3)


def test_less_than_two_recordings_of_one_program_may_differ_by_is_neither_a_difference_nor_none(tmp_path: pathlib.Path) -> None:
    a = recorded(tmp_path / "a", {"step": clock(1)}, pid=1)
    b = recorded(tmp_path / "b", {"step": clock(3, ratio=1.06)}, pid=2)
    (time,) = tmt.compare_runs(a, b).rows[0].times
    assert (time.verdict, time.verdict_text) == (
        "undecided",
        "undecided: two recordings of one program may differ by as much; record several a side",
    )


def test_one_definition_that_is_slower_is_named_and_the_other_is_not(tmp_path: pathlib.Path) -> None:
    a = recorded(tmp_path / "a", {"step": clock(1), "loss": clock(2)}, pid=1)
    b = recorded(tmp_path / "b", {"step": clock(3, ratio=1.16), "loss": clock(4)}, pid=2)
    told = tmt.compare_runs(a, b)
    (step,), (loss,) = (rows_of(told)[name].times for name in ("step", "loss"))
    assert step.verdict == "slower"
    assert loss.verdict in ("same", "undecided")
    assert step.low is not None
    assert step.low <= 1.16 <= (step.high or 0)
    assert (step.a_calls, step.b_calls) == (CALLS, CALLS)  # the call that traced is none of them
    assert "step +" in told.summary[2]
    assert "loss" not in told.summary[2]


def test_changes_of_parts_sum_to_the_changes_of_wall_times(tmp_path: pathlib.Path) -> None:
    a = recorded(tmp_path / "a", {"step": clock(1), "loss": clock(2)}, pid=1)
    b = recorded(tmp_path / "b", {"step": clock(3, 150)}, pid=2)
    more = recorded(tmp_path / "c", {"step": clock(4, 170), "new": clock(5)}, pid=3)
    told = tmt.compare_runs(a, [b, more])
    assert sum(part.delta_ns for part in told.budget) == told.delta_ns == told.b.wall_ns - told.a.wall_ns
    assert [row.delta_ns for row in told.rows] == sorted((row.delta_ns for row in told.rows), key=lambda ns: -abs(ns))
    assert sum(part.a_ns for part in told.budget) == told.a.wall_ns == tmt.read(a).to_dict()["runs"][0]["wall_ns"]
    for row in told.rows:
        assert sum(part.delta_ns for part in row.parts) == row.delta_ns == row.b_ns - row.a_ns
    assert rows_of(told)["step"].a_ns == tmt.read(a).to_dict()["runs"][0]["definitions"][0]["wall_ns"]


def test_definitions_are_matched_by_file_name_and_code_and_never_by_number(tmp_path: pathlib.Path) -> None:
    """B lies elsewhere, calls the functions in another order, begins them at other lines, and has one under another name."""

    def renamed(session: files.SessionFile) -> None:
        for function in session.chunk.functions:
            function.line += 50
            if function.name == "loss":
                function.name = function.qualname = "total_loss"

    a = recorded(tmp_path / "a", {"step": clock(1), "loss": clock(2, 50), "gone": clock(3, 60)}, pid=1, directory="/home/me/v1")
    b = recorded(tmp_path / "b", {"loss": clock(4, 50), "step": clock(5)}, pid=2, directory="/srv/job/v2", change=renamed)
    told = tmt.compare_runs(a, b)
    rows = rows_of(told)
    assert set(rows) == {"step", "total_loss", "gone"}
    assert (rows["step"].a_calls, rows["step"].b_calls) == (CALLS + 1, CALLS + 1)
    assert (rows["total_loss"].a_calls, rows["total_loss"].b_calls) == (51, 51)
    assert (rows["gone"].b_calls, rows["gone"].b_line, rows["gone"].fewer_traces) == (None, None, None)
    assert rows["step"].file == "train.py"
    assert rows["step"].code == "same"
    assert [each.kind for each in told.settings] == []


def test_two_functions_of_one_name_of_which_one_is_gone_are_told_apart_by_their_code(tmp_path: pathlib.Path) -> None:
    def alike(session: files.SessionFile) -> None:
        for function in session.chunk.functions:
            function.name = function.qualname = "make.<locals>.<lambda>"

    a = recorded(tmp_path / "a", {"one": clock(1, 50), "two": clock(2, 70)}, pid=1, change=alike)
    b = recorded(tmp_path / "b", {"two": clock(3, 70)}, pid=2, change=alike)
    told = tmt.compare_runs(a, b)
    assert {(row.a_calls, row.b_calls) for row in told.rows} == {(51, None), (71, 71)}
    turned = recorded(tmp_path / "c", {"two": clock(3, 70), "one": clock(4, 50)}, pid=3, change=alike)
    assert {(row.a_calls, row.b_calls) for row in tmt.compare_runs(a, turned).rows} == {(51, 51), (71, 71)}


def test_what_differs_between_the_runs_is_told_first(tmp_path: pathlib.Path) -> None:
    def edited(session: files.SessionFile) -> None:
        session.chunk.functions[0].source = "def step(x):\n    return x + 1\n"
        session.chunk.logical_devices.append("/device:GPU:0")

    a = recorded(tmp_path / "a", {"step": clock(1)}, pid=1)
    versions = {**files.VERSIONS, "tensorflow": "2.20.0"}
    b = recorded(tmp_path / "b", {"step": clock(2)}, pid=2, change=edited, versions=versions, options={"memory": "peak"}, shape=(64, 8))
    told = tmt.compare_runs(a, b)
    found = {each.what: (each.a, each.b) for each in told.settings}
    assert found["tensorflow"] == ("2.21.0", "2.20.0")
    assert found["memory"] == ("off", "peak")
    assert found["arguments of step"] == ("(x: float32[32, 8])", "(x: float32[64, 8])")
    assert "code of step" in found
    assert found["devices"] == ("–", "/device:GPU:0")
    assert told.summary[0] == "The runs differ in versions, recording options, devices, code and the arguments of calls."
    (time,) = rows_of(told)["step"].times
    assert time.other_signatures
    assert time.verdict_text.endswith(", with other signatures")


def test_runs_without_a_definition_in_common_are_not_said_to_be_of_one_code(tmp_path: pathlib.Path) -> None:
    a = recorded(tmp_path / "a", {"step": clock(1, 5)}, pid=1)
    same = recorded(tmp_path / "same", {"step": clock(2, 5)}, pid=2)
    other = recorded(tmp_path / "other", {"evaluate": clock(2, 5)}, pid=3)
    older = recorded(tmp_path / "older", {"evaluate": clock(2, 5)}, pid=4, versions={**files.VERSIONS, "tensorflow": "2.20.0"})
    first = {each.name: tmt.compare_runs(a, each).summary[0] for each in (same, other, older)}
    assert first["same"].startswith("Nothing that is recorded of the runs themselves differs")
    assert first["other"].startswith("The runs have no definition in common; ")
    assert first["older"] == "The runs differ in versions. They have no definition in common."


def test_few_calls_are_not_compared_and_the_sentence_says_why(tmp_path: pathlib.Path) -> None:
    a = recorded(tmp_path / "a", {"step": clock(1, 12)}, pid=1)
    b = recorded(tmp_path / "b", {"step": clock(2)}, pid=2)
    (time,) = rows_of(tmt.compare_runs(a, b))["step"].times
    assert (time.verdict, time.ratio) == ("not-comparable", None)
    assert time.verdict_text == f"not comparable: A has 12 steady calls; at least {steadiness.LEAST_CALLS} are needed"


def test_of_signatures_in_another_mix_one_is_compared(tmp_path: pathlib.Path) -> None:
    """Large batches take four times as long; b has more of them, and is no slower."""

    def mixed(logdir: pathlib.Path, pid: int, large_of_ten: int) -> pathlib.Path:
        session = files.SessionFile(logdir, pid=pid)
        session.thread()
        function = session.function("step", kind="tf.function", parameters=("x",))
        sizes = [session.signature(function, x=files.tensor("float32", size, 8)) for size in (32, 128)]
        now = 0
        for number, duration in enumerate(clock(pid, 1000).tolist()):
            large = number % 10 < large_of_ten
            session.call(function, now, duration * (4 if large else 1), mode=words.Mode.GRAPH, signature=sizes[large])
            now += 1_000_000
        session.end(end_ns=now)
        return logdir

    (time,) = tmt.compare_runs(mixed(tmp_path / "a", 1, 3), mixed(tmp_path / "b", 2, 7)).rows[0].times
    assert time.verdict in ("same", "undecided")
    assert 0.9 < (time.ratio or 0) < 1.1
    assert "of calls with (x: float32[" in time.verdict_text


def test_findings_that_are_gone_and_new_are_told(tmp_path: pathlib.Path) -> None:
    def storm(session: files.SessionFile) -> None:
        function = session.function("grow", kind="tf.function", parameters=("n",))
        for number in range(40):
            key = files.arguments(n=files.literal(number))
            signature = session.signature(function, n=files.literal(number))
            start = 10**9 + number * 10**8
            call = session.call(function, start, 9 * 10**7, mode=words.Mode.GRAPH, signature=signature, trace=number + 1)
            session.trace(function, ordinal=number + 1, start_ns=start, duration_ns=8 * 10**7, call_id=call, signature=signature, key=key)

    a = recorded(tmp_path / "a", {"step": clock(1)}, pid=1, change=storm, ends_ns=6 * 10**9)
    b = recorded(tmp_path / "b", {"step": clock(2)}, pid=2)
    for told, state in ((tmt.compare_runs(a, b), "gone"), (tmt.compare_runs(b, a), "new")):
        found = {each.id: each for each in told.findings if each.state == state}
        assert "python-scalar-argument" in found
        assert max(found["python-scalar-argument"].a_lost_ns, found["python-scalar-argument"].b_lost_ns) > 10**9
        assert state.capitalize() in told.summary[-1]
    (grow,) = [row for row in tmt.compare_runs(a, b).rows if row.name == "grow"]
    assert (grow.a_traces, grow.b_traces) == ("40", None)


def test_what_cannot_be_compared_is_a_sentence(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = recorded(tmp_path / "runs" / "a", {"step": clock(1, 40)}, pid=1)
    b = recorded(tmp_path / "runs" / "b", {"step": clock(2, 40)}, pid=2)
    empty = files.SessionFile(tmp_path / "empty", pid=9)
    empty.thread()
    empty.end()
    for second, code, sentence in (
        (a, 2, "are the same run"),
        (tmp_path / "empty", 2, "Nothing was recorded in"),
        (tmp_path / "nowhere", 1, "does not exist"),
        (tmp_path / "runs", 2, "holds 2 runs"),
    ):
        assert main.main(["compare", str(a), str(second)]) == code
        printed = capsys.readouterr()
        assert sentence in printed.err
        assert printed.out == ""
    with pytest.raises(ValueError, match="empty list"):
        tmt.compare_runs([], b)
    assert main.main(["compare", str(a)]) == 2
    assert "two runs" in capsys.readouterr().err
    assert main.main(["compare", str(a), str(b), "--args", "3"]) == 2


def test_text_json_markdown_and_html_say_the_same(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = recorded(tmp_path / "a|b", {"step": clock(1), "<b>*evil*": clock(3, 40)}, pid=1)
    b = recorded(tmp_path / "c", {"step": clock(2)}, pid=2)
    told = tmt.compare_runs(a, b)
    assert main.main(["compare", str(a), str(b), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == told.to_dict()
    assert main.main(["compare", str(a), str(b)]) == 0
    assert capsys.readouterr().out == f"{told}\n"
    assert main.main(["compare", str(a), str(b), "--markdown"]) == 0
    printed = capsys.readouterr().out
    assert "### Wall time" in printed
    assert "\\<b\\>\\*evil\\*" in printed
    assert "<b>*" not in told._repr_html_().replace("<b>A</b>", "").replace("<b>B</b>", "")
    for line in told.summary:
        assert line in str(told)


def test_the_order_of_sides_only_turns_signs(tmp_path: pathlib.Path) -> None:
    a = recorded(tmp_path / "a", {"step": clock(1)}, pid=1)
    b = recorded(tmp_path / "b", {"step": clock(2, ratio=1.2)}, pid=2)
    there, back = tmt.compare_runs(a, b), tmt.compare_runs(b, a)
    assert there.delta_ns == -back.delta_ns
    (one,), (other,) = there.rows[0].times, back.rows[0].times
    assert one.ratio == pytest.approx(1 / (other.ratio or 1))
    assert (one.verdict, other.verdict) == ("slower", "faster")


def test_the_notes_name_the_margin_that_is_used_and_other_arguments_are_no_lack_of_calls(tmp_path: pathlib.Path) -> None:
    a = recorded(tmp_path / "a", {"step": clock(1)}, pid=1)
    b = recorded(tmp_path / "b", {"step": clock(3)}, pid=2)
    told = tmt.compare_runs(a, b)
    assert any("no verdict is given on less than 10%" in note for note in told.notes)
    other = dataclasses.replace(told.rows[0].times[0], other_signatures=True)
    changed = dataclasses.replace(told, rows=(dataclasses.replace(told.rows[0], times=(other,)),))
    assert "What a call takes is not judged: in the two runs, calls were given other arguments." in summaries.sentences(changed)
