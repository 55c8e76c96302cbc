"""Programs whose dtypes or shapes do not fit, eagerly and in a graph."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.diagnoses.programs.case import failing

INTS = tf.constant([1, 2, 3])
FLOATS = tf.constant([1.0, 2.0, 3.0])


# --- dtype-mismatch ----------------------------------------------------------------------------------------------------------------------


@failing("dtype-mismatch", mode="eager")
def multiply_ints_with_floats_eagerly():
    @tmt.traced
    def scale(x, factors):
        return x * factors  # fails

    scale(INTS, FLOATS)


@multiply_ints_with_floats_eagerly.mended("tf.cast")
def _():
    @tmt.traced
    def scale(x, factors):
        return tf.cast(x, factors.dtype) * factors

    scale(INTS, FLOATS)


@failing("dtype-mismatch", mode="tracing")
def multiply_ints_with_floats_in_a_graph():
    @tf.function
    def scale(x, factors):
        return x * factors  # fails

    scale(INTS, FLOATS)


@multiply_ints_with_floats_in_a_graph.mended("tf.cast")
def _():
    @tf.function
    def scale(x, factors):
        return tf.cast(x, factors.dtype) * factors

    scale(INTS, FLOATS)


@failing("dtype-mismatch", mode="eager")
def multiply_ints_with_a_number_eagerly():
    @tmt.traced
    def scale(x):
        return x * 1.5  # fails

    scale(INTS)


@multiply_ints_with_a_number_eagerly.mended("tf.cast(x, tf.float32)")
def _():
    @tmt.traced
    def scale(x):
        return tf.cast(x, tf.float32) * 1.5

    scale(INTS)


@failing("dtype-mismatch", mode="tracing")
def multiply_ints_with_a_number_in_a_graph():
    @tf.function
    def scale(x):
        return x * 1.5  # fails

    scale(INTS)


@multiply_ints_with_a_number_in_a_graph.mended("tf.cast(x, tf.float32)")
def _():
    @tf.function
    def scale(x):
        return tf.cast(x, tf.float32) * 1.5

    scale(INTS)


@failing("dtype-mismatch", mode="eager")
def concat_ints_and_floats_eagerly():
    @tmt.traced
    def join(x, y):
        return tf.concat([x, y], axis=0)  # fails

    join(INTS, FLOATS)


@concat_ints_and_floats_eagerly.mended("tf.cast")
def _():
    @tmt.traced
    def join(x, y):
        return tf.concat([tf.cast(x, y.dtype), y], axis=0)

    join(INTS, FLOATS)


@failing("dtype-mismatch", mode="tracing")
def concat_ints_and_floats_in_a_graph():
    @tf.function
    def join(x, y):
        return tf.concat([x, y], axis=0)  # fails

    join(INTS, FLOATS)


@concat_ints_and_floats_in_a_graph.mended("tf.cast")
def _():
    @tf.function
    def join(x, y):
        return tf.concat([tf.cast(x, y.dtype), y], axis=0)

    join(INTS, FLOATS)


@failing("dtype-mismatch", mode="tracing")
def matmul_of_float32_and_float64():
    weights = tf.constant(np.eye(3))

    @tf.function
    def project(x):
        return tf.matmul(x, weights)  # fails

    project(tf.ones([2, 3]))


@matmul_of_float32_and_float64.mended("tf.cast")
def _():
    weights = tf.constant(np.eye(3))

    @tf.function
    def project(x):
        return tf.matmul(x, tf.cast(weights, x.dtype))

    project(tf.ones([2, 3]))


@failing("dtype-mismatch", mode="eager")
def matmul_of_float32_and_float64_eagerly():
    @tmt.traced
    def project(x, weights):
        return x @ weights  # fails

    project(tf.ones([2, 3]), tf.constant(np.eye(3)))


@matmul_of_float32_and_float64_eagerly.mended("tf.cast")
def _():
    @tmt.traced
    def project(x, weights):
        return x @ tf.cast(weights, x.dtype)

    project(tf.ones([2, 3]), tf.constant(np.eye(3)))


@failing("dtype-mismatch", mode="tracing")
def assign_of_another_dtype():
    total = tf.Variable(0.0)

    @tf.function
    def count(x):
        total.assign_add(tf.size(x))  # fails

    count(FLOATS)


@assign_of_another_dtype.mended("tf.cast")
def _():
    total = tf.Variable(0.0)

    @tf.function
    def count(x):
        total.assign_add(tf.cast(tf.size(x), total.dtype))

    count(FLOATS)


@failing("dtype-mismatch", mode="tracing")
def int_tensor_plus_python_float():
    @tf.function
    def half(n):
        return n + 0.5  # fails

    half(INTS)


@int_tensor_plus_python_float.mended("tf.cast")
def _():
    @tf.function
    def half(n):
        return tf.cast(n, tf.float32) + 0.5

    half(INTS)


# --- shape-mismatch ----------------------------------------------------------------------------------------------------------------------


@failing("shape-mismatch", mode="eager")
def matmul_of_wrong_shapes_eagerly():
    @tmt.traced
    def project(x, weights):
        return tf.matmul(x, weights)  # fails

    project(tf.ones([2, 3]), tf.ones([4, 5]))


@matmul_of_wrong_shapes_eagerly.mended("transpose_b=True")
def _():
    @tmt.traced
    def project(x, weights):
        return tf.matmul(x, weights, transpose_b=True)

    project(tf.ones([2, 3]), tf.ones([4, 3]))


@failing("shape-mismatch", mode="tracing")
def matmul_of_wrong_shapes_in_a_graph():
    @tf.function
    def project(x, weights):
        return tf.matmul(x, weights)  # fails

    project(tf.ones([2, 3]), tf.ones([4, 5]))


@matmul_of_wrong_shapes_in_a_graph.mended("transpose_b=True")
def _():
    @tf.function
    def project(x, weights):
        return tf.matmul(x, weights, transpose_b=True)

    project(tf.ones([2, 3]), tf.ones([4, 3]))


@failing("shape-mismatch", mode="graph")
def matmul_of_wrong_shapes_when_it_runs():
    @tf.function(input_signature=[tf.TensorSpec([None, None]), tf.TensorSpec([None, None])])
    def project(x, weights):
        hidden = tf.nn.relu(x)
        return tf.matmul(hidden, weights)  # fails

    project(tf.ones([2, 3]), tf.ones([4, 5]))


@matmul_of_wrong_shapes_when_it_runs.mended("transpose_b=True")
def _():
    @tf.function(input_signature=[tf.TensorSpec([None, None]), tf.TensorSpec([None, None])])
    def project(x, weights):
        hidden = tf.nn.relu(x)
        return tf.matmul(hidden, weights, transpose_b=True)

    project(tf.ones([2, 3]), tf.ones([4, 3]))


@failing("shape-mismatch", mode="graph")
def broadcast_of_wrong_shapes_when_it_runs():
    @tf.function(input_signature=[tf.TensorSpec([None]), tf.TensorSpec([None])])
    def add(x, y):
        return x + y  # fails

    add(tf.ones([3]), tf.ones([4]))


@broadcast_of_wrong_shapes_when_it_runs.mended("[:, tf.newaxis]")
def _():
    @tf.function(input_signature=[tf.TensorSpec([None]), tf.TensorSpec([None])])
    def add(x, y):
        return x[:, tf.newaxis] + y

    add(tf.ones([3]), tf.ones([4]))


@failing("shape-mismatch", mode="eager")
def broadcast_of_wrong_shapes_eagerly():
    @tmt.traced
    def add(x, y):
        return x + y  # fails

    add(tf.ones([3]), tf.ones([4]))


@broadcast_of_wrong_shapes_eagerly.mended("[:, tf.newaxis]")
def _():
    @tmt.traced
    def add(x, y):
        return x[:, tf.newaxis] + y

    add(tf.ones([3]), tf.ones([4]))


@failing("shape-mismatch", mode="tracing")
def broadcast_of_wrong_shapes_in_a_graph():
    @tf.function
    def add(x, y):
        return x + y  # fails

    add(tf.ones([3]), tf.ones([4]))


@broadcast_of_wrong_shapes_in_a_graph.mended("[:, tf.newaxis]")
def _():
    @tf.function
    def add(x, y):
        return x[:, tf.newaxis] + y

    add(tf.ones([3]), tf.ones([4]))


@failing("shape-mismatch", mode="eager")
def reshape_to_another_size_eagerly():
    @tmt.traced
    def fold(x):
        return tf.reshape(x, [2, 2])  # fails

    fold(FLOATS)


@reshape_to_another_size_eagerly.mended("-1")
def _():
    @tmt.traced
    def fold(x):
        return tf.reshape(x, [-1, 1])

    fold(FLOATS)


@failing("shape-mismatch", mode="tracing")
def concat_of_wrong_shapes_in_a_graph():
    @tf.function
    def join(x, y):
        return tf.concat([x, y], axis=0)  # fails

    join(tf.ones([2, 3]), tf.ones([2, 4]))


@concat_of_wrong_shapes_in_a_graph.mended("axis=1")
def _():
    @tf.function
    def join(x, y):
        return tf.concat([x, y], axis=1)

    join(tf.ones([2, 3]), tf.ones([2, 4]))


@failing("shape-mismatch", mode="tracing")
def assign_of_another_shape():
    weights = tf.Variable(tf.zeros([3]))

    @tf.function
    def load(values):
        weights.assign(values)  # fails

    load(tf.ones([4]))


@assign_of_another_shape.mended("shape=")
def _():
    weights = tf.Variable(tf.zeros([3]), shape=[None])

    @tf.function
    def load(values):
        weights.assign(values)

    load(tf.ones([4]))


@failing("shape-mismatch", mode="tracing")
def stack_of_two_ranks_in_a_graph():
    @tf.function
    def join(x, y):
        return tf.stack([x, y])  # fails

    join(tf.ones((2, 3)), tf.ones(3))


@stack_of_two_ranks_in_a_graph.mended("[:, tf.newaxis]")
def _():
    @tf.function
    def join(x, y):
        return tf.stack([x, tf.repeat(y[:, tf.newaxis], 2, axis=1)])

    join(tf.ones((3, 2)), tf.ones(3))


@failing("shape-mismatch", mode="eager")
def concat_of_two_ranks_eagerly():
    @tmt.traced
    def join(x, y):
        return tf.concat([x, y], axis=0)  # fails

    join(tf.ones((2, 3)), tf.ones(3))


@concat_of_two_ranks_eagerly.mended("tf.concat(")
def _():
    @tmt.traced
    def join(x, y):
        return tf.concat([x, y], axis=1)

    join(tf.ones((2, 3)), tf.ones((2, 1)))


def sentences():
    return tf.data.Dataset.from_generator(lambda: iter([[1.0, 2.0], [3.0]]), output_signature=tf.TensorSpec([None]))


@failing("shape-mismatch", mode="eager")
def batch_of_two_lengths():
    @tmt.traced
    def first(dataset):
        return next(iter(dataset))  # fails

    first(sentences().batch(2))


@batch_of_two_lengths.mended("padded_batch(")
def _():
    @tmt.traced
    def first(dataset):
        return next(iter(dataset))

    first(sentences().padded_batch(2))
