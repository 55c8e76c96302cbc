"""What a session numbers and writes once: threads, functions, signatures, graphs, traces, placements and errors."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable
from typing import Any, Final

from tfmodetrace.recorder.calls import functions, signatures
from tfmodetrace.recorder.support import sources
from tfmodetrace.schema import events_pb2, keys

MAX_LITERAL_SIGNATURES: Final = 256
"""Signatures of one function after which Python values are no longer told apart, only their types."""

MAX_SIGNATURE_KEYS: Final = 1 << 15
"""Keys of signatures that are remembered at most, all functions together (about 30 MB); a call with a further one has no signature."""


class Definitions:
    """The tables of one session.

    Args:
        anchor_ns: ``time.perf_counter_ns()`` at the session's start; times in the file count from it.

    Attributes:
        trace_count: Traces so far.
    """

    def __init__(self, anchor_ns: int) -> None:
        self._anchor_ns = anchor_ns
        # Re-entrant: while a table is filled, a garbage collection may run somebody's __del__, which may call a traced function.
        self._lock = threading.RLock()
        self._function_ids = itertools.count()
        self._signature_ids = itertools.count()
        self._signature_keys = 0
        self._error_ids = itertools.count()
        self._keras_call_ids = itertools.count()
        self._places: dict[tuple[str, int, str, int], tuple[int, int]] = {}
        self._waiting: dict[str, list[Any]] = {
            "threads": [],
            "functions": [],
            "signatures": [],
            "graphs": [],
            "traces": [],
            "placements": [],
            "errors": [],
            "state_changes": [],
            "called_bodies": [],
            "keras_calls": [],
            "comparisons": [],
            "left_alone": [],
        }
        self._body_sources: set[tuple[str, int]] = set()
        # What a graph is made of → its number. Traces of one function mostly agree in it.
        self._graph_numbers: dict[bytes, int] = {}
        self.trace_count = 0

    def add_thread(self, thread_id: int, thread: threading.Thread) -> None:
        """Keeps a thread for the writer."""
        message = events_pb2.Thread(thread_id=thread_id, name=thread.name, native_id=getattr(thread, "native_id", 0) or 0)
        with self._lock:
            self._waiting["threads"].append(message)

    def add_function(self, info: functions.FunctionInfo) -> None:
        """Gives a function its number and keeps it for the writer."""
        with self._lock:
            info.function_id = next(self._function_ids)
            place = (info.file, info.line, info.qualname, 0 if info.model is None else info.model.number)
            definition_id, instance = self._places.get(place, (len(self._places), 0))
            self._places[place] = (definition_id, instance + 1)
            self._waiting["functions"].append(info.to_proto(definition_id=definition_id, instance=instance))

    def intern_signature(self, info: functions.FunctionInfo, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
        """Finds or makes the number of a signature whose key was not met before; -1 when there are too many."""
        if self._signature_keys >= MAX_SIGNATURE_KEYS:
            return -1
        literals = info.tells_literals_apart
        node = events_pb2.Node()
        keys.to_proto(signatures.arguments_node(info.parameters, args, kwargs, literals=literals), node)
        canonical = node.SerializeToString(deterministic=True)
        with self._lock:
            signature_id = info.signature_nodes.get(canonical)
            if signature_id is None:
                signature_id = next(self._signature_ids)
                info.signature_nodes[canonical] = signature_id
                message = events_pb2.Signature(signature_id=signature_id, function_id=info.function_id)
                message.arguments.CopyFrom(node)
                self._waiting["signatures"].append(message)
                if len(info.signature_nodes) >= MAX_LITERAL_SIGNATURES:
                    info.tells_literals_apart = False
            self._signature_keys += 1
            info.signature_ids[key] = signature_id
        return signature_id

    def add_graph(self, graph: events_pb2.Graph) -> int:
        """Finds or makes the number, from 1, of what a graph is made of, and keeps it for the writer if there was none like it before."""
        content = hashlib.blake2b(graph.SerializeToString(deterministic=True), digest_size=16).digest()
        with self._lock:
            number = self._graph_numbers.get(content)
            if number is None:
                number = self._graph_numbers[content] = len(self._graph_numbers) + 1
                graph.graph_id = number - 1
                self._waiting["graphs"].append(graph)
            return number

    def add_trace(self, info: functions.FunctionInfo, trace: events_pb2.Trace, *, known_ordinal: int | None) -> None:
        """Numbers a finished trace and keeps it for the writer."""
        trace.start_ns -= self._anchor_ns
        with self._lock:
            info.traces += 1
            trace.ordinal = known_ordinal or info.traces
            trace.trace_id = self.trace_count
            self.trace_count += 1
            self._waiting["traces"].append(trace)

    def add_placements(self, placements: list[events_pb2.Placement]) -> None:
        """Keeps placements for the writer."""
        with self._lock:
            self._waiting["placements"].extend(placements)

    def add_state_change(self, change: events_pb2.StateChange) -> None:
        """Keeps for the writer what was seen of a value that a function's traces have read and the program has changed."""
        change.time_ns -= self._anchor_ns
        with self._lock:
            self._waiting["state_changes"].append(change)

    def number_keras_call(self) -> int:
        """Gives a call of Keras's fit, evaluate or predict its number."""
        return next(self._keras_call_ids)

    def add_keras_call(self, totals: events_pb2.KerasCall) -> None:
        """Keeps for the writer what a call of Keras's fit, evaluate or predict did so far."""
        totals.start_ns -= self._anchor_ns
        with self._lock:
            self._waiting["keras_calls"].append(totals)

    def add_comparison(self, comparison: events_pb2.Comparison) -> None:
        """Keeps for the writer what came of running a function in several modes."""
        comparison.time_ns -= self._anchor_ns
        with self._lock:
            self._waiting["comparisons"].append(comparison)

    def add_left_alone(self, left: events_pb2.LeftAlone) -> None:
        """Keeps for the writer what AutoGraph could not convert."""
        with self._lock:
            self._waiting["left_alone"].append(left)

    def add_called_body(self, body: events_pb2.CalledBody, source: Callable[[], sources.Source]) -> None:
        """Keeps for the writer a function that a body calls, with its source if there was none of its place before."""
        place = (body.file, body.line)
        text = sources.NONE if place in self._body_sources else source()
        body.source, body.source_truncated = text
        with self._lock:
            self._body_sources.add(place)
            self._waiting["called_bodies"].append(body)

    def add_error(self, error: events_pb2.Error) -> int:
        """Numbers an exception that left a call and keeps it for the writer; returns its number."""
        error.time_ns -= self._anchor_ns
        with self._lock:
            error.error_id = next(self._error_ids)
            self._waiting["errors"].append(error)
        return error.error_id

    def waiting(self) -> int:
        """How many functions, signatures, traces, errors and threads wait to be written."""
        with self._lock:
            return sum(map(len, self._waiting.values()))

    def move_to(self, chunk: events_pb2.Chunk) -> None:
        """Moves everything that waits into a chunk."""
        with self._lock:
            for name, waiting in self._waiting.items():
                getattr(chunk, name).extend(waiting)
                waiting.clear()

    def leave_to_parent(self) -> None:
        """After a fork: what waits is the parent's, and the lock may be held by a thread that is no more."""
        self._lock = threading.RLock()
        for waiting in self._waiting.values():
            waiting.clear()
