"""What ``tf.function`` returns: its options and its cache."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from tfmodetrace.recorder.tf import concrete_functions, names

_function_cache = names.module("tensorflow.core.function.polymorphism.function_cache")


class TfFunctionOptions(NamedTuple):
    """How a tf.function was made."""

    jit_compile: bool
    reduce_retracing: bool
    autograph: bool
    input_signature: Any


def is_tf_function(candidate: Any) -> bool:
    """Whether an object is what ``tf.function`` returns, of the make this module knows."""
    # Not `isinstance`, which may ask an object of the program's for its class.
    return issubclass(type(candidate), tf.types.experimental.PolymorphicFunction) and hasattr(candidate, "_function_cache")


def tf_function_options(function: Any) -> TfFunctionOptions:
    """Reads the options a tf.function was made with; what cannot be read has TensorFlow's default."""
    return TfFunctionOptions(
        jit_compile=bool(getattr(function, "_jit_compile", False)),
        reduce_retracing=bool(getattr(function, "_reduce_retracing", False)),
        autograph=bool(getattr(function, "_autograph", True)),
        input_signature=getattr(function, "input_signature", None),
    )


def is_loaded(function: Any) -> bool:
    """Whether a tf.function was loaded from a saved model, and has no Python function of the program's."""
    return type(function).__name__ == "RestoredFunction"


def loaded_name(function: Any) -> str:
    """Returns the name that a tf.function had that was loaded from a saved model."""
    named = [concrete_functions.plain_name(each) for each in getattr(function, "concrete_functions", None) or ()]
    return (named[0] if named else "") or "loaded function"


def body_of(function: Any, is_users: Callable[[Any], bool]) -> tuple[Any, Any]:
    """Finds what runs when a function is traced, behind the wrappers of TensorFlow, of ours and of ``functools``.

    Args:
        function: The function.
        is_users: Whether a function is one that the program has written: a wrapper of its own runs, and may call what it wraps or not.

    Returns:
        The Python function, or whatever is innermost; and the object that it is a method of, None if it is none.
    """
    receiver = None
    if is_tf_function(function):
        function = function.python_function
    for _ in range(_MAX_WRAPPERS):
        if type(function) is types.MethodType:
            receiver = function.__self__
            if type(receiver).__name__ == "TfMethodTarget":  # of TensorFlow: a weak reference with a name of its own
                receiver = getattr(receiver, "target", None)
            function = function.__func__
            continue
        # While AutoGraph's version of a method is traced, TensorFlow has it in the place of what was wrapped.
        if is_users(function):
            break
        own = getattr(function, "__dict__", {})
        inner = own.get("__original_wrapped__") or own.get("__wrapped__")
        inner = inner or (function.func if issubclass(type(function), functools.partial) else None)
        if inner is None:
            break
        function = inner
    return function, receiver


_MAX_WRAPPERS = 20

CLONE_METHOD = "_clone"
"""The method by which ``tf.distribute`` makes a tf.function with the same options and another Python function."""


def function_cache_of(function: Any) -> Any:
    """Returns the cache of concrete functions of a tf.function."""
    return getattr(function, "_function_cache", None)


def cached_trace_count(function_cache: Any) -> int | None:
    """How many concrete functions a cache holds; None if it cannot tell."""
    try:
        return len(function_cache)
    except TypeError:
        return None
