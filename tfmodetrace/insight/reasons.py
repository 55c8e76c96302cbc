"""Why each trace happened: its cache key against the nearest earlier one of the same function.

The nearest earlier trace is the one with the fewest, then the mildest changes, then the latest, where a part that the earlier trace would
have served (TensorFlow looks for a cached type that the call's is a subtype of) is no change.
"""

from __future__ import annotations

import collections
import dataclasses
import sys
from collections.abc import Collection, Iterable
from typing import Final

from tfmodetrace.insight import differences, neighbours
from tfmodetrace.log import function_table, trace_table, tracelog
from tfmodetrace.schema import words

Change = differences.Change

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
        more_changes: How many changes there are beside ``changes``, where a report leaves some out.
    """

    kinds: tuple[words.ChangeKind, ...]
    nearest_trace_id: int | None
    summary: str
    changes: tuple[Change, ...]
    fix: str | None = None
    more_changes: int = 0


def explain(run: tracelog.Run) -> tuple[Reason, ...]:
    """Returns the reason of every trace of a run, in the order of ``run.traces``."""
    reasons: list[Reason] = []
    histories: dict[int, neighbours.History] = collections.defaultdict(neighbours.History)
    gone_by_process: dict[int, set[int]] = collections.defaultdict(set)
    last_of_definition: dict[tuple[int, int], trace_table.Trace] = {}
    for trace in run.traces:
        function = run.functions[trace.function_id]
        history = histories[trace.function_id]
        gone = gone_by_process[trace.process]
        gone.update(trace.gone_objects)
        definition = (function.process, function.definition_id)
        if trace.ordinal <= 1:
            reasons.append(_first(function, last_of_definition.get(definition)))
        elif trace.key is None or not trace.key.from_cache:
            reasons.append(_unknown("TensorFlow's cache key could not be read"))
        elif history.empty:
            reasons.append(_unknown(_UNKNOWN_EARLIER))
        else:
            reasons.append(_retrace(trace.key, history, gone))
        history.add(trace)
        last_of_definition[definition] = trace
    return tuple(reasons)


def _retrace(key: trace_table.CacheKey, history: neighbours.History, gone: Collection[int]) -> Reason:
    best: tuple[tuple[int, int, int], trace_table.Trace, list[differences.Found]] | None = None
    for trace in history.candidates(key):
        if trace.key is None:
            continue
        found = differences.find(trace.key, key, gone=gone, limit=sys.maxsize if best is None else best[0][0])
        if not found:
            continue
        cost = (len(found), sum(_MILDNESS[change.kind] for change in found), -trace.trace_id)
        if best is None or cost < best[0]:
            best = (cost, trace, found)
    if best is None:
        return _unknown("the cache key equals an earlier one in everything that is recorded")
    changes = differences.written(best[2], gone=gone)
    return Reason(
        kinds=_kinds(changes),
        nearest_trace_id=best[1].trace_id,
        summary="; ".join(f"{change.path}: {change.before} → {change.after}" for change in changes),
        changes=changes,
    )


def _first(function: function_table.Function, earlier: trace_table.Trace | None) -> Reason:
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


def _kinds(changes: Iterable[Change]) -> tuple[words.ChangeKind, ...]:
    return tuple(sorted({change.kind for change in changes}, key=_MILDNESS.__getitem__))


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"
