"""What ``@traced`` puts around Python functions: plain, generator, coroutine, asynchronous generator.

Two things make these wrappers invisible to TensorFlow. AutoGraph must neither convert the wrapper nor forget to convert what it wraps, so
the wrapper's code says it comes from ``<string>`` (AutoGraph leaves such code alone, however it reaches it), and when AutoGraph is the
caller, the wrapped function is handed back to it with the very options of that call. And ``__wrapped__`` leads to the user's function, so
that signatures, sources and tf.function's argument binding see what they saw before.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, Final

from tfmodetrace.recorder.calls import calls as calls_module
from tfmodetrace.recorder.calls import functions, states
from tfmodetrace.recorder.tf import around, autograph
from tfmodetrace.recorder.traces import traces
from tfmodetrace.recorder.wrapping import recorders
from tfmodetrace.schema import words

_STATE: Final = states.STATE
_SUSPENDABLE: Final = int(words.CallFlag.SUSPENDABLE)
_enter: Final = calls_module.enter
_leave: Final = calls_module.leave
_suspend: Final = calls_module.suspend
_resume: Final = calls_module.resume
_frame: Final = sys._getframe
_UNCONVERTED: Final = autograph.UNCONVERTED_CALL_CODE
_METHOD_TARGET: Final = autograph.METHOD_TARGET_CALL_CODE


def wrap(function: Callable[..., Any], info: functions.FunctionInfo) -> Callable[..., Any]:
    """Returns a function that does what ``function`` does and records it."""
    maker = {"generator": _generator, "coroutine": _coroutine, "async-generator": _async_generator}.get(info.kind, _plain)
    wrapper = maker(function, info)
    functools.update_wrapper(wrapper, function)
    setattr(wrapper, traces.INFO_ATTRIBUTE, info)
    return wrapper


def _plain(function: Callable[..., Any], info: functions.FunctionInfo) -> Callable[..., Any]:
    recorder = recorders.of_function(function, info)
    record = _recorder_in_python(function, info)

    def modetrace_call(*args: Any, **kwargs: Any) -> Any:
        return record(args, kwargs)

    wrapper = autograph.as_dynamic_code(modetrace_call)
    # Of these a class makes static and class methods itself, if they are functions to Python's core.
    if recorder is None or getattr(function, "__name__", "") in _IMPLICITLY_STATIC:
        return wrapper
    return around.frameless(wrapper, recorder)


_IMPLICITLY_STATIC: Final = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})


def _recorder_in_python(function: Callable[..., Any], info: functions.FunctionInfo) -> Callable[[tuple[Any, ...], dict[str, Any]], Any]:
    def record(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        session = _STATE.session
        try:
            caller = _frame(2)
        except ValueError:  # no Python code has called us, as when the interpreter shuts down
            return function(*args, **kwargs)
        code = caller.f_code
        options = autograph.options_of(caller) if code is _UNCONVERTED or code is _METHOD_TARGET else None
        del caller
        call = None if session is None else _enter(session, info, args, kwargs)
        if call is None:
            return function(*args, **kwargs) if options is None else autograph.call_with_options(function, args, kwargs, options)
        calls = call.calls
        try:
            calls.innermost = call
            result = function(*args, **kwargs) if options is None else autograph.call_with_options(function, args, kwargs, options)
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

    return autograph.as_dynamic_code(modetrace_generator)


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

    return autograph.as_dynamic_code(modetrace_coroutine)


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

    return autograph.as_dynamic_code(modetrace_async_generator)


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
