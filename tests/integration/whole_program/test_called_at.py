"""Which of the user's lines had led to a trace: the innermost outside of the traced body, with its whole statement."""

from __future__ import annotations

import gc
import pathlib
import types
import weakref
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf

import tfmodetrace as tmt

ONE: Final = tf.constant(1.0)
HERE: Final = pathlib.Path(__file__).read_text().splitlines()


def traces_of(logdir: pathlib.Path, name: str) -> list[dict[str, Any]]:
    """Where the traces of a function were called."""
    (run,) = tmt.read(logdir).to_dict()["runs"]
    assert run["processes"][0]["internal_faults"] == 0
    numbers = {function["function_id"] for function in run["functions"] if function["name"] == name}
    found = [trace["called_at"] for trace in run["traces"] if trace["function_id"] in numbers]
    for place in found:
        if place is not None:  # its lines are those of the file
            lines = place["code"].splitlines()
            assert place["file"] == __file__
            assert [line.strip() for line in HERE[place["line"] - 1 : place["line"] - 1 + len(lines)]] == [line.strip() for line in lines]
    return found


def test_the_whole_statement_of_the_call_is_told_and_the_name_of_tensorflow(tmp_path: pathlib.Path) -> None:
    @tf.function
    def scaled(x: Any, rate: Any) -> Any:
        return x * rate

    with tmt.record(tmp_path, instrument="all"):
        for rate in (0.1, 0.2):
            print(
                float(
                    scaled(ONE, rate),
                )
            )
        if scaled(ONE, 0.3) > 1.0:
            scaled(ONE, 0.4)
        for _ in range(2): scaled(ONE, 0.3); scaled(ONE, 0.5)  # fmt: skip # noqa: E701, E702
    found = traces_of(tmp_path, "scaled")
    codes = [place["code"].partition("  #")[0] for place in found]
    many = "print(\n    float(\n        scaled(ONE, rate),\n    )\n)"
    assert codes == [many, many, "if scaled(ONE, 0.3) > 1.0:", "for _ in range(2): scaled(ONE, 0.3); scaled(ONE, 0.5)"]
    assert {(place["function"], place["tensorflow"]) for place in found} == {
        ("test_the_whole_statement_of_the_call_is_told_and_the_name_of_tensorflow", "tf")
    }


def test_a_trace_inside_of_anothers_is_called_by_the_line_in_that_ones_body(tmp_path: pathlib.Path) -> None:
    @tf.function
    def inner(x: Any) -> Any:
        return x + 1.0

    @tf.function
    def outer(x: Any) -> Any:
        if x > 0.0:
            x = inner(x)
        return x

    with tmt.record(tmp_path, instrument="all"):
        outer(ONE)
    assert [(place["function"], place["code"]) for place in traces_of(tmp_path, "inner")] == [("outer", "x = inner(x)")]
    assert [place["code"] for place in traces_of(tmp_path, "outer")] == ["outer(ONE)"]


def test_what_calls_through_tensorflow_or_keras_is_told_as_the_users_line(tmp_path: pathlib.Path) -> None:
    def doubled(x: Any) -> Any:
        return x * 2

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((8, 4), np.float32), np.ones((8, 1), np.float32)
    with tmt.record(tmp_path, instrument="all"):
        data = tf.data.Dataset.range(3).map(doubled)
        list(data)
        model.fit(x, y, verbose=0)
    assert [place["code"] for place in traces_of(tmp_path, "Dataset.map(doubled)")] == ["data = tf.data.Dataset.range(3).map(doubled)"]
    (run,) = tmt.read(tmp_path).to_dict()["runs"]
    trained = next(function["name"] for function in run["functions"] if function["name"].endswith("train_function"))
    assert {place["code"] for place in traces_of(tmp_path, trained)} == {"model.fit(x, y, verbose=0)"}


def test_what_the_caller_has_let_go_is_not_kept_alive(tmp_path: pathlib.Path) -> None:
    class Thing:
        pass

    def program() -> None:
        import tensorflow as own  # noqa: ICN001 - a name that is not among the globals

        @own.function
        def scaled(x: Any) -> Any:
            return own.identity(x)

        thing = Thing()
        gone = weakref.ref(thing)
        scaled(ONE)
        del thing
        gc.collect()
        assert gone() is None

    names = dict(program.__globals__)
    del names["tf"]
    with tmt.record(tmp_path, instrument="all"):
        types.FunctionType(program.__code__, {**names, "ONE": ONE}, closure=program.__closure__)()
    (place,) = traces_of(tmp_path, "program.<locals>.scaled") or traces_of(tmp_path, "scaled")
    assert (place["code"], place["tensorflow"]) == ("scaled(ONE)", "own")
