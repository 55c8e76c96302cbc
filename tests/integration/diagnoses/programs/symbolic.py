"""Programs that treat a symbolic tensor as if it had a value."""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.diagnoses.programs.case import failing

X = tf.constant([1.0, 2.0, 3.0])


# --- symbolic-to-numpy -------------------------------------------------------------------------------------------------------------------


@failing("symbolic-to-numpy", mode="tracing")
def numpy_of_a_symbolic_tensor():
    @tf.function
    def total(x):
        doubled = x * 2
        return doubled.numpy().sum()  # fails

    total(X)


@numpy_of_a_symbolic_tensor.mended("tf.reduce_sum")
def _():
    @tf.function
    def total(x):
        return tf.reduce_sum(x * 2)

    assert total(X) == 12


@failing("symbolic-to-numpy", mode="tracing")
def float_of_a_symbolic_tensor():
    @tf.function(autograph=False)
    def half(x):
        return float(x) / 2  # fails

    half(tf.constant(3))


@float_of_a_symbolic_tensor.mended("tf.cast(x, tf.float32)")
def _():
    @tf.function(autograph=False)
    def half(x):
        return tf.cast(x, tf.float32) / 2

    assert half(tf.constant(3)) == 1.5


@failing("symbolic-to-numpy")
def int_in_a_keras_layer():
    class Layer(keras.layers.Layer):
        def call(self, x):
            return x[: int(tf.shape(x)[0])]  # fails

    model = keras.Sequential([Layer(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 3), np.float32), np.ones((8, 1), np.float32), verbose=0)


@int_in_a_keras_layer.mended("tf.cast(")
def _():
    class Layer(keras.layers.Layer):
        def call(self, x):
            return x[:, : tf.cast(tf.shape(x)[1], tf.int32)]

    model = keras.Sequential([keras.Input((3,)), Layer()])
    model(np.ones((8, 3), np.float32))


@failing("symbolic-to-numpy")
def numpy_in_a_train_step():
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((self(x) - y) ** 2)
            self.optimizer.apply_gradients(zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables, strict=True))
            return {"loss": loss.numpy()}  # fails

    model = Model()
    model.compile(optimizer="sgd")
    model.fit(np.ones((8, 3), np.float32), np.ones((8, 1), np.float32), verbose=0)


@numpy_in_a_train_step.mended('return {"loss": loss}')
def _():
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((self(x) - y) ** 2)
            self.optimizer.apply_gradients(zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables, strict=True))
            return {"loss": loss}

    model = Model()
    model.compile(optimizer="sgd")
    model.fit(np.ones((8, 3), np.float32), np.ones((8, 1), np.float32), verbose=0)


@failing("symbolic-to-numpy", mode="tracing")
def numpy_of_a_dataset_element():
    def parse(x):
        return float(x.numpy())  # fails

    for _ in tf.data.Dataset.range(3).map(parse):
        pass


@numpy_of_a_dataset_element.mended("tf.py_function")
def _():
    def parse(x):
        return float(x.numpy())

    list(tf.data.Dataset.range(3).map(lambda x: tf.py_function(parse, [x], tf.float32)))


@failing("symbolic-to-numpy", mode="tracing")
def item_of_a_symbolic_tensor():
    @tf.function
    def scale(x):
        factor = tf.reduce_max(x).item()  # fails
        return x / factor

    scale(X)


@item_of_a_symbolic_tensor.mended("tf.reduce_max(x)")
def _():
    @tf.function
    def scale(x):
        factor = tf.reduce_max(x)
        return x / factor

    scale(X)


@failing("symbolic-to-numpy", mode="tracing")
def value_kept_in_a_list():
    history = []

    @tf.function
    def step(x):
        loss = tf.reduce_mean(x)
        history.append(loss.numpy())  # fails
        return loss

    step(X)


@value_kept_in_a_list.mended("step(X).numpy()")
def _():
    history = []

    @tf.function
    def step(x):
        return tf.reduce_mean(x)

    history.append(step(X).numpy())
    assert float(history[0]) > -1e9


# --- numpy-in-graph ----------------------------------------------------------------------------------------------------------------------


@failing("numpy-in-graph", mode="tracing")
def numpy_function_of_a_symbolic_tensor():
    @tf.function
    def log(x):
        return np.log(x)  # fails

    log(X)


@numpy_function_of_a_symbolic_tensor.mended("tf.math.log")
def _():
    @tf.function
    def log(x):
        return tf.math.log(x)

    log(X)


@failing("numpy-in-graph", mode="tracing")
def numpy_array_of_a_symbolic_tensor():
    @tf.function
    def copy(x):
        host = np.array(x)  # fails
        return host + 1

    copy(X)


@numpy_array_of_a_symbolic_tensor.mended("tf.identity")
def _():
    @tf.function
    def copy(x):
        return tf.identity(x) + 1

    copy(X)


@failing("numpy-in-graph")
def numpy_in_a_loss():
    def loss(y_true, y_pred):
        return np.mean(np.square(y_true - y_pred))  # fails

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", loss)
    model.fit(np.ones((8, 3), np.float32), np.ones((8, 1), np.float32), verbose=0)


@numpy_in_a_loss.mended("tf.square")
def _():
    def loss(y_true, y_pred):
        return tf.reduce_mean(tf.square(y_true - y_pred))

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", loss)
    model.fit(np.ones((8, 3), np.float32), np.ones((8, 1), np.float32), verbose=0)


@failing("numpy-in-graph", mode="tracing")
def math_function_of_a_symbolic_tensor():
    @tf.function
    def root(x):
        return math.sqrt(tf.reduce_sum(x))  # fails

    root(X)


@math_function_of_a_symbolic_tensor.mended("tf.sqrt")
def _():
    @tf.function
    def root(x):
        return tf.sqrt(tf.reduce_sum(x))

    root(X)


# --- symbolic-bool -----------------------------------------------------------------------------------------------------------------------


@failing("symbolic-bool", mode="tracing")
def bool_without_autograph():
    @tf.function(autograph=False)
    def relu(x):
        if tf.reduce_sum(x) > 0:  # fails
            return x
        return tf.zeros_like(x)

    relu(X)


@bool_without_autograph.mended("tf.cond")
def _():
    @tf.function(autograph=False)
    def relu(x):
        return tf.cond(tf.reduce_sum(x) > 0, lambda: x, lambda: tf.zeros_like(x))

    relu(X)


@failing("symbolic-bool")
def bool_in_a_layer():
    class Gate(keras.layers.Layer):
        def call(self, x):
            if tf.reduce_mean(x) > 0:  # fails
                return x
            return -x

    model = keras.Sequential([Gate(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 3), np.float32), np.ones((8, 1), np.float32), verbose=0)


@bool_in_a_layer.mended("tf.cond")
def _():
    class Gate(keras.layers.Layer):
        def call(self, x):
            return tf.cond(tf.reduce_mean(x) > 0, lambda: x, lambda: -x)

    model = keras.Sequential([Gate(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 3), np.float32), np.ones((8, 1), np.float32), verbose=0)


@failing("symbolic-bool", mode="tracing")
def bool_of_a_symbolic_tensor():
    @tf.function
    def anything(x):
        return bool(tf.reduce_any(x > 0))  # fails

    anything(X)


@bool_of_a_symbolic_tensor.mended("tf.reduce_any(x > 0)")
def _():
    @tf.function
    def anything(x):
        return tf.reduce_any(x > 0)

    anything(X)


@failing("symbolic-bool", mode="tracing")
def assert_of_a_comparison():
    @tf.function(autograph=False)
    def checked(x):
        assert tf.reduce_all(x > 0), "must be positive"  # fails
        return tf.math.log(x)

    checked(X)


@assert_of_a_comparison.mended("tf.debugging.assert_")
def _():
    @tf.function(autograph=False)
    def checked(x):
        tf.debugging.assert_positive(x)
        return tf.math.log(x)

    checked(X)


@failing("symbolic-bool", mode="tracing")
def a_chain_of_comparisons_in_a_condition():
    @tf.function(autograph=False)
    def inside(x):
        return x if 0.0 < x < 1.0 and not x > 0.9 else -x  # fails

    assert inside(tf.constant(2.0)) == -2.0


@a_chain_of_comparisons_in_a_condition.mended("")
def _():
    x = tf.constant(2.0)
    assert tf.where(tf.logical_and(x > 0.0, x < 1.0), x, -x) == -2.0


@failing("symbolic-bool", mode="tracing")
def a_tensor_looked_for_in_a_list():
    @tf.function
    def known(x):
        if x in (1, 2):  # fails
            return tf.constant(1.0)
        return tf.constant(0.0)

    known(tf.constant(2))


@a_tensor_looked_for_in_a_list.mended("")
def _():
    tf.cond(tf.reduce_any(tf.equal(tf.constant(2), (1, 2))), lambda: tf.constant(1.0), lambda: tf.constant(0.0))


# --- symbolic-iteration ------------------------------------------------------------------------------------------------------------------


@failing("symbolic-iteration", mode="tracing")
def iteration_without_autograph():
    @tf.function(autograph=False)
    def total(x):
        result = 0.0
        for value in x:  # fails
            result += value
        return result

    total(X)


@iteration_without_autograph.mended("tf.map_fn")
def _():
    @tf.function(autograph=False)
    def total(x):
        return tf.reduce_sum(tf.map_fn(lambda value: value, x))

    total(X)


@failing("symbolic-iteration", mode="tracing")
def comprehension_over_a_symbolic_tensor():
    @tf.function
    def squares(x):
        return tf.stack([value * value for value in x])  # fails

    squares(X)


@comprehension_over_a_symbolic_tensor.mended("tf.map_fn")
def _():
    @tf.function
    def squares(x):
        return tf.map_fn(lambda value: value * value, x)

    squares(X)


@failing("symbolic-iteration", mode="tracing")
def unpacking_a_symbolic_tensor():
    @tf.function
    def add(pair):
        first, second = pair  # fails
        return first + second

    add(tf.constant([1.0, 2.0]))


@unpacking_a_symbolic_tensor.mended("tf.unstack")
def _():
    @tf.function
    def add(pair):
        first, second = tf.unstack(pair)
        return first + second

    add(tf.constant([1.0, 2.0]))


@failing("symbolic-iteration")
def range_over_a_symbolic_tensor():
    @tf.function(autograph=False)
    def count(n):
        return tf.add_n([tf.constant(1.0) for _ in range(n)])  # fails

    count(tf.constant(3))


@range_over_a_symbolic_tensor.mended("tf.range(n)")
def _():
    @tf.function
    def count(n):
        total = 0.0
        for _ in tf.range(n):
            total += 1.0
        return total

    count(tf.constant(3))


# --- unknown-static-shape ----------------------------------------------------------------------------------------------------------------

SOME = tf.TensorSpec([None, 3])


@failing("unknown-static-shape", mode="tracing")
def length_of_a_symbolic_tensor():
    @tf.function
    def mean(x):
        count = x.__len__()  # fails
        return tf.reduce_sum(x) / count

    mean(X)


@length_of_a_symbolic_tensor.mended("tf.shape(x)[0]")
def _():
    @tf.function
    def mean(x):
        return tf.reduce_sum(x) / tf.cast(tf.shape(x)[0], x.dtype)

    mean(X)


@failing("unknown-static-shape", mode="tracing")
def length_in_a_lambda_without_autograph():
    @tf.function(autograph=False)
    def mean(x):
        return tf.reduce_sum(x) / len(x)  # fails

    mean(X)


@length_in_a_lambda_without_autograph.mended("tf.shape(x)[0]")
def _():
    @tf.function(autograph=False)
    def mean(x):
        return tf.reduce_sum(x) / tf.cast(tf.shape(x)[0], x.dtype)

    mean(X)


@failing("unknown-static-shape", mode="tracing")
def zeros_of_an_unknown_shape():
    @tf.function(input_signature=[SOME])
    def noise(x):
        return x + tf.zeros(x.shape)  # fails

    noise(tf.ones([2, 3]))


@zeros_of_an_unknown_shape.mended("tf.shape(x)")
def _():
    @tf.function(input_signature=[SOME])
    def noise(x):
        return x + tf.zeros(tf.shape(x))

    noise(tf.ones([2, 3]))


@failing("unknown-static-shape", mode="tracing")
def reshape_to_an_unknown_shape():
    @tf.function(input_signature=[SOME])
    def flat(x):
        rows, columns = x.shape
        return tf.reshape(x, [rows * columns])  # fails

    flat(tf.ones([2, 3]))


@reshape_to_an_unknown_shape.mended("tf.shape(x)")
def _():
    @tf.function(input_signature=[SOME])
    def flat(x):
        rows, columns = tf.unstack(tf.shape(x))
        return tf.reshape(x, [rows * columns])

    flat(tf.ones([2, 3]))


@failing("unknown-static-shape", mode="tracing")
def range_of_an_unknown_dimension():
    @tf.function(input_signature=[SOME])
    def rows(x):
        total = 0.0
        for row in range(x.shape[0]):  # fails
            total += x[row, 0]
        return total

    rows(tf.ones([2, 3]))


@range_of_an_unknown_dimension.mended("tf.shape(x)[0]")
def _():
    @tf.function(input_signature=[SOME])
    def rows(x):
        total = 0.0
        for row in tf.range(tf.shape(x)[0]):
            total += x[row, 0]
        return total

    rows(tf.ones([2, 3]))


# --- item-assignment ---------------------------------------------------------------------------------------------------------------------


@failing("item-assignment", mode="tracing")
def item_assignment_in_a_graph():
    @tf.function
    def first_to_zero(x):
        x[0] = 0.0  # fails
        return x

    first_to_zero(X)


@item_assignment_in_a_graph.mended("tf.tensor_scatter_nd_update")
def _():
    @tf.function
    def first_to_zero(x):
        return tf.tensor_scatter_nd_update(x, [[0]], [0.0])

    first_to_zero(X)


@failing("item-assignment", mode="tracing")
def item_assignment_without_autograph():
    @tf.function(autograph=False)
    def first_to_zero(x):
        x[0] = 0.0  # fails
        return x

    first_to_zero(X)


@item_assignment_without_autograph.mended("tf.tensor_scatter_nd_update")
def _():
    @tf.function(autograph=False)
    def first_to_zero(x):
        return tf.tensor_scatter_nd_update(x, [[0]], [0.0])

    first_to_zero(X)


@failing("item-assignment", mode="eager")
def item_assignment_of_an_eager_tensor():
    @tmt.traced
    def first_to_zero(x):
        x[0] = 0.0  # fails
        return x

    first_to_zero(X)


@item_assignment_of_an_eager_tensor.mended("tf.tensor_scatter_nd_update")
def _():
    @tmt.traced
    def first_to_zero(x):
        return tf.tensor_scatter_nd_update(x, [[0]], [0.0])

    first_to_zero(X)
