"""Which collected graphs are those of our traces, whose placement :mod:`placed_graphs` reads off them.

TensorFlow places the ops of a concrete function when it is executed for the first time, and tells of it only while it collects graphs. So
collecting begins with a trace and ends once its graph was seen. All else is the writer thread's: it takes what was collected, finds the
traces that graphs belong to, and has devices and transfers read off them.

A collected graph does not say whose it is. It has the very ops of the concrete function, with their names, and the types of its inputs;
where two traces agree in all of that, TensorFlow places them alike.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tfmodetrace.recorder.calls import states, tensor_facts
from tfmodetrace.recorder.tf import concrete_functions, graph_collection, tensors
from tfmodetrace.recorder.traces import op_lines, placed_graphs
from tfmodetrace.schema import events_pb2

MAX_CONSTANT_BYTES: Final = 1 << 20
"""With more bytes in its constants a graph is not collected: TensorFlow would copy them four times."""

_MAX_PENDING: Final = 256
_WAIT_SECS: Final = 20.0
"""How long the execution of a trace is waited for that no call has caused."""

_ENDS: Final = frozenset({"_Arg", "_DeviceArg", "_Retval", "_DeviceRetval"})


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

    def __init__(self, trace_id: int, graph: Any, body: op_lines.TracedBody, call: states.OpenCall | None) -> None:
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

    def __init__(self, session: states.Recording, lines: op_lines.OpLines) -> None:
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
        call: states.OpenCall | None,
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
        devices = {tensor_facts.device_name(tensor.device) for tensor in tensors.eager_tensors(result)}
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
        read = placed_graphs.placement_of
        self._session.definitions.add_placements(
            [read(pending.trace_id, pending.graph(), pending.body, graphs, self._lines) for pending, graphs in found]
        )


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
