"""Workers by what they have traced: the same functions, in the same order, with the same keys.

What is compared is the same on every machine: a function is its file's name, its qualified name and its first line, and a trace its key
without what only its process knows, such as numbers of objects. Traces are compared function by function, since threads may take turns
otherwise. What only the chief calls, such as an evaluation, makes nobody different, nor does what was traced because of that.
"""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from tfmodetrace.insight import attribution as attribution_module
from tfmodetrace.insight.workers import members
from tfmodetrace.log import function_table, trace_table, tracelog
from tfmodetrace.schema import keys

_OF_ONE_PROCESS: Final = re.compile(r"\b0x[0-9a-fA-F]+\b|/job:\w+|/replica:\d+|/task:\d+")
_BY_EQUALITY: Final = (keys.Kind.OBJECT, keys.Kind.COMPOSITE, keys.Kind.CUSTOM)


class Place(NamedTuple):
    """A definition, called as it is on every machine."""

    file: str
    qualname: str
    line: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Workers that have traced alike.

    Attributes:
        workers: They, in their order.
        traces: How many traces each of them has, of what all workers call.
    """

    workers: tuple[members.Worker, ...]
    traces: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How one group differs from the one that the others are held against.

    Attributes:
        group: The group.
        first: The first trace that differs, by number.
        theirs: Whether that is one of the group's; else it is one that the group does not have.
        function: What was traced then.
        traces: How many traces of that function each of the group has.
        usual: And each of those that they are held against.
        extra: The traces that the group's first worker has beside those of the others.
        alike_in_number: Whether they have traced each function as often: then nobody waits longer for the one than for the other.
    """

    group: Group
    first: int
    theirs: bool
    function: str
    traces: int
    usual: int
    extra: tuple[int, ...]
    alike_in_number: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sequences:
    """What workers have traced.

    Attributes:
        groups: Those that have traced alike; the first is the one that the others are held against: the largest, of equal ones the one
            with the fewest traces.
        differences: How each of the others differs from it.
        chief_only: Functions that only the chief calls, as their names.
    """

    groups: tuple[Group, ...]
    differences: tuple[Difference, ...]
    chief_only: tuple[str, ...]


_Traces = Mapping[Place, Sequence[trace_table.Trace]]


def place_of(function: function_table.Function) -> Place:
    """Returns the definition of a function."""
    return Place(re.split(r"[/\\]", function.file)[-1], function.qualname or function.name, function.line)


class Key(NamedTuple):
    """What TensorFlow keyed a trace on, without what only its process knows: the arguments, and all else."""

    arguments: keys.Node
    outside: tuple[Hashable, ...]


def key_of(trace: trace_table.Trace) -> Key | None:
    """Returns the key of a trace; ``None`` if it was not recorded."""
    key = trace.key
    if key is None:
        return None
    outside = (
        key.scope_type,
        bool(key.parent_graph),
        tuple(_OF_ONE_PROCESS.sub("", name) for name in key.device_functions),
        key.in_cross_replica_context,
        bool(key.xla_context),
    )
    return Key(_neutral(key.arguments), outside)


def _neutral(node: keys.Node) -> keys.Node:
    kind = node.kind
    if kind in (keys.Kind.TENSOR, keys.Kind.NONE):  # most are
        return node
    return dataclasses.replace(
        node,
        token=node.token if kind == keys.Kind.LITERAL else 0,
        alias=0 if kind in _BY_EQUALITY else node.alias,
        dead=False,
        text=node.text if kind == keys.Kind.LITERAL else _OF_ONE_PROCESS.sub("", node.text),
        children=tuple(map(_neutral, node.children)),
        parts=None if node.parts is None else _neutral(node.parts),
    )


def of_run(run: tracelog.Run, workers: Sequence[members.Worker], attribution: attribution_module.Attribution) -> Sequences:
    """Compares what at least two workers have traced."""
    own = _chief_only(run, workers)
    by_worker: dict[int, _Traces] = {worker.process: _by_place(run, worker.process, own) for worker in workers}
    key_by_trace = {trace.trace_id: key_of(trace) for traces in by_worker.values() for of_place in traces.values() for trace in of_place}
    by_worker = _without_what_the_chief_caused(run, workers, by_worker, key_by_trace, own, attribution)
    alike: dict[Any, list[members.Worker]] = collections.defaultdict(list)
    for worker in workers:
        told = {place: tuple(key_by_trace[trace.trace_id] for trace in of_place) for place, of_place in by_worker[worker.process].items()}
        alike[frozenset(told.items())].append(worker)
    counts = {worker.process: sum(map(len, by_worker[worker.process].values())) for worker in workers}
    groups = [Group(workers=tuple(same), traces=counts[same[0].process]) for same in alike.values()]
    groups.sort(key=lambda group: (-len(group.workers), group.traces))
    usual = by_worker[groups[0].workers[0].process]
    differences = tuple(_difference(group, by_worker[group.workers[0].process], usual, key_by_trace) for group in groups[1:])
    names = {place.qualname: None for place in sorted(own)}
    return Sequences(groups=tuple(groups), differences=differences, chief_only=tuple(names))


def _chief_only(run: tracelog.Run, workers: Sequence[members.Worker]) -> frozenset[Place]:
    """The definitions that the chief has and none of the others: what it does once for all."""
    places: dict[int, set[Place]] = collections.defaultdict(set)
    for function in run.functions:
        places[function.process].add(place_of(function))
    chief = next(worker.process for worker in workers if worker.chief)
    return frozenset(places[chief].difference(*(places[worker.process] for worker in workers if not worker.chief)))


def _by_place(run: tracelog.Run, process: int, but: frozenset[Place]) -> dict[Place, list[trace_table.Trace]]:
    found: dict[Place, list[trace_table.Trace]] = collections.defaultdict(list)
    for trace in run.traces:
        if trace.process == process and (place := place_of(run.functions[trace.function_id])) not in but:
            found[place].append(trace)
    return found


def _without_what_the_chief_caused(
    run: tracelog.Run,
    workers: Sequence[members.Worker],
    by_worker: Mapping[int, _Traces],
    key_by_trace: Mapping[int, Hashable],
    own: frozenset[Place],
    attribution: attribution_module.Attribution,
) -> dict[int, _Traces]:
    """Leaves out what was traced inside of what only the chief calls, and the same on others, who may have traced it later."""
    chief = next(worker.process for worker in workers if worker.chief)
    causes = {function.function_id for function in run.functions if function.process == chief and place_of(function) in own}
    outer = [trace for trace in run.traces if trace.function_id in causes]
    caused = {
        (place, key_by_trace[trace.trace_id])
        for place, traces in by_worker[chief].items()
        for trace in traces
        if causes and _is_inside(run, trace, causes, outer, attribution)
    }
    if not caused:
        return dict(by_worker)
    return {
        process: {
            place: kept
            for place, of_place in traces.items()
            if (kept := [trace for trace in of_place if (place, key_by_trace[trace.trace_id]) not in caused])
        }
        for process, traces in by_worker.items()
    }


def _is_inside(
    run: tracelog.Run,
    trace: trace_table.Trace,
    causes: Collection[int],
    outer: Sequence[trace_table.Trace],
    attribution: attribution_module.Attribution,
) -> bool:
    row = int(attribution.trace_rows[trace.trace_id])
    while row >= 0:
        if int(run.calls.function_id[row]) in causes:
            return True
        row = int(run.calls.parent_rows[row])
    return any(
        around.thread_id == trace.thread_id and around.start_ns <= trace.start_ns < around.start_ns + (around.duration_ns or 0)
        for around in outer
    )


def _difference(group: Group, theirs: _Traces, usual: _Traces, key_by_trace: Mapping[int, Hashable]) -> Difference:
    """Finds the first trace that differs: of each function the first place at which the two part, of these the earliest."""
    found: list[tuple[int, trace_table.Trace, bool, Place]] = []
    extra: list[int] = []
    for place in {*theirs, *usual}:
        here, there = theirs.get(place, ()), usual.get(place, ())
        own, others = [key_by_trace[trace.trace_id] for trace in here], [key_by_trace[trace.trace_id] for trace in there]
        if own == others:
            continue
        at = next((at for at, (a, b) in enumerate(zip(own, others, strict=False)) if a != b), min(len(own), len(others)))
        # Where both have a trace, what only one of them has is what differs; the other comes later there, or is the next one.
        is_theirs = at < len(own) and (at >= len(others) or own[at] not in others[at:] or others[at] in own[at:])
        trace = here[at] if is_theirs else there[at]
        found.append((trace.start_ns, trace, is_theirs, place))
        left = collections.Counter(others)
        for each, key in zip(here, own, strict=True):
            left[key] -= 1
            if left[key] < 0:
                extra.append(each.trace_id)
    _, first, is_theirs, place = min(found, key=lambda each: each[0])
    return Difference(
        group=group,
        first=first.trace_id,
        theirs=is_theirs,
        function=place.qualname.rpartition(".<locals>.")[2],
        traces=len(theirs.get(place, ())),
        usual=len(usual.get(place, ())),
        extra=tuple(sorted(extra)),
        alike_in_number=all(len(theirs.get(place, ())) == len(usual.get(place, ())) for place in {*theirs, *usual}),
    )
