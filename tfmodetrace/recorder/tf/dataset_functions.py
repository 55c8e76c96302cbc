"""The functions that tf.data traces."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any, Final

from tfmodetrace.recorder.tf import around, names, replacements

_structured_function = names.module("tensorflow.python.data.ops.structured_function")

_StructuredFunctionWrapper = names.attribute(_structured_function, "StructuredFunctionWrapper")


def function_of(traced: Any) -> Any:
    """Returns the function that was given to a transformation, of what tf.data has traced for it; anything else as it is."""
    if _StructuredFunctionWrapper is None:
        return traced
    waiting, met = [traced], 0
    while waiting and met < _MAX_MET:
        met += 1
        function = waiting.pop(0)
        waiting += [inner for inner in (getattr(function, "__wrapped__", None),) if type(inner) is types.FunctionType]
        for cell in getattr(function, "__closure__", None) or ():
            try:
                inner = cell.cell_contents
            except ValueError:  # not filled yet
                continue
            if type(inner) is _StructuredFunctionWrapper:
                return getattr(inner, "_func", traced)
            if type(inner) is types.FunctionType and inner.__module__ == _StructuredFunctionWrapper.__module__:
                waiting.append(inner)
    return traced


_MAX_MET: Final = 8


class DatasetFunctionHook:
    """Sees every function that tf.data is about to trace.

    Args:
        begins: Called with the function and what it is for, such as ``Dataset.map()``; must not raise. The next tf.function whose concrete
            function is asked for on this thread is its.
    """

    available: Final = hasattr(_StructuredFunctionWrapper, "__init__")
    """Whether this TensorFlow has the class."""

    def __init__(self, begins: Callable[[Any, str], None]) -> None:
        self._begins = begins
        self._replacements = replacements.Replacements()

    def install(self) -> None:
        """Replaces the class's ``__init__``; does nothing where it is missing."""
        if self.available:
            self._replacements.replace(_StructuredFunctionWrapper, "__init__", self._beginning)

    def remove(self) -> None:
        """Puts the original back, unless somebody else has replaced ours meanwhile."""
        self._replacements.restore()

    def _beginning(self, original: Any) -> Any:
        begins = self._begins

        def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            function = args[1] if len(args) > 1 else kwargs.get("func")
            begins(function, str(args[2] if len(args) > 2 else kwargs.get("transformation_name")))

        return around.around(original, begin)
