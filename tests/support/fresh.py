"""Python programs in processes of their own, forked off one that has imported TensorFlow: 50 ms instead of 4 s each.

For programs that must not share a process with other tests: they set up devices, end, are killed, or run as a person runs them. What
TensorFlow does in them is what it does in any process, since it sets up its runtime only once it is used. Not for what happens while
TensorFlow is imported, nor for what Python itself does as it starts: tests of those start a real process.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import IO, Any, Final

_IMPORTS: Final = ("tensorflow", "keras")
_ZYGOTE: Final = pathlib.Path(__file__).with_name("zygote.py")
_READ_AT_START: Final = ("TF_", "PYTHON", "KERAS_", "XLA_", "OMP_", "OPENBLAS_", "LD_")
"""What variables begin with that Python or TensorFlow may read when they start: each of their values has a zygote of its own.

Ours begin with ``TFMODETRACE_``, and are read at the start where that imports what imports us."""

_READ_LATER: Final = ("PYTHONPATH", "TF_CONFIG")


class Program:
    """A running program, with what :class:`subprocess.Popen` has.

    Attributes:
        pid: Its process id; it leads a process group, of which nothing outlives it.
        returncode: Its exit status, or minus the signal that ended it; None while it runs.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._told = connection.makefile("rb")
        self.pid = self._read()
        self.returncode: int | None = None

    def _read(self) -> int:
        line = self._told.readline()
        if not line:
            raise RuntimeError("The process that programs are forked off has ended; its standard error says why.")
        return int(line)

    def wait(self, timeout: float | None = None) -> int:
        """Waits for the program's end and returns its exit status.

        Args:
            timeout: For how many seconds at most.

        Raises:
            TimeoutExpired: If it has not ended by then.
        """
        if self.returncode is None:
            if not select.select([self._connection], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"program {self.pid}", timeout or 0)
            self.returncode = self._read()
            self._told.close()
            self._connection.close()
        return self.returncode

    def poll(self) -> int | None:
        """Returns the exit status, if the program has ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Sends it a signal, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Asks it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it."""
        self.send_signal(signal.SIGKILL)


class _Zygote:
    """The process that programs of one kind are forked off. It ends when the process that has made it does."""

    def __init__(self, environment: Mapping[str, str], imports: tuple[str, ...]) -> None:
        self._requests, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(_ZYGOTE), *_IMPORTS, *imports],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                # A second thread, of OpenBLAS's, would make forks of it a matter of luck.
                env={**environment, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
                cwd=pathlib.Path(__file__).parents[2],
                start_new_session=True,  # an interrupt from the keyboard is for whoever has asked for the program
            )

    def start(self, request: Mapping[str, Any], streams: tuple[int, int, int]) -> Program:
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._requests, [b"\0"], [theirs.fileno(), *streams])
        ours.sendall(json.dumps(request).encode() + b"\n")
        return Program(ours)

    def close(self) -> None:
        self._requests.close()
        self._process.wait()


_zygotes: dict[tuple[Any, ...], _Zygote] = {}


def start(
    *arguments: object,
    stdout: IO[Any],
    stderr: IO[Any],
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    imports: tuple[str, ...] = (),
    taken_apart: bool = True,
) -> Program:
    """Starts a program as ``subprocess.Popen([sys.executable, *arguments], …)`` would; its standard input is empty.

    Args:
        arguments: What follows ``python`` on the command line: a script, or ``-c`` or ``-m``, and the program's own.
        stdout: Where its output goes.
        stderr: And its errors.
        env: Its whole environment; ours if None.
        cwd: Its working directory; ours if None.
        imports: Modules that it will find imported already, as TensorFlow and Keras.
        taken_apart: Whether the interpreter is taken apart as the program ends, which takes 0.25 s; else the process ends once all is done
            that was to be done at exit.
    """
    environment = dict(os.environ if env is None else env)
    read_at_start = (*_READ_AT_START, "TFMODETRACE_") if imports else _READ_AT_START
    at_start = {name: value for name, value in environment.items() if name.startswith(read_at_start) and name not in _READ_LATER}
    kind = (*sorted(at_start.items()), *imports)
    if kind not in _zygotes:
        others = {name: value for name, value in os.environ.items() if not name.startswith((*_READ_AT_START, "TFMODETRACE_"))}
        _zygotes[kind] = _Zygote(others | at_start, imports)
    words = [os.fspath(argument) if isinstance(argument, os.PathLike) else str(argument) for argument in arguments]
    request = {"arguments": words, "directory": os.path.abspath(cwd or "."), "environment": environment, "taken_apart": taken_apart}
    with open(os.devnull, "rb") as nothing:
        return _zygotes[kind].start(request, (nothing.fileno(), stdout.fileno(), stderr.fileno()))


def run(
    *arguments: object,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    timeout: float = 120.0,
    imports: tuple[str, ...] = (),
    taken_apart: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end; see :func:`start`.

    Raises:
        TimeoutExpired: If it did not end in time, with where it hung in its errors.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:

        def text(file: IO[bytes]) -> str:
            file.seek(0)
            return file.read().decode(errors="replace")

        program = start(*arguments, stdout=out, stderr=err, env=env, cwd=cwd, imports=imports, taken_apart=taken_apart)
        try:
            status = program.wait(timeout)
        except subprocess.TimeoutExpired:
            program.send_signal(signal.SIGABRT)  # faulthandler writes where it hangs
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(5.0)
            program.kill()
            program.wait()
            raise subprocess.TimeoutExpired([sys.executable, *map(str, arguments)], timeout, text(out), text(err)) from None
        return subprocess.CompletedProcess([sys.executable, *map(str, arguments)], status, text(out), text(err))


def close() -> None:
    """Ends the processes that programs were forked off."""
    while _zygotes:
        _, zygote = _zygotes.popitem()
        zygote.close()
