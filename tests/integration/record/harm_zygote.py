"""Runs small programs, each in a process of its own that is forked off one which has imported TensorFlow: 20 ms instead of 3 s each.

Started as a script by :class:`Zygote`. It reads a line of JSON for each program and answers with one. A program is a function of
``harm_programs``; its process ends as a Python process ends, unless the program itself decides otherwise.
"""

from __future__ import annotations

import contextlib
import dataclasses
import faulthandler
import gc
import importlib
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import tempfile
import traceback
from typing import Any

_ROOT = pathlib.Path(__file__).parents[3]
_PROGRAMS = "tests.integration.record.harm_programs"
_TIMEOUT_SECS = 60.0


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a program ended.

    Attributes:
        status: Its exit status, or minus the signal that ended it; None if it had to be killed because it did not end.
        out: What it wrote to its standard output.
        err: And to its standard error.
    """

    status: int | None
    out: str
    err: str


class Zygote:
    """The process that the programs are forked off."""

    def __init__(self) -> None:
        # One thread only: a second one, of OpenBLAS's, would hide what the recorder's thread does.
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        environment.pop("TFMODETRACE_LOGDIR", None)
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.integration.record.harm_zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_ROOT,
            env=environment,
        )

    def run(self, program: str, *arguments: object, timeout_secs: float = _TIMEOUT_SECS) -> Outcome:
        """Runs a program and waits for its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"program": program, "arguments": [str(argument) for argument in arguments], "timeout_secs": timeout_secs}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Outcome(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """Ends the process."""
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()


def _serve() -> None:
    faulthandler.enable()
    programs = importlib.import_module(_PROGRAMS)
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            sys.stdout.flush()
            child = os.fork()
            if child == 0:
                os.setpgid(0, 0)
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(out.fileno(), 1)
                os.dup2(err.fileno(), 2)
                getattr(programs, request["program"])(*request["arguments"])
                # Not back into the loop: from here on the process ends as any.
                sys.exit(0)
            status = _wait(child, request["timeout_secs"])
            print(json.dumps({"status": status, "out": _text(out), "err": _text(err)}), flush=True)


def _wait(child: int, timeout_secs: float) -> int | None:
    descriptor = os.pidfd_open(child)
    in_time = bool(select.select([descriptor], [], [], timeout_secs)[0])
    if not in_time:
        os.kill(child, signal.SIGABRT)  # faulthandler writes where it hangs
        select.select([descriptor], [], [], 5.0)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # whatever it has left behind
    os.close(descriptor)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) if in_time else None


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode(errors="replace"))


if __name__ == "__main__":
    try:
        _serve()
    except Exception:
        traceback.print_exc()
        raise
