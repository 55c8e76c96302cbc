"""Where the ops of traces ran.

TensorFlow places the ops of a concrete function when it is executed for the first time, and tells of it only while it collects graphs. So
collecting begins with a trace and ends once its graph was seen. All else is the writer thread's: it takes what was collected, finds the
traces that graphs belong to, and reads devices and transfers off them.

A collected graph does not say whose it is. It has the very ops of the concrete function, with their names, and the types of its inputs;
where two traces agree in all of that, TensorFlow places them alike.
"""

from __future__ import annotations

import functools
import re
import threading
import time
import weakref
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tfmodetrace.recorder.tf import concrete_functions, graph_collection, tensors
from tfmodetrace.recorder.tf import devices as tf_devices
from tfmodetrace.recorder.tf import graphs as tf_graphs
from tfmodetrace.recorder.traces import graph_facts, op_lines
from tfmodetrace.schema import events_pb2

if TYPE_CHECKING:
    from tfmodetrace.recorder.calls import calls as calls_module
    from tfmodetrace.recorder.session import session as session_module

MAX_LISTED: Final = 200
"""Transfers, and ops not where they should be, that a placement lists; the rest is counted."""

MAX_CONSTANT_BYTES: Final = 1 << 20
"""With more bytes in its constants a graph is not collected: TensorFlow would copy them four times."""

_MAX_PENDING: Final = 256
_WAIT_SECS: Final = 20.0
"""How long the execution of a trace is waited for that no call has caused."""

_ENDS: Final = frozenset({"_Arg", "_DeviceArg", "_Retval", "_DeviceRetval"})
_SENDS: Final = frozenset({"_Send", "_HostSend"})
_RECEIVES: Final = frozenset({"_Recv", "_HostRecv"})
_INLINED: Final = re.compile(r"/(?:body|cond|then|else|branch\d*)/_\d+/")


class _Outline(NamedTuple):
    """What a collected graph and the graph of a trace have in common.

    Attributes:
        ops: Type by name, without inputs and outputs.
        inputs: How many inputs of each type there are.
        shapes: How many of each type and shape, among those whose shape is told.
    """

    ops: Mapping[str, str]
    inputs: Counter[int]
    shapes: Counter[tuple[int, tuple[int, ...]]]

    def fits(self, collected: _Outline) -> bool:
        """Whether a collected graph, which does not tell the shapes of captures, may be this one."""
        return self.ops == collected.ops and self.inputs == collected.inputs and self.shapes >= collected.shapes


class _Pending:
    """A trace that waits for its first execution. Holds nothing of the user's."""

    def __init__(self, trace_id: int, graph: Any, body: op_lines.TracedBody, call: calls_module.OpenCall | None) -> None:
        self.trace_id = trace_id
        self.graph = weakref.ref(graph)
        self.body = body
        self._call = call
        self._deadline_s = time.monotonic() + _WAIT_SECS
        self._outline: _Outline | None = None

    def is_over(self) -> bool:
        """Whether it either was executed by now or is not going to be, as far as we can tell."""
        return time.monotonic() > self._deadline_s if self._call is None else not self._call.is_open

    def made(self, collected: _Outline) -> bool:
        """Whether a collected graph is that of the trace."""
        graph = self.graph()
        if graph is None:
            return False
        if self._outline is None:
            self._outline = _outline_of_graph(graph)
        return self._outline.fits(collected)


class PlacementRecorder:
    """Turns the graphs that TensorFlow has executed into placements of traces.

    Args:
        session: Where the placements go.
        lines: What knows the lines of ops.
    """

    def __init__(self, session: session_module.Session, lines: op_lines.OpLines) -> None:
        self._session = session
        self._lines = lines
        self._pending: list[_Pending] = []
        self._lock = threading.RLock()
        self._collection = graph_collection.GraphCollection()

    def install(self) -> None:
        """Begins to share TensorFlow's collection with everybody else who uses it."""
        self._collection.install()

    def remove(self) -> None:
        """Leaves TensorFlow's collection as it was."""
        self._collection.remove()

    def leave_to_parent(self) -> None:
        """In a forked child: the traces that wait are the parent's."""
        self._lock = threading.RLock()
        self._pending = []
        self._collection.leave_to_parent()

    def expect(
        self,
        trace_id: int,
        concrete_function: Any,
        body: op_lines.TracedBody,
        call: calls_module.OpenCall | None,
        constant_bytes: int,
    ) -> None:
        """Asks for the placement of a trace that has just been made.

        Args:
            trace_id: The trace.
            concrete_function: What it has made.
            body: Its body.
            call: The call that has caused it, or the trace it was made inside of: it is executed before that one ends, by itself or as
                part of the other's graph, or nobody knows when. None if none has.
            constant_bytes: What the constants of its graph have.
        """
        if constant_bytes > MAX_CONSTANT_BYTES or self._session.inherited:
            return
        pending = _Pending(trace_id, concrete_functions.graph_of(concrete_function), body, call)
        with self._lock:
            if len(self._pending) >= _MAX_PENDING:
                del self._pending[0]
            self._pending.append(pending)
            self._collection.start()

    def compiled(self, trace_id: int, ops: int, result: Any) -> None:
        """Places a trace that XLA has compiled and run: all of it where its result is."""
        devices = {device_name(tensor.device) for tensor in tensors.eager_tensors(result)}
        if len(devices) == 1:
            placement = events_pb2.Placement(trace_id=trace_id, compiled=True)
            placement.devices.add(device=devices.pop(), ops=ops)
            self._session.definitions.add_placements([placement])

    def collect(self) -> None:
        """Tells the session the placements of the traces that were executed meanwhile. For the writer thread."""
        with self._lock:
            waiting = list(self._pending)
        if not waiting:
            return
        over = {id(pending) for pending in waiting if pending.is_over()}  # asked before what was executed is taken
        found = []
        for graphs in self._collection.take():
            outline = _outline_of_definition(graphs.pre_optimization_graph)
            pending = next((each for each in waiting if each.made(outline)), None)
            if pending is not None:
                waiting.remove(pending)
                found.append((pending, graphs))
        with self._lock:
            over.update(id(pending) for pending, _ in found)
            self._pending = [each for each in self._pending if id(each) not in over and each.graph() is not None]
            if not self._pending:
                self._collection.stop()
        self._session.definitions.add_placements([_Reading(pending, graphs, self._lines).placement for pending, graphs in found])


def _outline_of_graph(graph: Any) -> _Outline:
    outline = _Outline({}, Counter(), Counter())
    ops: dict[str, str] = {}
    for op in graph.get_operations():
        if op.type == "Placeholder":
            tensor = op.outputs[0]
            outline.inputs[tensor.dtype.as_datatype_enum] += 1
            if tensor.shape.rank is not None:
                outline.shapes[tensor.dtype.as_datatype_enum, tuple(-1 if dim is None else dim for dim in tensor.shape.as_list())] += 1
        else:
            ops[op.name] = op.type
    return outline._replace(ops=ops)


def _outline_of_definition(graph: Any) -> _Outline:
    outline = _Outline({}, Counter(), Counter())
    ops: dict[str, str] = {}
    for node in graph.node:
        if node.op in ("_Arg", "_DeviceArg"):
            datatype = node.attr["T"].type
            outline.inputs[datatype] += 1
            for shape in node.attr["_output_shapes"].list.shape[:1]:
                if not shape.unknown_rank:
                    outline.shapes[datatype, tuple(dim.size for dim in shape.dim)] += 1
        elif node.op not in _ENDS:
            ops[node.name] = node.op
    return outline._replace(ops=ops)


class _Reading:
    """Reads the placement of one trace off its collected graphs."""

    def __init__(self, pending: _Pending, graphs: Any, lines: op_lines.OpLines) -> None:
        self._lines = lines
        self._body = pending.body
        self._graph = pending.graph()
        self._ops_by_path = dict(self._paths(self._graph))
        self.placement = events_pb2.Placement(trace_id=pending.trace_id)
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
                    ops[device_name(node.device)] += 1
                    placed.setdefault(_INLINED.sub("/", node.name), node.device)
        for send in sends:
            self._add_transfer(send, nodes.get(_text(send, "_dst")), receives.get(send.attr["tensor_name"].s, ""))
        for device, count in sorted(ops.items()):
            self.placement.devices.add(device=device, ops=count)
        self._add_not_honoured(placed)

    def _paths(self, graph: Any) -> Iterator[tuple[str, Any]]:
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
                    waiting += [
                        (f"{prefix}{op.name}/", functions[name], depth + 1) for name in _called(op) if functions.get(name) is not None
                    ]

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
            from_device=device_name(_text(send, "send_device")),
            to_device=device_name(_text(send, "recv_device")),
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
            size = graph_facts.tensor_bytes(tensor)
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
                    actual=device_name(actual),
                    file=line.file,
                    line=line.line,
                    no_such_device=missing,
                )


_MAX_NESTING: Final = 20
_CALLS: Final = frozenset(
    {"PartitionedCall", "StatefulPartitionedCall", "While", "StatelessWhile", "If", "StatelessIf", "Case", "StatelessCase"}
)


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


_LOCAL: Final = re.compile(r"^/job:localhost(?:/replica:\d+)?(?:/task:\d+)?(?=/device:)")


@functools.lru_cache(maxsize=1024)
def device_name(device: str) -> str:
    """Returns a device's name without the parts that only say that it is this process's."""
    return _LOCAL.sub("", device)
