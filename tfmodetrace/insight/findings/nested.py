"""The finding about tf.functions that are only ever called while another one is traced, and are traced by themselves for it."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterator
from typing import Final

from tfmodetrace.insight import edits, executions, fixes, inlined, units
from tfmodetrace.insight.findings import base, costs
from tfmodetrace.schema import words

FUNCTIONS: Final = 3
"""Definitions from which on they are worth a word."""

TRACES: Final = 30
SHARE: Final = costs.HIGH
"""The part of the wall time in their tracing from which on it is more than what a library pays for being one."""

SMALL: Final = 20
"""Ops a trace has at most that costs more for being one than for what is in it."""

ORDER: Final = 70


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields the nested tf.functions that no call has used again, together for each function that they are traced in."""
    around: dict[int, list[int]] = collections.defaultdict(list)
    for number in evidence.traces:
        outer = outer_of(evidence, number)
        if outer is not None:
            around[outer].append(number)
    for outer_number, numbers in around.items():
        definitions = {evidence.run.functions[number].definition_id for number in numbers}
        if len(definitions) >= FUNCTIONS:
            yield _draft(evidence, outer_number, numbers)


def outer_of(evidence: base.Evidence, number: int) -> int | None:
    """Returns the one function in whose traces a tf.function was called, if no call has used one of its graphs again."""
    function, calls = evidence.run.functions[number], evidence.run.calls
    options = function.tf_function
    if options is None or not fixes.is_users(function) or options.jit_compile or options.has_input_signature:
        return None  # the last two say something of their own, inside of a graph, too
    rows = evidence.rows_of(number)
    # Called again with what it was traced for, it has saved the tracing of that.
    if not len(rows) or len(rows) > len(evidence.traces[number]) or set(calls.mode[rows].tolist()) != {int(words.Mode.TRACING)}:
        return None
    outer = {executions.executing_around(calls, row) for row in rows.tolist()}
    return next(iter(outer)) if len(outer) == 1 else None


def in_outer(evidence: base.Evidence, draft: base.Draft) -> base.Draft:
    """Gives a finding about a function's traces code that leaves it without any, where nothing else can be given and it needs none."""
    number = draft.functions[-1]
    outer = None if draft.edits or len(draft.functions) > 1 else outer_of(evidence, number)
    if outer is None or outer == number:
        return draft
    function = evidence.run.functions[number]
    changes = inlined.in_outer(function, evidence.traces[number], evidence.texts.get(function.file))
    if not changes:
        return draft
    name, around = function.name, evidence.run.functions[outer].name
    how = "Leave @tf.function off it" if not changes[0].code else "Call its python_function there"
    return dataclasses.replace(
        draft,
        advice=f"{name} is called only while {around} is traced, and each of its graphs is used once. {how}: then what it does is part of "
        f"{around}'s graph, without traces of its own.",
        edits=changes,
    )


def _draft(evidence: base.Evidence, outer_number: int, numbers: list[int]) -> base.Draft:
    outer = evidence.run.functions[outer_number]
    names = list(dict.fromkeys(evidence.run.functions[number].name for number in numbers))
    traces = [trace for number in numbers for trace in evidence.traces[number]]
    small = [trace for trace in traces if trace.graph is not None and trace.graph.ops <= SMALL]
    tracing_ns = base.tracing_ns(small)
    wall_ns = evidence.wall_ns(outer.process)
    functions = [evidence.run.functions[number] for number in numbers]
    changed = [inlined.in_outer(each, evidence.traces[each.function_id], evidence.texts.get(each.file)) for each in functions]
    return base.Draft(
        id="redundant-tf-function",
        functions=(*numbers, outer_number),
        title=f"{units.plural(len(names), 'tf.function')} inside of {outer.name} are called only while it is traced",
        evidence={
            "functions": names,
            "traces": len(traces),
            "tracing_ns": base.tracing_ns(traces),
            "small": len(small),
        },
        why=f"{base.listed(names)} run as part of {outer.name}'s graph. As tf.functions each is traced into a graph of its own first, "
        "which pays only where the same graph is used several times.",
        advice=f"Leave @tf.function away from {base.listed(names)}: the one above {outer.name} makes a graph of all that it calls.",
        cause="nested",
        edits=edits.together(changed),
        order=ORDER,
        normal=len(small) < TRACES or tracing_ns < SHARE * wall_ns,
    )
