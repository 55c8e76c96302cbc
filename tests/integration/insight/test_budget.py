"""Where the wall time went, against a clock that the program itself carries."""

from __future__ import annotations

import collections
import contextlib
import pathlib
import statistics
import threading
import time
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tfmodetrace.insight import attribution, budget, definitions, first_calls, reasons
from tfmodetrace.log import tracelog

pytestmark = pytest.mark.by_the_clock

TOLERANCE = 0.03
X = np.ones((64, 4), np.float32)


def read(logdir: pathlib.Path) -> tuple[tracelog.Run, budget.Budgets, first_calls.FirstCalls]:
    (run,) = tmt.read(logdir).runs
    attributed = attribution.Attribution(run)
    firsts = first_calls.FirstCalls(run, attributed)
    return run, budget.Budgets(run, attributed, firsts), firsts


class Clock:
    """Adds up by name what lies between two readings of the clock."""

    def __init__(self) -> None:
        self.ns: collections.Counter[str] = collections.Counter()

    @contextlib.contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        begin = time.perf_counter_ns()
        yield
        self.ns[name] += time.perf_counter_ns() - begin


def compare(budgets: budget.Budgets, expected: dict[str, float], whole_ns: int) -> None:
    process = budgets.of_run
    assert process is not None
    parts = {part.part: part.ns for part in process.main.parts}
    assert sum(parts.values()) == process.wall_ns
    assert process.wall_ns == pytest.approx(whole_ns, rel=TOLERANCE)
    assert parts.keys() == expected.keys()
    off = {name: (parts[name], ns) for name, ns in expected.items() if abs(parts[name] - ns) > TOLERANCE * process.wall_ns}
    assert not off, f"{off} of {parts}"


def test_each_part_is_what_the_programs_own_clock_says(tmp_path: pathlib.Path) -> None:
    clock, inside = Clock(), Clock()
    calls: dict[str, list[int]] = {"graph": [], "xla": []}

    @tmt.traced
    def eager(seconds: float) -> tf.Tensor:
        time.sleep(seconds)
        return tf.ones(()) + 1

    def slowly(value: Any) -> Any:
        time.sleep(0.08)
        return value

    @tmt.traced
    @tf.function(autograph=False)
    def graph(x: tf.Tensor) -> tf.Tensor:
        with inside("tracing"):
            time.sleep(0.6)
            return tf.numpy_function(slowly, [x], tf.float32)

    @tmt.traced
    @tf.function(jit_compile=True, autograph=False)
    def compiled(x: tf.Tensor) -> tf.Tensor:
        with inside("tracing"):
            time.sleep(0.3)
            for _ in range(30):
                x = tf.sin(x @ x)
            return x

    def timed(kind: str, function: Any, *args: Any) -> None:
        before, begin = inside.ns["tracing"], time.perf_counter_ns()
        np.asarray(function(*args))
        calls[kind].append(time.perf_counter_ns() - begin - (inside.ns["tracing"] - before))

    # What the first graph, XLA program and region of a process cost is none of this program's.
    warm = tf.function(lambda x: x + 1, jit_compile=True)
    warm(tf.ones(()))
    x, matrix = tf.ones(()), tf.ones((300, 300)) / 300
    begin = time.perf_counter_ns()
    with tmt.record(tmp_path):
        time.sleep(0.7)
        for _ in range(4):
            with clock("eager-ops"):
                eager(0.15)
        with clock("python"), tmt.region("load"):
            time.sleep(0.5)
        with tmt.region("validate"):
            with clock("python"):
                time.sleep(0.1)
            with clock("eager-ops"):
                eager(0.2)
        for _ in range(6):
            timed("graph", graph, x)
            timed("xla", compiled, matrix)
    whole_ns = time.perf_counter_ns() - begin
    later = {kind: statistics.median(durations[1:]) for kind, durations in calls.items()}
    expected = {
        **clock.ns,
        **inside.ns,
        "compiling": sum(durations[0] - later[kind] for kind, durations in calls.items()),
        "graph": later["graph"] + sum(calls["graph"][1:]),
        "xla": later["xla"] + sum(calls["xla"][1:]),
        "keras": 0,
    }
    expected["idle"] = whole_ns - sum(expected.values())  # starting and ending the recording is outside calls, too
    _, budgets, firsts = read(tmp_path)
    compare(budgets, expected, whole_ns)
    slow = {call.call.mode: call.call for call in firsts.slow(budgets.wall_ns)}
    assert slow.keys() == {"graph", "xla"}
    assert slow["xla"].xla_ns == pytest.approx(calls["xla"][0] - later["xla"], abs=TOLERANCE * whole_ns)
    assert slow["graph"].cost_ns == pytest.approx(0.6e9 + calls["graph"][0] - later["graph"], abs=TOLERANCE * whole_ns)


def test_what_keras_does_between_its_steps_is_keras(tmp_path: pathlib.Path) -> None:
    clock = Clock()

    class Sleep(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            with clock("keras"):
                time.sleep(0.5)

    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, X[:, :1], verbose=0)
    begin = time.perf_counter_ns()
    with tmt.record(tmp_path, instrument="all", samples=False):
        time.sleep(0.4)
        with clock("fit"):
            model.fit(X, X[:, :1], epochs=4, batch_size=16, verbose=0, callbacks=[Sleep()])
        time.sleep(0.1)
    whole_ns = time.perf_counter_ns() - begin
    _, budgets, _ = read(tmp_path)
    process = budgets.of_run
    assert process is not None
    parts = {part.part: part.ns for part in process.main.parts}
    in_fit = {name: parts[name] for name in ("keras", "graph", "compiling", "tracing")}
    assert parts["idle"] == pytest.approx(whole_ns - clock.ns["fit"], abs=TOLERANCE * process.wall_ns)
    assert sum(in_fit.values()) == pytest.approx(clock.ns["fit"], abs=TOLERANCE * process.wall_ns)
    assert clock.ns["keras"] <= parts["keras"] <= clock.ns["fit"] - parts["graph"]


def test_what_is_outside_of_calls_is_what_samples_say_within_their_interval(tmp_path: pathlib.Path) -> None:
    clock, waiting = Clock(), threading.Event()

    def slowly() -> Iterator[np.ndarray]:
        for _ in range(8):
            time.sleep(0.1)
            yield X

    data = iter(tf.data.Dataset.from_generator(slowly, output_signature=tf.TensorSpec((64, 4))))
    x = tf.constant(np.ones((300, 300), np.float32))
    begin = time.perf_counter_ns()
    with tmt.record(tmp_path, samples=True):
        for _ in range(7):
            with clock("input"):
                next(data)
            with clock("python"):
                time.sleep(0.05)
            with clock("idle"):
                waiting.wait(0.05)
            with clock("eager-ops"):
                for _ in range(60):
                    tf.reduce_sum(x @ x)
    whole_ns = time.perf_counter_ns() - begin
    _, budgets, _ = read(tmp_path)
    process = budgets.of_run
    assert process is not None
    parts = {part.part: part for part in process.main.parts}
    assert sum(part.ns for part in parts.values()) == process.wall_ns
    assert process.wall_ns == pytest.approx(whole_ns, rel=TOLERANCE)
    for name, ns in clock.ns.items():
        part = parts[name]
        assert part.how == "sampled"
        assert part.ns == pytest.approx(ns, abs=1.5 * (part.plus_minus_ns or 0) + TOLERANCE * process.wall_ns), (name, parts)


def test_a_predict_loop_is_one_row_with_its_traces_inside(tmp_path: pathlib.Path) -> None:
    encoder = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(2)], name="enc")
    decoder = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(4)], name="dec")
    clock = Clock()
    with tmt.record(tmp_path, instrument="all"):
        for row in range(15):
            with clock("enc"):
                code = encoder.predict(X[row : row + 1], verbose=0)
        with clock("dec"):
            decoder.predict(code, verbose=0)
    run, budgets, _ = read(tmp_path)
    found = definitions.Definitions(run, attribution.Attribution(run), budgets, reasons.explain(run))
    rows = {row.name: row for row in found.rows}
    loop, single = rows["Model.predict of enc"], rows["Model.predict of dec"]
    assert (loop.calls["eager"], single.calls["eager"]) == (15, 1)
    assert loop.wall_ns == pytest.approx(clock.ns["enc"], rel=TOLERANCE)
    assert found.by_wall_time[0] is loop
    data = [row for row in found.rows if row.kind == "tf.data"]
    assert loop.traces_inside + single.traces_inside == sum(row.traces for row in data)
    # Keras makes the same functions of a pipeline for each call; those for another model are another model's.
    assert {len(row.functions) for row in data} == {15, 1}
    assert all(len(row.functions) == row.traces and row.repeated.made_anew == row.traces - 1 for row in data)
    assert rows["enc.predict_function"].repeated.total == rows["dec.predict_function"].repeated.total == 0
