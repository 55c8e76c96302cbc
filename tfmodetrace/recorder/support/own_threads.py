"""Threads of ours in the program's process, which must not be in its way."""

from __future__ import annotations

import signal
import threading
from typing import Final

NAMES: Final = "tfmodetrace-"
"""What their names begin with."""

_FAULTS_OF_THE_THREAD: Final = ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTRAP", "SIGSYS")


def is_ours(thread: threading.Thread) -> bool:
    """Whether a thread is one of ours."""
    return thread.name.startswith(NAMES)


def leave_signals_to_the_program() -> None:
    """Has the calling thread, which is one of ours, get no signal but for faults of its own.

    A program that blocks a signal in its own thread and waits for it must not find it delivered to ours, where it would kill the process.
    """
    if hasattr(signal, "pthread_sigmask"):
        of_the_thread = {getattr(signal, name) for name in _FAULTS_OF_THE_THREAD if hasattr(signal, name)}
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - of_the_thread)
