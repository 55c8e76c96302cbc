"""Where the functions of a run ran, and what crossed devices."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

from tfmodetrace.insight import plain
from tfmodetrace.insight.report import placement
from tfmodetrace.log import graphs, trace_table, tracelog
from tfmodetrace.schema import words

MAX_LISTED: Final = 200
"""Transfers, and ops not where they should be, that the placement of a run lists."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FunctionPlacement(placement.PlacementInfo):
    """Where a function ran: the placement of that of its placed traces which has most ops.

    Attributes:
        traces: How many of its traces were placed.
        shares_by_device: Which part of its ops ran on each device, from 0 to 1.
    """

    function_id: int
    function: str
    traces: int
    shares_by_device: Mapping[str, float]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What goes from one device to another.

    Attributes:
        unknown: Transfers whose size is not known.
    """

    from_device: str = plain.named("from")
    to_device: str = plain.named("to")
    transfers: int
    bytes: int
    unknown: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TransferOfTrace(placement.TransferInfo):
    """A transfer in the graph of a trace."""

    trace_id: int
    function_id: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NotHonouredOfTrace(placement.NotHonouredInfo):
    """An op of the graph of a trace that is not where it should be."""

    trace_id: int
    function_id: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PlacementOfRun:
    """Where the functions of a run ran, and what crossed devices.

    Attributes:
        functions: Those of which a trace was placed.
        flows: What these send from device to device, most bytes first.
        transfers: The first of them, once however many traces of a function have them.
        not_honoured: Likewise the ops that are not where they should be.
        traces: How many traces there are.
        placed: Of how many of them it is known where their ops ran.
    """

    devices: tuple[str, ...]
    functions: tuple[FunctionPlacement, ...]
    flows: tuple[Flow, ...]
    transfers: tuple[TransferOfTrace, ...]
    not_honoured: tuple[NotHonouredOfTrace, ...]
    traces: int
    placed: int


def of_run(run: tracelog.Run) -> PlacementOfRun:
    """Sums up where the functions of a run ran.

    A function is shown by that of its placed traces which has most ops; adding up its traces would count the same ops again and again.
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
    return PlacementOfRun(
        devices=tuple(sorted(devices)),
        functions=tuple(
            FunctionPlacement(
                **_fields(placement.info(each.placement)),
                function_id=function_id,
                function=run.functions[function_id].name,
                traces=count[function_id],
                shares_by_device={device: ops / each.ops for device, ops in each.placement.ops_by_device.items() if ops},
            )
            for function_id, each in sorted(largest.items())
        ),
        flows=_flows(each.placement for each in largest.values()),
        transfers=_listed(
            placed,
            lambda told: told.transfer_list,
            lambda row: (row.op, row.from_device, row.to_device, row.bytes),
            lambda trace, row: TransferOfTrace(**_fields(row), trace_id=trace.trace_id, function_id=trace.function_id),
        ),
        not_honoured=_listed(
            placed,
            lambda told: told.not_honoured,
            lambda row: (row.name, row.requested, row.actual),
            lambda trace, row: NotHonouredOfTrace(**_fields(row), trace_id=trace.trace_id, function_id=trace.function_id),
        ),
        traces=len(run.traces),
        placed=len(placed),
    )


_Row = TypeVar("_Row")
_Told = TypeVar("_Told")


class _Placed(NamedTuple):
    trace: trace_table.Trace
    placement: graphs.Placement

    @property
    def ops(self) -> int:
        return sum(self.placement.ops_by_device.values())


def _flows(placements: Iterable[graphs.Placement]) -> tuple[Flow, ...]:
    found: dict[tuple[str, str], list[int | None]] = {}
    for each in placements:
        for transfer in each.transfer_list:
            found.setdefault((transfer.from_device, transfer.to_device), []).append(transfer.bytes)
    flows = [
        Flow(
            from_device=sender,
            to_device=receiver,
            transfers=len(sizes),
            bytes=sum(size for size in sizes if size is not None),
            unknown=sizes.count(None),
        )
        for (sender, receiver), sizes in found.items()
    ]
    return tuple(sorted(flows, key=lambda flow: (-flow.bytes, flow.from_device, flow.to_device)))


def _listed(
    placed: Iterable[_Placed],
    rows: Callable[[placement.PlacementLists], Iterable[_Row]],
    same: Callable[[_Row], tuple[object, ...]],
    of_trace: Callable[[trace_table.Trace, _Row], _Told],
) -> tuple[_Told, ...]:
    found: dict[tuple[object, ...], _Told] = {}
    for each in placed:
        told = placement.details(each.placement)
        for row in () if told is None else rows(told):
            key = (each.trace.function_id, *same(row))
            if key not in found and len(found) < MAX_LISTED:
                found[key] = of_trace(each.trace, row)
    return tuple(found.values())


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def was_executed(run: tracelog.Run, trace: trace_table.Trace) -> bool | None:
    """Whether the graph of a trace has run: as its placement shows, or the call that caused it; ``None`` if neither tells."""
    if trace.placement is not None:
        return True
    row = None if trace.call_id is None else run.calls.index_of(trace.process, trace.call_id)
    if row is None or run.calls.trace_id[row] != trace.trace_id:
        return None
    ran = run.calls.mode[row] in (words.Mode.GRAPH, words.Mode.XLA) and not run.calls.flags[row] & words.CallFlag.RAISED
    return True if ran else None
