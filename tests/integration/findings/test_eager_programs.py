"""Real programs that nobody has decorated: those that run eagerly are told, and near twins that are graphs already are not."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Callable
from typing import Any, Final

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.support import finding_rules
from tfmodetrace.insight import answers, findings
from tfmodetrace.recorder.calls import native

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(native.HOT_PATH is None, reason="Python between ops is seen at no line without it"),
    pytest.mark.by_the_clock,
]

X: Final = np.random.default_rng(0).random((64, 8), np.float32)
SECONDS: Final = 2.5


def again(work: Callable[[], Any]) -> float:
    """Does something again and again; returns for how many seconds."""
    began = time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        work()
    return time.perf_counter() - began


def network() -> Any:
    net = keras.Sequential([keras.Input((8,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
    return net, keras.optimizers.SGD(0.01)


# --- Eager: each returns the name of what is to be a graph, and for how many seconds it ran ----------------------------------------------


def training_with_a_tape() -> tuple[str, float]:
    net, optimizer = network()
    data = tf.constant(X)

    def train_step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(net(x) ** 2)
        optimizer.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables, strict=True))
        return loss

    return "train_step", again(lambda: train_step(data))


def plain_ops() -> tuple[str, float]:
    def smooth(x: Any) -> Any:
        y = tf.concat([x[1:], x[:1]], 0)
        z = tf.concat([x[-1:], x[:-1]], 0)
        return (x + y + z) / 3.0

    x = tf.constant(X)
    return "smooth", again(lambda: smooth(x))


def beside_python_that_costs_as_much() -> tuple[str, float]:
    def score(x: Any) -> Any:
        y = tf.matmul(x, x, transpose_b=True)
        return tf.reduce_sum(tf.nn.softmax(y))

    x, spent = tf.constant(X), 0.0

    def work() -> None:
        nonlocal spent
        began = time.perf_counter()
        for _ in range(10):
            score(x)
        spent += time.perf_counter() - began
        sum(number * number for number in range(20000))

    again(work)
    return "score", spent


class Module(tf.Module):
    def __init__(self) -> None:
        self.w = tf.Variable(tf.ones((8, 8)))
        self.seen = 0

    def step(self, x: Any) -> Any:
        self.seen += 1
        return tf.nn.relu(x @ self.w)


def a_method_that_counts() -> tuple[str, float]:
    module, x = Module(), tf.constant(X)
    return "step", again(lambda: module.step(x))


def inference_by_a_subclassed_model() -> tuple[str, float]:
    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = keras.layers.Dense(8), keras.layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.second(tf.nn.relu(self.first(x)))

    net, x = Net(), tf.constant(X)

    def infer(x: Any) -> Any:
        return tf.nn.sigmoid(net(x))

    infer(x)
    return "infer", again(lambda: infer(x))


def with_a_number_asked_for() -> tuple[str, float]:
    def distance(x: Any) -> float:
        return float(tf.norm(x - tf.reduce_mean(x, axis=0)))

    x = tf.constant(X)
    return "distance", again(lambda: distance(x))


EAGER: Final = (
    training_with_a_tape,
    plain_ops,
    beside_python_that_costs_as_much,
    a_method_that_counts,
    inference_by_a_subclassed_model,
    with_a_number_asked_for,
)
# With hardly a sample in the function itself it is not known that it is called again; then what it calls is told.
OR_BELOW: Final = {"infer": "call"}
IN_THE_WAY: Final = {"step": "self.seen += 1", "distance": "float("}


@pytest.mark.parametrize("program", EAGER, ids=lambda program: program.__name__)
def test_what_runs_eagerly_is_told_with_how_long(program: Callable[[], tuple[str, float]], tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path, instrument="all"):
        name, seconds = program()
    (run,) = tmt.read(tmp_path).runs
    found = [finding for finding in finding_rules.check(run) if finding.id == "eager-hot-function"]
    (finding,) = found
    told = finding.title.split(" runs")[0]
    assert told in (name, OR_BELOW.get(name))
    # Beyond chance, what is outside of it: the loop that calls it, and asking for the time.
    allowed = 1.5 * finding.evidence["plus_minus_ns"] + 0.1 * seconds * 1e9
    assert finding.evidence["eager_ns"] == pytest.approx(seconds * 1e9, abs=allowed)
    if name in IN_THE_WAY:
        assert finding.fix is None
        assert IN_THE_WAY[name] in finding.advice
    else:
        assert f"\n@tf.function\ndef {told}(" in (finding.fix or "")
    assert finding.evidence["lines"]
    assert finding.evidence["ops"]


# --- Graphs already ----------------------------------------------------------------------------------------------------------------------


def the_same_training_as_a_graph() -> None:
    net, optimizer = network()
    data = tf.constant(X)

    @tf.function
    def train_step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(net(x) ** 2)
        optimizer.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables, strict=True))
        return loss

    again(lambda: train_step(data))


def keras_fit() -> None:
    net, _ = network()
    net.compile("sgd", "mse")
    net.fit(X, X[:, :1], epochs=60, batch_size=8, verbose=0)


def python_between_graphs() -> None:
    double = tf.function(lambda x: x * 2.0)
    again(lambda: (sum(range(30000)), double(tf.constant(X))))


def models_that_are_made_and_saved() -> None:
    for width in range(2, 8):
        net = keras.Sequential([keras.Input((8,)), *(keras.layers.Dense(width) for _ in range(12))])
        net.get_weights()


def kept_functions() -> None:
    step = tf.function(lambda x: tf.reduce_sum(x)).get_concrete_function(tf.TensorSpec((64, 8)))
    data = tf.constant(X)
    again(lambda: step(data))


GRAPHS: Final = (the_same_training_as_a_graph, keras_fit, python_between_graphs, models_that_are_made_and_saved, kept_functions)


def by_samples(tmp_path: pathlib.Path) -> list[findings.Finding]:
    (run,) = tmt.read(tmp_path).runs
    assert len(run.samples) > 5
    return [finding for finding in answers.Answers(run).findings if finding.id in ("eager-hot-function", "input-bound")]


@pytest.mark.parametrize("program", GRAPHS, ids=lambda program: program.__name__)
def test_nothing_is_said_of_what_is_a_graph_already(program: Callable[[], None], tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path, instrument="all"):
        program()
    assert [finding.title for finding in by_samples(tmp_path)] == []


# --- Input -------------------------------------------------------------------------------------------------------------------------------


def test_a_loop_that_waits_for_a_generator_is_told_with_the_line_that_makes_it_wait(tmp_path: pathlib.Path) -> None:
    waited = 0.0

    def batches() -> Any:
        for _ in range(60):
            time.sleep(0.03)
            yield X

    step = tf.function(lambda x: tf.reduce_sum(x))
    data = tf.data.Dataset.from_generator(batches, output_signature=tf.TensorSpec((64, 8)))
    with tmt.record(tmp_path, instrument="all"):
        began = time.perf_counter()
        iterator = iter(data)
        for _ in range(60):
            before = time.perf_counter()
            batch = next(iterator)
            waited += time.perf_counter() - before
            step(batch)
            time.sleep(0.01)
        whole = time.perf_counter() - began
    (finding,) = by_samples(tmp_path)
    assert finding.id == "input-bound"
    assert finding.evidence["made_by"] == "batches"
    assert finding.evidence["input_ns"] == pytest.approx(waited * 1e9, abs=0.05 * whole * 1e9 + finding.evidence["plus_minus_ns"])
    assert finding.evidence["code"] == "time.sleep(0.03)"


def test_a_fit_of_what_is_in_memory_waits_for_nothing(tmp_path: pathlib.Path) -> None:
    net, _ = network()
    net.compile("sgd", "mse")
    with tmt.record(tmp_path, instrument="all"):
        net.fit(np.repeat(X, 20, 0), np.repeat(X[:, :1], 20, 0), epochs=20, batch_size=16, verbose=0)
    assert by_samples(tmp_path) == []


def test_a_fit_that_is_as_fast_as_its_generator_is_told_so(tmp_path: pathlib.Path) -> None:
    def batches() -> Any:
        for _ in range(60):
            time.sleep(0.05)
            yield X, X[:, :1]

    net, _ = network()
    net.compile("sgd", "mse")
    net.train_on_batch(X, X[:, :1])
    with tmt.record(tmp_path, instrument="all"):
        net.fit(batches(), steps_per_epoch=50, shuffle=False, verbose=0)
    (finding,) = by_samples(tmp_path)
    assert finding.id == "input-bound"
    assert (finding.evidence["made_by"], finding.evidence["code"], finding.severity) == ("batches", "time.sleep(0.05)", "high")
    # Fifty times 50 ms, of what may take longer.
    assert finding.evidence["input_ns"] >= 0.6 * 50 * 50e6
