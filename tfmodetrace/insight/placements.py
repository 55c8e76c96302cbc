"""Where the functions of a run ran, and what crossed devices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from tfmodetrace.insight import plain
from tfmodetrace.insight.report import placement
from tfmodetrace.log import graphs, trace_table, tracelog
from tfmodetrace.schema import words

MAX_LISTED: Final = 200
"""Transfers, and ops not where they should be, that the placement of a run lists."""


def of_run(run: tracelog.Run) -> dict[str, Any]:
    """Sums up where the functions of a run ran.

    A function is shown by that of its placed traces which has most ops; adding up its traces would count the same ops again and again.

    Returns:
        ``devices``, ``functions``, ``flows``, ``transfers``, ``not_honoured``, ``traces`` and ``placed``, as docs/http_api.md has them.
    """
    placed = [_Placed(trace, trace.placement) for trace in run.traces if trace.placement is not None]
    largest: dict[int, _Placed] = {}
    count: Counter[int] = Counter()
    for each in placed:
        count[each.trace.function_id] += 1
        known = largest.get(each.trace.function_id)
        if known is None or each.ops > known.ops:
            largest[each.trace.function_id] = each
    devices = {device for process in run.processes for device in process.devices}
    devices |= {device for each in largest.values() for device in each.placement.ops_by_device}
    return {
        "devices": sorted(devices),
        "functions": [
            {
                "function_id": function_id,
                "function": run.functions[function_id].name,
                "traces": count[function_id],
                **plain.plain(placement.info(each.placement)),
                "shares_by_device": {device: ops / each.ops for device, ops in each.placement.ops_by_device.items() if ops},
            }
            for function_id, each in sorted(largest.items())
        ],
        "flows": _flows(each.placement for each in largest.values()),
        "transfers": _listed(placed, "transfer_list", ("op", "from", "to", "bytes")),
        "not_honoured": _listed(placed, "not_honoured", ("name", "requested", "actual")),
        "traces": len(run.traces),
        "placed": len(placed),
    }


class _Placed(NamedTuple):
    trace: trace_table.Trace
    placement: graphs.Placement

    @property
    def ops(self) -> int:
        return sum(self.placement.ops_by_device.values())


def _flows(placements: Iterable[graphs.Placement]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for each in placements:
        for transfer in each.transfer_list:
            pair = transfer.from_device, transfer.to_device
            flow = found.setdefault(pair, {"from": pair[0], "to": pair[1], "transfers": 0, "bytes": 0, "unknown": 0})
            flow["transfers"] += 1
            flow["bytes"] += transfer.bytes or 0
            flow["unknown"] += transfer.bytes is None
    return sorted(found.values(), key=lambda flow: (-flow["bytes"], flow["from"], flow["to"]))


def _listed(placed: Iterable[_Placed], name: str, same: tuple[str, ...]) -> list[dict[str, Any]]:
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for each in placed:
        for row in plain.plain(placement.details(each.placement))[name]:
            key = (each.trace.function_id, *(row[field] for field in same))
            if len(found) < MAX_LISTED:
                found.setdefault(key, {"trace_id": each.trace.trace_id, "function_id": each.trace.function_id, **row})
    return list(found.values())


def was_executed(run: tracelog.Run, trace: trace_table.Trace) -> bool | None:
    """Whether the graph of a trace has run: as its placement shows, or the call that caused it; ``None`` if neither tells."""
    if trace.placement is not None:
        return True
    row = None if trace.call_id is None else run.calls.index_of(trace.process, trace.call_id)
    if row is None or run.calls.trace_id[row] != trace.trace_id:
        return None
    ran = run.calls.mode[row] in (words.Mode.GRAPH, words.Mode.XLA) and not run.calls.flags[row] & words.CallFlag.RAISED
    return True if ran else None
