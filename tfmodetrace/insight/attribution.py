"""To which call a trace, an error or a compilation belongs, and how much of every call and function was tracing.

What a call of its own function has caused belongs to that call. Anything else, such as the traces of tf.data's functions or of functions
inside libraries, belongs to the innermost recorded call that was open on its thread at its time. A generator or coroutine may have been
suspended then, so nothing belongs to one because of the time alone.
"""

from __future__ import annotations

import collections
import functools
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import spans
from tfmodetrace.log import call_columns, trace_table, tracelog
from tfmodetrace.schema import words


class Attribution:
    """Answers what belongs to which call of a run. Each answer is computed when it is first asked for; one object a run is enough."""

    def __init__(self, run: tracelog.Run) -> None:
        """Takes the run; it is not copied."""
        self._run = run

    @functools.cached_property
    def trace_rows(self) -> npt.NDArray[np.int64]:
        """The row of each trace's call in ``run.calls``, by trace id; -1 where no recorded call was open."""
        traces = self._run.traces
        return self._rows(
            [(trace.process, trace.call_id, trace.thread_id, trace.start_ns, trace.start_ns + (trace.duration_ns or 0)) for trace in traces]
        )

    @functools.cached_property
    def trace_call_ids(self) -> tuple[int | None, ...]:
        """The call that each trace belongs to, by trace id, as its id within the trace's process; None where no recorded call was open."""
        call_ids = self._run.calls.call_id
        return tuple(int(call_ids[row]) if row >= 0 else None for row in self.trace_rows.tolist())

    @functools.cached_property
    def error_rows(self) -> npt.NDArray[np.int64]:
        """The row of each error's call, by error id; -1 where no recorded call was open. Failed traces are errors."""
        return self._rows([(error.process, error.call_id, error.thread_id, error.time_ns, error.time_ns) for error in self._run.errors])

    @functools.cached_property
    def has_own_call(self) -> npt.NDArray[np.bool_]:
        """Whether the call that a trace belongs to, by trace id, is one of the function that was traced."""
        functions = np.array([trace.function_id for trace in self._run.traces], dtype=np.int64)
        rows = self.trace_rows
        own = rows >= 0
        own[own] = self._run.calls.function_id[rows[own]] == functions[own]
        return own

    @functools.cached_property
    def last_traces(self) -> npt.NDArray[np.int32]:
        """The last trace that belongs to each call, by row: ``calls.trace_id``, and where that is -1, what belongs to it by its time."""
        last = self._run.calls.trace_id
        adopted = np.flatnonzero((self.trace_rows >= 0) & ~self.has_own_call)
        if len(adopted):
            rows = self.trace_rows[adopted]
            adopted, rows = adopted[last[rows] < 0], rows[last[rows] < 0]
            last = last.copy()
            last[rows] = adopted  # traces ascend, so of several the last stays
        return last

    def traces_of(self, row: int) -> list[int]:
        """Returns the ids of the traces that belong to the call of a row, ascending."""
        found = set(np.flatnonzero(self.trace_rows == row).tolist())
        last = int(self._run.calls.trace_id[row])
        return sorted(found | {last} if last >= 0 else found)

    @functools.cached_property
    def traced(self) -> Mapping[int, spans.Cover]:
        """When each thread that traced anything did so, nested traces once, by thread id."""
        grouped: dict[int, list[trace_table.Trace]] = collections.defaultdict(list)
        for trace in self._run.traces:
            if trace.duration_ns is not None:
                grouped[trace.thread_id].append(trace)
        return {thread_id: _cover(traces) for thread_id, traces in grouped.items()}

    @functools.cached_property
    def call_tracing_ns(self) -> npt.NDArray[np.int64]:
        """How much of every call, by row, was tracing: of whatever function, nested traces once."""
        calls = self._run.calls
        tracing = np.zeros(len(calls), dtype=np.int64)
        for thread_id, rows in self._thread_rows:
            cover = self.traced.get(thread_id)
            if cover is not None:
                tracing[rows] = cover.inside(calls.start_ns[rows], calls.end_ns[rows])
        for row, traces in self._in_suspendable.items():
            tracing[row] = _cover(traces).total_ns
        return tracing

    @functools.cached_property
    def function_tracing_ns(self) -> npt.NDArray[np.int64]:
        """How much tracing happened in every function's calls and in its own traces, nested ones once, by function id.

        Functions that call each other both count what they share, as in a function's total time. Of a function that several threads
        call, it is their sum.
        """
        calls = self._run.calls
        busy = np.flatnonzero(self.call_tracing_ns > 0)
        busy = busy[~self._suspendable[busy]]
        pieces: dict[tuple[int, int], list[tuple[spans.Times, spans.Times]]] = collections.defaultdict(list)
        threads = len(self._run.threads)
        for key, members in call_columns.rows_by_group(calls.function_id[busy].astype(np.int64) * threads + calls.thread_id[busy]):
            rows = busy[members]
            pieces[divmod(key, threads)].append((calls.start_ns[rows], calls.end_ns[rows]))
        own: dict[tuple[int, int], list[trace_table.Trace]] = collections.defaultdict(list)
        for trace in self._run.traces:
            own[trace.function_id, trace.thread_id].append(trace)
        for row, traces in self._in_suspendable.items():
            for trace in traces:
                own[int(calls.function_id[row]), trace.thread_id].append(trace)
        for place, traces in own.items():
            pieces[place].append(_bounds(traces))
        tracing = np.zeros(len(self._run.functions), dtype=np.int64)
        for (function_id, thread_id), parts in pieces.items():
            cover = self.traced.get(thread_id)
            if cover is not None:
                whole = spans.Cover(np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts]))
                tracing[function_id] += int(cover.inside(whole.start_ns, whole.end_ns).sum())
        return tracing

    @functools.cached_property
    def _suspendable(self) -> npt.NDArray[np.bool_]:
        suspendable: npt.NDArray[np.bool_] = (self._run.calls.flags & int(words.CallFlag.SUSPENDABLE)) != 0
        return suspendable

    @functools.cached_property
    def _thread_rows(self) -> list[tuple[int, npt.NDArray[np.int64]]]:
        """The rows of every thread that traced anything or raised, without generators and coroutines."""
        calls, run = self._run.calls, self._run
        wanted = {trace.thread_id for trace in run.traces} | {error.thread_id for error in run.errors}
        if not wanted:
            return []
        rows = np.flatnonzero(~self._suspendable)
        if len(run.threads) > 1:
            rows = rows[np.isin(calls.thread_id[rows], list(wanted))]
        return [(thread_id, rows[members]) for thread_id, members in call_columns.rows_by_group(calls.thread_id[rows])]

    @functools.cached_property
    def _in_suspendable(self) -> Mapping[int, list[trace_table.Trace]]:
        """The traces that happened in calls of generators and coroutines, as far as calls made from these tell, by row."""
        found: dict[int, list[trace_table.Trace]] = collections.defaultdict(list)
        if not self._suspendable.any():
            return found
        parents = self._run.calls.parent_rows
        for trace, row in zip(self._run.traces, self.trace_rows.tolist(), strict=True):
            at = row
            while at >= 0:
                if self._suspendable[at] and trace.duration_ns is not None:
                    found[at].append(trace)
                at = int(parents[at])
        return found

    def _rows(self, events: list[tuple[int, int | None, int, int, int]]) -> npt.NDArray[np.int64]:
        """Finds the row of the call of each event, given its process, its own call, its thread, and when it began and ended."""
        rows = np.full(len(events), -1, dtype=np.int64)
        if not events or len(self._run.calls) == 0:
            return rows
        known = np.array([number for number, event in enumerate(events) if event[1] is not None], dtype=np.int64)
        if len(known):
            processes, call_ids = np.array([(events[number][0], events[number][1]) for number in known], dtype=np.int64).T
            rows[known] = self._run.calls.rows_of(processes, call_ids)
        by_thread: dict[int, list[int]] = collections.defaultdict(list)
        for number in np.flatnonzero(rows < 0).tolist():
            by_thread[events[number][2]].append(number)
        for thread_id, members in self._thread_rows:
            numbers = by_thread.get(thread_id)
            if numbers:
                innermost = self._innermost(thread_id, members)
                for number in numbers:
                    place = innermost.around(*events[number][3:])
                    rows[number] = members[place] if place >= 0 else -1
        return rows

    def _innermost(self, thread_id: int, members: npt.NDArray[np.int64]) -> spans.Innermost:
        known = self._by_thread.get(thread_id)
        if known is None:
            known = self._by_thread[thread_id] = spans.Innermost(self._run.calls.start_ns[members], self._run.calls.end_ns[members])
        return known

    @functools.cached_property
    def _by_thread(self) -> dict[int, spans.Innermost]:
        return {}


def _bounds(traces: list[trace_table.Trace]) -> tuple[spans.Times, spans.Times]:
    starts = np.array([trace.start_ns for trace in traces], dtype=np.int64)
    return starts, starts + np.array([trace.duration_ns or 0 for trace in traces], dtype=np.int64)


def _cover(traces: list[trace_table.Trace]) -> spans.Cover:
    return spans.Cover(*_bounds(traces))
