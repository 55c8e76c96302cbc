"""Findings about results that are wrong without an error: a graph repeats what its body did when it was traced, and nothing else."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from tfmodetrace.insight import counters, edits, effect_rewrites, executions, fixes, passed_state, places, side_effects, sources
from tfmodetrace.insight.findings import base
from tfmodetrace.log import function_table, state_table, trace_table

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
_KEPT: Final = frozenset({"append", "counter", "assignment"})
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
    if not len(later) or calls.trace_id[later[0]] >= 0 or int(calls.mode[later[0]]) not in executions.EXECUTING:
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
    changes: tuple[edits.Edit, ...] = ()
    if is_number and first.reader == function.qualname and "." in "".join(values):
        graphs = {sources.bare_name(each) for each in evidence.run.functions if each.function_id in evidence.traces}
        changes = passed_state.as_argument(function, evidence.traces.get(function.function_id, ()), [change for change, _ in seen], graphs)
    return base.Draft(
        id="stale-python-state",
        functions=(function.function_id,),
        title=f"{function.name} goes on with {first.text} = {last.before}, which has been {last.after} since"
        if len(seen) == 1
        else f"{function.name} goes on with {first.text} = {last.before}, which has had at least {len(values) - 1} other values since",
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
        edits=changes,
        cause=(first.text, first.reader),
        at=function_table.Place(file=first.file, line=first.line, function=first.reader, code=first.code),
        wrong=True,
    )


# --- What is done only while tracing ------------------------------------------------------------------------------------------------------


_OF_ELEMENTS: Final = frozenset({"random", "next", "append"})
"""What is told of tf.data's functions, of which it is not known how many elements they are run for."""


def _side_effects(evidence: base.Evidence, function: function_table.Function) -> Iterator[base.Draft]:
    runs, executed, executing = executions.of_function(evidence.run, evidence.rows_of, evidence.traces, function)
    of_elements = function.kind == "tf.data"
    if of_elements:
        runs, executing = len(evidence.traces.get(function.function_id, ())), (function.function_id,)
    elif executed < runs + 2:
        return
    if not runs:
        return
    # What tf.data was given runs as it is to make its graph, and what has a decorator may not.
    called = list(_called(evidence, function))
    bodies = [(function, of_elements and not sources.decorators(function)), *called]
    for body, is_run in bodies:
        read_in = [each for each in ((function, True), *called) if each[0] is not body]
        effects = side_effects.of_function(body, _facts(evidence, body, function, executing, is_run=is_run))
        # What is kept from one body to the next, and begins anew with every trace, is no state.
        emptied = frozenset[str]().union(*(side_effects.emptied(each, by_assignment=each is not body) for each, _ in bodies))
        by_kind: dict[side_effects.Kind, list[side_effects.Effect]] = collections.defaultdict(list)
        for effect in effects:
            if effect.kind in _KEPT and effect.target.rpartition(".")[2] in emptied:
                continue
            # What another body goes by is as much a part of the graph.
            counted = effect.kind == "counter" and any(ran and side_effects.reads(each, effect.target, body) for each, ran in read_in)
            is_read = effect.is_read or counted
            if not of_elements or effect.kind in _OF_ELEMENTS or is_read:
                by_kind[effect.kind].append(effect._replace(is_read=is_read))
        for kind, found in by_kind.items():
            changes = () if of_elements else _as_ops(evidence, function, body, kind, found)
            yield _side_effect(function, body, kind, found, runs, None if of_elements else executed, changes)


def _side_effect(
    function: function_table.Function,
    body: function_table.Function,
    kind: side_effects.Kind,
    found: Sequence[side_effects.Effect],
    runs: int,
    executed: int | None,
    changes: tuple[edits.Edit, ...],
) -> base.Draft:
    first = found[0]
    deliberate = all(effect.deliberate for effect in found)
    changes_results = kind in _CHANGES_RESULTS or any(effect.is_read for effect in found)
    others = f" and {len(found) - 1} more lines" if len(found) > 2 else " and one more line" if len(found) == 2 else ""
    where = "" if body is function else f" in {body.name}"
    what = f"{_short(first.what)}{others}{where}"
    if executed is None:
        title = f"{what} ran {base.times(runs)} for all elements of {function.name}"
    elif any(effect.in_loop for effect in found):
        title = f"{what} ran only while {function.name} was traced, {base.times(runs)} in {executed:,} calls"
    else:
        title = f"{what} ran {base.times(runs)} in {executed:,} calls of {function.name}"
    once = " Every element gets" if executed is None else " Every run of the graph has"
    return base.Draft(
        id="python-side-effect",
        functions=(function.function_id,),
        title=title,
        evidence={
            "kind": kind,
            "places": [places.place(body.file, effect.line) for effect in found],
            "code": [effect.code for effect in found],
            "body_ran": runs,
            "executed": executed,
            "changes_results": changes_results and not deliberate,
        },
        at=function_table.Place(file=body.file, line=first.line, function=body.qualname, code=first.code),
        why="A graph has only the ops that TensorFlow's functions have made while the body was traced. What Python does beside that is "
        "done then, and not when the graph runs." + (f"{once} the one value that was drawn then." if kind == "random" else ""),
        advice=_INSTEAD[kind].format(target=first.target),
        edits=changes,
        names=sources.names_in(body),
        cause=(kind, body.file, body.line),
        normal=deliberate,
        wrong=changes_results and not deliberate,
    )


def _as_ops(
    evidence: base.Evidence,
    function: function_table.Function,
    body: function_table.Function,
    kind: side_effects.Kind,
    found: Sequence[side_effects.Effect],
) -> tuple[edits.Edit, ...]:
    """Writes what a body does as ops of the graph, where that can be done."""
    lines = {effect.line for effect in found}
    if kind == "print":
        options = function.tf_function
        return effect_rewrites.of_print(body, lines, compiled=options is not None and options.jit_compile)
    if kind == "counter" and len({effect.target for effect in found}) == 1 and not any(each.is_read or each.in_loop for each in found):
        graphs = {sources.bare_name(evidence.run.functions[number]) for number in evidence.traces}
        # What they call reads tensors, too.
        graphs |= {each.qualname.rpartition(".")[2] for each in evidence.run.called_bodies}
        return counters.as_variable(evidence.texts.get(body.file), body, found[0].target, graphs)
    if kind == "random" and body is function:
        return effect_rewrites.of_random(body, lines, evidence.traces[function.function_id])
    return ()


def _called(evidence: base.Evidence, function: function_table.Function) -> Iterator[tuple[function_table.Function, bool]]:
    """Yields the functions that a body calls and that are not recorded themselves, and whether each is known to have run."""
    found: dict[tuple[str, int], tuple[function_table.CalledBody, bool]] = {}
    for body in evidence.run.called_bodies:
        place = (body.file, body.line)
        if body.function_id == function.function_id and place not in evidence.places:
            found[place] = body, body.always or (place in found and found[place][1])
    for body, always in found.values():
        yield (
            dataclasses.replace(
                function,
                name=body.qualname.rpartition(".")[2],
                qualname=body.qualname,
                file=body.file,
                line=body.line,
                parameters=(),
                source=body.source,
                source_truncated=body.source_truncated,
            ),
            always,
        )


def _short(code: str) -> str:
    return code if len(code) <= 60 else code[:59] + "…"


def _facts(
    evidence: base.Evidence, body: function_table.Function, function: function_table.Function, executing: Collection[int], *, is_run: bool
) -> side_effects.Facts:
    """Returns what the traces of the functions that execute a body's ops tell of it.

    Args:
        evidence: The evidence.
        body: The function itself, or one that it calls.
        function: The function.
        executing: The functions whose calls execute the ops.
        is_run: Whether the body is known to have run.
    """
    outside: dict[str, set[str]] = collections.defaultdict(set)
    ops: dict[int, set[str]] = collections.defaultdict(set)
    for trace in (trace for each in executing for trace in evidence.traces.get(each, ())):
        for text, what in trace.outside.items():
            reader, _, name = text.partition(" ")
            if reader == body.qualname:
                outside[name].add(what)
        for line in () if trace.graph is None else trace.graph.source_lines:
            if line.file == body.file:
                ops[line.line] |= set(line.op_types)
            if line.own_line and body is function and trace.function_id == function.function_id:
                ops[line.own_line] |= set(line.op_types)
    decorators = sources.decorators(body)
    return side_effects.Facts(
        outside={name: frozenset(what) for name, what in outside.items()},
        ops={line: frozenset(types) for line, types in ops.items()},
        is_run=is_run or (bool(decorators) and all(name.rpartition(".")[2] in _KNOWN_DECORATORS for name in decorators)),
    )
