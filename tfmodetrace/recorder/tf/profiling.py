"""TensorFlow's profiler: whether one listens, events in its trace, and a session of it that gives way."""

from __future__ import annotations

import ctypes
import glob
import os
import threading
from collections.abc import Callable
from typing import Any, Final

import tensorflow as tf

from tfmodetrace.recorder.tf import names

_traceme = names.module("tensorflow.python.profiler.internal._pywrap_traceme")
_profiler_trace = names.module("tensorflow.python.profiler.trace")
_profiler_v2 = names.module("tensorflow.python.profiler.profiler_v2")

_TraceMe = names.attribute(_traceme, "TraceMe")
names.attribute(_profiler_trace, "enabled")
_pywrap_profiler = names.attribute(_profiler_v2, "_pywrap_profiler")

_TRACE_LEVEL_SYMBOL: Final = "_ZN3tsl8profiler8internal13g_trace_levelE"
_NO_PROFILER: Final = -1


def _tells_of_profiler() -> bool:
    enabled = getattr(_profiler_trace, "enabled", False)  # a function since TensorFlow 2.21, a variable before
    return bool(enabled()) if callable(enabled) else bool(enabled)


def _find_trace_level() -> ctypes.c_int | None:
    """Finds the variable in which TensorFlow's library itself looks whether a profiler listens; None where it cannot be found.

    Reading it costs nothing, so that a profiler is noticed at once whoever starts it, and from whichever language.
    """
    if not hasattr(os, "RTLD_NOLOAD"):
        return None
    for path in glob.glob(os.path.join(tf.sysconfig.get_lib(), "libtensorflow_framework*")):
        try:
            level = ctypes.c_int.in_dll(ctypes.CDLL(path, mode=os.RTLD_NOLOAD | os.RTLD_LAZY), _TRACE_LEVEL_SYMBOL)
        except (OSError, ValueError):  # another copy of the library, not the one in use; or a version that has no such variable
            continue
        if (level.value > _NO_PROFILER) == _tells_of_profiler():
            return level
    return None


_found_trace_level = _find_trace_level()
if _found_trace_level is None:
    names.note_missing(_TRACE_LEVEL_SYMBOL)
TRACE_LEVEL: Final = _found_trace_level if _found_trace_level is not None else ctypes.c_int(_NO_PROFILER)
"""``value`` is -1 while no profiler listens to TensorFlow, else its host tracer's level; see :func:`look_for_profiler`."""


def look_for_profiler() -> bool:
    """Whether a profiler listens. Where TensorFlow's own variable was not found, ``TRACE_LEVEL`` knows it from here only."""
    if _found_trace_level is None:
        TRACE_LEVEL.value = 1 if _tells_of_profiler() else _NO_PROFILER
    return TRACE_LEVEL.value > _NO_PROFILER


class _PublicTraceMe:
    """Stands for a TraceMe, of public names only; slower."""

    def __init__(self, encoded: str) -> None:
        name, _, stats = encoded.rstrip("#").partition("#")
        self._trace = tf.profiler.experimental.Trace(name, **dict(stat.split("=", 1) for stat in stats.split(",")))
        self._trace.__enter__()

    def Stop(self) -> None:  # noqa: N802 - as TensorFlow's own is called
        """Ends it."""
        self._trace.__exit__(None, None, None)


TraceMe: Final[Callable[[str], Any]] = _PublicTraceMe if _TraceMe is None else _TraceMe
"""Begins an event in the profiler's trace of the calling thread; ``Stop()`` ends it. Takes ``name#stat=value,stat=value#``."""


class ProfilerSession:
    """A session of TensorFlow's profiler that gives way: whoever starts one by TensorFlow's own functions finds none running.

    TensorFlow has one session a process, and refuses a second with ``AlreadyExistsError``.

    Args:
        directory: Where the profile is written, as ``plugins/profile/<time>/<host>.xplane.pb``.
        given_way: Called when somebody else wants to start one; the profile is written then, and this is over.
    """

    available: Final = all(hasattr(getattr(_pywrap_profiler, "ProfilerSession", None), name) for name in ("start", "export_to_tb"))
    """Whether this TensorFlow has what this rests on."""

    def __init__(self, directory: str, given_way: Callable[[], None]) -> None:
        self._directory = directory
        self._given_way = given_way
        self._session: Any = None
        self._lock = threading.Lock()

    def start(self, options: Any = None) -> None:
        """Starts profiling.

        Args:
            options: ``tf.profiler.experimental.ProfilerOptions``.

        Raises:
            tf.errors.AlreadyExistsError: If somebody else's session runs.
        """
        # In the order in which TensorFlow's functions come to take them.
        with getattr(_profiler_v2, "_profiler_lock", None) or threading.Lock(), self._lock:
            if getattr(_profiler_v2, "_profiler", None) is not None:
                raise tf.errors.AlreadyExistsError(None, None, "Another profiler is running.")
            session = _pywrap_profiler.ProfilerSession()
            session.start(self._directory, {} if options is None else dict(options._asdict()))
            self._session = session
            _profiler_v2._pywrap_profiler = self

    def stop(self, *, save: bool = True) -> bool:
        """Stops profiling and writes the profile, unless it is not to be saved; returns whether there was one."""
        with self._lock:
            session, self._session = self._session, None
            if session is None:
                return False
            if _profiler_v2._pywrap_profiler is self:
                _profiler_v2._pywrap_profiler = _pywrap_profiler
            if save:
                session.export_to_tb()
            return True

    def ProfilerSession(self) -> Any:  # noqa: N802 - this object stands where TensorFlow's functions look for a class of that name
        """Gives way, and returns TensorFlow's own new session."""
        if self.stop():
            self._given_way()
        return _pywrap_profiler.ProfilerSession()

    def __getattr__(self, name: str) -> Any:
        return getattr(_pywrap_profiler, name)
