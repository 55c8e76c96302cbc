"""Many processes → one run: ids become unique within the run, and times count from its earliest session."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tfmodetrace.log import (
    call_columns,
    comparison_table,
    content,
    convert,
    error_table,
    function_table,
    keras_table,
    process_table,
    sample_columns,
    samples,
    state_table,
    states,
    trace_table,
    tracelog,
)
from tfmodetrace.schema import codec, events_pb2, words

_Row = TypeVar("_Row", process_table.Thread, function_table.Function, function_table.Signature, trace_table.Trace, error_table.Error)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part:
    """One process's share of a run.

    Attributes:
        path: Its event file.
        name: The file's name, which orders processes that nothing else does.
        content: What the file holds.
        torn: Whether it ends in the middle of a record.
        warnings: What is wrong with it.
        state: One of those of ``states``.
    """

    path: str
    name: str
    content: content.Content
    torn: bool
    warnings: Sequence[str]
    state: words.RecordingState = states.COMPLETE


def build_run(name: str, *, revision: int, parts: Iterable[Part]) -> tracelog.Run:
    """Merges the processes of a run.

    A row that points to a function or thread that is not in its file (which damage can cause) is shown under one called "unknown"; a
    signature or trace that is not there counts as not recorded. Of a session that several files hold, the fullest is taken. All that is
    warned of.

    Args:
        name: The run's name.
        revision: See ``Run``.
        parts: One an event file, in any order.
    """
    ordered, copies = _without_copies(sorted(parts, key=_order))
    warnings = [sentence for part in ordered for sentence in part.warnings] + copies
    if len(ordered) > call_columns.MAX_PROCESSES:
        warnings.append(f"Of the {len(ordered)} processes of run {name}, only {call_columns.MAX_PROCESSES} are shown.")
        ordered = ordered[: call_columns.MAX_PROCESSES]
    starts = [start for part in ordered if (start := _start_unix_ns(part)) is not None]
    run_start = min(starts, default=None)
    merged = _Merged()
    for process, part in enumerate(ordered):
        start = _start_unix_ns(part)
        shift = start - run_start if start is not None and run_start is not None else 0
        merged.add(process, part, shift, start, warnings)
    return tracelog.Run(
        name=name,
        revision=revision,
        start_unix_ns=run_start,
        processes=tuple(merged.processes),
        threads=tuple(merged.threads),
        functions=tuple(merged.functions),
        signatures=tuple(merged.signatures),
        traces=tuple(merged.traces),
        errors=tuple(merged.errors),
        calls=merged.calls(),
        devices=tuple(merged.devices),
        memory=sample_columns.Memory.of(merged.memory),
        host_memory=sample_columns.HostMemory.of(merged.host_memory),
        call_devices=tuple(merged.call_devices),
        counted_calls=tuple(merged.counted_calls),
        samples=samples.Samples.of(merged.samples, merged.sampled_places, merged.sampled_definitions),
        state_changes=tuple(merged.state_changes),
        called_bodies=tuple(merged.called_bodies),
        keras_calls=tuple(merged.keras_calls),
        comparisons=tuple(merged.comparisons),
        left_alone=tuple(merged.left_alone),
        versions=_joined(process.versions for process in merged.processes),
        options=_joined(process.options for process in merged.processes),
        warnings=tuple(warnings),
    )


class _Merged:
    def __init__(self) -> None:
        self.processes: list[process_table.Process] = []
        self.threads: list[process_table.Thread] = []
        self.functions: list[function_table.Function] = []
        self.signatures: list[function_table.Signature] = []
        self.traces: list[trace_table.Trace] = []
        self.errors: list[error_table.Error] = []
        self.devices: list[process_table.Device] = []
        self.memory: list[dict[str, npt.NDArray[Any]]] = []
        self.host_memory: list[tuple[int, int, int]] = []
        self.call_devices: list[sample_columns.CallDevices] = []
        self.counted_calls: list[sample_columns.CountedCalls] = []
        self.samples: list[dict[str, npt.NDArray[Any]]] = []
        self.sampled_places: list[samples.Place] = []
        self.sampled_definitions: list[samples.Definition] = []
        self.state_changes: list[state_table.StateChange] = []
        self.called_bodies: list[function_table.CalledBody] = []
        self.keras_calls: list[keras_table.KerasCall] = []
        self.comparisons: list[comparison_table.Comparison] = []
        self.left_alone: list[state_table.LeftAlone] = []
        self._definitions = 0
        self._columns: list[dict[str, npt.NDArray[Any]]] = []

    def add(self, process: int, part: Part, shift: int, start_unix_ns: int | None, warnings: list[str]) -> None:
        found = part.content
        columns = found.calls()
        lost = _Lost()
        threads = _Numbers(found.threads, first=len(self.threads), lost=lost, unknown=True)
        functions = _Numbers(found.functions, first=len(self.functions), lost=lost, unknown=True)
        signatures = _Numbers(found.signatures, first=len(self.signatures), lost=lost)
        traces = _Numbers(found.traces, first=len(self.traces), lost=lost)
        errors = _Numbers(found.errors, first=len(self.errors), lost=lost)

        columns["thread_id"] = threads.column(columns["thread_id"])
        columns["function_id"] = functions.column(columns["function_id"])
        columns["signature_id"] = signatures.column(columns["signature_id"])
        columns["trace_id"] = traces.column(columns["trace_id"])
        if shift:
            columns["start_ns"] = columns["start_ns"] + shift
        columns["process"] = np.broadcast_to(np.int16(process), columns["start_ns"].shape)
        self._columns.append(columns)

        first_definition = self._definitions
        for function in _sorted(found.functions):
            definition = first_definition + function.definition_id
            self._definitions = max(self._definitions, definition + 1)
            number = functions.one(function.function_id)
            self.functions.append(_with(function, function_id=number, definition_id=definition, process=process))
        for signature in _sorted(found.signatures):
            self.signatures.append(
                _with(signature, signature_id=signatures.one(signature.signature_id), function_id=functions.one(signature.function_id))
            )
        for trace in _sorted(found.traces):
            self.traces.append(
                _with(
                    trace,
                    trace_id=traces.one(trace.trace_id),
                    function_id=functions.one(trace.function_id),
                    process=process,
                    thread_id=threads.one(trace.thread_id),
                    signature_id=signatures.optional(trace.signature_id),
                    start_ns=trace.start_ns + shift,
                )
            )
        for error in _sorted(found.errors):
            self.errors.append(
                _with(
                    error,
                    error_id=errors.one(error.error_id),
                    function_id=functions.one(error.function_id),
                    process=process,
                    thread_id=threads.one(error.thread_id),
                    time_ns=error.time_ns + shift,
                    first_error_id=errors.one(error.first_error_id if error.first_error_id in found.errors else error.error_id),
                )
            )
        devices = np.array(sorted(found.devices), dtype=np.int64)
        for sampled in found.memory():
            numbers = len(self.devices) + np.searchsorted(devices, sampled["device_id"])
            self.memory.append(sampled | {"device_id": numbers, "process": np.full(len(numbers), process)})
        self.devices.extend(
            dataclasses.replace(found.devices[local], device_id=len(self.devices) + place, process=process)
            for place, local in enumerate(devices.tolist())
        )
        self.call_devices.extend(
            dataclasses.replace(counted, function_id=functions.one(counted.function_id)) for counted in found.call_devices()
        )
        self.counted_calls.extend(
            dataclasses.replace(counted, function_id=functions.one(counted.function_id), thread_id=threads.one(counted.thread_id))
            for counted in found.counted_calls()
        )
        self.state_changes.extend(
            dataclasses.replace(change, function_id=functions.one(change.function_id), time_ns=change.time_ns + shift)
            for change in found.state_changes
        )
        self.called_bodies.extend(dataclasses.replace(body, function_id=functions.one(body.function_id)) for body in found.called_bodies)
        keras_calls = {number: len(self.keras_calls) + at for at, number in enumerate(sorted(found.keras_calls))}
        self.keras_calls.extend(
            dataclasses.replace(
                found.keras_calls[number],
                keras_call_id=renumbered,
                process=process,
                thread_id=threads.one(found.keras_calls[number].thread_id),
                start_ns=found.keras_calls[number].start_ns + shift,
                within=None if found.keras_calls[number].within is None else keras_calls.get(found.keras_calls[number].within or 0),
            )
            for number, renumbered in keras_calls.items()
        )
        self.comparisons.extend(
            dataclasses.replace(compared, process=process, time_ns=compared.time_ns + shift) for compared in found.comparisons
        )
        self.left_alone.extend(dataclasses.replace(left, function_id=functions.one(left.function_id)) for left in found.left_alone)
        self.host_memory.extend((process, time_ns + shift, resident_bytes) for time_ns, resident_bytes in found.host_memory)
        self._add_samples(found, process, shift, threads)
        for thread in _sorted(found.threads):
            self.threads.append(_with(thread, thread_id=threads.one(thread.thread_id), process=process))
        if functions.unknown_used:
            self.functions.append(self._unknown_function(functions.unknown_number, process))
        if threads.unknown_used:
            self.threads.append(process_table.Thread(thread_id=threads.unknown_number, process=process, name="unknown", native_id=None))
        if lost.rows:
            lost_text = f"{lost.rows} references point to what is not in the file or was left out"
            warnings.append(f"{part.path}: {lost_text}; they are shown as unknown or not recorded.")
        self.processes.append(_process(process, part, shift, start_unix_ns))

    def _add_samples(self, found: content.Content, process: int, shift: int, threads: _Numbers) -> None:
        first = len(self.sampled_places)
        places = np.array(sorted(found.sampled_places), dtype=np.int64)
        definitions = {number: len(self.sampled_definitions) + at for at, number in enumerate(sorted(found.sampled_definitions))}
        for sampled in found.samples():
            own = sampled["thread_id"].astype(np.int32)
            known = own >= 0
            own[known] = threads.column(own[known])
            self.samples.append(
                {
                    "process": np.full(len(own), process),
                    "time_ns": sampled["time_ns"] + shift,
                    "thread_id": own,
                    "call_id": sampled["call_id"],
                    "place_id": first + np.searchsorted(places, sampled["place_id"]),
                }
            )
        self.sampled_places.extend(
            dataclasses.replace(
                place,
                place_id=first + at,
                definition_id=None if place.definition_id is None else definitions[place.definition_id],
                caller_id=None if place.caller_id is None else definitions[place.caller_id],
                outer_id=None if place.outer_id is None else definitions[place.outer_id],
            )
            for at, (_, place) in enumerate(sorted(found.sampled_places.items()))
        )
        self.sampled_definitions.extend(
            dataclasses.replace(found.sampled_definitions[number], definition_id=renumbered, process=process)
            for number, renumbered in definitions.items()
        )

    def calls(self) -> call_columns.Calls:
        if not self._columns:
            return call_columns.Calls.empty()
        if len(self._columns) == 1:
            return call_columns.Calls.of(self._columns[0])
        names = (*codec.COLUMN_NAMES, "process")
        return call_columns.Calls.of({name: np.concatenate([columns[name] for columns in self._columns]) for name in names})

    def _unknown_function(self, number: int, process: int) -> function_table.Function:
        definition = self._definitions
        self._definitions += 1
        return function_table.Function(
            function_id=number,
            name="unknown",
            qualname="",
            module="",
            file="",
            line=0,
            kind="function",
            process=process,
            definition_id=definition,
            instance=0,
        )


@dataclasses.dataclass
class _Lost:
    rows: int = 0


class _Numbers:
    """From the ids of one file to the ids of the run: in order, without gaps."""

    def __init__(self, table: Mapping[int, object], *, first: int, lost: _Lost, unknown: bool = False) -> None:
        self._ids = np.array(sorted(table), dtype=np.int64)
        self._first = first
        self._lost = lost
        self._has_unknown = unknown
        self._dense = len(self._ids) == 0 or int(self._ids[-1]) == len(self._ids) - 1
        self._numbers = {int(local): first + place for place, local in enumerate(self._ids)}
        self.unknown_number = first + len(self._ids)
        self.unknown_used = False

    def one(self, local: int) -> int:
        number = self._numbers.get(local)
        if number is not None:
            return number
        self._lost.rows += 1
        self.unknown_used = True
        return self.unknown_number

    def optional(self, local: int | None) -> int | None:
        if local is None:
            return None
        number = self._numbers.get(local)
        if number is None:
            self._lost.rows += 1
        return number

    def column(self, locals_: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Returns the new numbers; what is not in the table becomes the unknown number, or -1 where there is none."""
        if len(locals_) == 0:
            return locals_
        missing: npt.NDArray[np.bool_] | None = None
        if self._dense:
            least, most = int(locals_.min()), int(locals_.max())
            if self._first == 0 and least == -1 and most < len(self._ids) and not self._has_unknown:
                return locals_  # as in most recordings: no copy of what may be ten million numbers
            if least < 0 or most >= len(self._ids):
                missing = (locals_ < 0) | (locals_ >= len(self._ids))
            numbers = locals_ if self._first == 0 else locals_ + np.int32(self._first)
        else:
            places = np.minimum(np.searchsorted(self._ids, locals_), len(self._ids) - 1)
            missing = self._ids[places] != locals_
            numbers = (places + self._first).astype(np.int32)
        if missing is None:
            return numbers
        # -1 is how "none" is written where none is allowed; it is a lost reference only where something must be there.
        self._lost.rows += int(np.count_nonzero(missing if self._has_unknown else missing & (locals_ != -1)))
        self.unknown_used = self.unknown_used or bool(missing.any())
        return np.where(missing, np.int32(self.unknown_number if self._has_unknown else -1), numbers).astype(np.int32)


def _without_copies(parts: Iterable[Part]) -> tuple[list[Part], list[str]]:
    """Leaves out files that hold the session of another, fuller one; returns a sentence for each of them."""
    by_session: dict[object, list[Part]] = {}
    for part in parts:
        start = part.content.session_start
        session: object = part.path
        if start is not None and start.session_id:
            session = start.session_id, start.host, start.pid, start.start_unix_ns
        by_session.setdefault(session, []).append(part)
    kept, copies = [], []
    for same in by_session.values():
        fullest = max(same, key=lambda part: part.content.chunks)
        kept.append(fullest)
        copies += [
            f"{part.path} holds the session of {fullest.path}, too: it is a copy and counts only once."
            for part in same
            if part is not fullest
        ]
    return kept, copies


def _with(row: _Row, **changes: Any) -> _Row:
    # A run of one process needs no changes, and tables can be long.
    if all(getattr(row, name) == value for name, value in changes.items()):
        return row
    return dataclasses.replace(row, **changes)


def _sorted(table: Mapping[int, _Row]) -> list[_Row]:
    return [table[local] for local in sorted(table)]


def _start_unix_ns(part: Part) -> int | None:
    session = part.content.session_start
    # Before 1970 or after 2043: damage.
    if session is None or not 0 < session.start_unix_ns < convert.MAX_TIME_NS:
        return None
    return session.start_unix_ns


def _order(part: Part) -> tuple[bool, int, int, str]:
    start = _start_unix_ns(part)
    session = part.content.session_start
    return (start is None, start or 0, session.pid if session is not None else 0, part.name)


def _process(process: int, part: Part, shift: int, start_unix_ns: int | None) -> process_table.Process:
    session, end = part.content.session_start, part.content.session_end
    return process_table.Process(
        process=process,
        session_id=session.session_id if session is not None else "",
        host=session.host if session is not None else None,
        pid=session.pid if session is not None else None,
        worker=(session.worker or None) if session is not None else None,
        start_unix_ns=start_unix_ns,
        start_ns=shift,
        end_ns=convert.time_ns(end.end_ns) + shift if end is not None else None,
        complete=end is not None,
        state=part.state,
        last_written_unix_ns=part.content.last_written_unix_ns,
        torn=part.torn,
        may_miss_ns=(session.flush_ns or None) if session is not None and part.state == states.STOPPED else None,
        dropped=part.content.dropped,
        counted=min(part.content.dropped, sum(counted.calls for counted in part.content.counted_calls())),
        internal_faults=part.content.internal_faults,
        versions=dict(session.versions) if session is not None else {},
        options=dict(session.options) if session is not None else {},
        path=part.path,
        command=tuple(session.command) if session is not None else (),
        working_directory=session.working_directory if session is not None else "",
        devices=part.content.logical_devices,
        task=_task(session),
        attempt=session.attempt_number - 1 if session is not None and session.attempt_number else None,
        process_space=session.process_space if session is not None else "",
        clock=tuple(sorted((time_ns + shift, unix_ns) for time_ns, unix_ns in part.content.clock)),
        children_cpu_ns=end.children_cpu_ns if end is not None and end.HasField("children_cpu_ns") else None,
    )


def _task(session: events_pb2.SessionStart | None) -> process_table.Task | None:
    if session is None:
        return None
    if session.HasField("task"):
        return process_table.Task(type=session.task.type, index=session.task.index, workers=session.task.workers or None)
    # Earlier versions have written the text only.
    kind, _, index = session.worker.rpartition(":")
    return process_table.Task(type=kind, index=int(index), workers=None) if kind and index.isascii() and index.isdigit() else None


def _joined(tables_: Iterable[Mapping[str, str]]) -> dict[str, str]:
    values: dict[str, list[str]] = {}
    for table in tables_:
        for name, value in table.items():
            known = values.setdefault(name, [])
            if value not in known:
                known.append(value)
    return {name: ", ".join(known) for name, known in sorted(values.items())}
