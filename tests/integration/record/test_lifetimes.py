"""What the program has let go dies at its time: classes, models, tensors and functions, while a session runs and after it."""

from __future__ import annotations

import enum
import functools
import gc
import os
import pathlib
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.support import fresh
from tfmodetrace.recorder.calls import native

Watch = Callable[[Any], Any]


@tmt.traced
def take(*args: Any, **kwargs: Any) -> int:
    return len(args) + len(kwargs)


def _plain_class(watch: Watch) -> None:
    class Local:
        pass

    take(watch(Local()))
    take([Local()], here=Local())
    watch(Local)


def _container_classes(watch: Watch) -> None:
    class Pair(NamedTuple):
        left: int
        right: int

    class Items(list[int]):
        pass

    class Table(dict[str, int]):
        pass

    take(Pair(1, 2), Items([1]), Table(a=1))
    for kind in (Pair, Items, Table):
        watch(kind)


def _names_of_a_dict(watch: Watch) -> None:
    class Local:
        pass

    class Colour(enum.Enum):
        RED = 1

    class Word(enum.StrEnum):
        YES = "yes"

    take({watch(Local()): 1, Colour.RED: 2, Word.YES: 3})
    take({(Colour.RED, 1): 2})
    for kind in (Local, Colour, Word):
        watch(kind)


def _array_class(watch: Watch) -> None:
    class Array(np.ndarray):
        pass

    take(watch(np.zeros(3).view(Array)), np.zeros(3), np.float32(1))
    watch(Array)


def _extension_type(watch: Watch) -> None:
    class Masked(tf.experimental.ExtensionType):
        values: tf.Tensor
        mask: tf.Tensor

    masked = Masked(tf.ones(3), tf.ones(3, tf.bool))
    take(watch(masked))
    take(iter(tf.data.Dataset.from_tensors(masked)))
    take(tf.data.Dataset.from_tensors(masked))
    # TensorFlow keeps such classes in registries of its own, for ever.


def _tensors(watch: Watch) -> None:
    take(watch(tf.ones(3)), [watch(tf.Variable(1.0))], tf.ragged.constant([[1.0], []]))


def _default_and_annotation(watch: Watch) -> None:
    class Local:
        pass

    default = Local()

    @tmt.traced
    def function(x: Any, helper: Local = default) -> Any:
        return x, helper

    function(1)
    function(2, helper=Local())
    watch(function)
    watch(default)
    watch(Local)


def _failure(watch: Watch) -> None:
    class Failure(Exception):
        pass

    @tmt.traced
    def fail(value: Any) -> None:
        raise Failure(value)

    with pytest.raises(Failure):
        fail(watch(tf.ones(3)))
    watch(Failure)
    watch(fail)


def _generator(watch: Watch) -> None:
    class Local:
        pass

    @tmt.traced
    def generate(count: int, what: Any) -> Iterator[Any]:
        for _ in range(count):
            yield what

    generator = generate(3, watch(Local()))
    next(generator)
    generator.close()
    list(generate(2, Local()))
    watch(generate)
    watch(Local)


def _tf_function(watch: Watch) -> None:
    class Local:
        pass

    helper = Local()

    @tmt.traced
    @tf.function
    def compute(x: Any, other: Any = None) -> Any:
        return x if other is None else x + 1

    compute(tf.ones(3))
    compute(tf.ones(3), helper)
    for made in (compute, compute.python_function, compute.get_concrete_function(tf.ones(3)).graph, helper):
        watch(made)


def _failed_trace(watch: Watch) -> None:
    class Failure(Exception):
        pass

    @tmt.traced
    @tf.function
    def compute(x: Any) -> Any:
        raise Failure

    with pytest.raises(Failure):
        compute(tf.ones(3))
    watch(compute)


def _method(watch: Watch) -> None:
    class Local:
        @tmt.traced
        def work(self, x: Any) -> Any:
            return x

        @tmt.traced
        @tf.function
        def compute(self, x: Any) -> Any:
            return x * 2.0

    local = Local()
    local.work(local)
    local.compute(tf.ones(2))
    watch(local)
    watch(Local)


def _partial(watch: Watch) -> None:
    class Local:
        pass

    def work(what: Any, other: int) -> Any:
        return what, other

    traced = tmt.traced(functools.partial(work, watch(Local())))
    traced(2)
    watch(traced)
    watch(work)
    watch(Local)


def _thread(watch: Watch) -> None:
    class Local:
        pass

    thread = threading.Thread(target=take, args=(watch(Local()),))
    thread.start()
    thread.join()
    watch(Local)


CASES = (
    _plain_class,
    _container_classes,
    _names_of_a_dict,
    _array_class,
    _extension_type,
    _tensors,
    _default_and_annotation,
    _failure,
    _generator,
    _tf_function,
    _failed_trace,
    _method,
    _partial,
    _thread,
)


def _undecorated_function(watch: Watch) -> None:
    class Local:
        pass

    default = Local()

    @tf.function(input_signature=[tf.TensorSpec([None])])
    def compute(x: Any) -> Any:
        return x * 2.0

    @tf.function
    def with_default(x: Any, helper: Local = default) -> Any:
        return x + (helper is not default)

    compute(tf.ones(2))
    with_default(tf.ones(2))
    for made in (compute, with_default, with_default.python_function, default):  # TensorFlow keeps the default's class
        watch(made)


def _dataset_function(watch: Watch) -> None:
    def double(x: Any) -> Any:
        return x * 2

    list(tf.data.Dataset.range(3).map(double))
    watch(double)


def _keras_model(watch: Watch) -> None:
    class Scale(keras.layers.Layer):
        def call(self, x: Any, by: Any = "one") -> Any:
            return x * 2.0

    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.scale = Scale()
            self.dense = keras.layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.dense(self.scale(x))

        def train_step(self, data: Any) -> Any:
            return super().train_step(data)

    net = Net()
    net.compile(optimizer="sgd", loss="mse")
    net.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    net(tf.ones((2, 2)))
    for made in (net, net.scale, Net.train_step, net.optimizer, Net, Scale):
        watch(made)


WHOLE_PROGRAM_CASES = (*CASES, _undecorated_function, _dataset_function, _keras_model)


def _used(case: Callable[[Watch], None], times: int) -> list[weakref.ref[Any]]:
    """Runs a case; returns weak references to what it wants to be watched."""
    watched: list[weakref.ref[Any]] = []

    def watch(target: Any) -> Any:
        watched.append(weakref.ref(target))
        return target

    for _ in range(times):
        case(watch)
    return watched


def _collect() -> None:
    # What Keras and TensorFlow hold of the latest thing of its kind, they let go with the next.
    if keras.backend.backend() == "tensorflow":
        keras.utils.clear_session()
    gc.collect()
    gc.collect()


def _alive(watched: list[weakref.ref[Any]]) -> list[Any]:
    for _ in range(20):
        _collect()
        if all(reference() is None for reference in watched):
            return []
        time.sleep(0.05)  # while stacks are looked at, which are sampled here, their frames have what they have
    return [target for reference in watched if (target := reference()) is not None]


@pytest.mark.parametrize("case", WHOLE_PROGRAM_CASES, ids=lambda case: case.__name__)
def test_what_is_watched_dies_without_a_session(case: Callable[[Watch], None]) -> None:
    assert _alive(_used(case, 2)) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_what_the_program_has_let_go_dies_during_the_session(case: Callable[[Watch], None], tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path):
        watched = _used(case, 20)
        assert watched
        assert _alive(watched) == []
    (run,) = tmt.read(tmp_path).runs
    assert run.processes[0].internal_faults == 0
    assert len(run.calls) > 0


@pytest.mark.parametrize("case", WHOLE_PROGRAM_CASES, ids=lambda case: case.__name__)
def test_what_the_program_has_let_go_dies_while_a_whole_program_is_recorded(case: Callable[[Watch], None], tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path, instrument="all", memory="delta"):
        assert _alive(_used(case, 2)) == []
    (run,) = tmt.read(tmp_path).runs
    assert run.processes[0].internal_faults == 0


@pytest.mark.parametrize("case", WHOLE_PROGRAM_CASES, ids=lambda case: case.__name__)
def test_what_the_program_has_let_go_dies_after_the_session(case: Callable[[Watch], None], tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path, instrument="all"):
        watched = _used(case, 2)
    assert _alive(watched) == []


def test_classes_at_one_place_one_after_another_have_signatures_of_their_own(tmp_path: pathlib.Path) -> None:
    places = []
    with tmt.record(tmp_path):
        for number in range(12):
            kind = type(f"Kind{number}", (), {})
            places.append(id(kind))
            take(kind())
            take(kind())
            del kind
            gc.collect()
    if len(set(places)) == len(places):
        pytest.skip("no class was made where another had been")
    (run,) = tmt.read(tmp_path).to_dict()["runs"]
    (function,) = run["functions"]
    assert [(signature["text"], signature["calls"]) for signature in function["signatures"]] == [
        (f"(*args: (<Kind{number} object>,))", 2) for number in range(12)
    ]


def test_steps_of_the_programs_own_model_are_put_back(tmp_path: pathlib.Path) -> None:
    class Net(keras.Model):
        def call(self, x: Any) -> Any:
            return x

        def test_step(self, data: Any) -> Any:
            return {"one": tf.constant(1.0)}

    own = Net.test_step
    net = Net()
    net.compile()
    for number in range(2):
        with tmt.record(tmp_path / str(number), instrument="all"):
            net.evaluate(np.ones((4, 2)), np.ones((4, 2)), verbose=0)
            assert Net.test_step is not own
        assert Net.test_step is own


@pytest.mark.skipif(native.HOT_PATH is None, reason="this is without the hot path in C already")
def test_all_of_this_holds_without_the_hot_path_in_c() -> None:
    done = fresh.run("-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, env={**os.environ, "TFMODETRACE_NATIVE": "0"}, timeout=600)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
