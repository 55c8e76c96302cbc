"""Starting to record: what can be chosen, and for whom. TensorFlow is imported by what starts, not by this."""

from __future__ import annotations

import logging
import os
import sys
import types
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

MEMORY: Final = ("off", "delta", "peak")
_INSTRUMENT: Final = ("decorated", "all")
_logger: Final = logging.getLogger("tfmodetrace")


class Options(NamedTuple):
    """What a recording can be told: see :class:`tfmodetrace.record`."""

    memory: str = "off"
    instrument: str = "decorated"
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    layers: int = 1
    profiler: Any = False
    explain_errors: bool = False
    flush_secs: float = 2.0

    def checked(self) -> Options:
        """Returns these options.

        Raises:
            TypeError: If one is of a type that makes no sense.
            ValueError: If one has a value that makes none.
        """
        check_choice("memory", self.memory, MEMORY)
        check_choice("instrument", self.instrument, _INSTRUMENT)
        flush_secs: Any = self.flush_secs
        layers: Any = self.layers
        profiler = self.profiler
        if isinstance(flush_secs, bool) or not isinstance(flush_secs, int | float) or not 0 < flush_secs <= 3600:
            raise ValueError(f"record(flush_secs=…) takes seconds between 0 and 3600, not {flush_secs!r}.")
        for name, patterns in (("include", self.include), ("exclude", self.exclude)):
            if isinstance(patterns, str) or not all(isinstance(pattern, str) for pattern in patterns):
                raise TypeError(f"record({name}=…) takes a list of patterns, such as ['my_package.*'], not {patterns!r}.")
        if isinstance(layers, bool) or not isinstance(layers, int) or layers < 0:
            raise ValueError(f"record(layers=…) takes a whole number of levels, 0 or more, not {layers!r}.")
        if not isinstance(self.explain_errors, bool):
            raise TypeError(f"record(explain_errors=…) takes True or False, not {self.explain_errors!r}.")
        if self.instrument != "all" and (self.include or self.exclude):
            raise ValueError('record(include=…, exclude=…) choose among functions nobody has decorated; add instrument="all".')
        if not isinstance(profiler, bool | None) and not hasattr(profiler, "host_tracer_level"):
            raise TypeError(
                f"record(profiler=…) takes True, False or tf.profiler.experimental.ProfilerOptions, not {type(profiler).__name__}."
            )
        return self


def directory(logdir: Any) -> str:
    """Returns the path of a log directory.

    Raises:
        TypeError: If it is none.
    """
    path = os.fspath(logdir)
    if not isinstance(path, str) or not path:
        raise TypeError(f"record takes a log directory's path, not {path!r}.")
    return path


def check_choice(option: str, value: Any, choices: tuple[str, ...]) -> None:
    """Sees to it that an option has one of its values.

    Raises:
        ValueError: If it has not.
    """
    if value not in choices:
        raise ValueError(f"{option}={value!r} is not possible; choose one of {', '.join(map(repr, choices))}.")


def start(logdir: str, options: Options) -> Any:
    """Starts a session; None if a session that the environment asked for is already recording.

    Raises:
        SessionActiveError: If the process is already recording for another reason.
        RecordingError: If nothing can be written into the directory.
    """
    from tfmodetrace.recorder import recording
    from tfmodetrace.recorder.programs import selection
    from tfmodetrace.recorder.session import session as session_module

    recording.start_from_environment()
    active = session_module.STATE.session
    if active is not None and session_module.STATE.from_outside:
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
    chosen = None
    if options.instrument == "all":
        chosen = selection.Selection(tuple(options.include), tuple(options.exclude), options.layers)
    return recording.start(
        logdir,
        recording.Options(flush_secs=options.flush_secs, memory=options.memory, profiler=options.profiler, chosen=chosen, explain=explain),
    )


def start_when_imported(logdir: str, options: Options) -> None:
    """Starts recording once the program has imported TensorFlow, which it must not have done yet.

    The program's own :class:`tfmodetrace.record` and :func:`tfmodetrace.start` are part of that recording. What keeps it from starting is
    logged.
    """
    from tfmodetrace.recorder.support import on_import

    def begin(_: types.ModuleType) -> None:
        from tfmodetrace.recorder.session import session as session_module

        try:
            start(logdir, options)
            session_module.STATE.from_outside = True
        except Exception as error:
            _logger.error("tfmodetrace: nothing is recorded: %s", error)

    on_import.watch("keras")
    on_import.when_imported("tensorflow", begin)


def is_recording() -> bool:
    """Whether the process records."""
    session_module = sys.modules.get("tfmodetrace.recorder.session.session")
    return session_module is not None and session_module.STATE.session is not None


def meet_keras_model(model: Any) -> None:
    """Gives the functions of a Keras model names in the recording, if it records whole programs."""
    from tfmodetrace.recorder.programs import whole_program
    from tfmodetrace.recorder.session import session as session_module

    session = session_module.STATE.session
    for instrument in () if session is None else session.instruments:
        if isinstance(instrument, whole_program.WholeProgram):
            instrument.meet_model(model)
