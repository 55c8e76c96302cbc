"""What a recording holds: modes, nesting, threads, traces, signatures, errors."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.record.conftest import Recorder, function_named


def _modes(report: dict[str, Any], name: str) -> dict[str, int]:
    calls = function_named(report, name)["calls"]
    return {mode: count for mode, count in calls.items() if count and mode != "total"}


def test_modes_are_those_tensorflow_ran_in(recording: Recorder) -> None:
    @tmt.traced
    def eager(x: Any) -> Any:
        return x + 1

    @tmt.traced
    @tf.function
    def graph(x: Any) -> Any:
        return eager(x) * 2

    @tmt.traced
    @tf.function(jit_compile=True)
    def xla(x: Any) -> Any:
        return x * 2

    @tf.function
    @tmt.traced
    def below(x: Any) -> Any:
        return graph(x)

    with recording() as report:
        for _ in range(3):
            eager(tf.ones(1))
            graph(tf.ones(1))
            xla(tf.ones(1))
            below(tf.ones(1))
    assert _modes(report, "eager") == {"eager": 3, "tracing": 1}
    assert _modes(report, "graph") == {"graph": 3, "tracing": 1}
    assert _modes(report, "xla") == {"xla": 3}
    assert _modes(report, "below") == {"tracing": 1}


def test_functions_run_eagerly_are_eager(recording: Recorder) -> None:
    @tmt.traced
    @tf.function
    def function(x: Any) -> Any:
        return x + 1

    tf.config.run_functions_eagerly(True)
    try:
        with recording() as report:
            function(1)
    finally:
        tf.config.run_functions_eagerly(False)
    assert _modes(report, "function") == {"eager": 1}


def test_graph_building_without_eager_execution_is_v1_graph(recording: Recorder) -> None:
    @tmt.traced
    def function(x: Any) -> Any:
        return x + 1

    with recording() as report:
        function(1)
        with tf.compat.v1.Graph().as_default():
            function(tf.constant(1))
    assert _modes(report, "function") == {"eager": 1, "v1-graph": 1}


def test_traces_are_counted_as_tensorflow_counts_them(recording: Recorder) -> None:
    variables: list[tf.Variable] = []

    @tmt.traced
    @tf.function
    def function(x: Any, n: int = 1) -> Any:
        if not variables:
            variables.append(tf.Variable(1.0))
        return x * n * variables[0]

    with recording() as report:
        function(tf.ones(2))
        function(tf.ones(2))
        function(tf.ones(3))
        function(tf.ones(3), n=2)
        function.get_concrete_function(tf.TensorSpec([None], tf.float32))
    assert len(report["traces"]) == function.experimental_get_tracing_count() == 5
    assert [trace["ordinal"] for trace in report["traces"]] == [1, 2, 3, 4, 5]
    signatures = function_named(report, "function")["signatures"]
    assert {signature["text"]: (signature["calls"], signature["traces"]) for signature in signatures} == {
        "(x: float32[2], n: 1)": (2, 2),
        "(x: float32[3], n: 1)": (1, 1),
        "(x: float32[3], n: 2)": (1, 1),
    }
    first, second, _, _, explicit = report["traces"]
    assert first["call_id"] == second["call_id"]
    assert "variable-creation" in second["reason"]["kinds"]
    assert explicit["call_id"] is None
    assert explicit["reason"]["changes"]


def test_a_trace_tells_its_signature_outputs_captures_and_reason(recording: Recorder) -> None:
    weight = tf.Variable([[1.0, 2.0], [3.0, 4.0]], name="weight")

    @tmt.traced
    @tf.function
    def function(batch: Any, rate: float) -> Any:
        return {"y": batch["x"] @ weight * rate}

    with recording() as report:
        function({"x": tf.ones((3, 2))}, 0.5)
        function({"x": tf.ones((4, 2))}, 0.25)
    trace = report["traces"][1]
    assert trace["signature"] == "(batch: {'x': float32[4, 2]}, rate: 0.25)"
    assert trace["outputs"] == "{'y': float32[4, 2]}"
    assert trace["captures"] == ["weight:0: Variable float32[2, 2]"]
    assert trace["duration_ns"] > 0
    assert trace["reason"]["nearest_trace_id"] == 0
    assert [(change["kind"], change["path"], change["before"], change["after"]) for change in trace["reason"]["changes"]] == [
        ("shape", 'batch["x"]', "float32[3, 2]", "float32[4, 2]"),
        ("python-value", "rate", "0.5", "0.25"),
    ]


def test_the_call_that_caused_a_trace_carries_it(recording: Recorder) -> None:
    @tmt.traced
    @tf.function
    def inner(x: Any) -> Any:
        return x + 1

    @tmt.traced
    @tf.function
    def outer(x: Any) -> Any:
        return inner(x)

    @tmt.traced
    def loop() -> None:
        for _ in range(2):
            outer(tf.ones(2))

    with recording() as report:
        loop()
    by_function = {trace["function_id"]: trace for trace in report["traces"]}
    assert by_function[function_named(report, "inner")["function_id"]]["call_id"] == 2
    assert by_function[function_named(report, "outer")["function_id"]]["call_id"] == 1


def test_a_failed_trace_is_an_error_and_no_trace(recording: Recorder) -> None:
    @tmt.traced
    @tf.function
    def function(x: Any) -> Any:
        raise KeyError("no such layer")

    with recording() as report, pytest.raises(KeyError):
        function(tf.ones(1))
    assert report["traces"] == []
    (error,) = report["errors"]
    assert (error["mode"], error["call_id"]) == ("tracing", 0)
    assert error["type"].endswith("KeyError")  # AutoGraph raises a subclass of its own, with the user's line in the message
    assert "no such layer" in error["message"]
    assert function_named(report, "function")["errors"] == 1


def test_an_exception_passes_unchanged_and_is_recorded_in_its_mode(recording: Recorder) -> None:
    class Unprintable(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    raised = Unprintable()

    @tmt.traced
    def eager() -> None:
        raise raised

    @tmt.traced
    @tf.function
    def graph(x: Any) -> Any:
        tf.debugging.assert_less(x, 1)
        return x

    with recording() as report:
        with pytest.raises(Unprintable) as caught:
            eager()
        with pytest.raises(tf.errors.InvalidArgumentError):
            graph(tf.constant(5))
    assert caught.value is raised
    assert raised.__context__ is None
    assert [(error["mode"], error["type"].split(".")[-1]) for error in report["errors"]] == [
        ("eager", "Unprintable"),
        ("graph", "InvalidArgumentError"),
    ]


def test_nesting_is_recorded_with_self_time(recording: Recorder) -> None:
    @tmt.traced
    def inner() -> None:
        tf.ones(10)

    @tmt.traced
    def outer() -> None:
        inner()
        inner()

    with recording() as report:
        outer()
    outer_ns, inner_ns = function_named(report, "outer")["time_ns"], function_named(report, "inner")["time_ns"]
    assert outer_ns["total"] == outer_ns["self"] + inner_ns["total"]


def test_threads_have_calls_of_their_own(recording: Recorder, tmp_path: Any) -> None:
    @tmt.traced
    def inner(index: int) -> int:
        return index

    @tmt.traced
    def outer(index: int) -> int:
        return sum(inner(index) for _ in range(50))

    with tmt.record(tmp_path / "threads"):
        threads = [threading.Thread(target=outer, args=(index,), name=f"worker {index}") for index in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    (run,) = tmt.read(tmp_path / "threads").runs
    assert {thread.name for thread in run.threads} >= {f"worker {index}" for index in range(8)}
    parents = run.calls.parent_rows
    children = parents >= 0
    assert children.sum() == 8 * 50
    assert (run.calls.thread_id[children] == run.calls.thread_id[parents[children]]).all()
    assert (run.calls.depth[children] == 1).all()


def test_coroutines_that_interleave_are_each_recorded_from_first_step_to_end(tmp_path: Any) -> None:
    @tmt.traced
    def work(index: int) -> int:
        return index

    @tmt.traced
    async def task(index: int) -> int:
        await asyncio.sleep(0.02)
        work(index)
        await asyncio.sleep(0.02)
        return index

    async def main() -> list[int]:
        return list(await asyncio.gather(*(task(index) for index in range(4))))

    with tmt.record(tmp_path):
        assert asyncio.run(main()) == [0, 1, 2, 3]
    (run,) = tmt.read(tmp_path).runs
    names = [run.functions[number].name.split(".")[-1] for number in run.calls.function_id]
    parents = run.calls.parent_rows
    for row, name in enumerate(names):
        if name == "work":
            assert names[parents[row]] == "task"
        else:
            assert parents[row] == -1
            assert run.calls.duration_ns[row] >= 39_000_000
    assert len({int(parents[row]) for row, name in enumerate(names) if name == "work"}) == 4


def test_an_asynchronous_generator_is_one_call(recording: Recorder) -> None:
    @tmt.traced
    async def numbers(count: int) -> Any:
        for index in range(count):
            await asyncio.sleep(0)
            got = yield index
            assert got is None

    async def main() -> list[int]:
        return [number async for number in numbers(3)]

    with recording() as report:
        assert asyncio.run(main()) == [0, 1, 2]
    function = function_named(report, "numbers")
    assert (function["kind"], function["calls"]["total"]) == ("async-generator", 1)


def test_a_generator_closed_early_ends_there_and_is_no_error(recording: Recorder) -> None:
    closed = []

    @tmt.traced
    def numbers() -> Any:
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    with recording() as report:
        running = numbers()
        assert next(running) == 1
        running.close()
    assert closed == [True]
    assert function_named(report, "numbers")["calls"]["total"] == 1
    assert report["errors"] == []


def test_an_exception_thrown_into_a_generator_reaches_it(recording: Recorder) -> None:
    @tmt.traced
    def patient() -> Any:
        try:
            yield 1
        except ValueError:
            yield 2

    with recording():
        running = patient()
        next(running)
        assert running.throw(ValueError()) == 2


def test_a_region_is_recorded_like_a_call(recording: Recorder) -> None:
    @tmt.traced
    def inside() -> None:
        return None

    with recording() as report, pytest.raises(OSError, match="gone"):
        for index in range(3):
            with tmt.region("preprocess"):
                inside()
                if index == 2:
                    raise OSError("gone")
    region = function_named(report, "preprocess")
    assert (region["kind"], region["calls"]["eager"], region["errors"], region["signatures"]) == ("region", 3, 1, [])
    assert region["file"].endswith("test_recording.py")


def test_signatures_name_arguments_and_fill_in_defaults(recording: Recorder) -> None:
    @tmt.traced
    def function(x: Any, *rest: Any, scale: float = 1.5, **more: Any) -> None:
        return None

    with recording() as report:
        function(tf.ones((2, 3)))
        function(tf.ones((2, 3)), scale=1.5)
        function([1, None], "a", b=True)
    assert {signature["text"]: signature["calls"] for signature in function_named(report, "function")["signatures"]} == {
        "(x: float32[2, 3], scale: 1.5)": 2,
        "(x: [1, None], *rest: ('a',), scale: 1.5, **more: {'b': True})": 1,
    }


def test_iterators_are_told_apart_by_what_they_yield_and_not_by_where_they_lie(recording: Recorder) -> None:
    @tmt.traced
    def function(batches: Any) -> None:
        return None

    datasets = [tf.data.Dataset.from_tensors(tf.zeros(size)) for size in (2, 3)]
    places = set()
    with recording() as report:
        for dataset in datasets * 50:
            iterator = iter(dataset)
            places.add(id(iterator))
            function(iterator)
            function(iterator)
            del iterator
    assert len(places) < 100  # the place of one that is gone was taken by one of another type
    assert {signature["text"]: signature["calls"] for signature in function_named(report, "function")["signatures"]} == {
        f"(batches: iterator of float32[{size}])": 100 for size in (2, 3)
    }


def test_what_is_distributed_is_told_apart_by_what_replicas_have(recording: Recorder) -> None:
    strategy = tf.distribute.MirroredStrategy(["/cpu:0"])

    @tmt.traced
    def function(x: Any) -> None:
        return None

    with recording() as report:
        for value in (tf.zeros(2), tf.ones(2), tf.zeros(3), tf.zeros(2, tf.int32)):
            function(strategy.experimental_distribute_values_from_function(lambda _, value=value: value))
        for dtype in (tf.float32, tf.float32, tf.int32):
            dataset = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensors(tf.zeros(2, dtype)).repeat(3))
            function(iter(dataset))
    assert {signature["text"]: signature["calls"] for signature in function_named(report, "function")["signatures"]} == {
        "(x: per replica float32[2])": 2,
        "(x: per replica float32[3])": 1,
        "(x: per replica int32[2])": 1,
        "(x: distributed iterator of float32[2])": 2,
        "(x: distributed iterator of int32[2])": 1,
    }


def test_python_values_are_no_longer_told_apart_when_there_are_too_many(recording: Recorder) -> None:
    @tmt.traced
    def function(step: int) -> None:
        return None

    with recording() as report:
        for step in range(2000):
            function(step)
    function_report = function_named(report, "function")
    signatures = {signature["text"]: signature["calls"] for signature in function_report["signatures"]}
    assert function_report["calls"]["eager"] == sum(signatures.values()) == 2000
    assert len(signatures) == 257
    assert signatures["(step: <any int>)"] == 2000 - 256


def test_a_number_too_long_for_python_to_write_is_described(recording: Recorder) -> None:
    @tmt.traced
    def function(x: int) -> None:
        return None

    with recording() as report:
        function(10**5000)
    assert report["processes"][0]["internal_faults"] == 0
    assert function_named(report, "function")["signatures"][0]["text"] == "(x: <int of 16610 bits>)"


def test_two_functions_of_one_definition_are_two_functions(recording: Recorder) -> None:
    def make(factor: float) -> Any:
        @tmt.traced
        @tf.function
        def step(x: Any) -> Any:
            return x * factor

        return step

    with recording() as report:
        for factor in (1.0, 2.0):
            make(factor)(tf.ones(1))
    assert [(f["name"].split(".")[-1], f["traces"], f["instance"]) for f in report["functions"]] == [("step", 1, 0), ("step", 1, 1)]
    assert report["traces"][1]["reason"]["kinds"] == ["first-trace", "new-function-object"]


def test_traces_before_the_recording_are_counted_but_not_guessed_at(recording: Recorder) -> None:
    @tmt.traced
    @tf.function
    def function(x: Any) -> Any:
        return x

    function(1)
    with recording() as report:
        function(2)
        function(3)
    assert [trace["ordinal"] for trace in report["traces"]] == [2, 3]
    assert [trace["reason"]["kinds"] for trace in report["traces"]] == [["unknown"], ["python-value"]]
