"""What ``@traced`` returns for each kind of callable."""

from __future__ import annotations

import functools
import inspect
import types
from typing import Any

from tfmodetrace.recorder import recording
from tfmodetrace.recorder.calls import functions
from tfmodetrace.recorder.tf import function_objects
from tfmodetrace.recorder.wrapping import partials, tf_functions, wrappers


def decorate(target: Any, settings: functions.Settings) -> Any:
    """Returns ``target`` as something that records its calls and otherwise is what it was.

    Raises:
        TypeError: If ``target`` is nothing that can be traced; the message says what to decorate instead.
    """
    recording.start_from_environment()
    if isinstance(target, staticmethod | classmethod):
        return type(target)(decorate(target.__func__, settings))
    if function_objects.is_tf_function(target):
        return tf_functions.wrap(target, settings)
    if isinstance(target, functools.partial):
        return partials.wrap(target, settings)
    if isinstance(target, types.MethodType):
        return types.MethodType(decorate(target.__func__, settings), target.__self__)
    if inspect.isroutine(target):
        info = functions.FunctionInfo(target, settings)
        info.made_here()
        return wrappers.wrap(target, info)
    if inspect.isclass(target):
        raise TypeError(f"tfmodetrace.traced cannot trace the class {target.__qualname__}. Decorate its methods instead.")
    if isinstance(target, property | functools.cached_property):
        raise TypeError("tfmodetrace.traced cannot trace a property. Put @traced below @property, on the function.")
    if callable(target):
        raise TypeError(
            f"tfmodetrace.traced cannot trace an object of type {type(target).__qualname__}, since it would no longer be one. "
            "Decorate its class's __call__ or call method instead."
        )
    raise TypeError(f"tfmodetrace.traced traces functions, not {type(target).__qualname__}.")
