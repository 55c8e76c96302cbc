"""Loops over elements: those whose turns could be computed at once, and those in which one needs another's result."""

from __future__ import annotations

import ast
from typing import Final

import pytest

from tfmodetrace.insight import recurrences

AT_ONCE: Final = {
    "for i in tf.range(n):\n    s += x[i]": "tf.reduce_sum",
    "for v in x:\n    s -= 2.0 * v": "tf.reduce_sum",
    "for v in x:\n    y = v * v\n    p = p * y": "tf.reduce_prod",
    "for v in x:\n    best = tf.maximum(best, v)": "tf.reduce_max",
    "for v in x:\n    s += v\n    out = out.write(0, s)": "tf.cumsum",
    "for v in x:\n    if v > least:\n        n += 1": "tf.reduce_sum (with tf.where for the condition)",
    "while i < n:\n    if x[i] > 0:\n        k += 1\n    i += 1": "tf.reduce_sum (with tf.where for the condition)",
    "for i in tf.range(n):\n    out = out.write(i, x[i] + other.read(i))": "TensorFlow's functions take whole tensors as they take numbers",
    "for i, v in enumerate(x):\n    s += v\n    best = tf.maximum(best, v)": "tf.reduce_max or tf.reduce_sum",
    "y = tf.map_fn(lambda v: v * 2, x)": "tf.vectorized_map",
    "y = tf.while_loop(lambda i, s: i < 9, lambda i, s: (i + 1, s + x[i]), (0, 0.0))": "tf.reduce_sum",
}

ONE_AFTER_ANOTHER: Final = (
    "for v in x:\n    s = 0.9 * s + v",
    "for v in x:\n    level, trend = v + trend, v - level\n    out = out.write(0, level)",
    "for v in x:\n    a, b = b, a\n    s += v * a",
    "for i in tf.range(n):\n    out = out.write(i, 0.9 * out.read(i - 1) + x[i])",
    "for i in tf.range(n):\n    before = out.read(i - 1)\n    out = out.write(i, before + x[i])",
    "for v in x:\n    if s + v <= most:\n        s += v",
    "for v in x:\n    rest = most - s\n    if v < rest:\n        s += v",
    "for v in x:\n    s += v if s < most else 0.0",
    "while s < most:\n    s += x[i]\n    i += 1",
    "for v in x:\n    w = d * 1.0\n    s += w * v\n    d *= 0.9",
    "for v in x:\n    before = 0.5 * s\n    s += v\n    out = out.write(0, before)",
    "for v in x:\n    if v > 0:\n        out = out.write(k, v)\n        k += 1",
    "while n < 9:\n    if a[i] < b[j]:\n        i += 1\n    else:\n        j += 1\n    out = out.write(n, a[i])\n    n += 1",
    "for v in x:\n    self.s = self.s + v\n    t += v",
    "for v in x:\n    state[0] = v\n    t += v",
    "for v in x:\n    t += v\n    queue.enqueue(t)",
    "y = tf.while_loop(lambda i, s: s < 9.0, lambda i, s: (i + 1, s + x[i]), (0, 0.0))",
    "y = tf.while_loop(lambda i, *rest: rest[0] < 9.0, lambda i, s: (i + 1, s + x[i]), (0, 0.0))",
    "y = tf.while_loop(go_on, lambda i, s: (i + 1, s + x[i]), (0, 0.0))",
    "y = tf.map_fn(lambda row: tf.scan(lambda a, v: 0.9 * a + v, row), x)",
    "y = tf.scan(lambda a, v: a + v, x)",
)


@pytest.mark.parametrize("source", AT_ONCE)
def test_a_loop_whose_turns_know_nothing_of_each_other_is_computed_at_once(source: str) -> None:
    whole = recurrences.of_loop(ast.parse(source), 1)
    assert whole is not None
    assert recurrences.told(whole) == AT_ONCE[source]


@pytest.mark.parametrize("source", ONE_AFTER_ANOTHER)
def test_a_loop_in_which_a_turn_needs_the_one_before_is_not(source: str) -> None:
    assert recurrences.of_loop(ast.parse(source), 1) is None
