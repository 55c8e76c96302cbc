"""Calls of concrete functions and of loaded signatures, which pass no tf.function."""

from __future__ import annotations

import gc
import pathlib
import weakref
from typing import Any

import pytest
import tensorflow as tf

import tfmodetrace as tmt


class Scorer(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = tf.Variable(tf.ones([7, 2]))

    @tf.function(input_signature=[tf.TensorSpec([None, 7], tf.float32)])
    def score(self, x: Any) -> Any:
        return {"p": tf.nn.softmax(x @ self.weight)}


def functions(logdir: pathlib.Path) -> dict[str, dict[str, Any]]:
    (run,) = tmt.read(logdir).to_dict()["runs"]
    return {function["name"]: function for function in run["functions"]}


def test_calls_of_a_loaded_signature_are_calls_of_its_name(tmp_path: pathlib.Path) -> None:
    scorer = Scorer()
    tf.saved_model.save(scorer, str(tmp_path / "model"), signatures={"serving_default": scorer.score})
    with tmt.record(tmp_path / "log", instrument="all"):
        loaded = tf.saved_model.load(str(tmp_path / "model"))
        sizes = [1, 2, 3, 1, 2]
        results = [loaded.signatures["serving_default"](x=tf.ones([size, 7]))["p"].shape[0] for size in sizes]
    assert results == sizes
    (function,) = functions(tmp_path / "log").values()
    assert function["name"] == "serving_default"
    assert (function["calls"]["graph"], function["calls"]["total"], function["traces"]) == (5, 5, 0)
    assert sorted(signature["text"] for signature in function["signatures"]) == [
        "(x: float32[1, 7])",
        "(x: float32[2, 7])",
        "(x: float32[3, 7])",
    ]


def test_a_concrete_function_is_called_in_the_name_of_its_tf_function(tmp_path: pathlib.Path) -> None:
    @tf.function
    def doubled(x: Any) -> Any:
        return 2.0 * x

    with tmt.record(tmp_path, instrument="all"):
        concrete = doubled.get_concrete_function(tf.TensorSpec([None]))
        for size in (1, 2, 3):
            concrete(tf.ones(size))
        doubled(tf.ones(4))
    (function,) = functions(tmp_path).values()
    # The last call has a shape of its own: TensorFlow finds the one trace for it.
    assert (function["name"].rpartition(".")[2], function["calls"]["graph"], function["traces"]) == ("doubled", 4, 1)


def test_an_error_of_a_concrete_function_is_the_programs_and_is_told(tmp_path: pathlib.Path) -> None:
    @tf.function
    def checked(x: Any) -> Any:
        tf.debugging.assert_positive(x)
        return x

    with tmt.record(tmp_path, instrument="all"):
        concrete = checked.get_concrete_function(tf.TensorSpec([], tf.float32))
        with pytest.raises(tf.errors.InvalidArgumentError):
            concrete(tf.constant(-1.0))
    (function,) = functions(tmp_path).values()
    assert (function["calls"]["total"], function["errors"]) == (1, 1)


def test_inside_of_a_graph_nothing_is_called(tmp_path: pathlib.Path) -> None:
    @tf.function
    def inner(x: Any) -> Any:
        return x + 1.0

    with tmt.record(tmp_path, instrument="all"):
        concrete = inner.get_concrete_function(tf.TensorSpec([]))

        @tf.function
        def outer(x: Any) -> Any:
            return concrete(x) * 2.0

        assert [float(outer(tf.constant(1.0))) for _ in range(3)] == [4.0, 4.0, 4.0]
    found = {name.rpartition(".")[2]: function["calls"]["total"] for name, function in functions(tmp_path).items()}
    assert found == {"inner": 0, "outer": 3}


def test_concrete_functions_die_and_are_called_as_ever_after_the_session(tmp_path: pathlib.Path) -> None:
    call = tf.function(lambda x: x).get_concrete_function(tf.TensorSpec([])).__class__.__call__
    with tmt.record(tmp_path, instrument="all"):
        concrete = tf.function(lambda x: x + 1.0).get_concrete_function(tf.TensorSpec([]))
        concrete(tf.constant(1.0))
        reference = weakref.ref(concrete)
        del concrete
        gc.collect()
        assert reference() is None
    assert tf.function(lambda x: x).get_concrete_function(tf.TensorSpec([])).__class__.__call__ is call
