"""Where the ops of a trace ran, and what crossed devices: read off the graphs that TensorFlow has placed and cut into parts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tfmodetrace.recorder.calls import tensor_facts
from tfmodetrace.recorder.tf import devices as tf_devices
from tfmodetrace.recorder.tf import graphs as tf_graphs
from tfmodetrace.recorder.tf import tensors
from tfmodetrace.recorder.traces import op_lines
from tfmodetrace.schema import events_pb2

MAX_LISTED: Final = 200
"""Transfers, and ops not where they should be, that a placement lists; the rest is counted."""

_SENDS: Final = frozenset({"_Send", "_HostSend"})
_RECEIVES: Final = frozenset({"_Recv", "_HostRecv"})
_INLINED: Final = re.compile(r"/(?:body|cond|then|else|branch\d*)/_\d+/")
_MAX_NESTING: Final = 20
_CALLS: Final = frozenset(
    {"PartitionedCall", "StatefulPartitionedCall", "While", "StatelessWhile", "If", "StatelessIf", "Case", "StatelessCase"}
)


def placement_of(trace_id: int, graph: Any, body: op_lines.TracedBody, graphs: Any, lines: op_lines.OpLines) -> events_pb2.Placement:
    """Reads the placement of a trace off what TensorFlow has made of its graph.

    Args:
        trace_id: The trace.
        graph: Its graph; None if that is gone, with which lines and requested devices are.
        body: Its body.
        graphs: A ``RunMetadata.FunctionGraphs``.
        lines: What knows the lines of ops.
    """
    return _Reading(trace_id, graph, body, graphs, lines).placement


class _Reading:
    """Reads the placement of one trace; see :func:`placement_of`."""

    def __init__(self, trace_id: int, graph: Any, body: op_lines.TracedBody, graphs: Any, lines: op_lines.OpLines) -> None:
        self._lines = lines
        self._body = body
        self._ops_by_path = dict(_paths(graph))
        self.placement = events_pb2.Placement(trace_id=trace_id)
        ops: Counter[str] = Counter()
        placed: dict[str, str] = {}
        sends, receives, nodes = [], {}, {}
        for part in graphs.partition_graphs:
            for node in part.node:
                if node.op in _SENDS:
                    sends.append(node)
                elif node.op in _RECEIVES:
                    receives[node.attr["tensor_name"].s] = node.name
                else:
                    nodes[node.name] = node
                    ops[tensor_facts.device_name(node.device)] += 1
                    placed.setdefault(_INLINED.sub("/", node.name), node.device)
        for send in sends:
            self._add_transfer(send, nodes.get(_text(send, "_dst")), receives.get(send.attr["tensor_name"].s, ""))
        for device, count in sorted(ops.items()):
            self.placement.devices.add(device=device, ops=count)
        self._add_not_honoured(placed)

    def _line(self, op: Any) -> op_lines.OpLine:
        return op_lines.NOWHERE if op is None else self._lines.find(op, self._lines.of_graph(op.graph), self._body)

    def _op(self, name: str) -> Any:
        return self._ops_by_path.get(_INLINED.sub("/", name))

    def _add_transfer(self, send: Any, receiver: Any, received_as: str) -> None:
        """Adds a transfer.

        Args:
            send: The node that sends.
            receiver: The node that takes what arrives; None if it is not known.
            received_as: The name under which it takes it.
        """
        placement = self.placement
        placement.transfer_count += 1
        if len(placement.transfers) >= MAX_LISTED:
            return
        sent = send.input[0] if send.input else ""
        source, target = self._op(_text(send, "_src")), None if receiver is None else self._op(receiver.name)
        line = self._line(source)
        transfer = placement.transfers.add(
            op=_text(send, "_src") or _text(send, "tensor_name"),
            dtype=tensors.dtype_name(send.attr["T"].type),
            bytes=-1,
            from_device=tensor_facts.device_name(_text(send, "send_device")),
            to_device=tensor_facts.device_name(_text(send, "recv_device")),
            control=sent.startswith("^"),
        )
        # An input comes from no line, but goes to one; and functions that were put in the place of their calls have inputs of their own.
        line = line if line.line else self._line(target)
        transfer.file, transfer.line = line.file, line.line
        tensor = _output(source, sent)
        if tensor is None and target is not None:
            tensor = next((t for name, t in zip(receiver.input, target.inputs, strict=False) if name == received_as), None)
        if tensor is None or tensor.dtype.name != transfer.dtype or tensor.shape.rank is None:
            transfer.shape.unknown_rank = True
        else:
            transfer.shape.dims.extend(-1 if dim is None else dim for dim in tensor.shape.as_list())
            size = tensor_facts.tensor_bytes(tensor)
            transfer.bytes = -1 if size is None else size

    def _add_not_honoured(self, placed: Mapping[str, str]) -> None:
        placement = self.placement
        devices = tf_devices.logical_devices()
        for path, op in self._ops_by_path.items():
            requested = op.device
            if not requested or op.type == "Placeholder":
                continue
            actual = placed.get(path)
            missing = not tf_devices.has_device(requested, devices)
            if actual is None or (not missing and tf_devices.is_device(actual, requested)):
                continue
            placement.not_honoured_count += 1
            if len(placement.not_honoured) < MAX_LISTED:
                line = self._line(op)
                placement.not_honoured.add(
                    op=path,
                    type=op.type,
                    requested=requested,
                    actual=tensor_facts.device_name(actual),
                    file=line.file,
                    line=line.line,
                    no_such_device=missing,
                )


def _paths(graph: Any) -> Iterator[tuple[str, Any]]:
    """Yields every op by the name it has once TensorFlow has put functions in the place of their calls, without numbers."""
    if graph is None:
        return
    functions = {function.name: function.graph for function in tf_graphs.library_functions(graph)}
    waiting = [("", graph, 0)]
    while waiting:
        prefix, graph, depth = waiting.pop()
        for op in graph.get_operations():
            yield prefix + op.name, op
            if depth < _MAX_NESTING and op.type in _CALLS:
                called = (functions.get(name) for name in _called(op))
                waiting += [(f"{prefix}{op.name}/", each, depth + 1) for each in called if each is not None]


def _called(op: Any) -> Iterator[str]:
    for name in ("f", "body", "cond", "then_branch", "else_branch"):
        try:
            yield op.get_attr(name).name
        except ValueError:  # it has no such attribute
            continue


def _text(node: Any, attribute: str) -> str:
    return str(node.attr[attribute].s.decode(errors="replace"))


def _output(op: Any, name: str) -> Any:
    """Returns the tensor that a node's input, such as ``matmul:1``, is; None if it cannot be told."""
    if op is None:
        return None
    index = name.rpartition(":")[2] if ":" in name else "0"
    return op.outputs[int(index)] if index.isdigit() and int(index) < len(op.outputs) else None
