"""Programs that call, or are called by, Keras, datasets and SavedModels with other arguments than those take; and near twins."""

from __future__ import annotations

import tempfile

import keras
import numpy as np
import tensorflow as tf

from tests.integration.diagnoses.programs.case import failing

X, Y = np.ones((8, 3), np.float32), np.ones((8, 1), np.float32)


def regression(**compiled):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(**({"optimizer": "sgd", "loss": "mse"} | compiled))
    return model


@failing("keras-fit-usage")
def a_callback_without_logs():
    class Stops(keras.callbacks.Callback):
        def on_train_batch_end(self, batch):  # fails
            self.last = batch

    regression().fit(X, Y, callbacks=[Stops()], verbose=0)


@a_callback_without_logs.mended("logs=None")
def _():
    class Stops(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.last = batch

    regression().fit(X, Y, callbacks=[Stops()], verbose=0)


@failing("unclassified")
def a_callback_that_calls_the_programs_own_function_wrongly():
    def note(epoch):
        return epoch

    class Notes(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            note(epoch, logs)  # type: ignore[call-arg]  # fails

    regression().fit(X, Y, callbacks=[Notes()], verbose=0)


@failing("keras-fit-usage")
def a_loss_that_takes_a_third_argument():
    def weighted(y_true, y_pred, weight):  # fails
        return weight * keras.ops.mean(keras.ops.square(y_true - y_pred))

    regression(loss=weighted).fit(X, Y, verbose=0)


@a_loss_that_takes_a_third_argument.mended("def loss")
def _():
    def weighted(weight):
        def loss(y_true, y_pred):
            return weight * keras.ops.mean(keras.ops.square(y_true - y_pred))

        return loss

    regression(loss=weighted(2.0)).fit(X, Y, verbose=0)


@failing("input-signature-mismatch", mode="tracing")
def a_map_over_pairs_with_one_argument():
    dataset = tf.data.Dataset.from_tensor_slices((X, Y))
    dataset = dataset.map(lambda row: row / 2.0)  # fails
    return next(iter(dataset))[1].shape


@a_map_over_pairs_with_one_argument.mended("y")
def _():
    dataset = tf.data.Dataset.from_tensor_slices((X, Y))
    dataset = dataset.map(lambda row, y: (row / 2.0, y))
    return next(iter(dataset))[1].shape


@failing("input-signature-mismatch", mode="tracing")
def a_map_of_a_function_over_pairs():
    def halved(row):
        return row / 2.0

    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).map(halved)  # fails
    return next(iter(dataset))[1].shape


@a_map_of_a_function_over_pairs.mended("lambda x, y")
def _():
    def halved(row):
        return row / 2.0

    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).map(lambda x, y: (halved(x), y))
    return next(iter(dataset))[1].shape


@failing("unclassified", mode="tracing")
def a_map_whose_function_calls_another_wrongly():
    def halved(row):
        return row / 2.0

    def both(row, label):
        return halved(row, label)  # type: ignore[call-arg]  # fails

    tf.data.Dataset.from_tensor_slices((X, Y)).map(both)


@failing("keras-fit-usage", mode="eager")
def gradients_without_their_variables():
    model, optimizer = regression(), keras.optimizers.SGD()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(X))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(gradients)  # fails


@gradients_without_their_variables.mended("zip(")
def _():
    model, optimizer = regression(), keras.optimizers.SGD()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(X))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))


@failing("input-signature-mismatch")
def a_signature_by_position():
    class Double(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None])])
        def double(self, x):
            return {"y": x * 2.0}

    path, module = tempfile.mkdtemp(), Double()
    tf.saved_model.save(module, path, signatures=module.double)
    loaded = tf.saved_model.load(path)
    serve = loaded.signatures["serving_default"]
    serve(tf.ones(3), tf.ones(3))  # fails


@a_signature_by_position.mended("x=")
def _():
    class Double(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None])])
        def double(self, x):
            return {"y": x * 2.0}

    path, module = tempfile.mkdtemp(), Double()
    tf.saved_model.save(module, path, signatures=module.double)
    loaded = tf.saved_model.load(path)
    serve = loaded.signatures["serving_default"]
    serve(x=tf.ones(3))


@failing("symbolic-to-numpy", mode="tracing")
def predict_in_a_function():
    model = regression()

    @tf.function
    def target(x):
        return tf.reduce_max(model.predict(x))  # fails

    target(tf.ones((2, 3)))


@predict_in_a_function.mended("model(x)")
def _():
    model = regression()

    @tf.function
    def target(x):
        return tf.reduce_max(model(x))

    target(tf.ones((2, 3)))


@failing("unsupported-data")
def a_comma_behind_a_tensor():
    x = keras.Input((3,))
    # fmt: off
    x = keras.layers.Dense(2)(x),  # fails
    # fmt: on
    keras.layers.Dense(1)(x)


@a_comma_behind_a_tensor.mended("(x)")
def _():
    x = keras.Input((3,))
    x = keras.layers.Dense(2)(x)
    keras.layers.Dense(1)(x)


@failing("keras-not-a-layer")
def a_class_called_with_a_tensor():
    x = keras.Input((4, 4))
    keras.layers.GlobalAveragePooling1D(x)  # fails


@a_class_called_with_a_tensor.mended("()(x)")
def _():
    x = keras.Input((4, 4))
    keras.layers.GlobalAveragePooling1D()(x)


@failing("keras-fit-usage", mode="eager")
def a_loss_that_is_called():
    regression(loss=keras.losses.mean_squared_error())  # fails


@a_loss_that_is_called.mended("mean_squared_error)")
def _():
    regression(loss=keras.losses.mean_squared_error)


@failing("keras-not-built")
def a_build_that_is_misspelt():
    class Scale(keras.layers.Layer):
        def biuld(self, shape):  # fails
            self.scale = self.add_weight(shape=(shape[-1],))

        def call(self, x):
            return x * self.scale

    Scale()(X)


@a_build_that_is_misspelt.mended("def build")
def _():
    class Scale(keras.layers.Layer):
        def build(self, shape):
            self.scale = self.add_weight(shape=(shape[-1],))

        def call(self, x):
            return x * self.scale

    Scale()(X)


@failing("unclassified")
def an_attribute_that_nothing_makes():
    class Scale(keras.layers.Layer):
        def build(self, shape):
            self.scales = self.add_weight(shape=(shape[-1],))

        def call(self, x):
            return x * self.scale  # fails

    Scale()(X)


@failing("branch-mismatch")
def a_condition_between_values():
    @tf.function
    def larger(x):
        double, half = x * 2.0, x / 2.0
        return tf.cond(x > 1.0, double, half)  # fails

    larger(tf.constant(2.0))


@a_condition_between_values.mended("lambda: double")
def _():
    @tf.function
    def larger(x):
        double, half = x * 2.0, x / 2.0
        return tf.cond(x > 1.0, lambda: double, lambda: half)

    larger(tf.constant(2.0))


@failing("keras-unexpected-argument")
def an_attention_without_a_value():
    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.attention = keras.layers.MultiHeadAttention(2, 4)

        def call(self, x):
            return x + self.attention(x)  # fails

    Block()(tf.ones((2, 3, 8)))


@an_attention_without_a_value.mended("(x, x)")
def _():
    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.attention = keras.layers.MultiHeadAttention(2, 4)

        def call(self, x):
            return x + self.attention(x, x)

    Block()(tf.ones((2, 3, 8)))
