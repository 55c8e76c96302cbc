"""Programs that a recorded one started, and that recorded nothing."""

from __future__ import annotations

from typing import Final

from tfmodetrace.insight import units
from tfmodetrace.log import tracelog

LEAST_NS: Final = 1_000_000_000
"""Processor time from which on they are told of: what asks the system something, or a compiler, takes less."""

LEAST_SHARE: Final = 0.05
"""And which part of the wall time that is at least."""


def untold(run: tracelog.Run) -> tuple[str, ...]:
    """Returns a sentence for each process that has started others which used the processor, if none of them is in the recording."""
    told = []
    for process in run.processes:
        used, ended = process.children_cpu_ns, process.end_ns
        others = [each for each in run.processes if each is not process and each.host == process.host and each.start_ns >= process.start_ns]
        if used is None or ended is None or others or used < max(LEAST_NS, LEAST_SHARE * (ended - process.start_ns)):
            continue
        told.append(
            f"Processes that process {process.pid} started took {units.duration(used)} of processor time, and nothing of them is recorded: "
            "`tfmodetrace run` records Python programs among them, unless TFMODETRACE_CHILDREN is 0."
        )
    return tuple(told)
