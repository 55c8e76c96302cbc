"""A tf.function that records its calls and still is that tf.function.

``traced(f)`` for a tf.function ``f`` is an object of a subclass of its class that shares its ``__dict__``: cache, lock, variables and
options are literally the same, so everything that asks for a tf.function (``isinstance``, saved-model export, ``get_concrete_function``,
pickling) goes on working, and tracing either traces both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tfmodetrace.record import calls as calls_module
from tfmodetrace.record import functions, native, recorders, tf_internals, traces
from tfmodetrace.record import session as session_module
from tfmodetrace.schema import words

_STATE: Final = session_module.STATE
_GRAPH: Final = int(words.Mode.GRAPH)
_XLA: Final = int(words.Mode.XLA)
_EAGER: Final = int(words.Mode.EAGER)
_enter: Final = calls_module.enter
_leave: Final = calls_module.leave
_eager_runs: Final = tf_internals.EAGER_RUNS

_classes: dict[type, type] = {}


def wrap(function: Any, settings: functions.Settings, *, python_function: Any = None) -> Any:
    """Returns the tf.function as one that records its calls and traces.

    Args:
        function: A tf.function.
        settings: What ``traced`` was told.
        python_function: What it really runs, where TensorFlow has put a wrapper of its own around it.
    """
    options = tf_internals.tf_function_options(function)
    info = functions.FunctionInfo(python_function or function.python_function, settings, kind="tf.function", options=options)
    traced: Any = object.__new__(_traced_class(type(function)))
    traced.__dict__ = function.__dict__
    _adopt(traced, info)
    return traced


def _adopt(traced: Any, info: functions.FunctionInfo) -> None:
    traced._modetrace_info = info
    traced._modetrace_mode = mode = _XLA if info.options is not None and info.options.jit_compile else _GRAPH
    traced._modetrace_recorder = recorders.of_tf_function(traced._modetrace_base_call, info, mode, traced._modetrace_call_and_count)
    traces.register_owner(traced, info)


def _rebuild(base: type, state: dict[str, Any], settings: functions.Settings) -> Any:
    function: Any = object.__new__(base)
    function.__setstate__(state)
    return wrap(function, settings)


def _traced_class(base: type) -> type:
    """Makes the recording subclass of a tf.function's class; one per class, since there is one such class per TensorFlow."""
    known = _classes.get(base)
    if known is not None:
        return known
    base_call: Callable[..., Any] = base.__call__

    def call_and_count(function: Any, call: calls_module.OpenCall, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        before = function.experimental_get_tracing_count()
        try:
            call.calls.innermost = call
            result = base_call(function, *args, **kwargs)
            call.calls.session.traces.add_counted(call, before, function.experimental_get_tracing_count())
            _leave(call, None, 0, result)
        except BaseException as error:
            if call.is_open:
                call.calls.session.traces.add_counted(call, before, function.experimental_get_tracing_count())
                _leave(call, error)
            raise
        return result

    def call_in_python(self: Any, *args: Any, **kwargs: Any) -> Any:
        session = _STATE.session
        if session is None:
            return base_call(self, *args, **kwargs)
        mode = _EAGER if _eager_runs.RUN_FUNCTIONS_EAGERLY else self._modetrace_mode
        call = _enter(session, self._modetrace_info, args, kwargs, mode)
        if call is None:
            return base_call(self, *args, **kwargs)
        if not call.calls.traces_hooked:
            return call_and_count(self, call, args, kwargs)
        calls = call.calls
        try:
            calls.innermost = call
            result = base_call(self, *args, **kwargs)
            _leave(call, None, 0, result)
        except BaseException as error:
            if call.is_open:
                _leave(call, error)
            raise
        return result

    class TracedFunction(base):
        __doc__ = base.__doc__
        __slots__ = ("_modetrace_info", "_modetrace_mode", "_modetrace_recorder")

        _modetrace_base_call = staticmethod(base_call)
        _modetrace_call_and_count = staticmethod(call_and_count)

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return self._modetrace_recorder(self, args, kwargs)

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            # TensorFlow makes the function of an instance's method with `type(original)(…)`; __get__ names it.
            super().__init__(*args, **kwargs)
            _adopt(
                self,
                functions.FunctionInfo(self.python_function, kind="tf.function", options=tf_internals.tf_function_options(self)),
            )

        def __get__(self, instance: Any, owner: Any) -> Any:
            bound = super().__get__(instance, owner)
            if bound is not self and isinstance(bound, TracedFunction):
                bound._modetrace_info.take(self._modetrace_info.settings)
            return bound

        def __reduce__(self) -> Any:
            return _rebuild, (base, self.__getstate__(), self._modetrace_info.settings)

    base_clone: Any = getattr(base, tf_internals.CLONE_METHOD, None)

    def clone(self: Any, python_function: Any) -> Any:
        # `strategy.run(f)` runs a clone of f, which calls f's Python function once for each replica.
        return wrap(
            base_clone(self, python_function),
            self._modetrace_info.settings,
            python_function=self.python_function,
        )

    if native.HOT_PATH is None:
        TracedFunction.__call__ = call_in_python  # type: ignore[method-assign]
    if base_clone is not None:
        setattr(TracedFunction, tf_internals.CLONE_METHOD, clone)
    setattr(TracedFunction, tf_internals.AUTOGRAPH_MARK, None)
    TracedFunction.__name__ = base.__name__
    TracedFunction.__qualname__ = base.__qualname__
    _classes[base] = TracedFunction
    return TracedFunction
