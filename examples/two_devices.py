"""A pipeline split over two devices, with the mistakes that graphs, placement and memory show: run it, then look at its recording.

Two logical CPUs stand in for two accelerators, so it runs anywhere.

    python examples/two_devices.py --logdir logs/two_devices
    tensorboard --logdir logs
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import tensorflow as tf
from sklearn import datasets

import tfmodetrace as tmt

STEPS = 40
BATCH_SIZE = 64
LAYERS = 24

results: list[Any] = []


def smooth(x: tf.Tensor) -> tf.Tensor:
    """One of many layers, all alike."""
    return tf.nn.relu(x) * 0.9 + tf.reduce_mean(x, axis=1, keepdims=True)


@tmt.traced
@tf.function
def pipeline(images: Any, weights: tf.Tensor, rounds: tf.Tensor) -> tf.Tensor:
    """Computes on two devices, and asks for a third that is not there."""
    with tf.device("/CPU:0"):
        hidden = tf.cast(images, tf.float32) @ weights
    with tf.device("/CPU:1"):
        scores = tf.nn.log_softmax(hidden)
        spread = tf.math.reduce_std(scores)
    for _ in range(LAYERS):  # a Python loop: every layer is in the graph
        hidden = smooth(hidden)
    for _ in tf.range(rounds):  # one loop in the graph
        hidden = hidden * 0.5
    with tf.device("/GPU:0"):
        total = tf.reduce_sum(hidden)
    return total + spread


@tmt.traced
def step(images: np.ndarray[Any, Any], weights: tf.Tensor, number: int) -> None:
    """Keeps a large tensor at every fourth step: a leak."""
    total = pipeline(images, weights, tf.constant(3))
    if number % 4 == 0:
        results.append(tf.fill((500, 500), total))


def main() -> None:
    """Records the pipeline, and says what to look for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--logdir", default="logs/two_devices", help="where to record (default: %(default)s)")
    logdir = parser.parse_args().logdir

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    images = datasets.load_digits().data
    weights = tf.random.stateless_normal((64, 256), seed=(0, 0))
    with tmt.record(logdir, memory="peak"):
        for number in range(STEPS):
            begin = number * BATCH_SIZE % (len(images) - BATCH_SIZE)
            step(images[begin : begin + BATCH_SIZE], weights, number)

    print(
        f"""
What to look for, in `tfmodetrace report {logdir}` and in TensorBoard:
  * Graphs: one line of pipeline, `hidden = smooth(hidden)`, made most of the ops: the Python loop is unrolled {LAYERS} times.
  * Placement: pipeline runs on two devices and sends tensors between them; what asked for /GPU:0 ran elsewhere, unless you have one.
  * Memory: it climbs by 1 MB at every fourth step, and the calls that raised it are calls of step. (TensorFlow's CPU allocator tells
    only with oneDNN: not with TF_ENABLE_ONEDNN_OPTS=0, and not on every processor.)
  * The digits are float64, as NumPy makes them, and pipeline converts them to float32 at every call.
"""
    )


if __name__ == "__main__":
    main()
