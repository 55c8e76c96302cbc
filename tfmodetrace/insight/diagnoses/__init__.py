"""Diagnoses: what an exception that left a call means, why it happens in that mode, and what to change.

Rules look at an exception's class, at the frame that raised it and at structured parts of its message, before they look at words; what none
of them is sure of is ``unclassified``, with what is known.
"""

from __future__ import annotations

import collections
from collections.abc import Sequence
from typing import Final

from tfmodetrace.insight.diagnoses import (
    apis,
    autograph,
    base,
    bounds,
    calling,
    composite,
    control_flow,
    datasets,
    dimensions,
    dtypes,
    keras,
    keras_values,
    older_keras,
    older_objects,
    origins,
    records,
    results,
    runtime,
    shapes,
    state,
    symbolic,
    tensor_arrays,
    texts,
    usage,
)
from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.log import convert, error_table, function_table, tracelog
from tfmodetrace.schema import events_pb2

__all__ = ["Diagnosis", "core_of", "diagnose", "explain_as_raised", "of_run"]

Diagnosis = base.Diagnosis

_RULES: Final = (
    *calling.RULES,
    *autograph.RULES,
    *tensor_arrays.RULES,
    *control_flow.RULES,
    *symbolic.RULES,
    *dimensions.RULES,
    *older_keras.RULES,
    *apis.RULES,
    *older_objects.RULES,
    *composite.RULES,
    *keras_values.RULES,
    *records.RULES,
    *results.RULES,
    *state.RULES,
    *keras.RULES,
    *usage.RULES,
    *runtime.RULES,
    *bounds.RULES,
    *origins.RULES,
    *datasets.RULES,
    *dtypes.RULES,
    *shapes.RULES,
    *autograph.LAST,
    *shapes.LAST,
    *origins.LAST,
)


_REFUSED: Final = "tfmodetrace.errors.TraceLimitError"
_WHY_REFUSED: Final = "limit_traces, or TFMODETRACE_LIMIT_TRACES, did not let a function be traced once more; nothing of the call has run."


def of_run(run: tracelog.Run) -> tuple[Diagnosis, ...]:
    """Returns the diagnoses of a run's errors, aligned with ``run.errors``."""
    failures: dict[int, list[error_table.Error]] = collections.defaultdict(list)
    for error in run.errors:
        failures[error.first_error_id].append(error)
    found: dict[int, Diagnosis] = {}
    for error in run.errors:
        around = [other for other in failures[error.first_error_id] if other.error_id > error.error_id]
        own = diagnose(error, run.functions[error.function_id], around)
        # Further out, less is known of where it was raised: tracebacks have been cut by then.
        found[error.error_id] = found.get(error.first_error_id, own) if own.id == "unclassified" else own
    return tuple(found[error.error_id] for error in run.errors)


def diagnose(error: error_table.Error, function: function_table.Function | None, around: Sequence[error_table.Error] = ()) -> Diagnosis:
    """Returns what an error means; ``unclassified`` where that is not sure.

    Args:
        error: The error.
        function: The function it left, if it is known.
        around: The errors that the same failure was further out, nearest first.
    """
    whole = base.Failure(error, function, around)
    for failure in whole.views():
        for rule in _RULES:
            match = rule(failure)
            if match is not None:
                return _told(match, failure)
    return _unclassified(next(whole.views()))


def core_of(error: error_table.Error) -> error_table.Raised:
    """Returns the exception that was raised at first, where the one that left the call only repeats it."""
    return next(base.Failure(error, None).views()).core


def _told(match: base.Match, failure: base.Failure) -> Diagnosis:
    why = texts.WHY[match.id]
    site = failure.own_site if match.in_function and failure.own_site is not None else failure.site
    edits = site.usable(match.edits)
    if not code_module.is_python(site.told(edits) or ""):  # as two heads of blocks, one after the other
        edits = ()
    return Diagnosis(
        id=match.id,
        title=match.title,
        why=match.why or why.get(failure.mode, why[""]),
        difference=match.difference or texts.DIFFERENCE.get(match.id),
        fix=site.told(edits),
        edits=edits,
        advice=match.advice or texts.ADVICE[match.id],
        source=match.place or failure.place,
    )


def _unclassified(failure: base.Failure) -> Diagnosis:
    place = failure.place
    kind = failure.core.type.rpartition(".")[2]
    is_refused = failure.core.type == _REFUSED
    where = f" in line {place.line} of {place.file.replace(chr(92), '/').rpartition('/')[2]}" if place is not None else ""
    origin = failure.core.origin
    by = f" {origin.owner}'s {origin.function} has raised it." if origin is not None and origin.owner not in ("", "tfmodetrace") else ""
    how = {"tracing": "while the function was traced", "graph": "while the graph ran", "xla": "in the compiled graph"}.get(failure.mode)
    return Diagnosis(
        id="unclassified",
        title=f"{kind}{where}",
        why=_WHY_REFUSED if is_refused else f"It is none of the failures that tfmodetrace knows; it was raised {how or 'in Python'}.{by}",
        difference=None,
        fix=None,
        edits=(),
        advice="Do what its message says, or allow more traces." if is_refused else texts.ADVICE["unclassified"],
        source=place,
    )


def explain_as_raised(error: events_pb2.Error, function: events_pb2.Function) -> str | None:
    """Returns a note for an exception that has just left a call, in a few lines; ``None`` if it is not known what it means.

    Args:
        error: The error, as it is written.
        function: The function it left.
    """
    diagnosis = diagnose(convert.error(error, "."), convert.function(function, "."))
    if diagnosis.id == "unclassified":
        return None
    source = diagnosis.source
    where = "" if source is None else f" ({source.file}:{source.line})"
    fix = "".join(f"\n    {line}" for line in (diagnosis.fix or "").splitlines())
    instead = f"  Instead:{fix}" if fix else f"  {diagnosis.advice}"
    return f"{diagnosis.title}{where}. [tfmodetrace explain {diagnosis.id}]\n  {diagnosis.why}\n{instead}"
