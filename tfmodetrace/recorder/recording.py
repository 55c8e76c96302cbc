"""Starting a session with all that sees the program for it."""

from __future__ import annotations

import functools
import logging
import os
from typing import Final

from tfmodetrace import options as options_module
from tfmodetrace.recorder.errors import cut_tracebacks, errors
from tfmodetrace.recorder.programs import program_end, selection, v1_sessions, whole_program
from tfmodetrace.recorder.session import instruments, process, session
from tfmodetrace.recorder.support import interrupts

_logger: Final = logging.getLogger("tfmodetrace")


def start(logdir: str, options: options_module.Options, *, explain: errors.Explain | None = None) -> session.Session:
    """Starts the process's session.

    Args:
        logdir: Where to write.
        options: What it is told.
        explain: Makes the note that is added to an exception that leaves a call; None if none is wanted.

    Raises:
        SessionActiveError: If there is one already.
        RecordingError: If nothing can be written into ``logdir``.
    """
    make: list[instruments.Make] = [cut_tracebacks.CutTracebacks, v1_sessions.V1Sessions]
    if options.instrument == "all":
        chosen = selection.Selection(tuple(options.include), tuple(options.exclude), options.layers)
        make += [functools.partial(whole_program.WholeProgram, chosen=chosen), program_end.ProgramEnd]
    return process.start(logdir, options, make_instruments=make, explain=explain)


def start_from_environment() -> None:
    """Starts the session that ``TFMODETRACE_LOGDIR`` asks for, once a process; a failure is logged, never raised."""
    known = process.PROCESS
    if known.asked_environment:
        return
    logdir = os.environ.get("TFMODETRACE_LOGDIR")
    if not logdir or process.active() is not None:
        return
    known.asked_environment = True
    try:
        samples = {"0": False, "1": True}.get(os.environ.get("TFMODETRACE_SAMPLES", ""))
        start(logdir, options_module.Options(samples=samples))
        known.from_outside = True
    except Exception as error:
        interrupts.let_pass(error)
        _logger.error("tfmodetrace: TFMODETRACE_LOGDIR=%s asks for a recording, but %s", logdir, error)
