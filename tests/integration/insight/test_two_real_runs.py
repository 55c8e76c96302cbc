"""Two real recordings: a scalar argument made a tensor."""

from __future__ import annotations

import pathlib

import pytest
import tensorflow as tf

import tfmodetrace as tmt

pytestmark = pytest.mark.by_the_clock


def test_a_scalar_argument_made_a_tensor_is_fewer_traces_and_less_time(tmp_path: pathlib.Path) -> None:
    def train(logdir: pathlib.Path, *, tensors: bool) -> None:
        @tmt.traced
        @tf.function
        def step(x: tf.Tensor, rate: float | tf.Tensor) -> tf.Tensor:
            for _ in range(5):
                x = tf.tanh(x) * rate
            return tf.reduce_sum(x)

        x = tf.ones((8, 8))
        with tmt.record(logdir):
            for number in range(30):
                step(x, tf.constant(number / 30) if tensors else number / 30)

    train(tmp_path / "scalar", tensors=False)
    train(tmp_path / "tensor", tensors=True)
    told = tmt.compare_runs(tmp_path / "scalar", tmp_path / "tensor")
    (row,) = told.rows
    assert (row.name.rpartition(".")[2], row.a_traces, row.b_traces, row.fewer_traces) == ("step", "30", "1", 29)
    assert row.code == "same"
    assert row.delta_ns < 0
    assert told.delta_ns < 0
    assert next(part for part in told.budget if part.part == "tracing").delta_ns < 0
    assert [each.what for each in told.settings] == [f"arguments of {row.name}"]
    assert "rate: float32[]" in told.settings[0].b
    assert {each.id for each in told.findings if each.state == "gone"} == {"python-scalar-argument"}
    assert not [each for each in told.findings if each.state == "new"]
    (time,) = row.times
    assert time.verdict == "not-comparable"
    assert "every call traced" in time.verdict_text
