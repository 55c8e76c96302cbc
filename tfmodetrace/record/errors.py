"""An exception that leaves a call, as text: nothing of it is held."""

from __future__ import annotations

from typing import Final

MAX_MESSAGE: Final = 10_000
"""Characters of a message that are kept."""


def describe(error: BaseException) -> tuple[str, str]:
    """Returns an exception's qualified type name (without ``builtins.``) and message, whatever its ``__str__`` does."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    try:
        message = str(error)
    except Exception as failure:
        message = f"(its message could not be read: {type(failure).__name__})"
    if len(message) > MAX_MESSAGE:
        message = message[: MAX_MESSAGE - 1] + "…"
    return name, message.encode("utf-8", "backslashreplace").decode("utf-8")
