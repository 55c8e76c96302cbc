"""The process that programs are forked off: it has imported TensorFlow, as long as that takes, and does nothing but fork.

Started as a script by :mod:`tests.support.fresh`, with the names of what it imports. Its standard input is a socket, over which come a
connection and the three standard streams for each program. It forks a keeper, which reads from the connection what the program is, forks
that, says its process id, waits for its end and says how it ended. So the program has a parent that waits for it, as any, and what the
zygote itself has imported stays as it was.
"""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import gc
import importlib
import json
import os
import pathlib
import runpy
import signal
import socket
import sys
import threading
import types
from typing import Any

_DESCRIPTORS = 4


def _serve(requests: socket.socket) -> dict[str, Any]:
    """Forks until nobody is left who could ask for it; returns in the programs."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for keepers
    while True:
        _, descriptors, _, _ = socket.recv_fds(requests, 1, _DESCRIPTORS)
        if not descriptors:
            os._exit(0)
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            requests.close()
            return _keep(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _keep(connection: int, *streams: int) -> dict[str, Any]:
    """Forks the program and says how it ends; returns in the program."""
    with open(connection, "r+b", buffering=0) as asked:
        request: dict[str, Any] = json.loads(asked.readline())
        program = os.fork()
        if program == 0:
            os.setpgid(0, 0)
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
            return request
        for stream in (*range(3), *streams):
            os.close(stream)
        asked.write(b"%d\n" % program)
        _, status = os.waitpid(program, 0)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program, signal.SIGKILL)  # whatever it has left behind
        asked.write(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _run(arguments: list[str], path: list[str]) -> None:
    """Does what Python does with its command line, of which it knows ``-c``, ``-m`` and a script."""
    main = types.ModuleType("__main__")
    main.__dict__.update(__builtins__=__builtins__, __annotations__={})
    sys.modules["__main__"] = main
    what, *rest = arguments
    if what == "-m":
        sys.argv, sys.path = rest, [os.getcwd(), *path]
        runpy._run_module_as_main(rest[0])
    elif what == "-c":
        sys.argv, sys.path = ["-c", *rest[1:]], ["", *path]
        exec(compile(rest[0], "<string>", "exec", dont_inherit=True), main.__dict__)
    else:
        file = os.path.abspath(what)
        sys.argv, sys.path = arguments, [os.path.dirname(file), *path]
        main.__file__ = file
        exec(compile(pathlib.Path(file).read_bytes(), file, "exec", dont_inherit=True), main.__dict__)


def _status(arguments: list[str], path: list[str]) -> int:
    """Runs a program, and returns what it ends with, having said why as Python does."""
    try:
        _run(arguments, path)
    except SystemExit as left:
        if left.code is None or isinstance(left.code, int):
            return left.code or 0
        print(left.code, file=sys.stderr)
        return 1
    except Exception as error:
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    return 0


def _end(status: int) -> None:
    """Ends the process as Python does, but for taking half a million objects apart, which takes longer than most programs."""
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status & 0xFF)


if __name__ == "__main__":
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests run in a shell's background, which ignores it
    _path = [entry for entry in sys.path[1:] if entry not in os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    for _name in sys.argv[1:]:
        importlib.import_module(_name)
    gc.freeze()
    _request = _serve(socket.socket(fileno=os.dup(0)))
    os.chdir(_request["directory"])
    os.environ.clear()
    os.environ.update(_request["environment"])
    # No frame but this module's lies below the program, and after it the process ends as any.
    _rest = [*filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)), *_path]
    if _request["taken_apart"]:
        _run(_request["arguments"], _rest)
    else:
        _end(_status(_request["arguments"], _rest))
