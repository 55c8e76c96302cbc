"""Programs that Keras and TensorFlow themselves refuse, told by what has raised it; and near twins of the programs' own."""

from __future__ import annotations

import inspect
import os
import re
import tempfile
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.diagnoses.programs.case import failing

X, Y = np.ones((8, 3), np.float32), np.ones((8, 1), np.float32)
FLOATS = tf.constant([1.0, -2.0, 3.0])


def two_outputs():
    inputs = keras.Input((3,))
    return keras.Model(inputs, [keras.layers.Dense(1, name="a")(inputs), keras.layers.Dense(1, name="b")(inputs)])


# --- Keras: names, places, what is no layer ----------------------------------------------------------------------------------------------


@failing("unclassified", mode="eager")
def a_loss_that_the_program_does_not_know():
    def loss_of(name):
        raise ValueError(f"Could not interpret loss identifier: {name}")  # fails

    loss_of("mean")


@failing("keras-unexpected-argument")
def a_weight_whose_name_comes_first():
    class Scale(keras.layers.Layer):
        def build(self, shape):
            self.scale = self.add_weight("scale", shape=(shape[-1],))  # fails

        def call(self, x):
            return x * self.scale

    Scale()(X)


@a_weight_whose_name_comes_first.mended('name="scale"')
def _():
    class Scale(keras.layers.Layer):
        def build(self, shape):
            self.scale = self.add_weight(name="scale", shape=(shape[-1],))

        def call(self, x):
            return x * self.scale

    Scale()(X)


@failing("keras-not-a-layer", mode="eager")
def a_layer_called_with_a_layer():
    hidden = keras.layers.Dense(4)
    keras.layers.Dense(1)(hidden)  # fails


@a_layer_called_with_a_layer.mended("hidden(")
def _():
    hidden = keras.layers.Dense(4)
    keras.layers.Dense(1)(hidden(keras.Input((3,))))


@failing("keras-not-a-layer", mode="eager")
def a_model_of_a_layer_and_not_of_what_it_returns():
    inputs = keras.Input((3,))
    keras.Model(inputs, keras.layers.Dense(1))  # fails


@a_model_of_a_layer_and_not_of_what_it_returns.mended("(inputs)")
def _():
    inputs = keras.Input((3,))
    keras.Model(inputs, keras.layers.Dense(1)(inputs))


@failing("keras-fit-usage")
def more_weights_than_losses():
    model = two_outputs()
    model.compile("sgd", ["mse", "mse"], loss_weights=[1.0])
    model.fit(X, [Y, Y], verbose=0)  # fails


@more_weights_than_losses.mended("1.0, 1.0")
def _():
    model = two_outputs()
    model.compile("sgd", ["mse", "mse"], loss_weights=[1.0, 1.0])
    model.fit(X, [Y, Y], verbose=0)


@failing("keras-input-shape")
def one_tensor_to_merge():
    keras.layers.Add()(keras.Input((3,)))  # fails


@one_tensor_to_merge.mended("[")
def _():
    keras.layers.Add()([keras.Input((3,)), keras.Input((3,))])


@failing("shape-mismatch", mode="eager")
def keras_tensors_that_do_not_multiply():
    keras.ops.matmul(keras.Input((4, 3)), keras.Input((4, 3)))  # fails


@keras_tensors_that_do_not_multiply.mended("(3, 4)")
def _():
    keras.ops.matmul(keras.Input((4, 3)), keras.Input((3, 4)))


@failing("keras-saving", mode="eager")
def a_module_that_is_loaded_and_called():
    path = tempfile.mkdtemp()
    tf.saved_model.save(tf.Module(), path)
    loaded = tf.saved_model.load(path)
    loaded(FLOATS)  # fails


@a_module_that_is_loaded_and_called.mended("__call__")
def _():
    class Double(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None])])
        def __call__(self, x):
            return x * 2.0

    path = tempfile.mkdtemp()
    tf.saved_model.save(Double(), path)
    tf.saved_model.load(path)(FLOATS)


@failing("unclassified", mode="eager")
def a_number_of_the_programs_that_is_called():
    loaded: Any = 3
    loaded(FLOATS)  # fails


@failing("keras-input-shape", mode="eager")
def a_number_for_a_shape():
    keras.Input(784)  # fails


@a_number_for_a_shape.mended("(784,)")
def _():
    keras.Input((784,))


@failing("keras-input-shape")
def inputs_of_other_names():
    model = keras.Sequential([keras.Input((3,), name="features"), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit({"x": X, "z": X}, Y, verbose=0)  # fails


@inputs_of_other_names.mended("fit(X, Y")
def _():
    model = keras.Sequential([keras.Input((3,), name="features"), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)


@failing("unclassified")
def a_layer_that_checks_its_shape_itself():
    class Checks(keras.layers.Layer):
        def build(self, shape):
            raise ValueError(f"The input shape {shape} has other dimensions")  # fails

        def call(self, x):
            return x

    model = keras.Sequential([Checks(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)


@failing("unclassified")
def a_metric_that_checks_its_shape_itself():
    def checked(labels, predictions):
        raise ValueError(f"labels of shape {labels.shape} and predictions of shape {predictions.shape}")  # fails

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[checked])
    model.fit(X, Y, verbose=0)


# --- TensorFlow: devices, sessions, graphs -----------------------------------------------------------------------------------------------


@failing("device-not-found", mode="eager")
def the_first_of_no_devices():
    tpus = tf.config.list_physical_devices("TPU")
    tf.config.experimental.set_memory_growth(tpus[0], True)  # fails


@the_first_of_no_devices.mended("if tpus")
def _():
    tpus = tf.config.list_physical_devices("TPU")
    if tpus:
        tf.config.experimental.set_memory_growth(tpus[0], True)


@failing("unclassified", mode="eager")
def the_first_of_no_files():
    files = sorted(name for name in os.listdir(tempfile.mkdtemp()))
    tf.config.get_memory_growth(files[0])  # fails


@failing("v1-session")
def a_tensor_that_the_session_does_not_have():
    with tf.Graph().as_default():
        one = tf.constant(1.0)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        session.run(one)  # fails


@a_tensor_that_the_session_does_not_have.mended("one")
def _():
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        one = tf.constant(1.0)
        session.run(one)


@failing("v1-session")
def nothing_to_run():
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.constant(1.0)
        session.run(None)  # fails


@nothing_to_run.mended("one")
def _():
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        one = tf.constant(1.0)
        session.run(one)


# --- TensorFlow: rows, texts, truths -----------------------------------------------------------------------------------------------------


@failing("shape-mismatch", mode="eager")
def ragged_rows_of_other_lengths():
    @tmt.traced
    def total(a, b):
        return a + b  # fails

    total(tf.ragged.constant([[1.0, 2.0], [3.0]]), tf.ragged.constant([[1.0], [2.0, 3.0]]))


@ragged_rows_of_other_lengths.mended("+")
def _():
    return tf.ragged.constant([[1.0, 2.0], [3.0]]) + tf.ragged.constant([[1.0, 2.0], [3.0]])


@failing("shape-mismatch", mode="eager")
def lengths_that_do_not_sum_up():
    tf.RaggedTensor.from_row_lengths([1, 2, 3, 4], [2, 3])  # fails


@lengths_that_do_not_sum_up.mended("[1, 3]")
def _():
    tf.RaggedTensor.from_row_lengths([1, 2, 3, 4], [1, 3])


@failing("index-out-of-range", mode="eager")
def a_sparse_element_beyond_the_end():
    sparse = tf.sparse.SparseTensor(indices=[[0, 0], [5, 1]], values=[1.0, 2.0], dense_shape=[3, 3])
    tf.sparse.to_dense(sparse)  # fails


@a_sparse_element_beyond_the_end.mended("[2, 1]")
def _():
    tf.sparse.to_dense(tf.sparse.SparseTensor(indices=[[0, 0], [2, 1]], values=[1.0, 2.0], dense_shape=[3, 3]))


@failing("dtype-mismatch", mode="tracing")
def a_number_joined_to_texts():
    @tf.function
    def path(number):
        return tf.strings.join(["image", number, ".png"], separator="_")  # fails

    path(tf.constant(3))


@a_number_joined_to_texts.mended("as_string")
def _():
    @tf.function
    def path(number):
        return tf.strings.join(["image", tf.strings.as_string(number), ".png"])

    path(tf.constant(3))


@failing("dtype-mismatch", mode="tracing")
def a_text_added_to_a_number():
    @tf.function
    def path(number):
        return "image" + number  # fails

    path(tf.constant(3))


@a_text_added_to_a_number.mended("as_string")
def _():
    @tf.function
    def path(number):
        return "image" + tf.strings.as_string(number)

    path(tf.constant(3))


@failing("condition-not-scalar")
def a_filter_of_rows():
    tf.data.Dataset.from_tensor_slices(tf.ones([4, 2])).filter(lambda row: row > 0)  # fails


@a_filter_of_rows.mended("reduce_all")
def _():
    tf.data.Dataset.from_tensor_slices(tf.ones([4, 2])).filter(lambda row: tf.reduce_all(row > 0))


@failing("loop-invariant")
def a_sum_of_a_dataset_that_begins_with_another_dtype():
    tf.data.Dataset.range(3).reduce(0.0, lambda total, number: number)  # fails


@a_sum_of_a_dataset_that_begins_with_another_dtype.mended("tf.int64")
def _():
    tf.data.Dataset.range(3).reduce(tf.constant(0, tf.int64), lambda total, number: number)


@failing("bad-input-file", mode="eager")
def a_line_with_a_field_too_few():
    tf.io.decode_csv("4,5", [0.0, 0.0, 0.0])  # fails


@a_line_with_a_field_too_few.mended("4,5,6")
def _():
    tf.io.decode_csv("4,5,6", [0.0, 0.0, 0.0])


# --- Gradients that have no name ---------------------------------------------------------------------------------------------------------


@failing("gradient-none")
def elements_of_gradients_summed():
    weight, bias = tf.Variable(1.0), tf.Variable(0.0)

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = (weight * x) ** 2
        gradients = tape.gradient(loss, [weight, bias])
        return gradients[0] + gradients[1]  # fails

    step(FLOATS)


@elements_of_gradients_summed.mended("+ bias")
def _():
    weight, bias = tf.Variable(1.0), tf.Variable(0.0)
    with tf.GradientTape() as tape:
        loss = (weight * FLOATS + bias) ** 2
    gradients = tape.gradient(loss, [weight, bias])
    return gradients[0] + gradients[1]


@failing("gradient-none", mode="eager")
def a_gradient_used_at_once():
    number = tf.Variable(3)

    @tmt.traced
    def slope():
        with tf.GradientTape() as tape:
            square = number * number
        return tape.gradient(square, number) + 1.0  # fails

    slope()


@a_gradient_used_at_once.mended("3.0")
def _():
    number = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        square = number * number
    return tape.gradient(square, number) + 1.0


@failing("unclassified", mode="eager")
def a_gradient_with_a_rate_that_is_none():
    number = tf.Variable(3.0)

    @tmt.traced
    def slope(rate=None):
        with tf.GradientTape() as tape:
            square = number * number
        gradients = tape.gradient(square, [number])
        return rate * 2 + gradients[0]  # fails

    slope()


# --- Calls with other arguments, branches, lengths, Python's functions --------------------------------------------------------------------


class Same(keras.Model):
    """Returns what it is given."""

    def call(self, x):
        """Returns it."""
        return x


@failing("keras-unexpected-argument", mode="eager")
def a_model_called_with_an_argument_it_does_not_take():
    same = Same()
    same(X, masked=True)  # fails


@a_model_called_with_an_argument_it_does_not_take.mended("same(X)")
def _():
    same = Same()
    same(X)


@failing("unclassified", mode="eager")
def a_signature_that_takes_no_such_argument():
    inspect.signature(lambda x: x).bind(X, masked=True)  # fails


@failing("branch-mismatch", mode="tracing")
def cases_of_two_dtypes():
    @tf.function
    def choose(number, x):
        return tf.switch_case(number, [lambda: x, lambda: tf.cast(x, tf.int32)])  # fails

    choose(tf.constant(0), FLOATS)


@cases_of_two_dtypes.mended("-x")
def _():
    @tf.function
    def choose(number, x):
        return tf.switch_case(number, [lambda: x, lambda: -x])

    choose(tf.constant(0), FLOATS)


@failing("numpy-method-on-tensor", mode="tracing")
def length_of_a_text():
    @tf.function
    def is_long(text):
        return len(text) > 2  # fails

    is_long(tf.constant("abc"))


@length_of_a_text.mended("tf.strings.length")
def _():
    @tf.function
    def is_long(text):
        return tf.strings.length(text) > 2

    is_long(tf.constant("abc"))


@failing("symbolic-to-numpy", mode="tracing")
def a_path_that_is_a_tensor():
    @tf.function
    def read(path):
        with open(path) as file:  # fails
            return file.read()

    read(tf.constant("a.txt"))


@a_path_that_is_a_tensor.mended("read_file")
def _():
    tf.function(tf.io.read_file)(tf.constant(__file__))


@failing("symbolic-to-numpy", mode="tracing")
def a_text_that_is_searched():
    @tf.function
    def number(text):
        return re.sub("[^0-9]", "", text)  # fails

    number(tf.constant("a1"))


@a_text_that_is_searched.mended("regex_replace")
def _():
    @tf.function
    def number(text):
        return tf.strings.regex_replace(text, "[^0-9]", "")

    number(tf.constant("a1"))


@failing("unclassified")
def a_function_of_the_programs_that_wants_a_text():
    @tf.function
    def number(text):
        raise TypeError(f"expected a str, not {type(text).__name__}")  # fails

    number(tf.constant("a1"))


# --- Dtypes of texts, assignments, datasets; axes that a graph does not have --------------------------------------------------------------


@failing("dtype-mismatch", mode="tracing")
def a_float_added_to_a_whole_variable():
    counter = tf.Variable(0)

    @tf.function
    def step():
        counter.assign_add(0.5)  # fails

    step()


@a_float_added_to_a_whole_variable.mended("0.0")
def _():
    counter = tf.Variable(0.0)

    @tf.function
    def step():
        counter.assign_add(0.5)

    step()


@failing("dtype-mismatch", mode="graph")
def a_text_cast_to_a_number():
    @tf.function
    def number(text):
        return tf.cast(text, tf.float32)  # fails

    number(tf.constant("1.5"))


@a_text_cast_to_a_number.mended("to_number")
def _():
    @tf.function
    def number(text):
        return tf.strings.to_number(text, tf.float32)

    number(tf.constant("1.5"))


@failing("dtype-mismatch", mode="eager")
def datasets_of_two_dtypes_joined():
    whole = tf.data.Dataset.from_tensor_slices([1, 2])
    whole.concatenate(tf.data.Dataset.from_tensor_slices([1.0, 2.0]))  # fails


@datasets_of_two_dtypes_joined.mended("3, 4")
def _():
    tf.data.Dataset.from_tensor_slices([1, 2]).concatenate(tf.data.Dataset.from_tensor_slices([3, 4]))


@failing("shape-mismatch", mode="tracing")
def a_sum_along_an_axis_that_is_not_there():
    @tf.function
    def total(x):
        return tf.reduce_sum(x, axis=2)  # fails

    total(tf.ones([2, 3]))


@a_sum_along_an_axis_that_is_not_there.mended("axis=1")
def _():
    @tf.function
    def total(x):
        return tf.reduce_sum(x, axis=1)

    total(tf.ones([2, 3]))


@failing("shape-mismatch", mode="eager")
def padded_to_less_than_there_is():
    dataset = tf.data.Dataset.from_generator(lambda: iter([[1], [1, 2, 3]]), output_signature=tf.TensorSpec([None], tf.int32))
    list(dataset.padded_batch(2, padded_shapes=[2]))  # fails


@padded_to_less_than_there_is.mended("[3]")
def _():
    dataset = tf.data.Dataset.from_generator(lambda: iter([[1], [1, 2, 3]]), output_signature=tf.TensorSpec([None], tf.int32))
    list(dataset.padded_batch(2, padded_shapes=[3]))


@failing("unknown-static-shape", mode="tracing")
def an_unknown_number_of_rows_unstacked():
    @tf.function(input_signature=[tf.TensorSpec([None, 3])])
    def first(x):
        return tf.unstack(x)[0]  # fails

    first(tf.ones([2, 3]))


@an_unknown_number_of_rows_unstacked.mended("x[0]")
def _():
    @tf.function(input_signature=[tf.TensorSpec([None, 3])])
    def first(x):
        return x[0]

    first(tf.ones([2, 3]))


@failing("distribution-scope", mode="tracing")
def a_replica_where_none_runs():
    @tf.function
    def total(x):
        context = tf.distribute.get_replica_context()
        return context.all_reduce("SUM", x)  # fails

    with tf.distribute.MirroredStrategy(["/cpu:0"]).scope():
        total(FLOATS)


@a_replica_where_none_runs.mended("run")
def _():
    def total(x):
        context = tf.distribute.get_replica_context()
        return context.all_reduce("SUM", x)

    tf.distribute.MirroredStrategy(["/cpu:0"]).run(total, (FLOATS,))


@failing("unclassified", mode="tracing")
def a_none_of_the_programs_that_is_asked():
    @tf.function
    def total(x, context=None):
        return context.all_reduce("SUM", x)  # fails

    total(FLOATS)
