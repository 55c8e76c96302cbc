"""How long eager lines took in programs that nobody has decorated, against the clocks that the programs have around the same lines."""

from __future__ import annotations

import collections
import pathlib
import time
from collections.abc import Callable
from typing import Any, Final

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tfmodetrace.insight import answers, eager
from tfmodetrace.recorder.calls import native

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(native.HOT_PATH is None, reason="Python between ops is seen at no line without it"),
    pytest.mark.by_the_clock,
]

X: Final = np.random.default_rng(0).random((96, 32), np.float32)
SECONDS: Final = 2.5

Spent = collections.defaultdict[str, float]
now = time.perf_counter


def two_ops(x: Any, spent: Spent) -> None:
    began = now()
    y = tf.linalg.matmul(x, x, transpose_b=True)
    first = now()
    y = tf.nn.softmax(tf.nn.softmax(tf.nn.softmax(tf.nn.softmax(y))))
    spent["y = tf.linalg.matmul(x, x, transpose_b=True)"] += first - began
    spent["y = tf.nn.softmax(tf.nn.softmax(tf.nn.softmax(tf.nn.softmax(y))))"] += now() - first


STATE: Final[list[Any]] = []


def variables(x: Any, spent: Spent) -> None:
    if not STATE:
        STATE.extend([tf.Variable(tf.zeros((96, 32))), tf.Variable(0)])
    held, count = STATE
    began = now()
    held.assign(held * 0.9 + x * 0.1)
    first = now()
    count.assign_add(1)
    spent["held.assign(held * 0.9 + x * 0.1)"] += first - began
    spent["count.assign_add(1)"] += now() - first


NET: Final = keras.Sequential([keras.Input((32,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])


def gradients(x: Any, spent: Spent) -> None:
    began = now()
    with tf.GradientTape() as tape:
        entered = now()
        loss = tf.reduce_mean(NET(x) ** 2)
        first = now()
    grads = tape.gradient(loss, NET.trainable_variables)
    second = now()
    assert entered >= began
    assert grads
    spent["loss = tf.reduce_mean(NET(x) ** 2)"] += first - entered
    spent["grads = tape.gradient(loss, NET.trainable_variables)"] += second - first


@pytest.mark.parametrize("program", [two_ops, variables, gradients], ids=lambda program: program.__name__)
def test_eager_time_by_definition_and_line_is_what_the_programs_clock_says(
    program: Callable[[Any, Spent], None], tmp_path: pathlib.Path
) -> None:
    x, spent = tf.constant(X), Spent(float)
    program(x, Spent(float))
    whole = 0.0
    with tmt.record(tmp_path, instrument="all"):
        end = now() + SECONDS
        while now() < end:
            began = now()
            program(x, spent)
            whole += now() - began
    (run,) = tmt.read(tmp_path).runs
    found = {each.definition.qualname: each for each in eager.EagerTime(run, answers.Answers(run).budgets).definitions}
    definition = found[program.__name__]
    lines = {line.code: line.spent for line in definition.lines}
    eager_ns = 0.0
    for code, seconds in spent.items():
        eager_ns += seconds * 1e9
        # The interval is of 95 in 100; of a dozen lines none is to be outside.
        assert lines[code].ns == pytest.approx(seconds * 1e9, abs=1.6 * lines[code].plus_minus_ns + 0.03 * whole * 1e9)
    assert definition.eager.ns == pytest.approx(eager_ns, abs=1.6 * definition.eager.plus_minus_ns + 0.03 * whole * 1e9)
