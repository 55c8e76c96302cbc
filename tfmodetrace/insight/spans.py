"""Spans of time on one thread: what they cover together, and which of them was the innermost at each moment.

All times are int64 nanoseconds, so that sums are exact.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]


class Cover:
    """What spans cover together, however they overlap or nest.

    Attributes:
        start_ns: When each stretch begins; stretches ascend, and neither overlap nor touch.
        end_ns: When each ends.
    """

    def __init__(self, start_ns: Times, end_ns: Times) -> None:
        """Merges spans.

        Args:
            start_ns: When each begins, in any order.
            end_ns: When each ends.
        """
        order = np.argsort(start_ns, kind="stable")
        starts, ends = start_ns[order], np.maximum.accumulate(end_ns[order])
        begins = np.ones(len(starts), dtype=np.bool_)
        np.greater(starts[1:], ends[:-1], out=begins[1:])
        firsts = np.flatnonzero(begins)
        self.start_ns: Times = starts[firsts]
        self.end_ns: Times = ends[np.append(firsts[1:], len(starts)) - 1] if len(firsts) else ends
        self._before = np.concatenate(([0], np.cumsum(self.end_ns - self.start_ns)))

    @property
    def total_ns(self) -> int:
        """How long the stretches are together."""
        return int(self._before[-1])

    def before(self, time_ns: Times) -> Times:
        """Returns for each moment how much of the time before it is covered."""
        if len(self.start_ns) == 0:
            return np.zeros(len(time_ns), dtype=np.int64)
        place = np.searchsorted(self.start_ns, time_ns, side="right") - 1
        last = np.maximum(place, 0)
        inside = np.minimum(time_ns, self.end_ns[last]) - self.start_ns[last]
        return np.where(place < 0, 0, self._before[last] + inside)

    def inside(self, start_ns: Times, end_ns: Times) -> Times:
        """Returns how much of each span is covered."""
        covered = np.zeros(len(start_ns), dtype=np.int64)
        if len(self.start_ns):
            # Of millions of calls, few were open while something was traced.
            near = np.flatnonzero((end_ns > self.start_ns[0]) & (start_ns < self.end_ns[-1]))
            starts, ends = start_ns[near], end_ns[near]
            touched = np.searchsorted(self.start_ns, ends, side="left") > np.searchsorted(self.end_ns, starts, side="right")
            covered[near[touched]] = self.before(ends[touched]) - self.before(starts[touched])
        return covered


class Innermost:
    """Finds the innermost span that was open for the whole of another; spans may overlap in any way."""

    _BLOCK = 4096

    def __init__(self, start_ns: Times, end_ns: Times) -> None:
        """Takes the spans.

        Args:
            start_ns: When each begins, in any order.
            end_ns: When each ends.
        """
        self._order = np.argsort(start_ns, kind="stable")
        self._starts, self._ends = start_ns[self._order], end_ns[self._order]
        ties = np.flatnonzero(self._starts[1:] == self._starts[:-1])
        if len(ties):
            self._order = np.lexsort((-end_ns, start_ns))
            self._starts, self._ends = start_ns[self._order], end_ns[self._order]
        # The latest end of every block says whether it is worth a look.
        firsts = np.arange(0, len(self._ends), self._BLOCK)
        self._latest = np.maximum.reduceat(self._ends, firsts) if len(firsts) else self._ends

    def around(self, start_ns: int, end_ns: int) -> int:
        """Returns which span it is, the one that began last of those around; -1 if there is none."""
        last = int(np.searchsorted(self._starts, start_ns, side="right")) - 1
        block = last // self._BLOCK
        found = self._last_until(block * self._BLOCK, last + 1, end_ns)
        if found < 0 and block > 0:
            blocks = np.flatnonzero(self._latest[:block] >= end_ns)
            if len(blocks):
                first = int(blocks[-1]) * self._BLOCK
                found = self._last_until(first, first + self._BLOCK, end_ns)
        return -1 if found < 0 else int(self._order[found])

    def _last_until(self, first: int, last: int, end_ns: int) -> int:
        places = np.flatnonzero(self._ends[first : max(first, last)] >= end_ns)
        return first + int(places[-1]) if len(places) else -1


def alone_ns(start_ns: Times, end_ns: Times, without: Cover | None = None, depth: npt.NDArray[np.integer] | None = None) -> Times:
    """Returns for how long each span was the innermost one: their sum is what they cover together.

    Of spans that overlap without one being in the other, the one that began last counts while both are open.

    Args:
        start_ns: When each begins, in any order.
        end_ns: When each ends.
        without: What counts for none of them.
        depth: How deep each lies, which tells apart those that begin and end at once.
    """
    alone = np.zeros(len(start_ns), dtype=np.int64)
    order = np.argsort(start_ns, kind="stable")
    starts = start_ns[order]
    if (starts[1:] == starts[:-1]).any():
        # Of what begins at once, the longer is around the shorter.
        order = np.lexsort((-end_ns, start_ns) if depth is None else (depth, -end_ns, start_ns))
        starts = start_ns[order]
    ends = end_ns[order]
    lasting = np.flatnonzero(ends > starts)
    if len(lasting) == 0:
        return alone
    if len(lasting) < len(order):
        order, starts, ends = order[lasting], starts[lasting], ends[lasting]
    parents = _parents(starts, ends)
    if parents is None:
        if without is not None:  # on a clock that stands still meanwhile
            starts, ends = starts - without.before(starts), ends - without.before(ends)
        alone[order] = _alone_one_by_one(starts.tolist(), ends.tolist())
        return alone
    own = ends - starts
    if without is not None:
        own -= without.inside(starts, ends)
    inner = np.flatnonzero(parents >= 0)
    taken = np.zeros(len(own), dtype=np.int64)
    np.add.at(taken, parents[inner], own[inner])
    alone[order] = own - taken
    return alone


def _parents(starts: Times, ends: Times) -> Times | None:
    """Returns the innermost span around each, of spans in order; ``None`` if some overlap without nesting."""
    count = len(starts)
    depth = np.arange(count) - np.searchsorted(np.sort(ends, kind="stable"), starts, side="right")
    if int(depth.max()) == 0:
        return np.full(count, -1, dtype=np.int64)
    if int(depth.max()) > np.iinfo(np.uint16).max:
        return None
    # Small numbers are sorted in linear time.
    by_depth = np.argsort(depth.astype(np.uint16), kind="stable")
    levels = np.split(by_depth, np.cumsum(np.bincount(depth))[:-1])
    parents = np.full(count, -1, dtype=np.int64)
    for outer, inner in itertools.pairwise(levels):
        parents[inner] = outer[np.searchsorted(outer, inner) - 1]
    inner = np.flatnonzero(parents >= 0)
    return parents if bool((ends[inner] <= ends[parents[inner]]).all()) else None


def _alone_one_by_one(starts: list[int], ends: list[int]) -> list[int]:
    """The same for spans of which some overlap: a walk from boundary to boundary."""
    alone = [0] * len(starts)
    stack: list[int] = []
    now = starts[0]
    for span, start in enumerate([*starts, max(ends)]):
        while stack and now < start:
            top = stack[-1]
            if ends[top] <= now:
                stack.pop()
                continue
            until = min(start, ends[top])
            alone[top] += until - now
            now = until
        now = start
        if span < len(ends):
            stack.append(span)
    return alone
