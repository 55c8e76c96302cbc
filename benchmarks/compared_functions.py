"""Twenty functions of different kinds, for ``benchmarks.comparisons``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

DRAW = np.random.default_rng(0)
X = tf.constant(DRAW.standard_normal((64, 32)), tf.float32)
LARGE = tf.constant(DRAW.standard_normal((500, 500)), tf.float32)


def all_of_them() -> Iterator[tuple[str, Callable[..., Any], tuple[Any, ...]]]:
    """Yields (name, function, arguments)."""
    dense = keras.Sequential([keras.layers.Dense(32, activation="relu"), keras.layers.Dense(1)])
    dense(X)
    optimizer = keras.optimizers.Adam(1e-3)
    count, total = tf.Variable(0), tf.Variable(tf.zeros([64, 32]))
    generator = tf.random.Generator.from_seed(4)

    def many_ops(x: Any) -> Any:
        for _ in range(60):
            x = tf.tanh(x) * 0.9 + 0.1
        return x

    def control_flow(x: Any) -> Any:
        found = tf.constant(0.0)
        for _ in tf.range(20):
            if tf.reduce_sum(x) > 0.0:
                found += tf.reduce_mean(x)
            else:
                found -= 1.0
        return found

    def train_step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(dense(x, training=True) ** 2)
        gradients = tape.gradient(loss, dense.trainable_variables)
        optimizer.apply(gradients, dense.trainable_variables)
        return loss

    def stateful(x: Any) -> Any:
        count.assign_add(1)
        total.assign_add(x)
        return total * tf.cast(count, tf.float32)

    def gradient(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            found = tf.reduce_sum(tf.nn.softmax(x @ tf.transpose(x)) ** 2)
        return tape.gradient(found, x)

    ragged = tf.ragged.constant([[1.0, 2.0], [3.0]])
    yield from (
        ("tiny", lambda x: x + 1.0, (tf.constant(2.0),)),
        ("three_ops", lambda x: tf.reduce_sum(x * 2 + 1), (X,)),
        ("many_ops", many_ops, (X,)),
        ("matmul_bound", lambda x: x @ x @ x, (LARGE,)),
        ("control_flow", control_flow, (X,)),
        ("keras_layers", dense, (X,)),
        ("batch_norm", keras.layers.BatchNormalization(), (X,)),
        ("train_step", train_step, (X,)),
        ("stateful", stateful, (X,)),
        ("dropout", lambda x: tf.nn.dropout(x, 0.5), (X,)),
        ("generator", lambda x: x + generator.normal([64, 32]), (X,)),
        ("stateless", lambda x: x + tf.random.stateless_normal([64, 32], seed=[1, 2]), (X,)),
        ("fails_in_graph", lambda x: x.numpy() + 1.0, (X,)),
        ("fails_in_xla", lambda x: tf.strings.length(tf.strings.as_string(x)), (X,)),
        ("structures", lambda parts: {"sum": parts["a"] * 2.0, "list": [parts["b"][0], (parts["b"][1], 3)]}, ({"a": X, "b": [X, X]},)),
        ("ragged", lambda x: x * 2.0, (ragged,)),
        ("strings", tf.strings.upper, (tf.constant(["a b", "c"]),)),
        ("softmax", lambda x: tf.nn.softmax(x @ tf.transpose(x)), (X,)),
        ("sort", tf.sort, (LARGE,)),
        ("gradient", gradient, (X,)),
    )
