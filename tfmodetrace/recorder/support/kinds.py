"""Of what kind an object of the program's is, without running any code of the program's."""

from __future__ import annotations

from typing import Any, Final

_WRAPPERS: Final = frozenset({"tensorflow", "keras", "wrapt"})


def is_a(value: Any, kinds: Any) -> bool:
    """What ``isinstance`` says, without asking an object for its class, which may be anything: only TensorFlow's wrappers are asked."""
    kind = type(value)
    return issubclass(kind, kinds) or (str(kind.__module__).partition(".")[0] in _WRAPPERS and isinstance(value, kinds))
