"""Python values as arguments: numbers, strings, None, defaults, ``*args`` and ``**kwargs``."""

from __future__ import annotations

import decimal
from typing import Any

import numpy as np
import tensorflow as tf

from tests.integration.reasons import scenario

CORPUS = scenario.Corpus()


def _plain(watch: scenario.Watch) -> Any:
    @tf.function
    def function(x: Any, n: Any = 1) -> Any:
        return tf.constant(0)

    return watch(function)


@CORPUS.add(("python-value", "n", "1", "2"), ("python-value", "n", "2", "3"))
def a_step_counter_is_a_python_int(watch: scenario.Watch) -> None:
    function = _plain(watch)
    for step in (1, 2, 3, 2, 1):
        function(tf.ones(2), step)


@CORPUS.add(("python-value", "n", "0.1", "0.05"))
def a_learning_rate_is_a_python_float(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2), 0.1)
    function(tf.ones(2), n=0.05)


@CORPUS.add(("python-value", "n", "True", "False"))
def a_training_flag(watch: scenario.Watch) -> None:
    function = _plain(watch)
    for training in (True, False, True):
        function(tf.ones(2), training)


@CORPUS.add(("python-value", "n", "'mean'", "'sum'"))
def a_string_option(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2), "mean")
    function(tf.ones(2), "sum")


@CORPUS.add(("python-value", "n", "~'x+….*checksum.*", "~'x+….*checksum.*"))
def a_long_string_differs_at_its_end(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2), "x" * 500 + "a")
    function(tf.ones(2), "x" * 500 + "b")


@CORPUS.add(("python-type", "n", "None", "3"))
def none_becomes_a_number(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2), None)
    function(tf.ones(2), 3)


@CORPUS.add(("python-type", "n", "2", "2.5"))
def an_int_becomes_a_float(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2), 2)
    function(tf.ones(2), 2.5)


@CORPUS.add(("python-type", "n", "1", "'1'"))
def an_int_becomes_a_string(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2), 1)
    function(tf.ones(2), "1")


@CORPUS.add(traces=1)
def equal_literals_of_three_types_share_one_trace(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2), 1)
    function(tf.ones(2), 1.0)
    function(tf.ones(2), True)


@CORPUS.add(("shape", "x", "float32[2]", "float32[3]"))
def equal_literals_of_two_types_are_no_change_beside_another(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2), 1)
    function(tf.ones(3), 1.0)


@CORPUS.add(("python-value", "n", "nan", "inf"))
def not_a_number_equals_itself(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2), float("nan"))
    function(tf.ones(2), float("nan"))
    function(tf.ones(2), float("inf"))


@CORPUS.add(("python-type", "n", "~10+….*", "~Decimal.*"))
def a_huge_int_becomes_a_decimal(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2), 10**250)
    function(tf.ones(2), decimal.Decimal("0.5"))


@CORPUS.add(("tensor-vs-python", "n", "3", "int32[]"))
def a_number_becomes_a_tensor(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2), 3)
    function(tf.ones(2), tf.constant(3))
    function(tf.ones(2), tf.constant(4))


@CORPUS.add(("tensor-vs-python", "n", "int64[]", "4"))
def a_numpy_number_becomes_a_python_number(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2), np.int64(3))
    function(tf.ones(2), int(np.int64(4)))


@CORPUS.add(("tensor-vs-python", "n", "None", "float32[2]"))
def an_optional_mask_is_given(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2), None)
    function(tf.ones(2), tf.ones(2))


@CORPUS.add(("dtype", "n", "float32[]", "float64[]"))
def numpy_scalars_of_two_types(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2), np.float32(3))
    function(tf.ones(2), np.float64(3))


@CORPUS.add(("python-value", "n", "1", "5"))
def a_default_is_overridden(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2))
    function(tf.ones(2), n=1)
    function(tf.ones(2), n=5)


@CORPUS.add([("shape", "x", "float32[2]", "float32[3]"), ("python-value", "n", "1", "2")])
def a_shape_and_a_number_change_at_once(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2), 1)
    function(tf.ones(3), 2)


@CORPUS.add(
    ("shape", "x", "float32[2]", "float32[3]"),
    ("python-value", "n", "1", "2"),
    ("shape", "x", "float32[3]", "float32[9]"),
)
def the_nearest_trace_is_not_the_last(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2), 1)
    function(tf.ones(3), 1)
    function(tf.ones(2), 2)
    function(tf.ones(9), 1)


@CORPUS.add(("python-value", "*args[2]", "3", "4"))
def the_third_of_many_arguments(watch: scenario.Watch) -> None:
    @tf.function
    def function(*args: Any) -> Any:
        return tf.constant(0)

    function = watch(function)
    function(1, 2, 3)
    function(1, 2, 4)


@CORPUS.add(("structure", "*args[2]", "(absent)", "float32[1]"))
def one_argument_more(watch: scenario.Watch) -> None:
    @tf.function
    def function(x: Any, *args: Any) -> Any:
        return tf.constant(0)

    function = watch(function)
    function(tf.ones(1), tf.ones(1), tf.ones(1))
    function(tf.ones(1), tf.ones(1), tf.ones(1), tf.ones(1))


@CORPUS.add(("python-value", '**kw["lr"]', "0.1", "0.2"))
def an_option_in_the_keywords(watch: scenario.Watch) -> None:
    @tf.function
    def function(x: Any, **kw: Any) -> Any:
        return tf.constant(0)

    function = watch(function)
    function(tf.ones(1), lr=0.1, momentum=0.9)
    function(tf.ones(1), momentum=0.9, lr=0.2)


@CORPUS.add(("structure", '**kw["nesterov"]', "(absent)", "True"))
def an_option_more_in_the_keywords(watch: scenario.Watch) -> None:
    @tf.function
    def function(x: Any, *args: Any, rate: float = 1.0, **kw: Any) -> Any:
        return tf.constant(0)

    function = watch(function)
    function(tf.ones(1), 2, lr=0.1)
    function(tf.ones(1), 2, lr=0.1, nesterov=True)


@CORPUS.add(("python-value", "rate", "1.0", "0.5"))
def a_keyword_only_argument(watch: scenario.Watch) -> None:
    @tf.function
    def function(x: Any, *args_0: Any, rate: float = 1.0, **args: Any) -> Any:
        return tf.constant(0)

    function = watch(function)
    function(tf.ones(1), 2, lr=0.1)
    function(tf.ones(1), 2, lr=0.1, rate=0.5)


@CORPUS.add(("shape", '*batches[1]["x"]', "float32[1]", "float32[2]"))
def a_part_of_one_of_many_arguments(watch: scenario.Watch) -> None:
    @tf.function
    def function(*batches: Any) -> Any:
        return tf.constant(0)

    function = watch(function)
    function({"x": tf.ones(1)}, {"x": tf.ones(1)})
    function({"x": tf.ones(1)}, {"x": tf.ones(2)})


@CORPUS.add(("python-value", "n", "b'a'", "b'b'"))
def bytes_are_values(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2), b"a")
    function(tf.ones(2), b"b")


@CORPUS.add(("python-value", "n", "range(0, 3)", "range(0, 4)"))
def a_range_is_a_value(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2), range(3))
    function(tf.ones(2), range(4))
