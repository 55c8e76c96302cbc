"""Programs that are run and recorded in processes of their own, of which nothing is left when they have ended."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import IO, Any, Final

from tfmodetrace.log import tracelog

_GRACE_S: Final = 5.0
_KEPT_BYTES: Final = 64 << 20
_TAIL_BYTES: Final = 64 << 10
_PYTHON: Final = re.compile(r"(python|pypy)[\d.]*(\.exe)?")
_OWN: Final = "tfmodetrace: "


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """How a program is run.

    Attributes:
        python: The interpreter with its own options.
        program: The script or ``-m module``, and the program's arguments.
        working_directory: Where it is run; ``None`` for where this process is.
    """

    python: tuple[str, ...]
    program: tuple[str, ...]
    working_directory: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A program that has ended.

    Attributes:
        exit_code: Its exit code; negative: the signal that ended it.
        timed_out: Whether it was ended since it took too long.
        wall_ns: How long the process lived.
        printed: What it wrote to its standard output.
        last_words: The last line of what it wrote to its standard error that is its own; empty if there is none.
        logdir: Where it was recorded.
    """

    exit_code: int
    timed_out: bool
    wall_ns: int
    printed: bytes
    last_words: str
    logdir: str


def recorded(run: tracelog.Run) -> Command | None:
    """Returns how a recorded program was run; ``None`` if the recording does not know."""
    known = next((process for process in run.processes if process.command and process.working_directory), None)
    return None if known is None else Command(python=(sys.executable,), program=known.command, working_directory=known.working_directory)


def command(line: Sequence[str]) -> Command:
    """Reads a command line: ``python train.py …``, ``train.py …``, ``python -m package.train …``.

    Raises:
        ValueError: If it names no program.
    """
    rest = list(line)
    python = [sys.executable]
    if rest and _PYTHON.fullmatch(os.path.basename(rest[0])):
        # Of an interpreter without a path, the one that this is installed for is meant.
        python = [rest[0] if os.path.dirname(rest[0]) else sys.executable]
        rest = rest[1:]
        while rest and rest[0].startswith("-") and rest[0] not in ("-m", "-c", "-"):
            python.append(rest.pop(0))
            if python[-1] in ("-X", "-W") and rest:
                python.append(rest.pop(0))
    if not rest or rest[0] in ("-c", "-") or (rest[0] == "-m" and len(rest) < 2):
        raise ValueError("Give the program after --, as in: tfmodetrace verify LOGDIR -- python train.py")
    return Command(python=tuple(python), program=tuple(rest))


def words(what: Command, logdir: str, overlay: str | None) -> list[str]:
    """Writes the command line that runs a program and records it; see :func:`run`."""
    options = ["--logdir", logdir, *(() if overlay is None else ("--overlay", overlay))]
    return [*what.python, "-m", "tfmodetrace", "run", *options, *what.program]


def run(what: Command, *, directory: str, overlay: str | None, timeout_s: float) -> Ended:
    """Runs a program to its end and records all of it.

    Args:
        what: The program.
        directory: An empty directory for what is recorded and printed.
        overlay: What ``overlay.write`` has returned; ``None`` to run the program as it is.
        timeout_s: For how many seconds at most.
    """
    logdir = os.path.join(directory, "log")
    # The caller's own recording is none of this program's.
    environment = {name: value for name, value in os.environ.items() if name != "TFMODETRACE_LOGDIR"}
    begin_ns = time.perf_counter_ns()
    with open(os.path.join(directory, "out"), "w+b") as out, open(os.path.join(directory, "err"), "w+b") as err:
        process = subprocess.Popen(
            words(what, logdir, overlay),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=environment,
            cwd=what.working_directory,
            start_new_session=True,
        )
        timed_out = False
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            _end(process)
        return Ended(
            exit_code=process.returncode,
            timed_out=timed_out,
            wall_ns=time.perf_counter_ns() - begin_ns,
            printed=_read(out, 0, _KEPT_BYTES),
            last_words=last_words(_read(err, -_TAIL_BYTES, _TAIL_BYTES)),
            logdir=logdir,
        )


def _end(process: subprocess.Popen[Any]) -> None:
    """Ends a process and all that it has started."""
    if process.poll() is None:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_S)
    _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()


def _signal(process: subprocess.Popen[Any], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # there is nothing left of it
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        elif process.poll() is None:
            process.send_signal(number)


def _read(file: IO[bytes], offset: int, limit: int) -> bytes:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size + offset if offset < 0 else offset))
    return file.read(limit)


def last_words(data: bytes) -> str:
    """Returns the last line of what a program wrote to its standard error, but for what `run` adds."""
    lines = [line.strip() for line in data.decode(errors="replace").splitlines()]
    own = [line for line in lines if line and not line.startswith((_OWN, "tfmodetrace report ", "tensorboard --logdir "))]
    return own[-1] if own else ""
