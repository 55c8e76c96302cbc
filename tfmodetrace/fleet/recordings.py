"""One recording as Arrow tables, with all that digests are made of."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.fleet import identity
from tfmodetrace.insight import answers
from tfmodetrace.log import call_columns, process_table, tracelog
from tfmodetrace.schema import words

HOUR_NS: Final = 3_600_000_000_000

_STEPS: Final = ("tf.function", "function", "method", "keras-call")
"""Of these kinds are functions that workers may take steps in; see ``insight.workers.steps``."""

_Column = npt.NDArray[Any] | Sequence[Any]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Recording:
    """What one process recorded.

    Attributes:
        session: What tells it from any other.
        worker: Its task, such as ``worker:1``; outside of a cluster its machine.
        hours: Those it has anything of, ascending: hours since 1970, UTC.
        calls: How many calls have a row.
        tables: ``calls``, ``definitions``, ``traces``, ``errors``, ``snapshots`` and ``session``, as ``pyarrow.Table`` objects.
    """

    session: str
    worker: str
    hours: tuple[int, ...]
    calls: int
    tables: Mapping[str, Any]


def of_run(run: tracelog.Run) -> Recording | None:
    """Makes tables of a run of one process; ``None`` if it is not known when it began.

    Args:
        run: The run, which is that of one event file.
    """
    (process,) = run.processes
    if process.start_unix_ns is None:
        return None
    shift = process.start_unix_ns - process.start_ns
    numbers, definitions = _definitions(run)
    columns: dict[str, dict[str, _Column]] = {
        "calls": _calls(run, numbers, shift),
        "definitions": definitions,
        "traces": _traces(run, numbers, shift),
        "errors": _errors(run, numbers, shift),
        "snapshots": {
            "unix_ns": [time_ns + shift for time_ns, _ in process.clock],
            "late_ns": [unix_ns - time_ns - shift for time_ns, unix_ns in process.clock],
        },
    }
    moments = {"calls": "start_unix_ns", "traces": "start_unix_ns", "errors": "unix_ns", "snapshots": "unix_ns"}
    hours = _hours([process.start_unix_ns], *(columns[name][moment] for name, moment in moments.items()))
    columns["session"] = _session(process, run, shift, hours[-1])
    session = process.session_id or hashlib.sha256(process.path.encode("utf-8", "replace")).hexdigest()[:16]
    columns["session"]["session"] = [session]
    return Recording(
        session=session,
        worker=process.worker or process.host or "unknown",
        hours=hours,
        calls=len(run.calls),
        tables={name: _table(name, made) for name, made in columns.items()},
    )


def _definitions(run: tracelog.Run) -> tuple[npt.NDArray[np.int32], dict[str, _Column]]:
    """The number of each function's definition, by function id, and all definitions by number."""
    number_of: dict[identity.Definition, int] = {}
    own = [identity.definition_of(function) for function in run.functions]
    numbers = np.array([number_of.setdefault(each, len(number_of)) for each in own], dtype=np.int32)
    names = identity.Definition._fields
    return numbers, {"number": range(len(number_of)), **{name: [getattr(each, name) for each in number_of] for name in names}}


def _calls(run: tracelog.Run, numbers: npt.NDArray[np.int32], shift: int) -> dict[str, _Column]:
    calls = run.calls
    number = numbers[calls.function_id] if len(numbers) else np.empty(0, dtype=np.int32)
    return {
        "number": number,
        "start_unix_ns": calls.start_ns + shift,
        "ns": np.maximum(calls.duration_ns, 0),
        "busy_ns": _busy_ns(run, number),
        "mode": calls.mode,
        "traced": calls.trace_id >= 0,
        "raised": (calls.flags & int(words.CallFlag.RAISED)) != 0,
    }


def _busy_ns(run: tracelog.Run, number: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """How long before each call its definition was not in any: -1 of those that are no steps, or have none before."""
    calls = run.calls
    takes_steps = np.array([function.kind in _STEPS for function in run.functions], dtype=bool)
    is_step = takes_steps[calls.function_id] & ~np.isin(calls.mode, words.SYMBOLIC_MODES) if len(takes_steps) else np.zeros(0, dtype=bool)
    found = np.full(len(calls), -1, dtype=np.int64)
    for _, rows in call_columns.rows_by_group(number):
        steps = rows if bool(is_step[rows].all()) else rows[is_step[rows]]
        start_ns = calls.start_ns[steps]
        if len(steps) > 1 and bool((start_ns[1:] < start_ns[:-1]).any()):
            order = np.argsort(start_ns, kind="stable")
            steps, start_ns = steps[order], start_ns[order]
        found[steps[1:]] = np.maximum(0, start_ns[1:] - start_ns[:-1] - calls.duration_ns[steps[:-1]])
    return found


def _traces(run: tracelog.Run, numbers: npt.NDArray[np.int32], shift: int) -> dict[str, _Column]:
    reasons = answers.Answers(run).reasons
    named = [identity.trace_of(trace) for trace in run.traces]
    return {
        "number": [int(numbers[trace.function_id]) for trace in run.traces],
        "start_unix_ns": [trace.start_ns + shift for trace in run.traces],
        "ns": [trace.duration_ns for trace in run.traces],
        "trace": [name for name, _ in named],
        "signature": [signature for _, signature in named],
        "repeated": [trace.ordinal > 1 for trace in run.traces],
        "kinds": [", ".join(reason.kinds) for reason in reasons],
    }


def _errors(run: tracelog.Run, numbers: npt.NDArray[np.int32], shift: int) -> dict[str, _Column]:
    diagnoses = answers.Answers(run).diagnoses if run.errors else ()
    first = [(error, told) for error, told in zip(run.errors, diagnoses, strict=True) if error.first_error_id == error.error_id]
    ended = {error.first_error_id for error in run.errors if error.ended_program}
    return {
        "number": [int(numbers[error.function_id]) for error, _ in first],
        "unix_ns": [error.time_ns + shift for error, _ in first],
        "mode": [error.mode for error, _ in first],
        "type": [error.type for error, _ in first],
        "diagnosis": [told.id for _, told in first],
        "ended_program": [error.error_id in ended for error, _ in first],
    }


def _session(process: process_table.Process, run: tracelog.Run, shift: int, last_hour: int) -> dict[str, _Column]:
    seen = [int(run.calls.end_ns.max())] if len(run.calls) else []
    end_ns = process.end_ns if process.end_ns is not None else max([process.start_ns, *seen, *(moment for moment, _ in process.clock)])
    return {
        **{name: [process.versions.get(name)] for name in ("tensorflow", "keras", "python", "tfmodetrace")},
        "host": [process.host],
        "pid": [process.pid],
        "attempt": [process.attempt],
        "start_unix_ns": [process.start_ns + shift],
        "end_unix_ns": [end_ns + shift],
        "dropped": [process.dropped],
        "last_hour_unix_ns": [last_hour * HOUR_NS],
    }


def _hours(*moments: _Column) -> tuple[int, ...]:
    found: set[int] = set()
    for each in moments:
        found.update(np.unique(np.asarray(each, dtype=np.int64) // HOUR_NS).tolist())
    return tuple(sorted(found))


_KINDS: Final[Mapping[str, Mapping[str, str]]] = {
    "calls": {
        "number": "int32",
        "start_unix_ns": "int64",
        "ns": "int64",
        "busy_ns": "int64",
        "mode": "uint8",
        "traced": "bool",
        "raised": "bool",
    },
    "definitions": {"number": "int32", "definition": "string", "file": "string", "function": "string", "line": "int64", "code": "string"},
    "traces": {
        "number": "int32",
        "start_unix_ns": "int64",
        "ns": "int64",
        "trace": "string",
        "signature": "string",
        "repeated": "bool",
        "kinds": "string",
    },
    "errors": {"number": "int32", "unix_ns": "int64", "mode": "string", "type": "string", "diagnosis": "string", "ended_program": "bool"},
    "snapshots": {"unix_ns": "int64", "late_ns": "int64"},
    "session": {
        **dict.fromkeys(("session", "tensorflow", "keras", "python", "tfmodetrace", "host"), "string"),
        **dict.fromkeys(("pid", "attempt", "start_unix_ns", "end_unix_ns", "dropped", "last_hour_unix_ns"), "int64"),
    },
}


def _table(name: str, columns: Mapping[str, _Column]) -> Any:
    pa: Any = importlib.import_module("pyarrow")
    kinds = {"int32": pa.int32(), "int64": pa.int64(), "uint8": pa.uint8(), "bool": pa.bool_(), "string": pa.string()}
    return pa.table({column: pa.array(_told(columns[column], kind), kinds[kind]) for column, kind in _KINDS[name].items()})


def _told(values: _Column, kind: str) -> _Column:
    if kind != "string":
        return values if isinstance(values, np.ndarray) else list(values)
    # What is no Unicode, as names of files may be, has no place in Arrow.
    return [None if value is None else str(value).encode(errors="replace").decode() for value in values]
