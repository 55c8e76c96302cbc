"""A tf.function that records its calls and still is that tf.function.

``traced(f)`` for a tf.function ``f`` is an object of a subclass of its class that shares its ``__dict__``: cache, lock, variables and
options are literally the same, so everything that asks for a tf.function (``isinstance``, saved-model export, ``get_concrete_function``,
pickling) goes on working, and tracing either traces both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tfmodetrace.recorder.calls import calls as calls_module
from tfmodetrace.recorder.calls import functions, states
from tfmodetrace.recorder.tf import around, autograph, execution, function_objects
from tfmodetrace.recorder.traces import traces
from tfmodetrace.recorder.wrapping import recorders
from tfmodetrace.schema import words

_STATE: Final = states.STATE
_GRAPH: Final = int(words.Mode.GRAPH)
_XLA: Final = int(words.Mode.XLA)
_EAGER: Final = int(words.Mode.EAGER)
_enter: Final = calls_module.enter
_leave: Final = calls_module.leave
_eager_runs: Final = execution.EAGER_RUNS

_RECORDER: Final = "_modetrace_recorder"

_classes: dict[type, type] = {}


def wrap(function: Any, settings: functions.Settings, *, clone_of: Any = None) -> Any:
    """Returns the tf.function as one that records its calls and traces.

    Args:
        function: A tf.function.
        settings: What ``traced`` was told.
        clone_of: The tf.function that it is a clone of, which runs the same Python function, with a wrapper of TensorFlow's around it.
    """
    options = function_objects.tf_function_options(function)
    info = functions.FunctionInfo((clone_of or function).python_function, settings, kind="tf.function", options=options)
    if clone_of is None:
        info.made_here()
    else:
        info.made_at = clone_of._modetrace_info.made_at
    traced: Any = object.__new__(_traced_class(type(function)))
    traced.__dict__ = function.__dict__
    _adopt(traced, info)
    return traced


def _adopt(traced: Any, info: functions.FunctionInfo) -> None:
    traced._modetrace_info = info
    traced._modetrace_recorder = recorder(traced._modetrace_base_call, info)
    traces.register_owner(traced, info)


def recorder(base_call: Callable[..., Any], info: functions.FunctionInfo) -> Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]:
    """Returns what calls a tf.function with a tuple and a dict of arguments, and records that.

    Args:
        base_call: TensorFlow's own ``__call__`` of it.
        info: What is known of it.
    """
    mode = _XLA if info.options is not None and info.options.jit_compile else _GRAPH

    def call_and_count(function: Any, call: states.OpenCall, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
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

    def call_in_python(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        session = _STATE.session
        if session is None:
            return base_call(function, *args, **kwargs)
        call = _enter(session, info, args, kwargs, _EAGER if _eager_runs.RUN_FUNCTIONS_EAGERLY else mode)
        if call is None:
            return base_call(function, *args, **kwargs)
        if not call.calls.traces_hooked:
            return call_and_count(function, call, args, kwargs)
        calls = call.calls
        try:
            calls.innermost = call
            result = base_call(function, *args, **kwargs)
            _leave(call, None, 0, result)
        except BaseException as error:
            if call.is_open:
                _leave(call, error)
            raise
        return result

    return recorders.of_tf_function(base_call, info, mode, call_and_count) or call_in_python


_ORIGINAL: Final = "_modetrace_original"


def replacement(ours: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
    """Marks what stands for ``__call__`` in a tf.function's class while a whole program is recorded."""
    setattr(ours, _ORIGINAL, original)
    return ours


def unreplaced(call: Callable[..., Any]) -> Callable[..., Any]:
    """Returns TensorFlow's own ``__call__``, whatever stands for it at the moment."""
    original: Callable[..., Any] = getattr(call, _ORIGINAL, call)
    return original


def _rebuild(base: type, state: dict[str, Any], settings: functions.Settings) -> Any:
    function: Any = object.__new__(base)
    function.__setstate__(state)
    return wrap(function, settings)


def _traced_class(base: type) -> type:
    """Makes the recording subclass of a tf.function's class; one per class, since there is one such class per TensorFlow."""
    known = _classes.get(base)
    if known is not None:
        return known
    base_call = unreplaced(base.__call__)

    class TracedFunction(base):
        __doc__ = base.__doc__
        __slots__ = ("_modetrace_info", "_modetrace_recorder")

        _modetrace_base_call = staticmethod(base_call)

        __call__ = around.of_each(base_call, _RECORDER, lambda function: (None, getattr(function, _RECORDER)))

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            # TensorFlow makes the function of an instance's method with `type(original)(…)`; __get__ names it.
            super().__init__(*args, **kwargs)
            info = functions.FunctionInfo(self.python_function, kind="tf.function", options=function_objects.tf_function_options(self))
            info.made_here()
            _adopt(self, info)

        def __get__(self, instance: Any, owner: Any) -> Any:
            bound = super().__get__(instance, owner)
            if bound is not self and isinstance(bound, TracedFunction):
                bound._modetrace_info.take(self._modetrace_info.settings)
            return bound

        def __reduce__(self) -> Any:
            return _rebuild, (base, self.__getstate__(), self._modetrace_info.settings)

    base_clone: Any = getattr(base, function_objects.CLONE_METHOD, None)

    def clone(self: Any, python_function: Any) -> Any:
        # `strategy.run(f)` runs a clone of f, which calls f's Python function once for each replica.
        return wrap(base_clone(self, python_function), self._modetrace_info.settings, clone_of=self)

    if base_clone is not None:
        setattr(TracedFunction, function_objects.CLONE_METHOD, clone)
    setattr(TracedFunction, autograph.AUTOGRAPH_MARK, None)
    TracedFunction.__name__ = base.__name__
    TracedFunction.__qualname__ = base.__qualname__
    _classes[base] = TracedFunction
    return TracedFunction
