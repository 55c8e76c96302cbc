"""Where the ops of a trace ran, and what crossed devices: read off the graphs that TensorFlow has placed and cut into parts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from tfmodetrace.recorder.calls import tensor_facts
from tfmodetrace.recorder.tf import devices as tf_devices
from tfmodetrace.recorder.tf import graphs
from tfmodetrace.recorder.tf import tensors as tf_tensors
from tfmodetrace.recorder.traces import op_lines
from tfmodetrace.schema import events_pb2

MAX_LISTED: Final = 200
"""Transfers, and ops not where they should be, that a placement lists; the rest is counted."""

SENDS: Final = frozenset({"_Send", "_HostSend"})
RECEIVES: Final = frozenset({"_Recv", "_HostRecv"})
_INLINED: Final = re.compile(r"/(?:body|cond|then|else|branch\d*)/_\d+/")
_MAX_NESTING: Final = 20
_CALLS: Final = frozenset(
    {"PartitionedCall", "StatefulPartitionedCall", "While", "StatelessWhile", "If", "StatelessIf", "Case", "StatelessCase"}
)


class Tensor(NamedTuple):
    """What an op gives or takes: its dtype's name, its shape, and how many bytes it has, as far as they are known."""

    dtype: str
    shape: tuple[int | None, ...] | None
    bytes: int | None


class TracedOp(NamedTuple):
    """An op of a trace, as the trace has it.

    Attributes:
        type: Its type.
        device: The device that the program named for it; empty if it named none.
        line: Where it comes from.
        inputs: What it takes.
        outputs: What it gives.
    """

    type: str
    device: str
    line: op_lines.OpLine
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def traced_ops(graph: Any, body: op_lines.TracedBody, lines: op_lines.OpLines) -> dict[str, TracedOp]:
    """Notes of a trace what its placement is told with, by the names that the ops have once functions stand in the place of their calls.

    Where there is one device, that is only those for which the program named one: nothing can be sent. The trace may be gone when it is
    known where it ran, and nothing of it may be kept for that.

    Args:
        graph: Its graph.
        body: Its body.
        lines: What knows the lines of ops.
    """
    every = len(tf_devices.logical_devices()) != 1
    noted = {}
    for path, op in _paths(graph):
        device = op.device
        if every or (device and op.type != "Placeholder"):
            line = lines.find(op, lines.of_graph(op.graph), body)
            tensors = (tuple(map(_tensor, op.inputs)), tuple(map(_tensor, op.outputs))) if every else ((), ())
            noted[path] = TracedOp(op.type, device, line, *tensors)
    return noted


def placement_of(trace_id: int, ops: Mapping[str, TracedOp], parts: Iterable[Any]) -> events_pb2.Placement:
    """Reads the placement of a trace off what TensorFlow has made of its graph.

    Args:
        trace_id: The trace.
        ops: What :func:`traced_ops` has noted of it.
        parts: The graphs, one a device, that it was cut into.
    """
    return _Reading(trace_id, ops, parts).placement


class _Reading:
    """Reads the placement of one trace; see :func:`placement_of`."""

    def __init__(self, trace_id: int, traced: Mapping[str, TracedOp], parts: Iterable[Any]) -> None:
        self._traced = traced
        self.placement = events_pb2.Placement(trace_id=trace_id)
        ops: Counter[str] = Counter()
        placed: dict[str, str] = {}
        sends, receives, nodes = [], {}, {}
        for part in parts:
            for node in part.node:
                if node.op in SENDS:
                    sends.append(node)
                elif node.op in RECEIVES:
                    receives[node.attr["tensor_name"].s] = node.name
                else:
                    nodes[node.name] = node
                    ops[tensor_facts.device_name(node.device)] += 1
                    placed.setdefault(plain_path(node.name), node.device)
        for send in sends:
            self._add_transfer(send, nodes.get(text(send, "_dst")), receives.get(send.attr["tensor_name"].s, ""))
        for device, count in sorted(ops.items()):
            self.placement.devices.add(device=device, ops=count)
        self._add_not_honoured(placed)

    def _op(self, name: str) -> TracedOp | None:
        return self._traced.get(plain_path(name))

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
        source, target = self._op(text(send, "_src")), None if receiver is None else self._op(receiver.name)
        line = op_lines.NOWHERE if source is None else source.line
        transfer = placement.transfers.add(
            op=text(send, "_src") or text(send, "tensor_name"),
            dtype=tf_tensors.dtype_name(send.attr["T"].type),
            bytes=-1,
            from_device=tensor_facts.device_name(text(send, "send_device")),
            to_device=tensor_facts.device_name(text(send, "recv_device")),
            control=sent.startswith("^"),
        )
        # An input comes from no line, but goes to one; and functions that were put in the place of their calls have inputs of their own.
        line = line if line.line or target is None else target.line
        transfer.file, transfer.line = line.file, line.line
        tensor = _output(source, sent)
        if tensor is None and target is not None:
            tensor = next((t for name, t in zip(receiver.input, target.inputs, strict=False) if name == received_as), None)
        if tensor is None or tensor.dtype != transfer.dtype or tensor.shape is None:
            transfer.shape.unknown_rank = True
        else:
            transfer.shape.dims.extend(-1 if dim is None else dim for dim in tensor.shape)
            transfer.bytes = -1 if tensor.bytes is None else tensor.bytes

    def _add_not_honoured(self, placed: Mapping[str, str]) -> None:
        placement = self.placement
        devices = tf_devices.logical_devices()
        for path, op in self._traced.items():
            requested = op.device
            if not requested or op.type == "Placeholder":
                continue
            actual = placed.get(path)
            missing = not tf_devices.has_device(requested, devices)
            if actual is None or (not missing and tf_devices.is_device(actual, requested)):
                continue
            placement.not_honoured_count += 1
            if len(placement.not_honoured) < MAX_LISTED:
                placement.not_honoured.add(
                    op=path,
                    type=op.type,
                    requested=requested,
                    actual=tensor_facts.device_name(actual),
                    file=op.line.file,
                    line=op.line.line,
                    no_such_device=missing,
                )


def _paths(graph: Any) -> Iterator[tuple[str, Any]]:
    """Yields every op by the name it has once TensorFlow has put functions in the place of their calls, without numbers."""
    functions = {function.name: function.graph for function in graphs.library_functions(graph)}
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


def plain_path(name: str) -> str:
    """Returns a node's name as :func:`traced_ops` has it: without the numbers of the calls that functions stand for."""
    return _INLINED.sub("/", name)


def text(node: Any, attribute: str) -> str:
    """Returns an attribute of a node that is a text; empty if it has none."""
    return str(node.attr[attribute].s.decode(errors="replace"))


def _tensor(tensor: Any) -> Tensor:
    shape = None if tensor.shape.rank is None else tuple(tensor.shape.as_list())
    return Tensor(tensor.dtype.name, shape, tensor_facts.tensor_bytes(tensor))


def _output(op: TracedOp | None, name: str) -> Tensor | None:
    """Returns the tensor that a node's input, such as ``matmul:1``, is; None if it cannot be told."""
    if op is None:
        return None
    index = name.rpartition(":")[2] if ":" in name else "0"
    return op.outputs[int(index)] if index.isdigit() and int(index) < len(op.outputs) else None
