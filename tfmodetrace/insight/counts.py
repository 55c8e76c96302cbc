"""How many calls ran in which mode."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

import numpy as np

from tfmodetrace.insight import plain
from tfmodetrace.log import tracelog
from tfmodetrace.schema import words


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CallCounts:
    """Calls by mode; ``total`` is their sum."""

    eager: int
    graph: int
    xla: int
    tracing: int
    v1_graph: int = plain.named("v1-graph")
    total: int

    @property
    def by_mode(self) -> Mapping[words.ModeWord, int]:
        """The same as a mapping, without the total."""
        return dict(zip(words.MODES, (self.eager, self.graph, self.xla, self.tracing, self.v1_graph), strict=True))

    @property
    def shares(self) -> Mapping[words.ModeWord, float]:
        """Which part of the calls ran in each mode, from 0 to 1."""
        return {mode: number / self.total if self.total else 0.0 for mode, number in self.by_mode.items()}

    @property
    def ran(self) -> int:
        """Those that executed what they stand for, and did not only add to a graph."""
        return self.eager + self.graph + self.xla


def by_function(run: tracelog.Run) -> tuple[CallCounts, ...]:
    """Counts the calls of every function, by function id; those of which no row is kept, too."""
    count, modes = len(run.functions), len(words.MODES)
    codes = run.calls.function_id.astype(np.int64) * modes + run.calls.mode
    counted = np.bincount(codes, minlength=count * modes).reshape(count, modes)
    for without_row in run.counted_calls:
        counted[without_row.function_id, without_row.mode] += without_row.calls
    return tuple(map(_of, counted.tolist()))


def of_modes(calls: Mapping[str, int]) -> CallCounts:
    """Makes counts of a number for each mode."""
    return _of([calls[mode] for mode in words.MODES])


def added(counts: Iterable[CallCounts]) -> CallCounts:
    """Adds counts up."""
    sums = [0] * len(words.MODES)
    for each in counts:
        for place, number in enumerate(each.by_mode.values()):
            sums[place] += number
    return _of(sums)


def _of(counts: list[int]) -> CallCounts:
    eager, graph, xla, tracing, v1_graph = counts
    return CallCounts(eager=eager, graph=graph, xla=xla, tracing=tracing, v1_graph=v1_graph, total=sum(counts))
