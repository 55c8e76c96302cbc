"""What a log says of processes, their devices and their threads.

Ids are dense and unique within a run. Times are nanoseconds since the run's start.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from tfmodetrace.schema import words


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A place in a cluster.

    Attributes:
        type: Such as ``chief`` or ``worker``.
        index: Its number among those of its type.
        workers: How many tasks of the cluster train, the chief among them; ``None`` if that is not known.
    """

    type: str
    index: int
    workers: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One recording process: one event file.

    Attributes:
        process: Its number within the run.
        session_id: The session's random name; empty if the beginning of the file is lost.
        host: The machine; ``None`` if lost.
        pid: The process id; ``None`` if lost.
        worker: Its task in a cluster, such as ``chief:0``; ``None`` outside one.
        start_unix_ns: When the session started, in nanoseconds since 1970; ``None`` if lost.
        start_ns: When the session started, since the run's start; 0 if lost.
        end_ns: When the session ended, since the run's start; ``None`` while it records or if it was killed.
        complete: Whether the session's end was seen.
        state: ``recording``, ``complete``, or ``stopped`` without an end; as of when it was read.
        last_written_unix_ns: When its file was last written, in nanoseconds since 1970; ``None`` if lost.
        torn: Whether the file ends in the middle of a record.
        dropped: How many calls were lost, as the process itself counted them.
        may_miss_ns: How much before its end may be missing, since it was stopped without one; None if nothing is, or that is not known.
        counted: Of how many of these function, mode and time are known all the same.
        internal_faults: How often something went wrong inside tfmodetrace, as the process itself counted.
        versions: ``tensorflow``, ``python``, … to version.
        options: The recording options that differ from their defaults; ``native recorder`` is ``yes`` or ``no``.
        path: The event file.
        command: The program that ``tfmodetrace run`` was given: the script, or ``-m`` and the module, and its arguments; empty
            if it records itself.
        working_directory: Its working directory at the beginning; empty where ``command`` is.
        devices: All its devices, such as ``/device:CPU:0``; none if that is not known.
        task: Its task in a cluster, in parts; ``None`` outside one.
        attempt: Which attempt at its work it is, from 0, where its scheduler told; else ``None``.
        process_space: What ``pid`` is unique in, the machine's boot and the process namespace; empty if that is not known.
        clock: What its wall clock said: (when, since the run's start by its monotonic clock; nanoseconds since 1970), ascending.
        children_cpu_ns: The processor time of the processes that it started and waited for; ``None`` if that is not known.
    """

    process: int
    session_id: str
    host: str | None
    pid: int | None
    worker: str | None
    start_unix_ns: int | None
    start_ns: int
    end_ns: int | None
    complete: bool
    torn: bool
    dropped: int
    counted: int
    may_miss_ns: int | None
    internal_faults: int
    versions: Mapping[str, str]
    options: Mapping[str, str]
    path: str
    command: tuple[str, ...] = ()
    working_directory: str = ""
    devices: tuple[str, ...] = ()
    state: words.RecordingState = "complete"
    last_written_unix_ns: int | None = None
    task: Task | None = None
    attempt: int | None = None
    process_space: str = ""
    clock: tuple[tuple[int, int], ...] = ()
    children_cpu_ns: int | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device of one process whose allocator tells what it holds; ``name`` such as ``/device:GPU:0``."""

    device_id: int
    process: int
    name: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """One thread of one process."""

    thread_id: int
    process: int
    name: str
    native_id: int | None
