"""Sessions: starting, stopping, and the only global of the package.

One session a process: it owns the threads' rows, the tables of functions, signatures, traces and errors, and the writer.
"""

from __future__ import annotations

import importlib.metadata
import itertools
import json
import logging
import os
import platform
import socket
import threading
import time
import traceback
import uuid
from collections.abc import Iterable
from typing import Any, Final

import tensorflow as tf

from tfmodetrace import errors as public_errors
from tfmodetrace import version
from tfmodetrace.record import calls as calls_module
from tfmodetrace.record import errors, functions, signatures, traces, writer
from tfmodetrace.schema import events_pb2, keys

_logger: Final = logging.getLogger("tfmodetrace")

MAX_LITERAL_SIGNATURES: Final = 256
"""Signatures of one function after which Python values are no longer told apart, only their types."""

MAX_SIGNATURE_KEYS: Final = 1 << 15
"""Keys of signatures that are remembered at most, all functions together (about 30 MB); a call with a further one has no signature."""


class Session:
    """One recording.

    Args:
        logdir: Where to write; see :class:`writer.EventFile`.
        flush_secs: Seconds after which at the latest everything recorded is in the file.

    Raises:
        RecordingError: If nothing can be written there.

    Attributes:
        next_call_id: Gives each call its number.
        anchor_ns: ``time.perf_counter_ns()`` at the session's start; times in the file count from it.
        faults: Exceptions of our own that were caught.
        trace_count: Traces so far.
        path: The event file.
        traces: What turns traces into records.
    """

    def __init__(self, logdir: str, *, flush_secs: float) -> None:
        self.logdir = logdir
        self.next_call_id = itertools.count().__next__
        self.faults = 0
        self.recorded_calls = 0
        self.trace_count = 0
        self.session_id = uuid.uuid4().hex
        self._dropped_by_ended_threads = 0
        self._abandoned = False
        # Re-entrant: while one of these tables is filled, a garbage collection may run somebody's __del__, which may call a traced
        # function.
        self._lock = threading.RLock()
        self._threads: list[calls_module.ThreadCalls] = []
        self._thread_ids = itertools.count()
        self._function_ids = itertools.count()
        self._signature_ids = itertools.count()
        self._signature_keys = 0
        self._error_ids = itertools.count()
        self._definitions: dict[tuple[str, int, str], tuple[int, int]] = {}
        self._waiting: dict[str, list[Any]] = {"threads": [], "functions": [], "signatures": [], "traces": [], "errors": []}
        self.traces = traces.TraceRecorder(self)
        self.anchor_ns = time.perf_counter_ns()
        start_unix_ns = time.time_ns()
        try:
            file = writer.EventFile(logdir)
            self.path = file.path
            self._writer = writer.Writer(self, file, flush_secs)
            self._writer.start(_session_start(self.session_id, start_unix_ns))
        except (OSError, tf.errors.OpError) as error:
            raise public_errors.RecordingError(
                f"Nothing can be recorded into {logdir!r}: {_sentence(error)} Pass a directory that can be written."
            ) from error
        self.traces.hook.install()

    # --- From the hot path's slow turns ---------------------------------------------------------------------------------------------

    def add_thread(self) -> calls_module.ThreadCalls:
        """Makes the calling thread known."""
        thread = threading.current_thread()
        calls = calls_module.ThreadCalls(self, next(self._thread_ids), thread)
        with self._lock:
            self._threads.append(calls)
            self._share_rows()
            self._waiting["threads"].append(
                events_pb2.Thread(thread_id=calls.thread_id, name=thread.name, native_id=getattr(thread, "native_id", 0) or 0)
            )
        calls_module.THREAD.calls = calls
        return calls

    def _share_rows(self) -> None:
        for calls in self._threads:
            calls.share(len(self._threads))

    def silence_thread(self) -> None:
        """Keeps whatever the calling thread calls out of the recording: it is a thread of ours."""
        calls = calls_module.ThreadCalls(self, -1, threading.current_thread())
        calls.busy = True
        calls_module.THREAD.calls = calls

    def thread_calls(self) -> calls_module.ThreadCalls:
        """Returns the calling thread's calls."""
        calls: calls_module.ThreadCalls | None = getattr(calls_module.THREAD, "calls", None)
        return calls if calls is not None and calls.session is self else self.add_thread()

    def register(self, info: functions.FunctionInfo, args: tuple[Any, ...]) -> None:
        """Gives a function its number in this session, at its first call."""
        with self._lock:
            if info.session is self:
                return
            info.learn_from_first_call(args)
            info.signature_ids = {}
            info.signature_nodes = {}
            info.takes_tensors = True
            info.tells_literals_apart = True
            info.traces = 0
            info.function_id = next(self._function_ids)
            place = (info.file, info.line, info.qualname)
            definition_id, instance = self._definitions.get(place, (len(self._definitions), 0))
            self._definitions[place] = (definition_id, instance + 1)
            self._waiting["functions"].append(info.to_proto(definition_id=definition_id, instance=instance))
            info.session = self

    def intern_signature(self, info: functions.FunctionInfo, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
        """Finds or makes the number of a signature whose key was not met before; -1 when there are too many."""
        if self._signature_keys >= MAX_SIGNATURE_KEYS:
            return -1
        literals = info.tells_literals_apart
        node = events_pb2.Node()
        keys.to_proto(signatures.arguments_node(info.parameters, args, kwargs, literals=literals), node)
        canonical = node.SerializeToString(deterministic=True)
        with self._lock:
            signature_id = info.signature_nodes.get(canonical)
            if signature_id is None:
                signature_id = next(self._signature_ids)
                info.signature_nodes[canonical] = signature_id
                message = events_pb2.Signature(signature_id=signature_id, function_id=info.function_id)
                message.arguments.CopyFrom(node)
                self._waiting["signatures"].append(message)
                if len(info.signature_nodes) >= MAX_LITERAL_SIGNATURES:
                    info.tells_literals_apart = False
            self._signature_keys += 1
            info.signature_ids[key] = signature_id
        return signature_id

    def add_trace(self, info: functions.FunctionInfo, trace: events_pb2.Trace, *, known_ordinal: int | None) -> None:
        """Numbers a finished trace and keeps it for the writer."""
        trace.start_ns -= self.anchor_ns
        with self._lock:
            info.traces += 1
            trace.ordinal = known_ordinal or info.traces
            trace.trace_id = self.trace_count
            self.trace_count += 1
            self._waiting["traces"].append(trace)

    def add_error(self, info: functions.FunctionInfo, call_id: int, thread_id: int, time_ns: int, mode: int, error: BaseException) -> None:
        """Keeps an exception that left a call."""
        kind, message = errors.describe(error)
        with self._lock:
            self._waiting["errors"].append(
                events_pb2.Error(
                    error_id=next(self._error_ids),
                    function_id=info.function_id,
                    call_id=call_id,
                    thread_id=thread_id,
                    time_ns=time_ns - self.anchor_ns,
                    mode=mode,
                    type=kind,
                    message=message,
                )
            )

    def wake_writer(self) -> None:
        """Asks the writer not to wait until the next flush."""
        self._writer.wake()

    def flush(self) -> None:
        """Returns once everything recorded so far can be read from the file."""
        self._writer.flush()

    def fault(self, what: str, error: BaseException) -> None:
        """Counts an exception of our own and, the first time, logs it. Nothing of ours reaches the user's code."""
        self.faults += 1
        if self.faults == 1:
            try:
                _logger.warning(
                    "tfmodetrace: %s: %s: %s. Your program is not affected; the report counts this as an internal fault.\n%s",
                    what,
                    type(error).__name__,
                    error,
                    "".join(traceback.format_exception(error)),
                )
            except Exception:  # a logging handler of the user's may do anything
                return

    # --- From the writer ----------------------------------------------------------------------------------------------------------------

    def take_rows(self) -> list[tuple[int, list[bytes]]]:
        """Takes every finished call that waits: (thread id, packed rows) a thread. Forgets threads that have ended."""
        with self._lock:
            threads = tuple(self._threads)
        taken = []
        for calls in threads:
            thread = calls.thread()
            ended = thread is None or not thread.is_alive()
            rows = calls.rows[:]
            if rows:
                del calls.rows[: len(rows)]
                self.recorded_calls += len(rows)
                taken.append((calls.thread_id, rows))
            if ended and not calls.rows:
                with self._lock:
                    self._threads.remove(calls)
                    self._share_rows()
                    self._dropped_by_ended_threads += calls.dropped
        return taken

    def take_definitions(self, chunk: events_pb2.Chunk) -> None:
        """Moves every waiting function, signature, trace, error and thread into a chunk."""
        with self._lock:
            for name, waiting in self._waiting.items():
                getattr(chunk, name).extend(waiting)
                waiting.clear()

    def dropped_calls(self) -> int:
        """Calls that were not kept so far."""
        with self._lock:
            return self._dropped_by_ended_threads + sum(calls.dropped for calls in self._threads)

    def abandon(self) -> None:
        """Ends the recording because nothing can be written any more."""
        self._abandoned = True
        self.traces.hook.remove()
        if STATE.session is self:
            STATE.session = None

    # --- Ending ---------------------------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Writes what is left and ends the session."""
        self.traces.hook.remove()
        self._writer.stop()

    def forget_in_child(self) -> None:
        """After a fork: the child has no writer thread, and the file is the parent's."""
        self.traces.hook.remove()


class _State:
    """What must be global: the session, read by every wrapper at every call."""

    __slots__ = ("from_environment", "session")

    def __init__(self) -> None:
        self.session: Session | None = None
        self.from_environment = False


STATE: Final = _State()
_start_lock: Final = threading.RLock()


def start(logdir: str, *, flush_secs: float) -> Session:
    """Starts the process's session.

    Raises:
        SessionActiveError: If there is one already.
        RecordingError: If nothing can be written into ``logdir``.
    """
    with _start_lock:
        if STATE.session is not None:
            raise public_errors.SessionActiveError(
                f"tfmodetrace is already recording into {STATE.session.logdir!r}, and a process records one session at a time. "
                "End it first: leave its `with tfmodetrace.record(...)` block or call tfmodetrace.stop()."
            )
        STATE.session = Session(logdir, flush_secs=flush_secs)
        return STATE.session


def stop(session: Session | None = None) -> bool:
    """Ends a session; ``session`` if given, else the active one. Returns whether there was one to end."""
    with _start_lock:
        ending = STATE.session if session is None else session
        if ending is None:
            return False
        if STATE.session is ending:
            STATE.session = None
    try:
        ending.close()
    except Exception as error:
        ending.fault("the session could not be ended properly", error)
    return True


def start_from_environment() -> None:
    """Starts the session that ``TFMODETRACE_LOGDIR`` asks for, once a process; a failure is logged, never raised."""
    if STATE.from_environment:
        return
    logdir = os.environ.get("TFMODETRACE_LOGDIR")
    if not logdir or STATE.session is not None:
        return
    STATE.from_environment = True
    try:
        start(logdir, flush_secs=2.0)
    except Exception as error:
        _logger.error("tfmodetrace: TFMODETRACE_LOGDIR=%s asks for a recording, but %s", logdir, error)


def _stop_at_exit() -> None:
    stop()


def _forget_in_child() -> None:
    session, STATE.session = STATE.session, None
    if session is not None:
        session.forget_in_child()


def _session_start(session_id: str, start_unix_ns: int) -> events_pb2.SessionStart:
    return events_pb2.SessionStart(
        session_id=session_id,
        host=socket.gethostname(),
        pid=os.getpid(),
        worker=_worker(),
        start_unix_ns=start_unix_ns,
        versions=dict(_versions(("keras", "numpy"))),
    )


def _versions(packages: Iterable[str]) -> Iterable[tuple[str, str]]:
    yield "tensorflow", tf.__version__
    yield "python", platform.python_version()
    yield "tfmodetrace", version.VERSION
    for package in packages:
        try:
            yield package, importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue


def _worker() -> str:
    """The task of this process in a cluster, as ``worker:1``; empty outside one."""
    try:
        task = json.loads(os.environ.get("TF_CONFIG", "")).get("task", {})
        return f"{task['type']}:{task['index']}"
    except (ValueError, KeyError, AttributeError, TypeError):
        return ""


def _sentence(error: BaseException) -> str:
    text = " ".join(str(getattr(error, "message", "") or error).split())
    return text if text.endswith(".") else f"{text}."


def _install_process_hooks() -> None:
    import atexit

    atexit.register(_stop_at_exit)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_forget_in_child)


_install_process_hooks()
