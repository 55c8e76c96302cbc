"""Programs that keep or make what a graph must not: variables, tensors of another graph, objects that cannot be a cache key."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.diagnoses.programs.case import failing

X = tf.constant([[1.0, 2.0, 3.0]])


# --- variable-created-in-function --------------------------------------------------------------------------------------------------------


@failing("variable-created-in-function", mode="tracing")
def variable_in_a_function():
    @tf.function
    def add_noise(x):
        noise = tf.Variable(tf.ones_like(x))  # fails
        return x + noise

    add_noise(X)


@variable_in_a_function.mended("= tf.Variable(")
def _():
    noise = tf.Variable(tf.ones_like(X))

    @tf.function
    def add_noise(x):
        return x + noise

    add_noise(X)


@failing("variable-created-in-function", mode="tracing")
def layer_in_a_function():
    @tf.function
    def project(x):
        return keras.layers.Dense(2)(x)  # fails

    project(X)


@layer_in_a_function.mended("= keras.layers.Dense(2)")
def _():
    dense = keras.layers.Dense(2)

    @tf.function
    def project(x):
        return dense(x)

    project(X)


@failing("variable-created-in-function", mode="tracing")
def optimizer_in_a_function():
    weights = tf.Variable([1.0, 2.0])

    @tf.function
    def step():
        optimizer = keras.optimizers.Adam(0.1)  # fails
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(weights**2)
        optimizer.apply_gradients([(tape.gradient(loss, weights), weights)])
        return loss

    step()


@optimizer_in_a_function.mended("optimizer.build(")
def _():
    weights = keras.Variable([1.0, 2.0])
    optimizer = keras.optimizers.Adam(0.1)
    optimizer.build([weights])

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(weights**2)
        optimizer.apply_gradients([(tape.gradient(loss, weights.value), weights)])
        return loss

    step()


@failing("variable-created-in-function", mode="tracing")
def second_optimizer_for_one_function():
    weights = keras.Variable([1.0, 2.0])

    @tf.function
    def step(optimizer):
        optimizer.apply_gradients([(tf.ones(2), weights)])

    step(keras.optimizers.Adam(0.1))
    step(keras.optimizers.Adam(0.1))  # fails


@second_optimizer_for_one_function.mended("optimizer.build(")
def _():
    weights = keras.Variable([1.0, 2.0])

    @tf.function
    def step(optimizer):
        optimizer.apply_gradients([(tf.ones(2), weights)])

    for optimizer in (keras.optimizers.Adam(0.1), keras.optimizers.Adam(0.1)):
        optimizer.build([weights])
        step(optimizer)


@failing("variable-created-in-function", mode="tracing")
def a_model_that_is_passed_unbuilt():
    @tf.function
    def predict(model, x):
        return model(x)

    predict(keras.Sequential([keras.layers.Dense(1)]), tf.ones([1, 2]))
    predict(keras.Sequential([keras.layers.Dense(1)]), tf.ones([1, 2]))  # fails


@a_model_that_is_passed_unbuilt.mended("build")
def _():
    @tf.function
    def predict(model, x):
        return model(x)

    for _ in range(2):
        model = keras.Sequential([keras.layers.Dense(1)])
        model.build((None, 2))
        predict(model, tf.ones([1, 2]))


@failing("variable-created-in-function", mode="tracing")
def a_layer_that_is_made_beside_a_parameter():
    @tf.function
    def predict(model, x):
        model = keras.layers.Dense(1)
        return model(x)  # fails

    predict(None, tf.ones([1, 2]))
    predict(1, tf.ones([1, 2]))


@a_layer_that_is_made_beside_a_parameter.mended("")
def _():
    tf.function(keras.layers.Dense(1))(tf.ones([1, 2]))


@failing("variable-created-in-function", mode="tracing")
def variable_made_anew_by_a_class():
    class Counter:
        def __init__(self):
            self.count = None

        def add(self):
            self.count = tf.Variable(0.0)  # fails
            return self.count.assign_add(1.0)

    counter = Counter()

    @tf.function
    def add():
        return counter.add()

    add()


@variable_made_anew_by_a_class.mended("= tf.Variable(")
def _():
    class Counter:
        def __init__(self):
            self.count = tf.Variable(0.0)

        def add(self):
            return self.count.assign_add(1.0)

    counter = Counter()

    @tf.function
    def add():
        return counter.add()

    add()


# --- graph-tensor-leak -------------------------------------------------------------------------------------------------------------------


@failing("graph-tensor-leak", mode="eager")
def tensor_leaked_through_a_list():
    losses = []

    @tf.function
    def step(x):
        losses.append(tf.reduce_sum(x))
        return x

    @tmt.traced
    def report():
        return losses[0] + 1.0  # fails

    step(X)
    report()


@tensor_leaked_through_a_list.mended("return")
def _():
    losses = []

    @tf.function
    def step(x):
        return x, tf.reduce_sum(x)

    losses.append(step(X)[1])
    assert losses[0] + 1.0 == 7.0


@failing("graph-tensor-leak", mode="graph")
def tensor_leaked_through_self():
    class Model:
        state = None

        @tf.function
        def step(self, x, *, first):
            if first:
                self.state = x * 2  # fails
                return x
            return self.state + x

    model = Model()
    model.step(X, first=True)
    model.step(X, first=False)


@tensor_leaked_through_self.mended("tf.Variable")
def _():
    class Model:
        def __init__(self):
            self.state = tf.Variable(tf.zeros_like(X))

        @tf.function
        def step(self, x, *, first):
            if first:
                self.state.assign(x * 2)
                return x
            return self.state + x

    model = Model()
    model.step(X, first=True)
    model.step(X, first=False)


@failing("graph-tensor-leak", mode="tracing")
def tensor_leaked_out_of_a_branch():
    @tf.function
    def leak(x):
        inner = []

        def positive():
            inner.append(x * 2)
            return x

        tf.cond(tf.reduce_sum(x) > 0, positive, lambda: -x)
        return inner[0] + 1.0  # fails

    leak(X)


@tensor_leaked_out_of_a_branch.mended("return")
def _():
    @tf.function
    def leak(x):
        _, inner = tf.cond(tf.reduce_sum(x) > 0, lambda: (x, x * 2), lambda: (-x, x))
        return inner + 1.0

    leak(X)


@failing("graph-tensor-leak", mode="eager")
def tensor_leaked_through_a_global():
    kept = {}

    @tf.function
    def encode(x):
        kept["code"] = tf.nn.relu(x)
        return x

    @tmt.traced
    def decode():
        return tf.matmul(kept["code"], kept["code"], transpose_b=True)  # fails

    encode(X)
    decode()


@tensor_leaked_through_a_global.mended("return")
def _():
    @tf.function
    def encode(x):
        return x, tf.nn.relu(x)

    @tmt.traced
    def decode(code):
        return tf.matmul(code, code, transpose_b=True)

    decode(encode(X)[1])


# --- arguments ---------------------------------------------------------------------------------------------------------------------------


@failing("input-signature-mismatch")
def dtype_outside_the_input_signature():
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def total(x):
        return tf.reduce_sum(x)

    def main():
        return total(tf.constant([1, 2, 3]))  # fails

    tmt.traced(main)()


@dtype_outside_the_input_signature.mended("tf.cast")
def _():
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def total(x):
        return tf.reduce_sum(x)

    total(tf.cast(tf.constant([1, 2, 3]), tf.float32))


@failing("input-signature-mismatch")
def rank_outside_the_input_signature():
    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def total(x):
        return tf.reduce_sum(x)

    def main():
        return total(tf.ones([3]))  # fails

    tmt.traced(main)()


@rank_outside_the_input_signature.mended("tf.TensorSpec(")
def _():
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def total(x):
        return tf.reduce_sum(x)

    total(tf.ones([3]))


@failing("input-signature-mismatch")
def python_argument_outside_the_input_signature():
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32), tf.TensorSpec([], tf.int32)])
    def power(x, n):
        return x ** tf.cast(n, tf.float32)

    def main():
        return power(tf.ones([3]), "two")  # fails

    tmt.traced(main)()


@python_argument_outside_the_input_signature.mended("tf.constant")
def _():
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32), tf.TensorSpec([], tf.int32)])
    def power(x, n):
        return x ** tf.cast(n, tf.float32)

    power(tf.ones([3]), tf.constant(2))


@failing("input-signature-mismatch")
def concrete_function_of_another_dtype():
    @tf.function
    def total(x):
        return tf.reduce_sum(x)

    concrete = total.get_concrete_function(tf.TensorSpec([3], tf.float32))

    def main():
        return concrete(tf.constant([1, 2, 3]))  # fails

    tmt.traced(main)()


@concrete_function_of_another_dtype.mended("tf.cast")
def _():
    @tf.function
    def total(x):
        return tf.reduce_sum(x)

    concrete = total.get_concrete_function(tf.TensorSpec([3], tf.float32))
    concrete(tf.cast(tf.constant([1, 2, 3]), tf.float32))


@failing("unhashable-argument")
def unhashable_object_argument():
    class Config:
        __hash__ = None  # type: ignore[assignment]  # what is wrong with it

        def __init__(self, rate):
            self.rate = rate

    @tf.function
    def scale(x, config):
        return x * config.rate

    def main():
        return scale(X, Config(2.0))  # fails

    tmt.traced(main)()


@unhashable_object_argument.mended("frozen=True")
def _():
    import dataclasses

    @dataclasses.dataclass(frozen=True)
    class Config:
        rate: float

    @tf.function
    def scale(x, config):
        return x * config.rate

    scale(X, Config(2.0))


@failing("unhashable-argument")
def set_argument():
    @tf.function
    def pick(x, columns):
        return tf.gather(x, sorted(columns), axis=1)

    def main():
        return pick(X, {0, 2})  # fails

    tmt.traced(main)()


@set_argument.mended("tuple(")
def _():
    @tf.function
    def pick(x, columns):
        return tf.gather(x, sorted(columns), axis=1)

    pick(X, tuple({0, 2}))


@failing("unhashable-argument", mode="tracing")
def tensor_as_a_dict_key():
    @tf.function
    def cached(x):
        names = {x: "input"}  # fails
        return names[x]

    cached(X)


@tensor_as_a_dict_key.mended(".ref()")
def _():
    @tf.function
    def cached(x):
        names = {x.ref(): x}
        return names[x.ref()]

    cached(X)


# --- gradients and optimizers ------------------------------------------------------------------------------------------------------------


@failing("gradient-none")
def no_gradients_for_any_variable():
    dense = keras.layers.Dense(1)
    dense.build((None, 3))
    optimizer = keras.optimizers.SGD(0.1)

    @tmt.traced
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(x)
        gradients = tape.gradient(loss, dense.trainable_variables)
        optimizer.apply_gradients(zip(gradients, dense.trainable_variables, strict=True))  # fails

    step(X)


@no_gradients_for_any_variable.mended("with tf.GradientTape() as tape:")
def _():
    dense = keras.layers.Dense(1)
    dense.build((None, 3))
    optimizer = keras.optimizers.SGD(0.1)

    @tmt.traced
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(dense(x))
        gradients = tape.gradient(loss, dense.trainable_variables)
        optimizer.apply_gradients(zip(gradients, dense.trainable_variables, strict=True))

    step(X)


@failing("gradient-none")
def no_gradients_through_a_cast_in_fit():
    def loss(y_true, y_pred):
        return tf.reduce_mean(tf.cast(tf.cast(y_pred, tf.int32), tf.float32))

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", loss)

    def main():
        model.fit(np.ones((8, 3), np.float32), np.ones((8, 1), np.float32), verbose=0)  # fails

    tmt.traced(main)()


@no_gradients_through_a_cast_in_fit.mended("loss")
def _():
    def loss(y_true, y_pred):
        return tf.reduce_mean((y_true - y_pred) ** 2)

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", loss)
    model.fit(np.ones((8, 3), np.float32), np.ones((8, 1), np.float32), verbose=0)


@failing("optimizer-unknown-variable")
def optimizer_of_another_model():
    first, second = keras.layers.Dense(1), keras.layers.Dense(1)
    first.build((None, 3))
    second.build((None, 3))
    optimizer = keras.optimizers.Adam(0.1)
    optimizer.build(first.trainable_variables)

    @tmt.traced
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(second(x))
        gradients = tape.gradient(loss, second.trainable_variables)
        optimizer.apply_gradients(zip(gradients, second.trainable_variables, strict=True))  # fails

    step(X)


@optimizer_of_another_model.mended("optimizer.build(")
def _():
    first, second = keras.layers.Dense(1), keras.layers.Dense(1)
    first.build((None, 3))
    second.build((None, 3))
    optimizer = keras.optimizers.Adam(0.1)
    optimizer.build(second.trainable_variables)

    @tmt.traced
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(second(x))
        gradients = tape.gradient(loss, second.trainable_variables)
        optimizer.apply_gradients(zip(gradients, second.trainable_variables, strict=True))

    step(X)


@failing("optimizer-unknown-variable", mode="tracing")
def optimizer_of_another_model_in_a_graph():
    first, second = keras.layers.Dense(1), keras.layers.Dense(1)
    first.build((None, 3))
    second.build((None, 3))
    optimizer = keras.optimizers.Adam(0.1)
    optimizer.build(first.trainable_variables)

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(second(x))
        gradients = tape.gradient(loss, second.trainable_variables)
        optimizer.apply_gradients(zip(gradients, second.trainable_variables, strict=True))  # fails

    step(X)


@optimizer_of_another_model_in_a_graph.mended("optimizer.build(")
def _():
    second = keras.layers.Dense(1)
    second.build((None, 3))
    optimizer = keras.optimizers.Adam(0.1)
    optimizer.build(second.trainable_variables)

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(second(x))
        gradients = tape.gradient(loss, second.trainable_variables)
        optimizer.apply_gradients(zip(gradients, second.trainable_variables, strict=True))

    step(X)
