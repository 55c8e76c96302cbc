"""Findings about what graphs are made of: Python in the graph, large constants. Loops and casts have files of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tfmodetrace.insight import graphs as graph_facts
from tfmodetrace.insight import places
from tfmodetrace.insight.findings import base
from tfmodetrace.log import function_table, trace_table

LARGE_CONSTANT_BYTES: Final = 1 << 20
"""What a constant must have to be a finding."""

SLOW_BYTES: Final = 8 << 20
SLOW_OP_NS: Final = 5_000_000
"""Constants of so many bytes are what a graph took its time for that cost so much for each of its ops, made and run for the first time."""


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields the findings about the graphs of a run."""
    for function_id, traces in evidence.traces.items():
        function = evidence.run.functions[function_id]
        described = [trace for trace in traces if trace.graph is not None]
        if described:
            yield from _python_ops(evidence, function, described[-1])
            yield from _large_constants(evidence, function, described)


def _python_ops(evidence: base.Evidence, function: function_table.Function, trace: trace_table.Trace) -> Iterator[base.Draft]:
    graph = trace.graph
    if graph is None or not graph_facts.python_ops(graph):
        return
    lines = [line for line in graph.source_lines if any(kind in graph_facts.PYTHON_OPS for kind in line.op_types)]
    if lines and all(evidence.is_in_another(function, line.file, line.line) for line in lines):
        return
    count = graph_facts.python_ops(graph)
    found = [places.place(line.file, line.line) for line in lines]
    at = f" at {', '.join(found)}" if found else ""
    yield base.Draft(
        id="python-op-in-graph",
        functions=(function.function_id,),
        title=f"The graph of {function.name} leaves for Python {base.times(count)}{at}",
        evidence={
            "python_ops": count,
            "places": found,
            "calls": evidence.calls_of[function.function_id],
            "in_loop": any(line.in_loop for line in lines),
        },
        why="tf.py_function and tf.numpy_function stop the graph, take Python's lock and copy tensors to the CPU. They cannot run in "
        "parallel, on a GPU, in XLA or in a saved model that is loaded elsewhere.",
        advice=f"Write what runs in Python{at} with TensorFlow's own functions, such as tf.math, tf.image or tf.strings; what cannot be "
        "written so, do once beforehand and keep the results.",
    )


def _large_constants(evidence: base.Evidence, function: function_table.Function, traces: list[trace_table.Trace]) -> Iterator[base.Draft]:
    graph = traces[-1].graph
    if graph is None:
        return
    large = [
        constant
        for constant in graph.large_constants
        if constant.bytes >= LARGE_CONSTANT_BYTES and not evidence.is_in_another(function, constant.file, constant.line)
    ]
    if not large:
        return
    first = large[0]
    shape = ", ".join(map(str, first.shape))
    total = sum(constant.bytes for constant in large)
    held = sum(constant.bytes for trace in traces if trace.graph is not None for constant in trace.graph.large_constants)
    at = places.place(first.file, first.line)
    # Where each op took long, it was not for the ops: the array was copied and hashed again and again.
    ids = base.ids(traces)
    is_slow = total >= SLOW_BYTES and evidence.first_calls.cost_ns(ids) > SLOW_OP_NS * sum(each.graph.ops for each in traces if each.graph)
    yield base.Draft(
        id="large-constant",
        functions=(function.function_id,),
        title=f"{function.name} has {megabytes(total)} of constants in its graph",
        evidence={
            "constants": len(large),
            "bytes": total,
            "bytes_in_all_traces": held,
            "largest": f"{first.dtype}[{shape}]",
            "place": at,
            **(
                {"lost_is": "at most: what tracing and the first runs of its graphs would take without the array is not known"}
                if is_slow
                else {}
            ),
        },
        why=f"A NumPy array that a traced function uses becomes part of the graph, as {first.dtype}[{shape}] at {at}. Every trace holds a "
        "copy, TensorFlow makes more while it optimizes, and a graph can have 2 GB at most.",
        advice=f"Make the array at {at} a tensor once, outside the function, with tf.constant or tf.Variable(…, trainable=False): the "
        "graph then refers to it instead of holding a copy.",
        claims=(base.Claim(traces=ids),) if is_slow else (),
        at=function_table.Place(file=first.file, line=first.line, function=function.qualname),
    )


def megabytes(size: int) -> str:
    """A size as findings write it."""
    return f"{size / 1e6:,.1f} MB" if size < 1e9 else f"{size / 1e9:,.1f} GB"
