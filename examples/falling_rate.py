"""Trains a small classifier on scikit-learn's handwritten digits, with a learning rate that falls in every epoch.

It knows nothing of tfmodetrace, and has one mistake, which costs most of its time: the rate is a Python number, so that TensorFlow makes a
new graph of ``train_step`` for each of its values.

Run it with ``tfmodetrace run --logdir logs/digits examples/falling_rate.py``; ``tfmodetrace report logs/digits --verify`` says what the
mistake is and what it costs, and tries its fix.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from sklearn import datasets

BATCH_SIZE = 100
EPOCHS = 25
SPLIT = 1500

tf.random.set_seed(7)
w1 = tf.Variable(tf.random.normal((64, 32), stddev=0.1))
b1 = tf.Variable(tf.zeros(32))
w2 = tf.Variable(tf.random.normal((32, 10), stddev=0.1))
b2 = tf.Variable(tf.zeros(10))
variables = [w1, b1, w2, b2]


def logits(images: tf.Tensor) -> tf.Tensor:
    """Two dense layers: 64 pixels → 10 digits."""
    return tf.nn.relu(images @ w1 + b1) @ w2 + b2


@tf.function
def train_step(images: tf.Tensor, labels: tf.Tensor, rate: float) -> tf.Tensor:
    """One step of gradient descent."""
    with tf.GradientTape() as tape:
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits(images))
        loss = tf.reduce_mean(losses)
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        variable.assign_sub(rate * gradient)
    return loss


@tf.function
def accuracy(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """The share of digits that are recognised."""
    found = tf.argmax(logits(images), axis=1, output_type=tf.int32)
    return tf.reduce_mean(tf.cast(found == labels, tf.float32))


def main() -> None:
    """Trains, and tells how well."""
    digits = datasets.load_digits()
    images = (digits.data / 16.0).astype(np.float32)
    labels = digits.target.astype(np.int32)
    training = tf.data.Dataset.from_tensor_slices((images[:SPLIT], labels[:SPLIT])).batch(BATCH_SIZE)
    for epoch in range(EPOCHS):
        rate = 0.5 / (1 + epoch)
        for batch, digit in training:
            loss = train_step(batch, digit, rate)
        if epoch % 5 == 4:
            known = accuracy(images[SPLIT:], labels[SPLIT:])
            print(f"epoch {epoch + 1}: loss {float(loss):.4f}, accuracy {float(known):.3f}")


if __name__ == "__main__":
    main()
