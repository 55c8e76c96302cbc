"""Which hot path is in use: the one in Python (``calls.py``), or ``hot_path.c``, which takes its common case from it where it was compiled.

What a function, a call, a thread and the process have for the hot path is defined twice: as classes with slots, in ``functions.py`` and
``states.py``, and in C as structs whose members have the same names and types. The rest of the recorder knows only the names.
"""

from __future__ import annotations

import itertools
import os
import threading
import types
from collections.abc import Callable
from typing import Final

from tfmodetrace.recorder.tf import around

_INTERFACE: Final = 8
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

if HOT_PATH is not None:
    around.use(HOT_PATH)


def call_numbers() -> Callable[[], int]:
    """Returns what gives each call of a session its number: 0, 1, 2, …, whichever thread asks."""
    return itertools.count().__next__ if HOT_PATH is None else HOT_PATH.CallNumbers()
