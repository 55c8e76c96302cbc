"""What a report says of traces."""

from __future__ import annotations

import dataclasses
import sys
from typing import Final

import numpy as np

from tfmodetrace.insight import answers, placements, reasons
from tfmodetrace.insight.report import graph_lines, graphs, placement
from tfmodetrace.log import function_table, trace_table, tracelog

MOST_CHANGES: Final = 200
"""Changes of a trace that are told of at most, where not everything is wanted; those of one trace alone are all there."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TraceInfo:
    """One trace: see ``log.trace_table.Trace``. What was not recorded is ``None``.

    Attributes:
        inside_call_id: The call that it belongs to: that of its own function, or the innermost that was open on its thread, as for
            functions of tf.data and of libraries; ``None`` where no recorded call was open.
        executed: Whether its graph is known to have run.
    """

    trace_id: int
    function_id: int
    process: int
    ordinal: int
    call_id: int | None
    inside_call_id: int | None
    thread: int
    start_ns: int
    duration_ns: int | None
    signature_id: int | None
    signature: str | None
    outputs: str | None
    captures: tuple[str, ...]
    concrete_name: str
    reason: reasons.Reason
    graph: graphs.GraphInfo | None
    placement: placement.PlacementInfo | None
    executed: bool | None
    called_at: function_table.Place | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TraceDetails(TraceInfo):
    """One trace with everything that is told of its graph and its placement.

    Attributes:
        function: The function's name.
        calls: How many calls have its signature; ``None`` if that is not known.
    """

    graph: graph_lines.GraphDetails | None
    placement: placement.PlacementLists | None
    function: str
    calls: int | None


def infos(told: answers.Answers, *, full: bool) -> tuple[TraceInfo, ...]:
    """Describes every trace of a run.

    Args:
        told: The answers about it.
        full: Whether with everything that is told of graphs and placements line by line and op by op.
    """
    fixes = told.fixes
    return tuple(
        _info(told.run, trace, reason, fixes.get(trace.trace_id), inside, full=full, most_changes=sys.maxsize if full else MOST_CHANGES)
        for trace, reason, inside in zip(told.run.traces, told.reasons, told.attribution.trace_call_ids, strict=True)
    )


def details(told: answers.Answers, trace_id: int) -> TraceDetails:
    """Describes one trace."""
    run = told.run
    trace = run.traces[trace_id]
    signature = trace.signature_id
    info = _info(run, trace, told.reasons[trace_id], told.fixes.get(trace_id), told.attribution.trace_call_ids[trace_id], full=False)
    fields = {field.name: getattr(info, field.name) for field in dataclasses.fields(info)}
    return TraceDetails(
        **{
            **fields,
            "graph": graph_lines.of_trace(trace),
            "placement": placement.details(trace.placement),
            "function": run.functions[trace.function_id].name,
            "calls": None if signature is None else int(np.count_nonzero(run.calls.signature_id == signature)),
        }
    )


def _info(
    run: tracelog.Run,
    trace: trace_table.Trace,
    reason: reasons.Reason,
    fix: str | None,
    inside_call_id: int | None,
    *,
    full: bool,
    most_changes: int = sys.maxsize,
) -> TraceInfo:
    return TraceInfo(
        trace_id=trace.trace_id,
        function_id=trace.function_id,
        process=trace.process,
        ordinal=trace.ordinal,
        call_id=trace.call_id,
        inside_call_id=inside_call_id,
        thread=trace.thread_id,
        start_ns=trace.start_ns,
        duration_ns=trace.duration_ns,
        signature_id=trace.signature_id,
        signature=run.trace_signature(trace),
        outputs=trace.outputs,
        captures=trace.captures,
        concrete_name=trace.concrete_name,
        # What dataclasses.replace() makes takes several times as long, and there may be ten thousand of them.
        reason=reason
        if fix is None and len(reason.changes) <= most_changes
        else reasons.Reason(
            kinds=reason.kinds,
            nearest_trace_id=reason.nearest_trace_id,
            summary=reason.summary,
            changes=reason.changes[:most_changes],
            fix=fix,
            more_changes=max(0, len(reason.changes) - most_changes),
        ),
        graph=graphs.details(trace) if full else graphs.info(trace),
        placement=placement.details(trace.placement) if full else placement.info(trace.placement),
        executed=placements.was_executed(run, trace),
        called_at=trace.called_at,
    )
