"""Trains a small classifier on scikit-learn's handwritten digits and records how it ran.

The job has one of everything a first look should show: a function that runs eagerly (``preprocess``), a tf.function in a custom loop
whose last batch is shorter (``train_step``), a tf.function that is traced once (``evaluate``), and a deliberate mistake: ``scale_loss``
takes a Python float that changes every epoch, and is traced anew for each value. TensorFlow's profiler runs during the last epoch.

Run it with ``python examples/digits_training.py --logdir logs/digits``.
"""

from __future__ import annotations

import argparse
import collections
import contextlib

import numpy as np
import tensorflow as tf
from sklearn import datasets

import tfmodetrace as tmt

BATCH_SIZE = 64
EPOCHS = 5

calls: collections.Counter[str] = collections.Counter()
times_traced: collections.Counter[str] = collections.Counter()


@tmt.traced
def preprocess(images: np.ndarray, labels: np.ndarray) -> tuple[tf.Tensor, tf.Tensor]:
    """Scales pixels to [0, 1]; eager, since nothing makes it a graph."""
    return tf.cast(images, tf.float32) / 16.0, tf.cast(labels, tf.int32)


class Classifier(tf.Module):
    """Two dense layers: 64 pixels → 10 digits."""

    def __init__(self, hidden: int = 32) -> None:
        super().__init__()
        generator = tf.random.Generator.from_seed(7)
        self.w1 = tf.Variable(generator.normal((64, hidden), stddev=0.1), name="w1")
        self.b1 = tf.Variable(tf.zeros(hidden), name="b1")
        self.w2 = tf.Variable(generator.normal((hidden, 10), stddev=0.1), name="w2")
        self.b2 = tf.Variable(tf.zeros(10), name="b2")

    @tmt.traced
    def logits(self, images: tf.Tensor) -> tf.Tensor:
        """The forward pass; inside a tf.function its body runs once a trace, symbolically."""
        return tf.nn.relu(images @ self.w1 + self.b1) @ self.w2 + self.b2


model = Classifier()


@tmt.traced
@tf.function
def train_step(images: tf.Tensor, labels: tf.Tensor, learning_rate: tf.Tensor) -> tf.Tensor:
    """One step of gradient descent: traced for full batches, and once more for the short last one."""
    times_traced["train_step"] += 1  # a Python side effect: happens when the body is traced, not when the graph runs
    with tf.GradientTape() as tape:
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=model.logits(images))
        loss = tf.reduce_mean(losses)
    for variable, gradient in zip(model.trainable_variables, tape.gradient(loss, model.trainable_variables), strict=True):
        variable.assign_sub(learning_rate * gradient)
    return loss


@tmt.traced
@tf.function
def scale_loss(loss: tf.Tensor, factor: float) -> tf.Tensor:
    """The mistake: ``factor`` is a Python float, so TensorFlow bakes its value into the graph and traces every new one."""
    times_traced["scale_loss"] += 1
    return loss * factor


@tmt.traced
@tf.function
def evaluate(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """The share of digits that are recognised."""
    times_traced["evaluate"] += 1
    predicted = tf.argmax(model.logits(images), axis=1, output_type=tf.int32)
    return tf.reduce_mean(tf.cast(predicted == labels, tf.float32))


@tmt.traced
def train_epoch(images: np.ndarray, labels: np.ndarray, learning_rate: tf.Tensor) -> float:
    """Goes through the training images once."""
    total = 0.0
    for begin in range(0, len(images), BATCH_SIZE):
        x, y = preprocess(images[begin : begin + BATCH_SIZE], labels[begin : begin + BATCH_SIZE])
        total += float(train_step(x, y, learning_rate)) * len(x)
        calls["preprocess"] += 1
        calls["train_step"] += 1
    return total / len(images)


def main() -> None:
    """Trains, evaluates, and says what to look for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--logdir", default="logs/digits", help="where to record (default: %(default)s)")
    logdir = parser.parse_args().logdir

    digits = datasets.load_digits()
    split = 1500
    train_images, train_labels = digits.data[:split], digits.target[:split]

    with tmt.record(logdir):
        test_images, test_labels = preprocess(digits.data[split:], digits.target[split:])
        calls["preprocess"] += 1
        for epoch in range(EPOCHS):
            is_last = epoch == EPOCHS - 1
            with tf.profiler.experimental.Profile(logdir) if is_last else contextlib.nullcontext():
                loss = train_epoch(train_images, train_labels, tf.constant(0.5))
            calls["train_epoch"] += 1
            with tmt.region("evaluation"):
                accuracy = evaluate(test_images, test_labels)
                scaled = scale_loss(tf.constant(loss), 1.0 / (epoch + 1))
                calls["evaluate"] += 1
                calls["scale_loss"] += 1
                calls["evaluation"] += 1
            print(f"epoch {epoch + 1}: loss {loss:.4f}, scaled {float(scaled):.4f}, accuracy {float(accuracy):.3f}")
        for function in (train_step, scale_loss, evaluate):
            assert function.experimental_get_tracing_count() == times_traced[function.__name__]

    print("\nCounted by this script itself:")
    for name, count in sorted(calls.items()):
        traces = f", traced {times_traced[name]} times" if name in times_traced else ""
        print(f"  {name}: called {count} times{traces}")
    print(
        f"""
What to look for:
  * preprocess ran eagerly; train_step, evaluate and scale_loss ran in a graph.
  * train_step was traced twice: for batches of {BATCH_SIZE}, and for the last batch of {split % BATCH_SIZE}. That is normal.
  * scale_loss was traced {times_traced["scale_loss"]} times in {calls["scale_loss"]} calls: its factor is a Python float. Pass
  tf.constant(factor) and it is traced once.
  * In the last epoch, which TensorFlow's profiler saw, little of train_step's time goes to ops: its batches are small.
"""
    )


if __name__ == "__main__":
    main()
