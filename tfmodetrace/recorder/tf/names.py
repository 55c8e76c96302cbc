"""Private names of TensorFlow, each looked up once and guarded.

Everything in this folder was read in TensorFlow 2.20 and 2.21. Where a name is missing, what needs it falls back to something public or
answers "not known", and :func:`missing` lists it, so that a test can name the version that changed it. Nothing outside this folder imports
below ``tensorflow.python`` or reads an attribute of TensorFlow that begins with ``_``.
"""

from __future__ import annotations

import importlib
from typing import Any

_MISSING: list[str] = []


def module(name: str) -> Any:
    """Returns a module of TensorFlow's, or None if this TensorFlow has none of that name."""
    try:
        return importlib.import_module(name)
    except ImportError:
        _MISSING.append(name)
        return None


def attribute(owner: Any, name: str) -> Any:
    """Returns an attribute of a module or class, or None if it has none of that name."""
    value = getattr(owner, name, None)
    if value is None and owner is not None:
        _MISSING.append(f"{getattr(owner, '__name__', owner)}.{name}")
    return value


def present(owner: Any, *names: str) -> tuple[Any, ...]:
    """Returns those of some attributes that a module or class has."""
    return tuple(value for name in names if (value := attribute(owner, name)) is not None)


def missing() -> tuple[str, ...]:
    """Names this module wanted and this TensorFlow does not have."""
    return tuple(_MISSING)


def note_missing(name: str) -> None:
    """Notes a name that was looked for elsewhere and is missing."""
    _MISSING.append(name)
