"""What ``tf.function`` returns: its options and its cache."""

from __future__ import annotations

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
    return isinstance(candidate, tf.types.experimental.PolymorphicFunction) and hasattr(candidate, "_function_cache")


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
    names = [concrete_functions.concrete_name(each) for each in getattr(function, "concrete_functions", None) or ()]
    name = names[0].removeprefix("__inference_").rpartition("_")[0] if names else ""
    return name or "loaded function"


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
