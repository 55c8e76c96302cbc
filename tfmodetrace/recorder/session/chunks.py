"""Chunks: what waits in a session, as one message for its event file."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.recorder.calls import calls as calls_module
from tfmodetrace.recorder.calls import memory, samplers, threads
from tfmodetrace.recorder.session import definitions, process_facts
from tfmodetrace.recorder.stacks import sampler
from tfmodetrace.recorder.support import faults
from tfmodetrace.schema import codec, events_pb2, words

_MAX_ROWS_PER_BATCH: Final = 1 << 16

_ALWAYS_THERE: Final = frozenset(
    {"schema_major", "schema_minor", "sequence", "dropped_calls", "internal_faults", "host_memory", "counted_calls", "clock"}
)
"""Fields of a chunk that are no reason to write one."""


class Chunks:
    """Makes the chunks of one session, in their order.

    Args:
        anchor_ns: ``time.perf_counter_ns()`` at the session's start; times in the file count from it.
        describe: Describes the session as it begins.
        threads: Whose rows wait.
        samplers: What knows of devices.
        definitions: What was numbered and waits.
        sampler: Whose samples wait.
        find_placements: Adds the placements of traces, as far as they can be told by now, to the definitions.
        faults: What goes wrong.
    """

    def __init__(
        self,
        anchor_ns: int,
        describe: Callable[[], events_pb2.SessionStart],
        threads: threads.Threads,
        samplers: samplers.Samplers,
        definitions: definitions.Definitions,
        sampler: sampler.Sampler,
        find_placements: Callable[[], None],
        faults: faults.Faults,
    ) -> None:
        self._anchor_ns = anchor_ns
        self._threads = threads
        self._samplers = samplers
        self._definitions = definitions
        self._sampler = sampler
        self._find_placements = find_placements
        self._faults = faults
        self._describe = describe
        self._sequence = 0
        self._children_cpu_ns = process_facts.children_cpu_ns()

    def first(self) -> events_pb2.Chunk:
        """Makes the chunk that the file begins with."""
        chunk = self._new()
        self._sequence += 1
        chunk.session_start.CopyFrom(self._describe())
        self._sample_host_memory(chunk)
        return chunk

    def take(self, *, end: bool) -> events_pb2.Chunk | None:
        """Takes everything that waits.

        Args:
            end: Whether it is the last chunk.

        Returns:
            The chunk, or None if nothing waits and it is not the last.
        """
        chunk = self._new()
        # Rows first: a definition is queued before the first row that needs it, so every row taken now has its definition in this chunk or
        # an earlier one.
        memory_rows = self._threads.take_memory_rows()
        self._samplers.take_memory_devices(chunk)
        self._sample_host_memory(chunk)
        self._take_samples(chunk)
        taken = self._threads.take_rows()
        self._take_definitions(chunk)
        for begin in range(0, len(memory_rows), _MAX_ROWS_PER_BATCH):
            try:
                chunk.memory.append(_memory_batch(memory_rows[begin : begin + _MAX_ROWS_PER_BATCH]))
            except Exception as error:
                self._faults.add("device memory could not be encoded", error)
        for thread_id, rows in taken:
            for begin in range(0, len(rows), _MAX_ROWS_PER_BATCH):
                part = rows[begin : begin + _MAX_ROWS_PER_BATCH]
                try:
                    chunk.calls.append(_batch(part, thread_id, self._anchor_ns))
                except Exception as error:
                    self._threads.lose(len(part), _counted(_table(part, thread_id, self._anchor_ns)))
                    self._faults.add("calls could not be encoded", error)
        self._count(chunk, end=end)
        if end or any(field.name not in _ALWAYS_THERE for field, _ in chunk.ListFields()):
            self._sequence += 1
            return chunk
        return None

    def counts(self, *, end: bool) -> events_pb2.Chunk:
        """Makes a chunk that says how much was recorded and dropped, and nothing else."""
        chunk = self._new()
        self._count(chunk, end=end)
        return chunk

    def drop(self, chunk: events_pb2.Chunk | None) -> None:
        """Counts the calls of a chunk that is not going to be written."""
        if chunk is not None:
            for batch in chunk.calls:
                self._threads.lose(batch.rows, _counted(codec.decode_calls(batch)))

    def dropped_calls(self) -> int:
        """Calls that were not kept so far."""
        return self._threads.dropped_calls()

    def waiting_definitions(self) -> int:
        """How many functions, signatures, traces, errors and threads wait."""
        return self._definitions.waiting()

    def _take_definitions(self, chunk: events_pb2.Chunk) -> None:
        try:
            self._find_placements()
        except Exception as error:
            self._faults.add("placements could not be read", error)
        self._samplers.take_devices(chunk)
        self._definitions.move_to(chunk)

    def _take_samples(self, chunk: events_pb2.Chunk) -> None:
        try:
            self._sampler.move_to(chunk)
        except Exception as error:
            self._faults.add("samples could not be encoded", error)

    def _sample_host_memory(self, chunk: events_pb2.Chunk) -> None:
        resident = memory.resident_bytes()
        if resident is not None:
            chunk.host_memory.time_ns = time.perf_counter_ns() - self._anchor_ns
            chunk.host_memory.resident_bytes = resident

    def _count(self, chunk: events_pb2.Chunk, *, end: bool) -> None:
        chunk.dropped_calls = self._threads.dropped_calls()
        chunk.internal_faults = self._faults.count
        for (function_id, mode, thread_id), (calls, duration_ns, outermost_ns) in self._threads.counted_calls().items():
            chunk.counted_calls.add(
                function_id=function_id, mode=mode, thread_id=thread_id, calls=calls, duration_ns=duration_ns, outermost_ns=outermost_ns
            )
        if end:
            chunk.session_end.end_ns = time.perf_counter_ns() - self._anchor_ns
            chunk.session_end.calls = self._threads.recorded_calls
            children = process_facts.children_cpu_ns()
            if children is not None and self._children_cpu_ns is not None:
                chunk.session_end.children_cpu_ns = children - self._children_cpu_ns

    def _new(self) -> events_pb2.Chunk:
        chunk = events_pb2.Chunk(schema_major=words.SCHEMA_MAJOR, schema_minor=words.SCHEMA_MINOR, sequence=self._sequence)
        chunk.clock.time_ns, chunk.clock.unix_ns = time.perf_counter_ns() - self._anchor_ns, time.time_ns()
        return chunk


def _memory_batch(rows: list[bytes]) -> events_pb2.MemoryBatch:
    table = np.frombuffer(b"".join(rows), dtype=memory.ROW_DTYPE)
    return codec.encode_memory({name: table[name].astype(np.int64) for name in memory.ROW_DTYPE.names or ()})


def _batch(rows: list[bytes], thread_id: int, anchor_ns: int) -> events_pb2.CallBatch:
    return codec.encode_calls(_table(rows, thread_id, anchor_ns))


def _table(rows: list[bytes], thread_id: int, anchor_ns: int) -> dict[str, npt.NDArray[np.int64]]:
    table = np.frombuffer(b"".join(rows), dtype=calls_module.ROW_DTYPE)
    columns = {name: table[name].astype(np.int64) for name in calls_module.ROW_DTYPE.names or ()}
    columns["start_ns"] -= anchor_ns
    columns["thread_id"] = np.full(len(rows), thread_id, dtype=np.int64)
    return columns


def _counted(columns: Mapping[str, npt.NDArray[np.int64]]) -> dict[tuple[int, int, int], list[int]]:
    """Counts calls that are not going to be written, as ``threads.Threads.counted_calls`` tells them."""
    function_of = dict(zip(columns["call_id"].tolist(), columns["function_id"].tolist(), strict=True))
    counted: dict[tuple[int, int, int], list[int]] = {}
    names = ("function_id", "mode", "thread_id", "parent_id", "duration_ns")
    for function_id, mode, thread_id, parent_id, duration_ns in zip(*(columns[name].tolist() for name in names), strict=True):
        numbers = counted.setdefault((function_id, mode, thread_id), [0, 0, 0])
        numbers[0] += 1
        numbers[1] += duration_ns
        numbers[2] += 0 if function_of.get(parent_id) == function_id else duration_ns
    return counted
