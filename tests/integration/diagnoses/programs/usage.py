"""Programs that use Keras otherwise than it is to be used, and ops and tf.data with what they cannot take."""

from __future__ import annotations

import pathlib
import tempfile

import keras
import numpy as np
import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.diagnoses.programs.case import failing

X, Y = np.ones((8, 3), np.float32), np.ones((8, 1), np.float32)
FLOATS = tf.constant([1.0, 2.0, 3.0])


def regression(**options):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", **options)
    return model


class Scaled(keras.layers.Layer):
    """A layer that Keras is not told of."""

    def call(self, x):
        return 2.0 * x


# --- keras-fit-usage ---------------------------------------------------------------------------------------------------------------------


@failing("keras-fit-usage")
def evaluated_before_it_is_compiled():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.evaluate(X, Y, verbose=0)  # fails


@evaluated_before_it_is_compiled.mended("")
def _():
    regression().evaluate(X, Y, verbose=0)


@failing("keras-fit-usage")
def fewer_labels_than_inputs():
    model = regression()
    model.fit(X, Y[:5], verbose=0)  # fails


@fewer_labels_than_inputs.mended("")
def _():
    regression().fit(X, Y, verbose=0)


@failing("keras-fit-usage")
def a_part_of_a_dataset_for_validation():
    model = regression()
    model.fit(tf.data.Dataset.from_tensor_slices((X, Y)).batch(4), validation_split=0.5, shuffle=False, verbose=0)  # fails


@a_part_of_a_dataset_for_validation.mended("")
def _():
    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).batch(4)
    regression().fit(dataset.skip(1), validation_data=dataset.take(1), shuffle=False, verbose=0)


@failing("keras-fit-usage")
def a_loss_that_forgets_to_return():
    def loss(y_true, y_pred):
        tf.reduce_mean((y_true - y_pred) ** 2)

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", loss)
    model.fit(X, Y, verbose=0)  # fails


@a_loss_that_forgets_to_return.mended("")
def _():
    def loss(y_true, y_pred):
        return tf.reduce_mean((y_true - y_pred) ** 2)

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", loss)
    model.fit(X, Y, verbose=0)


# --- unsupported-data --------------------------------------------------------------------------------------------------------------------


@failing("unsupported-data")
def lists_for_fit():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit([[1.0, 2.0], [3.0, 4.0]], [[0.0], [1.0]], verbose=0)  # fails


@lists_for_fit.mended("")
def _():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0], [1.0]]), verbose=0)


@failing("unsupported-data", mode="eager")
def rows_of_different_lengths():
    @tmt.traced
    def lengths():
        rows = tf.constant([[1, 2], [3]])  # fails
        return rows + 1

    lengths()


@rows_of_different_lengths.mended("")
def _():
    @tmt.traced
    def lengths():
        return tf.ragged.constant([[1, 2], [3]]) + 1

    lengths()


@failing("unsupported-data")
def objects_for_predict():
    model = regression()
    model.predict(np.array([[1, 2, "three"]], dtype=object), verbose=0)  # fails


@objects_for_predict.mended("")
def _():
    regression().predict(np.array([[1, 2, 3]], dtype=np.float32), verbose=0)


# --- keras-saving, checkpoint-mismatch ---------------------------------------------------------------------------------------------------


@failing("keras-saving", mode="eager")
def a_layer_that_keras_does_not_know():
    path = str(pathlib.Path(tempfile.mkdtemp()) / "model.keras")
    keras.Sequential([keras.Input((3,)), Scaled()]).save(path)
    return keras.models.load_model(path)  # fails


@a_layer_that_keras_does_not_know.mended("")
def _():
    path = str(pathlib.Path(tempfile.mkdtemp()) / "model.keras")
    keras.Sequential([keras.Input((3,)), Scaled()]).save(path)
    keras.models.load_model(path, custom_objects={"Scaled": Scaled})


@failing("keras-saving", mode="eager")
def a_lambda_that_is_loaded():
    path = str(pathlib.Path(tempfile.mkdtemp()) / "model.keras")
    keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: x + 1.0)]).save(path)
    return keras.models.load_model(path)  # fails


@a_lambda_that_is_loaded.mended("")
def _():
    path = str(pathlib.Path(tempfile.mkdtemp()) / "model.keras")
    keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: x + 1.0)]).save(path)
    keras.models.load_model(path, safe_mode=False)


@failing("keras-saving", mode="eager")
def saved_in_a_format_of_older_versions():
    regression().save(tempfile.mkdtemp())  # fails


@saved_in_a_format_of_older_versions.mended("")
def _():
    regression().save(str(pathlib.Path(tempfile.mkdtemp()) / "model.keras"))


@failing("checkpoint-mismatch", mode="eager")
def weights_of_a_wider_model():
    path = str(pathlib.Path(tempfile.mkdtemp()) / "model.weights.h5")
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)]).save_weights(path)
    regression().load_weights(path)  # fails


@weights_of_a_wider_model.mended("")
def _():
    path = str(pathlib.Path(tempfile.mkdtemp()) / "model.weights.h5")
    regression().save_weights(path)
    regression().load_weights(path)


# --- keras-not-built, keras-not-a-layer --------------------------------------------------------------------------------------------------


@failing("keras-not-built", mode="eager")
def weights_before_there_are_any():
    model = keras.Sequential([keras.layers.Dense(1)])
    return model.count_params()  # fails


@weights_before_there_are_any.mended("")
def _():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    return model.count_params()


@failing("keras-not-a-layer", mode="eager")
def a_function_in_a_model():
    keras.Sequential([keras.Input((3,)), tf.nn.relu])  # fails


@a_function_in_a_model.mended("")
def _():
    keras.Sequential([keras.Input((3,)), keras.layers.Lambda(tf.nn.relu)])


# --- index-out-of-range, tensor-as-index -------------------------------------------------------------------------------------------------


@failing("index-out-of-range", mode="eager")
def a_row_that_is_not_there():
    @tmt.traced
    def row(x, index):
        return tf.gather(x, index)  # fails

    row(FLOATS, 7)


@a_row_that_is_not_there.mended("")
def _():
    tf.gather(FLOATS, 2)


@failing("index-out-of-range", mode="graph")
def a_row_that_is_not_there_in_a_graph():
    @tf.function
    def rows(x, indices):
        return tf.gather(x, indices) * 2.0  # fails

    rows(FLOATS, tf.constant([0, 3]))


@a_row_that_is_not_there_in_a_graph.mended("")
def _():
    tf.gather(FLOATS, tf.constant([0, 2]))


@failing("index-out-of-range", mode="eager")
def an_element_beyond_the_end():
    @tmt.traced
    def last(x):
        return x[3]  # fails

    last(FLOATS)


@an_element_beyond_the_end.mended("")
def _():
    return FLOATS[-1]


@failing("tensor-as-index")
def several_rows_in_brackets():
    @tf.function
    def ends(x):
        return x[[0, 2]]  # fails

    ends(FLOATS)


@several_rows_in_brackets.mended("")
def _():
    return tf.gather(FLOATS, [0, 2])


@failing("tensor-as-index", mode="tracing")
def a_tensor_as_index_of_a_list():
    rates = [0.1, 0.01]

    @tf.function
    def rate(step):
        return rates[step]  # fails

    rate(tf.constant(1))


@a_tensor_as_index_of_a_list.mended("")
def _():
    return tf.gather(tf.constant([0.1, 0.01]), tf.constant(1))


@failing("index-out-of-range", mode="graph")
def a_tensor_array_that_is_too_short():
    @tf.function
    def squares(n):
        array = tf.TensorArray(tf.int32, size=n)
        for i in tf.range(n + 2):
            array = array.write(i, i * i)  # fails
        return array.stack()

    squares(tf.constant(3))


@a_tensor_array_that_is_too_short.mended("")
def _():
    @tf.function
    def squares(n):
        array = tf.TensorArray(tf.int32, size=n)
        for i in tf.range(n):
            array = array.write(i, i * i)
        return array.stack()

    squares(tf.constant(3))


@failing("declared-type-mismatch", mode="graph")
def a_map_of_another_dtype():
    @tf.function
    def sizes(rows):
        return tf.map_fn(tf.size, rows)  # fails

    sizes(tf.ones([2, 3]))


@a_map_of_another_dtype.mended("")
def _():
    return tf.map_fn(tf.size, tf.ones([2, 3]), fn_output_signature=tf.int32)


@failing("keras-output-shape", mode="eager")
def a_lambda_that_fails_on_a_symbolic_tensor():
    inputs = keras.Input((3,))
    keras.layers.Lambda(lambda x: tf.matmul(x, tf.ones([5, 1])))(inputs)  # fails


@a_lambda_that_fails_on_a_symbolic_tensor.mended("")
def _():
    keras.layers.Lambda(lambda x: tf.matmul(x, tf.ones([3, 1])))(keras.Input((3,)))


@failing("distribution-scope")
def a_sum_of_replicas_inside_one():
    strategy = tf.distribute.MirroredStrategy(["/cpu:0"])

    def replica():
        return strategy.reduce("SUM", tf.constant(1.0), axis=None)  # fails

    strategy.run(replica)


@a_sum_of_replicas_inside_one.mended("")
def _():
    strategy = tf.distribute.MirroredStrategy(["/cpu:0"])
    strategy.reduce("SUM", strategy.run(lambda: tf.constant(1.0)), axis=None)


# --- declared-type-mismatch, bad-input-file, tape-used-twice, untracked-resource ---------------------------------------------------------


@failing("declared-type-mismatch", mode="eager")
def a_generator_of_another_shape():
    dataset = tf.data.Dataset.from_generator(lambda: iter([[1.0, 2.0]]), output_signature=tf.TensorSpec([3]))
    return next(iter(dataset))  # fails


@a_generator_of_another_shape.mended("")
def _():
    dataset = tf.data.Dataset.from_generator(lambda: iter([[1.0, 2.0]]), output_signature=tf.TensorSpec([2]))
    return next(iter(dataset))


@failing("bad-input-file", mode="eager")
def a_file_that_is_not_there():
    return tf.io.read_file("/no/such/image.png")  # fails


@a_file_that_is_not_there.mended("")
def _():
    return tf.io.read_file(__file__)


@failing("bad-input-file", mode="graph")
def a_file_that_is_not_there_in_a_loop_over_a_dataset():
    paths = tf.data.Dataset.from_tensor_slices(["/no/such/image.png"])

    @tf.function
    def sizes(contents):
        total = 0
        for content in contents:  # fails
            total += tf.strings.length(content)
        return total

    sizes(paths.map(tf.io.read_file))


@a_file_that_is_not_there_in_a_loop_over_a_dataset.mended("")
def _():
    return list(tf.data.Dataset.from_tensor_slices([__file__]).map(tf.io.read_file))


@failing("bad-input-file", mode="eager")
def a_file_that_is_no_image():
    return tf.io.decode_image(b"no image")  # fails


@a_file_that_is_no_image.mended("")
def _():
    return tf.io.decode_image(tf.io.encode_png(tf.zeros([2, 2, 3], tf.uint8)))


@failing("tape-used-twice", mode="tracing")
def two_gradients_of_one_tape():
    @tf.function
    def slopes(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            square, cube = x**2, x**3
        first = tape.gradient(square, x)
        return first + tape.gradient(cube, x)  # fails

    slopes(FLOATS)


@two_gradients_of_one_tape.mended("")
def _():
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(FLOATS)
        square, cube = FLOATS**2, FLOATS**3
    return tape.gradient(square, FLOATS) + tape.gradient(cube, FLOATS)


@failing("untracked-resource", mode="eager")
def a_table_that_is_not_saved():
    total = tf.Variable(0.0)

    class Counter(tf.Module):
        @tf.function(input_signature=[])
        def count(self):
            return total.assign_add(1.0)

    tf.saved_model.save(Counter(), tempfile.mkdtemp())  # fails


@a_table_that_is_not_saved.mended("")
def _():
    class Counter(tf.Module):
        def __init__(self):
            super().__init__()
            self.total = tf.Variable(0.0)

        @tf.function(input_signature=[])
        def count(self):
            return self.total.assign_add(1.0)

    tf.saved_model.save(Counter(), tempfile.mkdtemp())


# --- Wider: gradients, dtypes, shapes ----------------------------------------------------------------------------------------------------


@failing("gradient-none", mode="eager")
def arithmetic_with_no_gradient():
    weight, other = tf.Variable(1.0), tf.Variable(1.0)

    @tmt.traced
    def step():
        with tf.GradientTape() as tape:
            loss = weight * 2.0
        gradient = tape.gradient(loss, other)
        other.assign_sub(0.1 * gradient)  # fails

    step()


@arithmetic_with_no_gradient.mended("")
def _():
    weight = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        loss = weight * 2.0
    weight.assign_sub(0.1 * tape.gradient(loss, weight))


@failing("unclassified", mode="eager")
def arithmetic_with_a_none_of_the_programs():
    @tmt.traced
    def step(x, rate=None):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = x * 2.0
        gradient = tape.gradient(loss, x)
        return x - rate * gradient + (rate * 2)  # fails

    step(FLOATS)


@failing("dtype-mismatch", mode="tracing")
def mean_of_truths():
    @tf.function
    def accuracy(labels, predictions):
        return tf.reduce_mean(labels == predictions)  # fails

    accuracy(tf.constant([1, 2]), tf.constant([1, 3]))


@mean_of_truths.mended("")
def _():
    return tf.reduce_mean(tf.cast(tf.constant([1, 2]) == tf.constant([1, 3]), tf.float32))


@failing("dtype-mismatch", mode="tracing")
def a_mean_by_the_size():
    @tf.function
    def mean(x):
        return tf.reduce_sum(x) / tf.size(x)  # fails

    mean(FLOATS)


@a_mean_by_the_size.mended("")
def _():
    return tf.reduce_sum(FLOATS) / tf.cast(tf.size(FLOATS), tf.float32)


@failing("dtype-mismatch", mode="tracing")
def half_of_a_dimension():
    @tf.function
    def pairs(x):
        return tf.reshape(x, [x.shape[0] / 2, 2])  # fails

    pairs(tf.ones([6]))


@half_of_a_dimension.mended("")
def _():
    return tf.reshape(tf.ones([6]), [6 // 2, 2])


@failing("shape-mismatch", mode="tracing")
def a_mask_of_another_length():
    @tf.function
    def chosen(x, mask):
        return tf.boolean_mask(x, mask)  # fails

    chosen(tf.ones([3, 2]), tf.constant([True, False]))


@a_mask_of_another_length.mended("")
def _():
    return tf.boolean_mask(tf.ones([3, 2]), tf.constant([True, False, True]))


@failing("keras-loss-shape")
def more_labels_than_outputs():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("sgd", "mae")
    model.fit(X, np.ones((8, 3), np.float32), verbose=0)  # fails


@more_labels_than_outputs.mended("")
def _():
    regression().fit(X, Y, verbose=0)
