"""The exception that ends a program, wherever it was raised: also where no recorded call was under way."""

from __future__ import annotations

import functools
import os
import sys
import time
import types
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tfmodetrace.recorder.calls import functions, states
from tfmodetrace.schema import words


class ProgramEnd:
    """Sees the exceptions that nobody has caught; an instrument of a session, see ``states.Instrument``."""

    def __init__(self, session: states.Recording) -> None:
        self.session = session
        self._original: Callable[..., Any] | None = None
        self._ours: Callable[..., Any] | None = None
        self._told = False

    def install(self) -> None:
        """Sees them from now on."""
        original = self._original = sys.excepthook

        @functools.wraps(original)
        def modetrace_hook(kind: type[BaseException], error: BaseException, trace: types.TracebackType | None) -> Any:
            self.ended_by(error)
            return original(kind, error, trace)

        self._ours = sys.excepthook = modetrace_hook

    def remove(self) -> None:
        """Puts the hook back, unless it is somebody else's by now, which may call ours."""
        if self._original is not None and sys.excepthook is self._ours:
            sys.excepthook = self._original

    def ended_by(self, error: BaseException) -> None:
        """Keeps an exception that ends the program, or the recorded block of it, once. Never raises.

        What ends a program on purpose, as SystemExit and KeyboardInterrupt do, is no error.
        """
        session = self.session
        if self._told or session.ended or not isinstance(error, Exception):
            return
        self._told = True
        try:
            info = _program()
            session.register(info, ())
            mode = words.Mode.EAGER if tf.executing_eagerly() else words.Mode.V1_GRAPH
            session.errors.left_program(info, session.thread_calls(), error, int(mode), time.perf_counter_ns())
        except Exception as failure:
            session.fault("the exception that has ended the program could not be recorded", failure)


def _program() -> functions.FunctionInfo:
    """Describes the program as what an exception leaves last."""
    file = getattr(sys.modules.get("__main__"), "__file__", None) or ""
    name = os.path.basename(file) or "the program"
    info = functions.FunctionInfo(_nothing, functions.Settings(name), kind="program")
    info.file, info.line, info.qualname, info.module = os.path.abspath(file) if file else "", 0, name, "__main__"
    return info


def _nothing() -> None:
    return None
