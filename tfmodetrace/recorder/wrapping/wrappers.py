"""What ``@traced`` puts around Python functions: plain, generator, coroutine, asynchronous generator.

Two things make these wrappers invisible to TensorFlow. AutoGraph must neither convert the wrapper nor forget to convert what it wraps, so
the wrapper's code says it comes from ``<string>`` (AutoGraph leaves such code alone, however it reaches it), and when AutoGraph is the
caller, the wrapped function is handed back to it with the very options of that call. And ``__wrapped__`` leads to the user's function, so
that signatures, sources and tf.function's argument binding see what they saw before.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, Final

from tfmodetrace.recorder.calls import calls as calls_module
from tfmodetrace.recorder.calls import functions, states
from tfmodetrace.recorder.tf import autograph
from tfmodetrace.recorder.traces import traces
from tfmodetrace.recorder.wrapping import recorders
from tfmodetrace.schema import words

_STATE: Final = states.STATE
_SUSPENDABLE: Final = int(words.CallFlag.SUSPENDABLE)
_enter: Final = calls_module.enter
_leave: Final = calls_module.leave
_suspend: Final = calls_module.suspend
_resume: Final = calls_module.resume
_call_from_autograph: Final = recorders.call_from_autograph
_frame: Final = sys._getframe
_UNCONVERTED: Final = autograph.UNCONVERTED_CALL_CODE
_METHOD_TARGET: Final = autograph.METHOD_TARGET_CALL_CODE

_dynamic_codes: dict[types.CodeType, types.CodeType] = {}


def wrap(function: Callable[..., Any], info: functions.FunctionInfo) -> Callable[..., Any]:
    """Returns a function that does what ``function`` does and records it."""
    maker = {"generator": _generator, "coroutine": _coroutine, "async-generator": _async_generator}.get(info.kind, _plain)
    wrapper = maker(function, info)
    functools.update_wrapper(wrapper, function)
    setattr(wrapper, traces.INFO_ATTRIBUTE, info)
    return wrapper


def as_dynamic_code(wrapper: types.FunctionType) -> types.FunctionType:
    """Makes AutoGraph leave a wrapper alone."""
    code = wrapper.__code__
    dynamic = _dynamic_codes.get(code)
    if dynamic is None:
        dynamic = _dynamic_codes[code] = code.replace(co_filename=autograph.DYNAMIC_CODE_FILENAME)
    wrapper.__code__ = dynamic
    return wrapper


def _plain(function: Callable[..., Any], info: functions.FunctionInfo) -> Callable[..., Any]:
    recorder = recorders.of_function(function, info)
    if recorder is None:
        return _plain_in_python(function, info)

    def modetrace_call(*args: Any, **kwargs: Any) -> Any:
        return recorder(args, kwargs)

    return as_dynamic_code(modetrace_call)  # type: ignore[arg-type]


def _plain_in_python(function: Callable[..., Any], info: functions.FunctionInfo) -> Callable[..., Any]:
    record = _recorder_in_python(function, info)

    def modetrace_call(*args: Any, **kwargs: Any) -> Any:
        return record(args, kwargs)

    return as_dynamic_code(modetrace_call)  # type: ignore[arg-type]


def recorder(function: Callable[..., Any], info: functions.FunctionInfo) -> Callable[[tuple[Any, ...], dict[str, Any]], Any]:
    """Returns what calls a function with a tuple and a dict of arguments, and records that.

    Whoever calls it must be a wrapper, since the caller's caller is taken for the function's.
    """
    return recorders.of_function(function, info) or _recorder_in_python(function, info)


def _recorder_in_python(function: Callable[..., Any], info: functions.FunctionInfo) -> Callable[[tuple[Any, ...], dict[str, Any]], Any]:
    def record(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        session = _STATE.session
        try:
            caller = _frame(2).f_code
        except ValueError:  # no Python code has called us, as when the interpreter shuts down
            return function(*args, **kwargs)
        if caller is _UNCONVERTED or caller is _METHOD_TARGET:
            return _call_from_autograph(function, info, args, kwargs, _frame(2))
        if session is None:
            return function(*args, **kwargs)
        call = _enter(session, info, args, kwargs)
        if call is None:
            return function(*args, **kwargs)
        calls = call.calls
        try:
            calls.innermost = call
            result = function(*args, **kwargs)
            _leave(call, None, 0, result)
        except BaseException as error:
            if call.is_open:
                _leave(call, error)
            raise
        return result

    return record


def _generator(function: Callable[..., Any], info: functions.FunctionInfo) -> Callable[..., Any]:
    def modetrace_generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        return (yield from _steps(function(*args, **kwargs), info, args, kwargs))

    return as_dynamic_code(modetrace_generator)  # type: ignore[arg-type]


class _Awaitable:
    """Awaits a coroutine step by step."""

    __slots__ = ("_steps",)

    def __init__(self, steps: Generator[Any, Any, Any]) -> None:
        self._steps = steps

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._steps


def _coroutine(function: Callable[..., Any], info: functions.FunctionInfo) -> Callable[..., Any]:
    async def modetrace_coroutine(*args: Any, **kwargs: Any) -> Any:
        return await _Awaitable(_steps(function(*args, **kwargs), info, args, kwargs))

    return as_dynamic_code(modetrace_coroutine)  # type: ignore[arg-type]


def _async_generator(function: Callable[..., Any], info: functions.FunctionInfo) -> Callable[..., Any]:
    async def modetrace_async_generator(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        generator = function(*args, **kwargs)
        call = _begin_suspendable(info, args, kwargs)
        error: BaseException | None = None
        sent: Any = None
        step = generator.asend
        try:
            while True:
                try:
                    value = await _Awaitable(_drive(step(sent), call))
                except StopAsyncIteration:
                    return
                try:
                    sent = yield value
                    step = generator.asend
                except GeneratorExit:
                    await generator.aclose()
                    raise
                except BaseException as thrown:
                    sent, step = thrown, generator.athrow
        except GeneratorExit:
            raise
        except BaseException as raised:
            error = raised
            raise
        finally:
            _end_suspendable(call, error)

    return as_dynamic_code(modetrace_async_generator)  # type: ignore[arg-type]


def _begin_suspendable(info: functions.FunctionInfo, args: tuple[Any, ...], kwargs: dict[str, Any]) -> states.OpenCall | None:
    session = _STATE.session
    return None if session is None else _enter(session, info, args, kwargs, flags=_SUSPENDABLE)


def _end_suspendable(call: states.OpenCall | None, error: BaseException | None) -> None:
    if call is not None:
        _resume(call)
        _leave(call, error)


def _steps(inner: Any, info: functions.FunctionInfo, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Generator[Any, Any, Any]:
    """Runs a generator or coroutine as ``yield from`` would, as one recorded call from its first step to its end."""
    call = _begin_suspendable(info, args, kwargs)
    error: BaseException | None = None
    try:
        return (yield from _drive(inner, call))
    except GeneratorExit:
        raise  # closed before its end: an ordinary way to leave a generator
    except BaseException as raised:
        error = raised
        raise
    finally:
        _end_suspendable(call, error)


def _drive(inner: Any, call: states.OpenCall | None) -> Generator[Any, Any, Any]:
    """``yield from inner`` (PEP 380), stepping into the call at every resumption and out of it at every suspension."""
    step, argument = inner.send, None
    while True:
        _resume(call)
        try:
            value = step(argument)
        except StopIteration as stop:
            return stop.value
        finally:
            _suspend(call)
        try:
            argument = yield value
            step = inner.send
        except GeneratorExit:
            inner.close()
            raise
        except BaseException as thrown:
            step, argument = inner.throw, thrown
