"""Trains a digit classifier with TensorFlow's profiler beside the recording, so that every op appears under the call that caused it.

Look at: *Where time goes*, which tells Python, dispatch, tracing, compilation and ops apart, for an evaluation that runs eagerly and for
the same function in a graph; at *Timeline*, where "ops" unfolds what each call ran on which thread; and at XProf's own tab, whose
step-based tools know the steps since `train_step` is decorated with `step=True`.
"""

from __future__ import annotations

import argparse
import pathlib
from typing import Any

import tensorflow as tf
from sklearn.datasets import load_digits

import tfmodetrace as tmt

BATCH = 64


def make_model() -> Any:
    """Two dense layers."""
    return tf.keras.Sequential([tf.keras.layers.Dense(64, activation="relu"), tf.keras.layers.Dense(10)])


def main() -> None:
    """Trains, profiling the steps after the first epoch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logdir", type=pathlib.Path, default=pathlib.Path("logs/profiled"))
    logdir = str(parser.parse_args().logdir)

    digits = load_digits()
    images = tf.constant(digits.data / 16.0, tf.float32)
    labels = tf.constant(digits.target, tf.int64)
    batches = tf.data.Dataset.from_tensor_slices((images, labels)).batch(BATCH, drop_remainder=True)
    model, optimizer = make_model(), tf.keras.optimizers.SGD(0.1)
    loss_of = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tmt.traced(step=True)
    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    def accuracy(x: Any, y: Any) -> Any:
        guesses = tf.argmax(model(x), axis=1)
        return tf.reduce_mean(tf.cast(guesses == y, tf.float32))

    evaluate_eagerly = tmt.traced(accuracy)
    evaluate_in_graph = tmt.traced(name="accuracy in a graph")(tf.function(accuracy))
    score_with_xla = tmt.traced(name="score with XLA")(tf.function(lambda x: tf.nn.softmax(model(x)), jit_compile=True))

    with tmt.record(logdir, flush_secs=0.5):
        for epoch in range(3):
            if epoch == 1:
                tf.profiler.experimental.start(logdir)  # from here on; record(logdir, profiler=True) profiles all of it
            for x, y in batches:
                train_step(x, y)
            with tmt.region("evaluate"):
                for x, y in batches.take(8):
                    evaluate_eagerly(x, y)
                    evaluate_in_graph(x, y)
                    score_with_xla(x)
        tf.profiler.experimental.stop()
    print(f"Look at it with: tensorboard --logdir {pathlib.Path(logdir).parent}")


if __name__ == "__main__":
    main()
