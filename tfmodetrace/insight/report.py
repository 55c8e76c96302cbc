"""The report: the JSON of ``tfmodetrace report --json``, in one place. The terminal and the page show the same."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from tfmodetrace.insight import diagnoses, findings, graphs, memory, profiles, reasons, times
from tfmodetrace.log import tables, tracelog
from tfmodetrace.schema import words

_RAN: Final = (words.Mode.EAGER, words.Mode.GRAPH, words.Mode.XLA)

REPORT_VERSION: Final = 1
"""``schema_version`` of the report; fields may be added to it, but none is renamed or removed without a new version."""


def build_report(log: tracelog.TraceLog, *, full: bool = True) -> dict[str, Any]:
    """Builds the report of all runs of a log: plain values that are safe to write as JSON.

    Args:
        log: The log.
        full: See :func:`run_report`.
    """
    return {"schema_version": REPORT_VERSION, "runs": [run_report(run, full=full) for run in log.runs]}


def run_report(run: tracelog.Run, *, full: bool = True) -> dict[str, Any]:
    """Builds the report of one run. Optional facts that were not recorded are ``None``.

    Args:
        run: The run.
        full: Whether what is told of graphs and placements line by line and op by op is wanted, too, and of errors the exceptions that
            led to them, which may be long; and what profiles say, which may take long to read.
    """
    profiled = profiles.RunProfiles(run) if full else None
    explained = reasons.explain(run)
    found = findings.find(run, explained, profiled)
    return {
        "run": run.name,
        "start_unix_ns": run.start_unix_ns,
        "complete": run.complete,
        "state": run.state,
        "last_written_unix_ns": run.last_written_unix_ns,
        "processes": [_process(process) for process in run.processes],
        "versions": dict(run.versions),
        "options": dict(run.options),
        "functions": _functions(run, profiled),
        "profiles": None if profiled is None else profiled.describe(),
        "traces": _traces(run, explained, found, full=full),
        "errors": _errors(run, full=full),
        "findings": [finding.to_dict() for finding in found],
        "warnings": list(run.warnings),
    }


def _process(process: tables.Process) -> dict[str, Any]:
    return {
        "host": process.host,
        "pid": process.pid,
        "worker": process.worker,
        "complete": process.complete,
        "state": process.state,
        "last_written_unix_ns": process.last_written_unix_ns,
        "dropped": process.dropped,
        "process": process.process,
        "start_ns": process.start_ns,
        "end_ns": process.end_ns,
        "internal_faults": process.internal_faults,
    }


def _functions(run: tracelog.Run, profiled: profiles.RunProfiles | None) -> list[dict[str, Any]]:
    count, modes = len(run.functions), len(words.MODES)
    calls = run.calls
    by_mode = np.bincount(calls.function_id.astype(np.int64) * modes + calls.mode, minlength=count * modes).reshape(count, modes)
    total, alone, tracing = times.total_ns(run), times.self_ns(run), times.tracing_ns(run)
    traces = collections.Counter(trace.function_id for trace in run.traces)
    errors = collections.Counter(error.function_id for error in run.errors)
    signatures = _signatures(run)
    sampled = memory.by_function(run)
    ran = {number: sum(by_mode[number, mode] for mode in _RAN).item() for number in range(count)}
    profile = _profile_by_function(profiled)
    devices, call_devices = graphs.calls_by_device(run, ran), graphs.describe_call_devices(run)
    return [
        {
            "function_id": function.function_id,
            "name": function.name,
            "file": function.file or None,
            "line": function.line or None,
            "kind": function.kind,
            "process": function.process,
            "qualname": function.qualname,
            "module": function.module,
            "definition_id": function.definition_id,
            "instance": function.instance,
            "made_at": None if function.made_at is None else dataclasses.asdict(function.made_at),
            "model": None if function.model is None else dataclasses.asdict(function.model),
            "steps_per_call": function.steps_per_call,
            "calls": _calls_by_mode(by_mode[function.function_id].tolist()),
            "traces": traces[function.function_id],
            "errors": errors[function.function_id],
            "time_ns": {
                "total": int(total[function.function_id]),
                "self": int(alone[function.function_id]),
                "tracing": int(tracing[function.function_id]),
            },
            "signatures": signatures[function.function_id],
            "devices": devices.get(function.function_id),
            "call_devices": call_devices.get(function.function_id),
            "memory": sampled.get(function.function_id),
            "profile": profile.get(function.function_id),
        }
        for function in run.functions
    ]


def _profile_by_function(profiled: profiles.RunProfiles | None) -> dict[int, list[dict[str, Any]]]:
    by_function: dict[int, list[dict[str, Any]]] = collections.defaultdict(list)
    for row in profiled.by_function() if profiled is not None else ():
        by_function[row["function_id"]].append({name: value for name, value in row.items() if name != "function_id"})
    return by_function


def _calls_by_mode(counts: list[int]) -> dict[str, int]:
    return {**dict(zip(words.MODES, counts, strict=True)), "total": sum(counts)}


def _signatures(run: tracelog.Run) -> list[list[dict[str, Any]]]:
    recorded = run.calls.signature_id[run.calls.signature_id >= 0]
    calls = np.bincount(recorded, minlength=len(run.signatures)).tolist()
    traces = collections.Counter(trace.signature_id for trace in run.traces)
    by_function: list[list[dict[str, Any]]] = [[] for _ in run.functions]
    for signature in run.signatures:
        number = signature.signature_id
        by_function[signature.function_id].append(
            {"signature_id": number, "text": signature.text, "calls": calls[number], "traces": traces[number]}
        )
    return by_function


def _traces(
    run: tracelog.Run, explained: Sequence[reasons.Reason], found: Sequence[findings.Finding], *, full: bool
) -> list[dict[str, Any]]:
    fixes = {trace_id: finding.fix for finding in reversed(found) for trace_id in finding.trace_ids}
    return [_trace(run, trace, reason, fixes.get(trace.trace_id), full=full) for trace, reason in zip(run.traces, explained, strict=True)]


def trace_report(run: tracelog.Run, trace_id: int) -> dict[str, Any]:
    """Builds what the report says of one trace, with the name of its ``function`` and the ``calls`` of its signature.

    Args:
        run: The run.
        trace_id: A trace of the run.
    """
    trace = run.traces[trace_id]
    explained = reasons.explain(run)
    found = findings.find(run, explained)
    fix = next((finding.fix for finding in found if trace_id in finding.trace_ids), None)
    signature = trace.signature_id
    return {
        **_trace(run, trace, explained[trace_id], fix, full=True),
        "function": run.functions[trace.function_id].name,
        "calls": None if signature is None else int(np.count_nonzero(run.calls.signature_id == signature)),
    }


def _trace(run: tracelog.Run, trace: tables.Trace, reason: reasons.Reason, fix: str | None, *, full: bool) -> dict[str, Any]:
    return {
        "trace_id": trace.trace_id,
        "function_id": trace.function_id,
        "process": trace.process,
        "ordinal": trace.ordinal,
        "call_id": trace.call_id,
        "thread": trace.thread_id,
        "start_ns": trace.start_ns,
        "duration_ns": trace.duration_ns,
        "signature_id": trace.signature_id,
        "signature": run.trace_signature(trace),
        "outputs": trace.outputs,
        "captures": list(trace.captures),
        "concrete_name": trace.concrete_name,
        "reason": _reason(reason, fix),
        "graph": graphs.describe(trace, lists=full),
        "placement": graphs.describe_placement(trace.placement, lists=full),
        "executed": graphs.was_executed(run, trace),
    }


def _reason(reason: reasons.Reason, fix: str | None) -> dict[str, Any]:
    return {
        "kinds": list(reason.kinds),
        "nearest_trace_id": reason.nearest_trace_id,
        "summary": reason.summary,
        "changes": [
            {"kind": change.kind, "path": change.path, "before": change.before, "after": change.after} for change in reason.changes
        ],
        "fix": fix,
    }


def _errors(run: tracelog.Run, *, full: bool) -> list[dict[str, Any]]:
    return [_error(run, error, diagnosis, full=full) for error, diagnosis in zip(run.errors, diagnoses.of_run(run), strict=True)]


def _error(run: tracelog.Run, error: tables.Error, diagnosis: diagnoses.Diagnosis, *, full: bool) -> dict[str, Any]:
    return {
        "error_id": error.error_id,
        "function_id": error.function_id,
        "process": error.process,
        "call_id": error.call_id,
        "thread": error.thread_id,
        "time_ns": error.time_ns,
        "mode": error.mode,
        "type": error.type,
        "message": error.message,
        "core": _core(error),
        "first_error_id": error.first_error_id,
        "signature": _signature_of(run, error),
        "stack": [_frame(frame) for frame in error.stack],
        "made_at": [_frame(frame) for frame in error.named_places],
        "chain": [{"type": raised.type, "message": raised.message, "relation": raised.relation} for raised in error.chain]
        if full
        else None,
        "diagnosis": diagnosis.to_dict(),
    }


def _core(error: tables.Error) -> dict[str, str]:
    core = diagnoses.core_of(error)
    return {"type": core.type, "message": core.message}


def _signature_of(run: tracelog.Run, error: tables.Error) -> str | None:
    row = None if error.call_id is None else run.calls.index_of(error.process, error.call_id)
    signature = -1 if row is None else int(run.calls.signature_id[row])
    return run.signatures[signature].text if signature >= 0 else None


def _frame(frame: tables.Frame) -> dict[str, Any]:
    return {
        "file": frame.file,
        "line": frame.line or None,
        "function": frame.function,
        "code": frame.code or None,
        "folded": frame.folded,
        "variables": dict(frame.variables),
    }
