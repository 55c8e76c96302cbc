"""What of a run becomes what in Perfetto.

Processes and threads are its processes and threads. Calls are slices on their thread, with the mode as category; what can be suspended, and
so overlaps, has tracks of its own below it. Traces are slices on a track below their thread, from which arrows go to the first calls that
ran what they made. Errors are instants, memory is counters.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.export import confidential as confidential_module
from tfmodetrace.export import nesting
from tfmodetrace.export.perfetto import packets
from tfmodetrace.insight import answers, timeline, uses
from tfmodetrace.log import call_columns, trace_table
from tfmodetrace.schema import words

ARROWS_PER_TRACE: Final = 8
"""Calls that an arrow goes to from each trace."""

_REGION: Final = len(words.MODES) + 1
_CATEGORIES: Final = (*words.MODES, "region")

_Rows = npt.NDArray[np.int64]


def write(told: answers.Answers, emit: Callable[[bytes], object], *, confidential: confidential_module.Confidential) -> None:
    """Writes a run.

    Args:
        told: The answers about it.
        emit: Takes the file piece by piece.
        confidential: What is kept back.
    """
    for piece in _Writer(told, confidential).pieces():
        emit(piece)


class _Writer:
    def __init__(self, told: answers.Answers, confidential: confidential_module.Confidential) -> None:
        self._told = told
        self._run = told.run
        self._confidential = confidential
        self._base_ns = told.run.start_unix_ns or 0
        self._sequences = itertools.count(packets.MAIN_SEQUENCE + 1)
        self._uuids = itertools.count(1)
        self._process_uuids = [next(self._uuids) for _ in told.run.processes]
        self._thread_uuids = [next(self._uuids) for _ in told.run.threads]
        self._uses = uses.first_uses(told.run, at_most=ARROWS_PER_TRACE)
        self._arrows = _arrows(self._uses)

    def pieces(self) -> Iterator[bytes]:
        yield packets.clocks(self._base_ns)
        yield from self._tracks()
        yield from self._calls()
        yield from self._traces()
        yield from self._errors()
        yield from self._memory()

    def _tracks(self) -> Iterator[bytes]:
        pids = _distinct([process.pid for process in self._run.processes])
        tids = _distinct([thread.native_id for thread in self._run.threads])
        for process, uuid, pid in zip(self._run.processes, self._process_uuids, pids, strict=True):
            said = [process.worker, f"{process.host or 'unknown host'}:{'?' if process.pid is None else process.pid}"]
            yield packets.process_track(uuid, pid=pid, name=" ".join(filter(None, said)))
        for thread, uuid, tid in zip(self._run.threads, self._thread_uuids, tids, strict=True):
            yield packets.thread_track(uuid, pid=pids[thread.process], tid=tid, name=thread.name)

    def _calls(self) -> Iterator[bytes]:
        calls = self._run.calls
        regions = np.array([function.kind == "region" for function in self._run.functions], dtype=bool)
        fields = self._fields_of_calls()
        suspendable = (calls.flags & int(words.CallFlag.SUSPENDABLE)) != 0
        for key, members in call_columns.rows_by_group(calls.thread_id.astype(np.int64) * 2 + suspendable):
            thread, overlapping = key // 2, bool(key % 2)
            # Call ids ascend in the order in which calls began, also where the clock stood still.
            rows = members[np.argsort(calls.call_id[members], kind="stable")]
            if not overlapping:
                yield from self._lane(self._thread_uuids[thread], rows, calls.depth[rows], regions, fields)
                continue
            packed = timeline.packed_rows(calls.start_ns[rows], calls.end_ns[rows])
            for _, apart in call_columns.rows_by_group(packed):
                uuid = next(self._uuids)
                yield packets.track(uuid, parent=self._thread_uuids[thread], name="generators and coroutines")
                yield from self._lane(uuid, rows[apart], np.zeros(len(apart), dtype=np.int64), regions, fields)

    def _lane(
        self, uuid: int, rows: _Rows, depth: npt.NDArray[np.integer], regions: npt.NDArray[np.bool_], fields: Mapping[int, bytes]
    ) -> Iterator[bytes]:
        """Writes calls that nest, given in the order in which they began."""
        calls, run = self._run.calls, self._run
        places, begins, times_ns = nesting.events(depth, calls.start_ns[rows], calls.end_ns[rows])
        used, names = np.unique(calls.function_id[rows], return_inverse=True)
        name, category = np.zeros(2 * len(rows), dtype=np.int64), np.zeros(2 * len(rows), dtype=np.int64)
        name[places.begins] = names + 1
        category[places.begins] = np.where(regions[calls.function_id[rows]], _REGION, calls.mode[rows].astype(np.int64) + 1)
        told = np.flatnonzero(np.isin(rows, np.fromiter(fields, np.int64))) if fields else ()
        sequence = next(self._sequences)
        yield packets.beginning(
            sequence,
            track=uuid,
            unix_ns=self._base_ns + int(times_ns[0]),
            names=[run.functions[number].name for number in used.tolist()],
            categories=_CATEGORIES,
        )
        yield from packets.slices(
            sequence,
            packets.Slices(
                since_last_ns=np.diff(times_ns, prepend=times_ns[0]),
                begins=begins,
                name=name,
                category=category,
                fields={int(places.begins[place]): fields[int(rows[place])] for place in told},
            ),
        )

    def _fields_of_calls(self) -> dict[int, bytes]:
        """What calls say that traced, raised, or ran first what a trace made, by row."""
        fields: dict[int, list[bytes]] = {}
        for trace, row in zip(self._run.traces, self._told.attribution.trace_rows.tolist(), strict=True):
            if row >= 0:
                reason = self._confidential.reason(self._told.reasons[trace.trace_id])
                fields.setdefault(row, []).append(packets.annotation(self._name(trace), reason))
        for error, row in zip(self._run.errors, self._told.attribution.error_rows.tolist(), strict=True):
            if row >= 0:
                fields.setdefault(row, []).append(packets.annotation("raised", error.type))
        for row, said in fields.items():
            said.insert(0, packets.annotation("call_id", int(self._run.calls.call_id[row])))
            signature = int(self._run.calls.signature_id[row])
            if signature >= 0:
                text = self._confidential.signature(self._run.signatures[signature].arguments)
                said.insert(1, packets.annotation("signature", text))
        for trace_id, rows in self._uses.items():
            for row, arrow in zip(rows.tolist(), self._arrows[trace_id], strict=True):
                fields.setdefault(row, []).append(packets.end_of_flow(arrow))
        return {row: b"".join(said) for row, said in fields.items()}

    def _traces(self) -> Iterator[bytes]:
        by_thread: dict[int, list[trace_table.Trace]] = {}
        for trace in self._run.traces:
            by_thread.setdefault(trace.thread_id, []).append(trace)
        for thread, traces in sorted(by_thread.items()):
            uuid = next(self._uuids)
            yield packets.track(uuid, parent=self._thread_uuids[thread], name="traces")
            open_until: list[int] = []
            # The outer one first, where two begin at once.
            for trace in sorted(traces, key=lambda trace: (trace.start_ns, -(trace.duration_ns or 0), trace.trace_id)):
                while open_until and open_until[-1] <= trace.start_ns:
                    yield self._event(packets.END, uuid, open_until.pop())
                end_ns = trace.start_ns + (trace.duration_ns or 0)
                kind = packets.INSTANT if trace.duration_ns is None else packets.BEGIN
                name = self._name(trace)
                yield self._event(kind, uuid, trace.start_ns, name=name, category="tracing", fields=self._fields_of_trace(trace))
                if kind == packets.BEGIN:
                    open_until.append(min([end_ns, *open_until[-1:]]))
            for end_ns in reversed(open_until):
                yield self._event(packets.END, uuid, end_ns)

    def _fields_of_trace(self, trace: trace_table.Trace) -> Iterator[bytes]:
        reason = self._told.reasons[trace.trace_id]
        yield packets.annotation("trace_id", trace.trace_id)
        yield packets.annotation("reason", self._confidential.reason(reason))
        yield packets.annotation("kinds", ", ".join(reason.kinds))
        signature = self._confidential.trace_signature(self._run, trace)
        if signature is not None:
            yield packets.annotation("signature", signature)
        if trace.graph is not None:
            yield packets.annotation("ops", trace.graph.ops)
        for arrow in self._arrows.get(trace.trace_id, ()):
            yield packets.flow(arrow)

    def _errors(self) -> Iterator[bytes]:
        for error, diagnosis in zip(self._run.errors, self._told.diagnoses, strict=True):
            message = self._confidential.sentence(error.message)
            said = [
                packets.annotation("function", self._run.functions[error.function_id].name),
                packets.annotation("mode", error.mode),
                packets.annotation("diagnosis", self._confidential.title(diagnosis.title, "diagnoses", diagnosis.id)),
            ]
            if message is not None:
                said.append(packets.annotation("message", message))
            track = self._thread_uuids[error.thread_id]
            yield self._event(packets.INSTANT, track, error.time_ns, name=error.type, category="error", fields=said)

    def _memory(self) -> Iterator[bytes]:
        run = self._run
        rows = run.calls.rows_of(run.memory.process, run.memory.call_id)
        for device in run.devices:
            of_device = np.flatnonzero((run.memory.device_id == device.device_id) & (rows >= 0))
            calls = rows[of_device]
            yield from self._counter(
                device.process,
                f"memory of {device.name}",
                np.concatenate([run.calls.start_ns[calls], run.calls.end_ns[calls]]),
                np.concatenate([run.memory.before_bytes[of_device], run.memory.after_bytes[of_device]]),
            )
        for process in run.processes:
            own = np.flatnonzero(run.host_memory.process == process.process)
            yield from self._counter(process.process, "resident memory", run.host_memory.time_ns[own], run.host_memory.resident_bytes[own])

    def _counter(self, process: int, name: str, times_ns: _Rows, values: _Rows) -> Iterator[bytes]:
        """Writes a counter, where it changes."""
        if not len(times_ns):
            return
        order = np.argsort(times_ns, kind="stable")
        times_ns, values = times_ns[order], np.maximum(values[order], 0)
        changed = np.flatnonzero(np.diff(values, prepend=-1))
        uuid, sequence = next(self._uuids), next(self._sequences)
        yield packets.counter_track(uuid, parent=self._process_uuids[process], name=name)
        yield packets.beginning(sequence, track=uuid, unix_ns=self._base_ns + int(times_ns[0]))
        yield from packets.counts(sequence, np.diff(times_ns[changed], prepend=times_ns[0]), values[changed])

    def _name(self, trace: trace_table.Trace) -> str:
        return f"trace {trace.ordinal} of {self._run.functions[trace.function_id].name}"

    def _event(self, kind: int, track: int, time_ns: int, *, name: str = "", category: str = "", fields: Iterable[bytes] = ()) -> bytes:
        return packets.event(kind, track=track, unix_ns=self._base_ns + time_ns, name=name, category=category, fields=fields)


def _arrows(used: Mapping[int, _Rows]) -> dict[int, range]:
    """Returns the number of every arrow, by trace id."""
    lasts = itertools.accumulate((len(rows) for rows in used.values()), initial=1)
    return {trace_id: range(*between) for trace_id, between in zip(used, itertools.pairwise(lasts), strict=True)}


def _distinct(numbers: Sequence[int | None]) -> list[int]:
    """Returns numbers that Perfetto can tell apart: those given where they are, others where two are the same or one is not known."""
    free = itertools.filterfalse(set(numbers).__contains__, itertools.count(1))
    seen: set[int] = set()
    found = []
    for number in numbers:
        known = number is not None and 0 < number < 1 << 31 and number not in seen
        found.append(number if known and number is not None else next(free))
        seen.add(found[-1])
    return found
