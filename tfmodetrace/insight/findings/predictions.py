"""The finding about ``predict``, ``evaluate`` and ``fit`` in a loop, each for a batch or two, each of which sets up an input pipeline."""

from __future__ import annotations

import ast
import collections
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from tfmodetrace.insight import edits, model_identity, places, sources
from tfmodetrace.insight.findings import base
from tfmodetrace.log import function_table
from tfmodetrace.schema import words

LOOP: Final = 10
"""Calls from which on they are a loop."""

FEW_STEPS: Final = 2
"""Batches a call in a loop has at most."""

NORMAL: Final = 0.02
"""The share of the wall time below which nobody has to mend it: an evaluation between epochs, say."""

ORDER: Final = 0

_NAMES: Final = ("Model.predict", "Model.evaluate", "Model.fit")

_INSTEAD: Final[Mapping[str, str]] = {
    "predict": "In a loop over small inputs{at}, call the model itself, model(x, training=False); or call predict once for all of them.",
    "evaluate": "In a loop over small inputs{at}, use model.test_on_batch; or call evaluate once for all of them.",
    "fit": "In a loop over single batches{at}, call model.train_on_batch(x, y); or gather the batches and call fit once for all of them.",
}


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields the loops over ``predict`` and its like, one for each model."""
    run, calls = evidence.run, evidence.run.calls
    entries = [function.function_id for function in run.functions if model_identity.is_entry(function)]
    for function in run.functions:
        if function.name not in _NAMES or function.kind != "method":
            continue
        rows = np.flatnonzero(calls.function_id == function.function_id)
        if function.name != "Model.predict":  # which Keras calls nowhere itself: inside of fit it is a callback's
            rows = rows[~evidence.inside(rows, entries)]
        few: dict[tuple[str, int], list[int]] = collections.defaultdict(list)
        for definition_id in np.unique(evidence.definitions.of_calls[rows]).tolist():
            own = rows[evidence.definitions.of_calls[rows] == definition_id]
            draft = _loop(evidence, function, definition_id, own[np.argsort(calls.start_ns[own], kind="stable")])
            if draft is not None:
                yield draft
            elif len(own) < LOOP and (place := _called_at(evidence, own)) is not None:
                few[place.file, place.line] += own.tolist()
        # Models that are made anew, or are parts of another, are few calls each, in one loop.
        for told in few.values():
            own = np.array(sorted(told, key=lambda row: int(calls.start_ns[row])), dtype=np.int64)
            draft = _loop(evidence, function, None, own)
            if draft is not None:
                yield draft


def _called_at(evidence: base.Evidence, rows: base.Rows) -> function_table.Place | None:
    """The user's line that some calls have set their input up for, all of them."""
    inside = np.isin(evidence.attribution.trace_rows, rows)
    functions = [evidence.run.functions[trace.function_id] for trace in evidence.run.traces if inside[trace.trace_id]]
    return places.made_at([function for function in functions if function.kind == "tf.data"])


def _loop(evidence: base.Evidence, function: function_table.Function, definition_id: int | None, rows: base.Rows) -> base.Draft | None:
    run, calls = evidence.run, evidence.run.calls
    parents = calls.parent_rows
    of_rows = np.isin(parents, rows)
    if function.name == "Model.fit":  # whose epochs lie between
        of_rows |= (parents >= 0) & np.isin(parents[np.maximum(parents, 0)], rows)
    inside = of_rows & (calls.mode == int(words.Mode.GRAPH))
    steps, needed_ns = int(inside.sum()), int(calls.duration_ns[inside].sum())
    if len(rows) < LOOP or steps > FEW_STEPS * len(rows):
        return None
    in_rows = np.isin(evidence.attribution.trace_rows, rows)
    again = [trace for trace in run.traces if in_rows[trace.trace_id] and run.functions[trace.function_id].kind == "tf.data"]
    if not again:
        return None
    what = function.name.rpartition(".")[2]
    name = function.name if definition_id is None else evidence.definitions.rows[definition_id].name
    total_ns = int(calls.duration_ns[rows].sum())
    wall_ns = evidence.wall_ns(function.process)
    made = [run.functions[trace.function_id] for trace in again]
    place = places.made_at(made)
    changes = _called_directly(made, place) if what == "predict" else ()
    at = "" if place is None else f" at {places.place(place.file, place.line)}"
    return base.Draft(
        id="function-recreated",
        functions=(function.function_id,),
        title=f"{name} was called {len(rows):,} times for {max(steps, len(rows)):,} batches, and set up its input each time",
        evidence={"calls": len(rows), "batches": steps, "traces": len(again), "total_ns": total_ns, "in_graphs_ns": needed_ns},
        why=f"Every call of {what} builds a tf.data pipeline of its own, whose functions are made and traced again. For a batch at a time "
        "that takes longer than the model.",
        advice=_INSTEAD[what].format(at=at),
        edits=changes,
        cause=("loop", definition_id if definition_id is not None else (function.function_id, int(rows[0]))),
        claims=(base.Claim(traces=base.ids(again), rows=rows, needed_ns=needed_ns),),
        order=ORDER,
        normal=wall_ns > 0 and total_ns - needed_ns < NORMAL * wall_ns,
    )


def _called_directly(made: Sequence[function_table.Function], place: function_table.Place | None) -> tuple[edits.Edit, ...]:
    """Writes the line anew with the model called instead of its ``predict``; of arrays only, since no model takes a dataset."""
    # Keras makes these functions for what is no dataset yet.
    if place is None or not all(model_identity.is_kerass(function) for function in made):
        return ()
    found = sources.call_on(place.code, "predict")
    if found is None or not found.call.args or isinstance(found.call.args[0], ast.Starred):
        return ()
    called = f"{found.receiver}({found.text(found.call.args[0])}, training=False).numpy()"
    return (edits.Edit(file=place.file, line=place.line, replaces=place.code, code=found.replaced(called)),)
