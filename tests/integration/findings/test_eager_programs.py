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
from tests.support import finding_rules, line_clocks
from tfmodetrace.insight import answers, eager, findings
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


# --- Eager -------------------------------------------------------------------------------------------------------------------------------
# Each runs what is to be a graph, with clocks around its lines.

Clocked = Callable[[Callable[..., Any]], Callable[..., Any]]


def training_with_a_tape(clocked: Clocked) -> None:
    net, optimizer = network()
    data = tf.constant(X)

    def train_step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(net(x) ** 2)
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables, strict=True))
        return loss

    step = clocked(train_step)
    again(lambda: step(data))


def plain_ops(clocked: Clocked) -> None:
    def smooth(x: Any) -> Any:
        y = tf.concat([x[1:], x[:1]], 0)
        z = tf.concat([x[-1:], x[:-1]], 0)
        return (x + y + z) / 3.0

    step, x = clocked(smooth), tf.constant(X)
    again(lambda: step(x))


def beside_python_that_costs_as_much(clocked: Clocked) -> None:
    def score(x: Any) -> Any:
        y = tf.matmul(x, x, transpose_b=True)
        return tf.reduce_sum(tf.nn.softmax(y))

    step, x = clocked(score), tf.constant(X)

    def work() -> None:
        for _ in range(10):
            step(x)
        sum(number * number for number in range(20000))

    again(work)


class Module(tf.Module):
    def __init__(self) -> None:
        self.w = tf.Variable(tf.ones((8, 8)))
        self.seen = 0

    def step(self, x: Any) -> Any:
        self.seen += 1
        y = x @ self.w
        return tf.nn.relu(y)


def a_method_that_counts(clocked: Clocked) -> None:
    step, module, x = clocked(Module.step), Module(), tf.constant(X)
    again(lambda: step(module, x))


def inference_by_a_subclassed_model(clocked: Clocked) -> None:
    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = keras.layers.Dense(8), keras.layers.Dense(1)

        def call(self, x: Any) -> Any:
            hidden = tf.nn.relu(self.first(x))
            return self.second(hidden)

    x = tf.constant(X)
    Net()(x)
    Net.call = clocked(Net.call)  # type: ignore[method-assign]
    net = Net()

    def infer(x: Any) -> Any:
        return tf.nn.sigmoid(net(x))

    infer(x)
    again(lambda: infer(x))


def with_a_number_asked_for(clocked: Clocked) -> None:
    def distance(x: Any) -> float:
        middle = tf.reduce_mean(x, axis=0)
        return float(tf.norm(x - middle))

    step, x = clocked(distance), tf.constant(X)
    again(lambda: step(x))


def two_lines_of_which_one_is_long(clocked: Clocked) -> None:
    def attend(x: Any) -> Any:
        y = tf.linalg.matmul(x, x, transpose_b=True)
        return tf.nn.softmax(tf.nn.softmax(tf.nn.softmax(tf.nn.softmax(y))))

    step, x = clocked(attend), tf.constant(X)
    again(lambda: step(x))


def variables(clocked: Clocked) -> None:
    held, count = tf.Variable(tf.zeros((64, 8))), tf.Variable(0)

    def average(x: Any) -> None:
        held.assign(tf.add(held * 0.9, x * 0.1))
        count.assign_add(1)

    step, x = clocked(average), tf.constant(X)
    again(lambda: step(x))


def gradients_only(clocked: Clocked) -> None:
    net, _ = network()

    def sensitivity(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_mean(net(x) ** 2)
        return tape.gradient(y, x)

    step, x = clocked(sensitivity), tf.constant(X)
    again(lambda: step(x))


def a_loop_of_its_own(clocked: Clocked) -> None:
    def root(x: Any) -> Any:
        y = tf.maximum(x, 1.0)
        for _ in range(8):
            ratio = x / y
            y = tf.abs((y + ratio) * 0.5)
        return y

    step, x = clocked(root), tf.constant(X)
    again(lambda: step(x))


EAGER: Final = {
    training_with_a_tape: "train_step",
    plain_ops: "smooth",
    beside_python_that_costs_as_much: "score",
    a_method_that_counts: "step",
    inference_by_a_subclassed_model: "call",
    with_a_number_asked_for: "distance",
    two_lines_of_which_one_is_long: "attend",
    variables: "average",
    gradients_only: "sensitivity",
    a_loop_of_its_own: "root",
}
# What has few samples of its own may be told with what it calls, or what it calls alone.
OR_AROUND: Final = {"call": "infer"}
IN_THE_WAY: Final = {"step": "self.seen += 1", "distance": "float("}


@pytest.mark.parametrize("program", EAGER, ids=lambda program: program.__name__)
def test_what_runs_eagerly_is_told_with_how_long_and_at_which_lines(program: Callable[[Clocked], None], tmp_path: pathlib.Path) -> None:
    name, spent = EAGER[program], line_clocks.Spent(float)
    with tmt.record(tmp_path, instrument="all"):
        program(lambda function: line_clocks.clocked(function, spent))
    (run,) = tmt.read(tmp_path).runs
    found = [finding for finding in finding_rules.check(run) if finding.id == "eager-hot-function"]
    (finding,) = found
    told = finding.title.split(" runs")[0]
    assert told in (name, OR_AROUND.get(name))
    if name in IN_THE_WAY:
        assert finding.fix is None
        assert IN_THE_WAY[name] in finding.advice
    else:
        assert f"\n@tf.function\ndef {told}(" in (finding.fix or ""), finding.advice
    assert finding.evidence["lines"]
    assert finding.evidence["ops"]
    definitions = eager.EagerTime(run, answers.Answers(run).budgets).definitions
    (definition,) = [each for each in definitions if each.definition.qualname.endswith(name)]
    seconds = sum(spent.values())
    if told == name:
        assert_is(finding.evidence["eager_ns"], finding.evidence["plus_minus_ns"], seconds, seconds)
    assert_is(definition.eager.ns, definition.eager.plus_minus_ns, seconds, seconds)
    lines = {line.code: line.spent for line in definition.lines}
    none = eager.Spent(ns=0, plus_minus_ns=0, samples=0)
    for code, of_line in spent.items():
        assert_is(lines.get(code, none).ns, lines.get(code, none).plus_minus_ns, of_line, seconds)


def assert_is(ns: int, plus_minus_ns: int, seconds: float, whole: float) -> None:
    """Within what is stated, or 10 %; of many intervals of 95 in 100 none is to miss, and a line of the others' size may have no sample."""
    assert ns == pytest.approx(seconds * 1e9, abs=max(1.6 * plus_minus_ns + 0.02 * whole * 1e9, 0.1 * seconds * 1e9))


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
