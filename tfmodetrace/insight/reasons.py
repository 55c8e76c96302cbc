"""Why each trace happened: its cache key against the nearest earlier one of the same function.

The nearest earlier trace is the one with the fewest, then the mildest changes, then the latest. Comparing every pair would be quadratic,
so traces that differ in a single place are found through an index of keys with that place blanked out; only where there is none are the
most recent traces compared one by one.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any, Final

from tfmodetrace.insight import differences
from tfmodetrace.log import tables, tracelog
from tfmodetrace.schema import keys, words

Change = differences.Change

_RECENT: Final = 64
_MILDNESS: Final = {kind: rank for rank, kind in enumerate(words.CHANGE_KINDS)}
_UNKNOWN_EARLIER: Final = "the function was traced before the recording began, so what this trace differs in is not known"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a trace happened.

    Attributes:
        kinds: The kinds of its changes, each once, in the order of ``words.CHANGE_KINDS``.
        nearest_trace_id: The trace it was compared with; ``None`` for a first trace or if none was recorded.
        summary: The changes in one line.
        changes: Every change against the nearest trace.
        fix: Code that would have avoided it; ``None`` if none is suggested.
    """

    kinds: tuple[str, ...]
    nearest_trace_id: int | None
    summary: str
    changes: tuple[Change, ...]
    fix: str | None = None


def explain(run: tracelog.Run) -> tuple[Reason, ...]:
    """Returns the reason of every trace of a run, in the order of ``run.traces``."""
    reasons: list[Reason] = []
    histories: dict[int, _History] = collections.defaultdict(_History)
    last_of_definition: dict[tuple[int, int], tables.Trace] = {}
    for trace in run.traces:
        function = run.functions[trace.function_id]
        history = histories[trace.function_id]
        definition = (function.process, function.definition_id)
        if trace.ordinal <= 1:
            reasons.append(_first(function, last_of_definition.get(definition)))
        elif trace.key is None or not trace.key.from_cache:
            reasons.append(_unknown("TensorFlow's cache key could not be read"))
        elif history.empty:
            reasons.append(_unknown(_UNKNOWN_EARLIER))
        else:
            reasons.append(_retrace(trace.key, history))
        history.add(trace)
        last_of_definition[definition] = trace
    return tuple(reasons)


class _History:
    """The traces of one function so far, found by what they would be equal in."""

    def __init__(self) -> None:
        self.empty = True
        self._recent: collections.deque[tables.Trace] = collections.deque(maxlen=_RECENT)
        self._by_blanked_key: dict[Any, tables.Trace] = {}

    def add(self, trace: tables.Trace) -> None:
        self.empty = False
        if trace.key is not None:
            self._recent.append(trace)
            for blanked in _blanked(trace.key):
                self._by_blanked_key[blanked] = trace

    def candidates(self, key: tables.CacheKey) -> Iterator[tables.Trace]:
        """Yields earlier traces that are worth a comparison: all that differ in one place only, else the most recent."""
        found = False
        for blanked in _blanked(key):
            trace = self._by_blanked_key.get(blanked)
            if trace is not None:
                found = True
                yield trace
        if not found:
            yield from self._recent


def _retrace(key: tables.CacheKey, history: _History) -> Reason:
    best: tuple[tuple[int, int, int], tables.Trace, tuple[Change, ...]] | None = None
    for trace in history.candidates(key):
        if trace.key is None:
            continue
        changes = differences.between(trace.key, key)
        cost = (len(changes) or 1 << 30, sum(_MILDNESS[change.kind] for change in changes), -trace.trace_id)
        if best is None or cost < best[0]:
            best = (cost, trace, changes)
    if best is None or not best[2]:
        return _unknown("the cache key equals an earlier one in everything that is recorded")
    _, nearest, changes = best
    return Reason(
        kinds=_kinds(changes),
        nearest_trace_id=nearest.trace_id,
        summary="; ".join(f"{change.path}: {change.before} → {change.after}" for change in changes),
        changes=changes,
    )


def _first(function: tables.Function, earlier: tables.Trace | None) -> Reason:
    if function.instance == 0 or earlier is None:
        return Reason(kinds=("first-trace",), nearest_trace_id=None, summary="first trace", changes=())
    change = Change(
        kind="new-function-object",
        path="(function)",
        before=f"function object {function.instance}",
        after=f"function object {function.instance + 1}",
    )
    return Reason(
        kinds=("first-trace", "new-function-object"),
        nearest_trace_id=earlier.trace_id,
        summary=f"first trace of another function object: {function.name} was made {_times(function.instance + 1)}",
        changes=(change,),
    )


def _unknown(why: str) -> Reason:
    return Reason(kinds=("unknown",), nearest_trace_id=None, summary=f"unknown: {why}", changes=())


def _kinds(changes: Iterable[Change]) -> tuple[str, ...]:
    return tuple(sorted({change.kind for change in changes}, key=_MILDNESS.__getitem__))


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"


def _blanked(key: tables.CacheKey) -> Iterator[Any]:
    """Yields, for every place of a key, something that equals that of another key if the two differ in that place only."""
    leaves = tuple(_leaves(key.arguments, ""))
    context = dataclasses.replace(key, arguments=keys.Node(kind=keys.Kind.UNKNOWN))
    structure = tuple(path for path, _ in leaves)
    # A sum of the leaves' hashes lets one be taken out again without hashing the rest anew.
    total = sum(hash(leaf) for leaf in leaves)
    for leaf in leaves:
        yield structure, leaf[0], total - hash(leaf), context
    yield structure, total, "(context)"


def _leaves(node: keys.Node, path: str) -> Iterator[tuple[str, keys.Node]]:
    if not node.children:
        yield path, node
        return
    # Dict order is no part of a key; positions are.
    names = node.names or tuple(map(str, range(len(node.children))))
    yield f"{path}:{node.kind}{node.type_name}", keys.Node(kind=node.kind)
    for name, child in sorted(zip(names, node.children, strict=False), key=lambda pair: pair[0]):
        yield from _leaves(child, f"{path}/{name}")
