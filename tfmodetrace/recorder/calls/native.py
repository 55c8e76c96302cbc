"""Which hot path is in use: the one in Python (``calls.py``), or ``hot_path.c``, which takes its common case from it where it was compiled.

What a call, a thread and a function have for the hot path is defined twice: here as classes with slots, and in C as structs whose members
have the same names and types. The rest of the recorder knows only the names.
"""

from __future__ import annotations

import itertools
import os
import threading
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tfmodetrace.recorder.calls import calls as calls_module
    from tfmodetrace.recorder.calls import functions, memory, sampling
    from tfmodetrace.recorder.session import session as session_module


_INTERFACE: Final = 4
"""Raised, here and in ``hot_path.c``, with every change of what they expect of each other: a source tree may hold an older one compiled."""


def _load() -> types.ModuleType | None:
    # Whoever replaces threads by something else, as gevent does, replaces threading.local, too.
    if os.environ.get("TFMODETRACE_NATIVE") == "0" or threading.local.__module__ != "_thread":
        return None
    try:
        from tfmodetrace.recorder.calls import _hot_path
    except Exception:  # not compiled, or not for this Python: the recorder is slower, and that is all
        return None
    return _hot_path if _hot_path.INTERFACE == _INTERFACE else None


HOT_PATH: Final = _load()
"""The extension module; None if the hot path is the one in Python."""


class OpenCall:
    """A call that has begun. The open calls of a thread are a chain, innermost first.

    Attributes:
        calls: The thread's calls.
        outer: The call around it; of a thread's outermost call, the thread's root.
        call_id: Its number, -1 for a root.
        parent_id: The number of the call in which it began, -1 outside.
        depth: How many calls were open when it began.
        info: What was called; None for a root.
        is_open: Whether it has not been left.
        signature_id: Its signature, -1 if that is not recorded.
        mode: Its mode, if no trace that it causes fails.
        flags: Flags of its row.
        caused_trace: The last trace that it has caused, else -1.
        trace_failed: Whether a trace that it has caused failed.
        sample: What was sampled when it began; None if nothing is.
        profiled: Its open event in the profiler's trace; None while no profiler listens.
        start_ns: ``time.perf_counter_ns()`` when it began.
    """

    __slots__ = (
        "call_id",
        "calls",
        "caused_trace",
        "depth",
        "flags",
        "info",
        "is_open",
        "mode",
        "outer",
        "parent_id",
        "profiled",
        "sample",
        "signature_id",
        "start_ns",
        "trace_failed",
    )

    calls: calls_module.ThreadCalls
    outer: OpenCall
    call_id: int
    parent_id: int
    depth: int
    info: functions.FunctionInfo
    is_open: bool
    signature_id: int
    mode: int
    flags: int
    caused_trace: int
    trace_failed: bool
    sample: sampling.OpenSample | memory.OpenMemory | None
    profiled: Any
    start_ns: int


class ThreadState:
    """Of :class:`calls.ThreadCalls`, what the hot path reads and writes."""

    __slots__ = (
        "busy",
        "dropped",
        "graphs",
        "innermost",
        "most_rows",
        "next_call_id",
        "rows",
        "session",
        "traces_hooked",
        "wake_rows",
    )

    session: session_module.Session
    next_call_id: Callable[[], int]
    traces_hooked: bool
    rows: list[bytes]
    innermost: OpenCall
    graphs: dict[str, Any] | None
    most_rows: int
    wake_rows: int
    busy: bool
    dropped: int


class FunctionState:
    """Of :class:`functions.FunctionInfo`, what the hot path reads and writes."""

    __slots__ = ("function_id", "sampler", "session", "signature_ids", "skip_first", "takes_tensors", "tells_literals_apart")

    session: session_module.Session | None
    sampler: sampling.Sampler | None
    signature_ids: dict[Any, int]
    function_id: int
    skip_first: bool
    takes_tensors: bool
    tells_literals_apart: bool


class ProcessState:
    """Of :data:`session.STATE`, what the hot path reads."""

    __slots__ = ("session",)

    session: session_module.Session | None


class ThreadLocal(threading.local):
    """The calling thread's calls: of the session that it last recorded for, and missing before the first."""

    calls: calls_module.ThreadCalls


def call_numbers() -> Callable[[], int]:
    """Returns what gives each call of a session its number: 0, 1, 2, …, whichever thread asks."""
    return itertools.count().__next__ if HOT_PATH is None else HOT_PATH.CallNumbers()


if HOT_PATH is not None:
    OpenCall, ThreadState, FunctionState, ProcessState, ThreadLocal = (  # type: ignore[misc]
        HOT_PATH.OpenCall,
        HOT_PATH.ThreadState,
        HOT_PATH.FunctionState,
        HOT_PATH.ProcessState,
        HOT_PATH.ThreadLocal,
    )
