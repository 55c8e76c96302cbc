"""Programs with names of older versions, and with methods that tensors do not have."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.diagnoses.programs.case import failing

X = tf.constant([[1.0, 2.0], [3.0, 4.0]])


def batches():
    while True:
        yield (np.ones((1, 2)),)


# --- removed-api -------------------------------------------------------------------------------------------------------------------------


@failing("removed-api", mode="eager")
def a_function_that_has_moved():
    tf.random_normal([2, 2])  # fails


@a_function_that_has_moved.mended("")
def _():
    tf.random.normal([2, 2])


@failing("removed-api", mode="tracing")
def a_cast_of_version_1():
    @tf.function
    def scale(x):
        return tf.to_float(x) / 2.0  # fails

    scale(tf.constant([1, 2]))


@a_cast_of_version_1.mended("")
def _():
    @tf.function
    def scale(x):
        return tf.cast(x, tf.float32) / 2.0

    scale(tf.constant([1, 2]))


@failing("removed-api", mode="eager")
def a_saver_of_version_1():
    tf.train.Saver()  # fails


@a_saver_of_version_1.mended("")
def _():
    tf.train.Checkpoint()


@failing("removed-api", mode="eager")
def predict_from_a_generator():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.predict_generator(batches(), steps=1)  # fails


@predict_from_a_generator.mended("")
def _():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.predict(batches(), steps=1)


@failing("removed-api", mode="eager")
def classes_of_a_model():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    model.predict_classes(np.ones((1, 2)))  # fails


@classes_of_a_model.mended("")
def _():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    model.predict(np.ones((1, 2)), verbose=0).argmax(axis=-1)


@failing("removed-api", mode="eager")
def an_optimizer_that_minimizes():
    weight = keras.Variable(1.0)
    optimizer = keras.optimizers.SGD(0.1)
    optimizer.minimize(lambda: weight * weight, [weight])  # fails


@an_optimizer_that_minimizes.mended("")
def _():
    weight = keras.Variable(1.0)
    optimizer = keras.optimizers.SGD(0.1)
    with tf.GradientTape() as tape:
        loss = weight * weight
    optimizer.apply_gradients([(tape.gradient(loss, weight.value), weight)])


@failing("unclassified", mode="eager")
def a_misspelt_method_of_a_model():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    model.fit_generators(np.ones((1, 2)))  # fails


@failing("unclassified", mode="eager")
def a_misspelt_function():
    tf.reduce_meen(X)  # fails


# --- numpy-method-on-tensor --------------------------------------------------------------------------------------------------------------


@failing("numpy-method-on-tensor", mode="tracing")
def astype_of_a_tensor():
    @tf.function
    def whole(x):
        return x.astype(np.int32) + 1  # fails

    whole(X)


@astype_of_a_tensor.mended("")
def _():
    @tf.function
    def whole(x):
        return tf.cast(x, tf.int32) + 1

    whole(X)


@failing("numpy-method-on-tensor", mode="eager")
def mean_of_a_tensor():
    @tmt.traced
    def center(x):
        return x - x.mean(axis=0)  # fails

    center(X)


@mean_of_a_tensor.mended("")
def _():
    @tmt.traced
    def center(x):
        return x - tf.reduce_mean(x, axis=0)

    center(X)


@failing("numpy-method-on-tensor", mode="tracing")
def reshape_and_transpose_of_a_tensor():
    @tf.function
    def turn(x):
        return x.T  # fails

    turn(X)


@reshape_and_transpose_of_a_tensor.mended("")
def _():
    @tf.function
    def turn(x):
        return tf.transpose(x)

    turn(X)


@failing("numpy-method-on-tensor", mode="tracing")
def a_text_that_is_split():
    def words(line):
        return line.split(",")  # fails

    list(tf.data.Dataset.from_tensors("a,b").map(words))


@a_text_that_is_split.mended("")
def _():
    def words(line):
        return tf.strings.split(line, ",")

    list(tf.data.Dataset.from_tensors("a,b").map(words))


# --- v1-api-in-eager, v1-session ---------------------------------------------------------------------------------------------------------


@failing("v1-api-in-eager", mode="eager")
def a_placeholder_eagerly():
    tf.compat.v1.placeholder(tf.float32, [None])  # fails


@a_placeholder_eagerly.mended("")
def _():
    tf.function(lambda x: x, input_signature=[tf.TensorSpec([None])])


@failing("v1-session", mode="graph")
def a_placeholder_without_a_value():
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x = tf.compat.v1.placeholder(tf.float32, [2], name="given")
        session.run(x * 2.0)  # fails


@a_placeholder_without_a_value.mended("")
def _():
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x = tf.compat.v1.placeholder(tf.float32, [2], name="given")
        session.run(x * 2.0, feed_dict={x: [1.0, 2.0]})
