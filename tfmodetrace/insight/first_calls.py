"""What the first call of a graph costs: tracing it, optimizing, placing and compiling it, over what a later call takes.

A later call is one of the same function, signature and mode that traced nothing. Where there is none, what a first call costs beyond its
tracing is not known; but no later call needs more than the quickest call of a graph alike, for no smaller tensors, did beside its tracing.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import attribution as attribution_module
from tfmodetrace.insight import subtypes
from tfmodetrace.log import call_columns, tracelog
from tfmodetrace.schema import keys, words

SLOW_SHARE: Final = 0.05
"""The share of the wall time from which on one first call is slow."""

_MOST_HELD: Final = 1000
"""Calls of graphs alike that are held against each other, at most."""

_RUNS: Final = (int(words.Mode.GRAPH), int(words.Mode.XLA))
_Rows = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FirstCall:
    """A call that traced its function and then ran what it had traced.

    Attributes:
        row: Its row in ``run.calls``.
        process: Its process.
        thread_id: Its thread.
        function_id: Its function.
        signature_id: Its signature.
        mode: How it ran: ``graph`` or ``xla``.
        trace_ids: The traces of its own function that it caused.
        duration_ns: How long it took.
        later_calls: How many calls of its function, signature and mode traced nothing.
        later_ns: The median of these; ``None`` if there are none.
        cost_ns: What it took beyond that; ``None`` if there are none.
        tracing_ns: How much of its duration was tracing, of whatever function.
        xla_ns: What it cost beyond tracing if it ran compiled: XLA's work. 0 of a graph; ``None`` if the cost is not known.
        rest_ns: What it cost beyond tracing if it ran as a graph: TensorFlow's optimizing and placing, and what is made only once. 0 of
            what ran compiled; ``None`` if the cost is not known.
        needed_ns: What a later call takes. Where there are none, what it takes at most: what the quickest call of a graph alike, for no
            smaller tensors, took beside its tracing.
    """

    row: int
    process: int
    thread_id: int
    function_id: int
    signature_id: int
    mode: str
    trace_ids: tuple[int, ...]
    duration_ns: int
    later_calls: int
    later_ns: int | None
    cost_ns: int | None
    tracing_ns: int
    xla_ns: int | None
    rest_ns: int | None
    needed_ns: int

    @property
    def known_cost_ns(self) -> int:
        """What it cost, at least: its tracing, where there is no other call to hold it against."""
        return max(0, self.duration_ns - self.needed_ns)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SlowFirstCall:
    """A first call that took much of its process's wall time.

    Attributes:
        call: The call.
        share: The part of the wall time that it cost, as far as that is known.
    """

    call: FirstCall
    share: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The calls of one function, signature and mode of which some have traced.

    Attributes:
        firsts: The rows of those that have.
        later: The rows of those that have traced nothing, whatever function; none where signatures were not recorded.
    """

    firsts: _Rows
    later: _Rows


class FirstCalls:
    """Answers what first calls cost. Each answer is computed when it is first asked for; one object a run is enough."""

    def __init__(self, run: tracelog.Run, attribution: attribution_module.Attribution) -> None:
        """Takes the run and what belongs to its calls; neither is copied."""
        self._run = run
        self._attribution = attribution

    @functools.cached_property
    def groups(self) -> tuple[Group, ...]:
        """First calls beside the later calls that they are held against."""
        calls = self._run.calls
        traced = np.zeros(len(calls), dtype=np.bool_)
        traced[list(self._own_traces)] = True
        if not traced.any():
            return ()
        functions = np.zeros(len(self._run.functions), dtype=np.bool_)
        functions[calls.function_id[traced]] = True
        rows = np.flatnonzero(functions[calls.function_id] & np.isin(calls.mode, _RUNS))
        kinds = (calls.signature_id[rows].astype(np.int64) + 1) * len(words.MODES) + calls.mode[rows]
        # Signatures belong to one function; calls without one are told apart by their function.
        kinds = np.where(calls.signature_id[rows] < 0, -1 - calls.function_id[rows] * len(words.MODES) - calls.mode[rows], kinds)
        quiet = (self._attribution.last_traces < 0) & (self._attribution.call_tracing_ns == 0)
        groups = []
        for kind, members in call_columns.rows_by_group(kinds):
            own = rows[members]
            firsts = own[traced[own]]
            if len(firsts):
                groups.append(Group(firsts=firsts, later=own[quiet[own]] if kind >= 0 else own[:0]))
        return tuple(groups)

    @functools.cached_property
    def calls(self) -> tuple[FirstCall, ...]:
        """Every first call of the run, in order."""
        found = [call for group in self.groups for call in self._of_group(group)]
        return tuple(sorted(self._held_against_others(found), key=lambda call: call.row))

    def slow(self, wall_ns: Mapping[int, int]) -> tuple[SlowFirstCall, ...]:
        """Returns the first calls that cost at least ``SLOW_SHARE`` of the wall time, those that cost most first.

        Args:
            wall_ns: The wall time of every process.
        """
        shares = [(call, call.known_cost_ns / wall_ns[call.process]) for call in self.calls if wall_ns[call.process] > 0]
        slow = [SlowFirstCall(call=call, share=share) for call, share in shares if share >= SLOW_SHARE]
        return tuple(sorted(slow, key=lambda first: -first.call.known_cost_ns))

    def of_trace(self, trace_id: int) -> FirstCall | None:
        """Returns the first call that has caused a trace of its own function; ``None`` for a trace without one."""
        return self._by_trace.get(trace_id)

    def cost_ns(self, trace_ids: Collection[int]) -> int:
        """Returns what some traces cost with the first runs of their graphs, as far as known; several of one call count once.

        A trace that ran in no call of its own function costs its duration.
        """
        found = {self._by_trace[number].row: self._by_trace[number].known_cost_ns for number in trace_ids if number in self._by_trace}
        alone = sum(self._run.traces[number].duration_ns or 0 for number in trace_ids if number not in self._by_trace)
        return sum(found.values()) + alone

    @functools.cached_property
    def _by_trace(self) -> Mapping[int, FirstCall]:
        return {trace_id: call for call in self.calls for trace_id in call.trace_ids}

    @functools.cached_property
    def _own_traces(self) -> Mapping[int, list[int]]:
        """The traces of its own function that each call has caused, by row."""
        found: dict[int, list[int]] = {}
        rows = self._attribution.trace_rows
        for trace_id in np.flatnonzero(self._attribution.has_own_call).tolist():
            found.setdefault(int(rows[trace_id]), []).append(trace_id)
        return found

    def _of_group(self, group: Group) -> Iterator[FirstCall]:
        calls = self._run.calls
        later_ns = int(np.median(calls.duration_ns[group.later])) if len(group.later) else None
        for row in group.firsts.tolist():
            mode, duration_ns = int(calls.mode[row]), int(calls.duration_ns[row])
            tracing_ns = int(self._attribution.call_tracing_ns[row])
            cost_ns = None if later_ns is None else max(0, duration_ns - later_ns)
            beyond_ns = None if cost_ns is None else max(0, cost_ns - tracing_ns)
            compiled = mode == int(words.Mode.XLA)
            yield FirstCall(
                row=row,
                process=int(calls.process[row]),
                thread_id=int(calls.thread_id[row]),
                function_id=int(calls.function_id[row]),
                signature_id=int(calls.signature_id[row]),
                mode=words.MODES[mode],
                trace_ids=tuple(self._own_traces[row]),
                duration_ns=duration_ns,
                later_calls=len(group.later),
                later_ns=later_ns,
                cost_ns=cost_ns,
                tracing_ns=tracing_ns,
                xla_ns=beyond_ns if compiled or beyond_ns is None else 0,
                rest_ns=0 if compiled and beyond_ns is not None else beyond_ns,
                needed_ns=duration_ns - tracing_ns if later_ns is None else later_ns,
            )

    def _held_against_others(self, found: Sequence[FirstCall]) -> Iterator[FirstCall]:
        """Holds calls whose graphs never ran again against those of graphs alike that had no less to compute."""
        alike: dict[Hashable, list[int]] = collections.defaultdict(list)
        sizes: dict[int, tuple[int, ...]] = {}
        for number, call in enumerate(found):
            work = self._work(call)
            if work is not None:
                alike[work[0]].append(number)
                sizes[number] = work[1]
        needed = [call.needed_ns for call in found]
        for numbers in alike.values():
            own_ns = np.array([needed[number] for number in numbers], dtype=np.int64)
            own_sizes = np.array([sizes[number] for number in numbers], dtype=np.int64)
            for place, number in enumerate(numbers[:_MOST_HELD]):
                if found[number].later_ns is None:
                    no_less = (own_sizes >= own_sizes[place]).all(axis=1)
                    needed[number] = int(own_ns[no_less].min())
        for call, ns in zip(found, needed, strict=True):
            yield call if ns == call.needed_ns else dataclasses.replace(call, needed_ns=ns)

    def _work(self, call: FirstCall) -> tuple[Hashable, tuple[int, ...]] | None:
        """What graphs have in common that compute the same, and the sizes that it is computed for; ``None`` if that is not known."""
        trace = self._run.traces[call.trace_ids[-1]]
        if trace.graph is None or trace.key is None:
            return None
        tensors = list(_tensors(trace.key.arguments))
        kinds = tuple((node.kind, node.dtype, None if node.shape is None else len(node.shape)) for node in tensors)
        sizes = tuple(size for node in tensors for size in node.shape or () if size is not None)
        if len(sizes) < sum(len(node.shape or ()) for node in tensors):
            return None  # one graph for several sizes
        definition = self._run.functions[call.function_id].definition_id
        return (call.process, definition, call.mode, tuple(sorted(trace.graph.op_types.items())), kinds), sizes


def _tensors(node: keys.Node) -> Iterator[keys.Node]:
    if node.kind in subtypes.TENSORS:
        yield node
    for child in node.children:
        yield from _tensors(child)
