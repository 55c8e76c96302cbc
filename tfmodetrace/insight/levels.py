"""A lane's calls in the order in which they are drawn, and the same merged ever more coarsely.

What lies in one row does not overlap, so both starts and ends ascend. What is merged at one level is merged at every coarser one, so each
level is made of the one below; none holds more than where its groups begin and which parts stand for them.
"""

from __future__ import annotations

import bisect
import dataclasses
import threading
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

FEWEST_CALLS: Final = 1 << 14
"""Lanes of fewer calls have no levels: what a window needs of them is merged when it is asked for."""

PARTS_PER_BUCKET: Final = 8
"""How many calls a bucket of the finest level holds, if they are spread evenly."""

_BLOCK: Final = 1 << 16
"""How many calls are looked at at once."""

_FEW_ROWS: Final = 32
"""So few rows are found one by one faster than calls are sorted by them."""

Places = npt.NDArray[np.integer[Any]]


@dataclasses.dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Level:
    """Neighbours merged: one element a group, in the order of the lane.

    Attributes:
        firsts: The place of each group's first part in the lane; one more element says where the last group ends.
        longest: The place of its longest part, of equal ones the first.
        trace_id: The last trace of its parts; -1 if none has one.
        flags: Every flag of its parts.
    """

    firsts: Places
    longest: Places
    trace_id: npt.NDArray[np.int32]
    flags: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        """Returns how many groups there are."""
        return len(self.longest)


class Ordered:
    """A lane's calls by row, then start.

    Attributes:
        member: Which of the columns' places each is.
    """

    def __init__(self, spans: Any, members: Places, row: npt.NDArray[np.uint16]) -> None:
        """Orders them.

        Args:
            spans: Columns as ``log.call_columns.Calls`` has them; not copied.
            members: Which of them are in the lane.
            row: The row of each of these.
        """
        self._spans = spans
        cuts = np.cumsum(np.bincount(row)).tolist()
        self._rows = [(number, first, last) for number, (first, last) in enumerate(zip([0, *cuts], cuts, strict=False)) if last > first]
        self._row_firsts = [first for _, first, _ in self._rows]
        places: Any = np.int32 if len(spans.start_ns) < 1 << 31 else np.int64
        # Calls are read as they ended, and of what does not overlap, what ended first began first.
        self.member: Places = self._by_row(members, row).astype(places, copy=False)
        if not self._ascends():
            # Calls that took no time come before the one that began at the same instant.
            self.member = members[np.lexsort((spans.duration_ns[members], spans.start_ns[members], row))].astype(places)
        # A running maximum, so that bisection works even where damaged data overlaps within a row.
        self._latest_end_ns = self._latest_ends() if self._overlaps() else None
        self._finest = 0
        self._levels: list[Level] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Returns how many there are."""
        return len(self.member)

    def start_ns(self, places: Any) -> npt.NDArray[np.int64]:
        """Returns when what is at some places begins."""
        starts: npt.NDArray[np.int64] = self._spans.start_ns[self.member[places]]
        return starts

    def duration_ns(self, places: Any) -> npt.NDArray[np.int64]:
        """Returns how long it lasts."""
        durations: npt.NDArray[np.int64] = self._spans.duration_ns[self.member[places]]
        return durations

    def rows(self, places: npt.NDArray[Any]) -> npt.NDArray[np.uint16]:
        """Returns in which rows it is."""
        numbers = np.array([number for number, _, _ in self._rows], dtype=np.uint16)
        return numbers[np.searchsorted(self._row_firsts, places, side="right") - 1]

    def row_of(self, member: int) -> int | None:
        """Returns the row of one of the columns' places; ``None`` if that is not in the lane."""
        found = np.flatnonzero(self.member == member)
        return int(self.rows(found[:1])[0]) if len(found) else None

    def overlapping(self, begin_ns: int, end_ns: int) -> list[tuple[int, int]]:
        """Returns the non-empty ranges of places that overlap a window; a call without duration overlaps where it is."""
        ranges: list[tuple[int, int]] = []
        starts, durations, member, latest = self._spans.start_ns, self._spans.duration_ns, self.member, self._latest_end_ns
        for _, first, last in self._rows:

            def begins(place: int) -> int:
                return int(starts[member[place]])

            places = range(first, last)
            begin = first + bisect.bisect_left(places, begin_ns, key=begins)
            end = first + bisect.bisect_left(places, end_ns, key=begins)
            if latest is not None:
                begin = min(begin, first + int(np.searchsorted(latest[first:last], begin_ns, side="right")))
            elif begin > first and begins(begin - 1) + int(durations[member[begin - 1]]) > begin_ns:
                begin -= 1
            if begin >= end:
                continue
            if ranges and ranges[-1][1] == begin:
                ranges[-1] = (ranges[-1][0], end)
            else:
                ranges.append((begin, end))
        return ranges

    def merged(self, first: int, last: int, power: int) -> Level:
        """Returns what is between two places, merged in buckets of ``1 << power`` ns; 0 merges nothing."""
        level = self._level(power)
        if level is None:
            return self._merged(first, last, power)
        begin = int(np.searchsorted(level.firsts, first, side="left"))
        end = int(np.searchsorted(level.firsts, last, side="right")) - 1
        if begin >= end:
            return self._merged(first, last, power)
        inner = Level(
            firsts=level.firsts[begin : end + 1],
            longest=level.longest[begin:end],
            trace_id=level.trace_id[begin:end],
            flags=level.flags[begin:end],
        )
        # Groups of which a window holds a part are made anew of that.
        left, right = int(inner.firsts[0]), int(inner.firsts[-1])
        around = [self._merged(first, left, power)] if first < left else []
        around.append(inner)
        if right < last:
            around.append(self._merged(right, last, power))
        return joined(around)

    def _by_row(self, members: Places, row: npt.NDArray[np.uint16]) -> Places:
        """Returns them row by row, each in the order in which they are."""
        if len(self._rows) == 1:
            return members
        if len(self._rows) > _FEW_ROWS:
            return members[np.argsort(row, kind="stable")]
        ordered = np.empty_like(members)
        ends = {number: first for number, first, _ in self._rows}
        for begin in range(0, len(row), _BLOCK):
            block, own = members[begin : begin + _BLOCK], row[begin : begin + _BLOCK]
            for number, end in ends.items():
                found = block[own == number]
                ordered[end : end + len(found)] = found
                ends[number] = end + len(found)
        return ordered

    def _ascends(self) -> bool:
        """Whether in each row each begins after the one before."""
        return all(bool((starts[1:] > starts[:-1]).all()) for starts in map(self.start_ns, self._in_blocks()))

    def _overlaps(self) -> bool:
        """Whether in any row one begins before the one before it has ended."""
        for places in self._in_blocks():
            starts = self.start_ns(places)
            if bool((starts[:-1] + self.duration_ns(slice(places.start, places.stop - 1)) > starts[1:]).any()):
                return True
        return False

    def _in_blocks(self) -> Iterator[slice]:
        """Yields stretches of each row, each of which begins with the last place of the one before: small ones stay in the cache."""
        for _, first, last in self._rows:
            for begin in range(first, max(first + 1, last - 1), _BLOCK):
                yield slice(begin, min(begin + _BLOCK + 1, last))

    def _latest_ends(self) -> npt.NDArray[np.int64]:
        ends = self.start_ns(slice(None)) + self.duration_ns(slice(None))
        for _, first, last in self._rows:
            np.maximum.accumulate(ends[first:last], out=ends[first:last])
        return ends

    def _level(self, power: int) -> Level | None:
        if len(self) < FEWEST_CALLS:
            return None
        with self._lock:
            if not self._levels:
                lasts = [last - 1 for _, _, last in self._rows]
                across = max(1, int(self.start_ns(lasts).max()) - int(self.start_ns(self._row_firsts).min()))
                self._finest = max(1, (across * PARTS_PER_BUCKET // len(self)).bit_length())
            if power < self._finest:
                return None
            if not self._levels:
                stretches = self._between_buckets(self._finest)
                self._levels.append(joined([self._merged(first, last, self._finest) for first, last in stretches]))
            while len(self._levels) <= power - self._finest:
                self._levels.append(self._coarser(self._levels[-1], self._finest + len(self._levels)))
            return self._levels[power - self._finest]

    def _between_buckets(self, power: int) -> Iterator[tuple[int, int]]:
        """Yields stretches of places, which are small where buckets are: no bucket is in two of them."""
        starts, member = self._spans.start_ns, self.member

        def bucket(place: int) -> int:
            return int(starts[member[place]]) >> power

        for _, first, last in self._rows:
            begin = first
            while begin < last:
                end = min(begin + _BLOCK, last)
                if end < last:
                    end += bisect.bisect_right(range(end, last), bucket(end - 1), key=bucket)
                yield begin, end
                begin = end

    def _merged(self, first: int, last: int, power: int) -> Level:
        places = np.arange(first, last, dtype=self.member.dtype)
        member = self.member[first:last]
        trace_id, flags = self._spans.trace_id[member], self._spans.flags[member]
        if power == 0:
            # Even calls that took no time at all stay apart.
            return Level(firsts=np.append(places, last), longest=places, trace_id=trace_id, flags=flags)
        return self._grouped(places, places, trace_id, flags, last, power)

    def _coarser(self, level: Level, power: int) -> Level:
        return self._grouped(level.firsts[:-1], level.longest, level.trace_id, level.flags, int(level.firsts[-1]), power)

    def _grouped(
        self,
        firsts: Places,
        longest: Places,
        trace_id: npt.NDArray[np.int32],
        flags: npt.NDArray[np.uint8],
        end: int,
        power: int,
    ) -> Level:
        duration = self.duration_ns(longest)
        bucket = self.start_ns(firsts) >> power
        alone = duration >= 1 << power
        begins = np.empty(len(firsts), dtype=np.bool_)
        begins[0] = True
        np.not_equal(bucket[1:], bucket[:-1], out=begins[1:])
        begins[1:] |= alone[1:] | alone[:-1]
        rows = np.searchsorted(firsts, np.array(self._row_firsts, dtype=firsts.dtype))
        begins[rows[rows < len(firsts)]] = True
        groups = np.flatnonzero(begins)
        if len(groups) == len(firsts):
            return Level(firsts=np.append(firsts, firsts.dtype.type(end)), longest=longest, trace_id=trace_id, flags=flags)
        return Level(
            firsts=np.append(firsts[groups], firsts.dtype.type(end)),
            longest=longest[_first_longest(duration, groups)],
            trace_id=_last_trace(trace_id, groups),
            flags=np.bitwise_or.reduceat(flags, groups),
        )


def joined(parts: list[Level]) -> Level:
    """Returns several stretches of groups as one, each of which must begin where the one before ends."""
    if len(parts) == 1:
        return parts[0]
    return Level(
        firsts=np.concatenate([*(part.firsts[:-1] for part in parts[:-1]), parts[-1].firsts]),
        longest=np.concatenate([part.longest for part in parts]),
        trace_id=np.concatenate([part.trace_id for part in parts]),
        flags=np.concatenate([part.flags for part in parts]),
    )


def _first_longest(duration: npt.NDArray[np.int64], firsts: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    longest = np.repeat(np.maximum.reduceat(duration, firsts), np.diff(np.append(firsts, len(duration))))
    candidates = np.flatnonzero(duration == longest)
    return candidates[np.searchsorted(candidates, firsts)]


def _last_trace(trace_id: npt.NDArray[np.int32], firsts: npt.NDArray[np.intp]) -> npt.NDArray[np.int32]:
    last = np.full(len(firsts), -1, dtype=np.int32)
    causing = np.flatnonzero(trace_id >= 0)
    # Of several values for one group the last assignment stays.
    last[np.searchsorted(firsts, causing, side="right") - 1] = trace_id[causing]
    return last
