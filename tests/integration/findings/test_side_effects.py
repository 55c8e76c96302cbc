"""Bodies that do more than their graphs: beside them twins that are right."""

from __future__ import annotations

import collections
import functools
import itertools
import logging
import pathlib
import random
import time
from collections.abc import Callable
from typing import Any, Final

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support import silent_findings

HISTORY: list[Any] = []
COUNT: collections.Counter[str] = collections.Counter()
STREAM = itertools.count()
_logger = logging.getLogger(__name__)


@tf.function
def draws(x: Any) -> Any:
    return x + np.random.rand()


@tf.function
def draws_in_python(x: Any) -> Any:
    noise = random.uniform(0.0, 1.0)
    return x + noise


@tf.function
def appends(x: Any) -> Any:
    HISTORY.append(1)
    return x * 2.0


@tf.function
def takes_the_next(x: Any) -> Any:
    return x * float(next(STREAM))


@tf.function
def prints(x: Any) -> Any:
    print("the value is", x)
    return x * 2.0


@tf.function
def logs(x: Any) -> Any:
    _logger.info("one more step")
    return x * 2.0


@tf.function
def counts(x: Any) -> Any:
    COUNT["steps"] += 1
    return x * 2.0


@tf.function
def takes_the_time(x: Any) -> Any:
    return x + time.time()


class Accumulates(keras.Model):
    """Applies its gradients every fourth step, or so it seems."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.seen = 0

    def build(self, shape: Any) -> None:
        self.dense.build(shape)

    def call(self, x: Any) -> Any:
        return self.dense(x)

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=y, y_pred=self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.seen += 1
        if self.seen % 4 == 0:
            self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss}


def fit_that_accumulates() -> None:
    model = Accumulates()
    model.build((None, 3))
    model.compile("sgd", "mse")
    model.fit(np.ones((64, 3), np.float32), np.ones((64, 1), np.float32), batch_size=8, epochs=2, verbose=0)
    assert model.seen < 16


ONCE: Final[dict[Callable[..., Any], tuple[str, str]]] = {
    draws: ("random", "high"),
    draws_in_python: ("random", "high"),
    appends: ("append", "high"),
    takes_the_next: ("next", "high"),
    prints: ("print", "low"),
    logs: ("log", "low"),
    counts: ("counter", "low"),
    takes_the_time: ("time", "low"),
}


@pytest.mark.parametrize("function", ONCE, ids=lambda function: function.__name__)
def test_what_a_body_does_once_in_many_calls_is_told(function: Callable[..., Any], tmp_path: pathlib.Path) -> None:
    tf.config.run_functions_eagerly(False)
    shape = 10 + list(ONCE).index(function)
    (finding,) = silent_findings.told(lambda: [function(tf.ones(shape)) for _ in range(6)], tmp_path)
    assert (finding.id, finding.evidence["kind"], finding.severity) == ("python-side-effect", *ONCE[function])
    assert (finding.evidence["body_ran"], finding.evidence["executed"]) == (1, 6)


def test_a_counter_that_decides_what_a_step_of_keras_does_is_told(tmp_path: pathlib.Path) -> None:
    (finding,) = silent_findings.told(fit_that_accumulates, tmp_path)
    assert (finding.id, finding.severity, finding.evidence["executed"]) == ("python-side-effect", "high", 16)
    assert finding.title == "self.seen += 1 ran once in 16 calls of Accumulates.train_step"
    assert "self.seen in a tf.Variable" in finding.advice


class WarmsUp:
    """Counts its steps, by which a method goes that the step calls."""

    def __init__(self) -> None:
        self.seen, self.shown = 0, 0

    def rate(self) -> float:
        return 0.1 * (self.seen + 1)

    def told(self) -> int:
        return self.shown

    @tf.function
    def scaled(self, x: Any) -> Any:
        self.seen += 1
        return x * self.rate()

    @tf.function
    def counted(self, x: Any) -> Any:
        self.shown += 1
        return x * 2.0


@pytest.mark.parametrize(("method", "severity"), [("scaled", "high"), ("counted", "low")])
def test_a_counter_that_what_the_body_calls_goes_by_changes_results(method: str, severity: str, tmp_path: pathlib.Path) -> None:
    step = WarmsUp()
    (finding,) = silent_findings.told(lambda: [getattr(step, method)(tf.ones(2)) for _ in range(6)], tmp_path)
    assert (finding.id, finding.evidence["kind"], finding.severity) == ("python-side-effect", "counter", severity)
    assert finding.fix is None or method == "counted"


class Builds:
    """Makes what it needs at its first call, counts its traces, and keeps nothing else."""

    def __init__(self) -> None:
        self.weight: Any = None
        self.traces = 0

    @tf.function
    def step(self, x: Any) -> Any:
        self.traces += 1
        print("tracing step for", x.shape)
        if self.weight is None:
            self.weight = tf.Variable(np.random.rand())
        outputs = []
        for number in range(2):
            outputs.append(x * float(number))
        seen = {}
        seen["x"] = x
        tf.print("step", output_stream="file:///dev/null")
        return tf.stack(outputs) * self.weight + tf.random.uniform([])


def test_what_is_meant_for_tracing_is_nothing_to_mend(tmp_path: pathlib.Path) -> None:
    builds = Builds()
    found = silent_findings.told(lambda: [builds.step(tf.ones(2)) for _ in range(6)], tmp_path)
    assert {finding.severity for finding in found} <= {"info"}


def test_nothing_is_said_of_a_body_that_ran_for_every_call(tmp_path: pathlib.Path) -> None:
    def program() -> None:
        @tf.function
        def shown(x: Any) -> Any:
            print("shape", x.shape)
            return x * 2.0

        for size in range(1, 4):
            shown(tf.ones(size))

    assert silent_findings.told(program, tmp_path) == []


def test_nothing_is_said_of_what_a_function_inside_does_when_the_graph_runs(tmp_path: pathlib.Path) -> None:
    drawn = []

    def program() -> None:
        @tf.function
        def noisy(x: Any) -> Any:
            def draw() -> Any:
                drawn.append(1)
                return np.float32(np.random.rand())

            return x + tf.numpy_function(draw, [], tf.float32)

        for _ in range(5):
            noisy(tf.ones(2))

    found = silent_findings.told(program, tmp_path)
    assert len(drawn) == 5
    assert found == []


class Replay:
    """A list to look at, and variables in truth."""

    def __init__(self) -> None:
        self.stored = tf.Variable(0.0)

    def append(self, x: Any) -> None:
        self.stored.assign_add(x[0])


class Steps:
    """Bodies that look as if they did something once."""

    debug = False

    def __init__(self) -> None:
        self.count, self.state, self.total = 0, 0.0, 0.0
        self.losses: list[Any] = []
        self.replay = Replay()
        self.table = tf.lookup.experimental.MutableHashTable(tf.int64, tf.float32, 0.0)
        self.elements = iter(tf.data.Dataset.range(1000))
        self.numbers = np.random.default_rng(0)
        self.generator = tf.random.Generator.from_seed(0)

    @tf.function
    def counts_and_tells(self, x: Any) -> Any:
        self.count += 1
        if self.count % 100 == 0:
            print("step", self.count)
        return x * 2.0

    @tf.function
    def keeps_its_state(self, x: Any) -> Any:
        before = self.state
        self.state = before + 1.0
        return x * before

    @tf.function
    def prints_in_a_loop(self, x: Any) -> Any:
        for number in range(3):
            x = x * 2.0
            print("layer", number)
        return x

    @tf.function
    def draws_of_a_generator(self, x: Any) -> Any:
        return x * self.numbers.normal()

    @tf.function
    def by_class(self, x: Any) -> Any:
        self.replay.append(x)
        self.table.insert(tf.constant([1], tf.int64), x[:1])
        return x + tf.cast(next(self.elements), tf.float32) + self.generator.normal([])

    @tf.function
    def in_a_branch_that_is_not_taken(self, x: Any) -> Any:
        if self.debug:
            print("value", x)
            x = x + np.random.rand()
        if tf.executing_eagerly():
            self.count += 1
        return x * 2.0

    @tf.function
    def in_a_handler(self, x: Any) -> Any:
        try:
            x = x * 2.0
        except ValueError as error:
            _logger.error("failed: %s", error)
            raise
        return x

    @tf.function
    def begins_anew(self, x: Any) -> Any:
        self.total = 0.0
        self.losses = []
        for number in range(3):
            self.total += tf.reduce_sum(x) * number
            self.losses.append(x)
        return self.total + tf.add_n(self.losses)

    @tf.function
    def for_tracing(self, x: Any) -> Any:
        begun = time.perf_counter()
        with tf.init_scope():
            self.count += 1
        x = x * 2.0
        print("tracing took", time.perf_counter() - begun)
        return x

    @tf.function
    def with_names_of_others(self, x: Any) -> Any:
        from tensorflow import random

        np.random.seed(0)
        return x + random.uniform([2]) + random.normal([2])


FOUND: Final = {
    "counts_and_tells": ("counter", "low"),
    "keeps_its_state": ("assignment", "high"),
    "prints_in_a_loop": ("print", "low"),
    "draws_of_a_generator": ("random", "high"),
}


@pytest.mark.parametrize("method", FOUND)
def test_an_effect_is_as_grave_as_what_the_body_does_with_it(method: str, tmp_path: pathlib.Path) -> None:
    steps = Steps()
    found = silent_findings.told(lambda: [getattr(steps, method)(tf.ones(2)) for _ in range(6)], tmp_path)
    assert [(finding.evidence["kind"], finding.severity) for finding in found if finding.severity != "info"] == [FOUND[method]]


def test_what_a_loop_has_done_several_times_is_not_said_to_have_run_once(tmp_path: pathlib.Path) -> None:
    steps = Steps()
    (finding,) = silent_findings.told(lambda: [steps.prints_in_a_loop(tf.ones(2)) for _ in range(6)], tmp_path)
    assert finding.title == "print('layer', number) ran only while Steps.prints_in_a_loop was traced, once in 6 calls"


NOT_FOUND: Final = (
    "by_class",
    "in_a_branch_that_is_not_taken",
    "in_a_handler",
    "begins_anew",
    "for_tracing",
    "with_names_of_others",
)


@pytest.mark.parametrize("method", NOT_FOUND)
def test_what_the_graph_does_too_or_was_never_done_is_not_told(method: str, tmp_path: pathlib.Path) -> None:
    steps = Steps()
    found = silent_findings.told(lambda: [getattr(steps, method)(tf.ones(2)) for _ in range(6)], tmp_path)
    assert [finding for finding in found if finding.severity != "info"] == []


def test_nothing_is_said_of_a_body_that_a_decorator_runs_whenever_the_graph_does(tmp_path: pathlib.Path) -> None:
    seen: list[int] = []

    def on_the_host(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper(x: Any) -> Any:
            return tf.py_function(function, [x], tf.float32)

        return wrapper

    @tf.function
    @on_the_host
    def augmented(x: Any) -> Any:
        seen.append(1)
        return x * np.random.rand()

    found = silent_findings.told(lambda: [augmented(tf.ones(2)) for _ in range(6)], tmp_path)
    assert len(seen) == 6
    assert found == []
