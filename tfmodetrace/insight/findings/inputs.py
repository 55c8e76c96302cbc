"""The finding about programs that wait for their input."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from typing import Final

import numpy as np

from tfmodetrace.insight import eager as eager_module
from tfmodetrace.insight import model_identity, places, samples, sources, units
from tfmodetrace.insight.findings import base, costs
from tfmodetrace.log import function_table
from tfmodetrace.log import samples as log_samples

SHARE: Final = costs.HIGH
"""The part of the wall time in waiting for input from which on it is worth a word."""

LEAST_SAMPLES: Final = 10
LEAST_NS: Final = 1_000_000
"""What a batch must be waited for; to fetch one that is there costs a few tenths of that."""

ORDER: Final = 90

_MOST: Final = 0.3


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields what the main thread of each process has waited for."""
    run = evidence.run
    for process, thread_id in enumerate(evidence.budgets.main_threads):
        split = None if thread_id is None else evidence.budgets.splits.get(thread_id)
        wall_ns = evidence.wall_ns(process)
        if split is None or thread_id is None:
            continue
        # What sets a pipeline up is no waiting for what comes out of it.
        waits = np.array([_waits(place) for place in run.samples.places], dtype=np.bool_)
        chosen = split.is_part("input") & waits[run.samples.place_id[split.rows]]
        spent = eager_module.spent_in(split, chosen)
        if spent.samples < LEAST_SAMPLES or spent.ns < SHARE * wall_ns or spent.ns - spent.plus_minus_ns < SHARE / 2 * wall_ns:
            continue
        batches = _batches(evidence, thread_id)
        if not batches or spent.ns < LEAST_NS * batches:
            continue
        rows = split.rows[chosen]
        maker = _maker(run.samples, rows)
        place = maker or _most(run.samples, rows)
        if place is None or place.definition_id is None:
            continue
        definition = run.samples.definitions[place.definition_id]
        at = places.place(definition.file, place.line)
        code = sources.numbered_lines(eager_module.as_function(definition)).get(place.line, "").strip()
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
                "batches": batches,
                "place": at,
                "code": code,
                "made_by": None if maker is None else definition.qualname.rpartition(".")[2],
                "lost_is": "at most: what remains of the waiting if the input is ready in time is not known",
            },
            why=f"Between steps the program waits for the next batch, {units.duration(spent.ns // batches)} on average"
            + ("." if maker is None else f": Python makes it, mostly at {at}."),
            advice=_advice(at, made=maker is not None),
            cause=process,
            claims=(base.Claim(times={thread_id: _times(evidence, rows)}),),
            order=ORDER,
            process=process,
            at=function_table.Place(file=definition.file, line=place.line, function=definition.qualname),
        )


def _waits(place: log_samples.Place) -> bool:
    """Whether a place is where the next element is waited for, or made by the user's own Python."""
    return place.state == "input" and (place.op.startswith("iterator_get_next") or (not place.op and not place.in_keras_loop))


def _batches(evidence: base.Evidence, thread_id: int) -> int:
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


def _times(evidence: base.Evidence, rows: samples.Ints) -> tuple[base.Rows, base.Rows]:
    ends = evidence.run.samples.time_ns[rows]
    return ends - evidence.budgets.samples.weights_ns[rows], ends


def _advice(at: str, *, made: bool) -> str:
    if made:
        return (
            f"Let the Python at {at} do less for each batch, or do it beforehand; made by a tf.data pipeline instead, with "
            "num_parallel_calls=tf.data.AUTOTUNE in its maps and .prefetch(tf.data.AUTOTUNE) at its end, batches are made while steps run."
        )
    return (
        f"Have the dataset that is read at {at} make batches while steps run: .prefetch(tf.data.AUTOTUNE) at its end, "
        "num_parallel_calls=tf.data.AUTOTUNE in its maps, and .cache() after what is the same in every epoch."
    )
