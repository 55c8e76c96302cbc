"""Where functions were made, and for which Keras model."""

from __future__ import annotations

import functools
import pathlib
import sys
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf

import tfmodetrace as tmt

X: Final = np.ones((64, 4), np.float32)
Y: Final = np.ones((64, 1), np.float32)
ONE: Final = tf.constant(1.0)


def here() -> int:
    """The caller's line."""
    return sys._getframe(1).f_lineno


def recorded(logdir: pathlib.Path) -> list[dict[str, Any]]:
    (run,) = tmt.read(logdir).to_dict()["runs"]
    assert run["processes"][0]["internal_faults"] == 0
    return list(run["functions"])


def places(functions: list[dict[str, Any]], name: str) -> list[tuple[int, str] | None]:
    """Line and function where the functions of a name were made, all of them in this file."""
    found = [function["made_at"] for function in functions if function["name"] == name]
    assert all(place is None or place["file"] == __file__ for place in found)
    return [None if place is None else (place["line"], place["function"]) for place in found]


def trained_model() -> Any:
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    made.compile("sgd", "mse")
    return made


def test_a_tf_function_tells_the_line_that_made_it_and_not_that_of_its_def(tmp_path: pathlib.Path) -> None:
    def plain(x: Any) -> Any:
        return x + 1

    def make() -> Any:
        return tf.function(plain)

    before = tf.function(lambda x: x)
    with tmt.record(tmp_path, instrument="all"):
        made = [make() for _ in range(3)]
        direct = tf.function(plain); line = here()  # fmt: skip # noqa: E702
        for function in (*made, direct, before):
            function(ONE)
    inside = make.__code__.co_firstlineno + 1
    name = "test_a_tf_function_tells_the_line_that_made_it_and_not_that_of_its_def"
    functions = recorded(tmp_path)
    assert places(functions, "plain") == [(inside, "make")] * 3 + [(line, name)]
    assert places(functions, "<lambda>") == [None], "it was made before anybody looked"


def test_what_is_decorated_tells_where_also_when_it_was_made_before_the_session(tmp_path: pathlib.Path) -> None:
    name = "test_what_is_decorated_tells_where_also_when_it_was_made_before_the_session"

    def scale(factor: float, x: Any) -> Any:
        return factor * x

    partial = tmt.traced(functools.partial(scale, 2.0)); partial_line = here()  # fmt: skip # noqa: E702
    over = tmt.traced(tf.function(scale)); over_line = here()  # fmt: skip # noqa: E702

    class Scaler:
        @tmt.traced
        @tf.function
        def double(self, x: Any) -> Any:
            return 2 * x

    with tmt.record(tmp_path):
        partial(ONE)
        over(3.0, ONE)
        Scaler().double(ONE); method_line = here()  # fmt: skip # noqa: E702
    functions = recorded(tmp_path)
    assert places(functions, "scale") == [(partial_line, name), (over_line, name)]
    assert places(functions, "Scaler.double") == [(method_line, name)], "an instance's method is made when it is first asked for"


def test_functions_of_pipelines_and_of_models_tell_the_users_line(tmp_path: pathlib.Path) -> None:
    name = "test_functions_of_pipelines_and_of_models_tell_the_users_line"
    with tmt.record(tmp_path, instrument="all"):
        model = trained_model()
        data = tf.data.Dataset.range(4)
        data.map(lambda x: x + 1); mapped = here()  # fmt: skip # noqa: E702
        model.fit(X, Y, verbose=0); fitted = here()  # fmt: skip # noqa: E702
        for _ in range(2):
            model.predict(X, verbose=0); predicted = here()  # fmt: skip # noqa: E702
    functions = recorded(tmp_path)
    assert places(functions, "Dataset.map(<lambda>)") == [(mapped, name)]
    assert places(functions, f"{model.name}.train_function") == [(fitted, name)]
    assert places(functions, f"{model.name}.predict_function") == [(predicted, name)]
    assert places(functions, "Dataset.flat_map(slice_batch_indices)") == [(fitted, name), (predicted, name), (predicted, name)]
    assert places(functions, "Model.fit") == [None]


def test_a_function_made_in_converted_code_tells_the_line_it_was_converted_from(tmp_path: pathlib.Path) -> None:
    @tf.function
    def outer(x: Any) -> Any:
        inner = tf.function(lambda y: 2 * y)
        return inner(x) if x > 0 else x

    with tmt.record(tmp_path, instrument="all"):
        assert outer(ONE) == 2
    functions = recorded(tmp_path)
    (inner,) = [function["name"] for function in functions if function["name"] != "outer"]
    assert places(functions, inner) == [(outer.python_function.__code__.co_firstlineno + 2, "outer")]


def test_two_models_that_share_kerass_code_are_two_definitions_and_a_loop_over_one_is_one(tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path, instrument="all"):
        encoder, decoder = trained_model(), trained_model()
        for _ in range(3):
            encoder.predict(X, verbose=0)
        decoder.predict(X, verbose=0)
        encoder.compile("sgd", "mse")
        encoder.predict(X, verbose=0)
    functions = recorded(tmp_path)

    def made(name: str) -> list[tuple[str, int]]:
        of = [function for function in functions if function["name"] == name]
        assert {function["model"]["class_name"] for function in of} == {"Sequential"}
        first = of[0]["definition_id"]
        return [(function["model"]["name"], function["definition_id"] - first) for function in of]

    assert made(f"{encoder.name}.predict_function") == [(encoder.name, 0)] * 2, "compiled again, it is the same definition"
    assert [function["instance"] for function in functions if function["qualname"] == "Model.predict_function"] == [0, 0, 1]
    pipelines = made("Dataset.flat_map(slice_batch_indices)")
    assert [name for name, _ in pipelines] == [encoder.name] * 3 + [decoder.name, encoder.name]
    assert [number == 0 for _, number in pipelines] == [True, True, True, False, True]


def test_a_call_of_several_steps_says_so(tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path, instrument="all"):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse", steps_per_execution=4)
        model.fit(X, Y, batch_size=8, verbose=0)
    functions = {function["name"]: function for function in recorded(tmp_path)}
    train = functions[f"{model.name}.train_function"]
    assert (train["calls"]["graph"], train["steps_per_call"]) == (2, 4), "64 rows are 8 steps"
    assert functions[f"{model.name}.train_function.one_step_on_data"]["steps_per_call"] == 1
    assert functions["Model.fit"]["steps_per_call"] == 1


def test_the_users_own_pipelines_are_no_models(tmp_path: pathlib.Path) -> None:
    class Mapping(keras.Model):
        def call(self, x: Any) -> Any:
            return x

        def predict(self, x: Any, **kwargs: Any) -> Any:
            return super().predict(tf.data.Dataset.from_tensor_slices(x).map(lambda y: y).batch(8), **kwargs)

    with tmt.record(tmp_path, instrument="all"):
        Mapping().predict(X, verbose=0)
    functions = {function["name"]: function for function in recorded(tmp_path)}
    assert functions["Dataset.map(<lambda>)"]["model"] is None
    assert functions["Dataset.map(<lambda>)"]["made_at"]["function"] == "predict"
