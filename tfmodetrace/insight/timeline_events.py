"""What stands out on the timeline: where there are many calls, every trace, error and first run, and the longest calls."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import answers, timeline

BINS: Final = 600
"""Stretches of equal length whose calls are counted."""

LONGEST: Final = 100
"""Calls that are told of as the longest."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TraceEvents:
    """Every trace in order of time, as columns.

    Attributes:
        trace_id: Its id.
        process: Its process.
        call_id: The call that it belongs to; ``None`` if it belongs to none.
        lane: Where that call is drawn; -1 likewise.
        row: Likewise.
        start_ns: When it began.
        duration_ns: How long it took; 0 where that is not known.
    """

    trace_id: tuple[int, ...]
    process: tuple[int, ...]
    call_id: tuple[int | None, ...]
    lane: tuple[int, ...]
    row: tuple[int, ...]
    start_ns: tuple[int, ...]
    duration_ns: tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEvents:
    """Every error in order of time, as columns; ``call_id``, ``lane`` and ``row`` as of traces."""

    error_id: tuple[int, ...]
    process: tuple[int, ...]
    call_id: tuple[int | None, ...]
    lane: tuple[int, ...]
    row: tuple[int, ...]
    time_ns: tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FirstRunEvents:
    """What the first run of a graph took beyond a later one, after its trace and inside the call that waited, as columns."""

    lane: tuple[int, ...]
    row: tuple[int, ...]
    start_ns: tuple[int, ...]
    duration_ns: tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LongestCalls:
    """The calls that took most time by themselves, without calls and traces inside them, the longest first, as columns."""

    process: tuple[int, ...]
    call_id: tuple[int, ...]
    self_ns: tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEvents:
    """What stands out on a run's timeline.

    Attributes:
        begin_ns: When the first call of the run began, since its start.
        end_ns: When its last call ended.
        density: How many calls began in each of equal stretches of that.
        traces: Every trace.
        errors: Every error.
        first_runs: What first runs took.
        longest: The longest calls.
    """

    begin_ns: int
    end_ns: int
    density: tuple[int, ...]
    traces: TraceEvents
    errors: ErrorEvents
    first_runs: FirstRunEvents
    longest: LongestCalls


def of(told: answers.Answers, drawn: timeline.Timeline) -> TimelineEvents:
    """Finds what stands out.

    Args:
        told: The answers about a run.
        drawn: Its timeline.
    """
    run = told.run
    begin, end = drawn.begin_ns, max(drawn.end_ns, drawn.begin_ns + 1)
    density, _ = np.histogram(run.calls.start_ns, bins=BINS, range=(begin, end))
    return TimelineEvents(
        begin_ns=drawn.begin_ns,
        end_ns=drawn.end_ns,
        density=tuple(density.tolist()),
        traces=_traces(told, drawn),
        errors=_errors(told, drawn),
        first_runs=_first_runs(told, drawn),
        longest=_longest(told),
    )


def _traces(told: answers.Answers, drawn: timeline.Timeline) -> TraceEvents:
    traces = sorted(told.run.traces, key=lambda trace: trace.start_ns)
    rows = told.attribution.trace_rows[[trace.trace_id for trace in traces]] if traces else np.empty(0, dtype=np.int64)
    lanes, places = drawn.places_of(rows)
    return TraceEvents(
        trace_id=tuple(trace.trace_id for trace in traces),
        process=tuple(trace.process for trace in traces),
        call_id=_call_ids(told, rows),
        lane=lanes,
        row=places,
        start_ns=tuple(trace.start_ns for trace in traces),
        duration_ns=tuple(trace.duration_ns or 0 for trace in traces),
    )


def _errors(told: answers.Answers, drawn: timeline.Timeline) -> ErrorEvents:
    errors = sorted(told.run.errors, key=lambda error: error.time_ns)
    rows = told.attribution.error_rows[[error.error_id for error in errors]] if errors else np.empty(0, dtype=np.int64)
    lanes, places = drawn.places_of(rows)
    return ErrorEvents(
        error_id=tuple(error.error_id for error in errors),
        process=tuple(error.process for error in errors),
        call_id=_call_ids(told, rows),
        lane=lanes,
        row=places,
        time_ns=tuple(error.time_ns for error in errors),
    )


def _first_runs(told: answers.Answers, drawn: timeline.Timeline) -> FirstRunEvents:
    traces, found = told.run.traces, []
    for call in told.first_calls.calls:
        beyond_ns = (call.xla_ns or 0) + (call.rest_ns or 0)
        traced_until = max(traces[number].start_ns + (traces[number].duration_ns or 0) for number in call.trace_ids)
        left_ns = int(told.run.calls.end_ns[call.row]) - traced_until
        if min(beyond_ns, left_ns) > 0:
            found.append((call.row, traced_until, min(beyond_ns, left_ns)))
    lanes, places = drawn.places_of(np.array([row for row, _, _ in found], dtype=np.int64))
    return FirstRunEvents(
        lane=lanes, row=places, start_ns=tuple(start for _, start, _ in found), duration_ns=tuple(lasted for _, _, lasted in found)
    )


def _longest(told: answers.Answers) -> LongestCalls:
    calls, alone = told.run.calls, told.budgets.alone_ns
    rows = np.argpartition(-alone, LONGEST)[:LONGEST] if len(alone) > LONGEST else np.arange(len(alone))
    rows = rows[alone[rows] > 0]
    rows = rows[np.lexsort((rows, -alone[rows]))]
    return LongestCalls(
        process=tuple(calls.process[rows].tolist()), call_id=tuple(calls.call_id[rows].tolist()), self_ns=tuple(alone[rows].tolist())
    )


def _call_ids(told: answers.Answers, rows: npt.NDArray[np.int64]) -> tuple[int | None, ...]:
    call_ids = told.run.calls.call_id
    return tuple(int(call_ids[row]) if row >= 0 else None for row in rows.tolist())
