"""Functions that several Python values trace again at each call: what is told, and that doing what it says helps."""

from __future__ import annotations

import pathlib

import pytest
import tensorflow as tf

import tfmodetrace as tmt

pytestmark = pytest.mark.by_the_clock

_BATCHES = [[[(7 * batch + 3 * row + place) % 50 for place in range(2 + (batch + row) % 3)] for row in range(4)] for batch in range(12)]


def told(directory: pathlib.Path) -> list[tuple[str, str]]:
    return [(finding["title"], finding["advice"]) for finding in tmt.read(directory).findings if finding["severity"] != "info"]


def test_lists_of_lists_and_a_rate(tmp_path: pathlib.Path) -> None:
    table = tf.Variable(tf.ones([50, 3]))

    @tmt.traced
    @tf.function
    def step(ids, labels, rate):
        rows = tf.gather(table, tf.ragged.constant(ids).to_tensor())
        return tf.reduce_sum(rows) * rate + tf.reduce_sum(tf.constant(labels, tf.float32))

    with tmt.record(tmp_path / "wrong"):
        for number, ids in enumerate(_BATCHES):
            step(ids, [number, 1, 0, 1], 0.1 * number)
    assert step.experimental_get_tracing_count() == len(_BATCHES)
    ((title, advice),) = told(tmp_path / "wrong")
    assert title.endswith("step was traced 12 times, for every value of ids, labels and rate")
    assert "ids by tf.ragged.constant, labels by tf.constant and rate by tf.constant" in advice
    assert "What makes tensors of them in the body goes there with that." in advice

    @tmt.traced
    @tf.function
    def mended(ids, labels, rate):
        rows = tf.gather(table, ids.to_tensor())
        return tf.reduce_sum(rows) * rate + tf.reduce_sum(labels)

    with tmt.record(tmp_path / "right"):
        for number, ids in enumerate(_BATCHES):
            mended(tf.ragged.constant(ids), tf.constant([number, 1, 0, 1], tf.float32), tf.constant(0.1 * number))
    assert mended.experimental_get_tracing_count() == 1
    assert told(tmp_path / "right") == []


@pytest.mark.parametrize("relaxed", [False, True])
def test_lists_of_other_lengths_need_relaxed_shapes_too(tmp_path: pathlib.Path, *, relaxed: bool) -> None:
    def body(scores, name):
        return tf.reduce_sum(scores) + tf.cast(tf.strings.length(name), tf.float32)

    step = tmt.traced(tf.function(body, reduce_retracing=relaxed))
    with tmt.record(tmp_path):
        for number in range(12):
            scores, name = [0.5 * number] * (number + 1), f"user {number}"
            step(tf.constant(scores), tf.constant(name)) if relaxed else step(scores, name)
    if relaxed:
        assert step.experimental_get_tracing_count() == 2
        assert told(tmp_path) == []
    else:
        ((title, advice),) = told(tmp_path)
        assert title.endswith("body was traced 12 times, for every value of scores and name")
        assert "Their lengths differ: @tf.function(reduce_retracing=True)" in advice
