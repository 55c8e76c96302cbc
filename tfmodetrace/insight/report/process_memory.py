"""What a report says of the memory that processes themselves had, which the operating system tells."""

from __future__ import annotations

import dataclasses

import numpy as np

from tfmodetrace.log import tracelog


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProcessMemoryInfo:
    """The memory of a process that is not swapped out, sampled whenever it wrote what it had recorded.

    Attributes:
        samples: How often.
        begin_bytes: The first sample.
        end_bytes: The last.
        most_bytes: The largest.
    """

    process: int
    samples: int
    begin_bytes: int
    end_bytes: int
    most_bytes: int


def infos(run: tracelog.Run) -> tuple[ProcessMemoryInfo, ...]:
    """Describes the memory of each process of which it is known."""
    found = []
    for process in np.unique(run.host_memory.process).tolist():
        resident = run.host_memory.resident_bytes[run.host_memory.process == process]
        found.append(
            ProcessMemoryInfo(
                process=process,
                samples=len(resident),
                begin_bytes=int(resident[0]),
                end_bytes=int(resident[-1]),
                most_bytes=int(resident.max()),
            )
        )
    return tuple(found)
