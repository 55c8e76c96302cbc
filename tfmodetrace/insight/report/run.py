"""The report of one run, and of all runs of a log."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final

from tfmodetrace.insight import answers, dropped, failures, memory, model_identity, other_programs, summary
from tfmodetrace.insight import comparisons as comparisons_module
from tfmodetrace.insight.report import (
    budgets,
    comparisons,
    definitions,
    errors,
    findings,
    functions,
    keras_phases,
    process_memory,
    profiles,
    samples,
    traces,
    workers,
)
from tfmodetrace.insight.workers import members
from tfmodetrace.log import process_table
from tfmodetrace.schema import words

REPORT_VERSION: Final = 1
"""``schema_version`` of the report; fields may be added to it, but none is renamed or removed without a new version."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TaskInfo:
    """A process's place in its cluster: see ``log.process_table.Task``."""

    type: str
    index: int
    workers: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProcessInfo:
    """One recording process: see ``log.process_table.Process``; ``None`` for what was lost with the beginning of its file.

    Attributes:
        worker: Its task in a cluster as one word, such as ``worker:1``; ``None`` outside one.
        worker_text: The same with how many train: ``worker:1 of 4, attempt 1``; empty outside a cluster.
        task: The same in parts.
        attempt: Which attempt at its work it is, from 0; ``None`` where no scheduler told.
        dropped_text: What came of calls that were dropped, in one sentence; ``None`` if none was.
    """

    host: str | None
    pid: int | None
    worker: str | None
    complete: bool
    state: words.RecordingState
    last_written_unix_ns: int | None
    dropped: int
    counted: int
    may_miss_ns: int | None
    dropped_text: str | None
    process: int
    start_ns: int
    end_ns: int | None
    internal_faults: int
    worker_text: str
    task: TaskInfo | None
    attempt: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """Everything that is told of a run.

    Attributes:
        state: Whether it goes on, was ended, or was stopped without an end, as of when it was read.
        last_written_unix_ns: When its files were last written, in nanoseconds since 1970; ``None`` if that is lost.
        start_unix_ns: When it began, in nanoseconds since 1970; ``None`` if that is lost. All other times count from it.
        profiles: ``None`` where profiles were not asked for.
        findings: Those that cost most time first.
        warnings: A sentence for everything that could not be read, or was to be recorded and was not told.
        summary: The run in a few numbers.
        failures: Exceptions as they happened, each once, those that are alike together.
        wall_ns: The wall time of the process that stands for the run; ``None`` if no process is known.
        budget: What the time of its main thread was; the parts sum to ``wall_ns``.
        budgets: The same of every process, and of its other threads.
        definitions: The functions folded by definition, by number.
        keras_phases: What Keras's fit, evaluate and predict did with their time, those that took longest first.
        comparisons: Functions that were run in several modes one beside the other, in the order in which that was done.
        process_memory: What memory the processes had; none where the operating system does not tell.
        workers: The workers that trained together, one beside the other; ``None`` if there are not several.
        samples: Eager time by definition, line and op, of code that nobody has decorated, too; ``None`` if no stacks were sampled.
    """

    run: str
    start_unix_ns: int | None
    complete: bool
    state: words.RecordingState
    last_written_unix_ns: int | None
    processes: tuple[ProcessInfo, ...]
    versions: Mapping[str, str]
    options: Mapping[str, str]
    functions: tuple[functions.FunctionInfo, ...]
    profiles: tuple[profiles.ProfileInfo, ...] | None
    traces: tuple[traces.TraceInfo, ...]
    errors: tuple[errors.ErrorInfo, ...]
    findings: tuple[findings.Finding, ...]
    warnings: tuple[str, ...]
    summary: summary.Summary
    failures: tuple[failures.FailureGroup, ...]
    wall_ns: int | None
    budget: tuple[budgets.PartInfo, ...]
    budgets: tuple[budgets.ProcessBudgetInfo, ...]
    definitions: tuple[definitions.DefinitionInfo, ...]
    keras_phases: tuple[keras_phases.KerasCallInfo, ...]
    process_memory: tuple[process_memory.ProcessMemoryInfo, ...]
    samples: samples.SamplesInfo | None
    comparisons: tuple[comparisons_module.ComparisonInfo, ...]
    workers: workers.WorkersInfo | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is told of all runs of a log."""

    schema_version: int
    runs: tuple[RunReport, ...]


def of_runs(told: Sequence[answers.Answers], *, full: bool = True) -> Report:
    """Builds the report of some runs; ``full`` as in :func:`of_run`."""
    return Report(schema_version=REPORT_VERSION, runs=tuple(of_run(each, full=full) for each in told))


def of_run(told: answers.Answers, *, full: bool = True) -> RunReport:
    """Builds the report of one run.

    Args:
        told: The answers about it; with profiles if the report is to have them.
        full: Whether what is told of graphs and placements line by line and op by op is wanted, too, and of errors the exceptions that
            led to them, which may be long.
    """
    run = told.run
    return RunReport(
        run=run.name,
        start_unix_ns=run.start_unix_ns,
        complete=run.complete,
        state=run.state,
        last_written_unix_ns=run.last_written_unix_ns,
        processes=tuple(map(_process, run.processes)),
        versions=run.versions,
        options=run.options,
        functions=functions.infos(told, profiled=told.profiled),
        profiles=profiles.infos(told) if told.profiled else None,
        traces=traces.infos(told, full=full),
        errors=errors.infos(told, full=full),
        findings=tuple(findings.info(run, finding, told.attribution) for finding in told.findings),
        warnings=(*run.warnings, *memory.untold(run), *model_identity.untold(run), *other_programs.untold(run)),
        summary=told.summary,
        failures=told.failures,
        wall_ns=None if told.budgets.of_run is None else told.budgets.of_run.wall_ns,
        budget=budgets.of_run(told),
        budgets=budgets.infos(told),
        definitions=definitions.infos(told),
        keras_phases=keras_phases.infos(told),
        process_memory=process_memory.infos(run),
        samples=samples.info(told),
        comparisons=comparisons.infos(told),
        workers=workers.info(told),
    )


def _process(process: process_table.Process) -> ProcessInfo:
    return ProcessInfo(
        host=process.host,
        pid=process.pid,
        worker=process.worker,
        complete=process.complete,
        state=process.state,
        last_written_unix_ns=process.last_written_unix_ns,
        dropped=process.dropped,
        counted=process.counted,
        may_miss_ns=process.may_miss_ns,
        dropped_text=dropped.text_of(process),
        process=process.process,
        start_ns=process.start_ns,
        end_ns=process.end_ns,
        internal_faults=process.internal_faults,
        worker_text=members.text_of(process),
        task=None if process.task is None else TaskInfo(type=process.task.type, index=process.task.index, workers=process.task.workers),
        attempt=process.attempt,
    )
