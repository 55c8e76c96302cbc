"""The one file that touches a private Keras name, guarded: what takes Keras's frames out of tracebacks. Keras 3.15 has it."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any, Final

FILTER: Final = "_process_traceback_frames"
"""The name of the function that does it."""

_MODULE: Final = "keras.src.utils.traceback_utils"


def traceback_filter() -> types.ModuleType | None:
    """Returns the module that has the function; None if it is not loaded or has no such function."""
    module = sys.modules.get(_MODULE)
    return module if isinstance(getattr(module, FILTER, None), types.FunctionType) else None


def seeing(cut: Callable[[Any], Any], seen: Callable[[BaseException | None, types.TracebackType | None], None]) -> Callable[[Any], Any]:
    """Returns what cuts tracebacks as Keras does, after ``seen`` was called with the exception and its whole traceback."""

    def process_traceback_frames(tb: Any) -> Any:
        seen(sys.exception(), tb)
        return cut(tb)

    return process_traceback_frames
