"""Findings about where ops ran: not where they were asked to, or with tensors going from device to device."""

from __future__ import annotations

import collections
from collections.abc import Iterator

from tfmodetrace.insight import device_scopes, places, units
from tfmodetrace.insight.findings import base, graphs
from tfmodetrace.log import function_table, sample_columns, trace_table

MANY_TRANSFERS = 8
"""Tensors that cross devices in one execution from which on that is a finding."""

TRANSFERRED_BYTES = 1 << 20
"""Or bytes, as far as they are known."""

COPIED_BYTES = 64 << 20
"""What calls together must have got from other devices than their results are on."""


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields the findings about the placement of a run's traces."""
    for function_id, traces in evidence.traces.items():
        function = evidence.run.functions[function_id]
        placed = [trace for trace in traces if trace.placement is not None]
        if placed:
            yield from _not_honoured(evidence, function, placed)
            yield from _transfers(evidence, function, placed)
    yield from _copied_inputs(evidence)


def _not_honoured(evidence: base.Evidence, function: function_table.Function, traces: list[trace_table.Trace]) -> Iterator[base.Draft]:
    trace = max(traces, key=lambda trace: trace.placement.not_honoured if trace.placement is not None else 0)
    placement = trace.placement
    if placement is None or not placement.not_honoured:
        return
    listed = placement.not_honoured_list
    requested = list(dict.fromkeys(op.requested for op in listed))
    actual = list(dict.fromkeys(op.actual for op in listed))
    missing = list(dict.fromkeys(op.requested for op in listed if op.no_such_device))
    where = list(dict.fromkeys(places.place(op.file, op.line) for op in listed if op.line))
    at = f": take the tf.device away at {_listed(where[:3])}" if where else ""
    count = placement.not_honoured
    changes = device_scopes.without(function, listed, evidence.texts) if len(listed) == count else ()
    yield base.Draft(
        id="placement-not-honoured",
        functions=(function.function_id,),
        title=f"{count} op{'s' if count != 1 else ''} of {function.name} asked for {_listed(requested)} and ran on {_listed(actual)}",
        evidence={
            "ops": count,
            "requested": requested,
            "actual": actual,
            "no_such_device": missing,
            "op_types": dict(collections.Counter(op.type for op in listed).most_common(5)),
            "places": where[:10],
        },
        why=(
            f"The process has no device {_listed(missing)}, and soft placement puts such ops elsewhere without a word."
            if missing
            else "Soft placement puts an op elsewhere without a word where the device has no kernel for it, or where it must be together "
            "with another, as with its variable."
        ),
        advice=f"Ask for a device of tf.config.list_logical_devices(), or leave the choice to TensorFlow{at}; after "
        "tf.config.set_soft_device_placement(False) such a request is an error that names the op.",
        edits=changes,
    )


def _transfers(evidence: base.Evidence, function: function_table.Function, traces: list[trace_table.Trace]) -> Iterator[base.Draft]:
    trace = max(traces, key=lambda trace: trace.placement.transfers if trace.placement is not None else 0)
    placement = trace.placement
    if placement is None:
        return
    tensors = [transfer for transfer in placement.transfer_list if not transfer.control]
    known = sum(transfer.bytes or 0 for transfer in tensors)
    count = placement.transfers - (len(placement.transfer_list) - len(tensors))
    if count < MANY_TRANSFERS and known < TRANSFERRED_BYTES:
        return
    calls = evidence.calls_of[function.function_id]
    largest = max(tensors, key=lambda transfer: transfer.bytes or 0)
    flows = collections.Counter(f"{transfer.from_device} → {transfer.to_device}" for transfer in tensors)
    most = (largest.bytes or 0) >= max(TRANSFERRED_BYTES, known // 2)
    changes = device_scopes.looked_up_there(function, largest) if most else ()
    yield base.Draft(
        id="cross-device-transfers",
        functions=(function.function_id,),
        title=f"Every call of {function.name} sends {units.plural(count, 'tensor')}, {graphs.megabytes(known)}, from device to device",
        evidence={
            "transfers": count,
            "bytes": known,
            "unknown_sizes": sum(transfer.bytes is None for transfer in tensors),
            "calls": calls,
            "flows": dict(flows.most_common(5)),
            "largest": largest.op,
            "largest_bytes": largest.bytes,
            "place": places.place(largest.file, largest.line),
        },
        why="An op waits for what another device sends, and the copy takes time on both. The largest is "
        f"{largest.op} at {places.place(largest.file, largest.line)}.",
        advice=f"Look up what is wanted of it where it is, on {largest.from_device}: then only that is sent."
        if changes
        else f"Make {largest.op} where it is used, on {largest.to_device}, or compute with it where it is, on {largest.from_device}.",
        edits=changes,
    )


def _copied_inputs(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Finds functions whose calls, eager ones or graphs, get much from another device than they leave their results on."""
    by_function: dict[int, list[sample_columns.CallDevices]] = collections.defaultdict(list)
    for counted in evidence.run.call_devices:
        if counted.mode in ("eager", "graph", "xla") and counted.bytes_elsewhere:
            by_function[counted.function_id].append(counted)
    for function_id, counts in by_function.items():
        copied = sum(counted.bytes_elsewhere for counted in counts)
        if copied < COPIED_BYTES:
            continue
        function = evidence.run.functions[function_id]
        most = max(counts, key=lambda counted: counted.bytes_elsewhere)
        calls = sum(counted.calls for counted in counts)
        flow = f"{_listed(list(most.inputs))} → {_listed(list(most.outputs))}"
        yield base.Draft(
            id="cross-device-transfers",
            functions=(function_id,),
            title=f"{function.name} got {graphs.megabytes(copied)} of tensors from other devices than its results are on",
            evidence={"calls": calls, "bytes": copied, "flow": flow},
            why=f"Its arguments lay elsewhere than its results ({flow}). Where an op needs a tensor of another device, TensorFlow copies "
            "it first, in every call, without a word.",
            advice=f"Put what {function.name} gets on {_listed(list(most.outputs))} once, before the loop (tf.identity under tf.device), "
            "or end the dataset with tf.data.experimental.prefetch_to_device.",
        )


def _listed(names: list[str]) -> str:
    return ", ".join(names)
