"""Which traces wait to be placed: :mod:`collected_graphs` tells whose a graph is, and :mod:`placed_graphs` reads the placement off it.

TensorFlow places the ops of a concrete function when it is executed for the first time, and tells of it only while it collects graphs. So
collecting begins with a trace and ends once its graph was seen. All else is the writer thread's: it takes what was collected, finds the
traces that graphs belong to, and has devices and transfers read off them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any, Final

from tfmodetrace.recorder.calls import states, tensor_facts
from tfmodetrace.recorder.tf import concrete_functions, graph_collection, tensors
from tfmodetrace.recorder.traces import collected_graphs, op_lines, placed_graphs
from tfmodetrace.schema import events_pb2

MAX_CONSTANT_BYTES: Final = 1 << 20
"""With more bytes in its constants a graph is not collected: TensorFlow would copy them four times."""

_MAX_PENDING: Final = 1024
_WAIT_SECS: Final = 20.0
"""How long the execution of a trace is waited for that no call has caused."""


class _Pending:
    """A trace that waits for its first execution. Holds nothing of the user's: a function that is made anew each time is gone by then."""

    def __init__(
        self,
        trace_id: int,
        outline: collected_graphs.Outline,
        ops: Mapping[str, placed_graphs.TracedOp],
        call: states.OpenCall | None,
    ) -> None:
        self.trace_id = trace_id
        self.outline = outline
        self.ops = ops
        self._call = call
        self._deadline_s = time.monotonic() + _WAIT_SECS

    def is_over(self) -> bool:
        """Whether it either was executed by now or is not going to be, as far as we can tell."""
        return time.monotonic() > self._deadline_s if self._call is None else not self._call.is_open


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
        self._pool = collected_graphs.Pool()  # the writer thread's alone

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
        self._pool = collected_graphs.Pool()
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
        graph = concrete_functions.graph_of(concrete_function)
        ops = placed_graphs.traced_ops(graph, body, self._lines)
        pending = _Pending(trace_id, collected_graphs.outline_of_graph(graph), ops, call)
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
        # Asked before what was executed is taken. Of traces alike, those whose calls have ended were executed.
        over = [pending for pending in waiting if pending.is_over()]
        waiting = over + [pending for pending in waiting if pending not in over]
        pool = self._pool
        pool.add(self._collection.take())
        placed = {pending.trace_id: parts for pending in waiting if (parts := pool.take_alone(pending.outline)) is not None}
        pool.merge()
        waiting = [pending for pending in waiting if pending.trace_id not in placed]
        placed.update({waiting[number].trace_id: parts for number, parts in pool.take_nearest([each.outline for each in waiting]).items()})
        gone = [pending for pending in over if pending.trace_id not in placed]
        with self._lock:
            done = [pending for pending in self._pending if pending.trace_id in placed]
            self._pending = [pending for pending in self._pending if pending not in done and pending not in gone]
            if not self._pending:
                self._collection.stop()
                self._pool = collected_graphs.Pool()
        read = placed_graphs.placement_of
        self._session.definitions.add_placements([read(pending.trace_id, pending.ops, placed[pending.trace_id]) for pending in done])
