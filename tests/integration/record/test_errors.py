"""Exceptions that leave calls: what is kept of them, told once, and told to whoever sees them."""

from __future__ import annotations

import contextlib
import functools
import pathlib
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

import keras
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.record.conftest import Recorder
from tfmodetrace.recorder.errors import cut_tracebacks, error_stacks, errors
from tfmodetrace.recorder.session import process
from tfmodetrace.recorder.tf import tracebacks


@tmt.traced
def outer(function: Callable[[], Any]) -> Any:
    return inner(function)


@tmt.traced
def inner(function: Callable[[], Any]) -> Any:
    return function()


def fail() -> None:
    count, rate = 3, tf.constant([0.5, 0.25])
    raise LookupError(f"{count} at {rate.shape}")  # fails


def line_of(function: Any, mark: str) -> int:
    import inspect

    lines, first = inspect.getsourcelines(function)
    return next(number for number, line in enumerate(lines, first) if mark in line)


def test_a_failure_is_told_once_however_many_calls_it_left(recording: Recorder) -> None:
    with recording() as report:
        for _ in range(2):
            with pytest.raises(LookupError):
                outer(fail)
        with pytest.raises(LookupError):
            inner(fail)
    first = [(error["error_id"], error["first_error_id"]) for error in report["errors"]]
    assert first == [(0, 0), (1, 0), (2, 2), (3, 2), (4, 4)]


def test_another_exception_further_out_is_another_failure(recording: Recorder) -> None:
    def swallowed() -> None:
        with contextlib.suppress(LookupError):
            inner(fail)
        raise KeyError("mine")

    def translated() -> None:
        try:
            inner(fail)
        except LookupError as error:
            raise RuntimeError("it cannot be read") from error

    with recording() as report:
        with pytest.raises(KeyError):
            inner(swallowed)
        with pytest.raises(RuntimeError):
            inner(translated)
    by_id = {error["error_id"]: (error["type"], error["first_error_id"]) for error in report["errors"]}
    assert by_id == {0: ("LookupError", 0), 1: ("KeyError", 1), 2: ("LookupError", 2), 3: ("RuntimeError", 2)}
    (chain,) = [error["chain"] for error in report["errors"] if error["type"] == "RuntimeError"]
    assert [(raised["type"], raised["relation"]) for raised in chain] == [("RuntimeError", "left"), ("LookupError", "cause")]


def test_a_failure_that_is_another_exception_on_every_level_is_told_once(recording: Recorder) -> None:
    def down(level: int) -> None:
        if level == 0:
            fail()
        try:
            inner(lambda: down(level - 1))
        except Exception as error:
            raise RuntimeError(f"level {level}") from error

    with recording() as report:
        for _ in range(2):
            with pytest.raises(RuntimeError):
                inner(lambda: down(20))
    assert [error["first_error_id"] for error in report["errors"]] == [0] * 21 + [21] * 21
    assert {len(error["chain"]) for error in report["errors"]} == set(range(1, errors.MAX_CHAIN + 1))


def test_the_stack_leads_from_the_program_to_the_line_with_its_types(recording: Recorder) -> None:
    with recording() as report, pytest.raises(LookupError):
        outer(fail)
    stack = report["errors"][0]["stack"]
    assert [frame["function"] for frame in stack[-3:]] == ["outer", "inner", "fail"]
    assert stack[-1]["line"] == line_of(fail, "# fails")
    assert stack[-1]["code"].endswith("# fails")
    assert stack[-1]["variables"] == {"count": "3", "rate": "float32[2]"}
    assert not [frame for frame in stack if "/tfmodetrace/recorder/" in frame["file"]]
    assert any(frame["function"] == "test_the_stack_leads_from_the_program_to_the_line_with_its_types" for frame in stack)


def test_frames_of_libraries_are_counted_and_left_out(recording: Recorder) -> None:
    def through_a_library() -> None:
        tf.nest.map_structure(lambda _: fail(), [1])

    with recording() as report, pytest.raises(LookupError):
        inner(through_a_library)
    names = [(frame["function"], frame["folded"] > 0) for frame in report["errors"][0]["stack"]]
    assert names[-3:] == [("through_a_library", True), ("<lambda>", False), ("fail", False)]


@pytest.mark.parametrize("hooked", [True, False])
def test_the_frame_that_raised_is_known_although_tracebacks_are_cut(
    hooked: bool, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hooked:
        monkeypatch.setattr(tracebacks.TracebackHook, "available", False)

    @tmt.traced
    @tf.function(autograph=False)
    def leaky(x: Any) -> Any:
        return bool(x)

    with pytest.raises(TypeError) as raised, tmt.record(tmp_path):
        leaky(tf.constant(1.0))
    frames = [frame.name for frame in traceback.extract_tb(raised.value.__traceback__)]
    assert "_disallow" not in frames, "TensorFlow cuts it"
    log = tmt.read(tmp_path)
    (error,) = log.errors
    # Without the hook it is not known, and nothing is guessed.
    assert (error.chain[0].origin is not None and error.chain[0].origin.function == "_disallow") is hooked
    assert log.to_dict()["runs"][0]["errors"][0]["diagnosis"]["id"] == "symbolic-bool"


def test_the_hooks_are_put_back(tmp_path: pathlib.Path) -> None:
    from keras.src.utils import traceback_utils as of_keras
    from tensorflow.python.util import traceback_utils as of_tensorflow

    before = of_keras._process_traceback_frames, of_tensorflow._process_traceback_frames
    with tmt.record(tmp_path):
        during = of_keras._process_traceback_frames, of_tensorflow._process_traceback_frames
        assert during[0] is not before[0]
        assert during[1] is not before[1]
    assert (of_keras._process_traceback_frames, of_tensorflow._process_traceback_frames) == before


def test_an_exception_that_looks_like_an_earlier_one_is_not_taken_for_it() -> None:
    def noted(error: Exception) -> Exception:
        try:
            raise error
        except ValueError as raised:
            error_stacks.note_origin(raised, raised.__traceback__)
            return raised

    error = noted(ValueError("first"))
    place = error_stacks.origin_of(error)
    assert place is not None
    assert place.function == "noted"
    other = ValueError("second")
    error_stacks._origins.noted[id(other)] = error_stacks._origins.noted[id(error)]
    assert error_stacks.origin_of(other) is None
    # One may lie where another lay, and its message where that one's was.
    assert len({error_stacks._looks(ValueError("".join([letter] * 60))) for letter in "abc"}) == 3


def test_an_exception_without_end_has_an_end(recording: Recorder) -> None:
    def circular() -> None:
        first, second = ValueError("first of two"), ValueError("second of two")
        first.__cause__, second.__cause__ = second, first
        raise first

    def long() -> None:
        error: Exception = ValueError("number 0 of many")
        for number in range(1, 40):
            following = RuntimeError(f"number {number} of many")
            following.__cause__ = error
            error = following
        raise error

    with recording() as report:
        with pytest.raises(ValueError, match="first"):
            inner(circular)
        with pytest.raises(RuntimeError):
            inner(long)
    assert report["processes"][0]["internal_faults"] == 0
    assert [len(error["chain"]) for error in report["errors"]] == [2, errors.MAX_CHAIN]


def test_of_a_flood_of_errors_only_types_and_messages_are_kept(recording: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "MAX_DESCRIBED", 5)
    with recording() as report:
        for _ in range(8):
            with pytest.raises(LookupError):
                inner(fail)
    assert [bool(error["stack"]) for error in report["errors"]] == [True] * 5 + [False] * 3
    assert {error["message"] for error in report["errors"]} == {"3 at (2,)"}


def test_deep_recursion_keeps_the_ends_of_the_stack(recording: Recorder) -> None:
    def down(depth: int) -> None:
        if depth == 0:
            raise ValueError("at the bottom")  # fails
        down(depth - 1)

    with recording() as report, pytest.raises(ValueError, match="bottom"):
        inner(functools.partial(down, 300))
    (error,) = report["errors"]
    assert len(error["stack"]) == error_stacks.MAX_FRAMES
    assert error["stack"][-1]["code"].endswith("# fails")


def test_nothing_that_failed_is_kept_alive(recording: Recorder) -> None:
    import gc
    import weakref

    class Kept:
        pass

    def failing() -> None:
        kept = Kept()
        references.append(weakref.ref(kept))
        raise ValueError(str(kept is None))

    references: list[Any] = []
    with recording():
        for function in (failing, failing):
            with pytest.raises(ValueError, match="False"):
                inner(function)
        gc.collect()
        sys.exc_info()
        assert [reference() for reference in references] == [None, None]


# --- Told where it is raised --------------------------------------------------------------------------------------------------------------


@tf.function
def numpy_in_a_graph(x: Any) -> Any:
    return x.numpy()


def noted(tmp_path: pathlib.Path, function: Callable[[], Any], *, explain: bool = True) -> BaseException:
    with pytest.raises(Exception) as raised, tmt.record(tmp_path, instrument="all", explain_errors=explain):  # noqa: PT011
        function()
    return raised.value


def test_a_note_says_what_it_means(tmp_path: pathlib.Path) -> None:
    def run() -> None:
        outer(lambda: numpy_in_a_graph(tf.constant(1.0)))

    plain = noted(tmp_path / "plain", run, explain=False)
    error = noted(tmp_path / "explained", run)
    (note,) = error.__notes__
    assert note.startswith("tfmodetrace: .numpy() of a symbolic tensor, which has no value yet (")
    assert f"test_errors.py:{line_of(numpy_in_a_graph.python_function, 'x.numpy()')}). [tfmodetrace explain symbolic-to-numpy]" in note
    assert note.endswith("Instead:\n    return x")
    assert not hasattr(plain, "__notes__")
    assert (type(error), error.args) == (type(plain), plain.args)
    assert note in "".join(traceback.format_exception(error))


def test_notes_of_others_stay_and_ours_comes_once(tmp_path: pathlib.Path) -> None:
    def run() -> None:
        try:
            numpy_in_a_graph(tf.constant(1.0))
        except AttributeError as error:
            error.add_note("in the third epoch")
            raise

    error = noted(tmp_path, lambda: outer(run))
    assert [note.partition(":")[0] for note in error.__notes__] == ["tfmodetrace", "in the third epoch"]


def test_what_is_not_known_gets_no_note(tmp_path: pathlib.Path) -> None:
    assert not hasattr(noted(tmp_path, lambda: outer(fail)), "__notes__")


def test_an_explanation_that_fails_is_our_fault_and_not_the_programs(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tfmodetrace.insight import diagnoses

    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(diagnoses, "diagnose", broken)
    error = noted(tmp_path, lambda: numpy_in_a_graph(tf.constant(1.0)))
    assert type(error) is AttributeError
    (process,) = tmt.read(tmp_path).runs[0].processes
    assert process.internal_faults == 2  # of the call and of the recorded block


def test_errors_on_several_threads_are_kept_apart(recording: Recorder) -> None:
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        for _ in range(25):
            with pytest.raises(LookupError):
                outer(fail)

    with recording() as report:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    first = [error for error in report["errors"] if error["first_error_id"] == error["error_id"]]
    assert (len(report["errors"]), len(first)) == (200, 100)


def test_the_end_of_data_is_no_error(recording: Recorder) -> None:
    @tmt.traced
    @tf.function
    def step(iterator: Any) -> Any:
        return next(iterator)

    with recording() as report:
        iterator = iter(tf.data.Dataset.range(2))
        step(iterator), step(iterator)
        with pytest.raises(tf.errors.OutOfRangeError):
            step(iterator)
        with pytest.raises(tf.errors.OutOfRangeError, match="mine"):
            inner(functools.partial(raise_, tf.errors.OutOfRangeError(None, None, "mine")))
    assert [error["core"]["message"] for error in report["errors"]] == ["mine"]


def raise_(error: Exception) -> None:
    raise error


def test_a_trace_that_fails_without_a_call_is_told(tmp_path: pathlib.Path) -> None:
    def parse(x: Any) -> Any:
        return {}[x]  # fails

    with tmt.record(tmp_path, instrument="all"), pytest.raises(TypeError):
        tf.data.Dataset.range(3).map(parse)
    (error,) = tmt.read(tmp_path).to_dict()["runs"][0]["errors"]
    assert (error["call_id"], error["mode"], error["signature"]) == (None, "tracing", None)
    assert error["diagnosis"]["source"]["code"].endswith("# fails")


def test_without_keras_nothing_is_hooked_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setattr(cut_tracebacks.tracebacks, "keras_filter", lambda: None)
    with tmt.record(tmp_path), pytest.raises(ValueError, match="incompatible"):
        inner(lambda: keras.layers.Conv2D(1, 3)(tf.ones([2, 8, 8])))
    (run,) = tmt.read(tmp_path).to_dict()["runs"]
    assert run["processes"][0]["internal_faults"] == 0
    assert process.active() is None
