"""The hot path: a call begins, a call ends, one row is appended to its thread's rows.

Rows are packed bytes in a plain list: ``list.append`` is one uninterruptible step, so a row is whole or absent whatever interrupts it (a
signal, a ``__del__``, the writer thread taking rows from the front), and no lock is needed. The number of rows waiting is bounded; what
exceeds it is dropped and counted.

Where ``hot_path.c`` was compiled, it does the same for calls of known functions and signatures that nothing happens to; ``recorders.py`` is
its way in.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tfmodetrace.recorder.calls import functions, profile_events, signatures, states
from tfmodetrace.recorder.tf import execution, profiling
from tfmodetrace.schema import words

_ROW: Final = struct.Struct("<qqqqiiiHBB")

ROW_DTYPE: Final = np.dtype(
    [
        ("start_ns", "<i8"),
        ("duration_ns", "<i8"),
        ("call_id", "<i8"),
        ("parent_id", "<i8"),
        ("function_id", "<i4"),
        ("signature_id", "<i4"),
        ("trace_id", "<i4"),
        ("depth", "<u2"),
        ("mode", "u1"),
        ("flags", "u1"),
    ]
)
"""How a row is packed. ``start_ns`` is ``time.perf_counter_ns()`` here and becomes relative to the session's start in the file."""

MOST_RECORDED_DEPTH: Final = 400
"""Calls that may be open on a thread, one inside the other, so that one more is recorded: to record takes some of the stack."""

_MAX_DEPTH: Final = (1 << 16) - 1

_EAGER: Final = int(words.Mode.EAGER)
_TRACING: Final = int(words.Mode.TRACING)
_V1_GRAPH: Final = int(words.Mode.V1_GRAPH)
_SYMBOLIC: Final = words.SYMBOLIC_MODES
_SUSPENDABLE: Final = int(words.CallFlag.SUSPENDABLE)
_RAISED: Final = int(words.CallFlag.RAISED)
_SIGNATURE_NOT_RECORDED: Final = int(words.CallFlag.SIGNATURE_NOT_RECORDED)

_pack = _ROW.pack
_now_ns = time.perf_counter_ns
_OpenCall = states.OpenCall
_THREAD = states.THREAD
_new = _OpenCall.__new__
_executing_eagerly = tf.executing_eagerly
_graphs = execution.DEFAULT_GRAPHS
_modes = execution.EXECUTION_MODES
_trace_level = profiling.TRACE_LEVEL
_arguments_key = signatures.arguments_key
_tensors_key = signatures.tensors_key


def symbolic_mode() -> int:
    """The mode of a Python body that runs while TensorFlow does not execute eagerly."""
    return _TRACING if tf.compat.v1.executing_eagerly_outside_functions() else _V1_GRAPH


def enter(
    session: states.Recording,
    info: functions.FunctionInfo,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    mode: int = _EAGER,
    flags: int = 0,
    *,
    signed: bool = True,
    step: int | None = None,
    executes: bool = False,
) -> states.OpenCall | None:
    """Begins a call. Whoever calls this makes it the innermost one next, where he ends it whatever happens.

    Args:
        session: The session that records.
        info: The function that is called.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        mode: The mode if TensorFlow executes eagerly; while it does not, the mode is ``tracing`` or ``v1-graph`` whatever is passed.
        flags: Flags of the row.
        signed: Whether the call has arguments to describe (a region has none).
        step: Which step of training it is, if its function does not count them itself.
        executes: Whether it executes ops, in ``mode``, although TensorFlow does not execute eagerly, as ``Session.run`` does.

    Returns:
        What to pass to :func:`leave`, or None if the call is not recorded (we are inside code of our own, or something of ours failed).
    """
    calls = None
    try:
        try:
            calls = _THREAD.calls
        except AttributeError:
            calls = session.add_thread()
        if calls.session is not session:
            calls = session.add_thread()
        if calls.busy or calls.innermost.depth >= MOST_RECORDED_DEPTH:
            calls.dropped += 1
            return None
        calls.busy = True
        if info.session is not session:
            session.register(info, args)
        if signed:
            if info.skip_first:
                args = args[1:]
            if info.takes_tensors and not kwargs:
                try:
                    key = _tensors_key(args)
                except TypeError:
                    info.takes_tensors = False
                    key = _arguments_key(args, kwargs, info.tells_literals_apart)
            else:
                key = _arguments_key(args, kwargs, info.tells_literals_apart)
            signature_id = info.signature_ids.get(key)
            if signature_id is None:
                signature_id = session.definitions.intern_signature(info, key, args, kwargs)
            if signature_id < 0:
                flags |= _SIGNATURE_NOT_RECORDED
        else:
            signature_id = -1
        # Asking TensorFlow for its mode costs as much as half of all this; with no graph under construction, it is the default one.
        if not executes and (_graphs.stack or not _modes.default_execution_mode) and not _executing_eagerly():
            mode = symbolic_mode()
        call = _new(_OpenCall)
        call.calls = calls
        call.info = info
        call.is_open = True
        call.signature_id = signature_id
        call.mode = mode
        call.flags = flags
        call.caused_trace = -1
        call.trace_failed = False
        call.outer = outer = calls.innermost
        call.parent_id = outer.call_id
        call.depth = outer.depth + 1
        call.call_id = calls.next_call_id()
        if mode == _TRACING and calls.pending_traces:
            calls.pending_traces[-1].body_entered(call)
        sampler = info.sampler
        call.sample = None
        if sampler is not None and mode not in _SYMBOLIC and not flags & _SUSPENDABLE:
            call.sample = sampler.begin(calls, args, kwargs)
        calls.busy = False
        call.profiled = None
        if _trace_level.value >= 0 and not flags & _SUSPENDABLE:  # what can be suspended has an event for each of its stretches
            call.profiled = profile_events.begin(call, step)
        call.start_ns = _now_ns()
        return call
    except BaseException as error:
        not_begun(session, calls, error)
        return None


def not_begun(session: states.Recording, calls: states.ThreadCalls | None, error: BaseException) -> None:
    """Takes note of an exception that has kept a call from being recorded.

    Raises:
        BaseException: ``error``, if it is the program's.
    """
    if calls is not None:
        calls.busy = False
        calls.dropped += 1
    if not isinstance(error, Exception):  # the user's own: a signal handler has raised it
        raise error
    session.fault("a call could not be recorded", error)


def leave(call: states.OpenCall, error: BaseException | None = None, end_ns: int = 0, result: Any = None) -> None:
    """Ends a call that :func:`enter` began.

    Args:
        call: What :func:`enter` returned.
        error: The exception that leaves the call, if one does.
        end_ns: When it ended (``time.perf_counter_ns()``); now, if not given.
        result: What it returns.
    """
    end_ns = end_ns or _now_ns()
    call.is_open = False
    calls = call.calls
    try:
        if call.profiled is not None:
            profile_events.end(call)
        if calls.innermost is call:
            calls.innermost = call.outer
        else:
            calls.unlink(call)
        info = call.info
        if error is not None:
            call.flags |= _RAISED
            if call.trace_failed:
                call.mode = _TRACING
            calls.busy = True
            calls.session.errors.left_call(call, error, end_ns)
            calls.busy = False
        if call.sample is not None:
            calls.busy = True
            # It has begun the call, so it is there.
            memory_rows = info.sampler.end(call.sample, call.call_id, info.function_id, call.mode, result)  # type: ignore[union-attr]
            calls.busy = False
        rows = calls.rows
        waiting = len(rows)
        if waiting >= calls.most_rows and not calls.make_room():
            calls.drop(call, end_ns - call.start_ns)
            return
        start_ns = call.start_ns
        depth = call.depth
        rows.append(
            _pack(
                start_ns,
                end_ns - start_ns,
                call.call_id,
                call.parent_id,
                info.function_id,
                call.signature_id,
                call.caused_trace,
                depth if depth < _MAX_DEPTH else _MAX_DEPTH,
                call.mode,
                call.flags,
            )
        )
        if call.sample is not None:
            calls.memory_rows.extend(memory_rows)
        if call.caused_trace >= 0 and error is None:
            calls.session.traces.executed(call, result)
        if waiting == calls.wake_rows:
            calls.session.wake_writer()
    except BaseException as fault:
        calls.busy = False
        calls.dropped += 1
        if not isinstance(fault, Exception):
            raise
        calls.session.fault("a call could not be recorded", fault)


def enter_innermost(
    session: states.Recording, info: functions.FunctionInfo, args: tuple[Any, ...], kwargs: dict[str, Any], mode: int = _EAGER, **more: Any
) -> states.OpenCall | None:
    """Begins a call as :func:`enter` does, and makes it the innermost one. For whoever ends it by :func:`leave_with`."""
    call = enter(session, info, args, kwargs, mode, **more)
    if call is not None:
        call.calls.innermost = call
    return call


def leave_with(call: states.OpenCall, error: BaseException | None = None, result: Any = None, /) -> None:
    """Ends a call; see ``around.End``."""
    leave(call, error, 0, result)


def call_inside(call: states.OpenCall, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Calls what an open call is of, and ends the open call with that, however it ends.

    The recorders of functions, which may be called a million times, do the same in their own frames.
    """
    try:
        call.calls.innermost = call
        result = function(*args, **kwargs)
        leave(call, None, 0, result)
    except BaseException as error:
        if call.is_open:
            leave(call, error)
        raise
    return result


def suspend(call: states.OpenCall | None) -> None:
    """Steps out of a generator's or coroutine's call, if it is recorded, while it is suspended."""
    if call is None:
        return
    calls = call.calls
    try:
        if call.profiled is not None:
            profile_events.end(call)
        if calls.innermost is call:
            calls.innermost = call.outer
        else:
            calls.unlink(call)
    except Exception as error:
        calls.session.fault("a generator's call could not be suspended", error)


def resume(call: states.OpenCall | None) -> None:
    """Steps back into a suspended call, if it is recorded; it may be on another thread and under another call than before."""
    if call is None:
        return
    try:
        call.calls = calls = call.calls.session.thread_calls()
        call.outer = calls.innermost
        call.depth = call.outer.depth + 1
        calls.innermost = call
        if _trace_level.value >= 0:
            call.profiled = profile_events.begin(call)
    except Exception as error:
        call.calls.session.fault("a generator's call could not be resumed", error)
