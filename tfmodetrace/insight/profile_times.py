"""Where the time of calls goes, by a joined profile."""

from __future__ import annotations

import functools
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import profile_events, profile_join
from tfmodetrace.insight.profile_events import Kind
from tfmodetrace.log import tracelog
from tfmodetrace.schema import words

MOST_OPS: Final = 50
"""Types of ops, kernels and allocations that are told of one function or call, the longest or largest first."""

_PARTS: Final = len(profile_events.PARTS)
_ALLOCATION: Final = "MemoryAllocation"
_DEALLOCATION: Final = "MemoryDeallocation"

_Indexes = npt.NDArray[np.int64]


def with_shares(times: dict[str, Any], calls: int) -> dict[str, Any]:
    """Adds to what is told of the time of some calls what a part of it, a call and an op have of it.

    Args:
        times: As :class:`CallTimes` tells it.
        calls: How many calls they are.
    """
    duration_ns, between_ns, ops = times["duration_ns"], times["between_ops_ns"], times["ops"]
    return {
        **times,
        "parts_share": {part: ns / duration_ns if duration_ns else 0.0 for part, ns in times["parts_ns"].items()},
        "between_ops_share": between_ns / duration_ns if duration_ns else 0.0,
        "call_ns": round(duration_ns / calls),
        "call_ops": ops / calls,
        "call_between_ops_ns": round(between_ns / calls),
        "op_between_ops_ns": round(between_ns / ops) if ops else None,
    }


class CallTimes:
    """What one profile says of the calls of a run.

    Args:
        run: The run.
        joined: A profile, joined with it.

    Attributes:
        calls: The calls in the profile, ascending, as rows of the run's calls.
        parts_ns: What the time of each was spent on: shape ``(calls, len(PARTS))``; each row adds up to the call's duration.
    """

    def __init__(self, run: tracelog.Run, joined: profile_join.JoinedProfile) -> None:
        self._run = run
        self._joined = joined
        self.calls = joined.calls
        self.duration_ns = run.calls.duration_ns[self.calls]
        self._suspended_ns = self._time_suspended()
        self.parts_ns = self._parts()

    def _time_suspended(self) -> _Indexes:
        """How long each generator or coroutine was suspended: it has an event for each stretch in which it ran."""
        joined, calls = self._joined, self._run.calls
        events = np.flatnonzero(joined.is_call & (joined.call >= 0))
        ran_ns = _sums(self._place(joined.call[events]), joined.duration_ns[events], len(self.calls))
        suspendable = (calls.flags[self.calls] & int(words.CallFlag.SUSPENDABLE)) != 0
        return np.where(suspendable, np.maximum(self.duration_ns - ran_ns, 0), 0)

    def _place(self, call: _Indexes) -> _Indexes:
        return np.searchsorted(self.calls, call)

    def _parts(self) -> _Indexes:
        joined, count = self._joined, len(self.calls)
        parts = np.zeros((count, _PARTS), dtype=np.int64)
        if not count:
            return parts
        own_ns = _self_ns(joined)
        here = np.flatnonzero(joined.on_thread & (joined.call >= 0))
        place, kind = self._place(joined.call[here]), joined.kind[here]
        parts += _sums(place * _PARTS + kind, own_ns[here], count * _PARTS).reshape(count, _PARTS)
        # While a thread hands a function over and waits for it, what counts is whether any of its ops run.
        around = np.where(joined.parent[here] >= 0, joined.kind[joined.parent[here]], Kind.OTHER)
        waits = here[(kind == Kind.IDLE) | ((kind == Kind.DISPATCH) & (around == Kind.IDLE))]
        busy_ns = np.minimum(self._busy_ns(waits), own_ns[waits])
        of_waits = self._place(joined.call[waits])
        np.subtract.at(parts, (of_waits, joined.kind[waits]), busy_ns)
        parts[:, Kind.OPS] += _sums(of_waits, busy_ns, count)
        inner = np.flatnonzero(joined.called_in >= 0)
        parts[:, Kind.CALLS] += _sums(self._place(joined.called_in[inner]), joined.duration_ns[inner], count)
        parts[:, Kind.IDLE] += self._suspended_ns
        return self._fitted(parts)

    def _fitted(self, parts: _Indexes) -> _Indexes:
        """Makes the parts add up to the duration: what was not recorded was Python, as was the recording of the call itself."""
        own = np.where(self._run.calls.mode[self.calls] == int(words.Mode.TRACING), int(Kind.TRACING), int(Kind.PYTHON))
        rows = np.arange(len(parts))
        parts[rows, own] = 0
        rest = self.duration_ns - parts.sum(axis=1)
        parts[rows, own] = np.maximum(rest, 0)
        for row in np.flatnonzero(rest < 0):  # what overlaps on one thread was counted twice
            parts[row] = np.floor(parts[row] * (self.duration_ns[row] / parts[row].sum()))
            parts[row, np.argmax(parts[row])] += self.duration_ns[row] - parts[row].sum()
        return parts

    def _busy_ns(self, waits: _Indexes) -> _Indexes:
        """Finds for how long, within each event but outside those inside it, any op of its call ran on another thread."""
        joined, profile = self._joined, self._joined.profile
        is_wait = np.zeros(len(profile), dtype=np.bool_)
        is_wait[waits] = True
        inside = np.flatnonzero((joined.parent >= 0) & joined.on_thread)
        inside = inside[is_wait[joined.parent[inside]]]
        covered = np.zeros(len(profile), dtype=np.int64)
        both = np.union1d(waits, inside)
        covered[both] = self._covered_ns(both)
        outside_of_those = covered.copy()
        np.subtract.at(outside_of_those, joined.parent[inside], covered[inside])
        busy: _Indexes = np.maximum(outside_of_those[waits], 0)
        return busy

    def _covered_ns(self, events: _Indexes) -> _Indexes:
        """Finds for how long, within each event, any op of its call ran on another thread."""
        joined, profile = self._joined, self._joined.profile
        elsewhere = np.flatnonzero(joined.is_op & ~joined.on_thread & (joined.call >= 0) & ~profile.on_device)
        elsewhere = elsewhere[np.isin(joined.call[elsewhere], self.calls)]
        if not len(events) or not len(elsewhere):
            return np.zeros(len(events), dtype=np.int64)
        # Each call's ops in a stretch of time of their own, so that one running maximum serves all calls.
        first, last = int(profile.start_ns.min()), int(profile.end_ns.max())
        span = last - first + 1
        shift = self._place(joined.call[elsewhere]) * span - first
        begin, end = profile.start_ns[elsewhere] + shift, profile.end_ns[elsewhere] + shift
        order = np.argsort(begin, kind="stable")
        begin, end = begin[order], np.maximum.accumulate(end[order])
        begin = np.maximum(begin, np.concatenate(([begin[0]], end[:-1])))
        length = np.maximum(end - begin, 0)
        before = np.concatenate(([0], np.cumsum(length)))

        def covered_until(time: _Indexes) -> _Indexes:
            following = np.searchsorted(begin, time, side="right")
            previous = np.maximum(following - 1, 0)
            inside = np.clip(time - begin[previous], 0, length[previous])
            covered: _Indexes = np.where(following > 0, before[previous] + inside, 0)
            return covered

        shift = self._place(joined.call[events]) * span - first
        return covered_until(profile.end_ns[events] + shift) - covered_until(profile.start_ns[events] + shift)

    @functools.cached_property
    def _ops(self) -> _Indexes:
        return np.flatnonzero(self._joined.is_op & (self._joined.call >= 0))

    @functools.cached_property
    def _kernels(self) -> _Indexes:
        """What ran on devices, and what XLA's programs ran."""
        joined = self._joined
        is_kernel = joined.profile.on_device.copy()
        is_kernel[joined.profile.stat("hlo_op").event] = True
        return np.flatnonzero(is_kernel & (joined.call >= 0))

    def _named(self, name: str) -> _Indexes:
        profile = self._joined.profile
        if name not in profile.names:
            return np.empty(0, dtype=np.int64)
        return np.flatnonzero((profile.name == profile.names.index(name)) & (self._joined.call >= 0))

    def by_function(self) -> list[dict[str, Any]]:
        """Sums up every function in every mode: a list for the report, the longest first."""
        calls = self._run.calls
        keys = calls.function_id[self.calls].astype(np.int64) * len(words.MODES) + calls.mode[self.calls]
        different, group = np.unique(keys, return_inverse=True)
        chosen = [self._by_group(events, group, len(different)) for events in self._told]
        described = [
            {
                "function_id": key // len(words.MODES),
                "mode": words.MODES[key % len(words.MODES)],
                "calls": int(np.count_nonzero(group == number)),
                **self._describe(np.flatnonzero(group == number), *(groups[number] for groups in chosen)),
            }
            for number, key in enumerate(different.tolist())
        ]
        return sorted(described, key=lambda row: -row["duration_ns"])

    def of_call(self, call: int) -> dict[str, Any] | None:
        """Says where the time of one call went; ``None`` if it is not in the profile.

        Args:
            call: A row of the run's calls.
        """
        place = np.flatnonzero(self.calls == call)
        if not len(place):
            return None
        return self._describe(place, *(events[self._joined.call[events] == call] for events in self._told))

    @property
    def _told(self) -> tuple[_Indexes, ...]:
        return self._ops, self._kernels, self._named(_ALLOCATION), self._named(_DEALLOCATION)

    def _by_group(self, events: _Indexes, group: npt.NDArray[np.intp], count: int) -> list[_Indexes]:
        of_event = group[self._place(self._joined.call[events])]
        order = np.argsort(of_event, kind="stable")
        return np.split(events[order], np.searchsorted(of_event[order], np.arange(1, count)))

    def _describe(self, places: _Indexes, ops: _Indexes, kernels: _Indexes, made: _Indexes, freed: _Indexes) -> dict[str, Any]:
        joined, names = self._joined, self._joined.profile.name
        parts = self.parts_ns[places].sum(axis=0).tolist()
        return {
            "duration_ns": int(self.duration_ns[places].sum()),
            "parts_ns": dict(zip(profile_events.PARTS, parts, strict=True)),
            "ops": len(ops),
            "between_ops_ns": parts[Kind.PYTHON] + parts[Kind.DISPATCH] + parts[Kind.IDLE] - int(self._suspended_ns[places].sum()),
            "op_types": _table(names[ops], joined.op_self_ns[ops], [fact.op_type for fact in joined.facts]),
            "kernels": _table(names[kernels], joined.duration_ns[kernels], [fact.label for fact in joined.facts]),
            "memory": self._describe_memory(made, freed),
        }

    def _describe_memory(self, made: _Indexes, freed: _Indexes) -> dict[str, Any] | None:
        profile = self._joined.profile
        if _ALLOCATION not in profile.names:
            return None  # as on a CPU without oneDNN, whose allocator tells the profiler nothing
        size, peak = (profile.stat(name).numbers(len(profile)) for name in ("allocation_bytes", "peak_bytes_in_use"))
        largest = made[np.argsort(-size[made], kind="stable")[:MOST_OPS]].tolist()
        ops, shapes = (profile.stat(name) for name in ("tf_op", "shape"))
        op_number, shape_number = ops.text_numbers(len(profile)), shapes.text_numbers(len(profile))
        return {
            "allocations": len(made),
            "allocated_bytes": int(size[made].sum()),
            "freed_bytes": int(size[freed].sum()),
            "peak_bytes": int(peak[made].max()) if len(made) else None,
            "largest": [
                {
                    "bytes": int(size[event]),
                    "op": ops.texts[op_number[event]] if op_number[event] >= 0 else None,
                    "shape": shapes.texts[shape_number[event]] if shape_number[event] >= 0 else None,
                }
                for event in largest
            ],
        }


def _self_ns(joined: profile_join.JoinedProfile) -> _Indexes:
    """How long each event took, less what happened inside it on its line."""
    own = joined.duration_ns.copy()
    inside = np.flatnonzero(joined.parent >= 0)
    parents = joined.parent[inside]
    # What overlaps its surroundings' end counts as far as it lies inside.
    lasted = np.minimum(joined.profile.end_ns[inside], joined.profile.end_ns[parents]) - joined.profile.start_ns[inside]
    np.subtract.at(own, parents, np.maximum(lasted, 0))
    return np.maximum(own, 0)


def _sums(place: npt.NDArray[Any], values: _Indexes, count: int) -> _Indexes:
    # Sums of float64 are exact here: up to 2**53 ns, which is a hundred days.
    return np.bincount(place, weights=values, minlength=count).astype(np.int64)


def _table(names: npt.NDArray[np.int32], time_ns: _Indexes, texts: list[str]) -> list[dict[str, Any]]:
    """Counts events by what they are called, the longest first."""
    counts, times = np.bincount(names, minlength=len(texts)), _sums(names, time_ns, len(texts))
    table: dict[str, list[int]] = {}
    for name in np.flatnonzero(counts).tolist():
        row = table.setdefault(texts[name], [0, 0])
        row[0] += int(counts[name])
        row[1] += int(times[name])
    rows = sorted(table.items(), key=lambda item: (-item[1][1], item[0]))[:MOST_OPS]
    return [{"name": text, "count": count, "self_ns": total} for text, (count, total) in rows]
