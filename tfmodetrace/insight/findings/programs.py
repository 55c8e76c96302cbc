"""Findings about whole programs: what was left on, what Keras is made to do again and again, packages that do not go together."""

from __future__ import annotations

import collections
import statistics
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight.findings import base
from tfmodetrace.log import tables
from tfmodetrace.schema import words

LEFT_ON = 5
"""Eager calls from which on a switch was left on, and not tried out."""

LOOP = 10
"""Predictions from which on they are a loop."""

FEW_STEPS = 2
"""Batches a prediction in a loop has at most."""

REBUILT = 3
"""Models alike from which on they are made again and again."""

CONFLICTS = "version conflicts"
"""The option of a recording that names packages that do not go together."""

_STEPS = ("train_step", "test_step", "predict_step")
_ENTRIES = ("Model.fit", "Model.evaluate", "Model.predict", "Model.train_on_batch", "Model.test_on_batch", "Model.predict_on_batch")


def find(evidence: base.Evidence) -> Iterator[base.Finding]:
    """Yields the findings about the program of a run."""
    yield from _conflicts(evidence)
    yield from list(_eager_switch(evidence)) or _eager_steps(evidence)
    yield from _predict_loop(evidence)
    yield from _rebuilt_models(evidence)


def _conflicts(evidence: base.Evidence) -> Iterator[base.Finding]:
    text = evidence.run.options.get(CONFLICTS)
    if text:
        yield base.Finding(
            id="version-conflict",
            severity=base.HIGH,
            function_id=None,
            title=f"Installed packages do not go together: {text}",
            evidence={"conflicts": text.split("; ")},
            why="Packages that were not made for each other fail when they are imported, or later and less clearly.",
            fix="tfmodetrace doctor  # says what to install",
            lost_ns=0,
        )


# --- Eager switches ----------------------------------------------------------------------------------------------------------------------


def _eager_switch(evidence: base.Evidence) -> Iterator[base.Finding]:
    """tf.functions that ran eagerly: only ``tf.config.run_functions_eagerly(True)`` makes them."""
    calls = evidence.run.calls
    eager = np.bincount(calls.function_id[calls.mode == int(words.Mode.EAGER)], minlength=len(evidence.run.functions))
    found = [function for function in evidence.run.functions if function.kind == "tf.function" and eager[function.function_id]]
    count = sum(int(eager[function.function_id]) for function in found)
    if count >= LEFT_ON:
        most = max(found, key=lambda function: int(eager[function.function_id]))
        yield base.Finding(
            id="run-eagerly-left-on",
            severity=base.HIGH,
            function_id=most.function_id,
            title=f"tf.functions ran eagerly: {count:,} calls of {len(found)}",
            evidence={"calls": count, "functions": sorted({function.name for function in found})},
            why="tf.config.run_functions_eagerly(True) makes every tf.function run op by op, as for debugging.",
            fix="tf.config.run_functions_eagerly(False)  # or take the line away",
            lost_ns=0,
        )


def _eager_steps(evidence: base.Evidence) -> Iterator[base.Finding]:
    """Keras's steps that ran eagerly inside fit, evaluate or predict, while tf.functions do not."""
    run, calls = evidence.run, evidence.run.calls
    for function in run.functions:
        if function.kind != "method" or function.qualname.rpartition(".")[2] not in _STEPS:
            continue
        rows = np.flatnonzero((calls.function_id == function.function_id) & (calls.mode == int(words.Mode.EAGER)))
        rows = rows[_inside(evidence, rows, _ENTRIES)]
        if len(rows) < LEFT_ON:
            continue
        yield base.Finding(
            id="run-eagerly-left-on",
            severity=base.HIGH,
            function_id=function.function_id,
            title=f"Keras ran {function.name} eagerly, {len(rows):,} times",
            evidence={"calls": len(rows), "eager_ns": int(calls.duration_ns[rows].sum())},
            why="With run_eagerly=True Keras makes no graph of its steps: Python dispatches every op of every step.",
            fix="model.compile(..., run_eagerly=False)  # the default",
            lost_ns=0,
        )


def _inside(evidence: base.Evidence, rows: npt.NDArray[np.intp], names: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which of some calls were made, at any depth, in calls of functions of some names."""
    run, parents = evidence.run, evidence.run.calls.parent_rows
    wanted = [function.function_id for function in run.functions if function.name in names]
    found = np.zeros(len(rows), dtype=bool)
    at = parents[rows]
    while (at >= 0).any():
        found |= (at >= 0) & np.isin(run.calls.function_id[at], wanted)
        at = np.where(at >= 0, parents[at], -1)
    return found


# --- Keras models ------------------------------------------------------------------------------------------------------------------------


def _predict_loop(evidence: base.Evidence) -> Iterator[base.Finding]:
    """``predict`` or ``evaluate`` in a loop, each for a batch or two, each of which sets up an input pipeline."""
    run, calls = evidence.run, evidence.run.calls
    for function in run.functions:
        if function.name not in ("Model.predict", "Model.evaluate") or function.kind != "method":
            continue
        rows = np.flatnonzero(calls.function_id == function.function_id)
        rows = rows[~_inside(evidence, rows, _ENTRIES)]
        rows = rows[np.argsort(calls.start_ns[rows], kind="stable")]
        if len(rows) < LOOP:
            continue
        steps, step_ns = _steps_of(evidence, rows)
        if steps > FEW_STEPS * len(rows):
            continue
        ends = calls.start_ns[rows] + calls.duration_ns[rows]
        again = [
            trace
            for trace in run.traces
            if run.functions[trace.function_id].kind == "tf.data"
            and (at := int(np.searchsorted(calls.start_ns[rows], trace.start_ns, side="right")) - 1) >= 0
            and trace.start_ns < ends[at]
        ]
        if not again:
            continue
        what = function.name.rpartition(".")[2]
        total = int(calls.duration_ns[rows].sum())
        direct = "y = model(x, training=False)" if what == "predict" else "logs = model.test_on_batch(x, y)"
        yield base.Finding(
            id="function-recreated",
            severity=base.MEDIUM,
            function_id=function.function_id,
            title=f"{function.name} was called {len(rows):,} times for {max(steps, len(rows)):,} batches, and set up its input each time",
            evidence={"calls": len(rows), "batches": steps, "traces": len(again), "total_ns": total, "in_graphs_ns": step_ns},
            why=f"Every call of {what} builds a tf.data pipeline of its own, whose functions are made and traced again. For a batch at a "
            "time that takes longer than the model.",
            fix=f"{direct}  # in a loop over small inputs\n# or model.{what}(all_x, batch_size=...) once, for all of them",
            lost_ns=max(0, total - step_ns),
            trace_ids=base.ids(again),
        )


def _steps_of(evidence: base.Evidence, rows: npt.NDArray[np.intp]) -> tuple[int, int]:
    """How many graph calls some calls have made directly, and the time of these that traced nothing."""
    calls = evidence.run.calls
    graphs = np.isin(calls.parent_rows, rows) & (calls.mode == int(words.Mode.GRAPH))
    return int(graphs.sum()), int(calls.duration_ns[graphs & (calls.trace_id < 0)].sum())


def _rebuilt_models(evidence: base.Evidence) -> Iterator[base.Finding]:
    """Models alike that were each made, compiled and traced again."""
    alike: dict[tuple[object, ...], list[tables.Trace]] = collections.defaultdict(list)
    for trace in evidence.run.traces:
        function = evidence.run.functions[trace.function_id]
        if is_keras_function(function) and not function.qualname.removeprefix("Model.").count(".") and trace.ordinal == 1:
            ops: Mapping[str, int] = {} if trace.graph is None else trace.graph.op_types
            alike[trace.process, function.qualname, evidence.run.trace_signature(trace), tuple(sorted(ops.items()))].append(trace)
    for traces in alike.values():
        functions = {trace.function_id for trace in traces}
        if len(functions) < REBUILT:
            continue
        last = evidence.run.functions[traces[-1].function_id]
        kind = last.qualname.rpartition(".")[2]
        again = traces[1:]
        yield base.Finding(
            id="function-recreated",
            severity=base.HIGH if len(functions) >= LOOP else base.MEDIUM,
            function_id=last.function_id,
            title=f"{len(functions)} Keras models alike were made, and the {kind} of each traced",
            evidence={
                "functions": len(functions),
                "traces": len(traces),
                "median_trace_ns": int(statistics.median(trace.duration_ns or 0 for trace in traces)),
            },
            why="A Keras model makes its train, test and predict functions anew whenever it is built or compiled, and each must be traced. "
            "Keras also keeps what every model was made of until keras.backend.clear_session() is called.",
            fix="model = build_model()  # once, before the loop\ninitial = model.get_weights()\nfor ... in ...:\n"
            "    model.set_weights(initial)  # begin again without a new model",
            lost_ns=base.tracing_ns(again),
            trace_ids=base.ids(again),
        )


def is_keras_function(function: tables.Function) -> bool:
    """Whether a tf.function is one that a Keras model is trained, tested or asked with."""
    return function.kind == "tf.function" and function.qualname.startswith(("Model.train_", "Model.test_", "Model.predict_"))
