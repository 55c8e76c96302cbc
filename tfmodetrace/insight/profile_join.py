"""The TensorFlow profiler's events and recorded calls, joined: which call caused each event, and how the two clocks relate.

A recorded call has an event of its own in the profile, on its thread's line. What happens on that line within it belongs to it. What
happens on other lines belongs to the call in which it was asked for: the profiler notes a number where work is handed over (a producer) and
the same where it is done (a consumer); xprof's ``GroupTfEvents`` uses them likewise. A kernel on a device has the number of the event on
the host that launched it.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import nesting, profile_clock, profile_events
from tfmodetrace.insight.profile_events import Kind
from tfmodetrace.log import tracelog, xplane
from tfmodetrace.schema import profiles, words

MODULE_STAT: Final = "name"
"""Of what XLA compiles, the program's name."""

WANTED_STATS: Final = frozenset(
    {
        profiles.RECORDING_STAT,
        profiles.CALL_ID_STAT,
        "_pt",
        "_p",
        "_ct",
        "_c",
        "id",
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
        MODULE_STAT,
    }
)
"""The stats that are used here and by what builds on this."""

_STEP_BEGINS: Final = re.compile(r"FunctionRun|\w+::RunAsync")
_STEP_GOES_ON: Final = re.compile(r"ExecutorState::Process|ExecutorDoneCallback|\w+Op::DoCompute")
"""Events whose ``id`` is that of an execution of a graph: where it was asked for, and where it is done."""

_POOL_EVENT: Final = "ThreadpoolListener::"
_REGION_BEGINS: Final = f"{_POOL_EVENT}StartRegion"
_REGION_ENDS: Final = f"{_POOL_EVENT}StopRegion"
_Indexes = npt.NDArray[np.int64]


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
    clock: profile_clock.Clock
    marks: tuple[str, ...]
    call: _Indexes
    is_call: npt.NDArray[np.bool_]
    on_thread: npt.NDArray[np.bool_]
    parent: _Indexes
    levels: nesting.Levels
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
        is_run, is_eager = self._by_name(lambda fact: fact.kind is Kind.RUN), self._by_name(lambda fact: fact.kind is Kind.DISPATCH)
        inside = self.outer_op >= 0
        runs = np.flatnonzero(is_run & inside)
        ran = np.bincount(self.outer_op[runs], weights=self.duration_ns[runs], minlength=len(is_run)).astype(np.int64)
        own = np.where(self.is_op, np.where(is_eager & (ran > 0), ran, self.duration_ns), 0)
        nested = np.flatnonzero(self.is_op & inside)
        np.subtract.at(own, self.outer_op[nested], self.duration_ns[nested])
        return np.maximum(own, 0)

    def _by_name(self, question: Callable[[profile_events.NameFacts], bool]) -> npt.NDArray[np.bool_]:
        """Answers a question about names for each event."""
        answers = np.fromiter(map(question, self.facts), dtype=np.bool_, count=len(self.facts))
        answered: npt.NDArray[np.bool_] = answers[self.profile.name]
        return answered


def join(run: tracelog.Run, profile: xplane.Profile) -> JoinedProfile:
    """Finds for every event of a profile the recorded call that caused it.

    Args:
        run: The run.
        profile: A profile, read with ``WANTED_STATS``.
    """
    facts = tuple(map(profile_events.facts_of, profile.names))
    is_mark, call = _calls(run, profile)
    clock = profile_clock.align(run, profile, call)
    _leave_out_parts(run, profile, clock, call)
    end = _with_regions(profile)
    parent, depth = nesting.nest(profile, end)
    levels = nesting.Levels(parent, depth)

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


def _leave_out_parts(run: tracelog.Run, profile: xplane.Profile, clock: profile_clock.Clock, call: _Indexes) -> None:
    """Forgets the generators and coroutines of which the profile shows some stretches only."""
    events = np.flatnonzero(call >= 0)
    if not len(events):
        return
    # By its events: the profiler begins to listen some time after the start that it tells. Thread pools note theirs without asking
    # whether it still listens, until it has collected what there is: many milliseconds on a busy machine.
    is_pools = np.fromiter((name.startswith(_POOL_EVENT) for name in profile.names), dtype=np.bool_, count=len(profile.names))
    heard = ~is_pools[profile.name]
    begin_ns, end_ns = clock.to_run(np.array([profile.start_ns[heard].min(), profile.end_ns[heard].max()])).tolist()
    rows = call[events]
    suspendable = (run.calls.flags[rows] & int(words.CallFlag.SUSPENDABLE)) != 0
    outside = (run.calls.start_ns[rows] < begin_ns) | (run.calls.end_ns[rows] > end_ns)
    call[events[suspendable & outside]] = -1


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


def _producers(profile: xplane.Profile) -> _Indexes:
    """Finds of each consumer the event in which its work was handed over; -1 where there is none, or more than one."""
    linked_to = np.full(len(profile), -1, dtype=np.int64)
    # Some kernels that run on threads of their own tell the execution they belong to and no more.
    for producer, consumer in (
        (_step(profile, _STEP_BEGINS), _step(profile, _STEP_GOES_ON)),
        (_context(profile, "_pt", "_p"), _context(profile, "_ct", "_c")),
    ):
        if not len(producer[0]) or not len(consumer[0]):
            continue
        keys, firsts, counts = np.unique(producer[1], return_index=True, return_counts=True)
        found = np.minimum(np.searchsorted(keys, consumer[1]), len(keys) - 1)
        is_known = (keys[found] == consumer[1]) & (counts[found] == 1)
        linked_to[consumer[0][is_known]] = producer[0][firsts[found[is_known]]]
    return linked_to


def _step(profile: xplane.Profile, names: re.Pattern[str]) -> tuple[_Indexes, npt.NDArray[np.uint64]]:
    """Returns the events of some names that tell the execution of a graph they belong to, and its number."""
    is_named = np.fromiter((names.fullmatch(name) is not None for name in profile.names), dtype=np.bool_, count=len(profile.names))
    number = profile.stat("id")
    chosen = is_named[profile.name[number.event]] & ~number.is_text
    return number.event[chosen], number.value[chosen].view(np.uint64)


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
    on_device = profile.on_device[correlation.event]
    launches, kernels = np.flatnonzero(~on_device), np.flatnonzero(on_device)
    if not len(launches) or not len(kernels):
        return
    keys, firsts, counts = np.unique(correlation.value[launches], return_index=True, return_counts=True)
    wanted = correlation.value[kernels]
    found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    is_known = (keys[found] == wanted) & (counts[found] == 1)
    belongs[correlation.event[kernels[is_known]]] = belongs[correlation.event[launches[firsts[found[is_known]]]]]


def _kinds(
    profile: xplane.Profile, facts: tuple[profile_events.NameFacts, ...], levels: nesting.Levels, is_mark: npt.NDArray[np.bool_]
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
