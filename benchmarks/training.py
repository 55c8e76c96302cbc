"""What recording adds to a training job: scikit-learn's digits in a loop of one's own, and by Keras's ``fit``.

Run with ``make bench`` or ``python -m benchmarks.training [--pairs N]``. During one session short jobs are run with bare and with decorated
functions in interleaved pairs, the first of each pair taking turns; the figure is the median of the pairs' ratios. What a session costs to
start and end stands apart. TensorFlow's profiler is kept on for jobs ten times as long, its collecting included.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import statistics
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from sklearn import datasets

import tfmodetrace as tmt
from benchmarks import harness, overhead

_BATCH_SIZE = 64
_LONGER = 10
_PROFILED_PAIRS = 5
_SLOWER_TARGET = harness.Target(0.01, "≤ 0.01")
_PROFILER_TARGET = harness.Target(1 / 20, "≤ 0.05")


def _digits() -> tuple[Any, Any]:
    digits = datasets.load_digits()
    return digits.data.astype(np.float32) / 16.0, digits.target.astype(np.int32)


def _batch(images: Any, labels: Any, begin: int) -> tuple[tf.Tensor, tf.Tensor]:
    return tf.constant(images[begin : begin + _BATCH_SIZE]), tf.constant(labels[begin : begin + _BATCH_SIZE])


def digits_step() -> tuple[Any, tuple[tf.Tensor, tf.Tensor]]:
    """A tf.function that trains two dense layers on a batch of digits, traced, and such a batch."""
    _, train_step, _ = _digits_functions()
    batch = _batch(*_digits(), 0)
    train_step(*batch)
    return train_step, batch


def _digits_functions() -> tuple[Any, Any, Any]:
    generator = tf.random.Generator.from_seed(7)
    weights = [tf.Variable(generator.normal((64, 128), stddev=0.1)), tf.Variable(generator.normal((128, 10), stddev=0.1))]

    def logits(inputs: tf.Tensor) -> tf.Tensor:
        return tf.nn.relu(inputs @ weights[0]) @ weights[1]

    @tf.function
    def train_step(inputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits(inputs)))
        for variable, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
            variable.assign_sub(0.1 * gradient)
        return loss

    @tf.function
    def accuracy(inputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(tf.cast(tf.argmax(logits(inputs), axis=1, output_type=tf.int32) == targets, tf.float32))

    return _batch, train_step, accuracy


Functions = tuple[Callable[..., Any], ...]


def _custom_loop() -> tuple[Functions, Callable[[Functions, int], None]]:
    """A loop that calls an eager function and a tf.function a step, and another tf.function an epoch."""
    images, labels = _digits()

    def job(functions: Functions, epochs: int) -> None:
        load, step, evaluate = functions
        for _ in range(epochs):
            for begin in range(0, len(images), _BATCH_SIZE):
                step(*load(images, labels, begin))
            evaluate(images, labels)

    return _digits_functions(), job


def _keras_fit() -> tuple[Functions, Callable[[Functions, int], None]]:
    images, labels = _digits()
    keras.utils.set_random_seed(7)
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(128, activation="relu"), keras.layers.Dense(10)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.make_train_function()

    def job(functions: Functions, epochs: int) -> None:
        (model.train_function,) = functions
        model.fit(images, labels, batch_size=_BATCH_SIZE, epochs=epochs, verbose=0)

    return (model.train_function,), job


def _seconds(job: Callable[[], object]) -> float:
    start_s = time.perf_counter()
    job()
    return time.perf_counter() - start_s


def _seconds_within(job: Callable[[], object], switched_on: Callable[[], contextlib.AbstractContextManager[Any]]) -> float:
    start_s = time.perf_counter()
    with switched_on():
        job()
    return time.perf_counter() - start_s


def _measure(subject: tuple[Functions, Callable[[Functions, int], None]], epochs: int, pairs: int) -> dict[str, Any]:
    functions, run = subject
    decorated = tuple(map(tmt.traced, functions))

    def bare() -> None:
        run(functions, epochs)

    def traced() -> None:
        run(decorated, epochs)

    recorded: list[tuple[float, float]] = []
    with overhead.recording():
        for job in (bare, traced) * 3:
            job()
        for pair in range(pairs):
            if pair % 2:
                one = _seconds(bare)
                recorded.append((one, _seconds(traced)))
            else:
                other = _seconds(traced)
                recorded.append((_seconds(bare), other))

    def longer() -> None:
        run(functions, epochs * _LONGER)

    profiled = [(_seconds(longer), _seconds_within(longer, lambda: overhead.profiling(save=True))) for _ in range(_PROFILED_PAIRS)]
    ratios = [other / one - 1 for one, other in recorded]
    return {
        "job, s": statistics.median(one for one, _ in recorded),
        "slower with recording": statistics.median(ratios),
        "quartiles": [round(value, 4) for value in statistics.quantiles(ratios, n=4)],
        "slower with the profiler": statistics.median(other / one for one, other in profiled) - 1,
    }


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--pairs", type=int, default=300)
    pairs = parser.parse_args().pairs
    tf.get_logger().setLevel(logging.ERROR)
    results = {
        "digits, a loop of one's own": _measure(_custom_loop(), epochs=10, pairs=pairs),
        "digits, Keras fit": _measure(_keras_fit(), epochs=4, pairs=pairs),
    }
    empty = statistics.median(_seconds_within(lambda: 0.0, overhead.recording) for _ in range(20))
    rows: list[tuple[Any, ...]] = [("an empty session", "s", empty, "")]
    for job, figures in results.items():
        slower, profiler = figures["slower with recording"], figures["slower with the profiler"]
        rows.append((job, "a job, s", figures["job, s"], ""))
        rows.append(("", "slower with recording", slower, harness.verdict(slower, _SLOWER_TARGET)))
        rows.append(("", "quartiles of the pairs", figures["quartiles"], ""))
        rows.append(("", "slower with TensorFlow's profiler", profiler, ""))
        rows.append(("", "of what the profiler adds", slower / profiler, harness.verdict(slower / profiler, _PROFILER_TARGET)))
    harness.show("Training jobs", ["job", "measure", "value", "target"], rows)
    harness.write(
        "training", {"tensorflow": tf.__version__, "keras": keras.__version__, "pairs": pairs, "empty session, s": empty, **results}
    )


if __name__ == "__main__":
    main()
