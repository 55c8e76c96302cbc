"""Starting to record, for whoever may not import TensorFlow before it is needed: it is imported by what starts, not by this."""

from __future__ import annotations

import logging
import os
import sys
import types
from typing import Any, Final

from tfmodetrace import children
from tfmodetrace import options as options_module

_PROCESS: Final = "tfmodetrace.recorder.session.process"
_logger: Final = logging.getLogger("tfmodetrace")


def directory(logdir: Any) -> str:
    """Returns the path of a log directory.

    Raises:
        TypeError: If it is none.
    """
    path = os.fspath(logdir)
    if not isinstance(path, str) or not path:
        raise TypeError(f"record takes a log directory's path, not {path!r}.")
    return path


def start(logdir: str, options: options_module.Options) -> Any:
    """Starts a session; None if a session that the environment asked for is already recording.

    Raises:
        SessionActiveError: If the process is already recording for another reason.
        RecordingError: If nothing can be written into the directory.
    """
    from tfmodetrace.recorder import recording
    from tfmodetrace.recorder.session import process

    recording.start_from_environment()
    active = process.active()
    if active is not None and process.PROCESS.from_outside:
        _logger.warning(
            "tfmodetrace: the program is recorded from outside, by TFMODETRACE_LOGDIR or `tfmodetrace run`, into %s, and not into %s.",
            active.logdir,
            logdir,
        )
        return None
    explain = None
    if options.explain_errors:
        from tfmodetrace.insight import diagnoses

        explain = diagnoses.explain_as_raised
    return recording.start(logdir, options, explain=explain)


def start_when_imported(logdir: str, options: options_module.Options, *, command: str) -> None:
    """Starts recording once the program has imported TensorFlow, which it must not have done yet.

    The program's own :class:`tfmodetrace.record` and :func:`tfmodetrace.start` are part of that recording. What keeps it from starting is
    logged.

    Args:
        logdir: Where to record.
        options: How.
        command: The file of the code that runs the program: it, and what has led to it, is no part of what the program shows. Empty where
            Python runs it.
    """
    from tfmodetrace.recorder.support import on_import

    def begin(_: types.ModuleType) -> None:
        from tfmodetrace.recorder.session import process
        from tfmodetrace.recorder.tf import op_stacks

        try:
            start(logdir, options)
            if command:
                op_stacks.leave_out(op_stacks.files_of(op_stacks.frame_of(command)))
            process.PROCESS.from_outside = True
        except Exception as error:
            _logger.error("tfmodetrace: nothing is recorded: %s", error)

    on_import.watch("keras")
    on_import.when_imported("tensorflow", begin)


def start_as_child() -> None:
    """Records a Python program that a recorded one has started, if it is to be, from the moment on at which it has imported TensorFlow."""
    told = children.told()
    if told is not None:
        start_when_imported(*told, command="")


def stop(session: Any = None) -> bool:
    """Ends what :func:`start` has returned, or the active session. Returns whether there was one to end."""
    process = sys.modules.get(_PROCESS)
    return process is not None and process.stop(session)


def ended_by(error: BaseException) -> None:
    """Records the exception that ends the program, or the recorded block of it, if whole programs are being recorded."""
    process = sys.modules.get(_PROCESS)
    session = None if process is None else process.active()
    if session is not None:
        from tfmodetrace.recorder.programs import program_end

        for instrument in session.instruments.all:
            if isinstance(instrument, program_end.ProgramEnd):
                instrument.ended_by(error)


def flush() -> None:
    """Returns once everything recorded so far is in the file; at once if nothing is being recorded."""
    process = sys.modules.get(_PROCESS)
    if process is not None:
        process.flush()


def was_ever_possible() -> bool:
    """Whether anything may have been started in this process; if not, TensorFlow need not be imported to find that nothing records."""
    return _PROCESS in sys.modules or bool(os.environ.get("TFMODETRACE_LOGDIR"))


def last_recorded() -> tuple[int, int, str] | None:
    """How many calls and traces the session recorded that has ended last, and into which file; None if none has."""
    process = sys.modules.get(_PROCESS)
    return None if process is None else process.PROCESS.last_recorded


def is_recording() -> bool:
    """Whether the process records."""
    process = sys.modules.get(_PROCESS)
    return process is not None and process.active() is not None


def meet_keras_model(model: Any) -> None:
    """Gives the functions of a Keras model names in the recording, if it records whole programs."""
    from tfmodetrace.recorder.programs import whole_program
    from tfmodetrace.recorder.session import process

    session = process.active()
    for instrument in () if session is None else session.instruments.all:
        if isinstance(instrument, whole_program.WholeProgram):
            instrument.meet_model(model)
