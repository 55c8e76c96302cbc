"""Programs for an older Keras, and what ops, models and files refuse: neighbours of the other programs, each of another kind of call."""

from __future__ import annotations

import pathlib
import tempfile

import keras
import numpy as np
import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.diagnoses.programs.case import failing

X, Y = np.ones((8, 3), np.float32), np.ones((8, 1), np.float32)


def regression():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


# --- removed-api -------------------------------------------------------------------------------------------------------------------------


@failing("removed-api", mode="eager")
def a_learning_rate_as_it_was_called():
    keras.optimizers.Adam(lr=0.01)  # fails


@a_learning_rate_as_it_was_called.mended("learning_rate")
def _():
    assert float(keras.optimizers.Adam(learning_rate=0.01).learning_rate) == np.float32(0.01)


@failing("removed-api", mode="eager")
def an_initializer_as_it_was_called():
    assert keras.layers.Dense(4, init="zeros").kernel_initializer is not None  # fails


@an_initializer_as_it_was_called.mended("kernel_initializer")
def _():
    keras.layers.Dense(4, kernel_initializer="zeros")


@failing("keras-unexpected-argument", mode="eager")
def an_argument_that_optimizers_never_took():
    keras.optimizers.Adam(learning_speed=0.01)  # fails


@an_argument_that_optimizers_never_took.mended("")
def _():
    keras.optimizers.Adam(0.01)


@failing("removed-api", mode="eager")
def a_module_of_layers_that_is_gone():
    from keras.layers.core import Dense, Dropout  # fails

    Dense(1), Dropout(0.5)


@a_module_of_layers_that_is_gone.mended("")
def _():
    keras.layers.Dense(1)


@failing("removed-api", mode="eager")
def a_module_of_tools_that_is_gone():
    from keras.utils import np_utils  # fails

    np_utils.to_categorical([1])


@a_module_of_tools_that_is_gone.mended("")
def _():
    keras.utils.to_categorical([1])


@failing("unclassified", mode="eager")
def a_name_that_never_was_imported():
    from keras.layers import Densely  # fails

    Densely(1)


@failing("unclassified", mode="eager")
def a_package_that_is_not_there():
    from no_such_keras.layers import core  # type: ignore[import-not-found] # fails

    core.Dense(1)


@failing("removed-api", mode="tracing")
def functions_of_the_backend():
    from keras import backend as K  # noqa: N812

    @tf.function
    def rmse(x, y):
        return K.sqrt(K.mean(K.square(x - y)))  # fails

    assert rmse(tf.ones([2]), tf.zeros([2])) == 1.0


@functions_of_the_backend.mended("ops")
def _():
    keras.ops.sqrt(keras.ops.mean(keras.ops.square(tf.ones([2]))))


# --- Keras -------------------------------------------------------------------------------------------------------------------------------


@failing("keras-input-shape", mode="tracing")
def a_layer_of_the_programs_that_drops_a_dimension():
    class First(keras.layers.Layer):
        def call(self, x):
            return x[:, 0]  # fails

    model = keras.Sequential([First(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert model.layers[-1].kernel.shape == (1, 1)


@a_layer_of_the_programs_that_drops_a_dimension.mended("0:1")
def _():
    class First(keras.layers.Layer):
        def call(self, x):
            return x[:, 0:1]

    model = keras.Sequential([First(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)


@failing("keras-input-shape", mode="tracing")
def a_layer_that_drops_one_and_another_that_does_not():
    """Which of two layers of a kind complains is not known."""

    class First(keras.layers.Layer):
        def call(self, x):
            return x[:, 0]

    model = keras.Sequential([keras.layers.Dense(2), First(), keras.layers.Dense(2), First(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)  # fails


@a_layer_that_drops_one_and_another_that_does_not.mended("")
def _():
    regression().fit(X, Y, verbose=0)


@failing("keras-input-shape", mode="tracing")
def one_image_in_the_place_of_a_batch():
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(1, 3)])
    image = np.ones((8, 8, 1), np.float32)
    assert model.predict(image, verbose=0).shape == (1, 6, 6, 1)  # fails


@one_image_in_the_place_of_a_batch.mended("[None]")
def _():
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(1, 3)])
    model.predict(np.ones((8, 8, 1), np.float32)[None], verbose=0)


@failing("shape-mismatch")
def a_window_larger_than_the_image():
    def build():
        x = keras.Input((3, 3, 1))
        for size in (3, 3):
            x = keras.layers.Conv2D(1, size)(x)  # fails

    build()


@a_window_larger_than_the_image.mended("same")
def _():
    keras.layers.Conv2D(1, 3, padding="same")(keras.Input((2, 2, 1)))


@failing("shape-mismatch")
def a_layer_that_reshapes_to_another_size():
    keras.layers.Reshape((3, 4))(keras.Input((10,)))  # fails


@a_layer_that_reshapes_to_another_size.mended("")
def _():
    keras.layers.Reshape((5, 2))(keras.Input((10,)))


@failing("keras-loss-shape", mode="eager")
def logits_of_other_classes():
    @tmt.traced
    def loss(labels, logits):
        return tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)  # fails

    loss(tf.one_hot([1, 2], 3), tf.ones([2, 4]))


@logits_of_other_classes.mended("")
def _():
    tf.nn.softmax_cross_entropy_with_logits(labels=tf.one_hot([1, 2], 3), logits=tf.ones([2, 3]))


@failing("keras-loss-shape", mode="eager")
def one_hot_labels_for_sparse_logits():
    @tmt.traced
    def loss(labels, logits):
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)  # fails

    loss(tf.one_hot([1, 2], 3), tf.ones([2, 3]))


@one_hot_labels_for_sparse_logits.mended("")
def _():
    tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1, 2], logits=tf.ones([2, 3]))


@failing("symbolic-bool", mode="eager")
def a_keras_tensor_asked():
    x = keras.layers.Dense(1)(keras.Input((3,)))
    if x > 0:  # fails
        x = -x


@a_keras_tensor_asked.mended("")
def _():
    keras.ops.abs(keras.Input((3,)))


@failing("symbolic-to-numpy", mode="eager")
def the_value_of_a_keras_tensor():
    x = keras.layers.Dense(1)(keras.Input((3,)))
    print(x.numpy())  # fails


@the_value_of_a_keras_tensor.mended("")
def _():
    print(keras.layers.Dense(1)(tf.ones([1, 3])).numpy())


@failing("keras-fit-usage", mode="eager")
def weights_of_classes_beside_a_generator():
    model = regression()
    model.fit(((X, Y) for _ in range(1)), class_weight={0: 1.0}, shuffle=False, verbose=0)  # fails


@weights_of_classes_beside_a_generator.mended("")
def _():
    regression().fit(X, Y, class_weight={0: 1.0}, verbose=0)


@failing("keras-saving", mode="eager")
def weights_by_a_name_without_its_ending():
    regression().save_weights(pathlib.Path(tempfile.mkdtemp()) / "weights")  # fails


@weights_by_a_name_without_its_ending.mended(".weights.h5")
def _():
    regression().save_weights(pathlib.Path(tempfile.mkdtemp()) / "x.weights.h5")


@keras.saving.register_keras_serializable("tests")
class _Times(keras.layers.Layer):
    """A layer whose configuration says nothing of its argument."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, x):
        return self.factor * x


@failing("keras-saving", mode="eager")
def a_layer_without_its_configuration():
    path = pathlib.Path(tempfile.mkdtemp()) / "model.keras"
    keras.Sequential([keras.Input((3,)), _Times(2.0)]).save(path)
    keras.models.load_model(path)  # fails


@a_layer_without_its_configuration.mended("")
def _():
    path = pathlib.Path(tempfile.mkdtemp()) / "model.keras"
    regression().save(path)
    keras.models.load_model(path)


@failing("unclassified", mode="eager")
def an_argument_that_a_class_of_the_programs_does_not_take():
    class Times:
        def __init__(self, factor):
            self.factor = factor

    Times(factors=2.0)  # type: ignore[call-arg] # fails


@failing("keras-not-built", mode="eager")
def saved_before_it_is_built():
    model = keras.Sequential([keras.layers.Dense(1)])
    model.save_weights(pathlib.Path(tempfile.mkdtemp()) / "x.weights.h5")  # fails


@saved_before_it_is_built.mended("Input")
def _():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.save_weights(pathlib.Path(tempfile.mkdtemp()) / "x.weights.h5")


@failing("checkpoint-mismatch", mode="eager")
def weights_of_another_layer():
    model = regression()
    model.set_weights([np.ones((4, 1)), np.ones(1)])  # fails


@weights_of_another_layer.mended("")
def _():
    regression().set_weights([np.ones((3, 1)), np.ones(1)])


@failing("unclassified", mode="eager")
def a_file_that_cython_does_not_find():
    model = regression()
    model.load_weights("/no/such/file.weights.h5")  # fails


# --- Ops ---------------------------------------------------------------------------------------------------------------------------------


@failing("shape-mismatch", mode="eager")
def stacked_with_another():
    @tmt.traced
    def both(x, y):
        return tf.stack([x, y])  # fails

    both(tf.ones([2]), tf.ones([3]))


@stacked_with_another.mended("concat")
def _():
    tf.concat([tf.ones([2]), tf.ones([3])], 0)


@failing("shape-mismatch", mode="eager")
def split_with_a_rest():
    @tmt.traced
    def halves(x):
        return tf.split(x, 2)  # fails

    halves(tf.ones([5]))


@split_with_a_rest.mended("")
def _():
    tf.split(tf.ones([5]), [3, 2])


@failing("shape-mismatch", mode="graph")
def an_axis_that_is_not_there():
    @tf.function(input_signature=[tf.TensorSpec(None, tf.float32)])
    def total(x):
        return tf.reduce_sum(x, axis=2)  # fails

    total(tf.ones([2, 3]))


@an_axis_that_is_not_there.mended("")
def _():
    tf.reduce_sum(tf.ones([2, 3]), axis=1)


@failing("shape-mismatch", mode="eager")
def more_labels_than_rows():
    tf.data.Dataset.from_tensor_slices((np.ones((4, 2)), np.ones(3)))  # fails


@more_labels_than_rows.mended("")
def _():
    tf.data.Dataset.from_tensor_slices((np.ones((4, 2)), np.ones(4)))


@failing("unclassified", mode="eager")
def a_check_of_the_programs():
    @tmt.traced
    def checked(x):
        tf.debugging.assert_equal(tf.shape(x)[0], 3, "the shape must be a vector of rank 1")  # fails
        return x

    checked(tf.ones([2]))


@failing("dtype-mismatch", mode="eager")
def one_hot_of_numbers_with_fractions():
    @tmt.traced
    def encoded(x):
        return tf.one_hot(x, 3)  # fails

    encoded(tf.constant([1.0]))


@one_hot_of_numbers_with_fractions.mended("cast")
def _():
    tf.one_hot(tf.cast(tf.constant([1.0]), tf.int64), 3)


@failing("declared-type-mismatch", mode="eager")
def a_function_of_numpy_that_returns_another_dtype():
    dataset = tf.data.Dataset.range(2).map(lambda x: tf.numpy_function(lambda y: np.float64(y), [x], tf.float32))
    list(dataset)  # fails


@a_function_of_numpy_that_returns_another_dtype.mended("float64")
def _():
    list(tf.data.Dataset.range(2).map(lambda x: tf.numpy_function(lambda y: np.float64(y), [x], tf.float64)))


@failing("bad-input-file", mode="eager")
def a_record_without_what_is_asked():
    @tmt.traced
    def parsed(record):
        return tf.io.parse_single_example(record, {"x": tf.io.FixedLenFeature([], tf.float32)})  # fails

    parsed(tf.constant(tf.train.Example().SerializeToString()))


@a_record_without_what_is_asked.mended("VarLen")
def _():
    tf.io.parse_single_example(tf.train.Example().SerializeToString(), {"x": tf.io.VarLenFeature(tf.float32)})


@failing("out-of-memory", mode="eager")
def an_array_of_numpy_that_is_too_large():
    @tmt.traced
    def zeros():
        return np.ones((1 << 30, 1 << 22))  # fails

    zeros()


@an_array_of_numpy_that_is_too_large.mended("")
def _():
    np.ones((4, 4))


@failing("unclassified", mode="eager")
def a_memory_error_of_the_programs():
    @tmt.traced
    def zeros():
        raise MemoryError("Unable to allocate the third shard")  # fails

    zeros()


@failing("unknown-static-shape", mode="tracing")
def a_dimension_in_a_list():
    @tf.function(input_signature=[tf.TensorSpec([None, 2, 2])])
    def flat(x):
        return tf.reshape(x, [x.shape[0], 4])  # fails

    assert flat(tf.ones([3, 2, 2])).shape == (3, 4)


@a_dimension_in_a_list.mended("tf.shape")
def _():
    x = tf.ones([3, 2, 2])
    tf.reshape(x, [tf.shape(x)[0], 4])


@failing("unclassified", mode="tracing")
def a_none_of_the_programs_in_a_list():
    @tf.function
    def flat(x, size=None):
        return tf.reshape(x, [size, 4])  # fails

    flat(tf.ones([3, 2, 2]))


@failing("dtype-mismatch", mode="tracing")
def a_mean_by_the_length():
    @tf.function(input_signature=[tf.TensorSpec([None])])
    def mean(x):
        return tf.reduce_sum(x) / len(x)  # fails

    assert mean(tf.ones([3])) == 1.0


@a_mean_by_the_length.mended("cast")
def _():
    x = tf.ones([3])
    tf.reduce_sum(x) / tf.cast(len(x), tf.float32)


@failing("input-signature-mismatch")
def more_arguments_than_the_signature():
    @tf.function(input_signature=[tf.TensorSpec([None])])
    def same(x):
        return x

    @tmt.traced
    def main():
        same(tf.ones([2]), tf.ones([2]))  # fails

    main()


@more_arguments_than_the_signature.mended("")
def _():
    tf.function(lambda x: x, input_signature=[tf.TensorSpec([None])])(tf.ones([2]))


@failing("unclassified")
def more_arguments_than_a_function_takes():
    @tf.function
    def same(x):
        return x

    @tmt.traced
    def main():
        same(tf.ones([2]), tf.ones([2]))  # fails

    main()
