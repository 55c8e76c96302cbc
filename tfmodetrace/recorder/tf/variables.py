"""Variables: which of them a program uses while it is watched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import tensorflow as tf

from tfmodetrace.recorder.tf import names, replacements

_resource_variables = names.module("tensorflow.python.ops.resource_variable_ops")
_ResourceVariable = names.attribute(_resource_variables, "BaseResourceVariable")
_HANDLE: Final = "handle"


class VariableWatch:
    """Sees each use of a variable, whichever part of a program it is in, between :meth:`install` and :meth:`remove`.

    All that a variable does asks for its ``handle``, which is a property of its class; only ops that read one at once may not.

    Args:
        seen: Called with the variable, before anything is done to it.
    """

    available: Final = isinstance(vars(_ResourceVariable).get(_HANDLE) if _ResourceVariable is not None else None, property)
    """Whether this TensorFlow has that property."""

    def __init__(self, seen: Callable[[Any], None]) -> None:
        self._seen = seen
        self._replacements = replacements.Replacements()

    def install(self) -> None:
        """Watches from now on; does nothing where the property is missing."""
        if self.available:
            self._replacements.replace(_ResourceVariable, _HANDLE, self._watching)

    def remove(self) -> None:
        """Watches no more."""
        self._replacements.restore()

    def _watching(self, original: property) -> property:
        get: Any = original.fget
        seen = self._seen

        def handle(variable: Any) -> Any:
            seen(variable)
            return get(variable)

        return property(handle)


def copied(tensor: Any) -> Any:
    """Returns a tensor with memory of its own, so that a variable that it is assigned to can change it in place."""
    return tensor if tensor.dtype in (tf.string, tf.variant, tf.resource) else tf.raw_ops.DeepCopy(x=tensor)
