"""The finding about the transformation of a pipeline that is what a program waits for, as tf.data counts its time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tfmodetrace.insight import edits, graphs, keras_phases, pipelines, places, units
from tfmodetrace.insight.findings import base, costs
from tfmodetrace.log import function_table, keras_table

SHARE: Final = costs.HIGH
"""The part of the wall time in waiting for input from which on it is worth a word."""

EXPLAINS: Final = 0.5
"""The part of the waiting that one transformation must explain."""

_MAPS: Final = ("Map", "ParallelMap", "MapAndBatch")
"""What the names of transformations begin with that call a function for each element."""


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields the transformation that each process's calls of Keras wait for, where one explains it."""
    for process in range(len(evidence.run.processes)):
        calls = [call for call in evidence.keras if call.process == process and call.within is None]
        for call in calls:
            data = call.phase("data")
            found = None if data is None else slowest(call, data.ns)
            if data is None or found is None or data.ns < SHARE * evidence.wall_ns(process):
                continue
            function = function_of(evidence.run.functions, process, call, found)
            taken_ns = _taken_ns(found)
            if function is None:
                continue  # which of the program's transformations it is cannot be said
            if any(trace.graph is not None and graphs.python_ops(trace.graph) for trace in evidence.traces.get(function.function_id, ())):
                continue  # another finding tells that it leaves for Python, where one thread runs at a time
            at, each_ns = places.place(function.file, function.line), found.processing_ns // max(found.elements, 1)
            parallel = _is_parallel(found)
            # tf.data makes one transformation of a map and the batch after it, and counts what comes out of that.
            one, several = ("a batch", "batches") if "Batch" in found.name else ("an element", "elements")
            yield base.Draft(
                id="slow-input-step",
                functions=(function.function_id,),
                title=f"{function.name} is what {call.entry} waits for: {units.duration(each_ns)} {one}",
                evidence={
                    "transformation": found.name,
                    "elements": found.elements,
                    "processing_ns": found.processing_ns,
                    "of_pipeline": round(taken_ns / max(1, sum(_taken_ns(each) for each in _pipeline(call))), 3),
                    "waited_ns": data.ns,
                    "place": at,
                    "how": "measured",
                },
                why=f"tf.data counts {units.duration(found.processing_ns)} in it for {found.elements:,} {several}"
                + (f", {found.parallelism:.0f} at a time" if found.parallelism > 1 else ", one after the other")
                + f"; the steps waited {units.duration(data.ns)} for their data.",
                advice=(
                    f"Let the function at {at} do less for each element, or .cache() after it what is the same in every epoch."
                    if parallel
                    else f"Have {at} run for several elements at a time: num_parallel_calls=tf.data.AUTOTUNE in that map{_ahead(call)}."
                ),
                edits=in_parallel(evidence, call),
                cause=(process, call.entry, call.model),
                process=process,
                at=function_table.Place(file=function.file, line=function.line, function=function.qualname),
            )
            break


def in_parallel(evidence: base.Evidence, call: keras_phases.KerasCall) -> tuple[edits.Edit, ...]:
    """Has the map that a call of Keras waits for work on several elements at a time; nothing if it does, or may not."""
    data = call.phase("data")
    found = None if data is None else slowest(call, data.ns)
    function = None if found is None else function_of(evidence.run.functions, call.process, call, found)
    if found is None or function is None or _is_parallel(found):
        return ()
    return pipelines.in_parallel(function, evidence.traces.get(function.function_id, ()), evidence.texts.get(function.file))


def _is_parallel(stage: keras_table.Stage) -> bool:
    """Whether a map works on several elements; one that tf.data has made one with the batches counts as one at a time."""
    return stage.parallelism > 1 or stage.name.startswith("Parallel")


def _ahead(call: keras_phases.KerasCall) -> str:
    """Advises to prefetch where the pipeline does not."""
    fetches = any(stage.name.startswith("Prefetch") for stage in _pipeline(call))
    return "" if fetches else ", and .prefetch(tf.data.AUTOTUNE) at the pipeline's end"


def function_waited_for(evidence: base.Evidence, call: keras_phases.KerasCall) -> function_table.Function | None:
    """Returns the function of the program's that a call of Keras waits for; ``None`` if that is not known."""
    data = call.phase("data")
    found = None if data is None else slowest(call, data.ns)
    return None if found is None else function_of(evidence.run.functions, call.process, call, found)


def slowest(call: keras_phases.KerasCall, waited_ns: int) -> keras_table.Stage | None:
    """Returns the transformation that explains most of what a call has waited, if it explains enough of it."""
    found = max(_pipeline(call), key=_taken_ns, default=None)
    return found if found is not None and _taken_ns(found) >= max(1, EXPLAINS * waited_ns) else None


def function_of(
    functions: Sequence[function_table.Function], process: int, call: keras_phases.KerasCall, found: keras_table.Stage
) -> function_table.Function | None:
    """Returns the function that a transformation calls; ``None`` where that is not known for sure.

    tf.data does not tell: it is, where as many functions of the program's were traced for maps as the pipeline has maps.
    """
    maps = [stage for stage in _pipeline(call) if stage.name.startswith(_MAPS)]
    own = [
        function
        for function in functions
        if function.process == process
        and function.kind == "tf.data"
        and function.name.startswith("Dataset.map(")
        and function.model is None
    ]
    if found not in maps or len(maps) != len(own):
        return None
    return own[len(maps) - 1 - maps.index(found)]


def _pipeline(call: keras_phases.KerasCall) -> tuple[keras_table.Stage, ...]:
    """The transformations of a call's pipeline; none where its calls had several."""
    return call.stages[0] if len(call.stages) == 1 else ()


def _taken_ns(stage: keras_table.Stage) -> int:
    return round(stage.processing_ns / max(1.0, stage.parallelism))
