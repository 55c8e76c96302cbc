"""``limit_traces``: the call that would trace once too often says so, and everything is as if it had not been made."""

from __future__ import annotations

import ast
import inspect
import os
import sys
import textwrap
import threading
import traceback
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.support import fresh
from tfmodetrace.recorder.tf import tracing
from tfmodetrace.testing import excess, limit


def _make(**options: Any) -> Any:
    @tf.function(**options)
    def step(x: Any, rate: Any) -> Any:
        return x * rate

    return step


def _line_of(text: str) -> int:
    """The line of this file in which a text stands first."""
    return next(number for number, line in enumerate(Path(__file__).read_text().splitlines(), 1) if text in line)


def test_the_call_raises_with_its_line_on_top_and_the_reason() -> None:
    step = _make()
    with tmt.limit_traces(2), pytest.raises(tmt.TraceLimitError) as raised:
        for rate in (0.1, 0.2, 0.3):
            step(tf.ones(2), rate)  # the first line of them
    lines = str(raised.value).splitlines()
    place = f"{__file__}:{_line_of('# the first line of' + ' them')}"
    assert lines[0] == f"{place}: step(tf.ones(2), rate)  # the first line of them"
    assert lines[1] == "step would be traced 3 times, but may be traced at most 2 times here."
    assert lines[2] == "Why: python-value: rate: 0.2 → 0.3"
    assert lines[3].startswith("What to do: ")
    assert step.experimental_get_tracing_count() == 2
    shown = traceback.extract_tb(raised.value.__traceback__)
    assert f"{shown[0].filename}:{shown[0].lineno}" == place


def test_the_fix_is_code_that_keeps_the_limit() -> None:
    @tf.function
    def step(x: Any, rate: Any) -> Any:
        return x * rate

    with tmt.limit_traces(2), pytest.raises(tmt.TraceLimitError) as raised:
        for rate in (0.1, 0.2, 0.3):
            step(tf.ones(2), rate)
    fix = textwrap.dedent(str(raised.value).partition("\nFix:\n")[2])
    assert "# in place of test_limit.py:" in fix
    mended: dict[str, Any] = {"tf": tf, "Any": Any}
    exec(f"{fix}\n    return x * rate", mended)  # the fix is the head of the definition
    with tmt.limit_traces(1):
        for rate in (0.1, 0.2, 0.3):
            np.testing.assert_allclose(mended["step"](tf.ones(2), rate), [rate, rate], rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "why", "advice"),
    [
        (((tf.ones(2), 1.0), (tf.ones(3), 1.0)), "shape: x: float32[2] → float32[3]", "Give x one shape"),
        (((tf.ones(2), 1.0), (tf.ones((2, 2)), 1.0)), "rank: x: float32[2] → float32[2, 2]", "Give x one rank."),
        (((tf.ones(2), tf.constant(1.0)), (tf.ones(2), 1.0)), "tensor-vs-python: rate: float32[] → 1.0", "Pass rate as a tensor always."),
    ],
)
def test_each_reason_has_its_advice_where_two_traces_are_no_finding(arguments: Any, why: str, advice: str) -> None:
    step = _make()
    with tmt.limit_traces(1), pytest.raises(tmt.TraceLimitError) as raised:
        for given in arguments:
            step(*given)
    assert f"Why: {why}\nWhat to do: {advice}" in str(raised.value)


def test_after_the_exception_the_function_works_and_counts_right() -> None:
    step = _make()
    with tmt.limit_traces(1):
        step(tf.ones(2), 1.0)
        for _ in range(2):  # the second time, too
            with pytest.raises(tmt.TraceLimitError):
                step(tf.ones(2), 2.0)
        np.testing.assert_array_equal(step(tf.ones(2), 1.0), [1.0, 1.0])
        assert step.experimental_get_tracing_count() == 1
    np.testing.assert_array_equal(step(tf.ones(2), 2.0), [2.0, 2.0])
    assert step.experimental_get_tracing_count() == 2


def test_a_function_that_may_not_be_traced_at_all_can_still_make_its_variables_later() -> None:
    made: list[tf.Variable] = []

    @tf.function
    def count(x: Any) -> Any:
        if not made:
            made.append(tf.Variable(5.0))
        return made[0].assign_add(x)

    with tmt.limit_traces(0), pytest.raises(tmt.TraceLimitError, match="must not be traced here"):
        count(tf.constant(1.0))
    assert made == []
    assert float(count(tf.constant(1.0))) == 6.0
    assert count.experimental_get_tracing_count() == 2


def test_a_function_that_makes_variables_is_stopped_between_its_two_first_traces_and_goes_on_later() -> None:
    made: list[tf.Variable] = []

    @tf.function
    def count(x: Any) -> Any:
        if not made:
            made.append(tf.Variable(5.0))
        return made[0].assign_add(x)

    with tmt.limit_traces(1), pytest.raises(tmt.TraceLimitError, match="variable-creation"):
        count(tf.constant(1.0))
    assert float(count(tf.constant(1.0))) == 6.0
    assert count.experimental_get_tracing_count() == 2
    assert len(made) == 1


def test_nothing_of_a_refused_call_has_run() -> None:
    total, ran = tf.Variable(0.0), []

    @tf.function
    def add(x: Any, n: int) -> Any:
        ran.append(n)
        return total.assign_add(x * n)

    with tmt.limit_traces(1), pytest.raises(tmt.TraceLimitError):
        add(tf.constant(1.0), 1)
        add(tf.constant(1.0), 2)
    assert (float(total), ran) == (1.0, [1])


def test_a_failed_trace_does_not_count() -> None:
    @tf.function
    def step(x: Any, fails: bool) -> Any:
        if fails:
            raise KeyError("no")
        return x

    with tmt.limit_traces(1):
        for _ in range(3):
            with pytest.raises(KeyError):
                step(tf.ones(2), True)
        step(tf.ones(2), False)


def test_traces_before_the_block_do_not_count_and_blocks_can_be_nested() -> None:
    step, other = _make(), _make()
    step(tf.ones(2), 1.0)
    step(tf.ones(2), 2.0)
    with tmt.limit_traces(1) as outer:
        step(tf.ones(2), 3.0)
        with tmt.limit_traces(0, function="st*"), pytest.raises(tmt.TraceLimitError, match="must not"):
            other(tf.ones(2), 1.0)
        with tmt.limit_traces(0, function="no_such*"):
            other(tf.ones(2), 1.0)
        with outer, pytest.raises(tmt.TraceLimitError):  # again inside itself: of its own
            for rate in (2.0, 3.0):
                other(tf.ones(2), rate)
    step(tf.ones(2), 4.0)
    assert (step.experimental_get_tracing_count(), other.experimental_get_tracing_count()) == (4, 1)


def test_it_warns_once_a_function_at_the_programs_line() -> None:
    step, other = _make(), _make()
    with warnings.catch_warnings(record=True) as caught, tmt.limit_traces(1, then="warn"):
        warnings.simplefilter("always")
        for rate in (0.1, 0.2, 0.3):
            step(tf.ones(2), rate)  # warned of here
        for rate in (0.1, 0.2, 0.3):
            other(tf.ones(2), rate)
    told = [warning for warning in caught if warning.category is tmt.TraceLimitWarning]
    assert len(told) == 2
    assert (told[0].filename, told[0].lineno) == (__file__, _line_of("# warned of" + " here"))
    assert "rate: 0.1 → 0.2" in str(told[0].message)
    assert step.experimental_get_tracing_count() == 3


def test_a_warning_that_is_an_error_raises_from_the_call() -> None:
    step = _make()
    with warnings.catch_warnings(), tmt.limit_traces(1, "warn"):
        warnings.simplefilter("error", tmt.TraceLimitWarning)
        step(tf.ones(2), 1.0)
        with pytest.raises(tmt.TraceLimitWarning):
            step(tf.ones(2), 2.0)
        step(tf.ones(2), 2.0)
    assert step.experimental_get_tracing_count() == 2


@pytest.mark.parametrize("decorated", [False, True])
def test_it_works_beside_a_recording_which_goes_on(decorated: bool, tmp_path: Path) -> None:
    step = tmt.traced(_make()) if decorated else _make()
    with tmt.record(tmp_path, instrument="decorated" if decorated else "all", samples=False):
        with tmt.limit_traces(1):
            step(tf.ones(2), 1.0)
            with pytest.raises(tmt.TraceLimitError, match=r"rate: 1\.0 → 2\.0"):
                step(tf.ones(2), 2.0)
        step(tf.ones(2), 2.0)
    (run,) = tmt.read(tmp_path).runs
    assert len(run.traces) == 2
    assert len(run.calls) == 3
    assert {error.type.rpartition(".")[2] for error in run.errors} == {"TraceLimitError"}
    (diagnosis,) = {diagnosis.why for diagnosis in run.answers.diagnoses}
    assert diagnosis.startswith("limit_traces, or TFMODETRACE_LIMIT_TRACES, did not let")
    assert "failed-trace" not in {finding["id"] for finding in run.findings}
    assert not sum(process.internal_faults for process in run.processes)


def test_a_recording_that_begins_inside_the_block_knows_that_the_body_has_not_failed(tmp_path: Path) -> None:
    step = tmt.traced(_make())
    with tmt.limit_traces(1), tmt.record(tmp_path):
        step(tf.ones(2), 1.0)
        with pytest.raises(tmt.TraceLimitError):
            step(tf.ones(2), 2.0)
        step(tf.ones(2), 1.0)
    (run,) = tmt.read(tmp_path).runs
    assert (len(run.traces), len(run.calls), len(run.errors)) == (1, 3, 1)
    assert run.errors[0].mode == "graph"
    assert "failed-trace" not in {finding["id"] for finding in run.findings}


def test_a_limit_that_outlives_a_recording_holds_and_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create = tracing._tracing_compilation._create_concrete_function
    monkeypatch.setattr(tracing._tracing_compilation, "_create_concrete_function", create)  # as it is again for the next test
    step = _make()
    tmt.start(tmp_path)
    with tmt.limit_traces(1):
        tmt.stop()
        step(tf.ones(2), 1.0)
        with pytest.raises(tmt.TraceLimitError):
            step(tf.ones(2), 2.0)
    step(tf.ones(2), 2.0)
    (run,) = tmt.read(tmp_path).runs
    assert len(run.traces) == 0
    # What lay below ours stays where it was, asleep; another block does not lie on it once more.
    for _ in range(2):
        with tmt.limit_traces(0), pytest.raises(tmt.TraceLimitError):
            step(tf.ones(2), 3.0)
    assert tracing._tracing_compilation._create_concrete_function.__wrapped__ is create


def test_nested_functions_are_limited_each_by_itself_and_keep_the_exceptions_class() -> None:
    @tf.function
    def inner(x: Any, n: int) -> Any:
        return x + n

    @tf.function
    def outer(x: Any, numbers: Any) -> Any:
        for n in numbers:
            x = inner(x, n)
        return x

    with tmt.limit_traces(2):
        with pytest.raises(tmt.TraceLimitError, match="inner would be traced 3 times") as raised:
            outer(tf.ones(2), (1, 2, 3))
        assert "x = inner(x, n)" in str(raised.value)
        np.testing.assert_array_equal(outer(tf.ones(2), (1, 2)), [4.0, 4.0])
    assert (inner.experimental_get_tracing_count(), outer.experimental_get_tracing_count()) == (2, 1)
    np.testing.assert_array_equal(outer(tf.ones(2), (1, 2, 3)), [7.0, 7.0])


def test_methods_are_counted_for_each_instance() -> None:
    class Model:
        def __init__(self) -> None:
            self.weight = tf.Variable(2.0)

        @tf.function
        def step(self, x: Any, n: int) -> Any:
            return x * self.weight * n

    one, other = Model(), Model()
    with tmt.limit_traces(1):
        one.step(tf.constant(1.0), 1)
        other.step(tf.constant(1.0), 1)
        with pytest.raises(tmt.TraceLimitError, match="step would be traced 2 times"):
            one.step(tf.constant(1.0), 2)
    assert float(one.step(tf.constant(1.0), 2)) == 4.0


def test_threads_are_counted_together() -> None:
    step, raised = _make(), []

    def work(rate: float) -> None:
        try:
            step(tf.ones(2), rate)
        except tmt.TraceLimitError as error:
            raised.append(error)

    with tmt.limit_traces(2):
        threads = [threading.Thread(target=work, args=(float(number),)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(raised) == 6
    assert step.experimental_get_tracing_count() == 2


def test_keras_fit_stops_and_goes_on_with_the_same_model() -> None:
    model = keras.Sequential([keras.Input((None, 3)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    short, long = (np.ones((8, length, 3), np.float32) for length in (4, 6))
    with tmt.limit_traces(1):
        model.fit(short, short[..., :1], batch_size=4, verbose=0)
        with pytest.raises(tmt.TraceLimitError) as raised:
            model.fit(long, long[..., :1], batch_size=4, verbose=0)  # fits anew
    assert f"{__file__}:{_line_of('# fits' + ' anew')}: model.fit(long" in str(raised.value)
    assert "float32[4, 4, 3]" in str(raised.value)
    assert "What to do: Give iterator elements of one shape and dtype." in str(raised.value)
    before = model.optimizer.iterations.numpy()
    model.fit(long, long[..., :1], batch_size=4, verbose=0)
    assert model.optimizer.iterations.numpy() == before + 2


def test_what_tf_data_maps_is_traced_once_and_what_it_calls_is_limited() -> None:
    step = _make()
    numbers = tf.data.Dataset.range(3)
    with tmt.limit_traces(1):
        mapped = numbers.map(lambda n: step(tf.cast(n, tf.float32), 2.0))
        assert [float(each) for each in mapped] == [0.0, 2.0, 4.0]
        with pytest.raises(tmt.TraceLimitError):
            numbers.map(lambda n: step(tf.cast(n, tf.float32), 3.0))
    assert [float(each) for each in numbers.map(lambda n: step(tf.cast(n, tf.float32), 3.0))] == [0.0, 3.0, 6.0]


def test_functions_that_tensorflow_makes_for_itself_are_left_alone() -> None:
    with tmt.limit_traces(0):
        dataset = tf.data.Dataset.range(4).batch(2).map(lambda x: x + 1)
        assert [each.tolist() for each in dataset.as_numpy_iterator()] == [[1, 2], [3, 4]]


def test_it_is_a_decorator_too() -> None:
    step = _make()

    @tmt.limit_traces(1)
    def job(rates: list[float]) -> None:
        for rate in rates:
            step(tf.ones(1), rate)

    job([1.0])
    job([2.0])
    with pytest.raises(tmt.TraceLimitError):
        job([3.0, 4.0])


@pytest.mark.parametrize("at_most", [-1, 1.5, True, "1"])
def test_a_limit_that_is_no_number_is_refused(at_most: Any) -> None:
    with pytest.raises(ValueError, match="whole number"):
        tmt.limit_traces(at_most)


def test_another_consequence_is_refused() -> None:
    with pytest.raises(ValueError, match='"raise" or "warn"'):
        tmt.limit_traces(1, then="log")  # type: ignore[arg-type]


def test_the_limit_holds_where_its_reason_cannot_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("inside of ours")

    monkeypatch.setattr(excess.trace_keys, "cache_key", broken)
    step = _make()
    with tmt.limit_traces(1), pytest.raises(tmt.TraceLimitError, match="may be traced at most once here") as raised:
        step(tf.ones(2), 1.0)
        step(tf.ones(2), 2.0)
    assert "inside of ours" not in str(raised.value)


def test_a_tensorflow_that_cannot_be_asked_is_told_of_on_entering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing.TraceGate, "available", False)
    with pytest.raises(tmt.UnavailableError, match="Use expect_traces"), tmt.limit_traces(1):
        pass


def test_cached_calls_pass_nothing_of_ours() -> None:
    """What the cost of a cached call comes from: no method of a tf.function that such a call passes is replaced."""
    kind = type(_make())
    before = dict(vars(kind))
    with tmt.limit_traces(1):
        changed = {name for name, value in vars(kind).items() if before.get(name) is not value}
    assert changed == {"_initialize"}
    assert dict(vars(kind)) == before


def test_a_cached_call_goes_the_same_way_inside_a_block_and_outside() -> None:
    step, x = _make(), tf.ones(2)

    def way() -> list[str]:
        passed: list[str] = []

        def note(frame: Any, event: str, given: Any) -> None:
            passed.append(f"{event} {frame.f_code.co_qualname} {getattr(given, '__qualname__', '')}" if "call" in event else event)

        sys.setprofile(note)
        try:
            step(x, 2.0)
        finally:
            sys.setprofile(None)
        return passed

    for _ in range(3):  # what TensorFlow itself does once only
        way()
    outside = way()
    with tmt.limit_traces(1):
        inside = way()
    assert inside == outside
    assert len(outside) > 10


_PROGRAM = """
import tensorflow as tf
import tfmodetrace

@tf.function
def step(x, n):
    return x * n

for n in (1, 2, 3):
    step(tf.ones(1), n)
print("done", step.experimental_get_tracing_count())
"""


def _run(value: str, tmp_path: Path) -> Any:
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM)
    return fresh.run(program, env={**os.environ, "TFMODETRACE_LIMIT_TRACES": value})


@pytest.mark.parametrize("value", ["2", "2:raise"])
def test_the_environment_limits_a_program_which_then_ends(value: str, tmp_path: Path) -> None:
    done = _run(value, tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"TraceLimitError: {tmp_path / 'program.py'}:10: step(tf.ones(1), n)" in done.stderr
    assert "n: 2 → 3" in done.stderr


def test_the_environment_has_a_program_warned(tmp_path: Path) -> None:
    done = _run("2:warn", tmp_path)
    assert (done.returncode, done.stdout) == (0, "done 3\n")
    assert f"{tmp_path / 'program.py'}:10: TraceLimitWarning: " in done.stderr


@pytest.mark.parametrize("value", ["many", "-1", "2:log", "²"])
def test_what_the_environment_cannot_mean_is_logged_and_limits_nothing(value: str, tmp_path: Path) -> None:
    done = _run(value, tmp_path)
    assert (done.returncode, done.stdout) == (0, "done 3\n")
    assert f"TFMODETRACE_LIMIT_TRACES={value} limits nothing: it takes a number of traces" in done.stderr


def test_the_signature_of_the_public_function_is_that_of_the_class() -> None:
    public = inspect.signature(tmt.limit_traces).parameters
    own = dict(inspect.signature(limit.limit_traces.__init__).parameters)
    del own["self"]
    assert {name: (each.kind, each.default) for name, each in public.items()} == {
        name: (each.kind, each.default) for name, each in own.items()
    }
    assert ast.get_docstring(ast.parse(textwrap.dedent(inspect.getsource(tmt.limit_traces))).body[0])  # type: ignore[arg-type]
