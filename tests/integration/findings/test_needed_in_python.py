"""A size or a number that a body needs in Python, itself or in what it calls, is no tensor's: TensorFlow says which functions these are."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.support import finding_rules


class Steps(tf.keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.cell = tf.keras.layers.SimpleRNNCell(4)

    def call(self, x: Any) -> Any:
        state = [tf.zeros((tf.shape(x)[0], 4))]
        for number in range(x.shape[1]):
            out, state = self.cell(x[:, number], state)
        return out


class Pooling(tf.keras.layers.Layer):
    def call(self, x: Any) -> Any:
        return tf.reduce_mean(self.flat(x), axis=0)

    def flat(self, x: Any) -> Any:
        return tf.reshape(x, [-1, x.shape[-1]])


class Encoder:
    def __init__(self) -> None:
        self.flatten = flattened

    def encode(self, values: Any) -> Any:
        return self.flatten(values * 2.0)


def flattened(h: Any) -> Any:
    batch, length, depth = h.shape
    return tf.reshape(h, [batch * length, depth])


def flattened_in_graph(h: Any) -> Any:
    _, _, depth = h.shape
    return tf.reshape(h, [-1, depth])


steps, pooling, encoder = Steps(), Pooling(), Encoder()


def needs_unpacked(x: Any) -> Any:
    return flattened(x)


def needs_through_an_object(x: Any) -> Any:
    return encoder.encode(x)


def needs_in_a_model(x: Any) -> Any:
    return steps(x)


def needs_unstacked(x: Any) -> Any:
    return tf.add_n(tf.unstack(x, axis=1))


def needs_the_whole_shape(x: Any) -> Any:
    return x + tf.random.normal(x.shape)


def needs_of_a_cast(x: Any) -> Any:
    y = tf.cast(x, tf.float64)
    return tf.reduce_sum(y) / y.shape[1]


def needs_by_another_name(x: Any) -> Any:
    sizes = x.shape.as_list()
    length = sizes[1]
    return tf.zeros([length, 3])


def fine_in_graph(x: Any) -> Any:
    batch = tf.shape(x)[0]
    return tf.reshape(x, [batch, -1, x.shape[-1]])


def fine_unpacked(x: Any) -> Any:
    return flattened_in_graph(x)


def fine_where_asked(x: Any) -> Any:
    length = x.shape[1] if x.shape[1] is not None else tf.shape(x)[1]
    return tf.reduce_sum(x) / tf.cast(length, tf.float32)


def fine_printed(x: Any) -> Any:
    print("tracing with", x.shape, f"{x.shape[1]} long")
    return tf.reduce_sum(x)


def fine_elsewhere(x: Any) -> Any:
    return tf.reshape(x, [-1, x.shape[2]])


def fine_in_a_layer(x: Any) -> Any:
    return pooling(x)


def fine_rank(x: Any) -> Any:
    return tf.reduce_sum(x, axis=list(range(len(x.shape))))


def fine_first_sizes(x: Any) -> Any:
    return x + tf.random.normal([*x.shape[:1], 1, 1])


SIZES = [found for name, found in list(globals().items()) if name.startswith(("needs_", "fine_"))]


def parted(x: Any, count: Any) -> Any:
    return tf.add_n(tf.split(tf.tile(x, [60]), count))


def scaled(x: Any, factor: Any) -> Any:
    return x * tf.cast(factor, tf.float32)


class Repeating:
    def call_it(self, x: Any, n: Any) -> Any:
        return self.inner(x, count=n)

    def inner(self, x: Any, count: Any) -> Any:
        return parted(x, count)


repeating = Repeating()


def needs_the_number(x: Any, n: Any) -> Any:
    return repeating.call_it(x, n)


def can_do_with_a_tensor(x: Any, n: Any) -> Any:
    return scaled(x, factor=n)


def _findings(program: Callable[[], Any], logdir: pathlib.Path, id_: str) -> dict[str, Any]:
    """Records a program and returns the findings of an id by the names of their functions."""
    with tmt.record(logdir, instrument="all"):
        program()
    (run,) = tmt.read(logdir).runs
    found = [finding for finding in finding_rules.check(run) if finding.function_id is not None]
    return {run.functions[finding.function_id].name: finding for finding in found if finding.id == id_}


def test_a_graph_for_all_sizes_is_proposed_where_tensorflow_can_make_it_and_nowhere_else(tmp_path: pathlib.Path) -> None:
    def program() -> None:
        for function in map(tf.function, SIZES):
            for length in range(3, 7):
                function(tf.ones((2, length, 3)))

    found = _findings(program, tmp_path, "varying-shape")
    for function in SIZES:
        try:
            tf.function(function, input_signature=[tf.TensorSpec([2, None, 3], tf.float32)]).get_concrete_function()
            possible = True
        except (TypeError, ValueError):
            possible = False
        assert possible == function.__name__.startswith("fine"), function.__name__
        finding = found[function.__name__]
        simulated = finding.what_if.input_signature
        assert (simulated is not None) == possible, function.__name__
        assert ("test_needed_in_python.py:" in finding.advice) != possible, (function.__name__, finding.advice)


def test_the_line_that_needs_a_size_is_named_where_it_is(tmp_path: pathlib.Path) -> None:
    function = tf.function(needs_in_a_model)
    found = _findings(lambda: [function(tf.ones((2, length, 3))) for length in range(3, 7)], tmp_path, "varying-shape")
    line = Steps.call.__code__.co_firstlineno + 2
    assert f"`x.shape[1]` (test_needed_in_python.py:{line})" in found["needs_in_a_model"].advice


@pytest.mark.parametrize(("body", "needed"), [(needs_the_number, True), (can_do_with_a_tensor, False)])
def test_a_number_that_is_handed_on_to_what_needs_it_is_left_a_number(body: Any, needed: bool, tmp_path: pathlib.Path) -> None:
    function = tf.function(body)
    found = _findings(lambda: [function(tf.ones(3), number) for number in range(1, 7)], tmp_path, "python-scalar-argument")
    finding = found[body.__name__]
    try:
        tf.function(body)(tf.ones(3), tf.constant(2))
        possible = True
    except Exception:
        possible = False
    assert possible != needed
    assert ("`tf.split(tf.tile(x, [60]), count)`" in finding.why) == needed
    assert (finding.what_if.tensor_argument is None) == needed
