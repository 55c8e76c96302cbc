"""Starting a session with all that sees the program for it."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from tfmodetrace.recorder.errors import cut_tracebacks
from tfmodetrace.recorder.programs import selection, v1_sessions, whole_program
from tfmodetrace.recorder.session import session as session_module
from tfmodetrace.recorder.support import interrupts
from tfmodetrace.schema import events_pb2

_logger: Final = logging.getLogger("tfmodetrace")


class Options(NamedTuple):
    """What ``record`` was told.

    Attributes:
        flush_secs: Seconds after which at the latest everything recorded is in the file.
        memory: How the calls' device memory is sampled: ``off``, ``delta`` or ``peak``.
        profiler: Whether TensorFlow's profiler runs, too: True, or with which ``ProfilerOptions``.
        chosen: Which functions that nobody has decorated are recorded; None: none.
        explain: Makes the note that is added to an exception that leaves a call; None if none is wanted.
    """

    flush_secs: float = 2.0
    memory: str = "off"
    profiler: Any = False
    chosen: selection.Selection | None = None
    explain: Callable[[events_pb2.Error, events_pb2.Function], str | None] | None = None


def start(logdir: str, options: Options) -> session_module.Session:
    """Starts the process's session.

    Raises:
        SessionActiveError: If there is one already.
        RecordingError: If nothing can be written into ``logdir``.
    """
    instruments: list[session_module.MakeInstrument] = [cut_tracebacks.CutTracebacks, v1_sessions.V1Sessions]
    if options.chosen is not None:
        instruments.append(functools.partial(whole_program.WholeProgram, chosen=options.chosen))
    return session_module.start(
        logdir,
        flush_secs=options.flush_secs,
        memory_mode=options.memory,
        profiling=options.profiler,
        instruments=instruments,
        explain=options.explain,
    )


def start_from_environment() -> None:
    """Starts the session that ``TFMODETRACE_LOGDIR`` asks for, once a process; a failure is logged, never raised."""
    state = session_module.STATE
    if state.asked_environment:
        return
    logdir = os.environ.get("TFMODETRACE_LOGDIR")
    if not logdir or state.session is not None:
        return
    state.asked_environment = True
    try:
        start(logdir, Options())
        state.from_outside = True
    except Exception as error:
        interrupts.let_pass(error)
        _logger.error("tfmodetrace: TFMODETRACE_LOGDIR=%s asks for a recording, but %s", logdir, error)
