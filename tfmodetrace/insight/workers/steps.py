"""The steps that workers take together: the k-th call of one function on each of them.

In synchronous training a step's graph ends on all workers at nearly the same time, since each needs what all the others have computed. So
between the end of one step and the beginning of the next a worker is busy with its own things (its input, Python, tracing), and inside its
step it waits for whoever comes last.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import attribution as attribution_module
from tfmodetrace.insight import spans
from tfmodetrace.insight.workers import members, sequences
from tfmodetrace.log import call_columns, tracelog
from tfmodetrace.schema import words

LEAST: Final = 12
"""Steps from which on it can be told whether they end together."""

_FEWEST: Final = 0.5
"""Which part of the steps of the one with most each worker must have taken: others are of another cluster, or of another function."""

_MOST_CANDIDATES: Final = 8

Table = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Steps:
    """The calls of one function that workers made together; each table has the shape (workers, steps), times count from the run's start.

    Attributes:
        name: The function.
        function_ids: The first worker's functions of that definition, and so on.
        rows: The calls.
        start_ns: When each began, by its own machine's clock.
        end_ns: When it ended.
        tracing_ns: How much of it was tracing.
        busy_ns: How long the worker did its own things since the step before: until its graph began to run. 0 of the first step.
        between_ns: How much of that was tracing between the two steps.
        inside_ns: How long its graph ran then, which is also how long it waited for others.
    """

    name: str
    function_ids: tuple[int, ...]
    rows: Table
    start_ns: Table
    end_ns: Table
    tracing_ns: Table
    busy_ns: Table
    between_ns: Table
    inside_ns: Table

    @property
    def count(self) -> int:
        """How many steps there are."""
        return len(self.rows[0])

    @property
    def interval_ns(self) -> float:
        """How long a step takes, from the end of one to the end of the next: the median."""
        return float(np.median(np.diff(self.end_ns, axis=1))) if self.count > 1 else 0.0

    @property
    def traced(self) -> npt.NDArray[np.bool_]:
        """In which steps which worker traced anything, in it or since the one before."""
        return (self.tracing_ns > 0) | (self.between_ns > 0)


def candidates(run: tracelog.Run, workers: Sequence[members.Worker], attribution: attribution_module.Attribution) -> tuple[Steps, ...]:
    """Returns what may be the workers' steps, the functions that took most time first: all workers have called them about as often."""
    executed = ~np.isin(run.calls.mode, words.SYMBOLIC_MODES)
    functions: dict[sequences.Place, dict[int, list[int]]] = collections.defaultdict(lambda: collections.defaultdict(list))
    for function in run.functions:
        if function.kind in ("tf.function", "function", "method", "keras-call"):
            functions[sequences.place_of(function)][function.process].append(function.function_id)
    rows_of = dict(call_columns.rows_by_group(run.calls.function_id))
    found = []
    for place, by_process in functions.items():
        if not all(worker.process in by_process for worker in workers):
            continue
        empty = np.empty(0, dtype=np.int64)
        own = [np.concatenate([empty, *(rows_of.get(number, empty) for number in by_process[worker.process])]) for worker in workers]
        own = [rows[executed[rows]] for rows in own]
        fewest, most = min(map(len, own)), max(map(len, own))
        if fewest >= LEAST and fewest >= _FEWEST * most:
            ordered = [rows[np.argsort(run.calls.start_ns[rows], kind="stable")][:fewest] for rows in own]
            ids = tuple(by_process[worker.process][0] for worker in workers)
            found.append((place.qualname, ids, np.stack(ordered)))
    found.sort(key=lambda each: -int(run.calls.duration_ns[each[2]].sum()))
    return tuple(_steps(run, attribution, *each) for each in found[:_MOST_CANDIDATES])


def _steps(run: tracelog.Run, attribution: attribution_module.Attribution, name: str, function_ids: tuple[int, ...], rows: Table) -> Steps:
    calls = run.calls
    start, end, tracing = calls.start_ns[rows], calls.end_ns[rows], attribution.call_tracing_ns[rows]
    between, own = np.zeros_like(start), np.zeros_like(start)
    for worker in range(len(rows)):
        cover = attribution.traced.get(int(calls.thread_id[rows[worker, 0]]), spans.Cover(start[0, :0], start[0, :0]))
        between[worker, 1:] = cover.inside(end[worker, :-1], np.maximum(end[worker, :-1], start[worker, 1:]))
    own[:, 1:] = np.maximum(0, start[:, 1:] - end[:, :-1]) + tracing[:, 1:]
    return Steps(
        name=name.rpartition(".<locals>.")[2],
        function_ids=function_ids,
        rows=rows,
        start_ns=start,
        end_ns=end,
        tracing_ns=tracing,
        busy_ns=own,
        between_ns=between,
        inside_ns=np.maximum(0, end - start - tracing),
    )
