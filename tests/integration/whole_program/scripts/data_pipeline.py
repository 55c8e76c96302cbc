"""A tf.data pipeline with maps, shuffling, padding and Python in it, into Keras."""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

keras.utils.set_random_seed(13)
x, y = load_digits(return_X_y=True)


def normalize(x, y):
    x = tf.cast(x, tf.float32) / 16.0
    if tf.reduce_mean(x) > 0.3:
        x = x - 0.05
    return x, y


def augment(x, y):
    return x + tf.random.stateless_uniform([64], seed=(1, 2), maxval=0.01), y


def scale_in_python(x):
    return (x * np.float32(0.5)).astype(np.float32)


train = (
    tf.data.Dataset.from_tensor_slices((x, y))
    .shuffle(2000, seed=3, reshuffle_each_iteration=False)
    .map(normalize, num_parallel_calls=2)
    .cache()
    .map(augment)
    .map(lambda x, y: (tf.ensure_shape(tf.numpy_function(scale_in_python, [x], tf.float32), [64]), y))
    .filter(lambda x, y: y < 9)
    .batch(64, drop_remainder=True)
    .prefetch(2)
)
model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(32, activation="tanh"), keras.layers.Dense(10)])
model.compile("rmsprop", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
history = model.fit(train, epochs=int(sys.argv[2]), verbose=0)
print({name: [repr(value) for value in values] for name, values in history.history.items()})
model.save_weights(sys.argv[1])
