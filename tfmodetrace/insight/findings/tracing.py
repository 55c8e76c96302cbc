"""Findings about single traces: slow ones, failed ones, and graphs that ran for a value they were not made for."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from typing import Any

import numpy as np

from tfmodetrace.insight import diagnoses, subtypes
from tfmodetrace.insight.findings import base
from tfmodetrace.log import tables
from tfmodetrace.schema import keys

Kind = keys.Kind

SLOW_TRACE_NS = 10_000_000_000
"""A trace that takes longer is a finding by itself."""

SLOW_SHARE = 0.5
"""A function that spends more of its time tracing, and at least ``SLOW_TOTAL_NS``, is one too."""

SLOW_TOTAL_NS = 5_000_000_000


def find(evidence: base.Evidence) -> Iterator[base.Finding]:
    """Yields the findings about single traces of a run."""
    yield from _slow(evidence)
    yield from _failed(evidence)
    yield from _collisions(evidence)


def _slow(evidence: base.Evidence) -> Iterator[base.Finding]:
    calls = evidence.run.calls
    for function_id, traces in evidence.traces.items():
        tracing_ns = base.tracing_ns(traces)
        longest_ns = max(trace.duration_ns or 0 for trace in traces)
        total_ns = int(calls.duration_ns[calls.function_id == function_id].sum())
        if longest_ns < SLOW_TRACE_NS and (tracing_ns < SLOW_TOTAL_NS or tracing_ns < SLOW_SHARE * total_ns):
            continue
        function = evidence.run.functions[function_id]
        yield base.Finding(
            id="slow-tracing",
            severity=base.MEDIUM,
            function_id=function_id,
            title=f"Tracing {function.name} took {tracing_ns / 1e9:.1f} s",
            evidence={"traces": len(traces), "tracing_ns": tracing_ns, "longest_ns": longest_ns, "total_ns": total_ns},
            why="Tracing runs the Python body and builds a graph; large bodies, and Python loops that unroll into it, make that slow.",
            fix="for i in tf.range(n): ...  # instead of `for i in range(n)`, which copies the loop's body into the graph n times",
            lost_ns=tracing_ns,
        )


def _failed(evidence: base.Evidence) -> Iterator[base.Finding]:
    failures: dict[int, list[tables.Error]] = collections.defaultdict(list)
    for error in evidence.run.errors:
        if error.mode == "tracing" and evidence.run.functions[error.function_id].kind == "tf.function":
            failures[error.function_id].append(error)
    for function_id, errors in failures.items():
        function = evidence.run.functions[function_id]
        diagnosis = diagnoses.diagnose(errors[-1], function)
        yield base.Finding(
            id="failed-trace",
            severity=base.MEDIUM,
            function_id=function_id,
            title=f"Tracing {function.name} failed {_times(len(errors))}",
            evidence={"errors": len(errors), "types": sorted({error.type for error in errors}), "diagnosis": diagnosis.id},
            why=f"Its Python body raised while TensorFlow ran it symbolically: {_last_line(errors[-1])}. A failed trace is not cached, so "
            "every such call runs the body again.",
            fix=diagnosis.fix or f"See the errors of {function.name}: each has its line, the message and the call.",
            lost_ns=_duration_ns(evidence, errors),
        )


def _collisions(evidence: base.Evidence) -> Iterator[base.Finding]:
    """Finds calls whose Python value equals another's but is of another type: TensorFlow runs the graph of whichever came first."""
    by_function: dict[int, dict[Any, list[tables.Signature]]] = collections.defaultdict(lambda: collections.defaultdict(list))
    traced = {trace.signature_id for trace in evidence.run.traces}
    for signature in evidence.run.signatures:
        if signature.function_id in evidence.traces:
            by_function[signature.function_id][_values_only(signature.arguments)].append(signature)
    for function_id, groups in by_function.items():
        for signatures in groups.values():
            first = next((signature for signature in signatures if signature.signature_id in traced), None)
            others = [signature for signature in signatures if signature.signature_id not in traced]
            if first is None or not others:
                continue
            function = evidence.run.functions[function_id]
            counted = np.isin(evidence.run.calls.signature_id, [signature.signature_id for signature in others])
            yield base.Finding(
                id="literal-type-collision",
                severity=base.MEDIUM,
                function_id=function_id,
                title=f"{function.name}{others[0].text} ran the graph of {first.text}",
                evidence={"calls": int(counted.sum()), "traced": first.text, "ran": [signature.text for signature in others]},
                why="Python says 1 == 1.0 == True, so TensorFlow finds the graph of one for the other, and runs it with the type of "
                "whichever came first.",
                fix="# pass one type always, for example\n" + "\n".join(_conversions(first.arguments, others[0].arguments)),
                lost_ns=0,
            )


def _values_only(node: keys.Node) -> Any:
    """A signature with its Python numbers as Python compares them."""
    if node.kind in subtypes.TENSORS:
        return Kind.TENSOR, node.dtype, node.shape
    if node.kind == Kind.LITERAL:
        return Kind.LITERAL, subtypes.literal_value(node)
    own = (node.kind, node.type_name, node.dtype, node.shape, node.text, node.token, node.names, node.parts)
    return (*own, tuple(_values_only(child) for child in node.children))


def _conversions(traced: keys.Node, ran: keys.Node) -> Iterator[str]:
    for name, first, other in zip(traced.names, traced.children, ran.children, strict=False):
        if first.kind == other.kind == Kind.LITERAL and first.type_name != other.type_name:
            wider = "float" if "float" in (first.type_name, other.type_name) else "int"
            yield f"{name} = {wider}({name})"


def _duration_ns(evidence: base.Evidence, errors: list[tables.Error]) -> int:
    rows = [evidence.run.calls.index_of(error.process, error.call_id) for error in errors if error.call_id is not None]
    return int(sum(evidence.run.calls.duration_ns[row] for row in rows if row is not None))


def _last_line(error: tables.Error) -> str:
    lines = error.message.strip().splitlines()
    return lines[-1].strip().rstrip(".") if lines else error.type


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
