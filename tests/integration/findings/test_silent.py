"""Graphs that repeat what was there when they were traced: beside them twins that are right."""

from __future__ import annotations

import collections
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

import tfmodetrace as tmt
from tests.support import finding_rules
from tfmodetrace.insight import findings

SILENT: Final = ("stale-python-state", "python-side-effect")


def told(program: Callable[[], Any], logdir: pathlib.Path) -> list[findings.Finding]:
    with tmt.record(logdir, instrument="all", flush_secs=0.1):
        program()
    (run,) = tmt.read(logdir).runs
    return [finding for finding in finding_rules.check(run) if finding.id in SILENT]


# --- Values that change -------------------------------------------------------------------------------------------------------------------

SCALE = 1.0
SETTINGS = {"rate": 0.1, "names": ["a"]}
TABLE = np.array([1.0, 2.0])
EXPLODES: Any = None


class Explodes:
    """Whatever is asked of it ends the program."""

    def __getattribute__(self, name: str) -> Any:
        raise SystemExit(name)

    def __getattr__(self, name: str) -> Any:
        raise SystemExit(name)

    def __eq__(self, other: object) -> bool:
        raise SystemExit

    def __hash__(self) -> int:
        raise SystemExit


class Net:
    factor = 3.0

    def __init__(self) -> None:
        self.scale = 1.0
        self.inner = Inner()
        self.options = {"depth": 2}
        self.variable = tf.Variable(1.0)
        self.step = 0
        self.explodes = Explodes()

    @property
    def computed(self) -> float:
        raise SystemExit

    @tf.function
    def attribute(self, x: Any) -> Any:
        return x * self.scale

    @tf.function
    def class_attribute(self, x: Any) -> Any:
        return x * self.factor

    @tf.function
    def nested(self, x: Any) -> Any:
        return x * self.inner.scale

    @tf.function
    def item(self, x: Any) -> Any:
        return x * float(self.options["depth"])

    @tf.function
    def by_helper(self, x: Any) -> Any:
        return self._scaled(x) + 1.0

    def _scaled(self, x: Any) -> Any:
        return x * self.scale

    @tf.function
    def in_a_branch_that_is_taken(self, x: Any) -> Any:
        if self.scale:
            x = x * self.scale
        return x

    @tf.function
    def with_a_variable(self, x: Any) -> Any:
        return x * self.variable

    @tf.function
    def in_a_branch_that_is_not_taken(self, x: Any) -> Any:
        if x is None:
            return self.explodes.anything * self.scale
        return x * 2.0

    @tf.function
    def only_printed(self, x: Any) -> Any:
        print("tracing at", self.step)
        return x * 2.0

    @tf.function
    def in_a_callback(self, x: Any) -> Any:
        return tf.py_function(lambda value: value * self.scale, [x], tf.float32)


class Inner:
    def __init__(self) -> None:
        self.scale = 1.0


@tf.function
def of_a_global(x: Any) -> Any:
    return x * SCALE


@tf.function
def of_a_setting(x: Any) -> Any:
    return x * SETTINGS["rate"]


@tf.function
def of_an_array(x: Any) -> Any:
    return x * TABLE


def change_of_an_attribute() -> None:
    net = Net()
    for number in range(5):
        net.scale = 1.0 + number
        net.attribute(tf.ones(2))


def change_of_a_class_attribute() -> None:
    net = Net()
    net.class_attribute(tf.ones(2))
    try:
        Net.factor = 4.0
        net.class_attribute(tf.ones(2))
    finally:
        Net.factor = 3.0


def change_of_a_nested_attribute() -> None:
    net = Net()
    net.nested(tf.ones(2))
    net.inner.scale = 2.0
    net.nested(tf.ones(2))


def another_object_in_an_attribute() -> None:
    net = Net()
    net.nested(tf.ones(2))
    net.inner = Inner()
    net.inner.scale = 7.0
    net.nested(tf.ones(2))


def change_of_an_item() -> None:
    net = Net()
    net.item(tf.ones(2))
    net.options["depth"] = 5
    net.item(tf.ones(2))


def change_that_a_helper_reads() -> None:
    net = Net()
    net.by_helper(tf.ones(2))
    net.scale = 3.0
    net.by_helper(tf.ones(2))


def change_read_in_a_branch() -> None:
    net = Net()
    net.in_a_branch_that_is_taken(tf.ones(2))
    net.scale = 3.0
    net.in_a_branch_that_is_taken(tf.ones(2))


def change_of_a_global() -> None:
    global SCALE
    of_a_global(tf.ones(3))
    try:
        SCALE = 2.0
        of_a_global(tf.ones(3))
    finally:
        SCALE = 1.0


def change_of_a_setting() -> None:
    of_a_setting(tf.ones(4))
    try:
        SETTINGS["rate"] = 0.2
        of_a_setting(tf.ones(4))
    finally:
        SETTINGS["rate"] = 0.1


def change_in_an_array() -> None:
    of_an_array(tf.ones(2, tf.float64))
    try:
        TABLE[1] = 5.0
        of_an_array(tf.ones(2, tf.float64))
    finally:
        TABLE[1] = 2.0


def change_of_a_closure() -> None:
    weight = 1.0

    @tf.function
    def weighted(x: Any) -> Any:
        return x * weight

    for number in range(4):
        weight = float(number)
        weighted(tf.ones(2))


def change_long_after_the_first_calls() -> None:
    net = Net()
    for number in range(400):
        net.scale = 1.0 if number < 300 else 2.0
        net.attribute(tf.ones(2))
        time.sleep(0.002)


class Annealed(keras.Model):
    """A loss whose weight a callback changes."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.weight = 0.0

    def call(self, x: Any) -> Any:
        return self.dense(x)

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self(x, training=True) - y) ** 2) * self.weight
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss}


class Anneal(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.model.weight = 0.5 * epoch


def change_by_a_callback_of_keras() -> None:
    model = Annealed()
    model.compile("sgd")
    data = tf.data.Dataset.from_tensor_slices((np.ones((64, 3), np.float32), np.ones((64, 1), np.float32))).batch(1)
    model.fit(data, epochs=4, callbacks=[Anneal()], shuffle=False, verbose=0)


STALE: Final = {
    change_of_an_attribute: ("self.scale", "1.0"),
    change_of_a_class_attribute: ("self.factor", "3.0"),
    change_of_a_nested_attribute: ("self.inner.scale", "1.0"),
    another_object_in_an_attribute: ("self.inner.scale", "1.0"),
    change_of_an_item: ("self.options['depth']", "2"),
    change_that_a_helper_reads: ("self.scale", "1.0"),
    change_read_in_a_branch: ("self.scale", "1.0"),
    change_of_a_global: ("SCALE", "1.0"),
    change_of_a_setting: ("SETTINGS['rate']", "0.1"),
    change_in_an_array: ("TABLE", "array([1., 2.])"),
    change_of_a_closure: ("weight", "0.0"),
    change_long_after_the_first_calls: ("self.scale", "1.0"),
    change_by_a_callback_of_keras: ("self.weight", "0.0"),
}


@pytest.mark.parametrize("program", STALE, ids=lambda program: program.__name__)
def test_a_graph_that_goes_on_with_an_old_value_is_told(program: Callable[[], None], tmp_path: pathlib.Path) -> None:
    (finding,) = told(program, tmp_path)
    assert finding.id == "stale-python-state"
    assert finding.severity == "high"
    assert (finding.evidence["name"], finding.evidence["traced_with"]) == STALE[program]
    assert finding.evidence["read_at"].startswith("test_silent.py:")


def no_call_after_the_change() -> None:
    net = Net()
    net.attribute(tf.ones(2))
    net.scale = 2.0


def traced_again_with_the_change() -> None:
    net = Net()
    for size in (2, 3, 4):
        net.scale = float(size)
        net.attribute(tf.ones(size))


def changed_and_put_back_before_the_call() -> None:
    net = Net()
    net.attribute(tf.ones(2))
    net.scale = 2.0
    net.scale = 1.0
    net.attribute(tf.ones(2))


def an_equal_value() -> None:
    net = Net()
    for _ in range(4):
        net.scale = float("1.0")
        net.options = {"depth": 2}
        net.attribute(tf.ones(2))
        net.item(tf.ones(2))


def a_variable() -> None:
    net = Net()
    for number in range(4):
        net.variable.assign(float(number))
        net.with_a_variable(tf.ones(2))


def a_branch_that_was_not_taken() -> None:
    net = Net()
    for number in range(4):
        net.scale = float(number)
        net.in_a_branch_that_is_not_taken(tf.ones(2))


def a_value_that_is_only_printed() -> None:
    net = Net()
    for number in range(4):
        net.step = number
        net.only_printed(tf.ones(2))


def a_value_that_a_callback_reads() -> None:
    net = Net()
    for number in range(4):
        net.scale = float(number)
        assert net.in_a_callback(tf.ones(()))[()] == number


def functions_run_eagerly() -> None:
    net = Net()
    tf.config.run_functions_eagerly(True)
    try:
        for number in range(4):
            net.scale = float(number)
            assert net.attribute(tf.ones(2))[0] == number
    finally:
        tf.config.run_functions_eagerly(False)


def a_local_of_the_same_name() -> None:
    @tf.function
    def scaled(x: Any) -> Any:
        SCALE = tf.constant(2.0)  # noqa: N806
        return x * SCALE

    scaled(tf.ones(2))
    scaled(tf.ones(2))


def each_object_with_its_own() -> None:
    for number in range(4):
        net = Net()
        net.scale = float(number)
        for _ in range(3):
            net.attribute(tf.ones(2))


UP_TO_DATE: Final = (
    no_call_after_the_change,
    traced_again_with_the_change,
    changed_and_put_back_before_the_call,
    an_equal_value,
    a_variable,
    a_branch_that_was_not_taken,
    a_value_that_is_only_printed,
    a_value_that_a_callback_reads,
    functions_run_eagerly,
    a_local_of_the_same_name,
    each_object_with_its_own,
)


@pytest.mark.parametrize("program", UP_TO_DATE, ids=lambda program: program.__name__)
def test_nothing_is_said_of_a_value_that_no_graph_has_missed(program: Callable[[], None], tmp_path: pathlib.Path) -> None:
    assert [finding for finding in told(program, tmp_path) if finding.severity != "info"] == []


def test_what_is_watched_is_not_kept_alive(tmp_path: pathlib.Path) -> None:
    import gc
    import weakref

    with tmt.record(tmp_path, instrument="all"):
        net = Net()
        net.attribute(tf.ones(2))
        references: list[weakref.ref[Any]] = [weakref.ref(net), weakref.ref(net.inner)]
        del net
        gc.collect()
        assert [reference() for reference in references] == [None, None]


# --- What runs once -----------------------------------------------------------------------------------------------------------------------

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
    (finding,) = told(lambda: [function(tf.ones(shape)) for _ in range(6)], tmp_path)
    assert (finding.id, finding.evidence["kind"], finding.severity) == ("python-side-effect", *ONCE[function])
    assert (finding.evidence["body_ran"], finding.evidence["executed"]) == (1, 6)


def test_a_counter_that_decides_what_a_step_of_keras_does_is_told(tmp_path: pathlib.Path) -> None:
    (finding,) = told(fit_that_accumulates, tmp_path)
    assert (finding.id, finding.severity, finding.evidence["executed"]) == ("python-side-effect", "high", 16)
    assert finding.title == "self.seen += 1 ran once in 16 calls of Accumulates.train_step"
    assert "self.seen in a tf.Variable" in finding.advice


class Builds:
    """Makes what it needs at its first call, counts its traces, and keeps nothing else."""

    def __init__(self) -> None:
        self.weight: Any = None
        self.others: list[Any] = []
        self.traces = 0

    @tf.function
    def step(self, x: Any) -> Any:
        self.traces += 1
        print("tracing step for", x.shape)
        if self.weight is None:
            self.weight = tf.Variable(np.random.rand())
        if not self.others:
            self.others.append(tf.Variable(1.0))
        outputs = []
        for number in range(2):
            outputs.append(x * float(number))
        seen = {}
        seen["x"] = x
        tf.print("step", output_stream="file:///dev/null")
        return tf.stack(outputs) * self.weight + tf.random.uniform([])


def test_what_is_meant_for_tracing_is_nothing_to_mend(tmp_path: pathlib.Path) -> None:
    builds = Builds()
    found = told(lambda: [builds.step(tf.ones(2)) for _ in range(6)], tmp_path)
    assert {finding.severity for finding in found} <= {"info"}


def test_nothing_is_said_of_a_body_that_ran_for_every_call(tmp_path: pathlib.Path) -> None:
    def program() -> None:
        @tf.function
        def shown(x: Any) -> Any:
            print("shape", x.shape)
            return x * 2.0

        for size in range(1, 4):
            shown(tf.ones(size))

    assert told(program, tmp_path) == []


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

    found = told(program, tmp_path)
    assert len(drawn) == 5
    assert found == []
