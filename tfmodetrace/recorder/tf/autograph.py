"""AutoGraph: the code it leaves alone, what it calls functions from, and whose lines its code stands for."""

from __future__ import annotations

import os
import sys
import threading
import types
from collections.abc import Callable
from typing import Any, Final

from tfmodetrace.recorder.tf import installation, names

_autograph_api = names.module("tensorflow.python.autograph.impl.api")
_method_target = names.module("tensorflow.python.eager.polymorphic_function.tf_method_target")
_tf_stack = names.module("tensorflow.python.util.tf_stack")

_call_unconverted = names.attribute(_autograph_api, "_call_unconverted")
CONVERTED_CALL = names.attribute(_autograph_api, "converted_call")
"""Converts a function, if need be, and calls it."""

_method_target_call = getattr(names.attribute(_method_target, "TfMethodTarget"), "call", None)
_source_mappers = names.attribute(_tf_stack, "_source_mapper_stacks")

DYNAMIC_CODE_FILENAME = "<string>"
"""AutoGraph leaves functions alone whose code says it comes from here ("dynamic code"), and only those keep their place in every way
AutoGraph reaches a function: as the body of a tf.function, nested in one, through ``tf_convert`` in tf.data or tf.distribute."""

AUTOGRAPH_MARK = "autograph_info__"
"""An object with this attribute is called by AutoGraph as it is."""

UNCONVERTED_CALL_CODE: types.CodeType | None = getattr(_call_unconverted, "__code__", None)
"""The code AutoGraph calls a function from that it does not convert."""

METHOD_TARGET_CALL_CODE: types.CodeType | None = getattr(_method_target_call, "__code__", None)
"""The code it calls a tf.function's method from, in between."""

_CONVERTED_CALL_CODE: types.CodeType | None = getattr(CONVERTED_CALL, "__code__", None)


def options_of(caller: types.FrameType) -> Any:
    """Returns the conversion options with which AutoGraph calls from a frame; None if it has none there.

    AutoGraph meets what stands for a function, leaves it alone, and calls it from ``_call_unconverted``. That frame still holds the options
    of this very call, so the function itself is converted with exactly those: recursive or not, with the user's optional features.

    Args:
        caller: A frame of ``UNCONVERTED_CALL_CODE`` or ``METHOD_TARGET_CALL_CODE``.
    """
    frame: types.FrameType | None = caller
    if frame is not None and frame.f_code is METHOD_TARGET_CALL_CODE:
        frame = frame.f_back
    if frame is not None and frame.f_code is UNCONVERTED_CALL_CODE:
        return frame.f_locals.get("options")
    return None


def options_of_caller() -> Any:
    """Returns what :func:`options_of` does of the frame that called our caller; None if that is not AutoGraph's.

    Raises:
        ValueError: If there is none: no Python code has called us.
    """
    frame = sys._getframe(2)
    return options_of(frame) if frame.f_code is UNCONVERTED_CALL_CODE or frame.f_code is METHOD_TARGET_CALL_CODE else None


def call_with_options(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], options: Any) -> Any:
    """Calls a function as AutoGraph would have called it, had nothing of ours stood in between.

    Args:
        function: The user's function, unwrapped.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        options: What :func:`options_of` has returned; with None it is called as it is.
    """
    if options is None:
        return function(*args, **kwargs)
    return CONVERTED_CALL(function, args, kwargs or None, options=options)


_dynamic_codes: dict[types.CodeType, types.CodeType] = {}


def as_dynamic_code(wrapper: Any) -> Any:
    """Makes AutoGraph leave a wrapper alone."""
    code = wrapper.__code__
    dynamic = _dynamic_codes.get(code)
    if dynamic is None:
        dynamic = _dynamic_codes[code] = code.replace(co_filename=DYNAMIC_CODE_FILENAME)
    wrapper.__code__ = dynamic
    return wrapper


def called_by_converted_call() -> bool:
    """Whether the caller's caller is AutoGraph taking a call apart (it looks inside ``functools.partial``)."""
    return sys._getframe(2).f_code is _CONVERTED_CALL_CODE


AUTOGRAPH_FILE: Final = "__autograph_generated_file"
"""What the names of files contain into which AutoGraph writes the code it has converted."""


def autograph_origin(file: str, line: int) -> tuple[str, int] | None:
    """Returns the user's file and line of a line that AutoGraph has converted and that runs now; None if not known."""
    if _source_mappers is None:
        return None
    own = _source_mappers.get(threading.get_ident(), ())
    # The replicas of a strategy run on threads that know nothing of it, while the one they were converted on waits for them.
    for mappers in (own, *list(_source_mappers.values())):
        origin = mappers[-1].get_effective_source_map().get((file, line)) if mappers else None
        if origin is not None:
            return origin[0], origin[1]
    return None


def autograph_stack(error: BaseException) -> list[tuple[str, int, str]] | None:
    """Returns (file, line, function) of the frames in which an exception was raised in converted code, outermost first.

    AutoGraph notes them, its own left out, as the exception passes. None if it has not.
    """
    metadata = getattr(error, "ag_error_metadata", None)
    frames = getattr(metadata, "translated_stack", None)
    if frames is None:
        return None
    return [(frame.filename, frame.lineno or 0, frame.function_name or "") for frame in reversed(frames)]


def passes_calls_on(code: types.CodeType) -> bool:
    """Whether code is where AutoGraph calls for converted code what that calls: what fails there is what was called."""
    return code.co_filename.endswith(_PASSING_FILES) and code.co_filename.startswith(installation.TENSORFLOW_DIRECTORY)


_PASSING_FILES: Final = (os.path.join("autograph", "impl", "api.py"), os.path.join("autograph", "operators", "py_builtins.py"))
