"""What an event file says of the process that wrote it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import socket
from collections.abc import Iterable

import tensorflow as tf

from tfmodetrace import command_line, machine, packages, version
from tfmodetrace.recorder.calls import native
from tfmodetrace.recorder.session import cluster
from tfmodetrace.schema import events_pb2


def session_start(session_id: str, start_unix_ns: int, *, memory: str, profiler: bool, flush_secs: float) -> events_pb2.SessionStart:
    """Describes this process as the beginning of a session.

    Args:
        session_id: The session's random name.
        start_unix_ns: When it started, in nanoseconds since 1970.
        memory: How device memory is sampled.
        profiler: Whether it runs TensorFlow's profiler.
        flush_secs: Seconds after which at the latest everything recorded is in the file.
    """
    start = events_pb2.SessionStart(
        session_id=session_id,
        host=socket.gethostname(),
        pid=os.getpid(),
        process_space=machine.process_space(),
        start_unix_ns=start_unix_ns,
        versions=dict(_versions(("keras", "numpy"))),
        options=_conflicts(),
        flush_ns=int(flush_secs * 1e9),
        command=command_line.given(),
        working_directory=command_line.working_directory(),
    )
    task = cluster.task()
    if task is not None:
        start.worker = f"{task.type}:{task.index}"
        start.task.CopyFrom(task)
    start.attempt_number = cluster.attempt_number()
    if memory != "off":
        start.options["memory"] = memory
    if profiler:
        start.options["profiler"] = "on"
    start.options["native recorder"] = "no" if native.HOT_PATH is None else "yes"
    return start


def children_cpu_ns() -> int | None:
    """Returns the processor time of all processes that this one has started and waited for; None where the system does not tell."""
    with contextlib.suppress(ImportError, OSError):
        import resource  # of Unix

        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return int((used.ru_utime + used.ru_stime) * 1e9)
    return None


def _conflicts() -> dict[str, str]:
    """Packages that do not go together, as an option of the recording."""
    found = packages.conflicts(("tensorflow", "tensorflow-cpu", "keras"))
    told = [f"{package} needs {requirement}, which is {installed or 'not installed'}" for package, requirement, installed in found]
    return {"version conflicts": "; ".join(told)} if told else {}


def _versions(packages: Iterable[str]) -> Iterable[tuple[str, str]]:
    yield "tensorflow", tf.__version__
    yield "python", platform.python_version()
    yield "tfmodetrace", version.VERSION
    for package in packages:
        try:
            yield package, importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
