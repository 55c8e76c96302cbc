"""Objects that TensorFlow keys by identity, and objects that say themselves what they are keyed by."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any

import tensorflow as tf

from tests.integration.reasons import scenario

CORPUS = scenario.Corpus()


@dataclasses.dataclass(eq=False)
class Config:
    lr: float = 0.1
    name: str = "sgd"


@dataclasses.dataclass(frozen=True)
class Frozen:
    lr: float = 0.1


class Opaque:
    __slots__ = ("__weakref__",)


class Reduction(enum.Enum):
    SUM = 1
    MEAN = 2


class Fruit(tf.types.experimental.TraceType):
    """A user's trace type that shows what it is keyed by."""

    def __init__(self, kind: Any, data: Any = None) -> None:
        self.kind = kind
        self.data = data

    def is_subtype_of(self, other: Any) -> bool:
        return type(other) is type(self) and self.kind == other.kind and (self.data is None or self.data.is_subtype_of(other.data))

    def most_specific_common_supertype(self, others: Any) -> Any:
        return self if all(self == other for other in others) else None

    def placeholder_value(self, context: Any) -> Any:
        return Basket(self.kind)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and (self.kind, self.data) == (other.kind, other.data)

    def __hash__(self) -> int:
        return hash(self.kind)


class Vegetable(Fruit):
    pass


class Secret(Fruit):
    """A user's trace type that does not show what it is keyed by."""

    __slots__ = ("_hidden",)

    def __init__(self, kind: Any) -> None:
        super().__init__(None)
        self._hidden = kind

    def is_subtype_of(self, other: Any) -> bool:
        return self == other

    def __eq__(self, other: object) -> bool:
        return type(other) is Secret and self._hidden == other._hidden

    def __hash__(self) -> int:
        return 1


class Basket:
    def __init__(self, kind: Any, make: Any = Fruit, data: Any = None) -> None:
        self.kind = kind
        self.make = make
        self.data = data

    def __tf_tracing_type__(self, context: Any) -> Any:
        return self.make(self.kind) if self.data is None else self.make(self.kind, tf.TensorSpec.from_tensor(self.data))


@dataclasses.dataclass
class Masked:
    """A dataclass of the custom nest protocol."""

    mask: bool
    value: Any

    def __tf_flatten__(self) -> Any:
        return (self.mask,), (self.value,)

    @classmethod
    def __tf_unflatten__(cls, metadata: Any, components: Any) -> Any:
        return cls(metadata[0], components[0])


def _plain(watch: scenario.Watch) -> Any:
    @tf.function
    def function(x: Any, config: Any) -> Any:
        return tf.constant(0)

    return watch(function)


@CORPUS.add(*[("object-identity", "config", "~<Config object [0-9]+ with lr=0.1, name='sgd', gone>", "~<Config object .*'sgd'>")] * 2)
def a_temporary_config_retraces_every_time(watch: scenario.Watch) -> None:
    function = _plain(watch)
    for _ in range(3):
        function(tf.ones(1), Config())


@CORPUS.add(("object-identity", "config.lr", "~<Config object 1 with lr=0.1, name='sgd'>", "~<Config object 2 with lr=0.5.*>"))
def another_config_while_the_first_is_alive(watch: scenario.Watch) -> Any:
    function = _plain(watch)
    configs = [Config(), Config(0.5)]
    for config in configs * 2:
        function(tf.ones(1), config)
    return configs


@CORPUS.add(traces=1)
def one_config_whose_attribute_changes(watch: scenario.Watch) -> None:
    function = _plain(watch)
    config = Config()
    function(tf.ones(1), config)
    config.lr = 0.7
    function(tf.ones(1), config)


@CORPUS.add(("shape", "x", "float32[1]", "float32[2]"))
def an_attribute_that_changed_is_no_reason_beside_another(watch: scenario.Watch) -> None:
    function = _plain(watch)
    config = Config()
    function(tf.ones(1), config)
    config.lr = 0.7
    function(tf.ones(2), config)


@CORPUS.add(traces=1)
def equal_objects_share_a_trace_while_the_first_lives(watch: scenario.Watch) -> Any:
    function = _plain(watch)
    configs = [Frozen(), Frozen()]
    for config in configs:
        function(tf.ones(1), config)
    return configs


@CORPUS.add(("shape", "x", "float32[1]", "float32[2]"))
def equal_objects_are_no_change_beside_another(watch: scenario.Watch) -> Any:
    function = _plain(watch)
    configs = [Frozen(), Frozen()]
    function(tf.ones(1), configs[0])
    function(tf.ones(2), configs[1])
    return configs


@CORPUS.add(("object-identity", "config", "<Frozen object 1 with lr=0.1, gone>", "<Frozen object 2 with lr=0.1>"))
def an_equal_object_after_the_first_is_gone(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(1), Frozen())
    function(tf.ones(1), Frozen())


@CORPUS.add(
    ("shape", "x", "float32[1]", "float32[2]"),
    ("shape", "x", "float32[2]", "float32[3]"),
)
def an_equal_object_outlives_the_one_it_equals(watch: scenario.Watch) -> Any:
    function = _plain(watch)
    first, second = Frozen(), Frozen()
    function(tf.ones(1), first)
    function(tf.ones(2), second)
    del first
    function(tf.ones(3), Frozen())
    return second


@CORPUS.add(("object-identity", "config", "~<<lambda> at .*py:[0-9]+, object 1, gone>", "~<<lambda> at .*, object 2>"))
def a_lambda_made_for_every_call(watch: scenario.Watch) -> None:
    function = _plain(watch)
    for _ in range(2):
        function(tf.ones(1), lambda x: x)


@CORPUS.add(("object-identity", "config", "~<one at .*:[0-9]+, object 1>", "~<other at .*:[0-9]+, object 2>"))
def another_callback(watch: scenario.Watch) -> Any:
    def one() -> None:
        return None

    def other() -> None:
        return None

    function = _plain(watch)
    function(tf.ones(1), one)
    function(tf.ones(1), other)
    return one, other


@CORPUS.add(("object-identity", "config[0]", "<Opaque object 1, gone>", "<Opaque object 2>"))
def an_object_inside_a_list_that_tells_nothing(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(1), [Opaque()])
    function(tf.ones(1), [Opaque()])


@CORPUS.add(("python-value", "config", "<Reduction.SUM>", "<Reduction.MEAN>"))
def another_member_of_an_enumeration(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(1), Reduction.SUM)
    function(tf.ones(1), Reduction.MEAN)


@CORPUS.add(("object-identity", "config", "<Config, object 1>", "<Frozen, object 2>"))
def a_class_as_an_argument(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(1), Config)
    function(tf.ones(1), Frozen)


@CORPUS.add(("python-type", "config", "None", "~<Config object 1 .*>"))
def nothing_becomes_an_object(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(1), None)
    function(tf.ones(1), Config())


@CORPUS.add(("tensor-vs-python", "config", "~<Config object 1 .*>", "float32[1]"))
def an_object_becomes_a_tensor(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(1), Config())
    function(tf.ones(1), tf.ones(1))


@CORPUS.add(("object-identity", "self", "~<.*Model object 1, gone>", "~<.*Model object 2>"))
def a_method_called_as_a_function(watch: scenario.Watch) -> None:
    class Model:
        def step(self, x: Any) -> Any:
            return x

    function = watch(tf.function(Model.step))
    function(Model(), tf.ones(1))
    function(Model(), tf.ones(1))


@CORPUS.add(("python-value", "config.kind", "'apple'", "'mango'"))
def a_trace_type_of_the_users_own(watch: scenario.Watch) -> None:
    function = _plain(watch)
    for kind in ("apple", "mango", "apple"):
        function(tf.ones(1), Basket(kind))


@CORPUS.add(("shape", "config.data", "float32[1]", "float32[2]"))
def a_trace_type_of_the_users_own_with_a_specification(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(1), Basket("apple", data=tf.ones(1)))
    function(tf.ones(1), Basket("apple", data=tf.ones(2)))


@CORPUS.add(("python-type", "config", "Fruit(kind='leek', data=None)", "Vegetable(kind='leek', data=None)"))
def another_trace_type_of_the_users_own(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(1), Basket("leek"))
    function(tf.ones(1), Basket("leek", Vegetable))


@CORPUS.add(("shape", "x", "float32[1]", "float32[2]"))
def equal_trace_types_are_no_change_beside_another(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(1), Basket("apple"))
    function(tf.ones(2), Basket("apple"))


@CORPUS.add(("unknown", "config", "Secret(kind=None, data=None)", "Secret(kind=None, data=None)"))
def a_trace_type_that_tells_nothing_is_unknown(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(1), Basket("a", Secret))
    function(tf.ones(1), Basket("b", Secret))


@CORPUS.add(("shape", "config[0]", "float32[1]", "float32[2]"), ("python-value", "config", "(True,)", "(False,)"))
def a_dataclass_of_the_nest_protocol(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(1), Masked(True, tf.ones(1)))
    function(tf.ones(1), Masked(True, tf.ones(2)))
    function(tf.ones(1), Masked(False, tf.ones(2)))


@CORPUS.add([("object-identity", "config.lr", "~.*gone>", "~.*lr=0.2.*"), ("shape", "x", "float32[1]", "float32[2]")][::-1])
def a_temporary_config_and_a_shape(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(1), Config(0.1))
    function(tf.ones(2), Config(0.2))
