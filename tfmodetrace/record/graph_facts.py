"""What the graph of a trace is made of: ops by type and by the user's line, constants, captures, control flow."""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from typing import Any, Final

from tfmodetrace.record import op_lines, tf_internals
from tfmodetrace.schema import events_pb2

MAX_LARGE_CONSTANTS: Final = 8
"""The largest constants of a graph that are named."""

LARGE_CONSTANT_BYTES: Final = 1 << 16
"""What a constant must have to be named."""

MAX_SOURCE_LINES: Final = 2000
"""Lines of a graph that are told apart; the ops of further ones count as made by none."""

MEASURED_CONSTANT_BYTES: Final = 1 << 20
"""With more bytes in constants, the definition's size is not measured: that would copy them."""

_MAX_CODE: Final = 160
_CONSTANTS: Final = frozenset({"Const"})
_CONTROL_FLOW: Final = frozenset({"While", "StatelessWhile", "If", "StatelessIf", "Case", "StatelessCase"})


class _Line:
    """What one line made in loops, or outside any."""

    __slots__ = ("sequences", "types")

    def __init__(self) -> None:
        self.types: dict[str, int] = {}
        # Types of ops in the order in which they were made, graph by graph.
        self.sequences: dict[int, list[str]] = {}


def of_trace(concrete_function: Any, lines: op_lines.OpLines, body: op_lines.TracedBody) -> events_pb2.Graph:
    """Describes the graph of a new concrete function.

    Args:
        concrete_function: The function.
        lines: What knows which line made which op.
        body: The trace.
    """
    return _Facts(concrete_function, lines, body).message


class _Facts:
    def __init__(self, concrete_function: Any, lines: op_lines.OpLines, body: op_lines.TracedBody) -> None:
        self.message = events_pb2.Graph()
        self._op_lines = lines
        self._body = body
        self._types: dict[str, int] = {}
        self._lines: dict[tuple[op_lines.OpLine, bool], _Line] = {}
        self._files: dict[str, int] = {}
        self._constants: list[tuple[int, Any, op_lines.OpLine]] = []
        graph = tf_internals.graph_of(concrete_function)
        self.message.own_ops = self._add_graph(0, graph, in_loop=False)
        for number, function in enumerate(tf_internals.library_functions(graph), 1):
            self.message.functions += 1
            if function.graph is not None:
                self._add_graph(number, function.graph, in_loop=tf_internals.is_loop_graph(function.graph))
            else:
                self._add_unseen(function.op_types)
        self._add_captures(concrete_function)
        self._finish(concrete_function)

    def _add_graph(self, number: int, graph: Any, *, in_loop: bool) -> int:
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
            if line.line:
                at.sequences.setdefault(number, []).append(kind)
            if kind in _CONSTANTS:
                self._add_constant(op, line)
            elif kind in _CONTROL_FLOW:
                self.message.control_flow.add(type=kind, file=self._file(line.file), line=line.line, own_line=line.own_line)
            elif kind == "Cast" and number == 0:
                self._add_cast(op, line)
        return len(ops)

    def _add_unseen(self, op_types: tuple[str, ...]) -> None:
        at = self._lines.setdefault((op_lines.NOWHERE, False), _Line())
        for kind in op_types:
            self._types[kind] = self._types.get(kind, 0) + 1
            at.types[kind] = at.types.get(kind, 0) + 1

    def _add_constant(self, op: Any, line: op_lines.OpLine) -> None:
        self.message.constants += 1
        size = tensor_bytes(op.outputs[0])
        if size is None:
            return
        self.message.constant_bytes += size
        if size >= LARGE_CONSTANT_BYTES:
            self._constants.append((size, op, line))

    def _add_cast(self, op: Any, line: op_lines.OpLine) -> None:
        source = op.inputs[0]
        if source.op.type == "Placeholder" and source.op.graph is op.graph:
            self.message.input_casts.add(
                input=source.op.name,
                from_dtype=source.dtype.name,
                to_dtype=op.outputs[0].dtype.name,
                file=self._file(line.file),
                line=line.line,
            )

    def _add_captures(self, concrete_function: Any) -> None:
        for tensor in concrete_function.captured_inputs:
            if tensor.dtype.name in ("resource", "variant"):
                self.message.resource_captures += 1
            else:
                self.message.tensor_captures += 1
                self.message.tensor_capture_bytes += tensor_bytes(tensor) or 0

    def _finish(self, concrete_function: Any) -> None:
        message = self.message
        message.ops = sum(self._types.values())
        message.op_types.extend(_counts(self._types))
        own = self._body.own
        for (line, in_loop), at in sorted(self._lines.items()):
            entry = message.source_lines.add(
                file=self._file(line.file),
                line=line.line,
                own_line=line.own_line,
                ops=sum(at.types.values()),
                repeats=max(map(repetitions, at.sequences.values()), default=1),
                in_loop=in_loop,
            )
            entry.op_types.extend(_counts(at.types))
            if line.line and not (line.file == own.file and own.first <= line.line <= own.last):
                entry.code = linecache.getline(line.file, line.line).strip()[:_MAX_CODE]
        self._constants.sort(key=lambda constant: -constant[0])
        for size, op, line in self._constants[:MAX_LARGE_CONSTANTS]:
            tensor = op.outputs[0]
            constant = message.large_constants.add(
                op=op.name, dtype=tensor.dtype.name, bytes=size, file=self._file(line.file), line=line.line
            )
            constant.shape.dims.extend(tensor.shape.as_list())
        if message.constant_bytes <= MEASURED_CONSTANT_BYTES:
            message.definition_bytes = tf_internals.definition_bytes(concrete_function)
        message.files.extend(self._files)

    def _file(self, file: str) -> int:
        return self._files.setdefault(file, len(self._files) + 1) if file else 0


def tensor_bytes(tensor: Any) -> int | None:
    """Returns how many bytes a tensor has; None if its shape or the size of its elements is not known before it is there."""
    elements = tensor.shape.num_elements()
    size = tensor.dtype.size
    return None if elements is None or not size or tensor.dtype.name in ("string", "resource", "variant") else elements * size


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
