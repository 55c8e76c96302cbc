"""The trace hook: every trace of every tf.function of the process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tfmodetrace.recorder.tf import names, replacements

_tracing_compilation = names.module("tensorflow.python.eager.polymorphic_function.tracing_compilation")
_function_cache = names.module("tensorflow.core.function.polymorphism.function_cache")

_FunctionCache = names.attribute(_function_cache, "FunctionCache")
_create_concrete_function = names.attribute(_tracing_compilation, "_create_concrete_function")


def _run_traced_body(create: Callable[..., Any], *arguments: Any) -> Any:
    return create(*arguments)


TRACED_BODY_CODE: Final = _run_traced_body.__code__
"""The frame with this code lies between a trace of interest and whatever led to it."""


class TraceHook:
    """Sees every trace of every tf.function of the process between :meth:`install` and :meth:`remove`.

    Two functions are replaced: ``_create_concrete_function``, which runs the Python body (so its start, its end and its failure are the
    trace's), and ``FunctionCache.add``, which runs exactly once for each new concrete function, with its true key.

    Args:
        begin: Called with (python_function, function_cache) before a body runs; returns a token, or None if the trace is of no interest.
        failed: Called with (token, exception) when the body raised.
        unkept: Called with (token) when it did not, and TensorFlow has no cache to put the trace into.
        added: Called with (token, concrete_function, cache_context, function_cache) once TensorFlow has the trace in its cache.
    """

    def __init__(
        self,
        begin: Callable[[Any, Any], Any],
        failed: Callable[[Any, BaseException], None],
        unkept: Callable[[Any], None],
        added: Callable[[Any, Any, Any, Any], None],
    ) -> None:
        self._begin = begin
        self._failed = failed
        self._unkept = unkept
        self._added = added
        # A trace's token from the end of its body until TensorFlow has it in a cache.
        self._tokens: dict[int, Any] = {}
        self._replacements = replacements.Replacements()

    available: Final = _create_concrete_function is not None and hasattr(_FunctionCache, "add")
    """Whether this TensorFlow has the two functions."""

    def install(self) -> None:
        """Replaces the two functions; does nothing where they are missing."""
        if self.available:
            self._replacements.replace(_tracing_compilation, "_create_concrete_function", self._creating)
            self._replacements.replace(_FunctionCache, "add", self._adding)

    def remove(self) -> None:
        """Puts the originals back, unless somebody else has replaced ours meanwhile (then ours stay below theirs, asleep)."""
        self._replacements.restore()

    def _creating(self, create: Any) -> Any:
        tokens = self._tokens

        def create_concrete_function(function_type: Any, type_context: Any, func_graph: Any, tracing_options: Any) -> Any:
            cache = getattr(tracing_options, "function_cache", None)
            token = self._begin(getattr(tracing_options, "python_function", None), cache)
            if token is None:
                return create(function_type, type_context, func_graph, tracing_options)
            try:
                concrete_function = _run_traced_body(create, function_type, type_context, func_graph, tracing_options)
            except BaseException as error:
                self._failed(token, error)
                raise
            if cache is not None:
                tokens[id(concrete_function)] = token
            else:
                self._unkept(token)
            return concrete_function

        return create_concrete_function

    def _adding(self, add: Any) -> Any:
        tokens = self._tokens

        def add_to_cache(cache: Any, fn: Any, context: Any = None) -> None:
            add(cache, fn, context)
            token = tokens.pop(id(fn), None)
            if token is not None:
                self._added(token, fn, context, cache)

        return add_to_cache
