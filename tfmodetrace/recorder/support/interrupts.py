"""Exceptions that are not ours to catch.

A program may be interrupted anywhere, so also in code of ours, by an exception that its own signal handler raises: ``KeyboardInterrupt``,
or a timeout, which usually is an ordinary ``Exception``. Whatever of ours catches exceptions lets these go on their way.
"""

from __future__ import annotations

import functools
import inspect
import signal
import threading
import types
from typing import Any


def is_the_programs(error: BaseException) -> bool:
    """Whether an exception that surfaced in code of ours was raised by the program, and not by what we did."""
    if not isinstance(error, Exception):
        return True
    if threading.get_ident() != threading.main_thread().ident:  # handlers run in the main thread only
        return False
    codes = {_code(signal.getsignal(number)) for number in signal.valid_signals()}
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in codes:
            return True
        trace = trace.tb_next
    return False


def let_pass(error: BaseException) -> None:
    """Raises the exception again if it is the program's; to be called first in every ``except Exception`` of ours.

    Raises:
        BaseException: ``error``.
    """
    if is_the_programs(error):
        raise error


def _code(handler: Any) -> types.CodeType | None:
    if not callable(handler):
        return None
    while isinstance(handler, functools.partial):
        handler = handler.func
    function = inspect.unwrap(handler)
    code = getattr(getattr(function, "__func__", function), "__code__", None) or getattr(type(function).__call__, "__code__", None)
    return code if isinstance(code, types.CodeType) else None
