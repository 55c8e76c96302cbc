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
from tests.support import finding_rules
from tfmodetrace.insight import call_rewrites, called_bodies, fixes, python_uses, varying, whatif
from tfmodetrace.log import function_table
from tfmodetrace.schema import keys

CASES = test_scenarios.SCENARIOS


def _predictions(case: scenario.Scenario, logdir: pathlib.Path) -> dict[str, tuple[function_table.Function, whatif.WhatIf | None] | None]:
    """Runs a program as it is, holds its findings against the rules for all, and predicts each watched function's numbers."""
    watched: dict[str, Any] = {}

    def watch(function: Any, *, name: str = "watched") -> Any:
        watched[name] = tmt.traced(name=name)(function)
        return watched[name]

    with tmt.record(logdir):
        kept = case.program(watch)
    run = tmt.read(logdir).runs[0]
    finding_rules.check(run)
    found: dict[str, tuple[function_table.Function, whatif.WhatIf | None] | None] = {}
    for name in watched:
        functions = {function.function_id: function for function in run.functions if function.name == name}
        traces = [trace for trace in run.traces if trace.function_id in functions]
        if not traces:
            found[name] = None
            continue
        function = functions[traces[0].function_id]
        reduces = bool(function.tf_function and function.tf_function.reduce_retracing)
        values = varying.values([trace.key.arguments for trace in traces if trace.key is not None])
        python = {
            path
            for path in values
            if python_uses.use(function, path, called_bodies.CalledBodies(run.called_bodies, run.functions)) is not None
        }
        found[name] = function, whatif.simulate(traces, reduces_retracing=reduces, python=python)
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

    what_ifs = {name: None if known is None else known[1] for name, known in predicted.items()}
    if any(what_if is not None and what_if.reduce_retracing is None for what_if in what_ifs.values()):
        with pytest.raises(IndexError):  # TensorFlow's own
            _counts(case, relax)
        return
    counted = _counts(case, relax)
    for name, what_if in what_ifs.items():
        if what_if is not None and what_if.reduce_retracing is not None:
            assert counted[name] == what_if.reduce_retracing


def _as_tensors(what_if: whatif.WhatIf) -> str:
    parts = fixes.tensors(what_if.values, "tf")
    return "\n".join(f"{name} = {call_rewrites.of_name(name, own)}" for name, own in parts.items())


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_tensor_arguments_would_have_left_as_many_traces_as_predicted(case: scenario.Scenario, tmp_path: pathlib.Path) -> None:
    predicted = {
        name: (known[1], _as_tensors(known[1]))
        for name, known in _predictions(case, tmp_path).items()
        if known is not None and known[1] is not None and known[1].values
    }
    steps = [step for what_if, _ in predicted.values() for value in what_if.values.values() for step in value.steps]
    if not predicted or any(step.kind == keys.Kind.ATTRS for step in steps):
        return  # the corpus does without attrs, whose own function the fix calls

    if any(path.startswith("*") for what_if, _ in predicted.values() for path in what_if.values):
        return  # what stands under *args or **kwargs is no variable here that a fix could be written for

    def pass_tensors(name: str, function: Any) -> Any:
        if name not in predicted:
            return function
        code = predicted[name][1]
        signature = inspect.signature(function.python_function)

        def through(target: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                bound = signature.bind(*args, **kwargs)
                bound.apply_defaults()
                exec(code, {"tf": tf}, bound.arguments)  # the fix as it is written at calls
                return target(*bound.args, **bound.kwargs)

            return call

        changed: Any = through(function)
        changed.get_concrete_function = through(function.get_concrete_function)
        return changed

    counted = _counts(case, pass_tensors)
    for name, (what_if, _) in predicted.items():
        assert counted[name] == what_if.tensor_argument
