"""A program with everything that runs on threads of its own, profiled while it runs; its argument is the log directory."""

from __future__ import annotations

import sys
import threading
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import tfmodetrace as tmt

(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    weights = tf.Variable(tf.ones((16, 16)))


@tmt.traced
@tf.function
def replicated(x: Any) -> Any:
    def one(x: Any) -> Any:
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.sin(x @ weights))
        weights.assign_sub(1e-3 * tape.gradient(y, weights))
        return y

    return strategy.reduce("SUM", strategy.run(one, (x,)), axis=None)


@tmt.traced
@tf.function
def with_python(x: Any) -> Any:
    summed = tf.numpy_function(lambda a: np.cumsum(a, 0), [x], tf.float32)
    eager = tf.py_function(lambda a: tf.cosh(a) + tf.sinh(a), [x], tf.float32)
    return tf.reduce_sum(summed) + tf.reduce_sum(eager)


@tmt.traced
def on_two_devices(x: Any) -> Any:
    with tf.device("CPU:1"):
        squared = x @ x
    with tf.device("CPU:0"):
        return tf.reduce_sum(squared)


@tmt.traced
@tf.function
def reads_data(dataset: Any) -> Any:
    total = tf.constant(0, tf.int64)
    for batch in dataset:
        total += tf.reduce_sum(batch)
    return total


@tmt.traced
def inside(x: Any) -> Any:
    return tf.exp(x)


@tmt.traced
def pipeline() -> Any:
    dataset = tf.data.Dataset.range(20).map(lambda a: a * 2, num_parallel_calls=2).batch(4).prefetch(2)
    return [inside(tf.cast(batch, tf.float32)) for batch in dataset]


class Model(keras.Model):
    """Two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = keras.layers.Dense(4), keras.layers.Dense(1)

    @tmt.traced
    def call(self, x: Any, training: bool = False) -> Any:
        return self.second(self.first(x))


model = Model()
model.compile("adam", "mse")


@tmt.traced
def fit() -> Any:
    ones = np.ones((32, 4), np.float32)
    return model.fit(ones, ones[:, :1], batch_size=8, epochs=1, verbose=0).history["loss"][-1]


@tmt.traced
def recursive(depth: int, x: Any) -> Any:
    y = tf.tan(x)
    return y if depth == 0 else recursive(depth - 1, y)


def job() -> None:
    """Calls everything, some of it from several threads at once."""
    x = tf.ones((16, 16))
    replicated(x)
    with_python(x)
    on_two_devices(x)
    reads_data(tf.data.Dataset.range(12).batch(3))
    pipeline()
    fit()
    recursive(3, x)
    threads = [threading.Thread(target=lambda: (with_python(x), recursive(2, x), pipeline())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


with tmt.record(sys.argv[1]):
    job()
    with tf.profiler.experimental.Profile(sys.argv[1]):
        for _ in range(3):
            job()
