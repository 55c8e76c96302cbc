"""tf.functions that only ever run inside of another's trace are told; near twins, in which each earns its graph, are not."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any, Final

import keras
import pytest
import tensorflow as tf

from tests.support import silent_findings

pytestmark = pytest.mark.by_the_clock

X: Final = tf.constant([[1.0, 2.0], [3.0, 4.0]])


def called(function: Any) -> None:
    for _ in range(4):
        function(X)


def three() -> tuple[Any, Any, Any]:
    @tf.function
    def features(x: Any) -> Any:
        return tf.concat([x, x * x], axis=-1)

    @tf.function
    def hidden(x: Any) -> Any:
        return tf.nn.relu(x)

    @tf.function
    def loss(x: Any) -> Any:
        return tf.reduce_mean(x**2)

    return features, hidden, loss


def one_after_another() -> None:
    features, hidden, loss = three()
    called(tf.function(lambda x: loss(hidden(features(x)))))


class Coder:
    def __init__(self) -> None:
        self.w = tf.Variable(tf.ones([2, 2]))

    @tf.function
    def encode(self, x: Any) -> Any:
        return tf.tanh(x @ self.w)

    @tf.function
    def decode(self, x: Any) -> Any:
        return x @ tf.transpose(self.w)

    @tf.function
    def error(self, x: Any, y: Any) -> Any:
        return tf.reduce_mean((x - y) ** 2)

    @tf.function
    def step(self, x: Any) -> Any:
        return self.error(x, self.decode(self.encode(x)))


def methods() -> None:
    coder = Coder()  # whose methods do not keep it
    called(coder.step)


def each_inside_of_the_next() -> None:
    @tf.function
    def innermost(x: Any) -> Any:
        return x + 1.0

    @tf.function
    def inner(x: Any) -> Any:
        return innermost(x) * 2.0

    @tf.function
    def middle(x: Any) -> Any:
        return tf.exp(inner(x))

    @tf.function
    def outer(x: Any) -> Any:
        return tf.reduce_sum(middle(x))

    called(outer)


def under_a_tape() -> None:
    features, hidden, loss = three()
    weight = tf.Variable(2.0)

    @tf.function
    def train(x: Any) -> Any:
        with tf.GradientTape() as tape:
            found = loss(hidden(features(x * weight)))
        weight.assign_sub(0.01 * tape.gradient(found, weight))
        return found

    called(train)


def traced_for_two_shapes() -> None:
    features, hidden, loss = three()

    @tf.function
    def whole(x: Any) -> Any:
        return loss(hidden(features(x)))

    for rows in (2, 3, 2, 3):
        whole(tf.ones([rows, 2]))


# --- Right -------------------------------------------------------------------------------------------------------------------------------


def one_is_called_by_itself_too() -> None:
    features, hidden, loss = three()
    called(tf.function(lambda x: loss(hidden(features(x)))))
    called(loss)


def each_is_used_twice() -> None:
    features, hidden, loss = three()
    called(tf.function(lambda x: loss(hidden(features(x))) + loss(hidden(features(x + 1.0)))))


def two_functions_share_them() -> None:
    features, hidden, loss = three()
    called(tf.function(lambda x: loss(hidden(features(x)))))
    called(tf.function(lambda x: -loss(hidden(features(x)))))


def plain_functions() -> None:
    features, hidden, loss = (each.python_function for each in three())
    called(tf.function(lambda x: loss(hidden(features(x)))))


def only_two() -> None:
    features, _, loss = three()
    called(tf.function(lambda x: loss(features(x))))


def called_from_python() -> None:
    features, hidden, loss = three()
    called(lambda x: loss(hidden(features(x))))


def steps_of_keras() -> None:
    net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    net.compile("sgd", "mse")
    net.fit(X, X[:, :1], epochs=4, verbose=0)
    net.predict(X, verbose=0)


REDUNDANT: Final[dict[Callable[[], None], list[str]]] = {
    one_after_another: ["features", "hidden", "loss"],
    methods: ["Coder.decode", "Coder.encode", "Coder.error"],
    each_inside_of_the_next: ["inner", "innermost", "middle"],
    under_a_tape: ["features", "hidden", "loss"],
    traced_for_two_shapes: ["features", "hidden", "loss"],
}
RIGHT: Final = (
    *(one_is_called_by_itself_too, each_is_used_twice, two_functions_share_them, plain_functions, only_two, called_from_python),
    steps_of_keras,
)


def redundant(program: Callable[[], None], logdir: pathlib.Path) -> list[Any]:
    return [finding for finding in silent_findings.told(program, logdir) if finding.id == "redundant-tf-function"]


@pytest.mark.parametrize("program", REDUNDANT, ids=lambda program: program.__name__)
def test_functions_that_run_only_inside_of_anothers_trace_are_told(program: Callable[[], None], tmp_path: pathlib.Path) -> None:
    (finding,) = redundant(program, tmp_path)
    assert sorted(finding.evidence["functions"]) == REDUNDANT[program]
    assert finding.severity in ("low", "info")


@pytest.mark.parametrize("program", RIGHT, ids=lambda program: program.__name__)
def test_nothing_is_said_of_functions_that_earn_their_graph(program: Callable[[], None], tmp_path: pathlib.Path) -> None:
    assert redundant(program, tmp_path) == []
