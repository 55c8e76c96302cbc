"""What a graph captures only when it is called we do not ask for: that has effects, such as a collective's key that is then missing."""

from __future__ import annotations

import pathlib

import tensorflow as tf

import tfmodetrace as tmt


def _calls(logdir: pathlib.Path | None) -> tuple[list[int], list[int]]:
    """Returns what a function that captures the next of some numbers has returned, and which numbers were given."""
    given: list[int] = []

    def next_number() -> tf.Tensor:
        given.append(len(given))
        return tf.constant(given[-1])

    @tmt.traced
    @tf.function
    def step(x: tf.Tensor) -> tf.Tensor:
        graph = tf.compat.v1.get_default_graph()
        number = graph.capture_call_time_value(next_number, tf.TensorSpec([], tf.int32))
        return number + 0 * tf.shape(x)[0]

    def run() -> list[int]:
        return [int(step(tf.zeros(size))) for size in (2, 3, 3, 2)]

    if logdir is None:
        return run(), given
    with tmt.record(logdir):
        return run(), given


def test_a_recording_takes_no_value_that_is_made_for_a_call(tmp_path: pathlib.Path) -> None:
    without = _calls(None)
    assert _calls(tmp_path) == without == ([0, 1, 2, 3], [0, 1, 2, 3])
    (run,) = tmt.read(tmp_path).to_dict()["runs"]
    assert [trace["captures"] for trace in run["traces"]] == [["int32[]"], ["int32[]"]]
