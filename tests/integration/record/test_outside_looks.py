"""How often is looked for what bodies read from outside: looking through a body takes about as long as tracing it."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import keras
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tfmodetrace.recorder.traces import outside_layers, outside_state, outside_walk


@pytest.fixture
def looked_through(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    original = outside_walk.found_in

    def found_in(body: Any, receiver: Any) -> Any:
        names.append(body.__qualname__.rpartition("<locals>.")[2])
        return original(body, receiver)

    monkeypatch.setattr(outside_walk, "found_in", found_in)
    return names


def test_a_trace_storm_is_looked_through_a_few_times_only_though_nothing_is_read(tmp_path: pathlib.Path, looked_through: list[str]) -> None:
    @tf.function
    def step(x: Any, number: int) -> Any:
        return x * number

    with tmt.record(tmp_path, instrument="all"):
        for number in range(12):
            step(tf.ones(2), number)
    assert looked_through == ["step"] * outside_state._MAX_WALKS


def test_layers_of_keras_alone_are_not_looked_through_those_with_a_function_of_the_programs_are(
    tmp_path: pathlib.Path, looked_through: list[str]
) -> None:
    def doubled(x: Any) -> Any:
        return 2.0 * x

    plain, own = keras.layers.Dense(2, activation="relu"), keras.layers.Dense(2, activation=doubled)

    @tf.function
    def forward(x: Any) -> Any:
        return own(plain(x))

    forward(tf.ones((1, 2)))
    with tmt.record(tmp_path, instrument="all"):
        forward(tf.ones((2, 2)))
    assert looked_through == ["forward", "Dense.call"]


class Scaled(keras.layers.Layer):
    def call(self, x: Any) -> Any:
        return 2.0 * x


class Cell(keras.layers.Layer):
    state_size = 2

    def call(self, x: Any, states: Any) -> Any:
        return x, states


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: keras.layers.Dense(2, activation="relu"), False),
        (lambda: keras.layers.Dense(2, activation=lambda x: x), True),
        (lambda: keras.layers.Lambda(lambda x: x), True),
        (lambda: keras.layers.RNN(Cell()), True),
        (lambda: keras.layers.RNN(keras.layers.GRUCell(2)), False),
        (lambda: keras.Sequential([Scaled()]), True),
        (lambda: keras.Sequential([keras.layers.Dense(2)]), False),
        (Scaled, True),
    ],
)
def test_which_layers_may_run_code_of_the_programs(make: Callable[[], Any], expected: bool) -> None:
    assert outside_layers.may_run_the_users(make()) == expected


def test_a_flag_that_is_turned_after_some_quick_calls_is_seen_at_the_only_call_that_follows(tmp_path: pathlib.Path) -> None:
    class Net:
        training = True

        @tf.function
        def forward(self, x: Any) -> Any:
            return x * 2.0 if self.training else x

    net = Net()
    with tmt.record(tmp_path, instrument="all"):
        for _ in range(50):
            net.forward(tf.ones(2))
        net.training = False
        net.forward(tf.ones(2))
    (finding,) = [finding for finding in tmt.read(tmp_path).findings if finding["id"] == "stale-python-state"]
    assert "self.training" in finding["title"]
