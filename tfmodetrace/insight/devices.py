"""On which devices calls found their tensors and left their results."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from tfmodetrace.insight import counts
from tfmodetrace.log import tracelog


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CallDevices:
    """Calls of a function that found their tensors, and left their results, on the same devices.

    Attributes:
        bytes_elsewhere: What they got together from other devices than their results are on.
    """

    mode: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    calls: int
    bytes_elsewhere: int


def of_results(run: tracelog.Run, call_counts: Sequence[counts.CallCounts]) -> Mapping[int, Mapping[str, int]]:
    """Counts by function id and device the calls that left their results there.

    Args:
        run: The run.
        call_counts: The calls of its functions.
    """
    found: dict[int, dict[str, int]] = {}
    for function, calls in zip(run.functions, call_counts, strict=True):
        only = run.processes[function.process].devices if function.process < len(run.processes) else ()
        if calls.ran and len(only) == 1:
            found[function.function_id] = {only[0]: calls.ran}
    for counted in run.call_devices:
        devices = found.setdefault(counted.function_id, {})
        for device in counted.outputs or counted.inputs:
            devices[device] = devices.get(device, 0) + counted.calls
    return found


def of_calls(run: tracelog.Run) -> Mapping[int, tuple[CallDevices, ...]]:
    """Tells by function id on which devices calls found their tensors, and left their results."""
    found: dict[int, tuple[CallDevices, ...]] = {}
    for counted in run.call_devices:
        row = CallDevices(
            mode=counted.mode,
            inputs=tuple(counted.inputs),
            outputs=tuple(counted.outputs),
            calls=counted.calls,
            bytes_elsewhere=counted.bytes_elsewhere,
        )
        found[counted.function_id] = (*found.get(counted.function_id, ()), row)
    return found
