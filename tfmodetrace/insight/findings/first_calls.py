"""Findings about what has to be traced once, and takes long: first calls, and tracing that no first call tells of.

That is normal once per process, and nobody's fault. What can be avoided of it is the second trace of a function whose variables are made
while it is traced: mostly an optimizer's, when the train step is traced before the optimizer has been built.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterator, Sequence
from typing import Final

from tfmodetrace.insight import edits, first_calls, fixes, keras_builds, model_identity, places, sources, units
from tfmodetrace.insight.findings import base, costs
from tfmodetrace.log import function_table, trace_table
from tfmodetrace.schema import words

SLOW_NS: Final = 500_000_000
"""Nobody waits for what takes less."""

SECOND_TRACE: Final = 0.02
"""The share of the wall time from which on a second trace is worth to be avoided."""

PER_OP_NS: Final = 5_000_000
"""The time per op from which on a trace was long for something else than its ops, each of which is made in a fraction of that."""

ORDER: Final = 60

_FEWER_OPS: Final = "Nothing has to be mended; to shorten it, let the body make fewer ops: the trace's list of lines says which make most."

_METRICS: Final = frozenset({"total", "count", "true_positives", "true_negatives", "false_positives", "false_negatives"})
"""What Keras calls the variables of metrics."""

_VARIABLES: Final[frozenset[words.ChangeKind]] = frozenset({"variable-creation"})


def find(evidence: base.Evidence, ledger: costs.Ledger) -> Iterator[base.Draft]:
    """Yields what first calls and first traces cost.

    Args:
        evidence: The evidence.
        ledger: What other findings have already taken.
    """
    left = ledger.copy()
    for slow in evidence.first_calls.slow(evidence.budgets.wall_ns):
        claim = base.Claim(traces=slow.call.trace_ids)
        if _is_slow(evidence, left.free_ns(claim), slow.call.process):
            left.take([claim])
            yield _first_call(evidence, slow)
    traced: dict[int, list[trace_table.Trace]] = collections.defaultdict(list)
    for function_id, traces in evidence.traces.items():
        traced[evidence.definitions.of_function(function_id).definition_id] += traces
    claims = {definition_id: base.Claim(traces=base.ids(traces)) for definition_id, traces in traced.items()}
    for definition_id, claim in sorted(claims.items(), key=lambda item: -left.free_ns(item[1])):
        if _is_slow(evidence, left.free_ns(claim), evidence.definitions.rows[definition_id].process):
            yield _tracing(evidence, definition_id, traced[definition_id], left.free_ns(claim))
            left.take([claim])


def _is_slow(evidence: base.Evidence, ns: int, process: int) -> bool:
    return ns >= SLOW_NS and ns >= first_calls.SLOW_SHARE * evidence.wall_ns(process)


def _first_call(evidence: base.Evidence, slow: first_calls.SlowFirstCall) -> base.Draft:
    call, run = slow.call, evidence.run
    function = run.functions[call.function_id]
    begin, end = int(run.calls.start_ns[call.row]), int(run.calls.end_ns[call.row])
    inside = [trace for trace in run.traces if trace.thread_id == call.thread_id and begin <= trace.start_ns < end]
    parts = [
        ("tracing its Python body", call.tracing_ns),
        ("compiling by XLA", call.xla_ns),
        ("optimizing and placing its graph", call.rest_ns),
    ]
    made_of = ", ".join(f"{what} {units.duration(ns)}" for what, ns in parts if ns)
    unknown = "" if call.cost_ns is not None else ", and what a later call takes is not known"
    draft = base.Draft(
        id="slow-first-call",
        functions=(function.function_id,),
        title=f"The first call of {function.name} cost {units.duration(call.known_cost_ns)}, {units.share(slow.share)} of the wall time",
        evidence={
            "call_id": int(run.calls.call_id[call.row]),
            "duration_ns": call.duration_ns,
            "later_ns": call.later_ns,
            "later_calls": call.later_calls,
            "tracing_ns": call.tracing_ns,
            "xla_ns": call.xla_ns,
            "rest_ns": call.rest_ns,
            "traces": len(call.trace_ids),
        },
        why=f"It is made of {made_of or 'tracing'}{unknown}. That is normal once per process.",
        advice=_shorter(call, inside),
        cause=call.row,
        order=ORDER,
    )
    return _avoidable(evidence, draft, _second(evidence, inside))


def _shorter(call: first_calls.FirstCall, traces: Sequence[trace_table.Trace]) -> str:
    parts = {"tracing": call.tracing_ns, "xla": call.xla_ns or 0, "rest": call.rest_ns or 0}
    most = max(parts, key=parts.__getitem__)
    if most == "xla":
        return (
            "Nothing has to be mended; to shorten it, let XLA compile less (jit_compile=False where it does not pay), or keep what it has "
            "compiled: TF_XLA_FLAGS=--tf_xla_persistent_cache_directory=DIRECTORY."
        )
    if most == "tracing":
        ops = _few_ops(traces, call.tracing_ns)
        return _beside_ops(ops) if ops is not None else f"{_FEWER_OPS} For a try, a smaller model is traced sooner."
    return "Nothing has to be mended; to shorten it, make the graph smaller: what follows the trace grows with its ops."


def _few_ops(traces: Sequence[trace_table.Trace], tracing_ns: int) -> int | None:
    """How many ops some traces made, if these are too few for the time that the traces took; ``None`` if not, or if that is not known."""
    made = [trace.graph.ops for trace in traces if trace.graph is not None]
    few = len(made) == len(traces) > 0 and tracing_ns >= PER_OP_NS * max(1, sum(made))
    return sum(made) if few else None


def _beside_ops(ops: int) -> str:
    return (
        f"Nothing has to be mended; its {units.plural(ops, 'op')} took a small part of that. To shorten it, look for what else the body "
        "does in Python while it is traced (reading, waiting, importing), and do that once, before the first call."
    )


def _tracing(evidence: base.Evidence, definition_id: int, traces: Sequence[trace_table.Trace], free_ns: int) -> base.Draft:
    row = evidence.definitions.rows[definition_id]
    functions = tuple(dict.fromkeys(trace.function_id for trace in traces))
    ops = _few_ops(traces, base.tracing_ns(traces))
    draft = base.Draft(
        id="slow-tracing",
        functions=functions,
        title=f"Tracing {row.name} took {units.duration(free_ns)}, {units.share(free_ns / evidence.wall_ns(row.process))} of the wall time",
        evidence={
            "traces": len(traces),
            "tracing_ns": base.tracing_ns(traces),
            "longest_ns": max(trace.duration_ns or 0 for trace in traces),
        },
        why="Tracing runs the Python body and builds a graph of it; that is normal once for every kind of arguments.",
        advice=_FEWER_OPS if ops is None else _beside_ops(ops),
        order=ORDER,
    )
    return _avoidable(evidence, draft, _second(evidence, traces))


def _avoidable(evidence: base.Evidence, draft: base.Draft, second: Sequence[trace_table.Trace]) -> base.Draft:
    """Says what can be avoided of it: a costly second trace; without one, nothing, and it is normal."""
    claim = base.Claim(traces=base.ids(second))
    functions = [evidence.run.functions[number] for number in dict.fromkeys(trace.function_id for trace in second)]
    cost_ns = costs.Ledger(evidence).free_ns(claim)
    if not second or cost_ns < SLOW_NS or cost_ns < SECOND_TRACE * evidence.wall_ns(functions[0].process):
        return dataclasses.replace(draft, normal=True)
    changes, names, advice = _variables_before(evidence, functions, second)
    return dataclasses.replace(
        draft,
        evidence={**draft.evidence, "second_traces": len(second), "second_traces_ns": cost_ns},
        why=f"{draft.why} But {units.duration(cost_ns)} of it went into a second trace: variables were made while the function was traced, "
        "mostly those of the optimizer, and then TensorFlow traces it once more without making any.",
        advice=advice,
        edits=changes,
        names=names,
        claims=(claim,),
    )


def _variables_before(
    evidence: base.Evidence, functions: Sequence[function_table.Function], second: Sequence[trace_table.Trace]
) -> tuple[tuple[edits.Edit, ...], frozenset[str], str]:
    """How the variables can be made before: edits, the names known at its place, and advice."""
    place = places.made_at(functions)
    if any(model_identity.model_of(function) is not None or model_identity.is_kerass(function) for function in functions):
        if any(map(_uses_metrics, second)):
            # Their variables are made in the first step, too, so that building the optimizer is not enough.
            advice = (
                "Make all variables before fit: those of the optimizer by model.optimizer.build(model.trainable_variables), and those of "
                "the metrics by one model.compute_metrics on a first batch, and model.reset_metrics() after it."
            )
            return (), frozenset(), advice
        advice = "Build the optimizer before fit: optimizer.build(model.trainable_variables); then the train step is traced once."
        found = None if place is None else sources.call_on(place.code, "fit") or sources.call_on(place.code, "train_on_batch")
        if found is None or place is None or not found.is_of_a_name:
            return (), frozenset(), advice
        own = [trace for function in functions for trace in evidence.traces[function.function_id]]
        changes = keras_builds.before_fit(found.receiver, place, functions, own)
        if not changes:
            advice = (
                "Build the model before fit, by one call on a first batch, and then its optimizers: "
                "optimizer.build(model.trainable_variables); then the train step is traced once."
            )
        return changes, sources.free_names(place.code) or frozenset(), advice
    advice = "Make the variables before the first call: the model's, and the optimizer's by optimizer.build(model.trainable_variables)."
    found_edits = [fixes.made_before(function, evidence.traces[function.function_id]) for function in functions]
    return next(filter(None, found_edits), ()), frozenset(), advice


def _uses_metrics(trace: trace_table.Trace) -> bool:
    """Whether a train step has metrics beside the loss, as the names of the variables tell that they keep."""
    names = [capture.partition(":")[0] for capture in trace.captures]
    return any(name.rpartition("/")[2] in _METRICS and not name.startswith("loss") for name in names)


def _second(evidence: base.Evidence, traces: Sequence[trace_table.Trace]) -> list[trace_table.Trace]:
    """Those traces that only the making of variables made necessary."""
    return [trace for trace in traces if (kinds := evidence.reasons[trace.trace_id].kinds) and _VARIABLES.issuperset(kinds)]
