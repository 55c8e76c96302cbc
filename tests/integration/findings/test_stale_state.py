"""Graphs that go on with values that the program has changed: beside them twins that are right."""

from __future__ import annotations

import dataclasses
import enum
import functools
import logging
import pathlib
import time
from collections.abc import Callable
from typing import Any, Final

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.support import silent_findings

# --- Values that change -------------------------------------------------------------------------------------------------------------------

SCALE = 1.0
SETTINGS = {"rate": 0.1, "names": ["a"]}
TABLE = np.array([1.0, 2.0])
STRATEGY = tf.distribute.get_strategy()


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


class Phase(enum.Enum):
    GENERATOR = 1
    CRITIC = 2


@dataclasses.dataclass(slots=True)
class Options:
    rate: float = 0.1
    name: str = "a"


def passed_on(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def on_the_host(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(x: Any) -> Any:
        return tf.py_function(function, [x], tf.float32)

    return wrapper


def scaled_by_rate(x: Any, settings: dict[str, Any]) -> Any:
    return x * settings["rate"]


class Base:
    scale = 1.0

    def scaled(self, x: Any) -> Any:
        return x * self.scale


class Trainer(Base):
    """Reads what is outside in the ways that programs have."""

    limit = 1.0

    def __init__(self) -> None:
        self.phase = Phase.GENERATOR
        self.step, self.warm_up, self.first, self.second = 0, 3, 1.0, 2.0
        self.uses_first = True
        self.options = Options()
        self.logger = logging.getLogger("quiet")

    @property
    def doubled(self) -> Any:
        return self.first * 2.0

    @classmethod
    def limited(cls, x: Any) -> Any:
        return x * cls.limit

    @passed_on
    def decorated(self, x: Any) -> Any:
        return x * self.first

    def host(self, x: Any) -> Any:
        return x * np.float32(self.first)

    def replica(self, x: Any) -> Any:
        rate = self.first
        return x * rate

    @tf.function
    def by_phase(self, x: Any) -> Any:
        return x * 2.0 if self.phase is Phase.GENERATOR else x * 3.0

    @tf.function
    def warming_up(self, x: Any) -> Any:
        if self.step < self.warm_up:
            return x * 0.1
        return x * 1.0

    @tf.function
    def selected(self, x: Any) -> Any:
        return x * self.first if self.uses_first else x * self.second

    @tf.function
    def saturated(self, x: Any) -> Any:
        return x * min(1.0, self.step / 10)

    @tf.function
    def by_property(self, x: Any) -> Any:
        return x * self.doubled

    @tf.function
    def by_super(self, x: Any) -> Any:
        return super().scaled(x)

    @tf.function
    def by_class_method(self, x: Any) -> Any:
        return self.limited(x) + 1.0

    @tf.function
    def by_decorated(self, x: Any) -> Any:
        return self.decorated(x) + 1.0

    @tf.function
    def by_replicas(self, x: Any) -> Any:
        return STRATEGY.run(self.replica, args=(x,))

    @tf.function
    def by_slot(self, x: Any) -> Any:
        return x * self.options.rate

    @tf.function
    def summarized(self, x: Any) -> Any:
        tf.summary.scalar("loss", x[0], step=self.step)
        return x * 2.0

    @tf.function
    def on_host(self, x: Any) -> Any:
        return tf.py_function(self.host, [x], tf.float32)

    @tf.function
    def handed_to_the_host(self, x: Any) -> Any:
        return on_the_host(self.host)(x)

    @tf.function
    def logged(self, x: Any) -> Any:
        step = self.step
        self.logger.info("step %d", step)
        with tf.name_scope(f"step_{self.step}"):
            return tf.identity(x, name=f"x_{self.step}")

    @tf.function
    def counts(self, x: Any) -> Any:
        x = x * self.first
        self.first = 5.0
        return x

    @tf.function
    def returns_early(self, x: Any) -> Any:
        if self.uses_first:
            return x * 1.0
        return x * self.second


@tf.function
def handed_on(x: Any) -> Any:
    return scaled_by_rate(x, SETTINGS)


@tf.function
@on_the_host
def wrapped_for_the_host(x: Any) -> Any:
    return x * SCALE


def phase_of_a_gan() -> None:
    trainer = Trainer()
    trainer.by_phase(tf.ones(2))
    trainer.phase = Phase.CRITIC
    assert trainer.by_phase(tf.ones(2))[0] == 2.0


def warm_up_that_ends() -> None:
    trainer = Trainer()
    for trainer.step in range(6):
        trainer.warming_up(tf.ones(2))


def the_selected_of_two() -> None:
    trainer = Trainer()
    trainer.selected(tf.ones(2))
    trainer.first = 4.0
    assert trainer.selected(tf.ones(2))[0] == 1.0


def what_a_property_is_made_of() -> None:
    trainer = Trainer()
    trainer.by_property(tf.ones(2))
    trainer.first = 4.0
    assert trainer.by_property(tf.ones(2))[0] == 2.0


def what_a_method_of_the_base_class_reads() -> None:
    trainer = Trainer()
    trainer.by_super(tf.ones(2))
    trainer.scale = 4.0
    assert trainer.by_super(tf.ones(2))[0] == 1.0


def what_a_class_method_reads() -> None:
    trainer = Trainer()
    trainer.by_class_method(tf.ones(2))
    try:
        Trainer.limit = 4.0
        assert trainer.by_class_method(tf.ones(2))[0] == 2.0
    finally:
        Trainer.limit = 1.0


def what_a_decorated_method_reads() -> None:
    trainer = Trainer()
    trainer.by_decorated(tf.ones(2))
    trainer.first = 4.0
    assert trainer.by_decorated(tf.ones(2))[0] == 2.0


def what_each_replica_reads() -> None:
    trainer = Trainer()
    trainer.by_replicas(tf.ones(2))
    trainer.first = 4.0
    assert trainer.by_replicas(tf.ones(2))[0] == 1.0


def a_slot_of_a_dataclass() -> None:
    trainer = Trainer()
    trainer.by_slot(tf.ones(2))
    trainer.options.rate = 0.5
    trainer.by_slot(tf.ones(2))


def the_step_of_a_summary() -> None:
    trainer = Trainer()
    for trainer.step in range(4):
        trainer.summarized(tf.ones(2))


def an_item_of_a_dict_that_is_handed_on() -> None:
    handed_on(tf.ones(2))
    try:
        SETTINGS["rate"] = 0.2
        handed_on(tf.ones(2))
    finally:
        SETTINGS["rate"] = 0.1


def a_flag_that_a_model_reads_in_call() -> None:
    class Curriculum(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1)
            self.hard = False

        def call(self, x: Any) -> Any:
            x = self.dense(x)
            if self.hard:
                x = x * 2.0
            return x

    model = Curriculum()
    model.compile("sgd", "mse")
    harder = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: setattr(model, "hard", epoch >= 1))
    model.fit(np.ones((32, 3)), np.ones((32, 1)), batch_size=8, epochs=3, callbacks=[harder], verbose=0)


def trained(layers: Any, model: Any = None) -> Any:
    """A step that applies what it has of some layers."""
    model = model or layers
    optimizer = keras.optimizers.SGD(0.1)

    @tf.function
    def step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(x) ** 2)
        optimizer.apply_gradients(zip(tape.gradient(loss, layers.trainable_variables), layers.trainable_variables, strict=True))
        return loss

    return step


def two_layers(cls: Any = keras.Sequential) -> Any:
    return cls([keras.Input((2,)), keras.layers.Dense(3, name="base"), keras.layers.Dense(1)])


def layers_that_are_unfrozen() -> None:
    model = two_layers()
    model.layers[0].trainable = False
    step = trained(model)
    step(tf.ones((1, 2)))
    model.layers[0].trainable = True
    step(tf.ones((1, 2)))


STALE: Final = {
    layers_that_are_unfrozen: ("layers.trainable_variables", "2 variables"),
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
    phase_of_a_gan: ("self.phase", "Phase.GENERATOR"),
    warm_up_that_ends: ("self.step", "0"),
    the_selected_of_two: ("self.first", "1.0"),
    what_a_property_is_made_of: ("self.first", "1.0"),
    what_a_method_of_the_base_class_reads: ("self.scale", "1.0"),
    what_a_class_method_reads: ("cls.limit", "1.0"),
    what_a_decorated_method_reads: ("self.first", "1.0"),
    what_each_replica_reads: ("self.first", "1.0"),
    a_slot_of_a_dataclass: ("self.options.rate", "0.1"),
    the_step_of_a_summary: ("self.step", "0"),
    an_item_of_a_dict_that_is_handed_on: ("SETTINGS['rate']", "0.1"),
    a_flag_that_a_model_reads_in_call: ("self.hard", "False"),
}


@pytest.mark.parametrize("program", STALE, ids=lambda program: program.__name__)
def test_a_graph_that_goes_on_with_an_old_value_is_told(program: Callable[[], None], tmp_path: pathlib.Path) -> None:
    (finding,) = silent_findings.told(program, tmp_path)
    assert finding.id == "stale-python-state"
    assert finding.severity == "high"
    assert (finding.evidence["name"], finding.evidence["traced_with"]) == STALE[program]
    assert finding.evidence["read_at"].startswith("test_stale_state.py:")


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


def warm_up_that_does_not_end() -> None:
    trainer = Trainer()
    for trainer.step in range(3):
        assert trainer.warming_up(tf.ones(2))[0] == np.float32(0.1)


def the_other_of_two() -> None:
    trainer = Trainer()
    for trainer.second in (1.0, 2.0, 3.0):
        assert trainer.selected(tf.ones(2))[0] == 1.0


def a_schedule_that_has_ended() -> None:
    trainer = Trainer()
    for trainer.step in range(10, 14):
        assert trainer.saturated(tf.ones(2))[0] == 1.0


def a_method_that_runs_on_the_host() -> None:
    trainer = Trainer()
    for number in range(4):
        trainer.first = float(number)
        assert trainer.on_host(tf.ones(2))[0] == number
        assert trainer.handed_to_the_host(tf.ones(2))[0] == number


def a_body_that_a_decorator_runs_on_the_host() -> None:
    global SCALE
    try:
        for number in range(4):
            SCALE = float(number)
            assert wrapped_for_the_host(tf.ones(2))[0] == number
    finally:
        SCALE = 1.0


def a_value_that_is_logged_or_names_something() -> None:
    trainer = Trainer()
    for trainer.step in range(4):
        trainer.logged(tf.ones(2))


def after_a_return() -> None:
    trainer = Trainer()
    for trainer.second in (1.0, 2.0, 3.0):
        trainer.returns_early(tf.ones(2))


def a_branch_that_only_another_object_has_taken() -> None:
    one, other = Trainer(), Trainer()
    other.uses_first = False
    other.returns_early(tf.ones(2))
    for one.second in (1.0, 2.0, 3.0):
        one.returns_early(tf.ones(2))


def another_item_of_a_dict_that_is_handed_on() -> None:
    try:
        for number in range(4):
            SETTINGS["other"] = number
            handed_on(tf.ones(2))
    finally:
        SETTINGS.pop("other")


def a_number_of_numpy_that_is_equal() -> None:
    trainer = Trainer()
    trainer.selected(tf.ones(2))
    trainer.first = np.float64(1.0)
    trainer.selected(tf.ones(2))


def a_model_compiled_anew() -> None:
    model = Annealed()
    for model.weight in (0.0, 1.0, 2.0):
        model.compile("sgd")
        model.fit(np.ones((8, 3)), np.ones((8, 1)), batch_size=2, verbose=0)


def layers_that_are_frozen_for_another_step() -> None:
    critic, whole = two_layers(), two_layers()
    one, other = trained(critic), trained(whole)
    for _ in range(3):
        critic.trainable = True
        one(tf.ones((1, 2)))
        critic.trainable = False
        other(tf.ones((1, 2)))


def layers_that_the_first_call_builds() -> None:
    model = keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(1)])
    step = trained(model)
    for _ in range(3):
        step(tf.ones((1, 2)))


def variables_that_a_class_of_the_programs_chooses() -> None:
    class Explodes(keras.Sequential):
        quiet = True

        @property
        def trainable_variables(self) -> Any:
            assert self.quiet
            return super().trainable_variables

    model = two_layers(Explodes)
    step = trained(model)
    step(tf.ones((1, 2)))
    Explodes.quiet = False
    step(tf.ones((1, 2)))


UP_TO_DATE: Final = (
    layers_that_are_frozen_for_another_step,
    layers_that_the_first_call_builds,
    variables_that_a_class_of_the_programs_chooses,
    warm_up_that_does_not_end,
    the_other_of_two,
    a_schedule_that_has_ended,
    a_method_that_runs_on_the_host,
    a_body_that_a_decorator_runs_on_the_host,
    a_value_that_is_logged_or_names_something,
    after_a_return,
    a_branch_that_only_another_object_has_taken,
    another_item_of_a_dict_that_is_handed_on,
    a_number_of_numpy_that_is_equal,
    a_model_compiled_anew,
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
    assert [finding for finding in silent_findings.told(program, tmp_path) if finding.severity != "info"] == []


def test_a_value_that_the_body_changes_itself_is_not_said_to_be_in_the_graph(tmp_path: pathlib.Path) -> None:
    def program() -> None:
        trainer = Trainer()
        assert trainer.counts(tf.ones(2))[0] == 1.0
        trainer.first = 1.0  # as the graph has it, which was made before the body had changed it
        assert [float(trainer.counts(tf.ones(2))[0]) for _ in range(3)] == [1.0, 1.0, 1.0]

    (finding,) = silent_findings.told(program, tmp_path)
    assert (finding.id, finding.evidence["kind"]) == ("python-side-effect", "assignment")


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
