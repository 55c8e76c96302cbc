"""Findings about functions that are traced again and again: each names the cause that the keys show.

Normal retracing stays silent: the second trace of a function that creates variables, the two values of a flag, one more shape for a short
last batch.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator, Sequence
from typing import Final

from tfmodetrace.insight import fixes, whatif
from tfmodetrace.insight.findings import base, programs
from tfmodetrace.log import tables
from tfmodetrace.schema import words

_SCALAR: Final[frozenset[words.ChangeKind]] = frozenset({"python-value", "python-type", "tensor-vs-python"})
_SHAPE: Final[frozenset[words.ChangeKind]] = frozenset({"shape", "rank"})
_IDENTITY: Final[frozenset[words.ChangeKind]] = frozenset({"object-identity"})
_NORMAL: Final[frozenset[words.ChangeKind]] = frozenset({"first-trace", "variable-creation", "new-function-object"})

MANY = 3
"""Traces from which on a cause is a finding: two values, or two shapes, are normal."""

HARDLY_REUSED = 4
"""Retraces from which on a function whose traces hardly ran again is a finding."""

STORM = 10
"""Traces from which on a function is a trace storm, whatever the causes."""


def find(evidence: base.Evidence) -> Iterator[base.Finding]:
    """Yields the findings about retracing of a run."""
    for function_id, traces in evidence.traces.items():
        if len(traces) < MANY:
            continue
        function = evidence.run.functions[function_id]
        specific = [
            finding
            for finding in (
                _python_scalar(evidence, function),
                _varying_shape(evidence, function),
                _object_identity(evidence, function),
            )
            if finding is not None
        ]
        yield from specific
        if not specific:
            yield from _unspecific(evidence, function, traces)
    yield from _recreated(evidence)


def _python_scalar(evidence: base.Evidence, function: tables.Function) -> base.Finding | None:
    traces = evidence.traces[function.function_id]
    varying = whatif.varying_numbers([trace.key.arguments for trace in traces if trace.key is not None])
    caused = [
        trace
        for trace in evidence.caused_by(function.function_id, _SCALAR | _SHAPE)
        if any(change.path in varying for change in evidence.reasons[trace.trace_id].changes)
    ]
    if evidence.most_variants(caused, _SCALAR) < MANY:
        return None
    names = [path for path in evidence.paths(caused, _SCALAR) if path in varying]
    what_if = evidence.what_if(function.function_id)
    return base.Finding(
        id="python-scalar-argument",
        severity=base.HIGH if len(caused) >= STORM else base.MEDIUM,
        function_id=function.function_id,
        title=f"{function.name} is traced for every value of {_listed(names)}",
        evidence={"traces": len(traces), "retraces": len(caused), "arguments": names},
        why=f"A Python number is part of the cache key by its value, so each new value of {_listed(names)} makes a new graph. "
        "The value of a tensor is not part of the key.",
        fix=fixes.pass_tensors(function, {name: varying[name] for name in sorted(varying)}),
        lost_ns=base.tracing_ns(caused),
        trace_ids=base.ids(caused),
        what_if=what_if,
    )


def _varying_shape(evidence: base.Evidence, function: tables.Function) -> base.Finding | None:
    caused = evidence.caused_by(function.function_id, _SHAPE)
    if evidence.most_variants(caused, _SHAPE) < MANY:
        return None
    what_if = evidence.what_if(function.function_id)
    names = evidence.paths(caused, _SHAPE)
    options = function.tf_function
    ranks = any("rank" in evidence.reasons[trace.trace_id].kinds for trace in caused)
    if options is not None and options.reduce_retracing:
        fix, condition = fixes.pad_batches(), "It already has reduce_retracing=True, so make the shapes fewer."
    elif what_if is not None and what_if.signature is not None and options is not None and not what_if.scalars:
        fix = fixes.input_signature(function, what_if.signature)
        condition = "The signature covers every recorded call; it fits if nothing in the body needs the static size of a None dimension."
    elif not ranks and what_if is not None and what_if.reduce_retracing is not None:
        fix = fixes.reduce_retracing(function)
        condition = "It fits if nothing in the body needs the static size of the dimensions that vary."
    else:
        fix, condition = fixes.pad_batches(), "No one signature fits them all; make the shapes fewer."
    return base.Finding(
        id="varying-shape",
        severity=base.HIGH if len(caused) >= STORM else base.MEDIUM,
        function_id=function.function_id,
        title=f"{function.name} is traced for every shape of {_listed(names)}",
        evidence={"traces": len(evidence.traces[function.function_id]), "retraces": len(caused), "arguments": names},
        why=f"A tensor's shape is part of the cache key, and {_listed(names)} came in many. {condition}",
        fix=fix,
        lost_ns=base.tracing_ns(caused),
        trace_ids=base.ids(caused),
        what_if=what_if,
    )


def _object_identity(evidence: base.Evidence, function: tables.Function) -> base.Finding | None:
    caused = evidence.caused_by(function.function_id, _IDENTITY)
    if len(caused) < MANY - 1:
        return None
    names = evidence.paths(caused, _IDENTITY)
    after = next(change.after for change in evidence.reasons[caused[-1].trace_id].changes if change.path == names[0])
    type_name = after.removeprefix("<").partition(" ")[0]
    return base.Finding(
        id="object-identity",
        severity=base.HIGH,
        function_id=function.function_id,
        title=f"{function.name} is traced for every new object in {_listed(names)}",
        evidence={"traces": len(evidence.traces[function.function_id]), "retraces": len(caused), "arguments": names, "type": type_name},
        why="A Python object is part of the cache key by identity, through a weak reference: a new object, even an equal one whose "
        "predecessor is gone, makes a new graph. Keep one object alive, or give its class __tf_tracing_type__.",
        fix=fixes.build_once(function, names[0], type_name),
        lost_ns=base.tracing_ns(caused),
        trace_ids=base.ids(caused),
        what_if=evidence.what_if(function.function_id),
    )


def _unspecific(evidence: base.Evidence, function: tables.Function, traces: Sequence[tables.Trace]) -> Iterator[base.Finding]:
    retraces = [trace for trace in traces if not _NORMAL.issuperset(evidence.reasons[trace.trace_id].kinds)]
    kinds = collections.Counter(kind for trace in retraces for kind in evidence.reasons[trace.trace_id].kinds)
    if len(retraces) >= STORM:
        yield base.Finding(
            id="trace-storm",
            severity=base.HIGH,
            function_id=function.function_id,
            title=f"{function.name} was traced {len(traces)} times",
            evidence={"traces": len(traces), "causes": dict(kinds.most_common())},
            why="Its traces have several causes at once; each trace's reason tells which.",
            fix="Look at the reasons of its traces, and mend the cause that is most frequent first.",
            lost_ns=base.tracing_ns(retraces),
            trace_ids=base.ids(retraces),
            what_if=evidence.what_if(function.function_id),
        )
    elif len(retraces) >= HARDLY_REUSED:
        calls = int((evidence.run.calls.function_id == function.function_id).sum())
        if calls <= 2 * len(traces):
            yield base.Finding(
                id="trace-not-reused",
                severity=base.LOW,
                function_id=function.function_id,
                title=f"{function.name} was traced {len(traces)} times for {calls} calls",
                evidence={"traces": len(traces), "calls": calls, "causes": dict(kinds.most_common())},
                why="A trace pays for itself when its graph runs often; these hardly ran again.",
                fix=f"Call it without a graph, by leaving @tf.function off {function.name}, or make its calls alike: see the reasons.",
                lost_ns=base.tracing_ns(retraces),
                trace_ids=base.ids(retraces),
                what_if=evidence.what_if(function.function_id),
            )


def _recreated(evidence: base.Evidence) -> Iterator[base.Finding]:
    definitions: dict[tuple[int, int], list[tables.Function]] = collections.defaultdict(list)
    for function in evidence.run.functions:
        # What Keras makes for a model is told with the model.
        recorded = function.kind == "tf.function" and function.function_id in evidence.traces
        if recorded and not programs.is_keras_function(function):
            definitions[function.process, function.definition_id].append(function)
    for functions in definitions.values():
        if len(functions) < MANY:
            continue
        again = [trace for function in functions[1:] for trace in evidence.traces[function.function_id]]
        last = functions[-1]
        yield base.Finding(
            id="function-recreated",
            severity=base.HIGH if len(functions) >= STORM else base.MEDIUM,
            function_id=last.function_id,
            title=f"{last.name} was made {len(functions)} times, and traced for each",
            evidence={
                "functions": len(functions),
                "traces": sum(len(evidence.traces[function.function_id]) for function in functions),
                "file": last.file,
                "line": last.line,
            },
            why="Each tf.function object has a cache of its own, so one that is made anew, or that belongs to a new instance, starts "
            "without traces.",
            fix=fixes.make_once(last),
            lost_ns=base.tracing_ns(again),
            trace_ids=base.ids(again),
        )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")
