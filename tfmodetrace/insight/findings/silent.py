"""Findings about results that are wrong without an error: a graph repeats what its body did when it was traced, and nothing else."""

from __future__ import annotations

import collections
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from tfmodetrace.insight import fixes, places, side_effects, sources
from tfmodetrace.insight.findings import base
from tfmodetrace.log import call_columns, function_table, state_table, trace_table
from tfmodetrace.schema import words

_EXECUTING: Final = (int(words.Mode.GRAPH), int(words.Mode.XLA))
_TRACING: Final = int(words.Mode.TRACING)

_INSTEAD: Final[Mapping[side_effects.Kind, str]] = {
    "print": "Use tf.print, which is an op of the graph and prints at every call.",
    "log": "Use tf.print, or log what the function returns.",
    "counter": "Keep {target} in a tf.Variable, made outside of the function, and call its assign_add.",
    "assignment": "Return it, or keep {target} in a tf.Variable, made outside of the function, and call its assign.",
    "append": "Return what shall be kept and append it to {target} where the function is called; inside of a loop use a tf.TensorArray.",
    "random": "Draw in the graph, with tf.random.uniform, tf.random.normal or a tf.random.Generator; or draw outside and pass a tensor.",
    "next": "Pass {target}'s element as an argument, or iterate over a tf.data.Dataset.",
    "time": "Take the time outside of the function, or with tf.timestamp, which is an op of the graph.",
    "file": "Read and write with tf.io inside of a graph, or outside of the function.",
}

_CHANGES_RESULTS: Final = frozenset({"random", "next", "append"})
_KNOWN_DECORATORS: Final = frozenset({"function", "traced"})
"""Decorators below which a function runs to make the graph, and at no other time."""


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields the findings about bodies whose graphs do less than they do."""
    yield from _stale_state(evidence)
    for function in filter(fixes.is_users, evidence.run.functions):
        yield from _side_effects(evidence, function)


# --- Values that have changed -------------------------------------------------------------------------------------------------------------


def _stale_state(evidence: base.Evidence) -> Iterator[base.Draft]:
    made_ops = {function_id: _made_lines(traces) for function_id, traces in evidence.traces.items()}
    grouped: dict[tuple[int, str, str, int], list[state_table.StateChange]] = collections.defaultdict(list)
    for change in evidence.run.state_changes:
        if change.always or (change.file, change.line) in made_ops.get(change.function_id, ()):
            grouped[change.function_id, change.text, change.file, change.line].append(change)
    told: set[tuple[int, str, str]] = set()
    for (function_id, text, file, line), changes in grouped.items():
        seen = [(change, number) for change in changes if (number := _stale_call(evidence, change)) is not None]
        # A value that one body reads in several lines is one cause.
        if not seen or (function_id, text, changes[0].reader) in told:
            continue
        told.add((function_id, text, changes[0].reader))
        yield _stale(evidence, evidence.run.functions[function_id], seen, places.place(file, line))


def _made_lines(traces: Sequence[trace_table.Trace]) -> set[tuple[str, int]]:
    """The lines that have made ops of some graphs, those of functions that they call included."""
    return {(line.file, line.line) for trace in traces if trace.graph is not None for line in trace.graph.source_lines if line.line}


def _stale_call(evidence: base.Evidence, change: state_table.StateChange) -> int | None:
    """Returns which call of its function, from 1, has found a changed value and executed a graph that was made before; else ``None``."""
    calls = evidence.run.calls
    rows = np.flatnonzero(calls.function_id == change.function_id)
    rows = rows[np.argsort(calls.start_ns[rows], kind="stable")]
    later = rows[calls.start_ns[rows] >= change.time_ns]
    if not len(later) or calls.trace_id[later[0]] >= 0 or int(calls.mode[later[0]]) not in _EXECUTING:
        return None
    return len(rows) - len(later) + 1


def _stale(
    evidence: base.Evidence, function: function_table.Function, seen: Sequence[tuple[state_table.StateChange, int]], place: str
) -> base.Draft:
    first, number = seen[0]
    last, _ = seen[-1]
    calls = evidence.calls_of[function.function_id]
    values = list(dict.fromkeys([first.before, *(change.after for change, _ in seen)]))
    is_number = first.before.lstrip("-").replace(".", "", 1).replace("e-", "").isdigit()
    advice = (
        f"Make {first.text} a tf.Variable and change it with assign, or pass it to {function.name} as a tensor."
        if is_number
        else f"Pass {first.text} to {function.name} as an argument, so that another value is another trace."
    )
    return base.Draft(
        id="stale-python-state",
        functions=(function.function_id,),
        title=f"{function.name} goes on with {first.text} = {last.before}, which has been {last.after} since"
        if len(seen) == 1
        else f"{function.name} goes on with {first.text} = {last.before}, which has had {len(values) - 1} other values since",
        evidence={
            "name": first.text,
            "read_in": first.reader,
            "read_at": place,
            "code": first.code,
            "traced_with": last.before,
            "values": values[:10],
            "first_call_with_another": number,
            "calls": calls,
        },
        why=f"{first.reader} read {first.text} at {place} when it was traced, and the graph is made of that value. The program has "
        f"changed it since: call {number} of {calls} began with {first.after}, and executed the graph with {first.before}.",
        advice=advice,
        cause=(first.text, first.reader),
        at=function_table.Place(file=first.file, line=first.line, function=first.reader, code=first.code),
        wrong=True,
    )


# --- What is done only while tracing ------------------------------------------------------------------------------------------------------


def _side_effects(evidence: base.Evidence, function: function_table.Function) -> Iterator[base.Draft]:
    runs, executions, executing = _runs(evidence, function)
    if not runs or executions < runs + 2:
        return
    effects = side_effects.of_function(function, _facts(evidence, function, executing))
    by_kind: dict[side_effects.Kind, list[side_effects.Effect]] = collections.defaultdict(list)
    for effect in effects:
        by_kind[effect.kind].append(effect)
    for kind, found in by_kind.items():
        first = found[0]
        deliberate = all(effect.deliberate for effect in found)
        changes_results = kind in _CHANGES_RESULTS or any(effect.is_read for effect in found)
        others = f" and {len(found) - 1} more lines" if len(found) > 2 else " and one more line" if len(found) == 2 else ""
        yield base.Draft(
            id="python-side-effect",
            functions=(function.function_id,),
            title=f"{_short(first.what)}{others} ran only while {function.name} was traced, {base.times(runs)} in {executions:,} calls"
            if any(effect.in_loop for effect in found)
            else f"{_short(first.what)}{others} ran {base.times(runs)} in {executions:,} calls of {function.name}",
            evidence={
                "kind": kind,
                "places": [places.place(function.file, effect.line) for effect in found],
                "code": [effect.code for effect in found],
                "body_ran": runs,
                "executed": executions,
                "changes_results": changes_results and not deliberate,
            },
            at=function_table.Place(file=function.file, line=first.line, function=function.qualname, code=first.code),
            why="A graph has only the ops that TensorFlow's functions have made while the body was traced. What Python does beside that is "
            "done then, and not when the graph runs."
            + (" Every run of the graph has the one value that was drawn then." if kind == "random" else ""),
            advice=_INSTEAD[kind].format(target=first.target),
            cause=kind,
            normal=deliberate,
            wrong=changes_results and not deliberate,
        )


def _short(code: str) -> str:
    return code if len(code) <= 60 else code[:59] + "…"


def _facts(evidence: base.Evidence, function: function_table.Function, executing: Collection[int]) -> side_effects.Facts:
    """Returns what the traces of the functions that execute a function's ops tell of it."""
    outside: dict[str, set[str]] = collections.defaultdict(set)
    ops: dict[int, set[str]] = collections.defaultdict(set)
    for trace in (trace for each in executing for trace in evidence.traces.get(each, ())):
        for text, what in trace.outside.items():
            reader, _, name = text.partition(" ")
            if reader == function.qualname:
                outside[name].add(what)
        for line in () if trace.graph is None else trace.graph.source_lines:
            if line.file == function.file:
                ops[line.line] |= set(line.op_types)
            if line.own_line and trace.function_id == function.function_id:
                ops[line.own_line] |= set(line.op_types)
    decorators = sources.decorators(function)
    return side_effects.Facts(
        outside={name: frozenset(what) for name, what in outside.items()},
        ops={line: frozenset(types) for line, types in ops.items()},
        is_run=bool(decorators) and all(name.rpartition(".")[2] in _KNOWN_DECORATORS for name in decorators),
    )


def _runs(evidence: base.Evidence, function: function_table.Function) -> tuple[int, int, Collection[int]]:
    """How often a function's body ran to be traced, how often what was traced was executed by recorded calls, and of which functions."""
    calls, number = evidence.run.calls, function.function_id
    rows = evidence.rows_of(number)
    symbolic = rows[calls.mode[rows] == _TRACING]
    if number in evidence.traces and function.tf_function is not None:
        executed = int(np.isin(calls.mode[rows], _EXECUTING).sum())
        if executed:
            return len(evidence.traces[number]), executed, (number,)
    # Traced inside of others: executed as often as those are that lie around it.
    around = {found for row in symbolic.tolist() if (found := _executing_around(calls, row)) is not None}
    executed = sum(int(((calls.function_id == other) & np.isin(calls.mode, _EXECUTING)).sum()) for other in around)
    return (len(symbolic), executed, around) if around else (0, 0, ())


def _executing_around(calls: call_columns.Calls, row: int) -> int | None:
    """Returns the function whose call, in a graph, a body ran in to be traced; ``None`` if there is none."""
    at = int(calls.parent_rows[row])
    while at >= 0:
        if int(calls.mode[at]) in _EXECUTING:
            return int(calls.function_id[at])
        at = int(calls.parent_rows[at])
    return None
