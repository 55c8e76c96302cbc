"""What one event file holds so far: tables and call columns that grow chunk by chunk, with the file's own ids and times."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.log import (
    bounds,
    call_columns,
    comparison_table,
    comparisons,
    convert,
    error_table,
    function_table,
    graphs,
    growing_columns,
    keras_table,
    process_table,
    sample_columns,
    samples,
    state_table,
    trace_table,
)
from tfmodetrace.schema import codec, events_pb2, words

_ALL_FLAGS: Final = int(words.CallFlag.RAISED | words.CallFlag.SUSPENDABLE | words.CallFlag.SIGNATURE_NOT_RECORDED)
_REFERENCES: Final = ("function_id", "signature_id", "trace_id", "thread_id")
_LARGEST_ID: Final = int(np.iinfo(np.int32).max)
_LARGEST_DEPTH: Final = int(np.iinfo(np.uint16).max)
_MOST_BYTES: Final = 1 << 60
_POSSIBLE: Final[Mapping[str, tuple[int, int]]] = {
    "start_ns": (1 - convert.MAX_TIME_NS, convert.MAX_TIME_NS - 1),
    "duration_ns": (0, convert.MAX_TIME_NS - 1),
    "call_id": (0, call_columns.MAX_CALL_ID),
    "parent_id": (-1, int(np.iinfo(np.int64).max)),
    **dict.fromkeys(_REFERENCES, (-1, _LARGEST_ID)),
    "mode": (0, len(words.MODES) - 1),
    "flags": (0, _ALL_FLAGS),
    "depth": (0, _LARGEST_DEPTH),
}
"""From where to where the columns of calls reach that can be taken as they are, both inclusive."""

_FREE_ROWS: Final = 1 << 20
_ROWS_PER_BYTE: Final = 4
"""A file may hold a million rows whatever its size, and four for every compressed byte, which is several times what the most regular
recording takes. More is a bomb: what a file can make the reader allocate is bounded by 55 MB and 220 times its size."""


class Content:
    """One event file's facts. Grows by :meth:`add`; nothing that was handed out before changes.

    Attributes:
        bounds: What there was no room for.
        chunks: How many chunks were added.
        session_start: How the session began; ``None`` if that is lost.
        session_end: How it ended; ``None`` if it did not, or that is lost.
        dropped: Calls the process says it lost.
        internal_faults: Faults the process says it had.
        invalid_calls: Calls that were left out because their values are impossible.
        damaged_batches: Why batches of calls could not be read.
        threads: By the file's ids, as all tables here.
        functions: See ``threads``.
        signatures: See ``threads``.
        traces: See ``threads``.
        errors: See ``threads``.
        devices: See ``threads``.
        last_written_unix_ns: When the last chunk was written, in nanoseconds since 1970; None if that is not known.
        host_memory: When the process had how many bytes of memory: (time_ns, resident_bytes).
        clock: What its wall clock said when: (time_ns, unix_ns).
        logical_devices: All devices of the process; none if that is not known.
        sampled_definitions: See ``threads``.
        sampled_places: See ``threads``.
        state_changes: Values that graphs go on with although the program has changed them.
        called_bodies: Functions that bodies call while graphs are made.
        keras_calls: See ``threads``.
        comparisons: Functions that were run in several modes and measured.
        left_alone: Functions that AutoGraph could not convert.
    """

    def __init__(self, run: str) -> None:
        self._run = run
        self.bounds = bounds.Bounds()
        self.chunks = 0
        self.session_start: events_pb2.SessionStart | None = None
        self.session_end: events_pb2.SessionEnd | None = None
        self.last_written_unix_ns: int | None = None
        self.dropped = 0
        self.internal_faults = 0
        self.invalid_calls = 0
        self.damaged_batches: list[str] = []
        self.threads: dict[int, process_table.Thread] = {}
        self.functions: dict[int, function_table.Function] = {}
        self.signatures: dict[int, function_table.Signature] = {}
        self.traces: dict[int, trace_table.Trace] = {}
        self.errors: dict[int, error_table.Error] = {}
        self.devices: dict[int, process_table.Device] = {}
        self.host_memory: list[tuple[int, int]] = []
        self.clock: list[tuple[int, int]] = []
        self.logical_devices: tuple[str, ...] = ()
        self.sampled_definitions: dict[int, samples.Definition] = {}
        self.sampled_places: dict[int, samples.Place] = {}
        self._samples: list[dict[str, npt.NDArray[np.int64]]] = []
        self.state_changes: list[state_table.StateChange] = []
        self.called_bodies: list[function_table.CalledBody] = []
        self._first_bodies: dict[tuple[str, int, str], function_table.CalledBody] = {}
        self._counted_calls: dict[tuple[int, int, int], sample_columns.CountedCalls] = {}
        self.keras_calls: dict[int, keras_table.KerasCall] = {}
        self.comparisons: list[comparison_table.Comparison] = []
        self.left_alone: list[state_table.LeftAlone] = []
        self._call_devices: dict[tuple[int, str, tuple[str, ...], tuple[str, ...]], sample_columns.CallDevices] = {}
        self._definitions: dict[int, function_table.Function] = {}
        self._graphs: dict[int, graphs.Graph] = {}
        self._memory: list[dict[str, npt.NDArray[np.int64]]] = []
        self._sequences: set[int] = set()
        self._file_bytes = 0
        self._payload_bytes = 0
        self._claimed_rows = 0
        self._calls = growing_columns.GrowingColumns()

    def expect(self, file_bytes: int) -> None:
        """Prepares for what a file of this size may hold."""
        self._file_bytes = file_bytes

    def add(self, chunk: events_pb2.Chunk, written_s: float = 0.0) -> None:
        """Adds what a chunk holds, unless it was there before. Of two rows with one id the first stays.

        Args:
            chunk: The chunk.
            written_s: When it was written, in seconds since 1970; 0 if that is not known.
        """
        if chunk.sequence in self._sequences:
            return
        self._sequences.add(chunk.sequence)
        self.chunks += 1
        if 0 < written_s < convert.MAX_TIME_NS / 1e9:
            self.last_written_unix_ns = max(self.last_written_unix_ns or 0, int(written_s * 1e9))
        if chunk.HasField("session_start") and self.session_start is None:
            self.session_start = chunk.session_start
        for thread in chunk.threads:
            self.threads.setdefault(thread.thread_id, convert.thread(thread))
        for function in chunk.functions:
            if self.bounds.takes("functions"):
                self._add_function(function)
        for signature in chunk.signatures:
            if self.bounds.takes_signature(signature.arguments):
                self.signatures.setdefault(signature.signature_id, convert.signature(signature, self._run))
        for graph in chunk.graphs:
            self._graphs.setdefault(graph.graph_id + 1, graphs.graph(graph))
        for trace in chunk.traces:
            if self.bounds.takes("traces"):
                has_key = trace.HasField("key") and self.bounds.takes_key(trace.key.arguments)
                converted = convert.trace(trace, self._run, self._graphs.get(trace.graph_number), with_key=has_key)
                self.traces.setdefault(trace.trace_id, converted)
        for placement in chunk.placements:
            placed = self.traces.get(placement.trace_id)
            # One without devices is of a recorder that took a graph which was not yet placed.
            if placed is not None and placed.placement is None and placement.devices:
                self.traces[placement.trace_id] = dataclasses.replace(placed, placement=graphs.placement(placement))
        for error in chunk.errors:
            if self.bounds.takes("errors"):
                self.errors.setdefault(error.error_id, convert.error(error, self._run))
        for device in chunk.devices:
            self.devices.setdefault(device.device_id, process_table.Device(device_id=device.device_id, process=0, name=device.name))
        for batch in chunk.calls:
            self._add_calls(batch)
        for memory_batch in chunk.memory:
            self._add_memory(memory_batch)
        for definition in chunk.sampled_definitions:
            self.sampled_definitions.setdefault(definition.definition_id, convert.sampled_definition(definition))
        for message in chunk.sampled_places:
            self._add_place(message)
        for sample_batch in chunk.samples:
            self._add_samples(sample_batch)
        for counted in chunk.call_devices:
            self._add_call_devices(counted)
        for without_row in chunk.counted_calls:
            self._add_counted_calls(without_row)
        self.state_changes.extend(map(convert.state_change, chunk.state_changes))
        for called in chunk.called_bodies:
            body = convert.called_body(called, self._first_bodies.get((called.file, called.line, called.qualname)))
            self._first_bodies.setdefault((body.file, body.line, body.qualname), body)
            self.called_bodies.append(body)
        for totals in chunk.keras_calls:
            known = self.keras_calls.get(totals.keras_call_id)
            if known is None or known.duration_ns <= totals.duration_ns:
                self.keras_calls[totals.keras_call_id] = convert.keras_call(totals)
        self.comparisons.extend(comparisons.comparison(message, self._run) for message in chunk.comparisons)
        self.left_alone.extend(map(convert.left_alone, chunk.left_alone))
        self.logical_devices = self.logical_devices or tuple(chunk.logical_devices)
        if chunk.HasField("host_memory"):
            self._add_host_memory(chunk.host_memory)
        if chunk.HasField("clock"):
            self._add_clock(chunk.clock)
        if chunk.HasField("session_end"):
            self.session_end = chunk.session_end
        # Cumulative, so the last chunk knows best; a lost one in between does not matter.
        self.dropped = max(self.dropped, chunk.dropped_calls)
        self.internal_faults = max(self.internal_faults, chunk.internal_faults)

    @property
    def lost_chunks(self) -> int:
        """How many chunks are missing before the last."""
        return max(self._sequences, default=-1) + 1 - len(self._sequences)

    def calls(self) -> dict[str, npt.NDArray[Any]]:
        """Returns the columns so far, in the dtypes of ``call_columns.CALL_DTYPES``, without ``process`` and ``run``."""
        return self._calls.columns()

    def memory(self) -> list[dict[str, npt.NDArray[np.int64]]]:
        """Returns what calls found in device memory, batch by batch, in int64 columns without ``process``."""
        return list(self._memory)

    def _add_function(self, message: events_pb2.Function) -> None:
        function = convert.function(message, self._run, self._definitions.get(message.definition_id))
        self._definitions.setdefault(message.definition_id, function)
        self.functions.setdefault(message.function_id, function)

    def _add_calls(self, batch: events_pb2.CallBatch) -> None:
        try:
            self._check_size(batch)
            packed = codec.unpack_calls(batch)
        except codec.CodecError as error:
            self.damaged_batches.append(str(error))
            return
        if all(least <= packed[name].least and packed[name].most <= most for name, (least, most) in _POSSIBLE.items()):
            self._calls.append(packed, batch.rows, self._times_as_much)
        else:
            self._add_some({name: column.values() for name, column in packed.items()})

    @property
    def _times_as_much(self) -> float:
        """How many times as many calls the whole file may hold as were read by now, judged by their bytes, and at most what is let in."""
        most_rows = _FREE_ROWS + _ROWS_PER_BYTE * self._file_bytes
        return min(self._file_bytes / max(1, self._payload_bytes), most_rows / max(1, self._claimed_rows))

    def _add_some(self, columns: dict[str, npt.NDArray[np.int64]]) -> None:
        """Adds those calls of a batch that are possible."""
        start, duration, call_id, mode = columns["start_ns"], columns["duration_ns"], columns["call_id"], columns["mode"]
        possible = (
            (start > -convert.MAX_TIME_NS)
            & (start < convert.MAX_TIME_NS)
            & (duration >= 0)
            & (duration < convert.MAX_TIME_NS)
            & (call_id >= 0)
            & (call_id <= call_columns.MAX_CALL_ID)
            & (mode >= 0)
            & (mode < len(words.MODES))
        )
        if not possible.all():
            self.invalid_calls += int(len(possible) - np.count_nonzero(possible))
            columns = {name: column[possible] for name, column in columns.items()}
        for name in _REFERENCES:
            column = columns[name]
            columns[name] = np.where((column < 0) | (column > _LARGEST_ID), -1, column)
        columns["parent_id"] = np.where(columns["parent_id"] < 0, -1, columns["parent_id"])
        # A newer minor version may know more flags; ours are the lowest bits.
        columns["flags"] = columns["flags"] & _ALL_FLAGS
        columns["depth"] = np.clip(columns["depth"], 0, _LARGEST_DEPTH)
        rows = len(columns["start_ns"])
        self._calls.append({name: codec.PlainColumn(column) for name, column in columns.items() if rows}, rows, self._times_as_much)

    def _add_memory(self, batch: events_pb2.MemoryBatch) -> None:
        try:
            self._check_size(batch)
            columns = codec.decode_memory(batch)
        except codec.CodecError as error:
            self.damaged_batches.append(str(error))
            return
        possible = (
            (columns["call_id"] >= 0) & (columns["call_id"] <= call_columns.MAX_CALL_ID) & np.isin(columns["device_id"], list(self.devices))
        )
        for name in ("before_bytes", "after_bytes"):
            possible &= (columns[name] >= 0) & (columns[name] <= _MOST_BYTES)
        possible &= (columns["peak_bytes"] >= -1) & (columns["peak_bytes"] <= _MOST_BYTES)
        self.invalid_calls += int(np.count_nonzero(~possible))
        self._memory.append({name: column[possible] for name, column in columns.items()})

    def samples(self) -> list[dict[str, npt.NDArray[np.int64]]]:
        """Returns where threads were, batch by batch, in int64 columns named as in ``samples.DTYPES``, without ``process``."""
        return list(self._samples)

    def _add_place(self, message: events_pb2.SampledPlace) -> None:
        place = convert.sampled_place(message)
        known = {None, *self.sampled_definitions}
        if place is not None and known.issuperset((place.definition_id, place.caller_id, place.outer_id)):
            self.sampled_places.setdefault(place.place_id, place)

    def _add_samples(self, batch: events_pb2.SampleBatch) -> None:
        try:
            self._check_size(batch)
            columns = codec.decode_samples(batch)
        except codec.CodecError as error:
            self.damaged_batches.append(str(error))
            return
        time_ns, call_id = columns["start_ns"], columns["call_id"]
        # What names no place that is known tells nothing: it is lost with its chunk, or of a newer version.
        possible = (time_ns > -convert.MAX_TIME_NS) & (time_ns < convert.MAX_TIME_NS) & (call_id <= call_columns.MAX_CALL_ID)
        possible &= np.isin(columns["place_id"], list(self.sampled_places))
        kept = {name: column[possible] for name, column in columns.items()}
        self._samples.append(
            {
                "time_ns": kept["start_ns"],
                "thread_id": np.where((kept["thread_id"] < 0) | (kept["thread_id"] > _LARGEST_ID), -1, kept["thread_id"]),
                "call_id": np.maximum(kept["call_id"], -1),
                "place_id": kept["place_id"],
            }
        )

    def call_devices(self) -> list[sample_columns.CallDevices]:
        """Returns on which devices calls found their tensors, where the process has several."""
        return list(self._call_devices.values())

    def _add_call_devices(self, message: events_pb2.CallDevices) -> None:
        mode = words.MODES[message.mode] if message.mode < len(words.MODES) else "unknown"
        key = message.function_id, mode, tuple(message.inputs), tuple(message.outputs)
        known = self._call_devices.get(key)
        if known is None or known.calls < message.calls:  # totals, so the largest is the last
            self._call_devices[key] = sample_columns.CallDevices(
                function_id=key[0], mode=mode, inputs=key[2], outputs=key[3], calls=message.calls, bytes_elsewhere=message.bytes_elsewhere
            )

    def counted_calls(self) -> list[sample_columns.CountedCalls]:
        """Returns what is known of calls that have no row."""
        return list(self._counted_calls.values())

    def _add_counted_calls(self, message: events_pb2.CountedCalls) -> None:
        key = message.function_id, message.mode, message.thread_id
        known = self._counted_calls.get(key)
        possible = message.mode < len(words.MODES) and 0 <= message.outermost_ns <= message.duration_ns
        if possible and (known is None or known.calls < message.calls):  # totals, so the largest is the last
            self._counted_calls[key] = sample_columns.CountedCalls(
                function_id=key[0],
                mode=key[1],
                thread_id=key[2],
                calls=message.calls,
                duration_ns=message.duration_ns,
                outermost_ns=message.outermost_ns,
            )

    def _add_host_memory(self, message: events_pb2.HostMemory) -> None:
        if abs(message.time_ns) < convert.MAX_TIME_NS and message.resident_bytes <= _MOST_BYTES:
            self.host_memory.append((message.time_ns, message.resident_bytes))

    def _add_clock(self, message: events_pb2.ClockReading) -> None:
        if abs(message.time_ns) < convert.MAX_TIME_NS and 0 < message.unix_ns < convert.MAX_TIME_NS:
            self.clock.append((message.time_ns, message.unix_ns))

    def _check_size(self, batch: events_pb2.CallBatch | events_pb2.MemoryBatch | events_pb2.SampleBatch) -> None:
        self._payload_bytes += len(batch.payload)
        self._claimed_rows += batch.rows
        if self._claimed_rows > _FREE_ROWS + _ROWS_PER_BYTE * self._payload_bytes:
            raise codec.CodecError(f"{self._payload_bytes} bytes cannot hold the {self._claimed_rows} rows they claim")
