"""The finding about a graph that a loop of Python's calls for one example after another."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

import numpy as np

from tfmodetrace.insight import call_rewrites, executions, fixes, places, rows_of_loops, subtypes, units
from tfmodetrace.insight.findings import base
from tfmodetrace.log import function_table, trace_table
from tfmodetrace.schema import keys

CALLS: Final = 50
"""Calls with equal types from which on they are worth one for many."""

SHORT_NS: Final = 5_000_000
"""What a call takes, typically, at most: of a longer one most is the graph's own work."""

APART: Final = 2
"""How many times as long as a call the time between two may be, typically."""

BATCH: Final = 32
"""Examples that one call could take; what it saves is counted for these."""

ORDER: Final = 72

_KEEPS_STATE: Final = (
    "Assign",
    "ResourceApply",
    "Resource",
    "Iterator",
    "PyFunc",
    "EagerPy",
    "ReadFile",
    "Decode",
    "WriteFile",
    "LookupTableInsert",
)
"""What types of ops begin with that make the next call depend on this one, or that take one example by their nature."""

_READS: Final = frozenset({"ResourceGather", "ResourceGatherNd"})


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields the functions that loops call with batches of one."""
    for function_id, traces in evidence.traces.items():
        function = evidence.run.functions[function_id]
        if function.tf_function is not None and fixes.is_users(function) and len(traces) == 1:
            yield from _of(evidence, function, traces[0])


def _of(evidence: base.Evidence, function: function_table.Function, trace: trace_table.Trace) -> Iterator[base.Draft]:
    calls, place = evidence.run.calls, trace.called_at
    if trace.graph is None or place is None or any(_keeps_state(kind) for kind in trace.graph.op_types):
        return
    own = (calls.function_id == function.function_id) & np.isin(calls.mode, executions.EXECUTING) & (calls.trace_id < 0)
    rows = np.flatnonzero(own)
    signatures = np.unique(calls.signature_id[rows])
    threads = np.unique(calls.thread_id[rows])
    if len(rows) < CALLS or len(signatures) != 1 or len(threads) != 1 or signatures[0] < 0:
        return
    typical_ns = int(np.median(calls.duration_ns[rows]))
    if typical_ns > SHORT_NS or not _is_of_one(evidence.run.signatures[int(signatures[0])].arguments):
        return
    if _are_apart(evidence, rows, typical_ns):
        return
    found = rows_of_loops.found(place.loop, place.code, call_rewrites.names_of(function))
    if found is None:
        return
    at = places.place(place.file, place.line)
    yield base.Draft(
        id="per-example-calls",
        functions=(function.function_id,),
        title=f"{function.name} is called for one element of {found.of} at a time: {units.plural(len(rows), 'call')}, "
        f"{units.duration(typical_ns)} each",
        evidence={
            "calls": len(rows),
            "typical_ns": typical_ns,
            "place": at,
            "argument": found.argument,
            "of": found.of,
            "signature": evidence.run.signatures[int(signatures[0])].text,
            "lost_is": f"at most: what the calls take beyond one for {BATCH} elements",
        },
        why=f"The loop at {at} calls the graph for each element of {found.of} by itself. What a call costs in Python and in TensorFlow "
        "before it computes anything is paid for every one of them, and the processor works on little at a time.",
        advice=f"If the elements do not depend on each other, call {function.name} once for many of them, with a first dimension of all "
        f"or of a batch of {found.of}; where {function.name} is written for one element, use tf.vectorized_map in it.",
        cause=("loop", place.file, place.line),
        claims=(base.Claim(rows=rows, saved=1 - 1 / BATCH),),
        order=ORDER,
        at=dataclasses.replace(place, loop="", tensorflow=""),
    )


def _are_apart(evidence: base.Evidence, rows: base.Rows, typical_ns: int) -> bool:
    """Whether there is more time between the calls than in them: elements that come one by one, or with which more is done each time."""
    calls = evidence.run.calls
    rows = rows[np.argsort(calls.start_ns[rows], kind="stable")]
    return bool(np.median(calls.start_ns[rows[1:]] - calls.end_ns[rows[:-1]]) > APART * typical_ns)


def _keeps_state(kind: str) -> bool:
    return kind.startswith(_KEEPS_STATE) and kind not in _READS


def _is_of_one(arguments: keys.Node) -> bool:
    """Whether all tensors of a call are numbers or strings, or batches of one."""
    shapes = [node.shape for node in _tensors(arguments)]
    return bool(shapes) and all(shape is not None and (not shape or shape[0] == 1) for shape in shapes)


def _tensors(node: keys.Node) -> Iterator[keys.Node]:
    if node.kind in subtypes.TENSORS:
        yield node
    for child in node.children:
        yield from _tensors(child)
