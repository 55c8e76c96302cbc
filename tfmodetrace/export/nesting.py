"""Calls that nest as begins and ends in order: the order comes from how calls lie in each other, so that equal times cannot mix it up."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_Numbers = npt.NDArray[np.int64]


class Places(NamedTuple):
    """Where each call's begin and end stand among all begins and ends."""

    begins: _Numbers
    ends: _Numbers


class Events(NamedTuple):
    """Begins and ends of calls in order.

    Attributes:
        places: Where those of each call stand.
        begins: Whether each is a begin.
        times_ns: When each is; never before the one in front of it, also where damage has put times into another order than calls.
    """

    places: Places
    begins: npt.NDArray[np.bool_]
    times_ns: _Numbers


def events(depth: npt.NDArray[np.integer], start_ns: _Numbers, end_ns: _Numbers) -> Events:
    """Puts the begins and ends of calls in order: see :func:`places`, and when each call began and ended."""
    at = places(depth)
    begins, times_ns = np.zeros(2 * len(depth), dtype=bool), np.zeros(2 * len(depth), dtype=np.int64)
    begins[at.begins] = True
    times_ns[at.begins], times_ns[at.ends] = start_ns, end_ns
    return Events(places=at, begins=begins, times_ns=np.maximum.accumulate(times_ns))


def places(depth: npt.NDArray[np.integer]) -> Places:
    """Orders begins and ends.

    A call lies in the nearest one before it that is less deep, and ends before the next one that is not deeper.

    Args:
        depth: Of calls of one thread in the order in which they began. Depths may be missing: not everything around a call is recorded.
    """
    count = len(depth)
    numbers = np.arange(count, dtype=np.int64)
    around = _around(depth.astype(np.int64))
    order = np.argsort(around, kind="stable")
    levels = np.split(order, np.cumsum(np.bincount(around))[:-1]) if count else []
    after = np.full(count, count, dtype=np.int64)
    above = np.empty(0, dtype=np.int64)
    for level in levels:
        after[level[:-1]] = level[1:]
        if len(above):
            parents = above[np.searchsorted(above, level) - 1]
            after[level] = np.minimum(after[level], after[parents])
        above = level
    # Of the calls that began before, all have ended but those around; and before an end, all have begun that began before what comes after.
    return Places(begins=2 * numbers - around, ends=2 * after - 1 - around)


def _around(depth: _Numbers) -> _Numbers:
    """Returns how many of the calls lie around each."""
    if not len(depth):
        return depth
    if depth[0] == depth.min() and (np.diff(depth) <= 1).all():
        shallow: _Numbers = depth - depth[0]
        return shallow
    around = np.zeros(len(depth), dtype=np.int64)
    for level in np.unique(depth)[1:].tolist():
        here, less_deep = np.flatnonzero(depth == level), np.flatnonzero(depth < level)
        nearest = np.searchsorted(less_deep, here) - 1
        inside = nearest >= 0
        around[here[inside]] = around[less_deep[nearest[inside]]] + 1
    return around
