"""Answers: each is computed once, and says the same to whoever asks."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import threading
import time
import types
import typing
from collections.abc import Mapping
from typing import Any

import pytest

import tfmodetrace as tmt
from tests.support import files, sources
from tfmodetrace import insight, log
from tfmodetrace.insight import answers, lazily, plain, reasons, report, times, whatif
from tfmodetrace.insight.report import traces
from tfmodetrace.schema import words


def told(logdir: pathlib.Path) -> answers.Answers:
    (run,) = log.read(logdir).runs
    return answers.Answers(run)


@pytest.fixture
def explained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the runs whose traces were explained, as often as they were."""
    found: list[str] = []
    explain = reasons.explain

    def counted(run: Any) -> Any:
        found.append(run.name)
        return explain(run)

    monkeypatch.setattr(reasons, "explain", counted)
    return found


def test_traces_are_explained_once_whoever_asks(tmp_path: pathlib.Path, explained: list[str]) -> None:
    files.small_run(tmp_path / "a")
    files.small_run(tmp_path / "b")
    read = tmt.read(tmp_path)
    assert explained == []
    for _ in range(3):
        assert read.findings == ()
        whole = read.to_dict()
        assert [run.to_dict() for run in read.runs] == whole["runs"]
        report.trace_report(read.runs[0].answers, 1)
    assert explained == ["a", "b"]


def test_what_is_returned_can_be_changed_without_harm(tmp_path: pathlib.Path) -> None:
    files.varied_run(tmp_path)
    read = tmt.read(tmp_path)
    before = json.dumps(read.to_dict())
    changed = read.to_dict()
    changed["runs"][0]["functions"].clear()
    changed["runs"][0]["traces"][0]["captures"].append("more")
    changed["runs"][0]["traces"][0]["graph"]["op_types"].clear()
    assert json.dumps(read.to_dict()) == before


def test_threads_that_ask_at_once_wait_for_one_answer() -> None:
    class Slow:
        made = 0

        @lazily.once
        def first(self) -> int:
            """Says how often it was asked for."""
            time.sleep(0.05)
            Slow.made += 1
            return Slow.made

        @lazily.once
        def second(self) -> int:
            return self.first + 1

    slow = Slow()
    together = threading.Barrier(8)
    found: list[int] = []

    def ask() -> None:
        together.wait()
        found.append(slow.second)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found, Slow.made, Slow.first.__doc__) == ([2] * 8, 1, "Says how often it was asked for.")


def test_what_could_not_be_computed_is_tried_again() -> None:
    class Failing:
        tries = 0

        @lazily.once
        def answer(self) -> int:
            Failing.tries += 1
            if Failing.tries == 1:
                raise ValueError("not yet")
            return 7

    failing = Failing()
    with pytest.raises(ValueError, match="not yet"):
        _ = failing.answer
    assert failing.answer == 7


def test_the_time_in_functions_counts_nothing_twice_and_each_thread(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    main, worker = session.thread(), session.thread("worker")
    outer, step = session.function("outer"), session.function("step", kind="tf.function")
    call = session.call(outer, 0, 100, thread=main)
    session.call(step, 10, 50, thread=main, parent=call, depth=1)
    session.call(step, 0, 30, thread=worker)
    # Inside a call, one trace inside another; outside any call; on the other thread.
    session.trace(step, ordinal=1, start_ns=10, duration_ns=30, call_id=1, thread=main)
    session.trace(step, ordinal=2, start_ns=20, duration_ns=10, call_id=1, thread=main)
    session.trace(step, ordinal=3, start_ns=200, duration_ns=40, thread=main)
    session.trace(step, ordinal=4, start_ns=5, duration_ns=20, thread=worker)
    session.end()
    summary = told(tmp_path).summary
    assert (summary.functions_ns, summary.tracing_ns, summary.running_ns) == (100 + 40 + 30, 30 + 40 + 20, 80)
    assert summary.tracing_share_of_functions == 90 / 170
    assert (summary.traces, summary.retraces, summary.retraced_functions) == (4, 3, 1)
    assert (summary.repeated.total, summary.repeated_text) == (3, "3 repeated: 3 of the same function")
    assert (summary.calls.eager, summary.calls.total, summary.call_shares["eager"]) == (3, 3, 1)


def test_the_summary_counts_functions_made_anew_among_the_repeated_traces(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    once = session.function("once", kind="tf.function")
    session.trace(once, ordinal=1)
    for instance in range(4):
        session.trace(session.function("step", kind="tf.function", instance=instance), ordinal=1)
        session.chunk.functions[-1].definition_id = once + 1
    session.end()
    summary = told(tmp_path).summary
    assert (summary.traces, summary.retraces) == (5, 0)
    assert (summary.repeated.total, summary.repeated.made_anew) == (3, 3)
    assert summary.repeated_text == "3 repeated: 3 of functions made anew"


def test_the_summary_says_so_where_nothing_was_traced_again(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    session.trace(session.function("step", kind="tf.function"), ordinal=1)
    session.end()
    summary = told(tmp_path).summary
    assert (summary.repeated.total, summary.repeated_text) == (0, "none repeated")


def test_a_generator_that_outlives_its_caller_is_time_in_a_function(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    make, rows = session.function("make"), session.function("rows", kind="generator")
    call = session.call(make, 0, 10)
    session.call(rows, 5, 100, parent=call, depth=1, flags=words.CallFlag.SUSPENDABLE)
    session.call(rows, 20, 10, parent=call, depth=1, flags=words.CallFlag.SUSPENDABLE)
    session.end()
    (run,) = log.read(tmp_path).runs
    assert (times.in_functions_ns(run), times.in_traces_ns(run)) == (105, 0)


def test_nothing_recorded_has_no_share(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    session.trace(session.function("alone", kind="tf.function"), ordinal=1, start_ns=0, duration_ns=5)
    session.end()
    summary = told(tmp_path).summary
    assert (summary.tracing_ns, summary.running_ns, summary.tracing_share_of_functions) == (5, 0, None)
    assert summary.call_shares == dict.fromkeys(words.MODES, 0.0)


def test_retraces_are_added_up_by_cause(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    step = session.function("step", kind="tf.function", parameters=("x",))
    session.function("untraced")
    specs = (("float32", 3, 90), ("float32", 4, 5), ("int32", 5, 30), ("float32", 6, 7))
    for number, (dtype, size, duration_ns) in enumerate(specs):
        key = files.arguments(x=files.tensor(dtype, size))
        session.trace(step, ordinal=number + 1, start_ns=100 * number, duration_ns=duration_ns, key=key)
    session.trace(step, ordinal=5, start_ns=500)
    session.end()
    answered = told(tmp_path)
    found = [(cause.kinds, cause.retraces, cause.tracing_ns) for cause in answered.causes[step]]
    assert found == [(("shape", "dtype"), 1, 30), (("shape",), 2, 12), (("unknown",), 1, 0)]
    assert [(each.kind, each.traces) for each in answered.summary.change_kinds] == [
        ("shape", 3),
        ("dtype", 1),
        ("first-trace", 1),
        ("unknown", 1),
    ]
    assert [len(function["causes"]) for function in report.run_report(answered.run)["functions"]] == [3, 0]


def test_a_failure_counts_once_and_alike_ones_are_together(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    outer, step = session.function("outer"), session.function("step")

    def fail(line: int, time_ns: int, *, message: str = "no", left: tuple[int, ...] = (step,)) -> None:
        first = None
        for depth, function in enumerate(left):
            number = session.error(function, message=message, time_ns=time_ns)
            error = session.chunk.errors[-1]
            first = number if first is None else first
            error.first_error = 0 if depth == 0 else first + 1
            for _ in range(depth + 1):
                error.stack.add(file="train.py", line=line, function="f", code="f()")

    fail(3, 90)
    fail(4, 50, left=(step, outer))
    fail(3, 95)
    known = "'SymbolicTensor' object has no attribute 'numpy'"
    session.error(step, type_name="AttributeError", message=known, mode=words.Mode.TRACING, time_ns=200)
    session.end()
    answered = told(tmp_path)
    groups = answered.failures
    assert [group.diagnosis_id for group in groups] == ["symbolic-to-numpy", "unclassified", "unclassified"]
    nested, twice = groups[1], groups[2]
    assert (nested.count, nested.left, nested.error_id, nested.stack_error_id) == (1, (step, outer), 1, 2)
    assert (twice.count, twice.error_ids, twice.left) == (2, (0, 3), (step,))
    assert answered.summary.failures == 4


@pytest.mark.parametrize(
    ("numbers", "better"),
    [
        ((9, 2, 9, 1), ("input_signature", "tensor_argument")),
        ((9, 1, None, 1), ("tensor_argument", "input_signature")),
        ((9, 9, 9, None), ()),
    ],
)
def test_options_are_better_by_the_traces_they_leave_and_the_one_whose_code_is_given_is_marked(
    numbers: tuple[int, int, int | None, int | None], better: tuple[str, ...]
) -> None:
    now, tensor, reduced, signature = numbers
    simulated = whatif.WhatIf(now=now, tensor_argument=tensor, reduce_retracing=reduced, input_signature=signature)
    assert simulated.better == better
    assert not any(option.best for option in simulated.options)
    options = simulated.with_chosen("tensor_argument").options
    assert [option.traces for option in options] == list(numbers)
    assert [option.option for option in options if option.best] == ["tensor_argument"]
    assert f"{tensor} with tensor arguments" in whatif.told(options)


@pytest.mark.parametrize("write", [files.small_run, files.varied_run])
def test_what_is_sent_is_what_the_types_say(write: Any, tmp_path: pathlib.Path) -> None:
    write(tmp_path)
    answered = told(tmp_path)
    for full in (True, False):
        whole = report.of_run(answered, full=full)
        check(whole, report.RunReport, "run")
        assert json.loads(json.dumps(plain.plain(whole), allow_nan=False)) == plain.plain(whole)
    check(traces.details(answered, 1), traces.TraceDetails, "trace")


def check(value: Any, hint: Any, where: str) -> None:
    """Fails where a value is not what a type says; mypy does not see what comes from files and from numpy."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return
    if origin in (typing.Union, types.UnionType):
        if value is None:
            assert types.NoneType in arguments, where
        else:
            check(value, next(argument for argument in arguments if argument is not types.NoneType), where)
    elif origin is typing.Literal:
        assert value in arguments, f"{where}: {value!r}"
    elif origin is tuple:
        assert type(value) is tuple, f"{where}: {value!r}"
        for number, each in enumerate(value):
            check(each, arguments[0], f"{where}[{number}]")
    elif origin is not None:
        assert isinstance(value, Mapping), f"{where}: {value!r}"
        for key, each in value.items():
            check(key, arguments[0], where)
            check(each, arguments[1], f"{where}[{key!r}]")
    elif isinstance(hint, type) and dataclasses.is_dataclass(hint):
        assert isinstance(value, hint), f"{where}: {value!r}"
        for name, own in typing.get_type_hints(hint).items():
            check(getattr(value, name), own, f"{where}.{name}")
    else:
        assert type(value) is hint or (hint is float and type(value) is int), f"{where}: {value!r} is no {hint}"


def test_what_has_no_place_in_json_is_refused() -> None:
    with pytest.raises(TypeError, match="a set has no place in a report"):
        plain.plain({"a": [{1, 2}]})


def test_a_log_and_its_runs_print_in_one_line(tmp_path: pathlib.Path) -> None:
    files.varied_run(tmp_path / "one<b>")
    files.small_run(tmp_path / "two")
    read = tmt.read(tmp_path)
    assert repr(read) == f"<TraceLog {str(tmp_path)!r}: 2 runs, 5 functions, 605 calls, 10 traces, 5 errors>"
    assert repr(read.runs[1]) == "<Run 'two': 2 functions, 5 calls, 2 traces, 1 error>"
    assert repr(log.read(tmp_path)) == repr(read)
    shown = read._repr_html_()
    assert "<b>one&lt;b&gt;</b>" in shown
    assert "one<b>" not in shown
    assert (shown.count("<table"), read.runs[1]._repr_html_().count("<table")) == (2, 1)


def test_a_run_alone_can_be_asked_as_the_log_can(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("pandas")
    files.small_run(tmp_path / "a")
    files.varied_run(tmp_path / "b")
    read = tmt.read(tmp_path)
    second = read.run("b")
    assert isinstance(second, insight.Run)
    assert second.to_dict() == read.to_dict()["runs"][1]
    assert second.findings == tuple(finding for finding in read.findings if finding["run"] == "b")
    frame, whole = second.to_pandas(), read.to_pandas()
    of_second = whole[whole["run"] == "b"]
    for column in ("run", "function", "signature", "thread", "duration_ns"):
        assert frame[column].astype(object).tolist() == of_second[column].astype(object).tolist()


def test_what_read_raises_has_a_public_name(tmp_path: pathlib.Path) -> None:
    with pytest.raises(tmt.LogError, match="There is no recording"):
        tmt.read(tmp_path)
    assert log.LogError is tmt.LogError


def test_the_types_of_the_page_are_those_of_the_report() -> None:
    text = (sources.ROOT / "frontend" / "src" / "api" / "report.ts").read_text()
    for name in (*words.FINDING_IDS, *words.DIAGNOSIS_IDS, *words.CHANGE_KINDS, *words.MODES, *words.SEVERITIES):
        assert f'"{name}"' in text, f"{name} is missing; run `make api-types`"
