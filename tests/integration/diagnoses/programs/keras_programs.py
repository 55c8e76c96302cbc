"""Keras programs that fail inside ``fit`` or while a model is built."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.diagnoses.programs.case import failing

X, Y, LABELS = np.ones((8, 3), np.float32), np.ones((8, 1), np.float32), np.array([0, 1, 2, 3] * 2)


def classifier(classes=4, loss="sparse_categorical_crossentropy", **options):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(classes, activation="softmax")])
    model.compile("sgd", loss, **options)
    return model


# --- keras-input-shape -------------------------------------------------------------------------------------------------------------------


@failing("keras-input-shape")
def fit_with_too_many_features():
    model = classifier()

    def main():
        model.fit(np.ones((8, 5), np.float32), LABELS, verbose=0)  # fails

    tmt.traced(main)()


@fit_with_too_many_features.mended("keras.Input(")
def _():
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(4, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(np.ones((8, 5), np.float32), LABELS, verbose=0)


@failing("keras-input-shape", mode="eager")
def image_without_channels():
    convolution = keras.layers.Conv2D(4, 3)

    @tmt.traced
    def features(images):
        return convolution(images)  # fails

    features(tf.ones([2, 8, 8]))


@image_without_channels.mended("[..., tf.newaxis]")
def _():
    convolution = keras.layers.Conv2D(4, 3)

    @tmt.traced
    def features(images):
        return convolution(images[..., tf.newaxis])

    features(tf.ones([2, 8, 8]))


@failing("keras-input-shape", mode="eager")
def dense_called_with_another_width():
    dense = keras.layers.Dense(2)
    dense.build((None, 3))

    @tmt.traced
    def project(x):
        return dense(x)  # fails

    project(tf.ones([2, 4]))


@dense_called_with_another_width.mended("keras.layers.Dense(2)")
def _():
    dense = keras.layers.Dense(2)
    dense.build((None, 4))

    @tmt.traced
    def project(x):
        return dense(x)

    project(tf.ones([2, 4]))


@failing("keras-input-shape")
def one_of_two_inputs_missing():
    first, second = keras.Input((3,), name="first"), keras.Input((3,), name="second")
    model = keras.Model([first, second], keras.layers.Dense(1)(keras.layers.concatenate([first, second])))
    model.compile("sgd", "mse")

    def main():
        model.fit([X], Y, verbose=0)  # fails

    tmt.traced(main)()


@one_of_two_inputs_missing.mended("model.input")
def _():
    first, second = keras.Input((3,), name="first"), keras.Input((3,), name="second")
    model = keras.Model([first, second], keras.layers.Dense(1)(keras.layers.concatenate([first, second])))
    model.compile("sgd", "mse")
    first, second = (X for _ in model.inputs)
    model.fit([first, second], Y, verbose=0)


# --- keras-loss-shape --------------------------------------------------------------------------------------------------------------------


@failing("keras-loss-shape")
def one_hot_labels_for_a_sparse_loss():
    model = classifier()

    def main():
        model.fit(X, keras.utils.to_categorical(LABELS), verbose=0)  # fails

    tmt.traced(main)()


@one_hot_labels_for_a_sparse_loss.mended('"categorical_crossentropy"')
def _():
    classifier(loss="categorical_crossentropy").fit(X, keras.utils.to_categorical(LABELS), verbose=0)


@failing("keras-loss-shape")
def sparse_labels_for_a_categorical_loss():
    model = classifier(loss="categorical_crossentropy")

    def main():
        model.fit(X, LABELS[:, None], verbose=0)  # fails

    tmt.traced(main)()


@sparse_labels_for_a_categorical_loss.mended('"sparse_categorical_crossentropy"')
def _():
    classifier(loss="sparse_categorical_crossentropy").fit(X, LABELS[:, None], verbose=0)


@failing("keras-loss-shape")
def one_hot_labels_of_too_many_classes():
    model = classifier(loss="categorical_crossentropy")
    model.fit(X, keras.utils.to_categorical(LABELS, 6), verbose=0)  # fails


@one_hot_labels_of_too_many_classes.mended("")
def _():
    classifier(loss="categorical_crossentropy").fit(X, keras.utils.to_categorical(LABELS), verbose=0)


@failing("keras-loss-shape")
def two_outputs_for_a_binary_loss():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy")

    def main():
        model.fit(X, Y, verbose=0)  # fails

    tmt.traced(main)()


@two_outputs_for_a_binary_loss.mended("keras.layers.Dense(1")
def _():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy")
    model.fit(X, Y, verbose=0)


# --- label-out-of-range ------------------------------------------------------------------------------------------------------------------


@failing("label-out-of-range")
def label_beyond_the_classes_in_fit():
    model = classifier(classes=3)

    def main():
        model.fit(X, LABELS, verbose=0)  # fails

    tmt.traced(main)()


@label_beyond_the_classes_in_fit.mended("Dense(")
def _():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(X, LABELS, verbose=0)


@failing("label-out-of-range", mode="eager")
def label_beyond_the_classes_eagerly():
    @tmt.traced
    def loss(labels, logits):
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)  # fails

    loss(tf.constant([0, 4]), tf.ones([2, 4]))


@label_beyond_the_classes_eagerly.mended("labels - 1")
def _():
    @tmt.traced
    def loss(labels, logits):
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels - 1, logits)

    loss(tf.constant([1, 4]), tf.ones([2, 4]))


@failing("label-out-of-range", mode="eager")
def index_beyond_an_embedding():
    embedding = keras.layers.Embedding(10, 4)

    @tmt.traced
    def embed(tokens):
        return embedding(tokens)  # fails

    embed(tf.constant([[1, 12]]))


@index_beyond_an_embedding.mended("keras.layers.Embedding(")
def _():
    embedding = keras.layers.Embedding(13, 4)

    @tmt.traced
    def embed(tokens):
        return embedding(tokens)

    embed(tf.constant([[1, 12]]))


# --- keras-unexpected-argument -----------------------------------------------------------------------------------------------------------


@failing("keras-unexpected-argument")
def loss_given_to_fit():
    model = classifier()

    def main():
        model.fit(X, LABELS, loss="sparse_categorical_crossentropy", verbose=0)  # fails

    tmt.traced(main)()


@loss_given_to_fit.mended("model.compile(")
def _():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    model.fit(X, Y, verbose=0)


@failing("keras-unexpected-argument", mode="eager")
def argument_of_an_older_keras():
    @tmt.traced
    def build():
        return keras.layers.Dense(4, input_dimension=3)  # fails

    build()


@argument_of_an_older_keras.mended("keras.Input")
def _():
    @tmt.traced
    def build():
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])

    build()


# --- kerastensor-in-tf-op ----------------------------------------------------------------------------------------------------------------


@failing("kerastensor-in-tf-op", mode="eager")
def tf_op_in_a_functional_model():
    @tmt.traced
    def build():
        inputs = keras.Input((3,))
        scaled = tf.math.log(inputs)  # fails
        return keras.Model(inputs, keras.layers.Dense(1)(scaled))

    build()


@tf_op_in_a_functional_model.mended("keras.ops.log")
def _():
    @tmt.traced
    def build():
        inputs = keras.Input((3,))
        scaled = keras.ops.log(inputs)
        return keras.Model(inputs, keras.layers.Dense(1)(scaled))

    build()


@failing("kerastensor-in-tf-op", mode="eager")
def tf_reshape_of_a_kerastensor():
    @tmt.traced
    def build():
        inputs = keras.Input((4,))
        return tf.reshape(inputs, [-1, 2, 2])  # fails

    build()


@tf_reshape_of_a_kerastensor.mended("keras.ops.reshape")
def _():
    @tmt.traced
    def build():
        inputs = keras.Input((4,))
        return keras.ops.reshape(inputs, [-1, 2, 2])

    build()


@failing("kerastensor-in-tf-op")
def keras_tensor_into_a_tf_function():
    @tf.function
    def double(x):
        return x * 2.0

    inputs = keras.Input((3,))
    keras.Model(inputs, double(inputs))  # fails


@keras_tensor_into_a_tf_function.mended("keras.layers.Lambda(")
def _():
    @tf.function
    def double(x):
        return x * 2.0

    inputs = keras.Input((3,))
    keras.Model(inputs, keras.layers.Lambda(double)(inputs))
