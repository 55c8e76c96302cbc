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


_MAX_REMEMBERED: Final = 4096
_remembered: Final[dict[str, dict[int, tuple[str, int]]]] = {}
"""Of files of AutoGraph's, by name: whose lines theirs are. AutoGraph itself knows only while what is in them is traced, and functions
inside of that, as those that ``tf.py_function`` calls, run later."""


def autograph_origin(file: str, line: int) -> tuple[str, int] | None:
    """Returns the user's file and line of a line that AutoGraph has converted; None if not known."""
    known = _remembered.get(file)
    if known is not None and line in known:
        return known[line]
    if _source_mappers is None:
        return None
    own = _source_mappers.get(threading.get_ident(), ())
    # The replicas of a strategy run on threads that know nothing of it, while the one they were converted on waits for them.
    for mappers in (own, *list(_source_mappers.values())):
        origins = mappers[-1].get_effective_source_map() if mappers else {}
        origin = origins.get((file, line))
        if origin is not None:
            if file not in _remembered and len(_remembered) < _MAX_REMEMBERED:
                _remembered[file] = {at: (found[0], found[1]) for (name, at), found in list(origins.items()) if name == file}
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
    # What it has added by itself to converted code, as what sets a loop's variables, is of no line of the program.
    return [
        (frame.filename, frame.lineno or 0, frame.function_name or "") for frame in reversed(frames) if AUTOGRAPH_FILE not in frame.filename
    ]


def passes_calls_on(code: types.CodeType) -> bool:
    """Whether code is where AutoGraph calls for converted code what that calls: what fails there is what was called."""
    return code.co_filename.endswith(_PASSING_FILES) and owned(code)


def traces_branch(code: types.CodeType) -> bool:
    """Whether code is where AutoGraph traces both branches of an ``if`` on a tensor."""
    return code.co_name == "_tf_if_stmt" and code.co_filename.endswith(_CONTROL_FLOW) and owned(code)


def is_converted(code: types.CodeType) -> bool:
    """Whether code was written by AutoGraph."""
    return AUTOGRAPH_FILE in code.co_filename


def owned(code: types.CodeType) -> bool:
    """Whether code is TensorFlow's."""
    return code.co_filename.startswith(installation.TENSORFLOW_DIRECTORY)


_CONTROL_FLOW: Final = os.path.join("autograph", "operators", "control_flow.py")
_PASSING_FILES: Final = (os.path.join("autograph", "impl", "api.py"), os.path.join("autograph", "operators", "py_builtins.py"))
