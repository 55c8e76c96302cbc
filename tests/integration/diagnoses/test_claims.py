"""What people are told that TensorFlow refuses in a tf.function, each claim as it is made, also those that are not true of it today."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import keras
import pytest
import tensorflow as tf

import tfmodetrace as tmt

VARIABLE = tf.Variable([1.0, 2.0])


@tf.function
def value_of_a_variable() -> Any:
    return VARIABLE.numpy()


@tf.function
def numbers_joined_to_fractions() -> Any:
    return tf.concat([tf.constant([1]), tf.constant([1.5])], axis=0)


@tf.function
def condition_of_a_vector(x: Any) -> Any:
    if x > 0:
        y = x
    else:
        y = -x
    return y


@tf.function
def variable_made_anew(x: Any) -> Any:
    return tf.Variable(1.0) * x


def loss_for_fit() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(tf.ones([4, 2]), tf.ones([4, 1]), loss="mse", verbose=0)


class Column(keras.layers.Layer):
    """Takes one column, and with it a dimension."""

    def call(self, x: Any) -> Any:
        """Takes the first column."""
        return x[:, 0]


def layer_with_another_slice() -> None:
    model = keras.Sequential([Column(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(tf.ones([4, 2]), tf.ones([4, 1]), verbose=0)


@pytest.mark.parametrize(
    ("fail", "diagnosis", "said"),
    [
        (value_of_a_variable, "symbolic-to-numpy", ".numpy() of a variable"),
        (numbers_joined_to_fractions, "dtype-mismatch", "int32 and float32"),
        (lambda: condition_of_a_vector(tf.ones([2])), "condition-not-scalar", "shape (2,)"),
        (lambda: variable_made_anew(2.0), "variable-created-in-function", "A variable is made"),
        (loss_for_fit, "keras-unexpected-argument", "fit() does not take loss="),
        (layer_with_another_slice, "keras-input-shape", "Column before it takes one away"),
    ],
)
def test_a_claim_that_is_true(fail: Callable[[], Any], diagnosis: str, said: str, tmp_path: pathlib.Path) -> None:
    with pytest.raises(Exception), tmt.record(tmp_path, instrument="all"):  # noqa: B017, PT011 - of whatever type it is
        fail()
    (run,) = tmt.read(tmp_path).to_dict()["runs"]
    assert {error["diagnosis"]["id"] for error in run["errors"]} == {diagnosis}
    assert said in run["errors"][0]["diagnosis"]["title"]


def a_variable_that_the_first_call_makes() -> Any:
    made: list[tf.Variable] = []

    @tf.function
    def count() -> Any:
        if not made:
            made.append(tf.Variable(0))
        return made[0].assign_add(1)

    return count(), count()


def a_whole_number_beside_fractions() -> Any:
    return tf.function(lambda x: x * 2)(tf.constant([1.5]))


def a_vector_asked_for_all() -> Any:
    return tf.function(lambda x: tf.reduce_all(x > 0))(tf.ones([2]))


def a_tensor_printed() -> None:
    tf.function(lambda x: print("tracing", x))(tf.ones([2]))


@pytest.mark.parametrize(
    "work", [a_variable_that_the_first_call_makes, a_whole_number_beside_fractions, a_vector_asked_for_all, a_tensor_printed]
)
def test_a_claim_that_is_false_today(work: Callable[[], Any], tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path, instrument="all"):
        work()
    (run,) = tmt.read(tmp_path).to_dict()["runs"]
    assert run["errors"] == []
