"""Tensors that differ: shape, rank, dtype, specifications, relaxed shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from tests.integration.reasons import scenario

CORPUS = scenario.Corpus()


def _plain(watch: scenario.Watch, **options: Any) -> Any:
    @tf.function(**options)
    def function(x: Any) -> Any:
        return tf.identity(x)

    return watch(function)


def _two(watch: scenario.Watch, **options: Any) -> Any:
    @tf.function(**options)
    def function(x: Any, y: Any) -> Any:
        return tf.identity(x)

    return watch(function)


@CORPUS.add(("shape", "x", "float32[32, 8]", "float32[17, 8]"))
def a_last_batch_is_shorter(watch: scenario.Watch) -> None:
    function = _plain(watch)
    for size in (32, 32, 17, 32):
        function(tf.ones((size, 8)))


@CORPUS.add(("shape", "x", "float32[1]", "float32[2]"), ("shape", "x", "float32[2]", "float32[3]"))
def every_batch_is_longer_than_the_one_before(watch: scenario.Watch) -> None:
    function = _plain(watch)
    for size in (1, 2, 3, 1, 2):
        function(tf.ones(size))


@CORPUS.add(("rank", "x", "float32[8]", "float32[1, 8]"))
def a_batch_dimension_is_added(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(8))
    function(tf.ones((1, 8)))


@CORPUS.add(("rank", "x", "float32[]", "float32[1]"))
def a_scalar_becomes_a_vector(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.constant(1.0))
    function(tf.constant([1.0]))


@CORPUS.add(("dtype", "x", "float32[2]", "float64[2]"))
def numpy_made_the_input_float64(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(np.ones(2, np.float32))
    function(np.ones(2))


@CORPUS.add(("dtype", "x", "string[1]", "int64[1]"))
def strings_become_numbers(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.constant(["a"]))
    function(tf.constant([1], tf.int64))


@CORPUS.add([("dtype", "x", "float32[2]", "int32[3]"), ("shape", "x", "float32[2]", "int32[3]")])
def dtype_and_shape_change_at_once(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2))
    function(tf.ones(3, tf.int32))


@CORPUS.add([("shape", "x", "float32[2]", "float32[3]"), ("dtype", "y", "float32[4]", "float16[4]")])
def two_arguments_change_at_once(watch: scenario.Watch) -> None:
    function = _two(watch)
    function(tf.ones(2), tf.ones(4))
    function(tf.ones(3), tf.ones(4, tf.float16))


@CORPUS.add(("shape", "x", "float32[2]", "float32[?]"))
def a_specification_of_unknown_size_after_a_call(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2))
    function.get_concrete_function(tf.TensorSpec([None], tf.float32))
    function(tf.ones(7))


@CORPUS.add(("rank", "x", "float32[?]", "float32[2, 2]"))
def a_relaxed_trace_serves_its_rank_only(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function.get_concrete_function(tf.TensorSpec([None], tf.float32))
    function(tf.ones(7))
    function(tf.ones((2, 2)))


@CORPUS.add(("rank", "x", "float32[2]", "float32[…]"))
def a_specification_of_unknown_rank_after_a_call(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2))
    function.get_concrete_function(tf.TensorSpec(None, tf.float32))
    function(tf.ones((7, 2)))


@CORPUS.add(("python-value", "y", "1", "2"))
def a_relaxed_shape_would_have_served_and_the_number_did_not(watch: scenario.Watch) -> None:
    function = _two(watch)
    function.get_concrete_function(tf.TensorSpec([None], tf.float32), 1)
    function(tf.ones(3), 1)
    function(tf.ones(4), 2)


@CORPUS.add(("composite-spec", "x", "float32[2]", 'float32[2] named "image"'))
def a_specification_has_a_name(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2))
    function.get_concrete_function(tf.TensorSpec([2], tf.float32, name="image"))
    function(tf.ones(2))


@CORPUS.add(("shape", "x", "float32[2, 8]", "float32[?, 8]"))
def reduced_retracing_relaxes_the_shape(watch: scenario.Watch) -> None:
    function = _plain(watch, reduce_retracing=True)
    for size in (2, 3, 4, 5):
        function(tf.ones((size, 8)))


@CORPUS.add(("shape", "x", "float32[2]", "float32[?]"), ("shape", "y", "float32[5]", "float32[?]"))
def reduced_retracing_relaxes_one_argument_after_the_other(watch: scenario.Watch) -> None:
    function = _two(watch, reduce_retracing=True)
    function(tf.ones(2), tf.ones(5))
    function(tf.ones(3), tf.ones(5))
    function(tf.ones(4), tf.ones(6))


@CORPUS.add(("python-value", "y", "1", "2"))
def reduced_retracing_does_not_relax_python_values(watch: scenario.Watch) -> None:
    function = _two(watch, reduce_retracing=True)
    function(tf.ones(2), 1)
    function(tf.ones(2), 2)


@CORPUS.add(traces=1)
def an_input_signature_leaves_nothing_to_retrace(watch: scenario.Watch) -> None:
    function = _plain(watch, input_signature=[tf.TensorSpec([None, 8], tf.float32)])
    for size in (2, 3, 4):
        function(tf.ones((size, 8)))


@CORPUS.add(traces=1)
def equal_shapes_share_a_trace(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones(2))
    function(np.ones(2, np.float32))
    function(tf.zeros(2))


@CORPUS.add(("shape", "x", "float32[4]", "float32[3]"), ("shape", "x", "float32[3]", "float32[9]"))
def a_symbolic_size_and_the_latest_of_equals_is_nearest(watch: scenario.Watch) -> None:
    function = _plain(watch)
    for size in (4, 3, 9):
        function(tf.zeros(size))


@CORPUS.add(("dtype", "x", "float32[2, 3]", "bfloat16[2, 3]"))
def mixed_precision_is_switched_on(watch: scenario.Watch) -> None:
    function = _plain(watch)
    function(tf.ones((2, 3)))
    function(tf.cast(tf.ones((2, 3)), tf.bfloat16))
