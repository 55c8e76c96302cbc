"""The functions that tf.data traces."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

from tfmodetrace.recorder.tf import names, replacements

_structured_function = names.module("tensorflow.python.data.ops.structured_function")

_StructuredFunctionWrapper = names.attribute(_structured_function, "StructuredFunctionWrapper")


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

        @functools.wraps(original)
        def init(wrapper: Any, func: Any, transformation_name: Any, *args: Any, **kwargs: Any) -> None:
            begins(func, str(transformation_name))
            original(wrapper, func, transformation_name, *args, **kwargs)

        return init
