"""What stands around other people's functions, and does not show.

A wrapper in Python has a frame. It stands in tracebacks, where it displaces a frame of Keras's, in the stacks that TensorFlow keeps of ops
and shows in messages, and between a warning and the line that it points at. Where ``hot_path.c`` was compiled, what is made here is called
without a frame; its attributes, class and signature are those of a function in either case.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any, Final, Protocol

from tfmodetrace.recorder.tf import autograph

CALL_NAME: Final = "modetrace_call"
"""How the code is called that stands around a function where there is no ``hot_path.c``."""

Begin = Callable[[tuple[Any, ...], dict[str, Any]], Any]
"""Called with the arguments of a call before it; returns a token, or None if nobody wants to hear of its end."""

Target = Callable[[tuple[Any, ...], dict[str, Any]], Any]
"""What does what a function is called for, with all the arguments."""


class End(Protocol):
    """Called after a call that :data:`Begin` has given a token, with the exception that has left it or with what it has returned."""

    def __call__(self, token: Any, error: BaseException | None = None, result: Any = None, /) -> Any:
        """Takes note of the end."""


class _InC:
    """What ``hot_path.c`` has of this."""

    module: types.ModuleType | None = None


_IN_C: Final = _InC()


def use(module: types.ModuleType) -> None:
    """Makes everything without frames from now on.

    Args:
        module: ``hot_path.c``, compiled.
    """
    _IN_C.module = module


def frameless(shown: Callable[..., Any], target: Target) -> Any:
    """Returns what ``shown`` is, and where that is possible calls the target without a frame.

    Args:
        shown: A function that takes any arguments and calls ``target`` with them.
        target: What it calls; something in C.
    """
    return shown if _IN_C.module is None else _IN_C.module.Frameless(shown, target)


def function_of(value: Any) -> Any:
    """Returns the Python function that shows for what is called without a frame; anything else as it is."""
    module = _IN_C.module
    return module.shown_by(value) if module is not None and is_frameless(type(value)) else value


def is_frameless(kind: type) -> bool:
    """Whether a class is that of what is called without a frame."""
    return _IN_C.module is not None and kind is _IN_C.module.Frameless


def arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Begins a call whose end needs no more than its arguments."""
    return args, kwargs


def around(original: Callable[..., Any], begin: Begin | None = None, end: End | None = None, *, for_autograph: bool = False) -> Any:
    """Returns what does what a function does, and tells of its calls.

    What is told must not raise, except what is the program's own, such as what a signal handler raises.

    Args:
        original: The function.
        begin: Is called before each call; None if nothing is to be done before it, and the token is None.
        end: Is called after it; None if nothing is to be done then.
        for_autograph: Whether AutoGraph may call it and is to do with the function what it would have done.
    """

    def modetrace_call(*args: Any, **kwargs: Any) -> Any:
        try:
            options = autograph.options_of_caller() if for_autograph else None
        except ValueError:  # no Python code has called us, as when the interpreter shuts down
            options = None
        token = None if begin is None else begin(args, kwargs)
        if end is None or (token is None and begin is not None):
            return autograph.call_with_options(original, args, kwargs, options)
        try:
            result = autograph.call_with_options(original, args, kwargs, options)
        except BaseException as error:
            end(token, error)
            raise
        end(token, None, result)
        return result

    shown = functools.update_wrapper(autograph.as_dynamic_code(modetrace_call) if for_autograph else modetrace_call, original)
    return shown if _IN_C.module is None else frameless(shown, _IN_C.module.Around(original, begin, end, for_autograph))


def of_each(original: Callable[..., Any], found: dict[int, tuple[Any, Any]] | str, learn: Callable[[Any], tuple[Any, Any]]) -> Any:
    """Returns what stands for a method of which each object has a recorder of its own.

    Args:
        original: The method.
        found: The objects' recorders, by their ids, as ``ByObject`` has them; or the name of the attribute that holds an object's. One
            is called with the object, a tuple and a dict of arguments; None stands for the method itself.
        learn: Returns what there shall be for an object that is not in ``found``.
    """

    def recorder_of(owner: Any) -> Any:
        if isinstance(found, str):
            return getattr(owner, found)
        entry = found.get(id(owner))
        return (learn(owner) if entry is None or entry[0]() is not owner else entry)[1]

    def modetrace_call(owner: Any, /, *args: Any, **kwargs: Any) -> Any:
        recorder = recorder_of(owner)
        return original(owner, *args, **kwargs) if recorder is None else recorder(owner, args, kwargs)

    shown = functools.update_wrapper(modetrace_call, original)
    return shown if _IN_C.module is None else frameless(shown, _IN_C.module.OfEach(original, found, learn))
