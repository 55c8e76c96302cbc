"""What a report says of the graph of a trace."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tfmodetrace.insight import graphs as graph_facts
from tfmodetrace.log import trace_table


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GraphInfo:
    """What the graph of a trace is made of, in numbers: see ``log.graphs.Graph``.

    Attributes:
        python_ops: How many of its ops leave it for Python.
        definition_bytes: Its graph as TensorFlow serializes it; ``None`` if not measured.
    """

    ops: int
    own_ops: int
    op_types: Mapping[str, int]
    functions: int
    python_ops: int
    constants: int
    constant_bytes: int
    resource_captures: int
    tensor_captures: int
    tensor_capture_bytes: int
    definition_bytes: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SourceLineInfo:
    """Ops that one line of the user's made; ``None`` for a place or text that is not known."""

    file: str | None
    line: int | None
    own_line: int | None
    ops: int
    op_types: Mapping[str, int]
    repeats: int
    in_loop: bool
    code: str | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LargeConstant:
    """A large constant in a graph."""

    op: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int
    file: str | None
    line: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ControlFlow:
    """A loop or branch in a graph."""

    type: str
    file: str | None
    line: int | None
    own_line: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class InputCast:
    """An input that a graph converts to another dtype before anything else."""

    input: str
    from_dtype: str
    to_dtype: str
    file: str | None
    line: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GraphLists(GraphInfo):
    """The same with everything that is told line by line and op by op."""

    source_lines: tuple[SourceLineInfo, ...]
    large_constants: tuple[LargeConstant, ...]
    control_flow: tuple[ControlFlow, ...]
    input_casts: tuple[InputCast, ...]


def info(trace: trace_table.Trace) -> GraphInfo | None:
    """Describes the graph of a trace in numbers; ``None`` if it was not recorded."""
    return None if trace.graph is None else GraphInfo(**_numbers(trace))


def details(trace: trace_table.Trace) -> GraphLists | None:
    """Describes the graph of a trace; ``None`` if it was not recorded."""
    graph = trace.graph
    if graph is None:
        return None
    return GraphLists(
        **_numbers(trace),
        source_lines=tuple(
            SourceLineInfo(
                file=line.file or None,
                line=line.line or None,
                own_line=line.own_line or None,
                ops=line.ops,
                op_types=line.op_types,
                repeats=line.repeats,
                in_loop=line.in_loop,
                code=line.code or None,
            )
            for line in graph.source_lines
        ),
        large_constants=tuple(
            LargeConstant(op=each.op, dtype=each.dtype, shape=each.shape, bytes=each.bytes, file=each.file or None, line=each.line or None)
            for each in graph.large_constants
        ),
        control_flow=tuple(
            ControlFlow(type=flow.type, file=flow.file or None, line=flow.line or None, own_line=flow.own_line or None)
            for flow in graph.control_flow
        ),
        input_casts=tuple(
            InputCast(input=cast.input, from_dtype=cast.from_dtype, to_dtype=cast.to_dtype, file=cast.file or None, line=cast.line or None)
            for cast in graph.input_casts
        ),
    )


def _numbers(trace: trace_table.Trace) -> dict[str, Any]:
    graph = trace.graph
    if graph is None:
        return {}
    return {
        "ops": graph.ops,
        "own_ops": graph.own_ops,
        "op_types": graph.op_types,
        "functions": graph.functions,
        "python_ops": graph_facts.python_ops(graph),
        "constants": graph.constants,
        "constant_bytes": graph.constant_bytes,
        "resource_captures": graph.resource_captures,
        "tensor_captures": graph.tensor_captures,
        "tensor_capture_bytes": graph.tensor_capture_bytes,
        "definition_bytes": trace.definition_bytes,
    }
