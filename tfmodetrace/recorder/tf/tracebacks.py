"""What takes TensorFlow's and Keras's own frames out of tracebacks; Keras 3.15 has it under the same name."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any, Final

from tfmodetrace.recorder.tf import names, replacements

FILTER: Final = "_process_traceback_frames"
"""The name of the function that does it."""

_KERAS_MODULE: Final = "keras.src.utils.traceback_utils"

_traceback_utils = names.module("tensorflow.python.util.traceback_utils")

names.attribute(_traceback_utils, FILTER)


def keras_filter() -> types.ModuleType | None:
    """Returns the module of Keras's that has the function; None if it is not loaded or has no such function."""
    module = sys.modules.get(_KERAS_MODULE)
    return module if isinstance(getattr(module, FILTER, None), types.FunctionType) else None


def seeing(cut: Callable[[Any], Any], seen: Callable[[BaseException | None, types.TracebackType | None], None]) -> Callable[[Any], Any]:
    """Returns what cuts tracebacks as ``cut`` does, after ``seen`` was called with the exception and its whole traceback."""

    def process_traceback_frames(tb: Any) -> Any:
        seen(sys.exception(), tb)
        return cut(tb)

    return process_traceback_frames


class TracebackHook:
    """Sees every exception whose traceback TensorFlow is about to take its own frames out of.

    Args:
        seen: Called with the exception and its traceback; must not raise.
    """

    available: Final = isinstance(getattr(_traceback_utils, FILTER, None), types.FunctionType)
    """Whether this TensorFlow has the function."""

    def __init__(self, seen: Callable[[BaseException | None, types.TracebackType | None], None]) -> None:
        self._seen = seen
        self._replacements = replacements.Replacements()

    def install(self) -> None:
        """Replaces the function that takes the frames out; does nothing where it is missing."""
        if self.available:
            self._replacements.replace(_traceback_utils, FILTER, lambda cut: seeing(cut, self._seen))

    def remove(self) -> None:
        """Puts the original back, unless somebody else has replaced ours meanwhile."""
        self._replacements.restore()
