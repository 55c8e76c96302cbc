"""The TensorFlow profiler's events and recorded calls, joined: which call caused each event, and how the two clocks relate.

A recorded call has an event of its own in the profile, on its thread's line. What happens on that line within it belongs to it. What
happens on other lines belongs to the call in which it was asked for: the profiler notes a number where work is handed over (a producer) and
the same where it is done (a consumer); xprof's ``GroupTfEvents`` uses them likewise. A kernel on a device has the number of the event on
the host that launched it.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import profile_events
from tfmodetrace.insight.profile_events import Kind
from tfmodetrace.log import tracelog, xplane
from tfmodetrace.schema import profiles, words

WANTED_STATS: Final = frozenset(
    {
        profiles.RECORDING_STAT,
        profiles.CALL_ID_STAT,
        "_pt",
        "_p",
        "_ct",
        "_c",
        "is_func",
        "tf_function_call",
        "step_num",
        "hlo_op",
        "correlation_id",
        "tf_op",
        "shape",
        "requested_bytes",
        "allocation_bytes",
        "bytes_allocated",
        "peak_bytes_in_use",
        "allocator_name",
    }
)
"""The stats that are used here and by what builds on this."""

_REGION_BEGINS: Final = "ThreadpoolListener::StartRegion"
_REGION_ENDS: Final = "ThreadpoolListener::StopRegion"
_CLOCK_BINS: Final = 256
_DRIFT_FROM_NS: Final = 1_000_000_000
"""Over less than a second clocks do not drift by anything that could be told."""

_Indexes = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """How the profile's time becomes the run's.

    Attributes:
        offset_ns: The run's time where the profile's is 0.
        drift: By how much the run's clock is faster, as a share.
        residual_ns: By how much at most a call's recorded time is not inside its event in the profile, which it must be; ``None`` if there
            is no call that both know, and the offset is the difference between the two starts by the system's clock.
        calls: By how many calls this was found.
    """

    offset_ns: float
    drift: float
    residual_ns: int | None
    calls: int

    def to_run(self, profile_ns: _Indexes) -> _Indexes:
        """Converts times."""
        shift: _Indexes = np.rint(self.offset_ns + self.drift * profile_ns).astype(np.int64)
        return profile_ns + shift


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class JoinedProfile:
    """A profile whose events know their calls. Arrays have the shape ``(events,)``.

    Attributes:
        profile: The profile.
        facts: What each of its names tells.
        clock: How its time becomes the run's.
        marks: The recordings whose calls are in it.
        call: Of each event, the call that it belongs to, as a row of the run's calls; -1 if it belongs to none.
        is_call: Whether it is itself a call of a recording, this one's or another's.
        on_thread: Whether it happened on the call's own thread, within the call's event.
        parent: The event in which it happened on its line; -1 if in none.
        levels: The events by how many they happened in.
        kind: What it is, with regard to what it happened in: a ``Kind`` of ``PARTS``.
        is_op: Whether it is an op.
        outer_op: The op in which it happened; -1 if in none.
        called_in: Of a call's event, the row of the recorded call in which it happened on its thread; else -1.
    """

    profile: xplane.Profile
    facts: tuple[profile_events.NameFacts, ...]
    clock: Clock
    marks: tuple[str, ...]
    call: _Indexes
    is_call: npt.NDArray[np.bool_]
    on_thread: npt.NDArray[np.bool_]
    parent: _Indexes
    levels: Levels
    kind: npt.NDArray[np.uint8]
    is_op: npt.NDArray[np.bool_]
    outer_op: _Indexes
    called_in: _Indexes

    @functools.cached_property
    def calls(self) -> _Indexes:
        """The calls that are in the profile, ascending."""
        return np.unique(self.call[self.is_call & (self.call >= 0)])

    @functools.cached_property
    def duration_ns(self) -> _Indexes:
        """How long each event took."""
        return self.profile.end_ns - self.profile.start_ns

    @functools.cached_property
    def op_self_ns(self) -> _Indexes:
        """Of each op, how long it ran, less the ops inside it; an eager op runs while its kernel does. 0 for all that is no op."""
        names = self.profile.name
        is_run = np.array([fact.kind is Kind.RUN for fact in self.facts], dtype=np.bool_)[names] if len(names) else self.is_op
        inside = self.outer_op >= 0
        runs = np.flatnonzero(is_run & inside)
        own = np.where(self.is_op, self.duration_ns, 0)
        ran = np.bincount(self.outer_op[runs], weights=self.duration_ns[runs], minlength=len(own)).astype(np.int64)
        own = np.where(self.is_op & (ran > 0), ran, own)
        nested = np.flatnonzero(self.is_op & inside)
        np.subtract.at(own, self.outer_op[nested], self.duration_ns[nested])
        return np.maximum(own, 0)


def join(run: tracelog.Run, profile: xplane.Profile) -> JoinedProfile:
    """Finds for every event of a profile the recorded call that caused it.

    Args:
        run: The run.
        profile: A profile, read with ``WANTED_STATS``.
    """
    facts = tuple(map(profile_events.facts_of, profile.names))
    is_mark, call = _calls(run, profile)
    clock = _clock(run, profile, is_mark, call)
    _leave_out_parts(run, profile, clock, call)
    end = _with_regions(profile)
    parent, depth = _nesting(profile, end)
    levels = Levels(parent, depth)

    linked_to = _producers(profile)
    is_node = is_mark | (linked_to >= 0)
    node = levels.nearest(is_node)
    call_above = levels.nearest(is_mark)
    owner = _owners(node, is_node, is_mark, linked_to, parent)
    belongs = np.where(owner >= 0, call[owner], -1)
    _attach_kernels(profile, belongs)

    kind, is_op = _kinds(profile, facts, levels, is_mark)
    outer = np.where(parent >= 0, call_above[parent], -1)
    return JoinedProfile(
        profile=profile,
        facts=facts,
        clock=clock,
        marks=profile.stat(profiles.RECORDING_STAT).texts,
        call=belongs,
        is_call=is_mark,
        on_thread=(call_above >= 0) & (owner == call_above),
        parent=parent,
        levels=levels,
        kind=kind,
        is_op=is_op,
        outer_op=np.where(parent >= 0, levels.nearest(is_op)[parent], -1),
        called_in=np.where(is_mark & (outer >= 0), call[outer], -1),
    )


def _calls(run: tracelog.Run, profile: xplane.Profile) -> tuple[npt.NDArray[np.bool_], _Indexes]:
    """Finds the events that are recorded calls, and which calls of this run they are."""
    count = len(profile)
    stat = profile.stat(profiles.RECORDING_STAT)
    call_id = profile.stat(profiles.CALL_ID_STAT).numbers(count, -1)
    mark = stat.text_numbers(count)
    is_mark = (mark >= 0) & (call_id >= 0)
    call = np.full(count, -1, dtype=np.int64)
    calls = run.calls
    for process in run.processes:
        text = profiles.recording_mark(process.session_id)
        if not process.session_id or text not in stat.texts:
            continue
        ours = np.flatnonzero(is_mark & (mark == stat.texts.index(text)))
        rows = np.flatnonzero(calls.process == process.process)
        by_id = rows[np.argsort(calls.call_id[rows], kind="stable")]
        if not len(by_id):
            continue
        found = np.minimum(np.searchsorted(calls.call_id[by_id], call_id[ours]), len(by_id) - 1)
        known = calls.call_id[by_id][found] == call_id[ours]
        call[ours[known]] = by_id[found[known]]
    return is_mark, call


def _leave_out_parts(run: tracelog.Run, profile: xplane.Profile, clock: Clock, call: _Indexes) -> None:
    """Forgets the generators and coroutines of which the profile shows some stretches only."""
    events = np.flatnonzero(call >= 0)
    if not len(events):
        return
    # By its events: the profiler begins to listen some time after the start that it tells.
    begin_ns, end_ns = clock.to_run(np.array([profile.start_ns.min(), profile.end_ns.max()])).tolist()
    rows = call[events]
    suspendable = (run.calls.flags[rows] & int(words.CallFlag.SUSPENDABLE)) != 0
    outside = (run.calls.start_ns[rows] < begin_ns) | (run.calls.end_ns[rows] > end_ns)
    call[events[suspendable & outside]] = -1


def _clock(run: tracelog.Run, profile: xplane.Profile, is_mark: npt.NDArray[np.bool_], call: _Indexes) -> Clock:
    """Finds the clock from calls that both know.

    A call's event begins before the call's recorded time and ends after it, by a microsecond or so, more where the thread was interrupted
    in between. So each call says between which bounds the offset lies; those that say it best are taken, from everywhere in the profile.
    """
    calls = run.calls
    suspendable = (calls.flags & int(words.CallFlag.SUSPENDABLE)) != 0  # has an event for each of its stretches
    events = np.flatnonzero(is_mark & (call >= 0))
    events = events[~suspendable[call[events]]]
    if not len(events):
        offset = 0
        if profile.start_unix_ns is not None and run.start_unix_ns is not None:
            offset = profile.start_unix_ns - run.start_unix_ns
        return Clock(offset_ns=offset, drift=0.0, residual_ns=None, calls=0)
    rows = call[events]
    highest = calls.start_ns[rows] - profile.start_ns[events]
    lowest = calls.end_ns[rows] - profile.end_ns[events]
    middle, width = (lowest + highest) / 2, np.abs(highest - lowest)
    at = profile.start_ns[events].astype(np.float64)
    base = float(middle[np.argmin(width)])
    drift, offset_ns = 0.0, base
    if at.max() - at.min() >= _DRIFT_FROM_NS:
        best = _best_of_bins(at, width)
        slope, intercept = np.polyfit(at[best], middle[best] - base, 1)
        drift, offset_ns = float(slope), base + float(intercept)
    else:
        best = np.argsort(width, kind="stable")[: max(1, len(width) // 4)]
        offset_ns = float(np.median(middle[best]))
    estimate = offset_ns + drift * at
    residual = np.maximum(np.maximum(lowest - estimate, estimate - highest), 0)
    return Clock(offset_ns=offset_ns, drift=drift, residual_ns=int(np.ceil(residual.max())), calls=len(events))


def _best_of_bins(at: npt.NDArray[np.float64], width: npt.NDArray[np.float64]) -> _Indexes:
    bins = ((at - at.min()) / (at.max() - at.min()) * (_CLOCK_BINS - 1)).astype(np.int64)
    order = np.lexsort((width, bins))
    return order[np.unique(bins[order], return_index=True)[1]]


def _with_regions(profile: xplane.Profile) -> _Indexes:
    """Returns where events end, the beginnings of a thread pool's regions where the region ends."""
    end = profile.end_ns.copy()
    try:
        begins_name, ends_name = profile.names.index(_REGION_BEGINS), profile.names.index(_REGION_ENDS)
    except ValueError:
        return end
    begins, ends = np.flatnonzero(profile.name == begins_name), np.flatnonzero(profile.name == ends_name)
    if not len(ends):
        return end
    nearest = np.searchsorted(ends, begins)
    following = ends[np.minimum(nearest, len(ends) - 1)]
    has_end = (nearest < len(ends)) & (profile.line[following] == profile.line[begins])
    end[begins[has_end]] = profile.end_ns[following[has_end]]
    return end


def _nesting(profile: xplane.Profile, end: _Indexes) -> tuple[_Indexes, npt.NDArray[np.int32]]:
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


def _producers(profile: xplane.Profile) -> _Indexes:
    """Finds of each consumer the event in which its work was handed over; -1 where there is none, or more than one."""
    producer, consumer = (_context(profile, *stats) for stats in (("_pt", "_p"), ("_ct", "_c")))
    linked_to = np.full(len(profile), -1, dtype=np.int64)
    if not len(producer[0]) or not len(consumer[0]):
        return linked_to
    keys, firsts, counts = np.unique(producer[1], return_index=True, return_counts=True)
    found = np.minimum(np.searchsorted(keys, consumer[1]), len(keys) - 1)
    is_known = (keys[found] == consumer[1]) & (counts[found] == 1)
    linked_to[consumer[0][is_known]] = producer[0][firsts[found[is_known]]]
    return linked_to


def _context(profile: xplane.Profile, type_name: str, id_name: str) -> tuple[_Indexes, npt.NDArray[np.uint64]]:
    """Returns the events that have a context, and a key of it: its type and number, mixed."""
    number = profile.stat(id_name)
    types = profile.stat(type_name).numbers(len(profile), -1)[number.event]
    has_both = (types >= 0) & ~number.is_text
    key = number.value.view(np.uint64) ^ (types.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    return number.event[has_both], key[has_both]


def _owners(
    node: _Indexes, is_node: npt.NDArray[np.bool_], is_mark: npt.NDArray[np.bool_], linked_to: _Indexes, parent: _Indexes
) -> _Indexes:
    """Finds of each event the call's event to which it belongs, -1 if to none, by going from consumer to producer.

    Args:
        node: The innermost event around each, itself included, that begins work of its own.
        is_node: Whether an event is such.
        is_mark: Whether it is a recorded call's.
        linked_to: Where the work was handed over.
        parent: The event around each.
    """
    above = np.where(parent >= 0, node[parent], -1)
    handed_over_in = np.where(linked_to >= 0, node[linked_to], -1)
    # Work that nobody handed over belongs to what it happens in.
    step = np.where(handed_over_in >= 0, handed_over_in, above)
    step = np.where(is_mark, np.arange(len(node)), step)
    nodes = np.flatnonzero(is_node)
    for _ in range(64):  # each turn goes twice as far as the one before
        further = np.where(step[nodes] >= 0, step[step[nodes]], -1)
        if np.array_equal(further, step[nodes]):
            break
        step[nodes] = further
    reached = step[nodes]
    step[nodes] = np.where((reached >= 0) & is_mark[reached], reached, -1)
    return np.where(node >= 0, step[node], -1)


def _attach_kernels(profile: xplane.Profile, belongs: _Indexes) -> None:
    """Gives what happened on devices to the calls that launched it."""
    correlation = profile.stat("correlation_id")
    if not len(correlation.event):
        return
    on_device = np.array([line.is_device for line in profile.lines], dtype=np.bool_)[profile.line[correlation.event]]
    launches, kernels = np.flatnonzero(~on_device), np.flatnonzero(on_device)
    if not len(launches) or not len(kernels):
        return
    keys, firsts, counts = np.unique(correlation.value[launches], return_index=True, return_counts=True)
    wanted = correlation.value[kernels]
    found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    is_known = (keys[found] == wanted) & (counts[found] == 1)
    belongs[correlation.event[kernels[is_known]]] = belongs[correlation.event[launches[firsts[found[is_known]]]]]


def _kinds(
    profile: xplane.Profile, facts: tuple[profile_events.NameFacts, ...], levels: Levels, is_mark: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Tells what each event is, with regard to what it happens in, and which are ops."""
    parent = levels.parent
    if not len(profile):
        return np.empty(0, dtype=np.uint8), np.empty(0, dtype=np.bool_)
    kind = np.array([fact.kind for fact in facts], dtype=np.uint8)[profile.name]
    is_op = np.array([fact.is_op for fact in facts], dtype=np.bool_)[profile.name] & ~is_mark
    kind[profile.stat("step_num").event] = Kind.PYTHON
    kind[profile.stat("tf_function_call").event] = Kind.DISPATCH
    kind[is_mark] = Kind.PYTHON
    _tell_functions(profile, kind, is_op, parent)
    _tell_compiling(kind, parent)
    for level in levels:
        if parent[level[0]] < 0:
            kind[level[kind[level] == Kind.UNKNOWN]] = Kind.OTHER
            kind[level[kind[level] == Kind.RUN]] = Kind.OPS
            continue
        own, around = kind[level], kind[parent[level]]
        is_known = own != Kind.UNKNOWN
        inherited = np.where(around == Kind.PYTHON, Kind.OTHER, around)
        told = np.where(is_known, own, inherited)
        told = np.where(told == Kind.RUN, np.where(around == Kind.FUNCTION, Kind.IDLE, Kind.OPS), told)
        # Whatever happens while a function is traced or compiled is part of that.
        kind[level] = np.where(np.isin(around, (Kind.TRACING, Kind.COMPILE)), around, told)
    parts = np.arange(len(Kind), dtype=np.uint8)
    parts[[Kind.FUNCTION, Kind.XLA, Kind.XLA_COMPILING]] = Kind.DISPATCH, Kind.DISPATCH, Kind.COMPILE
    return parts[kind], is_op


def _tell_functions(profile: xplane.Profile, kind: npt.NDArray[np.uint8], is_op: npt.NDArray[np.bool_], parent: _Indexes) -> None:
    """Takes for functions what the event around it says is one, whatever its name."""
    is_function = np.zeros(len(profile), dtype=np.bool_)
    stat = profile.stat("is_func")
    is_function[stat.event[stat.value == 1]] = True
    inside = np.flatnonzero((parent >= 0) & is_op)
    inside = inside[is_function[parent[inside]]]
    kind[inside] = Kind.FUNCTION
    is_op[inside] = False


def _tell_compiling(kind: npt.NDArray[np.uint8], parent: _Indexes) -> None:
    """Finds the programs of XLA's in which something was compiled."""
    above = parent[kind == Kind.COMPILE]
    while len(above := above[above >= 0]):
        is_program = kind[above] == Kind.XLA
        kind[above[is_program]] = Kind.XLA_COMPILING
        above = parent[above[~is_program & (kind[above] != Kind.XLA_COMPILING)]]
