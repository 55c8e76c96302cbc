"""Runs as tables: numpy columns where there are many rows, lists where there are few. ``schema`` says which columns each table has."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tfmodetrace.export import confidential as confidential_module
from tfmodetrace.insight import answers, counts, placements, plain
from tfmodetrace.insight import report as reports
from tfmodetrace.schema import words


class Nullable(NamedTuple):
    """Numbers, some of which are missing."""

    values: npt.NDArray[Any]
    missing: npt.NDArray[np.bool_]


class Named(NamedTuple):
    """Strings as numbers of names; -1 for none."""

    codes: npt.NDArray[np.integer[Any]]
    names: Sequence[str]


Values = Nullable | Named | npt.NDArray[Any] | Sequence[Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Source:
    """A run that tables are made of.

    Attributes:
        name: What the run is called in them.
        path: What was read.
        told: The answers about it.
    """

    name: str
    path: str
    told: answers.Answers


def columns(table: str, source: Source, confidential: confidential_module.Confidential) -> Mapping[str, Values]:
    """Returns the columns of a table for one run, without the column ``run``.

    Args:
        table: One of ``schema.TABLES``.
        source: The run.
        confidential: What is kept back.
    """
    return _MAKERS[table](source, confidential)


def _runs(source: Source, _: confidential_module.Confidential) -> Mapping[str, Values]:
    run, told = source.told.run, source.told
    hosts = dict.fromkeys(process.host for process in run.processes if process.host is not None)
    versions = {name: [run.versions.get(name)] for name in ("tensorflow", "keras", "python", "tfmodetrace")}
    return {
        "path": [source.path],
        "start_unix_ns": [run.start_unix_ns],
        "wall_ns": [None if told.budgets.of_run is None else told.budgets.of_run.wall_ns],
        "state": [run.state],
        "processes": [len(run.processes)],
        "hosts": [list(hosts)],
        "calls": [len(run.calls)],
        "dropped": [run.dropped],
        "traces": [len(run.traces)],
        "errors": [len(run.errors)],
        "findings": [len(told.findings)],
        **versions,
    }


def _calls(source: Source, confidential: confidential_module.Confidential) -> Mapping[str, Values]:
    run, calls = source.told.run, source.told.run.calls
    return {
        "process": calls.process,
        "call_id": calls.call_id,
        "parent_id": _or_null(calls.parent_id),
        **_functions(source, calls.function_id, source.told.definitions.of_calls),
        "mode": Named(calls.mode, words.MODES),
        "signature": _named(calls.signature_id, [confidential.signature(signature.arguments) for signature in run.signatures]),
        "trace_id": _or_null(calls.trace_id),
        "start_ns": calls.start_ns,
        "duration_ns": calls.duration_ns,
        **_threads(source, calls.thread_id),
        "depth": calls.depth,
        "raised": (calls.flags & int(words.CallFlag.RAISED)) != 0,
        "suspendable": (calls.flags & int(words.CallFlag.SUSPENDABLE)) != 0,
    }


def _traces(source: Source, confidential: confidential_module.Confidential) -> Mapping[str, Values]:
    run, told = source.told.run, source.told
    traces, reasons = run.traces, told.reasons
    return {
        "process": [trace.process for trace in traces],
        "trace_id": [trace.trace_id for trace in traces],
        **_functions(source, _ids(trace.function_id for trace in traces)),
        "ordinal": [trace.ordinal for trace in traces],
        "call_id": [trace.call_id for trace in traces],
        "inside_call_id": list(told.attribution.trace_call_ids),
        **_threads(source, _ids(trace.thread_id for trace in traces)),
        "start_ns": [trace.start_ns for trace in traces],
        "duration_ns": [trace.duration_ns for trace in traces],
        "signature": [confidential.trace_signature(run, trace) for trace in traces],
        "kinds": [list(reason.kinds) for reason in reasons],
        "reason": list(map(confidential.reason, reasons)),
        "nearest_trace_id": [reason.nearest_trace_id for reason in reasons],
        "fix": [confidential.sentence(told.fixes.get(trace.trace_id)) for trace in traces],
        "ops": [None if trace.graph is None else trace.graph.ops for trace in traces],
        "constant_bytes": [None if trace.graph is None else trace.graph.constant_bytes for trace in traces],
        "executed": [placements.was_executed(run, trace) for trace in traces],
        "called_at_file": [None if trace.called_at is None else trace.called_at.file for trace in traces],
        "called_at_line": [None if trace.called_at is None else trace.called_at.line for trace in traces],
    }


def _definitions(source: Source, confidential: confidential_module.Confidential) -> Mapping[str, Values]:
    rows = source.told.definitions.rows
    calls = [counts.of_modes(row.calls) for row in rows]
    return {
        "process": [row.process for row in rows],
        "definition_id": [row.definition_id for row in rows],
        "name": [row.name for row in rows],
        "file": [row.file or None for row in rows],
        "line": [row.line or None for row in rows],
        "kind": [row.kind for row in rows],
        "functions": [len(row.functions) for row in rows],
        "calls": [each.total for each in calls],
        **{mode.replace("-", "_"): [each.by_mode[mode] for each in calls] for mode in words.MODES},
        "traces": [row.traces for row in rows],
        "repeated": [row.repeated.total for row in rows],
        "wall_ns": [row.wall_ns for row in rows],
        "tracing_ns": [row.tracing_ns for row in rows],
        "share": [row.share for row in rows],
        "threads": [row.threads for row in rows],
        "changes": [confidential.value(row.changes) for row in rows],
    }


def _errors(source: Source, confidential: confidential_module.Confidential) -> Mapping[str, Values]:
    raised, diagnoses = source.told.run.errors, source.told.diagnoses
    return {
        "process": [error.process for error in raised],
        "error_id": [error.error_id for error in raised],
        **_functions(source, _ids(error.function_id for error in raised)),
        "call_id": [error.call_id for error in raised],
        **_threads(source, _ids(error.thread_id for error in raised)),
        "time_ns": [error.time_ns for error in raised],
        "mode": [error.mode for error in raised],
        "type": [error.type for error in raised],
        "message": [confidential.sentence(error.message) for error in raised],
        "first_error_id": [error.first_error_id for error in raised],
        "ended_program": [error.ended_program for error in raised],
        "diagnosis": [diagnosis.id for diagnosis in diagnoses],
        "title": [confidential.title(diagnosis.title, "diagnoses", diagnosis.id) for diagnosis in diagnoses],
        "advice": [confidential.sentence(diagnosis.advice) for diagnosis in diagnoses],
        "fix": [confidential.sentence(diagnosis.fix) for diagnosis in diagnoses],
        "file": [None if diagnosis.source is None else diagnosis.source.file for diagnosis in diagnoses],
        "line": [None if diagnosis.source is None else diagnosis.source.line for diagnosis in diagnoses],
    }


def _findings(source: Source, confidential: confidential_module.Confidential) -> Mapping[str, Values]:
    told = source.told
    found = [reports.finding(told.run, finding, told.attribution) for finding in told.findings]
    return {
        "finding": [finding.id for finding in found],
        "severity": [finding.severity for finding in found],
        "function_id": [finding.function_id for finding in found],
        "definition_id": [finding.definition_id for finding in found],
        "title": [confidential.title(finding.title, "findings", finding.id) for finding in found],
        "place": [finding.place for finding in found],
        "lost_ns": [finding.lost_ns for finding in found],
        "share": [finding.share for finding in found],
        "why": [confidential.sentence(finding.why) for finding in found],
        "advice": [confidential.sentence(finding.advice) for finding in found],
        "fix": [confidential.sentence(finding.fix) for finding in found],
        "evidence": [confidential.sentence(json.dumps(plain.plain(finding.evidence))) for finding in found],
    }


def _samples(source: Source, _: confidential_module.Confidential) -> Mapping[str, Values]:
    samples = source.told.run.samples
    definitions, places = samples.definitions, samples.places
    definition_of = np.array([-1 if place.definition_id is None else place.definition_id for place in places], dtype=np.int64)
    lines = np.array([place.line for place in places], dtype=np.int64)
    of_place = samples.place_id
    definition, line = definition_of[of_place], lines[of_place]
    return {
        "process": samples.process,
        **_threads(source, samples.thread_id),
        "time_ns": samples.time_ns,
        "call_id": _or_null(samples.call_id),
        "state": _named(of_place, [place.state for place in places]),
        "op": _named(of_place, [place.op or None for place in places]),
        "definition": _named(definition, [each.qualname for each in definitions]),
        "file": _named(definition, [each.file for each in definitions]),
        "line": Nullable(line, line == 0),
    }


_MAKERS: Final[Mapping[str, Callable[[Source, confidential_module.Confidential], Mapping[str, Values]]]] = {
    "runs": _runs,
    "calls": _calls,
    "traces": _traces,
    "definitions": _definitions,
    "errors": _errors,
    "findings": _findings,
    "samples": _samples,
}


def _functions(
    source: Source, function_id: npt.NDArray[np.integer[Any]], definition_id: npt.NDArray[np.integer[Any]] | None = None
) -> dict[str, Values]:
    told = source.told
    if definition_id is None:
        definition_id = _ids(told.definitions.of_function(number).definition_id for number in function_id.tolist())
    return {
        "function_id": function_id,
        "definition_id": definition_id,
        "function": _named(function_id, [function.name for function in told.run.functions]),
    }


def _threads(source: Source, thread_id: npt.NDArray[np.integer[Any]]) -> dict[str, Values]:
    return {"thread_id": _or_null(thread_id), "thread": _named(thread_id, [thread.name for thread in source.told.run.threads])}


def _or_null(ids: npt.NDArray[np.integer[Any]]) -> Nullable:
    return Nullable(ids, ids < 0)


def _ids(numbers: Any) -> npt.NDArray[np.int64]:
    return np.fromiter(numbers, dtype=np.int64)


def _named(ids: npt.NDArray[np.integer[Any]], names: Sequence[str | None]) -> Named:
    """Gives ids, -1 for none, the numbers of their names; equal names have one."""
    unique = list(dict.fromkeys(name for name in names if name is not None))
    if len(unique) == len(names):
        return Named(ids, unique)
    number = {name: place for place, name in enumerate(unique)}
    # One more, so that -1 stays -1.
    numbers = np.array([*(number.get(name, -1) if name is not None else -1 for name in names), -1], dtype=np.int32)
    return Named(numbers[ids], unique)
