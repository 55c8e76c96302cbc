"""The finding about a process whose memory grows as long as it runs, by what the operating system says of it now and then.

It tells of what no function's calls tell: of programs that were recorded without device memory, of NumPy's arrays and Python's objects.
"""

from __future__ import annotations

import collections
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import eager, places, source_loops, units
from tfmodetrace.insight.findings import base, graphs
from tfmodetrace.insight.findings import memory as of_functions
from tfmodetrace.log import function_table
from tfmodetrace.log import samples as samples_module

SAMPLES: Final = 5
"""Samples from which on a climb can be told from a start, those of the warm-up aside."""

LEAST_NS: Final = 5_000_000_000
"""And how long they must span: a start, an epoch's first batches and a model that is built take memory, too."""

CLIMBED_BYTES: Final = 64 << 20
CLIMBED_SHARE: Final = 0.1
"""How much more the process must hold in the end, and which part of what it held at first."""

FALLS: Final = 0.02
"""By which part of the climb it may fall between two samples: allocators give a little back."""

TRACES: Final = 5
"""As many traces meanwhile may be what grows: what tells of those tells of this."""

_SHOWN: Final = 3


def find(evidence: base.Evidence, drafts: Sequence[base.Draft]) -> Iterator[base.Draft]:
    """Yields the processes whose memory climbs from the first to the last.

    Args:
        evidence: The evidence.
        drafts: What was found besides: where a function's own memory climbs, that is the cause, and is told there.
    """
    told = {_process_of(evidence, draft) for draft in drafts if draft.id in ("memory-growth", "graph-memory-growth")}
    host = evidence.run.host_memory
    for process in np.unique(host.process).tolist():
        if process in told:
            continue
        own = np.flatnonzero(host.process == process)
        own = own[np.argsort(host.time_ns[own], kind="stable")]
        own = own[int(np.ceil(len(own) * of_functions.WARM_UP)) :]
        times, held = host.time_ns[own], host.resident_bytes[own].astype(np.int64)
        if not _climbs(times, held) or _traces(evidence, process, int(times[0]), int(times[-1])) >= TRACES:
            continue
        # A graph that is made takes memory as long as that lasts, and once.
        if held[-1] - held[0] - _making_graphs(evidence, process, times, held) >= max(CLIMBED_BYTES, CLIMBED_SHARE * held[0]):
            yield _draft(evidence, process, times, held)


def _process_of(evidence: base.Evidence, draft: base.Draft) -> int:
    return evidence.run.functions[draft.functions[-1]].process if draft.functions else draft.process


def _climbs(times: npt.NDArray[np.int64], held: npt.NDArray[np.int64]) -> bool:
    if len(held) < SAMPLES or times[-1] - times[0] < LEAST_NS:
        return False
    climbed = int(held[-1] - held[0])
    if climbed < max(CLIMBED_BYTES, CLIMBED_SHARE * held[0]) or int(np.diff(held).min()) < -FALLS * climbed:
        return False
    # By time and not by samples: the last of them lie together, as the recording ends.
    marks = np.interp(np.linspace(times[0], times[-1], of_functions.STRETCHES + 1), times, held)
    return bool(np.diff(marks).min() >= of_functions.STRETCH_SHARE * climbed)


def _traces(evidence: base.Evidence, process: int, begin_ns: int, end_ns: int) -> int:
    run = evidence.run
    return sum(run.functions[trace.function_id].process == process and begin_ns <= trace.start_ns <= end_ns for trace in run.traces)


def _making_graphs(evidence: base.Evidence, process: int, times: npt.NDArray[np.int64], held: npt.NDArray[np.int64]) -> float:
    """By how many bytes a process grew in calls that traced, the first runs of their graphs included."""
    run, calls = evidence.run, evidence.run.calls
    rows = np.flatnonzero(calls.trace_id >= 0)
    own = np.array([function.process == process for function in run.functions], dtype=np.bool_)
    rows = rows[own[calls.function_id[rows]]]
    begins, ends = calls.start_ns[rows], calls.start_ns[rows] + calls.duration_ns[rows]
    grown, until = 0.0, int(times[0])
    for begin, end in sorted(zip(begins.tolist(), ends.tolist(), strict=True)):
        if end > until:
            first, last = np.interp([max(begin, until), end], times, held)
            grown, until = grown + max(0.0, float(last - first)), end
    return grown


def _draft(evidence: base.Evidence, process: int, times: npt.NDArray[np.int64], held: npt.NDArray[np.int64]) -> base.Draft:
    climbed, span_ns = int(held[-1] - held[0]), int(times[-1] - times[0])
    a_second = round(climbed / span_ns * 1e9)
    kept = _appends(evidence, process)
    return base.Draft(
        id="memory-growth",
        functions=(),
        title=f"The process's memory grew all the time, by {graphs.megabytes(climbed)} in {units.duration(span_ns)}",
        evidence={
            "how": "sampled",
            "samples": len(held),
            "climbed_bytes": climbed,
            "bytes_per_second": a_second,
            "first_bytes": int(held[0]),
            "last_bytes": int(held[-1]),
        },
        why=f"It held {graphs.megabytes(int(held[0]))} after {units.duration(int(times[0]))} and {graphs.megabytes(int(held[-1]))} in the "
        f"end, {graphs.megabytes(a_second)} more every second, and each quarter of that time added to it: something keeps what is made. "
        "A cache or a shuffle buffer that is still being filled looks the same.",
        advice=_advice(evidence, kept),
        process=process,
        at=next(iter(kept.values()), None),
    )


def _advice(evidence: base.Evidence, kept: Mapping[str, function_table.Place]) -> str:
    lists = "; ".join(f"`{name}`, in the loop at {places.place(loop.file, loop.line)}" for name, loop in kept.items())
    first = (
        f"Look at what is appended to in loops: {lists}; append float(loss) or .numpy() of what is needed, and not tensors."
        if kept
        else "Look for a list, a dict or an attribute that each step adds to, and for models, datasets or variables made in each step."
    )
    if evidence.run.options.get("memory", "off") != "off":
        return first
    return f"{first} `tfmodetrace run --memory delta` tells which function's calls leave memory behind."


def _lines(samples: samples_module.Samples) -> dict[int, set[int]]:
    """The lines of each definition at which samples found a thread: the rest of a script may never have run."""
    found: dict[int, set[int]] = collections.defaultdict(set)
    for place in samples.places:
        for number, line in ((place.definition_id, place.line), (place.caller_id, place.caller_line), (place.outer_id, place.outer_line)):
            if number is not None:
                found[number].add(line)
    return found


def _appends(evidence: base.Evidence, process: int) -> dict[str, function_table.Place]:
    """The lists that loops append to, each with the innermost of these, in which samples found the process."""
    found, lines = {}, _lines(evidence.run.samples)
    traced = {(evidence.run.functions[number].file, evidence.run.functions[number].line) for number in evidence.traces}
    for definition in evidence.run.samples.definitions:
        # What a graph's body appends to is the trace's, and gone with it.
        if definition.process == process and (definition.file, definition.line) not in traced:
            function = eager.as_function(definition)
            seen = lines[definition.definition_id]
            for loop in sorted(loop for loop in source_loops.loops(function) if not seen.isdisjoint(range(loop.line, loop.last + 1))):
                at = function_table.Place(file=function.file, line=loop.line, function=function.name, code=loop.text)
                found.update(dict.fromkeys(loop.appends_to, at))
    return dict(itertools.islice(found.items(), _SHOWN))
