"""What this machine says of its processes: whether one still runs, and which processes' numbers mean the same."""

from __future__ import annotations

import contextlib
import os
from typing import Final, NamedTuple

_PROC: Final = "/proc"


class Found(NamedTuple):
    """What is known of the process with a number.

    Attributes:
        exists: Whether there is one; None where this operating system does not tell.
        start_unix_ns: When it started, in nanoseconds since 1970; None if that is not known.
    """

    exists: bool | None
    start_unix_ns: int | None = None


_NONE: Final = Found(exists=False)
_UNKNOWN: Final = Found(exists=None)


def process_space() -> str:
    """Names that within which a process's number is one process: this boot and process namespace; empty where that is not known.

    Containers may have the same host name, but not the same processes.
    """
    try:
        with open(f"{_PROC}/sys/kernel/random/boot_id", encoding="ascii") as stream:
            return f"{stream.read().strip()} {os.readlink(f'{_PROC}/self/ns/pid')}"
    except (OSError, ValueError):
        return ""


def find_process(pid: int) -> Found:
    """Looks for a process; one that has ended and only was not waited for is none."""
    if os.path.isdir(f"{_PROC}/self"):
        try:
            with open(f"{_PROC}/{pid}/stat", encoding="utf-8", errors="replace") as stream:
                # The name, which may hold anything, is in parentheses.
                fields = stream.read().rpartition(")")[2].split()
            if fields[0] in ("Z", "X"):
                return _NONE
            return Found(exists=True, start_unix_ns=_boot_unix_ns() + int(fields[19]) * 10**9 // os.sysconf("SC_CLK_TCK"))
        except (FileNotFoundError, ProcessLookupError):
            return _NONE
        except (OSError, ValueError, IndexError):
            return _UNKNOWN
    if os.name == "posix":
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return _NONE
        except (OSError, OverflowError):
            return Found(exists=True)
        return Found(exists=True)
    return _UNKNOWN


def _boot_unix_ns() -> int:
    with contextlib.suppress(StopIteration), open(f"{_PROC}/stat", encoding="ascii") as stream:
        return int(next(line for line in stream if line.startswith("btime ")).split()[1]) * 10**9
    raise ValueError("the time of boot is not known")
