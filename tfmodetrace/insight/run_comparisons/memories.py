"""The most memory that processes and devices had in both runs."""

from __future__ import annotations

from collections.abc import Mapping

from tfmodetrace.insight import answers, units
from tfmodetrace.insight.run_comparisons import sides, values

PROCESS = "process"


def of(both: sides.Sides) -> tuple[values.MemoryChange, ...]:
    """Returns what is known of either side: of several runs or processes the most of one."""
    a, b = (_most(side) for side in (both.a, both.b))
    found = []
    for what in dict.fromkeys((*a, *b)):
        before, after = a.get(what), b.get(what)
        delta = None if before is None or after is None else after - before
        found.append(
            values.MemoryChange(
                what=what, a_bytes=before, b_bytes=after, delta_bytes=delta, delta_text="" if delta is None else signed(delta)
            )
        )
    return tuple(found)


def signed(number: int) -> str:
    """Writes a difference of sizes: ``+1.2 GB``, ``−30 MB``, ``0 B``."""
    return f"−{units.size(-number)}" if number < 0 else f"+{units.size(number)}" if number else units.size(0)


def _most(side: sides.Side) -> Mapping[str, int]:
    most: dict[str, int] = {}
    for told in side.runs:
        for what, size in _of_run(told):
            most[what] = max(size, most.get(what, 0))
    return most


def _of_run(told: answers.Answers) -> list[tuple[str, int]]:
    run = told.run
    found = [(PROCESS, int(run.host_memory.resident_bytes.max()))] if len(run.host_memory.resident_bytes) else []
    for device in run.devices:
        of_device = run.memory.device_id == device.device_id
        if of_device.any():
            held = max(int(each[of_device].max()) for each in (run.memory.before_bytes, run.memory.after_bytes, run.memory.peak_bytes))
            found.append((device.name, held))
    return found
