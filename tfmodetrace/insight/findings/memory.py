"""Findings about memory that stays: after a function's calls, and in the graphs that it keeps."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight.findings import base, graphs
from tfmodetrace.log import function_table

CALLS: Final = 10
"""Calls from which on a climb can be told from a start."""

WARM_UP: Final = 0.2
"""The share of the calls, at the beginning, that may allocate what they like."""

CLIMBED_BYTES: Final = 1 << 20
"""How much more must be allocated in the end."""

NOT_FALLING: Final = 0.9
"""The share of the calls that must begin with no less than the one before."""

RISES: Final = 5
"""How many of them must begin with more."""

STRETCHES: Final = 4
STRETCH_SHARE: Final = 0.1
"""Each quarter of the calls must have so much of the climb: what fills up and then stays is no leak."""

OWN_SHARE: Final = 0.8
"""How much of the climb the calls themselves must have left, and not what they call."""


KEPT_GRAPH_BYTES: Final = 8 << 20
"""What the graphs of one function must have together to be a finding."""

KEPT_GRAPHS: Final = 5
"""And how many there must be."""


def kept_graphs(evidence: base.Evidence, told: Collection[int]) -> Iterator[base.Draft]:
    """Yields the functions whose graphs pile up.

    Args:
        evidence: The evidence.
        told: Traces of which another finding tells already why there are so many: these are of one cause with it.
    """
    for function_id, traces in evidence.traces.items():
        sizes = [trace.definition_bytes or trace.graph.constant_bytes for trace in traces if trace.graph is not None]
        total = sum(sizes)
        if len(sizes) < KEPT_GRAPHS or total < KEPT_GRAPH_BYTES or any(trace.trace_id in told for trace in traces):
            continue
        function = evidence.run.functions[function_id]
        ops = sum(trace.graph.ops for trace in traces if trace.graph is not None)
        yield base.Draft(
            id="graph-memory-growth",
            functions=(function_id,),
            title=f"{function.name} keeps {len(sizes)} graphs of {graphs.megabytes(total)} alive",
            evidence={"traces": len(sizes), "bytes": total, "ops": ops, "largest_bytes": max(sizes)},
            why="Every trace leaves a graph, and a tf.function keeps all of them as long as it lives. The bytes are those of TensorFlow's "
            f"serialized definitions; the graphs in memory, {ops:,} ops together, take several times as much.",
            advice=f"Make fewer traces of {function.name}: the reasons of its traces say what made each.",
        )


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields the functions whose current memory climbs call by call."""
    run = evidence.run
    memory = run.memory
    if len(memory) < CALLS:
        return
    rows = run.calls.rows_of(memory.process, memory.call_id)
    known = np.flatnonzero((rows >= 0) & ~memory.shared)
    left = (memory.after_bytes - memory.before_bytes)[known]
    own = left - _children(rows[known], memory.device_id[known], left, run.calls.parent_rows)
    functions = run.calls.function_id[rows[known]]
    for function_id in np.unique(functions).tolist():
        for device_id in np.unique(memory.device_id[known][functions == function_id]).tolist():
            chosen = np.flatnonzero((functions == function_id) & (memory.device_id[known] == device_id))
            chosen = chosen[np.argsort(memory.call_id[known][chosen], kind="stable")]
            chosen = chosen[int(len(chosen) * WARM_UP) :]
            finding = _climb(
                run.functions[function_id], run.devices[device_id].name, memory.before_bytes[known][chosen], left[chosen], own[chosen]
            )
            if finding is not None:
                yield finding


def _children(
    rows: npt.NDArray[np.int64], devices: npt.NDArray[np.int32], left: npt.NDArray[np.int64], parents: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """What sampled calls inside each call left behind on its device."""
    found = np.zeros(len(rows), dtype=np.int64)
    for device in np.unique(devices):
        chosen = np.flatnonzero(devices == device)
        place = np.full(len(parents) + 1, -1, dtype=np.int64)  # the last one stands for no parent, -1
        place[rows[chosen]] = chosen
        parent = place[parents[rows[chosen]]]
        np.add.at(found, parent[parent >= 0], left[chosen][parent >= 0])
    return found


def _climb(
    function: function_table.Function, device: str, before: npt.NDArray[np.int64], left: npt.NDArray[np.int64], own: npt.NDArray[np.int64]
) -> base.Draft | None:
    if len(before) < CALLS * (1 - WARM_UP):
        return None
    climbed = int(before[-1] + left[-1] - before[0])
    steps = np.diff(before)
    if climbed < CLIMBED_BYTES or np.count_nonzero(steps > 0) < RISES or np.mean(steps >= 0) < NOT_FALLING:
        return None
    stretches = [int(stretch.sum()) for stretch in np.array_split(steps, STRETCHES)]
    if min(stretches) < STRETCH_SHARE * climbed or int(own.sum()) < OWN_SHARE * climbed:
        return None
    each = round(climbed / len(before))
    return base.Draft(
        id="memory-growth",
        functions=(function.function_id,),
        title=f"Calls of {function.name} leave {graphs.megabytes(each)} each on {device}, {graphs.megabytes(climbed)} so far",
        evidence={
            "calls": len(before),
            "device": device,
            "climbed_bytes": climbed,
            "bytes_per_call": each,
            "first_bytes": int(before[0]),
            "last_bytes": int(before[-1] + left[-1]),
        },
        why="What it allocates is still held when it is called again: by a list or a cache that its result goes into, by a variable made "
        "in every call, or by a closure.",
        advice=f"Look for what keeps what {function.name} returns or makes: a list of losses keeps their tensors (append float(loss) "
        "instead), and so do a cache, a closure, and a tf.Variable made in every call.",
    )
