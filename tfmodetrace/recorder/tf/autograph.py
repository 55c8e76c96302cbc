"""AutoGraph: the code it leaves alone, what it calls functions from, and whose lines its code stands for."""

from __future__ import annotations

import os
import sys
import threading
import types
from collections.abc import Callable
from typing import Any, Final

from tfmodetrace.recorder.tf import installation, names, replacements

_autograph_api = names.module("tensorflow.python.autograph.impl.api")
_method_target = names.module("tensorflow.python.eager.polymorphic_function.tf_method_target")
_tf_stack = names.module("tensorflow.python.util.tf_stack")

_call_unconverted = names.attribute(_autograph_api, "_call_unconverted")
_converted_call = names.attribute(_autograph_api, "converted_call")
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

_CONVERTED_CALL_CODE: types.CodeType | None = getattr(_converted_call, "__code__", None)


def call_as_autograph_would(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], caller: types.FrameType) -> Any:
    """Calls a function as AutoGraph would have called it, had our wrapper not stood in between.

    AutoGraph meets our wrapper, leaves it alone, and calls it from ``_call_unconverted``. That frame still holds the conversion options
    of this very call, so the wrapped function is converted with exactly those: recursive or not, with the user's optional features.

    Args:
        function: The user's function, unwrapped.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        caller: The frame that called our wrapper; one of ``UNCONVERTED_CALL_CODE`` or ``METHOD_TARGET_CALL_CODE``.
    """
    frame: types.FrameType | None = caller
    if frame is not None and frame.f_code is METHOD_TARGET_CALL_CODE:
        frame = frame.f_back
    options = None
    if frame is not None and frame.f_code is UNCONVERTED_CALL_CODE:
        options = frame.f_locals.get("options")
    del frame
    if options is None:
        return function(*args, **kwargs)
    return _converted_call(function, args, kwargs or None, options=options)


def called_by_converted_call() -> bool:
    """Whether the caller's caller is AutoGraph taking a call apart (it looks inside ``functools.partial``)."""
    return sys._getframe(2).f_code is _CONVERTED_CALL_CODE


class LeftAloneHook:
    """Sees each function that AutoGraph cannot convert and calls as it is, between :meth:`install` and :meth:`remove`.

    Args:
        left: Called with the function and why, in AutoGraph's words; must not raise.
    """

    available: Final = names.attribute(_autograph_api, "_fall_back_unconverted") is not None
    """Whether this TensorFlow has the function that does so."""

    def __init__(self, left: Callable[[Any, str], None]) -> None:
        self._left = left
        self._replacements = replacements.Replacements()

    def install(self) -> None:
        """Replaces that function; does nothing where it is missing."""
        if self.available:
            self._replacements.replace(_autograph_api, "_fall_back_unconverted", self._leaving)

    def remove(self) -> None:
        """Puts the original back, unless somebody else has replaced ours meanwhile."""
        self._replacements.restore()

    def _leaving(self, original: Any) -> Any:
        left = self._left

        def fall_back_unconverted(f: Any, args: Any, kwargs: Any, options: Any, exc: Any) -> Any:
            # Of an exception that is not TensorFlow's own, the message may be made by the program.
            own = type(exc).__module__.startswith("tensorflow.")
            left(f, str(exc) if own else type(exc).__name__)
            return original(f, args, kwargs, options, exc)

        return fall_back_unconverted


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
