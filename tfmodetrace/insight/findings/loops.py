"""The finding about loops of Python's that unroll into the graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tfmodetrace.insight import edits, places, rewrites, source_loops, sources, subtypes
from tfmodetrace.insight import graphs as graph_facts
from tfmodetrace.insight.findings import base
from tfmodetrace.log import function_table, graphs, trace_table

UNROLLED: Final = 8
"""Iterations of a loop over ``range`` from which on it is worth a loop in the graph."""

UNROLLED_OVER_OBJECTS: Final = 32
"""The same for a loop over anything else: over a model's layers, say, it is meant."""

UNROLLED_OPS: Final = 40
"""Ops that an unrolled loop must have made."""

ORDER: Final = 40


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields the loops that the graphs of a run hold many copies of."""
    for function_id, traces in evidence.traces.items():
        described = [trace for trace in traces if trace.graph is not None]
        if described:
            yield from _unrolled(evidence.run.functions[function_id], traces, described[-1])


def _unrolled(function: function_table.Function, traces: base.Traces, trace: trace_table.Trace) -> Iterator[base.Draft]:
    graph = trace.graph
    if graph is None:
        return
    converted = {flow.own_line for flow in graph.control_flow if flow.type in graph_facts.LOOPS}
    loops = source_loops.loops(function, _tensors(trace))
    repeated: dict[source_loops.Loop, list[graphs.SourceLine]] = {}
    for line in graph.source_lines:
        around = [loop for loop in loops if loop.first <= line.own_line <= loop.last]
        loop = max(around, key=lambda loop: loop.line, default=None)
        if loop is not None and loop.line not in converted and line.repeats > 1:
            repeated.setdefault(loop, []).append(line)
    for loop, lines in repeated.items():
        iterations, ops = max(line.repeats for line in lines), sum(line.ops for line in lines)
        if iterations < (UNROLLED if loop.in_graph is not None else UNROLLED_OVER_OBJECTS) or ops < UNROLLED_OPS:
            continue
        at, changes = places.place(function.file, loop.line), _edits(function, loop, trace)
        yield base.Draft(
            id="python-loop-unrolled",
            functions=(function.function_id,),
            title=f"{function.name} unrolls the loop in line {loop.line}: {iterations} copies, {ops:,} of {graph.ops:,} ops",
            evidence={
                "iterations": iterations,
                "ops": ops,
                "graph_ops": graph.ops,
                "place": at,
                "tracing_ns": trace.duration_ns,
                "estimate": "lost time is the loop's part of the ops, but for one turn",
            },
            why="A loop over Python values runs while the function is traced, and every turn adds its ops to the graph again. A loop over "
            "a tensor becomes one loop in the graph, whose body is traced once.",
            advice=_advice(loop, at, changes),
            edits=changes,
            cause=loop.line,
            claims=(base.Claim(traces=base.ids(traces), saved=min(1.0, ops / max(1, graph.ops)) * (1 - 1 / iterations)),),
            order=ORDER,
        )


def _tensors(trace: trace_table.Trace) -> frozenset[str]:
    """The parameters that were tensors."""
    arguments = None if trace.key is None else trace.key.arguments
    pairs = () if arguments is None else zip(arguments.names, arguments.children, strict=False)
    return frozenset(name for name, child in pairs if child.kind in subtypes.TENSORS)


def _advice(loop: source_loops.Loop, at: str, changes: tuple[edits.Edit, ...]) -> str:
    if loop.appends_to:
        return (
            f"Make the loop at {at} one of the graph's (tf.range), and collect what it appends to {base.listed(loop.appends_to)} in a "
            "tf.TensorArray: array = array.write(i, value), and array.stack() after it."
        )
    if loop.in_graph is not None and not changes:
        return (
            f"Make the loop at {at} one of the graph's, over tf.range: its index is a tensor then, which tf.cast makes a float, and what "
            "it changes must be a tensor of one dtype and shape from the first turn on."
        )
    if loop.in_graph is not None:
        return f"Make the loop at {at} one of the graph's; what it changes must keep its dtype and shape from turn to turn."
    return (
        f"If every turn of the loop at {at} does the same, stack what it goes over (tf.stack) and loop over that tensor, or use tf.map_fn."
    )


def _edits(function: function_table.Function, loop: source_loops.Loop, trace: trace_table.Trace) -> tuple[edits.Edit, ...]:
    if "tf" not in sources.names_in(function):  # by which its module knows TensorFlow, then
        return ()
    return rewrites.in_graph(function, loop, trace)
