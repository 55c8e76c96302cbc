"""What a report says of graphs and of where their ops ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from tfmodetrace.log import graphs, tables, tracelog
from tfmodetrace.schema import words

MAX_LISTED: Final = 200
"""Transfers, and ops not where they should be, that the placement of a run lists."""

PYTHON_OPS: Final = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc"})
"""Types of ops that leave the graph for Python: ``tf.py_function``, ``tf.numpy_function`` and what is made of them."""

LOOPS: Final = frozenset({"While", "StatelessWhile"})
"""Types of ops that are loops."""


def python_ops(graph: graphs.Graph) -> int:
    """Counts the ops of a graph that leave it for Python."""
    return sum(graph.op_types.get(kind, 0) for kind in PYTHON_OPS)


def describe(trace: tables.Trace, *, lists: bool = True) -> dict[str, Any] | None:
    """Describes the graph of a trace as the report JSON has it; None if it was not recorded.

    Args:
        trace: The trace.
        lists: Whether everything that is told line by line and op by op is wanted, too.
    """
    graph = trace.graph
    if graph is None:
        return None
    described: dict[str, Any] = {
        "ops": graph.ops,
        "own_ops": graph.own_ops,
        "op_types": dict(graph.op_types),
        "functions": graph.functions,
        "python_ops": python_ops(graph),
        "constants": graph.constants,
        "constant_bytes": graph.constant_bytes,
        "resource_captures": graph.resource_captures,
        "tensor_captures": graph.tensor_captures,
        "tensor_capture_bytes": graph.tensor_capture_bytes,
        "definition_bytes": trace.definition_bytes,
    }
    if lists:
        described |= {
            "source_lines": [_source_line(line) for line in graph.source_lines],
            "large_constants": [
                {
                    "op": constant.op,
                    "dtype": constant.dtype,
                    "shape": list(constant.shape),
                    "bytes": constant.bytes,
                    **_place(constant.file, constant.line),
                }
                for constant in graph.large_constants
            ],
            "control_flow": [
                {"type": flow.type, **_place(flow.file, flow.line), "own_line": flow.own_line or None} for flow in graph.control_flow
            ],
            "input_casts": [
                {"input": cast.input, "from_dtype": cast.from_dtype, "to_dtype": cast.to_dtype, **_place(cast.file, cast.line)}
                for cast in graph.input_casts
            ],
        }
    return described


def _source_line(line: graphs.SourceLine) -> dict[str, Any]:
    return {
        **_place(line.file, line.line),
        "own_line": line.own_line or None,
        "ops": line.ops,
        "op_types": dict(line.op_types),
        "repeats": line.repeats,
        "in_loop": line.in_loop,
        "code": line.code or None,
    }


def describe_placement(placement: graphs.Placement | None, *, lists: bool = True) -> dict[str, Any] | None:
    """Describes a placement as the report JSON has it.

    Args:
        placement: The placement; None if not recorded.
        lists: Whether every transfer and every op not where it should be is wanted, too.
    """
    if placement is None:
        return None
    described: dict[str, Any] = {
        "ops_by_device": dict(placement.ops_by_device),
        "transfers": placement.transfers,
        "not_honoured_ops": placement.not_honoured,
        "compiled": placement.compiled,
    }
    if lists:
        described |= {
            "transfer_list": [_transfer(transfer) for transfer in placement.transfer_list],
            "not_honoured": [
                {
                    "op": op.type,
                    "name": op.op,
                    "requested": op.requested,
                    "actual": op.actual,
                    "no_such_device": op.no_such_device,
                    **_place(op.file, op.line),
                }
                for op in placement.not_honoured_list
            ],
        }
    return described


def _transfer(transfer: graphs.Transfer) -> dict[str, Any]:
    return {
        "op": transfer.op,
        "dtype": transfer.dtype,
        "shape": None if transfer.shape is None else list(transfer.shape),
        "bytes": transfer.bytes,
        "from": transfer.from_device,
        "to": transfer.to_device,
        "control": transfer.control,
        **_place(transfer.file, transfer.line),
    }


def _place(file: str, line: int) -> dict[str, Any]:
    return {"file": file or None, "line": line or None}


def placement_of_run(run: tracelog.Run) -> dict[str, Any]:
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
                **(describe_placement(each.placement, lists=False) or {}),
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
    trace: tables.Trace
    placement: graphs.Placement

    @property
    def ops(self) -> int:
        return sum(self.placement.ops_by_device.values())


def _flows(placements: Iterable[graphs.Placement]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for placement in placements:
        for transfer in placement.transfer_list:
            pair = transfer.from_device, transfer.to_device
            flow = found.setdefault(pair, {"from": pair[0], "to": pair[1], "transfers": 0, "bytes": 0, "unknown": 0})
            flow["transfers"] += 1
            flow["bytes"] += transfer.bytes or 0
            flow["unknown"] += transfer.bytes is None
    return sorted(found.values(), key=lambda flow: (-flow["bytes"], flow["from"], flow["to"]))


def _listed(placed: Iterable[_Placed], name: str, same: tuple[str, ...]) -> list[dict[str, Any]]:
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for trace, placement in placed:
        for row in (describe_placement(placement) or {})[name]:
            key = (trace.function_id, *(row[field] for field in same))
            if len(found) < MAX_LISTED:
                found.setdefault(key, {"trace_id": trace.trace_id, "function_id": trace.function_id, **row})
    return list(found.values())


def was_executed(run: tracelog.Run, trace: tables.Trace) -> bool | None:
    """Whether the graph of a trace has run: as its placement shows, or the call that caused it; ``None`` if neither tells."""
    if trace.placement is not None:
        return True
    row = None if trace.call_id is None else run.calls.index_of(trace.process, trace.call_id)
    if row is None or run.calls.trace_id[row] != trace.trace_id:
        return None
    ran = run.calls.mode[row] in (words.Mode.GRAPH, words.Mode.XLA) and not run.calls.flags[row] & words.CallFlag.RAISED
    return True if ran else None


def calls_by_device(run: tracelog.Run, calls: Mapping[int, int]) -> dict[int, dict[str, int]]:
    """Counts by function id and device the calls that left their results there.

    Args:
        run: The run.
        calls: How many calls of every function ran: eagerly, in a graph or in XLA.
    """
    found: dict[int, dict[str, int]] = {}
    for function in run.functions:
        number = calls.get(function.function_id, 0)
        only = run.processes[function.process].devices if function.process < len(run.processes) else ()
        if number and len(only) == 1:
            found[function.function_id] = {only[0]: number}
    for counted in run.call_devices:
        devices = found.setdefault(counted.function_id, {})
        for device in counted.outputs or counted.inputs:
            devices[device] = devices.get(device, 0) + counted.calls
    return found


def describe_call_devices(run: tracelog.Run) -> dict[int, list[dict[str, Any]]]:
    """Tells by function id on which devices calls found their tensors, and left their results."""
    found: dict[int, list[dict[str, Any]]] = {}
    for counted in run.call_devices:
        found.setdefault(counted.function_id, []).append(
            {
                "mode": counted.mode,
                "inputs": list(counted.inputs),
                "outputs": list(counted.outputs),
                "calls": counted.calls,
                "bytes_elsewhere": counted.bytes_elsewhere,
            }
        )
    return found
