"""What a saved model calls its signatures: the concrete functions themselves do not know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tfmodetrace.recorder.tf import around, names, replacements

_serialization = names.module("tensorflow.python.saved_model.signature_serialization")
_SignatureMap = names.attribute(_serialization, "_SignatureMap")


class SignatureNames:
    """Sees which signatures of loaded models the program takes.

    Args:
        named: Called with a concrete function and its name among the signatures; must not raise.
    """

    available: Final = hasattr(_SignatureMap, "__getitem__")
    """Whether this TensorFlow has the method."""

    def __init__(self, named: Callable[[Any, str], None]) -> None:
        self._named = named
        self._replacements = replacements.Replacements()

    def install(self) -> None:
        """Replaces the method; does nothing where it is missing."""
        if self.available:
            self._replacements.replace(_SignatureMap, "__getitem__", self._taking)

    def remove(self) -> None:
        """Puts the original back, unless somebody else has replaced ours meanwhile."""
        self._replacements.restore()

    def _taking(self, original: Any) -> Any:
        named = self._named

        def end(given: Any, error: BaseException | None = None, concrete_function: Any = None, /) -> None:
            args, _ = given
            if error is None and len(args) > 1:
                named(concrete_function, str(args[1]))

        return around.around(original, around.arguments, end)
