"""First traces of further function objects: recreated functions and the per-instance clones of methods."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.reasons import truth


def _record(logdir: pathlib.Path, program: Any) -> list[dict[str, Any]]:
    with truth.observed() as caches, tmt.record(logdir):
        kept = program()
    (run,) = tmt.read(logdir).to_dict()["runs"]
    assert len(run["traces"]) == sum(len(traces.keys) for traces in caches.values())
    assert all(process["dropped"] == 0 for process in run["processes"])
    del kept
    return run["traces"]


def test_a_function_made_anew_in_a_loop_is_another_function_object(tmp_path: pathlib.Path) -> None:
    def program() -> None:
        for _ in range(3):

            @tmt.traced
            @tf.function
            def step(x: Any) -> Any:
                return x + 1

            step(tf.ones(2))
            step(tf.ones(2))

    first, second, third = _record(tmp_path, program)
    assert first["reason"]["kinds"] == ["first-trace"]
    for earlier, later, number in ((first, second, 2), (second, third, 3)):
        reason = later["reason"]
        assert (reason["kinds"], reason["nearest_trace_id"]) == (["first-trace", "new-function-object"], earlier["trace_id"])
        (change,) = reason["changes"]
        assert (change["kind"], change["path"], change["after"]) == ("new-function-object", "(function)", f"function object {number}")


def test_a_retrace_of_a_function_made_anew_is_compared_with_its_own_traces(tmp_path: pathlib.Path) -> None:
    def program() -> None:
        for sizes in ((2, 3), (4, 5)):
            step = tmt.traced(tf.function(lambda x: x + 1))
            for size in sizes:
                step(tf.ones(size))

    traces = _record(tmp_path, program)
    assert [trace["reason"]["kinds"] for trace in traces] == [["first-trace"], ["shape"], ["first-trace", "new-function-object"], ["shape"]]
    assert traces[3]["reason"]["summary"] == "x: float32[4] → float32[5]"


@pytest.mark.parametrize("outside", [True, False], ids=["traced above", "traced below"])
def test_every_instance_has_its_own_clone_of_a_method(tmp_path: pathlib.Path, outside: bool) -> None:
    def decorate(method: Any) -> Any:
        return tmt.traced(tf.function(method)) if outside else tf.function(tmt.traced(method))

    class Model:
        @decorate
        def step(self, x: Any) -> Any:
            return x + 1

    def program() -> Any:
        models = [Model(), Model()]
        for model in models * 2:
            model.step(tf.ones(2))
        models[1].step(tf.ones(3))
        return models

    traces = _record(tmp_path, program)
    assert len(traces) == 3
    if outside:
        kinds = [trace["reason"]["kinds"] for trace in traces]
        assert kinds == [["first-trace"], ["first-trace", "new-function-object"], ["shape"]]
        assert traces[2]["reason"]["summary"] == "x: float32[2] → float32[3]"
