"""The finding about tf.functions that are only ever called while another one is traced, and are traced by themselves for it."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from typing import Final

from tfmodetrace.insight import executions, fixes, units
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
    calls = evidence.run.calls
    around: dict[int, list[int]] = collections.defaultdict(list)
    for number, traces in evidence.traces.items():
        function = evidence.run.functions[number]
        options = function.tf_function
        if options is None or not fixes.is_users(function):
            continue
        if options.jit_compile or options.has_input_signature:
            continue  # which say something of their own, inside of a graph, too
        rows = evidence.rows_of(number)
        if len(rows) == 0 or bool((calls.mode[rows] != int(words.Mode.TRACING)).any()):
            continue
        outer = {executions.executing_around(calls, row) for row in rows.tolist()}
        # Called again with what it was traced for, it has saved the tracing of that.
        if len(outer) == 1 and None not in outer and len(rows) <= len(traces):
            around[next(each for each in outer if each is not None)].append(number)
    for outer_number, numbers in around.items():
        definitions = {evidence.run.functions[number].definition_id for number in numbers}
        if len(definitions) >= FUNCTIONS:
            yield _draft(evidence, outer_number, numbers)


def _draft(evidence: base.Evidence, outer_number: int, numbers: list[int]) -> base.Draft:
    outer = evidence.run.functions[outer_number]
    names = list(dict.fromkeys(evidence.run.functions[number].name for number in numbers))
    traces = [trace for number in numbers for trace in evidence.traces[number]]
    small = [trace for trace in traces if trace.graph is not None and trace.graph.ops <= SMALL]
    tracing_ns = base.tracing_ns(small)
    wall_ns = evidence.wall_ns(outer.process)
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
        order=ORDER,
        normal=len(small) < TRACES or tracing_ns < SHARE * wall_ns,
    )
