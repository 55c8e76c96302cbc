"""Which processes of a run are the workers that train together."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Final

from tfmodetrace.log import process_table, tracelog

TRAINING: Final = ("chief", "master", "worker")
"""The types of tasks that train together; a parameter server or an evaluator works on its own."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One worker.

    Attributes:
        process: The process that stands for it.
        name: Its task: ``worker:1``.
        chief: Whether it is the one that does what has to be done once, such as to write checkpoints.
    """

    process: int
    name: str
    chief: bool


def of_run(run: tracelog.Run) -> tuple[Worker, ...]:
    """Returns the workers of a run, the chief first.

    A task that was started again is told of by its last attempt. Processes that a worker starts itself inherit its task, but are none.
    """
    last_of: dict[tuple[int, int], process_table.Process] = {}
    for process in sorted(run.processes, key=lambda each: each.start_ns):
        if process.task is not None and process.task.type in TRAINING:
            place = TRAINING.index(process.task.type), process.task.index
            before = last_of.get(place)
            if before is None or _end_ns(run, before) <= process.start_ns:
                last_of[place] = process
    return tuple(
        Worker(process=process.process, name=process.worker or "", chief=number == 0)
        for number, (_, process) in enumerate(sorted(last_of.items()))
    )


def _end_ns(run: tracelog.Run, process: process_table.Process) -> int:
    """When a process ended; without an end, when its last call did, and after all others while it goes on."""
    if process.end_ns is not None:
        return process.end_ns
    if process.state == "recording":
        return max(1 << 62, process.start_ns)
    ends = run.calls.end_ns[run.calls.process == process.process]
    return int(ends.max()) if len(ends) else process.start_ns


def text_of(process: process_table.Process) -> str:
    """Writes a process's place in its cluster: ``worker:1 of 4, attempt 2``; empty outside one, where no attempt is known either."""
    told = process.worker or ""
    if told and process.task is not None and process.task.workers is not None and process.task.type in TRAINING:
        told += f" of {process.task.workers}"
    attempt = "" if process.attempt is None else f"attempt {process.attempt + 1}"
    return ", ".join(filter(None, [told, attempt]))


def listed(names: Iterable[str], *, most: int = 4) -> str:
    """Writes the names of workers: ``chief:0, worker:0 and worker:1``; of many the first."""
    told = list(names)
    if len(told) > most:
        return f"{', '.join(told[:most])} and {len(told) - most} more"
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}" if told else ""
