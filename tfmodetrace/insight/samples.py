"""How samples split the time that nothing else tells apart: eager calls, Keras's loops, named regions, and what is outside of all these.

How long these were is measured. What they were made of, samples tell: each stands for the time since the look before it, and all of one
kind of time together for just what was measured of it. What is uncertain is what chance makes it: the shares are those of a sample, and
``plus_minus`` is 1.96 standard deviations of its share (of 95 in 100 such figures the truth is within it).

TensorFlow's and Keras's Python around eager ops is part of dispatching them: on lines that dispatch ops it counts as ``eager-ops``. Ops
that set up a tf.data pipeline or its iterator compute nothing: they are input, and so is the Python around them.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import re
from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import attribution as attribution_module
from tfmodetrace.log import samples as log_samples
from tfmodetrace.log import tracelog
from tfmodetrace.schema import words

OPS_ON_LINE: Final = 0.1
"""The part of the samples in TensorFlow and Keras on a line that must be in an op, for the others to be around ops."""

CONFIDENCE: Final = 1.96
"""Standard deviations of ``plus_minus``."""

_PARTS: Final[Mapping[words.SampleState, words.BudgetPart]] = {
    "op": "eager-ops",
    "kernel": "eager-ops",
    "library": "keras",
    "python": "python",
    "input": "input",
    "graph": "graph",
    "tracing": "tracing",
    "idle": "idle",
}

_OF_PIPELINES: Final = re.compile(r"(?:^|_)(?:dataset|iterator)(?:_|$)")
"""Names of ops that make datasets and iterators, or ask them for something: ``batch_dataset_v2``, ``iterator_get_next``."""

Pool = words.BudgetPart
"""A kind of time that samples split, called after the part that it is as long as nothing splits it."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Split:
    """The time of one thread, as samples split it.

    Attributes:
        rows: The samples that count, as rows of ``Run.samples``: those while nothing ran that is measured by itself.
        pools: Which kind of time each is of, as a place in ``POOLS``.
        parts: Which part of the budget each is of.
        ns: The time that each stands for.
        pool_ns: How long each kind of time was.
    """

    rows: Ints
    pools: npt.NDArray[np.int8]
    parts: npt.NDArray[np.int8]
    ns: Floats
    pool_ns: Mapping[Pool, int]

    def has(self, pool: Pool) -> bool:
        """Whether any sample is of a kind of time."""
        return bool((self.pools == POOLS.index(pool)).any())

    def part_ns(self, pool: Pool) -> dict[words.BudgetPart, int]:
        """Returns how a kind of time is split; the parts sum to it exactly."""
        own = self.pools == POOLS.index(pool)
        sums = np.bincount(self.parts[own], weights=self.ns[own], minlength=len(words.BUDGET_PARTS))
        found = {name: int(ns) for name, ns in zip(words.BUDGET_PARTS, sums.tolist(), strict=True) if ns}
        rest: words.BudgetPart = "idle" if self._is_partial(pool) else max(found, key=found.__getitem__)
        found[rest] = found.get(rest, 0) + self.pool_ns[pool] - sum(found.values())
        return found

    def _is_partial(self, pool: Pool) -> bool:
        """Whether the samples stand for less than the whole, as those of a thread that has none while it waits."""
        return float(self.ns[self.pools == POOLS.index(pool)].sum()) < 0.999 * self.pool_ns[pool]

    def is_part(self, part: words.BudgetPart) -> Flags:
        """Which samples are of a part of the budget."""
        found: Flags = self.parts == words.BUDGET_PARTS.index(part)
        return found

    def plus_minus_ns(self, chosen: Flags) -> int:
        """Returns by how much the time of some samples may be wrong.

        Args:
            chosen: Which of ``rows``.
        """
        variance = 0.0
        for number, pool in enumerate(POOLS):
            own = self.pools == number
            weights, whole = self.ns[own], float(self.pool_ns.get(pool, 0))
            if not len(weights) or whole <= 0:
                continue
            # Samples that stand for different times count for fewer than there are. Two more of either kind keep small figures honest.
            count = float(weights.sum()) ** 2 / max(float((weights**2).sum()), 1.0)
            share = (min(float(weights[chosen[own]].sum()) / whole, 1.0) * count + 2) / (count + 4)
            variance += whole**2 * share * (1 - share) / (count + 4)
        return round(CONFIDENCE * float(np.sqrt(variance)))


def is_of_pipelines(op: str) -> bool:
    """Whether an op makes a dataset or an iterator, or asks one for something."""
    return bool(_OF_PIPELINES.search(op))


def _part_of_op(place: log_samples.Place) -> words.BudgetPart:
    return "input" if is_of_pipelines(place.op) else "eager-ops"


POOLS: Final[tuple[Pool, ...]] = ("eager-ops", "keras", "python", "idle")


class Samples:
    """Answers what the samples of a run are of. Each answer is computed when it is first asked for; one object a run is enough."""

    def __init__(self, run: tracelog.Run, attribution: attribution_module.Attribution) -> None:
        """Takes the run and the answers that this one rests on; none is copied."""
        self._run = run
        self._attribution = attribution

    def __bool__(self) -> bool:
        """Whether there are any."""
        return len(self._run.samples) > 0

    @functools.cached_property
    def parts(self) -> npt.NDArray[np.int8]:
        """The part of the budget that each sample is of, by row, as a place in ``words.BUDGET_PARTS``."""
        places = self._run.samples.places
        by_place = [words.BUDGET_PARTS.index(self._part(place)) for place in places]
        return np.array(by_place, dtype=np.int8)[self._run.samples.place_id]

    def _part(self, place: log_samples.Place) -> words.BudgetPart:
        if place.state in ("op", "kernel"):
            return _part_of_op(place)
        around = place.state == "library" and not place.in_keras_loop
        return self._lines_with_ops.get((place.definition_id, place.line), "keras") if around else _PARTS[place.state]

    @functools.cached_property
    def _lines_with_ops(self) -> Mapping[tuple[int | None, int], words.BudgetPart]:
        """What TensorFlow's and Keras's Python is part of, on the lines that run ops."""
        places = self._run.samples.places
        counts = np.bincount(self._run.samples.place_id, minlength=len(places)).tolist()
        ops: dict[tuple[int | None, int], collections.Counter[words.BudgetPart]] = collections.defaultdict(collections.Counter)
        around: collections.Counter[tuple[int | None, int]] = collections.Counter()
        for place, count in zip(places, counts, strict=True):
            line = place.definition_id, place.line
            if place.definition_id is None or not count:
                continue
            if place.state in ("op", "kernel"):
                ops[line][_part_of_op(place)] += count
            elif place.state == "library":
                around[line] += count
        return {
            line: parts.most_common(1)[0][0] for line, parts in ops.items() if parts.total() >= OPS_ON_LINE * (parts.total() + around[line])
        }

    @functools.cached_property
    def weights_ns(self) -> Ints:
        """The time that each sample stands for, by row: since the look before it."""
        samples = self._run.samples
        weights = np.zeros(len(samples), dtype=np.int64)
        for process in np.unique(samples.process).tolist():
            rows = np.flatnonzero(samples.process == process)
            looks, of_row = np.unique(samples.time_ns[rows], return_inverse=True)
            distances = np.diff(looks)
            first = int(np.median(distances)) if len(distances) else 0
            weights[rows] = np.concatenate([[first], distances])[of_row]
        return weights

    @functools.cached_property
    def call_rows(self) -> Ints:
        """The row of the call that each sample was in, by row: the innermost that did not lie suspended.

        -1 outside of any, and in a call that had not ended when the recording did.
        """
        samples, calls = self._run.samples, self._run.calls
        rows = calls.rows_of(samples.process, np.maximum(samples.call_id, 0))
        rows = np.where(samples.call_id < 0, -1, rows)
        suspendable = (calls.flags & int(words.CallFlag.SUSPENDABLE)) != 0
        while True:
            outwards = np.flatnonzero(rows >= 0)
            outwards = outwards[suspendable[rows[outwards]]]
            if not len(outwards):
                return rows
            rows[outwards] = calls.parent_rows[rows[outwards]]

    def split(self, thread_id: int, pool_ns: Mapping[Pool, int], pools_of_calls: npt.NDArray[np.int8], *, main: bool) -> Split | None:
        """Splits the time of one thread.

        Args:
            thread_id: The thread.
            pool_ns: How long each kind of time was on it.
            pools_of_calls: The kind of time that each call is, by row, as a place in ``POOLS``; -1 where it is none of them.
            main: Whether it is its process's main thread, which has a sample at every look.

        Returns:
            The split; ``None`` if no sample is of the thread.
        """
        samples = self._run.samples
        rows = np.flatnonzero(samples.thread_id == thread_id)
        traced = self._attribution.traced.get(thread_id)
        if traced is not None and len(rows):
            times = samples.time_ns[rows]
            rows = rows[traced.before(times + 1) == traced.before(times)]
        if not len(rows):
            return None
        calls = self.call_rows[rows]
        pools = np.full(len(rows), POOLS.index("idle"), dtype=np.int8)
        pools[calls >= 0] = pools_of_calls[calls[calls >= 0]]
        rows, pools = rows[pools >= 0], pools[pools >= 0]
        ns = self.weights_ns[rows].astype(np.float64)
        for number, pool in enumerate(POOLS):
            own = pools == number
            whole = float(ns[own].sum())
            if whole > 0:
                ns[own] *= pool_ns[pool] / whole if main else min(1.0, pool_ns[pool] / whole)
        return Split(rows=rows, pools=pools, parts=self.parts[rows], ns=ns, pool_ns=pool_ns)
