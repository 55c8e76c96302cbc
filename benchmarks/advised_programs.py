"""Ten programs that run eagerly, for ``benchmarks.advised``: scripts that time their loops, with the advice applied by hand beside them.

``step`` and ``ARGUMENTS`` are what is compared. Where ``after`` is empty, the advice is code, and the finding's own is applied.
"""

from __future__ import annotations

import textwrap
from typing import Final, NamedTuple


class Program(NamedTuple):
    """A script before and after.

    Attributes:
        before: What it defines.
        turn: What its loop does in each turn.
        after: What it defines with the advice applied; empty where the finding has the code.
        turn_after: What its loop does then; empty where it is the same.
    """

    before: str
    turn: str
    after: str = ""
    turn_after: str = ""

    def script(self, *, advised: bool = False) -> str:
        """Returns the whole script; ``advised`` with the advice applied by hand."""
        body, turn = self.before, self.turn
        if advised and self.after:
            body, turn = self.after, self.turn_after or turn
        return _HEAD + textwrap.dedent(body) + _MAIN + textwrap.indent(textwrap.dedent(turn).strip(), " " * 8) + _END


_HEAD = """import sys
import time

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(1)
draw = np.random.default_rng(0)


def numbers(*shape):
    return tf.constant(draw.standard_normal(shape), tf.float32)

"""
_MAIN = """

if __name__ == "__main__":
    calls = int(sys.argv[1])
    began, used = time.perf_counter(), time.process_time()
    for number in range(calls):
"""
_END = """
    print(time.perf_counter() - began, time.process_time() - used)
    print(np.sum([np.sum(np.asarray(leaf, np.float64)) for leaf in tf.nest.flatten(result)]))
"""

PROGRAMS: Final = {
    "elementwise": Program(
        """
        def step(x):
            for _ in range(6):
                mean = tf.reduce_mean(x, axis=-1, keepdims=True)
                x = (x - mean) * tf.math.rsqrt(tf.reduce_mean((x - mean) ** 2, axis=-1, keepdims=True) + 1e-6)
                x = 0.5 * x * (1.0 + tf.tanh(0.79788456 * (x + 0.044715 * x**3)))
            return x


        ARGUMENTS = (numbers(64, 32),)
        """,
        "result = step(*ARGUMENTS)",
    ),
    "matrix products": Program(
        """
        weights = [numbers(96, 96) / 10.0 for _ in range(10)]


        def step(x):
            for weight in weights:
                x = x @ weight
            return x


        ARGUMENTS = (numbers(64, 96),)
        """,
        "result = step(*ARGUMENTS)",
    ),
    "Keras layers": Program(
        """
        layers = [keras.layers.Dense(32, activation="relu"), keras.layers.LayerNormalization(), keras.layers.Dense(10)]


        def step(x):
            for layer in layers:
                x = layer(x)
            return tf.nn.softmax(x)


        ARGUMENTS = (numbers(32, 16),)
        step(*ARGUMENTS)
        """,
        "result = step(*ARGUMENTS)",
    ),
    "train step": Program(
        """
        net = keras.Sequential([keras.Input((16,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(1)])
        optimizer = keras.optimizers.Adam(1e-3)
        optimizer.build(net.trainable_variables)


        def step(x, y):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((net(x, training=True) - y) ** 2)
            gradients = tape.gradient(loss, net.trainable_variables)
            optimizer.apply_gradients(zip(gradients, net.trainable_variables))
            return loss


        ARGUMENTS = (numbers(32, 16), numbers(32, 1))
        """,
        "result = step(*ARGUMENTS)",
    ),
    "scalar ops": Program(
        """
        def step(x):
            term, total = tf.constant(1.0), tf.constant(1.0)
            for number in range(1, 30):
                term = term * x / float(number)
                total += term
            return total


        ARGUMENTS = (tf.constant(0.7),)
        """,
        "result = step(*ARGUMENTS)",
    ),
    "RNN by hand": Program(
        """
        class Cell(tf.Module):
            def __init__(self):
                super().__init__()
                self.w, self.u = tf.Variable(numbers(8, 32) / 6.0), tf.Variable(numbers(32, 32) / 6.0)
                self.b = tf.Variable(tf.zeros([32]))

            def unroll(self, x):
                state = tf.zeros([x.shape[0], 32])
                for time in range(x.shape[1]):
                    state = tf.tanh(x[:, time] @ self.w + state @ self.u + self.b)
                return state


        cell = Cell()
        step = cell.unroll
        ARGUMENTS = (numbers(16, 20, 8),)
        """,
        "result = cell.unroll(*ARGUMENTS)",
    ),
    "metric": Program(
        """
        def step(labels, scores):
            guesses = tf.argmax(scores, axis=-1)
            matrix = tf.math.confusion_matrix(labels, guesses, num_classes=5, dtype=tf.float32)
            hits = tf.linalg.diag_part(matrix)
            precision = tf.math.divide_no_nan(hits, tf.reduce_sum(matrix, axis=0))
            recall = tf.math.divide_no_nan(hits, tf.reduce_sum(matrix, axis=1))
            return float(tf.reduce_mean(tf.math.divide_no_nan(2.0 * precision * recall, precision + recall)))


        ARGUMENTS = (tf.constant(draw.integers(0, 5, 256)), numbers(256, 5))
        """,
        "result = step(*ARGUMENTS)",
        """
        @tf.function
        def step(labels, scores):
            guesses = tf.argmax(scores, axis=-1)
            matrix = tf.math.confusion_matrix(labels, guesses, num_classes=5, dtype=tf.float32)
            hits = tf.linalg.diag_part(matrix)
            precision = tf.math.divide_no_nan(hits, tf.reduce_sum(matrix, axis=0))
            recall = tf.math.divide_no_nan(hits, tf.reduce_sum(matrix, axis=1))
            return tf.reduce_mean(tf.math.divide_no_nan(2.0 * precision * recall, precision + recall))


        ARGUMENTS = (tf.constant(draw.integers(0, 5, 256)), numbers(256, 5))
        """,
        "result = float(step(*ARGUMENTS))",
    ),
    "ragged strings": Program(
        """
        def step(lines):
            words = tf.strings.split(tf.strings.lower(tf.strings.regex_replace(lines, "[^A-Za-z ]", "")))
            known = tf.strings.to_hash_bucket_fast(words, 1000)
            lengths = tf.cast(tf.strings.length(words), tf.float32)
            return tf.reduce_mean(lengths, axis=1), known.to_tensor(default_value=-1)


        ARGUMENTS = (tf.constant(["The first, of some lines.", "Another", "and a third one: longer than the others are"] * 4),)
        """,
        "result = step(*ARGUMENTS)",
    ),
    "control flow": Program(
        """
        def step(x):
            low, high = tf.zeros_like(x), tf.maximum(x, 1.0)
            for number in range(24):
                middle = (low + high) / 2.0
                above = middle * middle > x
                low, high = tf.where(above, low, middle), tf.where(above, middle, high)
            if tf.reduce_max(high - low) > 1e-3:
                return low
            return (low + high) / 2.0


        ARGUMENTS = (tf.abs(numbers(64, 8)),)
        """,
        "result = step(*ARGUMENTS)",
    ),
    "augmentation": Program(
        """
        images = tf.constant(draw.random((8, 24, 24, 3)), tf.float32)
        ARGUMENTS = (images,)
        """,
        """
        flipped = tf.image.flip_left_right(images)
        mixed = tf.where(tf.random.uniform([8, 1, 1, 1]) < 0.5, flipped, images)
        mixed = tf.image.adjust_contrast(mixed, 1.2) + tf.random.uniform([8, 1, 1, 1], -0.1, 0.1)
        mixed = tf.image.resize_with_crop_or_pad(mixed, 28, 28)
        offset = tf.random.uniform([2], 0, 4, tf.int32)
        result = tf.clip_by_value(tf.slice(mixed, [0, offset[0], offset[1], 0], [8, 24, 24, 3]), 0.0, 1.0) * 0.0
        """,
        """
        images = tf.constant(draw.random((8, 24, 24, 3)), tf.float32)
        ARGUMENTS = (images,)


        @tf.function
        def step(images):
            flipped = tf.image.flip_left_right(images)
            mixed = tf.where(tf.random.uniform([8, 1, 1, 1]) < 0.5, flipped, images)
            mixed = tf.image.adjust_contrast(mixed, 1.2) + tf.random.uniform([8, 1, 1, 1], -0.1, 0.1)
            mixed = tf.image.resize_with_crop_or_pad(mixed, 28, 28)
            offset = tf.random.uniform([2], 0, 4, tf.int32)
            return tf.clip_by_value(tf.slice(mixed, [0, offset[0], offset[1], 0], [8, 24, 24, 3]), 0.0, 1.0) * 0.0
        """,
        "result = step(images)",
    ),
}
