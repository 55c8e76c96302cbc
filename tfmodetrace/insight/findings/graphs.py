"""Findings about what graphs are made of: unrolled loops, Python in the graph, large constants, casts, graphs that pile up."""

from __future__ import annotations

import ast
import os
import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tfmodetrace.insight import graphs as graph_facts
from tfmodetrace.insight.findings import base, programs
from tfmodetrace.log import graphs, tables

UNROLLED = 8
"""Iterations of a loop over ``range`` from which on it is worth a loop in the graph."""

UNROLLED_OVER_OBJECTS = 32
"""The same for a loop over anything else: over a model's layers, say, it is meant."""

UNROLLED_OPS = 40
"""Ops that an unrolled loop must have made."""

LARGE_CONSTANT_BYTES = 1 << 20
"""What a constant must have to be a finding."""

KEPT_GRAPH_BYTES = 8 << 20
"""What the graphs of one function must have together to be a finding."""

KEPT_GRAPHS = 5
"""And how many there must be."""


def find(evidence: base.Evidence) -> Iterator[base.Finding]:
    """Yields the findings about the graphs of a run."""
    for function_id, traces in evidence.traces.items():
        function = evidence.run.functions[function_id]
        described = [trace for trace in traces if trace.graph is not None]
        if described:
            last = described[-1]
            yield from _unrolled(function, last)
            yield from _python_ops(evidence, function, last)
            yield from _large_constants(evidence, function, described)
            yield from _casts(function, last)
            yield from _kept_graphs(function, described)


def place(file: str, line: int) -> str:
    """A place in a file as findings name it: ``train.py:14``."""
    return f"{os.path.basename(file)}:{line}" if line else "an unknown line"


# --- Loops -------------------------------------------------------------------------------------------------------------------------------


class _Loop(NamedTuple):
    """A loop of a function's source; ``text`` is its first line, ``counts`` whether it runs over ``range``."""

    line: int
    first: int
    last: int
    text: str
    counts: bool


def _unrolled(function: tables.Function, trace: tables.Trace) -> Iterator[base.Finding]:
    graph = trace.graph
    if graph is None:
        return
    converted = {flow.own_line for flow in graph.control_flow if flow.type in graph_facts.LOOPS}
    loops = _loops(function)
    repeated: dict[_Loop, list[graphs.SourceLine]] = {}
    for line in graph.source_lines:
        around = [loop for loop in loops if loop.first <= line.own_line <= loop.last]
        loop = max(around, key=lambda loop: loop.line, default=None)
        if loop is not None and loop.line not in converted and line.repeats > 1:
            repeated.setdefault(loop, []).append(line)
    for loop, lines in repeated.items():
        iterations, ops = max(line.repeats for line in lines), sum(line.ops for line in lines)
        if iterations < (UNROLLED if loop.counts else UNROLLED_OVER_OBJECTS) or ops < UNROLLED_OPS:
            continue
        yield base.Finding(
            id="python-loop-unrolled",
            severity=base.MEDIUM if iterations >= 4 * UNROLLED else base.LOW,
            function_id=function.function_id,
            title=f"{function.name} unrolls the loop in line {loop.line}: {iterations} copies, {ops:,} of {graph.ops:,} ops",
            evidence={
                "iterations": iterations,
                "ops": ops,
                "graph_ops": graph.ops,
                "place": place(function.file, loop.line),
                "tracing_ns": trace.duration_ns,
            },
            why="A loop over Python values runs while the function is traced, and every turn adds its ops to the graph again. A loop over "
            "a tensor becomes one loop in the graph, whose body is traced once.",
            fix=_loop_fix(function, loop),
            lost_ns=0,
        )


def _loop_fix(function: tables.Function, loop: _Loop) -> str:
    where = f"  # line {loop.line} of {os.path.basename(function.file)}"
    if loop.counts:
        rewritten = loop.text.replace(" range(", " tf.range(", 1)
        return f"{rewritten}{where}\n# what the loop changes must keep its dtype and shape from turn to turn"
    return (
        f"# instead of `{loop.text}`, if every turn does the same:{where.removeprefix('  #')}\n"
        "for i in tf.range(tf.shape(stacked)[0]):\n"
        "    item = stacked[i]  # stacked = tf.stack(items)"
    )


def _loops(function: tables.Function) -> list[_Loop]:
    """Finds the loops in a function's source, which begins at its first line; none if that is not known whole."""
    if not function.source or function.source_truncated:
        return []
    text = textwrap.dedent(function.source)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):  # a lambda's line, or what the file holds is not what ran
        return []
    lines = text.splitlines()
    shift = function.line - 1
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.While):
            first, last = node.body[0].lineno, node.body[-1].end_lineno or node.body[-1].lineno
            counts = isinstance(node, ast.For) and _is_range(node.iter)
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            first, last = node.lineno, node.end_lineno or node.lineno
            counts = False
        else:
            continue
        found.append(_Loop(node.lineno + shift, first + shift, last + shift, lines[node.lineno - 1].partition("  #")[0].strip(), counts))
    return found


def _is_range(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"


# --- Ops ---------------------------------------------------------------------------------------------------------------------------------


def _python_ops(evidence: base.Evidence, function: tables.Function, trace: tables.Trace) -> Iterator[base.Finding]:
    graph = trace.graph
    if graph is None or not graph_facts.python_ops(graph):
        return
    lines = [line for line in graph.source_lines if any(kind in graph_facts.PYTHON_OPS for kind in line.op_types)]
    if lines and all(evidence.is_in_another(function, line.file, line.line) for line in lines):
        return
    count = graph_facts.python_ops(graph)
    places = [place(line.file, line.line) for line in lines]
    calls = int((evidence.run.calls.function_id == function.function_id).sum())
    yield base.Finding(
        id="python-op-in-graph",
        severity=base.MEDIUM if any(line.in_loop for line in lines) else base.LOW,
        function_id=function.function_id,
        title=f"The graph of {function.name} leaves for Python {_times(count)}, at {', '.join(places)}",
        evidence={"python_ops": count, "places": places, "calls": calls, "in_loop": any(line.in_loop for line in lines)},
        why="tf.py_function and tf.numpy_function stop the graph, take Python's lock and copy tensors to the CPU. They cannot run in "
        "parallel, on a GPU, in XLA or in a saved model that is loaded elsewhere.",
        fix="# write it with TensorFlow's own functions, such as tf.math, tf.numpy or tf.strings;\n"
        "# where that cannot be, do it before the graph: dataset.map(lambda x: tf.py_function(...)).prefetch(tf.data.AUTOTUNE)",
        lost_ns=0,
    )


def _large_constants(evidence: base.Evidence, function: tables.Function, traces: list[tables.Trace]) -> Iterator[base.Finding]:
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
    yield base.Finding(
        id="large-constant",
        severity=base.MEDIUM if held >= 64 * LARGE_CONSTANT_BYTES else base.LOW,
        function_id=function.function_id,
        title=f"{function.name} has {megabytes(total)} of constants in its graph",
        evidence={
            "constants": len(large),
            "bytes": total,
            "bytes_in_all_traces": held,
            "largest": f"{first.dtype}[{shape}]",
            "place": place(first.file, first.line),
        },
        why="A NumPy array that a traced function uses becomes part of the graph, as "
        f"{first.dtype}[{shape}] at {place(first.file, first.line)}. Every trace holds a copy, "
        "TensorFlow makes more while it optimizes, and a graph can have 2 GB at most.",
        fix="TABLE = tf.constant(array)  # once, outside: the graph then refers to the tensor instead of holding a copy\n"
        "# or pass it as an argument; or tf.Variable(array, trainable=False)",
        lost_ns=0,
    )


def _casts(function: tables.Function, trace: tables.Trace) -> Iterator[base.Finding]:
    casts = [] if trace.graph is None else [cast for cast in trace.graph.input_casts if _narrows(cast)]
    if not casts:
        return
    names = list(dict.fromkeys(cast.input for cast in casts))
    yield base.Finding(
        id="float64-input-cast",
        severity=base.LOW,
        function_id=function.function_id,
        title=f"{function.name} gets float64 in {', '.join(names)} and computes in {casts[0].to_dtype}",
        evidence={"inputs": names, "to": casts[0].to_dtype, "places": [place(cast.file, cast.line) for cast in casts]},
        why=f"float64 is what NumPy makes by itself. It takes twice the memory and twice the time to copy, and every call converts it to "
        f"{casts[0].to_dtype} first.",
        fix=_cast_before(function, names, casts[0].to_dtype),
        lost_ns=0,
    )


def _cast_before(function: tables.Function, names: Sequence[str], dtype: str) -> str:
    if programs.is_keras_function(function):
        return (
            f"x, y = x.astype({dtype!r}), y.astype({dtype!r})  # NumPy arrays, once, before fit\n"
            f"dataset = dataset.map(lambda x, y: (tf.cast(x, tf.{dtype}), tf.cast(y, tf.{dtype})))  # in a pipeline"
        )
    return "\n".join(f"{name} = {name}.astype({dtype!r})  # once, before the loop" for name in names)


def _narrows(cast: graphs.InputCast) -> bool:
    return cast.from_dtype == "float64" and cast.to_dtype in ("float32", "float16", "bfloat16")


def _kept_graphs(function: tables.Function, traces: list[tables.Trace]) -> Iterator[base.Finding]:
    sizes = [trace.definition_bytes or trace.graph.constant_bytes for trace in traces if trace.graph is not None]
    total = sum(sizes)
    if len(sizes) < KEPT_GRAPHS or total < KEPT_GRAPH_BYTES:
        return
    ops = sum(trace.graph.ops for trace in traces if trace.graph is not None)
    yield base.Finding(
        id="graph-memory-growth",
        severity=base.HIGH if total >= 32 * KEPT_GRAPH_BYTES else base.MEDIUM,
        function_id=function.function_id,
        title=f"{function.name} keeps {len(sizes)} graphs of {megabytes(total)} alive",
        evidence={"traces": len(sizes), "bytes": total, "ops": ops, "largest_bytes": max(sizes)},
        why=f"Every trace leaves a graph, and a tf.function keeps all of them as long as it lives. The bytes are those of TensorFlow's "
        f"serialized definitions; the graphs in memory, {ops:,} ops together, take several times as much.",
        fix="Make fewer traces: the reasons of this function's traces say what made each.",
        lost_ns=0,
    )


def megabytes(size: int) -> str:
    """A size as findings write it."""
    return f"{size / 1e6:,.1f} MB" if size < 1e9 else f"{size / 1e9:,.1f} GB"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
