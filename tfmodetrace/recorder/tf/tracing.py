"""The trace hook: every trace of every tf.function of the process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from tfmodetrace.recorder.tf import around, function_objects, names, replacements

_tracing_compilation = names.module("tensorflow.python.eager.polymorphic_function.tracing_compilation")
_function_cache = names.module("tensorflow.core.function.polymorphism.function_cache")

_polymorphic_function = names.module("tensorflow.python.eager.polymorphic_function.polymorphic_function")
_function_context = names.module("tensorflow.python.eager.polymorphic_function.function_context")

_FunctionCache = names.attribute(_function_cache, "FunctionCache")
_create_concrete_function = names.attribute(_tracing_compilation, "_create_concrete_function")
_Function = names.attribute(_polymorphic_function, "Function")
_make_context = names.attribute(_function_context, "make_function_context")


TRACING_CODE: Final = getattr(_create_concrete_function, "__code__", None)
"""The code of the frame that runs a Python body to trace it."""


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

        def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            options = args[3] if len(args) > 3 else kwargs.get("tracing_options")
            cache = getattr(options, "function_cache", None)
            token = self._begin(getattr(options, "python_function", None), cache)
            return None if token is None else (token, cache)

        def end(begun: Any, error: BaseException | None = None, concrete_function: Any = None, /) -> None:
            token, cache = begun
            if error is not None:
                self._failed(token, error)
            elif cache is not None:
                tokens[id(concrete_function)] = token
            else:
                self._unkept(token)

        return around.around(create, begin, end)

    def _adding(self, add: Any) -> Any:
        tokens = self._tokens

        def end(given: Any, error: BaseException | None = None, _: Any = None, /) -> None:
            (cache, *args), kwargs = given
            concrete_function = args[0] if args else kwargs.get("fn")
            token = tokens.pop(id(concrete_function), None) if error is None else None
            if token is not None:
                self._added(token, concrete_function, args[1] if len(args) > 1 else kwargs.get("context"), cache)

        return around.around(add, around.arguments, end)


class Key(NamedTuple):
    """What a trace is put into its cache under: the arguments' types, as ``function_type`` has them, and the context around the call."""

    function_type: Any
    context: Any


class AboutToTrace(NamedTuple):
    """A trace that has not begun.

    Attributes:
        python_function: What would be traced.
        cache: The cache that it would be put into; None if there is none.
        key: Its key; None where that is not known yet, which is before the first trace of a function.
        options: How the tf.function was made, as far as its traces know.
    """

    python_function: Any
    cache: Any
    key: Key | None
    options: function_objects.TfFunctionOptions

    @property
    def known(self) -> tuple[Key, ...]:
        """The keys of the traces that the cache has, in the order in which they were made."""
        return tuple(Key(function.function_type, context) for (context, _), function in getattr(self.cache, "_primary", {}).items())


class TraceGate:
    """Is asked before every trace of every tf.function of the process between :meth:`install` and :meth:`remove`.

    What it raises leaves the call that would have traced: the Python body has not run, and TensorFlow knows nothing of it. Before the first
    trace of a function it is asked twice, the first time before TensorFlow takes note that there was one: from then on the function could
    make no variables.

    Args:
        ask: Called with what is about to be traced; it may raise, and that goes on to the program.
    """

    def __init__(self, ask: Callable[[AboutToTrace], None]) -> None:
        self._ask = ask
        self._replacements = replacements.Replacements()

    available: Final = _create_concrete_function is not None and hasattr(_Function, "_initialize")
    """Whether this TensorFlow has the two functions."""

    def install(self) -> None:
        """Replaces the two functions."""
        self._replacements.replace(_tracing_compilation, "_create_concrete_function", lambda create: around.around(create, self._before))
        self._replacements.replace(_Function, "_initialize", lambda initialize: around.around(initialize, self._before_first))

    def remove(self) -> None:
        """Puts the originals back, unless somebody else has replaced ours meanwhile."""
        self._replacements.restore()

    def _before(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        options = args[3] if len(args) > 3 else kwargs.get("tracing_options")
        function_type = args[0] if args else kwargs.get("function_type")
        made = function_objects.TfFunctionOptions(
            jit_compile=False,
            reduce_retracing=bool(getattr(options, "reduce_retracing", False)),
            autograph=bool(getattr(options, "autograph", True)),
            input_signature=getattr(options, "input_signature", None),
        )
        context = None if _make_context is None else _make_context(getattr(options, "scope_type", None))
        cache = getattr(options, "function_cache", None)
        self._ask(AboutToTrace(getattr(options, "python_function", None), cache, Key(function_type, context), made))

    def _before_first(self, args: tuple[Any, ...], _: dict[str, Any]) -> None:
        function = args[0]
        made = function_objects.tf_function_options(function)
        self._ask(AboutToTrace(function.python_function, function_objects.function_cache_of(function), None, made))
