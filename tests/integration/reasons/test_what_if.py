"""What-if over the whole corpus: each program is run again the other way, and TensorFlow's traces are counted."""

from __future__ import annotations

import inspect
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.reasons import scenario, test_scenarios
from tfmodetrace.insight import whatif

CASES = test_scenarios.SCENARIOS
NEED_A_PYTHON_NUMBER = ("a_failed_trace_adds_nothing", "recursion")
"""Programs whose bodies compare a number in Python, so that they fail with a tensor."""


def _predictions(case: scenario.Scenario, logdir: pathlib.Path) -> dict[str, whatif.WhatIf | None]:
    """Runs a program as it is and predicts each watched function's numbers."""
    watched: dict[str, Any] = {}

    def watch(function: Any, *, name: str = "watched") -> Any:
        watched[name] = tmt.traced(name=name)(function)
        return watched[name]

    with tmt.record(logdir):
        kept = case.program(watch)
    run = tmt.read(logdir).runs[0]
    found: dict[str, whatif.WhatIf | None] = {}
    for name in watched:
        functions = {function.function_id: function for function in run.functions if function.name == name}
        traces = [trace for trace in run.traces if trace.function_id in functions]
        if not traces:
            found[name] = None
            continue
        options = functions[traces[0].function_id].tf_function
        found[name] = whatif.simulate(traces, reduces_retracing=bool(options and options.reduce_retracing))
    del kept
    return found


def _counts(case: scenario.Scenario, change: Callable[[str, Any], Any]) -> dict[str, int]:
    """Runs a program with its functions changed and counts their traces."""
    watched: dict[str, Any] = {}

    def watch(function: Any, *, name: str = "watched") -> Any:
        watched[name] = function
        return change(name, function)

    kept = case.program(watch)
    counts = {name: function.experimental_get_tracing_count() for name, function in watched.items()}
    del kept
    return counts


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_reduce_retracing_would_have_left_as_many_traces_as_predicted(case: scenario.Scenario, tmp_path: pathlib.Path) -> None:
    predicted = _predictions(case, tmp_path)

    def relax(name: str, function: Any) -> Any:
        function._reduce_retracing = True
        return function

    if any(what_if is not None and what_if.reduce_retracing is None for what_if in predicted.values()):
        with pytest.raises(IndexError):  # TensorFlow's own
            _counts(case, relax)
        return
    counted = _counts(case, relax)
    for name, what_if in predicted.items():
        if what_if is not None and what_if.reduce_retracing is not None:
            assert counted[name] == what_if.reduce_retracing


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_tensor_arguments_would_have_left_as_many_traces_as_predicted(case: scenario.Scenario, tmp_path: pathlib.Path) -> None:
    predicted = _predictions(case, tmp_path)
    if case.name in NEED_A_PYTHON_NUMBER or not any(what_if is not None and what_if.scalars for what_if in predicted.values()):
        return

    def pass_tensors(name: str, function: Any) -> Any:
        what_if = predicted[name]
        dtypes = what_if.scalar_dtypes if what_if is not None else {}
        signature = inspect.signature(function.python_function)

        def through(target: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                bound = signature.bind(*args, **kwargs)
                bound.apply_defaults()
                for scalar, dtype in dtypes.items():
                    bound.arguments[scalar] = tf.cast(bound.arguments[scalar], dtype)
                return target(*bound.args, **bound.kwargs)

            return call

        changed: Any = through(function)
        changed.get_concrete_function = through(function.get_concrete_function)
        return changed

    counted = _counts(case, pass_tensors)
    for name, what_if in predicted.items():
        if what_if is not None and what_if.scalars:
            assert counted[name] == what_if.tensor_argument
