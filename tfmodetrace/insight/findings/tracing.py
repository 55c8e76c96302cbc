"""Findings about single traces: failed ones, and graphs that ran for a value they were not made for."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from tfmodetrace.insight import call_rewrites, diagnoses, edits, subtypes
from tfmodetrace.insight.findings import base, unconverted
from tfmodetrace.log import error_table, function_table
from tfmodetrace.schema import keys

Kind = keys.Kind

ORDER: Final = 30


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields the findings about single traces of a run."""
    yield from _failed(evidence)
    yield from _collisions(evidence)


def _failed(evidence: base.Evidence) -> Iterator[base.Draft]:
    failures: dict[int, list[error_table.Error]] = collections.defaultdict(list)
    for error in evidence.run.errors:
        is_trace = error.mode == "tracing" and evidence.run.functions[error.function_id].kind == "tf.function"
        if is_trace and unconverted.of_error(evidence, error) is None:  # which tells why it failed
            failures[error.function_id].append(error)
    for function_id, errors in failures.items():
        function = evidence.run.functions[function_id]
        diagnosis = diagnoses.diagnose(errors[-1], function)
        failed = len({error.first_error_id for error in errors})  # a recursion fails in each of its traces, and once
        yield base.Draft(
            id="failed-trace",
            functions=(function_id,),
            title=f"Tracing {function.name} failed {base.times(failed)}",
            evidence={"errors": failed, "types": sorted({error.type for error in errors}), "diagnosis": diagnosis.id},
            why=f"Its Python body raised while TensorFlow ran it symbolically: {_last_line(errors[-1])}. A failed trace is not cached, so "
            "every such call runs the body again.",
            advice=f"Mend what {function.name} raises: its errors tell the line, the message and the call.",
            edits=diagnosis.edits,
            claims=(base.Claim(rows=_rows(evidence, errors)),),
            order=ORDER,
        )


def _collisions(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Finds calls whose Python value equals another's but is of another type: TensorFlow runs the graph of whichever came first."""
    by_function: dict[int, dict[Any, list[function_table.Signature]]] = collections.defaultdict(lambda: collections.defaultdict(list))
    traced = {trace.signature_id for trace in evidence.run.traces}
    for signature in evidence.run.signatures:
        if signature.function_id in evidence.traces:
            by_function[signature.function_id][_values_only(signature.arguments)].append(signature)
    for function_id, groups in by_function.items():
        for signatures in groups.values():
            first = next((signature for signature in signatures if signature.signature_id in traced), None)
            others = [signature for signature in signatures if signature.signature_id not in traced and _differs(signature, first)]
            if first is None or not others:
                continue
            function = evidence.run.functions[function_id]
            counted = np.isin(evidence.run.calls.signature_id, [signature.signature_id for signature in others])
            yield base.Draft(
                id="literal-type-collision",
                functions=(function_id,),
                title=f"{function.name}{others[0].text} ran the graph of {first.text}",
                evidence={"calls": int(counted.sum()), "traced": first.text, "ran": [signature.text for signature in others]},
                why="Python says 1 == 1.0 == True, so TensorFlow finds the graph of one for the other, and runs it with the type of "
                "whichever came first.",
                advice="Pass one type always, or a tensor of the dtype that is meant.",
                edits=_one_type(evidence, function, first, others[0].arguments),
                cause=first.text,
                wrong=True,
            )


def _differs(signature: function_table.Signature, first: function_table.Signature | None) -> bool:
    """Whether Python values are of another type, and not only what was given as a tensor, which may be an array as well."""
    return first is not None and _literal_types(signature.arguments) != _literal_types(first.arguments)


def _literal_types(node: keys.Node) -> tuple[str, ...]:
    own = (node.type_name,) if node.kind == Kind.LITERAL else ()
    return (*own, *(name for child in node.children for name in _literal_types(child)))


def _values_only(node: keys.Node) -> Any:
    """A signature with its Python numbers as Python compares them."""
    if node.kind in subtypes.TENSORS:
        return Kind.TENSOR, node.dtype, node.shape
    if node.kind == Kind.LITERAL:
        return Kind.LITERAL, subtypes.literal_value(node)
    own = (node.kind, node.type_name, node.dtype, node.shape, node.text, node.token, node.names, node.parts)
    return (*own, tuple(_values_only(child) for child in node.children))


def _one_type(
    evidence: base.Evidence, function: function_table.Function, traced: function_table.Signature, ran: keys.Node
) -> tuple[edits.Edit, ...]:
    """Makes a value of one type where the trace was called, unless what stands there is one value: then the others are elsewhere."""
    parts: dict[str, list[call_rewrites.Part]] = {}
    for name, first, other in zip(traced.arguments.names, traced.arguments.children, ran.children, strict=False):
        if first.kind == other.kind == Kind.LITERAL and first.type_name != other.type_name:
            parts[name] = [((), _as_float if "float" in (first.type_name, other.type_name) else _as_int)]
    traces = [trace for trace in evidence.traces[function.function_id] if trace.signature_id == traced.signature_id]
    found = call_rewrites.at_calls(function, traces, lambda _: parts) if parts else None
    return tuple(edit for edit in found or () if not call_rewrites.has_constants(function, edit.replaces, parts))


def _as_float(old: str) -> str:
    return f"float({old})"


def _as_int(old: str) -> str:
    return f"int({old})"


def _rows(evidence: base.Evidence, errors: list[error_table.Error]) -> base.Rows:
    rows = evidence.attribution.error_rows[[error.error_id for error in errors]]
    return rows[rows >= 0]


def _last_line(error: error_table.Error) -> str:
    lines = error.message.strip().splitlines()
    return lines[-1].strip().rstrip(".") if lines else error.type
