"""Whether a recording goes on, has ended, or was stopped without an end: decided on reading, from what the file says and the clock."""

from __future__ import annotations

import dataclasses
import socket
import time
from collections.abc import Callable
from typing import Final

from tfmodetrace import machine
from tfmodetrace.schema import events_pb2, words

RECORDING: Final = "recording"
COMPLETE: Final = "complete"
STOPPED: Final = "stopped"

SILENT_NS: Final = 600 * 10**9
"""A recording of whose process nothing can be found out, as on another host, counts as stopped once nothing was written for so long."""

_CLOCK_SLACK_NS: Final = 2 * 10**9
"""How exactly the time of boot is known, from which the starts of processes count."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reader:
    """Where and when it is read.

    Attributes:
        host: This machine's name.
        process_space: See ``machine.process_space``.
        find_process: See ``machine.find_process``.
        now_unix_ns: The clock.
    """

    host: str
    process_space: str
    find_process: Callable[[int], machine.Found]
    now_unix_ns: Callable[[], int]


def here() -> Reader:
    """Describes this machine."""
    return Reader(
        host=socket.gethostname(),
        process_space=machine.process_space(),
        find_process=machine.find_process,
        now_unix_ns=time.time_ns,
    )


def state_of(
    start: events_pb2.SessionStart | None, *, ended: bool, last_written_unix_ns: int | None, reader: Reader
) -> words.RecordingState:
    """Says how a session stands.

    On the machine it was recorded on, a process that is gone has stopped, and one of its number that started before the session is it. A
    number that is another process's by now, or may be, says nothing; nor does another machine's: then it is a question of age.

    Args:
        start: What its file begins with; ``None`` if that is lost.
        ended: Whether the file has its end.
        last_written_unix_ns: When the file was last written, in nanoseconds since 1970, by the recording process's clock; ``None`` if lost.
        reader: Where and when it is read.
    """
    if ended:
        return COMPLETE
    if start is not None and _same_processes(start, reader):
        found = reader.find_process(start.pid)
        if found.exists is False:
            return STOPPED
        if found.start_unix_ns is not None and found.start_unix_ns <= start.start_unix_ns + _CLOCK_SLACK_NS:
            return RECORDING
    silent = last_written_unix_ns is None or reader.now_unix_ns() - last_written_unix_ns > SILENT_NS
    return STOPPED if silent else RECORDING


def _same_processes(start: events_pb2.SessionStart, reader: Reader) -> bool:
    if start.process_space and reader.process_space:
        return start.process_space == reader.process_space
    return bool(start.host) and start.host == reader.host


def of_all(states: set[words.RecordingState]) -> words.RecordingState:
    """Says how a run of several processes stands: it records while one does, and was stopped if one was."""
    if RECORDING in states:
        return RECORDING
    return STOPPED if STOPPED in states else COMPLETE
