"""The hot path: a call begins, a call ends, one row is appended to its thread's rows.

Rows are packed bytes in a plain list: ``list.append`` is one uninterruptible step, so a row is whole or absent whatever interrupts it (a
signal, a ``__del__``, the writer thread taking rows from the front), and no lock is needed. The number of rows waiting is bounded; what
exceeds it is dropped and counted.
"""

from __future__ import annotations

import struct
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import tensorflow as tf

from tfmodetrace.record import signatures
from tfmodetrace.schema import words

if TYPE_CHECKING:
    from tfmodetrace.record import functions
    from tfmodetrace.record import session as session_module
    from tfmodetrace.record import traces as traces_module

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

MAX_WAITING_ROWS: Final = 1 << 16
"""Rows a thread may have waiting for the writer (about 6 MB); more are dropped and counted."""

WAKE_ROWS: Final = 1 << 12
"""The writer is woken when a thread has this many rows waiting."""

_MAX_DEPTH: Final = (1 << 16) - 1

_EAGER: Final = int(words.Mode.EAGER)
_TRACING: Final = int(words.Mode.TRACING)
_V1_GRAPH: Final = int(words.Mode.V1_GRAPH)
_RAISED: Final = int(words.CallFlag.RAISED)
_SIGNATURE_NOT_RECORDED: Final = int(words.CallFlag.SIGNATURE_NOT_RECORDED)

_pack = _ROW.pack
_now_ns = time.perf_counter_ns
_executing_eagerly = tf.executing_eagerly


class ThreadCalls:
    """What one thread has open and has not yet handed to the writer.

    Attributes:
        rows: Finished calls, packed; the owner appends, the writer takes from the front.
        current: The id of the innermost open call, -1 outside.
        current_info: The function of that call.
        current_signature: Its signature.
        depth: How many calls are open.
        caused_trace: The trace that the innermost open call has caused, else -1.
        trace_failed: Whether a trace that the innermost open call has caused failed.
        pending_traces: Traces of our functions whose bodies are running, outermost first.
        busy: True while code of ours runs on this thread that must not be recorded.
        dropped: Calls that were not kept because too many rows waited.
        recorded: Calls that were kept.
    """

    __slots__ = (
        "busy",
        "caused_trace",
        "current",
        "current_info",
        "current_signature",
        "depth",
        "dropped",
        "pending_traces",
        "recorded",
        "rows",
        "thread",
        "thread_id",
        "trace_failed",
    )

    def __init__(self, thread_id: int, thread: threading.Thread) -> None:
        self.thread_id = thread_id
        self.thread = weakref.ref(thread)
        self.rows: list[bytes] = []
        self.current = -1
        self.current_info: functions.FunctionInfo | None = None
        self.current_signature = -1
        self.depth = 0
        self.caused_trace = -1
        self.trace_failed = False
        self.pending_traces: list[traces_module.PendingTrace] = []
        self.busy = False
        self.dropped = 0
        self.recorded = 0

    def append(self, row: bytes, session: session_module.Session) -> None:
        """Keeps a finished call for the writer, or counts it as dropped."""
        rows = self.rows
        waiting = len(rows)
        if waiting >= MAX_WAITING_ROWS:
            self.dropped += 1
            return
        rows.append(row)
        if waiting == WAKE_ROWS:
            session.wake_writer()


class OpenCall(NamedTuple):
    """A call that has begun; what :func:`leave` needs to finish it."""

    session: session_module.Session
    calls: ThreadCalls
    call_id: int
    parent_id: int
    outer_id: int
    outer_info: functions.FunctionInfo | None
    outer_signature: int
    outer_trace: int
    outer_failed: bool
    info: functions.FunctionInfo
    signature_id: int
    mode: int
    flags: int
    depth: int
    start_ns: int


def symbolic_mode() -> int:
    """The mode of a Python body that runs while TensorFlow does not execute eagerly."""
    return _TRACING if tf.compat.v1.executing_eagerly_outside_functions() else _V1_GRAPH


def enter(
    session: session_module.Session,
    info: functions.FunctionInfo,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    mode: int = _EAGER,
    flags: int = 0,
    *,
    signed: bool = True,
) -> OpenCall | None:
    """Begins a call.

    Args:
        session: The session that records.
        info: The function that is called.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        mode: The mode if TensorFlow executes eagerly; while it does not, the mode is ``tracing`` or ``v1-graph`` whatever is passed.
        flags: Flags of the row.
        signed: Whether the call has arguments to describe (a region has none).

    Returns:
        What to pass to :func:`leave`, or None if the call is not recorded (we are inside code of our own, or something of ours failed).
    """
    calls = None
    try:
        try:
            calls = session.local.calls
        except AttributeError:
            calls = session.add_thread()
        if calls.busy:
            return None
        calls.busy = True
        if info.session is not session:
            session.register(info, args)
        if signed:
            if info.skip_first:
                args = args[1:]
            key = signatures.arguments_key(args, kwargs, literals=info.tells_literals_apart)
            signature_id = info.signature_ids.get(key)
            if signature_id is None:
                signature_id = session.intern_signature(info, key, args, kwargs)
            if signature_id < 0:
                flags |= _SIGNATURE_NOT_RECORDED
        else:
            signature_id = -1
        if not _executing_eagerly():
            mode = symbolic_mode()
        call_id = next(session.call_ids)
        depth = calls.depth
        outer = (calls.current, calls.current_info, calls.current_signature, calls.caused_trace, calls.trace_failed)
        calls.current = call_id
        calls.current_info = info
        calls.current_signature = signature_id
        calls.caused_trace = -1
        calls.trace_failed = False
        calls.depth = depth + 1
        if mode == _TRACING and calls.pending_traces:
            calls.pending_traces[-1].body_entered(info, call_id, signature_id)
        calls.busy = False
        return OpenCall(session, calls, call_id, outer[0], *outer, info, signature_id, mode, flags, depth, _now_ns())
    except Exception as error:
        if calls is not None:
            calls.busy = False
        session.fault("a call could not be recorded", error)
        return None


def leave(call: OpenCall, error: BaseException | None = None, end_ns: int | None = None) -> None:
    """Ends a call that :func:`enter` began.

    Args:
        call: What :func:`enter` returned.
        error: The exception that leaves the call, if one does.
        end_ns: When it ended (``time.perf_counter_ns()``); now, if not given.
    """
    end_ns = end_ns or _now_ns()
    (
        session,
        calls,
        call_id,
        parent_id,
        outer_id,
        outer_info,
        outer_signature,
        outer_trace,
        outer_failed,
        info,
        signature_id,
        mode,
        flags,
        depth,
        start_ns,
    ) = call
    try:
        caused_trace = calls.caused_trace
        if error is not None:
            flags |= _RAISED
            if calls.trace_failed:
                mode = _TRACING
        calls.current = outer_id
        calls.current_info = outer_info
        calls.current_signature = outer_signature
        calls.caused_trace = outer_trace
        calls.trace_failed = outer_failed
        calls.depth = depth
        if error is not None:
            calls.busy = True
            session.add_error(info, call_id, calls.thread_id, end_ns, mode, error)
            calls.busy = False
        calls.append(
            _pack(
                start_ns,
                end_ns - start_ns,
                call_id,
                parent_id,
                info.function_id,
                signature_id,
                caused_trace,
                depth if depth < _MAX_DEPTH else _MAX_DEPTH,
                mode,
                flags,
            ),
            session,
        )
    except Exception as fault:
        calls.busy = False
        calls.dropped += 1
        session.fault("a call could not be recorded", fault)


def suspend(call: OpenCall) -> None:
    """Steps out of a generator's or coroutine's call while it is suspended."""
    calls = call.calls
    if calls.current == call.call_id:
        calls.current = call.outer_id
        calls.current_info = call.outer_info
        calls.current_signature = call.outer_signature
        calls.depth = call.depth


def resume(call: OpenCall) -> OpenCall:
    """Steps back into a suspended call, which may be on another thread and under another call than before.

    Returns:
        The call as :func:`suspend` and :func:`leave` must see it now.
    """
    session = call.session
    try:
        calls: ThreadCalls = session.local.calls
    except AttributeError:
        calls = session.add_thread()
    resumed = call._replace(
        calls=calls,
        outer_id=calls.current,
        outer_info=calls.current_info,
        outer_signature=calls.current_signature,
        depth=calls.depth,
        outer_trace=calls.caused_trace,
        outer_failed=calls.trace_failed,
    )
    calls.current, calls.current_info, calls.current_signature = call.call_id, call.info, call.signature_id
    calls.depth += 1
    return resumed
