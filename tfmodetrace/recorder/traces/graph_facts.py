"""What the graph of a trace is made of: ops by type and by the user's line, constants, captures, control flow."""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from tfmodetrace.recorder.calls import tensor_facts
from tfmodetrace.recorder.tf import concrete_functions, graphs
from tfmodetrace.recorder.traces import graph_flow, op_lines
from tfmodetrace.schema import events_pb2

MAX_LARGE_CONSTANTS: Final = 8
"""The largest constants of a graph that are named."""

LARGE_CONSTANT_BYTES: Final = 1 << 16
"""What a constant must have to be named."""

MAX_SOURCE_LINES: Final = 2000
"""Lines of a graph that are told apart; the ops of further ones count as made by none."""

_MAX_CODE: Final = 160
_CONSTANTS: Final = frozenset({"Const"})
_LOOPS: Final = frozenset({"While", "StatelessWhile"})
_CONTROL_FLOW: Final = _LOOPS | frozenset({"If", "StatelessIf", "Case", "StatelessCase"})


class _Line:
    """What one line made, in loops or outside any.

    Attributes:
        types: How many ops of each type.
        sequences: Their types in the order in which they were made.
        idle: How many lead to nothing, constants left out.
    """

    __slots__ = ("idle", "sequences", "types")

    def __init__(self) -> None:
        self.idle = 0
        self.types: dict[str, int] = {}
        self.sequences: dict[int, list[str]] = {}  # by graph

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Line) and all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]


class _Constant(NamedTuple):
    bytes: int
    op: str
    dtype: str
    shape: tuple[int, ...]
    line: op_lines.OpLine


class GraphFacts:
    """What the graph of a concrete function is made of. Two of them can be compared.

    Args:
        concrete_function: The function, just traced.
        lines: What knows which line made which op.
        body: The trace.

    Attributes:
        ops: Ops in the graph and in its library.
        constant_bytes: Bytes of its constants.
    """

    def __init__(self, concrete_function: Any, lines: op_lines.OpLines, body: op_lines.TracedBody) -> None:
        self._op_lines = lines
        self._body = body
        self._types: dict[str, int] = {}
        self._lines: dict[tuple[op_lines.OpLine, bool], _Line] = {}
        self._constants = 0
        self._large_constants: list[_Constant] = []
        self._control_flow: list[tuple[str, op_lines.OpLine, graph_flow.Loop | None]] = []
        self._casts: list[tuple[str, str, str, op_lines.OpLine]] = []
        self.constant_bytes = 0
        graph = concrete_functions.graph_of(concrete_function)
        flow = graph_flow.Flow(concrete_function)
        self._idle_arguments, self._always_the_same = flow.idle_arguments, flow.always_the_same
        self._own_ops = self._add_graph(0, graph, flow, in_loop=False)
        self._functions = 0
        for number, function in enumerate(graphs.library_functions(graph), 1):
            self._functions = number
            if function.graph is not None:
                self._add_graph(number, function.graph, None, in_loop=graphs.is_loop_graph(function.graph))
            else:
                self._add_unseen(function.op_types)
        self._captures = _captures(concrete_function)
        self.ops = sum(self._types.values())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GraphFacts) and all(getattr(self, name) == getattr(other, name) for name in _COMPARED)

    __hash__ = None  # type: ignore[assignment]

    def _add_graph(self, number: int, graph: Any, flow: graph_flow.Flow | None, *, in_loop: bool) -> int:
        known = self._op_lines.of_graph(graph)
        find, body, types, by_line = self._op_lines.find, self._body, self._types, self._lines
        ops = graph.get_operations()
        for op in ops:
            kind = op.type
            line = find(op, known, body)
            types[kind] = types.get(kind, 0) + 1
            at = by_line.get((line, in_loop))
            if at is None:
                if len(by_line) >= MAX_SOURCE_LINES:
                    line = op_lines.NOWHERE
                at = by_line.setdefault((line, in_loop), _Line())
            at.types[kind] = at.types.get(kind, 0) + 1
            if flow is not None and kind not in _CONSTANTS and flow.is_idle(op):
                at.idle += 1
            if line.line:
                at.sequences.setdefault(number, []).append(kind)
            if kind in _CONSTANTS:
                self._add_constant(op, line)
            elif kind in _CONTROL_FLOW:
                self._control_flow.append((kind, line, graph_flow.loop_of(op) if kind in _LOOPS else None))
            elif kind == "Cast" and number == 0:
                self._add_cast(op, line)
        return len(ops)

    def _add_unseen(self, op_types: tuple[str, ...]) -> None:
        at = self._lines.setdefault((op_lines.NOWHERE, False), _Line())
        for kind in op_types:
            self._types[kind] = self._types.get(kind, 0) + 1
            at.types[kind] = at.types.get(kind, 0) + 1

    def _add_constant(self, op: Any, line: op_lines.OpLine) -> None:
        self._constants += 1
        tensor = op.outputs[0]
        size = tensor_facts.tensor_bytes(tensor)
        if size is None:
            return
        self.constant_bytes += size
        if size >= LARGE_CONSTANT_BYTES:
            self._large_constants.append(_Constant(size, op.name, tensor.dtype.name, tuple(tensor.shape.as_list()), line))

    def _add_cast(self, op: Any, line: op_lines.OpLine) -> None:
        source = op.inputs[0]
        if source.op.type == "Placeholder" and source.op.graph is op.graph:
            self._casts.append((source.op.name, source.dtype.name, op.outputs[0].dtype.name, line))

    def to_proto(self) -> events_pb2.Graph:
        """Describes the graph for the event file."""
        files: dict[str, int] = {}

        def file(line: op_lines.OpLine) -> int:
            return files.setdefault(line.file, len(files) + 1) if line.file else 0

        message = events_pb2.Graph(
            ops=self.ops,
            own_ops=self._own_ops,
            functions=self._functions,
            constants=self._constants,
            constant_bytes=self.constant_bytes,
            resource_captures=self._captures[0],
            tensor_captures=self._captures[1],
            tensor_capture_bytes=self._captures[2],
        )
        message.op_types.extend(_counts(self._types))
        own = self._body.own
        for (line, in_loop), at in sorted(self._lines.items(), key=lambda item: item[0]):
            entry = message.source_lines.add(
                file=file(line),
                line=line.line,
                own_line=line.own_line,
                ops=sum(at.types.values()),
                repeats=max(map(repetitions, at.sequences.values()), default=1),
                in_loop=in_loop,
            )
            entry.idle_ops = at.idle
            entry.op_types.extend(_counts(at.types))
            if line.line and not (line.file == own.file and own.first <= line.line <= own.last):
                entry.code = linecache.getline(line.file, line.line).strip()[:_MAX_CODE]
        for constant in sorted(self._large_constants, key=lambda constant: -constant.bytes)[:MAX_LARGE_CONSTANTS]:
            described = message.large_constants.add(
                op=constant.op, dtype=constant.dtype, bytes=constant.bytes, file=file(constant.line), line=constant.line.line
            )
            described.shape.dims.extend(constant.shape)
        for kind, line, loop in self._control_flow[:MAX_SOURCE_LINES]:
            flow = message.control_flow.add(type=kind, file=file(line), line=line.line, own_line=line.own_line)
            if loop is not None:
                flow.body_types.extend(_counts(dict(loop.body_types)))
                flow.body_elements, flow.turns = loop.body_elements, loop.turns
        for idle in self._idle_arguments:
            message.idle_arguments.add(name=idle.name, computed_with=idle.computed_with)
        message.always_the_same = self._always_the_same
        for name, before, after, line in self._casts[:MAX_SOURCE_LINES]:
            message.input_casts.add(input=name, from_dtype=before, to_dtype=after, file=file(line), line=line.line)
        message.files.extend(files)
        return message


_COMPARED: Final = (
    *("ops", "_own_ops", "_functions", "_types", "_captures", "_constants", "constant_bytes"),
    *("_large_constants", "_casts", "_control_flow", "_lines", "_idle_arguments", "_always_the_same"),
)


def _captures(concrete_function: Any) -> tuple[int, int, int]:
    """Counts captured resources and captured tensors, and the bytes of these."""
    resources = tensors = held = 0
    for tensor in concrete_functions.captures(concrete_function):
        if tensor.dtype.name in ("resource", "variant"):
            resources += 1
        else:
            tensors += 1
            held += tensor_facts.tensor_bytes(tensor) or 0
    return resources, tensors, held


def _counts(types: dict[str, int]) -> Iterator[events_pb2.OpCount]:
    for kind, ops in sorted(types.items(), key=lambda item: (-item[1], item[0])):
        yield events_pb2.OpCount(type=kind, ops=ops)


def repetitions(sequence: list[str]) -> int:
    """Counts how often the same part comes one after another in a sequence of op types; 1 if no repetition makes up four fifths of it.

    What an unrolled loop makes begins or ends with an iteration that is a little different (a sum that starts from a Python number, a
    last layer without an activation), so a repetition may leave something over at one end.
    """
    return max(_repetitions_at_start(sequence), _repetitions_at_start(sequence[::-1]))


def _repetitions_at_start(sequence: list[str]) -> int:
    # The Z-function: matches[i] is the length of the longest common beginning of the sequence and its part from i. A sequence repeats its
    # first p elements for p + matches[p]. D. Gusfield, Algorithms on Strings, Trees, and Sequences, 1997, chapter 1.
    length = len(sequence)
    matches = [0] * length
    left = right = 0
    for place in range(1, length):
        match = min(right - place, matches[place - left]) if place < right else 0
        while place + match < length and sequence[match] == sequence[place + match]:
            match += 1
        matches[place] = match
        if place + match > right:
            left, right = place, place + match
    best = 1
    for period in range(1, length // 2 + 1):
        times = (period + matches[period]) // period
        if times > best and 5 * times * period >= 4 * length:
            best = times
    return best
