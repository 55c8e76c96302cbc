"""Containers: lists, tuples, dicts, named tuples, attrs classes, nested ones; a part that differs and a structure that does."""

from __future__ import annotations

import collections
from typing import Any, NamedTuple

import tensorflow as tf

from tests.integration.reasons import scenario

CORPUS = scenario.Corpus()


class Pair(NamedTuple):
    image: Any
    label: Any


class Couple(NamedTuple):
    image: Any
    label: Any


class Attributes:
    """What attrs makes of a class, as far as TensorFlow asks: it must not be installed for this."""

    class _Field(NamedTuple):
        name: str

    __attrs_attrs__ = (_Field("rate"), _Field("data"))

    def __init__(self, rate: Any, data: Any) -> None:
        self.rate = rate
        self.data = data


def _plain(watch: scenario.Watch) -> Any:
    @tf.function
    def function(batch: Any) -> Any:
        return tf.constant(0)

    return watch(function)


@CORPUS.add(("shape", 'batch["x"]', "float32[2]", "float32[3]"))
def one_entry_of_a_dict(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function({"x": tf.ones(2), "y": tf.ones(2)})
    function({"y": tf.ones(2), "x": tf.ones(3)})


@CORPUS.add(("dtype", 'batch["lab"]["y"][0]', "int32[2]", "int64[2]"))
def deep_inside_a_nested_batch(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function({"img": tf.ones(1), "lab": {"y": [tf.ones(2, tf.int32), None]}})
    function({"img": tf.ones(1), "lab": {"y": [tf.ones(2, tf.int64), None]}})


@CORPUS.add(("shape", 'batch["it\'s \\"x\\""]', "float32[2]", "float32[3]"))
def a_key_with_quotes(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function({'it\'s "x"': tf.ones(2)})
    function({'it\'s "x"': tf.ones(3)})


@CORPUS.add(("python-value", "batch[3]", "'a'", "'b'"))
def a_dict_with_numbers_for_keys(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function({3: "a", 4: "c"})
    function({3: "b", 4: "c"})


@CORPUS.add(traces=1)
def the_order_of_a_dict_does_not_matter(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function({"a": 1, "b": 2})
    function(collections.OrderedDict(b=2, a=1))


@CORPUS.add(("structure", "batch", "{'x': float32[2]}", "{'x': float32[2], 'mask': float32[2]}"))
def an_entry_more_in_a_dict(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function({"x": tf.ones(2)})
    function({"x": tf.ones(2), "mask": tf.ones(2)})


@CORPUS.add(("python-value", "batch[1]", "2", "5"))
def a_list_of_numbers_is_keyed_by_each(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function([1, 2, 3])
    function([1, 5, 3])


@CORPUS.add([("python-value", "batch[0]", "1", "4"), ("python-value", "batch[2]", "3", "6")])
def two_numbers_of_a_list(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function([1, 2, 3])
    function([4, 2, 6])


@CORPUS.add(("structure", "batch", "[float32[1]]", "[float32[1], float32[1]]"))
def a_list_grows(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function([tf.ones(1)])
    function([tf.ones(1), tf.ones(1)])


@CORPUS.add(("structure", "batch", "[float32[1]]", "(float32[1],)"))
def a_list_becomes_a_tuple(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function([tf.ones(1)])
    function((tf.ones(1),))


@CORPUS.add(("shape", "batch[0][1]", "float32[1]", "float32[2]"))
def inside_nested_tuples(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(((tf.ones(1), tf.ones(1)), 3))
    function(((tf.ones(1), tf.ones(2)), 3))


@CORPUS.add(("shape", "batch.image", "float32[1]", "float32[2]"))
def a_field_of_a_named_tuple(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(Pair(tf.ones(1), 1))
    function(Pair(tf.ones(2), 1))


@CORPUS.add(("structure", "batch", "Pair(image=float32[1], label=1)", "Couple(image=float32[1], label=1)"))
def a_named_tuple_of_another_name(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(Pair(tf.ones(1), 1))
    function(Couple(tf.ones(1), 1))


@CORPUS.add(("structure", "batch", "(float32[1], 1)", "Pair(image=float32[1], label=1)"))
def a_tuple_becomes_a_named_tuple(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function((tf.ones(1), 1))
    function(Pair(tf.ones(1), 1))


@CORPUS.add(("python-value", "batch.rate", "0.1", "0.2"), ("shape", "batch.data", "float32[1]", "float32[2]"))
def a_field_of_an_attrs_class(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(Attributes(0.1, tf.ones(1)))
    function(Attributes(0.2, tf.ones(1)))
    function(Attributes(0.2, tf.ones(2)))


@CORPUS.add(("tensor-vs-python", "batch", "[1.0, 2.0]", "float32[2]"))
def a_list_of_numbers_becomes_a_tensor(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function([1.0, 2.0])
    function(tf.constant([1.0, 2.0]))


@CORPUS.add(("tensor-vs-python", 'batch["mask"]', "None", "bool[2]"))
def an_optional_entry_is_filled(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function({"x": tf.ones(2), "mask": None})
    function({"x": tf.ones(2), "mask": tf.ones(2, tf.bool)})


@CORPUS.add(("structure", "batch", "None", "{'x': float32[2]}"))
def nothing_becomes_a_dict(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(None)
    function({"x": tf.ones(2)})


@CORPUS.add(("structure", "batch", "[]", "()"))
def empty_containers(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function([])
    function(())


@CORPUS.add([("shape", f"batch[{index}]", "float32[2]", "float32[3]") for index in (0, 70)])
def two_of_a_hundred_weights(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function([tf.ones(2) for _ in range(100)])
    function([tf.ones(3 if index in (0, 70) else 2) for index in range(100)])
