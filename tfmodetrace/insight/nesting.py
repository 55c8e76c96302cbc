"""Which event happened in which, on lines whose events nest."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tfmodetrace.log import xplane

_Indexes = npt.NDArray[np.int64]


def nest(profile: xplane.Profile, end: _Indexes) -> tuple[_Indexes, npt.NDArray[np.int32]]:
    """Finds in which event each event happened on its line, and in how many."""
    starts, ends = profile.start_ns.tolist(), end.tolist()
    parents = [-1] * len(starts)
    depths = [0] * len(starts)
    for line in profile.lines:
        open_events: list[int] = []
        for event in range(line.first, line.last):
            start = starts[event]
            while open_events and ends[open_events[-1]] <= start:
                open_events.pop()
            if open_events:
                parents[event] = open_events[-1]
                depths[event] = depths[open_events[-1]] + 1
            if ends[event] > start:
                open_events.append(event)
    return np.array(parents, dtype=np.int64), np.array(depths, dtype=np.int32)


class Levels:
    """Events by depth: what passes from an event to those inside it is computed level by level.

    Args:
        parent: The event in which each happened; -1 if in none.
        depth: In how many each happened.
    """

    def __init__(self, parent: _Indexes, depth: npt.NDArray[np.int32]) -> None:
        self.parent = parent
        order = np.argsort(depth, kind="stable")
        bounds = np.searchsorted(depth[order], np.arange(int(depth.max(initial=-1)) + 2))
        self._levels = [order[first:last] for first, last in itertools.pairwise(bounds.tolist())]

    def __iter__(self) -> Iterator[_Indexes]:
        return iter(self._levels)

    def count_around(self, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
        """Returns in how many chosen events each happened."""
        count = np.zeros(len(chosen), dtype=np.int32)
        for level in self._levels[1:]:
            around = self.parent[level]
            count[level] = count[around] + chosen[around]
        return count

    def nearest(self, chosen: npt.NDArray[np.bool_]) -> _Indexes:
        """Returns of each event itself if it is chosen, else the innermost chosen one around it, else -1."""
        nearest = np.where(chosen, np.arange(len(chosen)), -1)
        for level in self._levels[1:]:
            rest = level[~chosen[level]]
            nearest[rest] = nearest[self.parent[rest]]
        return nearest
