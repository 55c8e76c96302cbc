"""Programs with values that Keras and TensorFlow take none such of, and what older versions' objects had; and near twins."""

from __future__ import annotations

import os
import tempfile

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.integration.diagnoses.programs.case import failing

X, Y = np.ones((8, 3), np.float32), np.ones((8, 1), np.float32)
RAGGED = tf.ragged.constant([[1.0], [2.0, 3.0]])


def regression(**compiled):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(**({"optimizer": "sgd", "loss": "mse"} | compiled))
    return model


# --- What older objects had ---------------------------------------------------------------------------------------------------------------


@failing("removed-api", mode="eager")
def the_rate_of_an_optimizer():
    optimizer = keras.optimizers.RMSprop(0.5)
    return float(optimizer.lr)  # fails


@the_rate_of_an_optimizer.mended("learning_rate")
def _():
    optimizer = keras.optimizers.RMSprop(0.5)
    return float(optimizer.learning_rate)


@failing("unclassified", mode="eager")
def the_rate_of_an_object_of_the_programs():
    class Adam:
        learning_rate = 0.5

    optimizer = Adam()
    return optimizer.lr  # fails


@failing("removed-api", mode="eager")
def the_shape_of_a_layers_output():
    first = regression().layers[0]
    return first.output_shape  # fails


@the_shape_of_a_layers_output.mended("output.shape")
def _():
    first = regression().layers[0]
    return first.output.shape


@failing("removed-api", mode="eager")
def an_iterator_of_version_1():
    dataset = tf.data.Dataset.range(3)
    return dataset.make_one_shot_iterator().get_next()  # fails


@an_iterator_of_version_1.mended("iter(")
def _():
    dataset = tf.data.Dataset.range(3)
    return iter(dataset).get_next()


@failing("removed-api", mode="eager")
def the_static_shape_as_a_list():
    x = keras.Input((3, 4))
    return x.shape.as_list()[1]  # fails


@the_static_shape_as_a_list.mended("list(x.shape)")
def _():
    x = keras.Input((3, 4))
    return list(x.shape)[1]


@failing("removed-api", mode="eager")
def the_shape_of_batches():
    model = keras.Sequential()
    model.add(layers.LSTM(2, batch_input_shape=(2, 3, 1), stateful=True))  # fails
    return model.predict(np.ones((2, 3, 1)), verbose=0)


@the_shape_of_batches.mended("keras.Input(batch_shape")
def _():
    model = keras.Sequential()
    model.add(keras.Input(batch_shape=(2, 3, 1)))
    model.add(layers.LSTM(2, stateful=True))
    return model.predict(np.ones((2, 3, 1)), verbose=0)


@failing("removed-api", mode="eager")
def a_loss_by_its_long_name():
    return tf.keras.losses.mean_absolute_error(Y, Y)  # fails


@a_loss_by_its_long_name.mended("MAE")
def _():
    return tf.keras.losses.MAE(Y, Y)


# --- What Keras takes --------------------------------------------------------------------------------------------------------------------


@failing("keras-unexpected-argument", mode="eager")
def a_name_that_is_misspelt():
    return keras.layers.Dense(2, activation="sigmiod")  # fails


@a_name_that_is_misspelt.mended("sigmoid")
def _():
    return keras.layers.Dense(2, activation="sigmoid")


@failing("keras-fit-usage")
def a_rate_set_beside_a_schedule():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    model = regression(optimizer=keras.optimizers.SGD(schedule))
    model.fit(X, Y, callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch: 0.1)], verbose=0)  # fails


@a_rate_set_beside_a_schedule.mended("SGD(0.1)")
def _():
    model = regression(optimizer=keras.optimizers.SGD(0.1))
    model.fit(X, Y, callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch: 0.1)], verbose=0)


@failing("keras-fit-usage")
def weights_of_classes_in_an_array():
    model, weights = regression(), np.array([1.0, 2.0])
    model.fit(X, Y, class_weight=weights, verbose=0)  # fails


@weights_of_classes_in_an_array.mended("dict(enumerate(")
def _():
    model, weights = regression(), np.array([1.0, 2.0])
    model.fit(X, Y, class_weight=dict(enumerate(weights)), verbose=0)


@failing("label-out-of-range", mode="eager")
def one_hot_of_labels_from_one():
    return keras.utils.to_categorical([1, 2, 3], 3)  # fails


@one_hot_of_labels_from_one.mended("4")
def _():
    return keras.utils.to_categorical([1, 2, 3], 4)


@failing("unclassified", mode="eager")
def an_index_beyond_an_array():
    return np.zeros((3, 3))[:, 3]  # fails


@failing("keras-fit-usage", mode="eager")
def a_loss_and_a_metric_that_is_not_there():
    loss, accuracy = regression().evaluate(X, Y, verbose=0)  # fails
    return loss, accuracy


@a_loss_and_a_metric_that_is_not_there.mended("metrics")
def _():
    loss, accuracy = regression(metrics=["mae"]).evaluate(X, Y, verbose=0)
    return loss, accuracy


@failing("removed-api", mode="eager")
def a_history_by_an_older_name():
    model = regression()
    model.compile("sgd", "mse", metrics=["accuracy"])
    history = model.fit(X, Y, verbose=0)
    return history.history["acc"]  # fails


@a_history_by_an_older_name.mended("accuracy")
def _():
    model = regression()
    model.compile("sgd", "mse", metrics=["accuracy"])
    history = model.fit(X, Y, verbose=0)
    return history.history["accuracy"]


@failing("numpy-method-on-tensor", mode="eager")
def the_array_of_an_array():
    return regression().predict(X, verbose=0).numpy()  # fails


@the_array_of_an_array.mended("predict(X, verbose=0)")
def _():
    return regression().predict(X, verbose=0)


@failing("keras-not-a-layer", mode="eager")
def a_layer_by_another_name():
    return regression().get_layer("encoder")  # fails


@a_layer_by_another_name.mended("dense")
def _():
    return regression().get_layer(index=0).name.startswith("dense")


@failing("keras-not-a-layer", mode="eager")
def outputs_of_other_inputs():
    first = keras.Input((3,))
    base = keras.Model(first, keras.layers.Dense(1)(first))
    return keras.Model(keras.Input((3,)), base.output)  # fails


@outputs_of_other_inputs.mended("base(inputs)")
def _():
    base, inputs = regression(), keras.Input((3,))
    return keras.Model(inputs, base(inputs))


@failing("keras-input-shape")
def states_into_a_layer_of_one_input():
    model = keras.Sequential([keras.Input((3, 1)), layers.GRU(2, return_state=True), layers.Dense(1)])  # fails
    return model.predict(np.ones((2, 3, 1)), verbose=0)


@states_into_a_layer_of_one_input.mended("GRU(2)")
def _():
    model = keras.Sequential([keras.Input((3, 1)), layers.GRU(2), layers.Dense(1)])
    return model.predict(np.ones((2, 3, 1)), verbose=0)


@failing("unknown-static-shape")
def flat_images_of_no_size():
    x = layers.Flatten()(keras.Input((None, None, 3)))
    return layers.Dense(2)(x)  # fails


@flat_images_of_no_size.mended("GlobalAveragePooling2D")
def _():
    x = layers.GlobalAveragePooling2D()(keras.Input((None, None, 3)))
    return layers.Dense(2)(x)


# --- What TensorFlow takes ---------------------------------------------------------------------------------------------------------------


@failing("dtype-mismatch")
def a_schedule_of_whole_steps():
    class Decay(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.5 * (step + 1)  # fails

    regression(optimizer=keras.optimizers.SGD(Decay())).fit(X, Y, verbose=0)


@a_schedule_of_whole_steps.mended("tf.cast(step")
def _():
    class Decay(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.5 * (tf.cast(step, tf.float32) + 1)

    regression(optimizer=keras.optimizers.SGD(Decay())).fit(X, Y, verbose=0)


@failing("dtype-mismatch", mode="eager")
def half_a_batch():
    size = 4
    return next(iter(tf.data.Dataset.range(8).batch(size / 2)))  # fails


@half_a_batch.mended("//")
def _():
    size = 4
    return next(iter(tf.data.Dataset.range(8).batch(size // 2)))


@failing("dtype-mismatch", mode="eager")
def numbers_looked_up_among_texts():
    keys = tf.constant([1, 2], tf.int64)
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["1", "2"], [10, 20]), -1)
    return table.lookup(keys)  # fails


@numbers_looked_up_among_texts.mended("as_string")
def _():
    keys = tf.constant([1, 2], tf.int64)
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["1", "2"], [10, 20]), -1)
    return table.lookup(tf.strings.as_string(keys))


@failing("unsupported-data", mode="eager")
def ragged_rows_for_an_op():
    rows = RAGGED
    return tf.linalg.norm(rows)  # fails


@ragged_rows_for_an_op.mended("to_tensor")
def _():
    rows = RAGGED
    return tf.linalg.norm(rows.to_tensor())


@failing("unsupported-data", mode="eager")
def a_sparse_matrix_multiplied():
    sparse, dense = tf.sparse.from_dense(np.eye(3, dtype=np.float32)), tf.ones((3, 2))
    return tf.matmul(sparse, dense)  # fails


@a_sparse_matrix_multiplied.mended("sparse_dense_matmul")
def _():
    sparse, dense = tf.sparse.from_dense(np.eye(3, dtype=np.float32)), tf.ones((3, 2))
    return tf.sparse.sparse_dense_matmul(sparse, dense)


@failing("unsupported-data", mode="tracing")
def a_window_used_as_a_tensor():
    dataset = tf.data.Dataset.range(9).window(3, drop_remainder=True)
    dataset = dataset.map(lambda window: window[-1])  # fails
    return next(iter(dataset))


@a_window_used_as_a_tensor.mended("flat_map")
def _():
    dataset = tf.data.Dataset.range(9).window(3, drop_remainder=True)
    dataset = dataset.flat_map(lambda window: window.batch(3))
    dataset = dataset.map(lambda window: window[-1])
    return next(iter(dataset))


@failing("gradient-none", mode="eager")
def the_gradient_of_a_constant():
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(x * x)
    gradient = tape.gradient(y, x)
    return gradient.numpy()  # fails


@the_gradient_of_a_constant.mended("tape.watch(x)")
def _():
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(x * x)
    gradient = tape.gradient(y, x)
    return gradient.numpy()


@failing("unclassified", mode="eager")
def the_array_of_a_none_of_the_programs():
    found = None
    return found.numpy()  # fails


@failing("unknown-static-shape", mode="tracing")
def an_image_that_may_be_an_animation():
    encoded = tf.io.encode_png(np.zeros((4, 4, 3), np.uint8))

    @tf.function
    def small(image):
        image = tf.io.decode_image(image)
        return tf.image.resize(image, (2, 2))  # fails

    return small(encoded)


@an_image_that_may_be_an_animation.mended("expand_animations")
def _():
    encoded = tf.io.encode_png(np.zeros((4, 4, 3), np.uint8))

    @tf.function
    def small(image):
        image = tf.io.decode_image(image, expand_animations=False)
        return tf.image.resize(image, (2, 2))

    return small(encoded)


@failing("shape-mismatch", mode="eager")
def a_crop_larger_than_the_image():
    return tf.image.random_crop(np.zeros((4, 4, 3), np.float32), (8, 8, 3))  # fails


@a_crop_larger_than_the_image.mended("(2, 2, 3)")
def _():
    return tf.image.random_crop(np.zeros((4, 4, 3), np.float32), (2, 2, 3))


# --- Files and what is kept --------------------------------------------------------------------------------------------------------------


@failing("bad-input-file", mode="eager")
def a_text_that_is_no_number():
    numbers = tf.data.Dataset.from_tensor_slices(["1.5", "n/a"]).map(tf.strings.to_number)
    return list(numbers)  # fails


@a_text_that_is_no_number.mended("filter")
def _():
    texts = tf.data.Dataset.from_tensor_slices(["1.5", "n/a"]).filter(lambda text: text != "n/a")
    return list(texts.map(tf.strings.to_number))


@failing("bad-input-file", mode="eager")
def a_folder_without_images():
    return keras.utils.image_dataset_from_directory(tempfile.mkdtemp(), labels=None)  # fails


@a_folder_without_images.mended("write_file")
def _():
    folder = tempfile.mkdtemp()
    tf.io.write_file(f"{folder}/1.png", tf.io.encode_png(np.zeros((4, 4, 3), np.uint8)))
    return keras.utils.image_dataset_from_directory(folder, labels=None, image_size=(4, 4))


@failing("bad-input-file", mode="eager")
def a_model_of_a_file_that_is_none():
    path = os.path.join(tempfile.mkdtemp(), "model.h5")
    tf.io.write_file(path, "not found")
    return keras.models.load_model(path)  # fails


@a_model_of_a_file_that_is_none.mended("save")
def _():
    path = os.path.join(tempfile.mkdtemp(), "model.keras")
    regression().save(path)
    return keras.models.load_model(path)


@failing("untracked-resource", mode="eager")
def an_object_that_is_no_module():
    class Exporter:
        @tf.function(input_signature=[tf.TensorSpec([None])])
        def double(self, x):
            return x * 2.0

    tf.saved_model.save(Exporter(), tempfile.mkdtemp())  # fails


@an_object_that_is_no_module.mended("tf.Module")
def _():
    class Exporter(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None])])
        def double(self, x):
            return x * 2.0

    tf.saved_model.save(Exporter(), tempfile.mkdtemp())


@failing("checkpoint-mismatch", mode="eager")
def a_number_in_a_checkpoint():
    return tf.train.Checkpoint(step=1)  # fails


@a_number_in_a_checkpoint.mended("tf.Variable")
def _():
    return tf.train.Checkpoint(step=tf.Variable(1))
