"""An exception that leaves a call, as text: nothing of it is held."""

from __future__ import annotations

from typing import Final

from tfmodetrace.record import interrupts

MAX_MESSAGE: Final = 10_000
"""Characters of a message that are kept."""


def describe(error: BaseException) -> tuple[str, str]:
    """Returns an exception's qualified type name (without ``builtins.``) and message, whatever its class makes of that."""
    kind = type(error)
    try:
        name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    except Exception as failure:
        interrupts.let_pass(failure)
        name = "(its name could not be read)"
    try:
        # Of whatever subclass of str it may be.
        message = str.__getitem__(str(error), slice(MAX_MESSAGE + 1))
    except Exception as failure:
        interrupts.let_pass(failure)
        message = f"(its message could not be read: {type(failure).__name__})"
    if len(message) > MAX_MESSAGE:
        message = message[: MAX_MESSAGE - 1] + "…"
    return _encodable(name), _encodable(message)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
