"""The finding about programs that wait for their input."""

from __future__ import annotations

import collections
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import eager as eager_module
from tfmodetrace.insight import edits, iterations, keras_phases, model_identity, pipelines, places, samples, sources, units
from tfmodetrace.insight.findings import base, costs, input_steps
from tfmodetrace.log import function_table
from tfmodetrace.log import samples as log_samples

SHARE: Final = costs.HIGH
"""The part of the wall time in waiting for input from which on it is worth a word."""

LEAST_SAMPLES: Final = 10
LEAST_NS: Final = 1_000_000
"""What a batch must be waited for; to fetch one that is there costs a few tenths of that."""

LEAST_PLACED: Final = 3
"""Samples that say where a program waits, of which it is known otherwise how long it did."""

UNEXPLAINED_NS: Final = 5_000_000
"""What a batch must be waited for where neither Python was seen to make it nor tf.data counts who does: what is left of a loop's time
but for its steps is not known to a millisecond on a busy machine."""

EXPLAINED: Final = 0.3
"""The part of the waiting that transformations must have worked for."""

LEAST_BESIDE: Final = 20
BUSY: Final = 0.9
"""The part of the looks at running graphs beside which input must have been made, for the graphs to be as fast as that."""

ORDER: Final = 90

_MOST: Final = 0.3

_NEARLY_ALL: Final = 0.8
"""The part of the time with input that must go to parts of a dataset, for these to be what a program trains with."""

_ANEW_WHY: Final = (
    ": {at} begins the dataset anew for it. What a pipeline does before its first element, such as to fill a shuffle buffer, to start "
    "threads and to skip elements, is done each time."
)
_ANEW_ADVICE: Final[Mapping[iterations.Anew, str]] = {
    "next(iter())": "Make the dataset and its iterator once, before the loop, iterator = iter(dataset.repeat()), and take each batch with "
    "next(iterator); at {at} a new iterator is made for each, which gives the dataset's first batch every time.",
    "take": "Go through the dataset once, for batch in dataset, or with one iterator and next(iterator), instead of beginning a part of it "
    "anew at {at} for every few batches.",
}
"""What to do about it."""


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields what the main thread of each process has waited for."""
    told = frozenset(call.process for call in evidence.keras if call.knows_data)
    yield from _in_keras(evidence)
    yield from _in_next(evidence, told)
    yield from _in_generators(evidence)
    yield from (draft for draft in _behind_graphs(evidence) if draft.process not in told)


def _in_keras(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Programs whose calls of Keras's fit, evaluate and predict wait for their data, as tf.data tells."""
    run, found = evidence.run, evidence.run.samples
    for process, thread_id in enumerate(evidence.budgets.main_threads):
        calls = [call for call in evidence.keras if call.process == process and call.thread == thread_id and call.knows_data]
        waits = [phase for call in calls if (phase := call.phase("data")) is not None]
        spent_ns, steps = sum(phase.ns for phase in waits), sum(phase.count for phase in waits)
        wall_ns = evidence.wall_ns(process)
        if thread_id is None or not steps or spent_ns < max(SHARE * wall_ns, LEAST_NS * steps):
            continue
        loops = np.array([place.in_keras_loop and place.state in ("graph", "input") for place in found.places], dtype=np.bool_)
        rows = np.flatnonzero((found.thread_id == thread_id) & loops[found.place_id])
        if len(rows) < LEAST_PLACED:
            continue
        weights = evidence.budgets.samples.weights_ns[rows].astype(np.float64)
        maker = _made_beside(found, rows, process, thread_id)
        if maker is None and spent_ns < UNEXPLAINED_NS * steps and _worked_ns(calls) < EXPLAINED * spent_ns:
            continue
        caller = _most(found, rows)
        place = maker or caller
        if place is None or place.definition_id is None:
            continue
        definition = run.samples.definitions[place.definition_id]
        function, line, name = eager_module.as_function(definition), place.line, definition.qualname.rpartition(".")[2]
        mapped = None if maker is not None else input_steps.function_waited_for(evidence, calls[0])
        if mapped is not None:  # in graphs of tf.data's own
            function, line, name = mapped, mapped.line, sources.bare_name(mapped)
        at, made = places.place(function.file, line), maker is not None
        text = sources.numbered_lines(function).get(line, "").strip()
        entries = sorted({call.entry for call in calls})
        yield base.Draft(
            id="input-bound",
            functions=(),
            title=f"{' and '.join(entries)} waited for input: {units.duration(spent_ns)}, "
            f"{units.share(spent_ns / wall_ns)} of the wall time" + (f", made by {name}" if made or mapped is not None else ""),
            evidence={
                "input_ns": spent_ns,
                "plus_minus_ns": None,
                "how": "measured" if all(phase.how == "measured" for phase in waits) else "sampled",
                "samples": len(rows),
                "batches": steps,
                "place": at,
                "code": text,
                "made_by": name if made or mapped is not None else None,
                "lost_is": "at most: what remains of the waiting if the input is ready in time is not known",
            },
            why=f"Each step waits for its batch, {units.duration(spent_ns // steps)} on average, before it can begin"
            + (f": Python makes it, mostly at {at}." if made else "."),
            advice=_advice(at if mapped is None else places.place(definition.file, place.line), _written(evidence, definition), made=made),
            edits=() if mapped is None else input_steps.in_parallel(evidence, calls[0]),
            cause=(process, "keras"),
            claims=(base.Claim(times={thread_id: times(evidence, rows, weights * min(1.0, spent_ns / weights.sum()))}),),
            order=ORDER,
            process=process,
            at=function_table.Place(file=function.file, line=line, function=function.qualname),
        )


def _worked_ns(calls: Sequence[keras_phases.KerasCall]) -> float:
    """How long the transformations of the calls' pipelines worked, as far as tf.data counts it, which it does not inside of others."""
    stages = (stage for call in calls for pipeline in call.stages for stage in pipeline)
    return sum(stage.processing_ns / max(1.0, stage.parallelism) for stage in stages)


def _made_beside(found: log_samples.Samples, rows: samples.Ints, process: int, thread_id: int) -> log_samples.Place | None:
    """The place of the user's in which input was made beside some samples of a thread; ``None`` if Python was hardly at it.

    Threads that Python has not started are tf.data's, which call generators and functions in Python; others fetch input if they say so.
    """
    makes = np.array([place.definition_id is not None and place.state != "idle" for place in found.places], dtype=np.bool_)
    fetches = np.array([place.state == "input" for place in found.places], dtype=np.bool_)
    beside = np.flatnonzero(
        (found.process == process)
        & (found.thread_id != thread_id)
        & makes[found.place_id]
        & ((found.thread_id < 0) | fetches[found.place_id])
        & np.isin(found.time_ns, found.time_ns[rows])
    )
    if len(np.unique(found.time_ns[beside])) < _MOST * len(rows):
        return None
    return _most(found, beside)


def _in_next(evidence: base.Evidence, told: frozenset[int]) -> Iterator[base.Draft]:
    """Programs that wait where they ask for the next element; of those that are told, not in Keras's loops."""
    run = evidence.run
    for process, thread_id in enumerate(evidence.budgets.main_threads):
        split = None if thread_id is None else evidence.budgets.splits.get(thread_id)
        wall_ns = evidence.wall_ns(process)
        if split is None or thread_id is None:
            continue
        # What sets a pipeline up is no waiting for what comes out of it, unless that is done for every few batches.
        anew = _begun_anew(evidence, split)
        waits = np.array(
            [
                (_waits(place) or (place.definition_id, place.line) in anew) and not (process in told and place.in_keras_loop)
                for place in run.samples.places
            ],
            dtype=np.bool_,
        )
        chosen = split.is_part("input") & waits[run.samples.place_id[split.rows]]
        spent = eager_module.spent_in(split, chosen)
        if spent.samples < LEAST_SAMPLES or spent.ns - spent.plus_minus_ns < SHARE * wall_ns:
            continue
        steps = batches(evidence, thread_id)
        if not steps or spent.ns < LEAST_NS * steps:
            continue
        rows = split.rows[chosen]
        maker = _maker(run.samples, rows)
        place = maker or _most(run.samples, rows)
        if place is None or place.definition_id is None:
            continue
        definition = run.samples.definitions[place.definition_id]
        at = places.place(definition.file, place.line)
        code = sources.numbered_lines(eager_module.as_function(definition)).get(place.line, "").strip()
        begun = anew.get((place.definition_id, place.line))
        yield base.Draft(
            id="input-bound",
            functions=(),
            title=f"The program waits for its input: {units.duration(spent.ns)} ± {units.duration(spent.plus_minus_ns)}, "
            f"{units.share(spent.ns / wall_ns)} of the wall time",
            evidence={
                "input_ns": spent.ns,
                "plus_minus_ns": spent.plus_minus_ns,
                "how": "sampled",
                "samples": spent.samples,
                "batches": steps,
                "place": at,
                "code": code,
                "made_by": None if maker is None else definition.qualname.rpartition(".")[2],
                "lost_is": "at most: what remains of the waiting if the input is ready in time is not known",
            },
            why=f"Between steps the program waits for the next batch, {units.duration(spent.ns // steps)} on average"
            + (_ANEW_WHY.format(at=at) if begun is not None else "." if maker is None else f": Python makes it, mostly at {at}."),
            advice=_advice(at, _written(evidence, definition), made=maker is not None)
            if begun is None
            else _ANEW_ADVICE[begun].format(at=at),
            edits=_in_parallel(evidence, process) if begun is None and maker is None else (),
            cause=process,
            claims=(base.Claim(times={thread_id: times(evidence, rows, split.ns[chosen])}),),
            order=ORDER,
            process=process,
            at=function_table.Place(file=definition.file, line=place.line, function=definition.qualname),
        )


def _in_generators(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Programs whose loops of steps take their batches from Python generators of the user's, with nothing in between.

    A generator in which a graph was seen is none that makes input: it has the steps in it.
    """
    found = evidence.run.samples
    known = [sources.is_generator(eager_module.as_function(definition)) for definition in found.definitions]
    for process, thread_id in enumerate(evidence.budgets.main_threads):
        split = None if thread_id is None else evidence.budgets.splits.get(thread_id)
        if split is None or thread_id is None or not any(known):
            continue
        number_of = [_generator(place, known) for place in found.places]
        stepping = {
            number
            for place_id in np.unique(found.place_id[found.thread_id == thread_id]).tolist()
            if (number := number_of[place_id]) is not None and found.places[place_id].state in ("graph", "tracing")
        }
        makes = np.array([number is not None and number not in stepping for number in number_of], dtype=np.bool_)
        waits = np.array([place.state in ("python", "library", "idle") for place in found.places], dtype=np.bool_)
        chosen = (makes & waits)[found.place_id[split.rows]]
        spent, wall_ns = eager_module.spent_in(split, chosen), evidence.wall_ns(process)
        steps = batches(evidence, thread_id)
        if spent.samples < LEAST_SAMPLES or spent.ns - spent.plus_minus_ns < SHARE * wall_ns:
            continue
        if not steps or spent.ns < LEAST_NS * steps:
            continue
        rows = split.rows[chosen]
        place = _most(found, rows)
        if place is None or place.definition_id is None:
            continue
        definition = found.definitions[place.definition_id]
        maker = found.definitions[number_of[place.place_id] or 0]
        at, name = places.place(definition.file, place.line), maker.qualname.rpartition(".")[2]
        yield base.Draft(
            id="input-bound",
            functions=(),
            title=f"The program waits for its input: {units.duration(spent.ns)} ± {units.duration(spent.plus_minus_ns)}, "
            f"{units.share(spent.ns / wall_ns)} of the wall time, in {name}",
            evidence={
                "input_ns": spent.ns,
                "plus_minus_ns": spent.plus_minus_ns,
                "how": "sampled",
                "samples": spent.samples,
                "batches": steps,
                "place": at,
                "code": sources.numbered_lines(eager_module.as_function(definition)).get(place.line, "").strip(),
                "made_by": name,
                "lost_is": "at most: what remains of the waiting if the input is ready in time is not known",
            },
            why=f"Between steps {name} makes the next batch, for {units.duration(spent.ns // steps)} on average, mostly at {at}.",
            advice=_advice(at, _written(evidence, definition), made=True),
            cause=(process, "generator"),
            claims=(base.Claim(times={thread_id: times(evidence, rows, split.ns[chosen])}),),
            order=ORDER,
            process=process,
            at=function_table.Place(file=definition.file, line=place.line, function=definition.qualname),
        )


def _generator(place: log_samples.Place, known: Sequence[bool]) -> int | None:
    """The innermost definition at a place that is a generator; ``None`` if none is."""
    return next((each for each in (place.definition_id, place.caller_id, place.outer_id) if each is not None and known[each]), None)


def _behind_graphs(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Programs whose graphs fetch their own input, as Keras's do, and that make it as fast as they can all the while.

    Whether a graph computes or waits is not seen from Python. But Python that makes input beside nearly every running graph, and never has
    a moment to wait until what it has made is taken, is what the program is as fast as.
    """
    run, found = evidence.run, evidence.run.samples
    in_graph = np.array([place.state == "graph" for place in found.places], dtype=np.bool_)
    makes = np.array([place.state == "input" and place.definition_id is not None for place in found.places], dtype=np.bool_)
    for process, thread_id in enumerate(evidence.budgets.main_threads):
        split = None if thread_id is None else evidence.budgets.splits.get(thread_id)
        if split is None or thread_id is None:
            continue
        rows = np.flatnonzero((found.thread_id == thread_id) & in_graph[found.place_id])
        beside = np.flatnonzero((found.process == process) & (found.thread_id != thread_id) & makes[found.place_id])
        busy = np.isin(found.time_ns[rows], found.time_ns[beside])
        weights = evidence.budgets.samples.weights_ns[rows]
        spent_ns, wall_ns = int(weights[busy].sum()), evidence.wall_ns(process)
        if len(rows) < LEAST_BESIDE or np.count_nonzero(busy) < BUSY * len(rows) or spent_ns < SHARE * wall_ns:
            continue
        place = _most(found, beside[np.isin(found.time_ns[beside], found.time_ns[rows])])
        if place is None or place.definition_id is None:
            continue
        definition = run.samples.definitions[place.definition_id]
        at = places.place(definition.file, place.line)
        maker = definition.qualname.rpartition(".")[2]
        yield base.Draft(
            id="input-bound",
            functions=(),
            title=f"The program is as fast as {maker} makes its input: at work beside {int(busy.sum())} of {len(rows)} looks at graphs",
            evidence={
                "input_ns": spent_ns,
                "how": "sampled",
                "samples": len(rows),
                "busy_beside": int(busy.sum()),
                "place": at,
                "code": sources.numbered_lines(eager_module.as_function(definition)).get(place.line, "").strip(),
                "made_by": maker,
                "lost_is": "at most: what the graphs would take if their input were ready is not known",
            },
            why=f"The graphs fetch their input themselves, and Python makes it, mostly at {at}. It did not wait until what it had made was "
            "taken, so the graphs waited for it.",
            advice=_advice(at, _written(evidence, definition), made=True),
            cause=(process, "behind graphs"),
            claims=(base.Claim(times={thread_id: times(evidence, rows[busy], weights[busy])}),),
            order=ORDER,
            process=process,
            at=function_table.Place(file=definition.file, line=place.line, function=definition.qualname),
        )


def _begun_anew(evidence: base.Evidence, split: samples.Split) -> Mapping[tuple[int | None, int], iterations.Anew]:
    """The lines, with their definitions, that begin a dataset anew for every few batches, and how."""
    run = evidence.run.samples
    found: dict[tuple[int | None, int], iterations.Anew] = {}
    for place in run.places:
        if place.definition_id is not None and (place.state == "input" or samples.is_of_pipelines(place.op)):
            function = eager_module.as_function(run.definitions[place.definition_id])
            begun = iterations.begun_anew(function, place.line)
            if begun is not None:
                found[place.definition_id, place.line] = begun
    parts = np.array([found.get((place.definition_id, place.line)) == "take" for place in run.places], dtype=np.bool_)
    fetched = split.is_part("input")
    if split.ns[fetched & parts[run.place_id[split.rows]]].sum() < _NEARLY_ALL * split.ns[fetched].sum():
        # Others go through whole datasets: a part for an evaluation now and then is as it should be.
        return {line: begun for line, begun in found.items() if begun != "take"}
    return found


def _waits(place: log_samples.Place) -> bool:
    """Whether a place is where the next element is waited for, or made by the user's own Python."""
    return place.state == "input" and (place.op.startswith("iterator_get_next") or (not place.op and not place.in_keras_loop))


def batches(evidence: base.Evidence, thread_id: int) -> int:
    """How many steps a thread made: calls of its own, and those that Keras's loops made."""
    run, calls = evidence.run, evidence.run.calls
    around = np.array([model_identity.is_entry(function) or function.kind == "region" for function in run.functions], dtype=np.bool_)
    if not len(calls):
        return 0
    parents = calls.parent_rows
    outermost = (parents < 0) | around[calls.function_id[np.maximum(parents, 0)]]
    return int(np.count_nonzero(outermost & ~around[calls.function_id] & (calls.thread_id == thread_id)))


def _maker(found: log_samples.Samples, rows: samples.Ints) -> log_samples.Place | None:
    """The place of the user's in which input was made while the main thread waited for it; ``None`` if Python did not make it."""
    times, thread_ids = found.time_ns[rows], np.unique(found.thread_id[rows])
    beside = np.flatnonzero(np.isin(found.time_ns, times) & ~np.isin(found.thread_id, thread_ids))
    counted: collections.Counter[tuple[int, int]] = collections.Counter()
    first: dict[tuple[int, int], log_samples.Place] = {}
    own = [place for place in (found.places[number] for number in found.place_id[rows].tolist()) if not place.op]
    for place in [*(found.places[number] for number in found.place_id[beside].tolist()), *own]:
        if place.definition_id is not None and (place in own or place.state in ("python", "op", "kernel", "library")):
            key = place.definition_id, place.line
            counted[key] += 1
            first.setdefault(key, place)
    if counted.total() < _MOST * len(rows):
        return None
    return first[counted.most_common(1)[0][0]]


def _most(found: log_samples.Samples, rows: samples.Ints) -> log_samples.Place | None:
    numbers = found.place_id[rows]
    return found.places[int(np.bincount(numbers).argmax())] if len(numbers) else None


def times(evidence: base.Evidence, rows: samples.Ints, ns: npt.NDArray[np.number[Any]]) -> tuple[base.Rows, base.Rows]:
    """When some samples were, each as long as it stands for."""
    ends = evidence.run.samples.time_ns[rows]
    return ends - ns.astype(np.int64), ends


def _written(evidence: base.Evidence, definition: log_samples.Definition) -> pipelines.Written:
    return pipelines.written(evidence.texts.get(definition.file), definition.source or "")


def _in_parallel(evidence: base.Evidence, process: int) -> tuple[edits.Edit, ...]:
    """Has the one map of a process's pipelines work on several elements at a time."""
    maps = [
        function
        for function in evidence.run.functions
        if function.process == process
        and function.kind == "tf.data"
        and function.name.startswith("Dataset.map(")
        and function.model is None
    ]
    if len({function.definition_id for function in maps}) != 1:
        return ()
    return pipelines.in_parallel(maps[0], evidence.traces.get(maps[0].function_id, ()), evidence.texts.get(maps[0].file))


def _advice(at: str, pipeline: pipelines.Written, *, made: bool) -> str:
    """Says what to do, of which the program does nothing yet."""
    if made and not pipeline.known:
        return (
            f"Let the Python at {at} do less for each batch, or do it beforehand; made by TensorFlow's functions in a tf.data pipeline, "
            f"with {pipelines.PARALLEL}, batches are made while steps run."
        )
    if made:
        ahead = (
            "TensorFlow makes batches while steps run, also without .prefetch."
            if pipeline.prefetched
            else f"Have batches made while steps run: {pipelines.PREFETCH}."
        )
        return f"Let the Python at {at} do less for each batch, or do it beforehand. {ahead}"
    if pipeline.prefetched:
        more = [*pipeline.lacking, "larger batches"]
        return (
            f"The batches of the dataset that is read at {at} take longer to make than a step, and TensorFlow makes them while steps run, "
            f"also without .prefetch: let its functions do less for each, or try {base.all_listed(more).replace(' and ', ' or ')}."
        )
    return f"Have the dataset that is read at {at} make batches while steps run: {base.all_listed(pipeline.lacking)}."
