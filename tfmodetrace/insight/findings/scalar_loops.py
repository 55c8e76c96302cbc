"""The finding about loops of the graph's that compute a number or two in each turn, which could be computed for all turns at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from tfmodetrace.insight import executions, fixes, places, recurrences, sources, units
from tfmodetrace.insight import graphs as graph_facts
from tfmodetrace.insight.findings import base
from tfmodetrace.log import function_table, graphs, trace_table

ELEMENTS: Final = 16
"""Elements that what a turn computes has at most."""

TURNS: Final = 100
"""Turns from which on they take a time that matters."""

LONG_NS: Final = 2_000_000
"""What a call must take, typically, where it is not known how many turns there are."""

ORDER: Final = 45

_TAKES: Final = frozenset({"StridedSlice", "GatherV2", "Gather", "Slice", "TensorListGetItem"})
"""Types of ops that take an element of a tensor."""

_OTHER_WORK: Final = (
    *(
        "MatMul",
        "BatchMatMul",
        "Einsum",
        "Conv",
        "While",
        "StatelessWhile",
        "Random",
        "StatelessRandom",
        "Multinomial",
        "Var",
        "Assign",
        "Iterator",
        "PyFunc",
    ),
    *("EagerPy", "PartitionedCall", "StatefulPartitionedCall", "Lookup", "ReduceDataset", "Print", "Assert"),
)
"""What types of ops begin with that are more than arithmetic on a number, or keep a state."""

_HEAVY: Final = ("MatMul", "BatchMatMul", "Einsum", "Conv", "PyFunc", "EagerPy", "Iterator", "ReduceDataset")


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields the loops of a run's graphs that are better none."""
    for function_id, traces in evidence.traces.items():
        function = evidence.run.functions[function_id]
        described = [trace for trace in traces if trace.graph is not None]
        if described and fixes.is_users(function):
            yield from _loops(evidence, function, described[-1])


def _loops(evidence: base.Evidence, function: function_table.Function, trace: trace_table.Trace) -> Iterator[base.Draft]:
    graph, tree = trace.graph, sources.tree(function)
    calls = evidence.run.calls
    own = (calls.function_id == function.function_id) & np.isin(calls.mode, executions.EXECUTING) & (calls.trace_id < 0)
    rows = np.flatnonzero(own)
    if graph is None or tree is None or not len(rows):
        return
    typical_ns = int(np.median(calls.duration_ns[rows]))
    flows = [flow for flow in graph.control_flow if flow.type in graph_facts.LOOPS]
    for flow in flows:
        many = flow.turns >= TURNS if flow.turns is not None else typical_ns >= LONG_NS
        if not many or not _is_of_numbers(flow) or flow.file != function.file:
            continue
        whole = recurrences.of_loop(tree, flow.line - function.line + 1)
        if whole is None:
            continue
        at = places.place(flow.file, flow.line)
        code = sources.numbered_lines(function).get(flow.line, "").strip()
        alone = len(flows) == 1 and not any(kind.startswith(_HEAVY) for kind in graph.op_types)
        turns = "" if flow.turns is None else f" in {units.plural(flow.turns, 'turn')}"
        size = "a number" if flow.body_elements == 1 else f"{flow.body_elements} numbers"
        yield base.Draft(
            id="scalar-loop-in-graph",
            functions=(function.function_id,),
            title=f"{function.name} computes {size} at a time in the loop in line {flow.line}{turns}: {units.duration(typical_ns)} a call",
            evidence={
                "place": at,
                "code": code,
                "turns": flow.turns,
                "elements": flow.body_elements,
                "body_ops": sum(flow.body_types.values()),
                "typical_call_ns": typical_ns,
                "calls": len(rows),
                "lost_is": "at most: the time of the calls" if alone else "not known: there is more than the loop in the graph",
            },
            why=f"Every turn of a loop in a graph costs several microseconds, whatever it computes, and the turns at {at} are run one "
            "after another. An op on the whole tensor does all of them in one go.",
            advice=f"Compute what the loop at {at} does for all elements at once: {recurrences.told(whole)}.",
            cause=flow.line,
            claims=(base.Claim(rows=rows),) if alone else (),
            order=ORDER,
            at=function_table.Place(file=flow.file, line=flow.line, function=function.qualname, code=code),
        )


def _is_of_numbers(flow: graphs.ControlFlow) -> bool:
    """Whether a loop's body takes elements of a tensor and computes next to nothing with each."""
    if flow.body_elements is None or flow.body_elements > ELEMENTS or not _TAKES & set(flow.body_types):
        return False
    return not any(kind.startswith(_OTHER_WORK) for kind in flow.body_types)
