"""Sessions: starting, stopping, and the only global of the package.

One session a process: it owns the threads' rows, the tables of functions, signatures, traces and errors, and the writer.

A forked child has a session of its own, which begins with the first call that it records and writes a file of its own: the parent's rows,
locks and file are the parent's. It ends with the child, or with the parent's session, whichever comes first.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import mmap
import multiprocessing
import os
import queue
import sys
import threading
import time
import traceback
import uuid
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import tensorflow as tf

from tfmodetrace import errors as public_errors
from tfmodetrace.recorder.calls import call_devices, functions, memory, native, profiler, sampling
from tfmodetrace.recorder.calls import calls as calls_module
from tfmodetrace.recorder.errors import errors
from tfmodetrace.recorder.session import definitions, process_facts, record_files, writer
from tfmodetrace.recorder.support import interrupts
from tfmodetrace.recorder.tf import tf_internals
from tfmodetrace.recorder.traces import traces
from tfmodetrace.schema import events_pb2

_logger: Final = logging.getLogger("tfmodetrace")

_UNSURE_AT_ONCE: Final = 1024


class Instrument(Protocol):
    """Something that sees the program for a session, beside the traced functions.

    Attributes:
        session: The session; in a forked child, the child's takes its place.
    """

    session: Session

    def install(self) -> None:
        """Sees the program from now on."""

    def remove(self) -> None:
        """Puts back what it has replaced; may be called again."""


MakeInstrument = Callable[["Session"], Instrument]
Explain = Callable[[events_pb2.Error, events_pb2.Function], str | None]


class Session:
    """One recording.

    Args:
        logdir: Where to write; see :class:`writer.EventFile`.
        flush_secs: Seconds after which at the latest everything recorded is in the file.
        memory_mode: How the calls' device memory is sampled: ``off``, ``delta`` or ``peak``.
        profiling: Whether TensorFlow's profiler runs, too: True, or with which ``ProfilerOptions``.
        instruments: Make what else sees the program.
        explain: Makes the note that is added to an exception that leaves a call; None if none is wanted.
        parent: In a forked child, the session that was active at the fork.

    Raises:
        RecordingError: If nothing can be written there. With a parent nothing is written yet.

    Attributes:
        next_call_id: Gives each call its number.
        anchor_ns: ``time.perf_counter_ns()`` at the session's start; times in the file count from it.
        faults: Exceptions of our own that were caught.
        definitions: What is numbered and waits to be written: threads, functions, signatures, graphs, traces, errors.
        traces: What turns traces into records.
        errors: What describes the exceptions that leave calls.
        instruments: What else sees the program.
        directory: ``logdir``, absolute as far as it is the operating system's.
        inherited: Whether this is a forked child's, begun without being asked for.
        ended: Whether nothing is recorded any more.
        successor: In a forked child, what goes on instead of its parent's session.
    """

    def __init__(
        self,
        logdir: str,
        *,
        flush_secs: float,
        memory_mode: str = "off",
        profiling: Any = False,
        instruments: Sequence[MakeInstrument] = (),
        explain: Explain | None = None,
        parent: Session | None = None,
    ) -> None:
        self.logdir = logdir
        self.memory_mode = memory_mode
        self._profiling = bool(profiling)
        self._profiler: profiler.SessionProfiler | None = None
        self._device_memory = memory.DeviceMemory()
        self._devices_told = 0
        self._logical_devices: tuple[str, ...] | None = None
        self._logical_devices_told = False
        self._call_devices = call_devices.CallDevices()
        # Functions that were called before TensorFlow had set up its devices. No WeakSet: it runs Python code when one of them dies, and
        # an exception that a signal handler raises just then would be lost.
        self._unsure: list[weakref.ref[functions.FunctionInfo]] = []
        self.inherited = parent is not None
        self.ended = False
        self.successor: Session | None = None
        self._flush_secs = flush_secs
        self.next_call_id = native.call_numbers()
        self.faults = 0
        self.recorded_calls = 0
        self.session_id = uuid.uuid4().hex
        self._dropped_elsewhere = 0
        self._fault_texts: queue.SimpleQueue[str] = queue.SimpleQueue()
        # Re-entrant: while one of these tables is filled, a garbage collection may run somebody's __del__, which may call a traced
        # function.
        self._lock = threading.RLock()
        self._threads: list[calls_module.ThreadCalls] = []
        self._thread_ids = itertools.count()
        self.traces = traces.TraceRecorder(self)
        self._explain = explain
        self.errors = errors.ErrorRecorder(self, explain)
        self.instruments = [make(self) for make in instruments]
        self.anchor_ns = time.perf_counter_ns()
        self.definitions = definitions.Definitions(self.anchor_ns)
        self._start_unix_ns = time.time_ns()
        self._writer = writer.Writer(self, flush_secs)
        if parent is None:
            try:
                self.directory = os.path.abspath(logdir) if record_files.is_local(logdir) else logdir
                # Of the whole family of forked processes: one byte that says whether the first of them has ended its session.
                self._over: mmap.mmap = mmap.mmap(-1, 1)
                self._begin()
            except (OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
                interrupts.let_pass(error)
                raise public_errors.RecordingError(
                    f"Nothing can be recorded into {logdir!r}: {writer.sentence(error)} Pass a directory that can be written."
                ) from error
        else:
            self.directory, self._over = parent.directory, parent._over
        try:
            self.traces.install()
        except Exception as error:
            self.fault("traces cannot be seen", error)
        if parent is None:
            for instrument in self.instruments:
                try:
                    instrument.install()
                except Exception as error:
                    self.fault(f"{type(instrument).__name__} cannot see the program", error)
        else:
            self.instruments = parent.instruments
            for instrument in self.instruments:
                instrument.session = self
        if profiling:
            try:
                self._profiler = profiler.SessionProfiler(self.directory, None if profiling is True else profiling, self.warn)
                self._profiler.start()
            except Exception as error:
                self.fault("TensorFlow's profiler could not be started", error)

    @property
    def path(self) -> str:
        """The event file; empty as long as there is none."""
        return self._writer.path

    def _begin(self) -> None:
        _unfinished.add(self)
        try:
            if self.inherited:
                self._writer.start_unopened()
            else:
                self._writer.start()
        except BaseException:
            _unfinished.discard(self)
            raise
        _end_with_process()

    def _begin_in_child(self) -> None:
        with self._lock:
            if self._writer.started or self.ended:
                return
            if self.is_over():
                self.retire()
                return
            try:
                self._begin()
            except BaseException:
                self.retire()
                raise

    # --- From the hot path's slow turns ---------------------------------------------------------------------------------------------

    def add_thread(self) -> calls_module.ThreadCalls:
        """Makes the calling thread known."""
        if self.inherited and not self._writer.started:
            self._begin_in_child()
        thread = threading.current_thread()
        calls = calls_module.ThreadCalls(self, next(self._thread_ids), thread)
        with self._lock:
            self._threads.append(calls)
            self._share_rows()
            self.definitions.add_thread(calls.thread_id, thread)
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
            info.let_go()
            info.signature_ids = {}
            info.signature_nodes = {}
            self._learn_devices()
            info.sampler = self._sampler(info)
            if self._logical_devices is None:
                if len(self._unsure) % _UNSURE_AT_ONCE == 0:
                    self._unsure = [reference for reference in self._unsure if reference() is not None]
                self._unsure.append(weakref.ref(info))
            info.takes_tensors = True
            info.tells_literals_apart = True
            info.profiler_prefix = None
            info.traces = 0
            self.definitions.add_function(info)
            info.session = self

    def _sampler(self, info: functions.FunctionInfo) -> sampling.Sampler | None:
        mode = info.memory or self.memory_mode
        # In a forked child TensorFlow's allocators may be locked by threads that are no more.
        sampler = None if mode == "off" or self.inherited else memory.Sampler(self._device_memory, peak=mode == "peak")
        several = self._logical_devices is not None and len(self._logical_devices) > 1
        return sampling.DeviceSampler(self._call_devices, sampler) if several else sampler

    def _learn_devices(self) -> None:
        """Finds out how many devices there are, once TensorFlow has set them up; only of several there is something to count."""
        if self._logical_devices is None:
            self._logical_devices = tf_internals.logical_devices() or None
            if self._logical_devices is not None:
                for reference in self._unsure:
                    info = reference()
                    if info is not None and info.session is self:
                        info.sampler = self._sampler(info)
                self._unsure.clear()

    def wake_writer(self) -> None:
        """Asks the writer not to wait until the next flush."""
        self._writer.wake()

    def flush(self) -> None:
        """Returns once everything recorded so far can be read from the file."""
        self._writer.flush()

    def fault(self, what: str, error: BaseException) -> None:
        """Counts an exception of our own; the first is logged. Nothing of ours reaches the user's code.

        The writer logs it: the user's logging handlers may wait for a lock that the calling thread holds.

        Raises:
            BaseException: ``error`` itself, if it is not ours but the program's.
        """
        interrupts.let_pass(error)
        self.faults += 1
        if self.faults == 1:
            try:
                self._fault_texts.put(
                    f"{what}: {type(error).__name__}: {error}. Your program is not affected; the report counts this as an internal fault.\n"
                    + "".join(traceback.format_exception(error))
                )
                self._writer.wake()
            except Exception:  # near the recursion limit, or without memory
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
            if ended and not calls.rows and not calls.memory_rows:
                with self._lock:
                    self._threads.remove(calls)
                    self._share_rows()
                    self._dropped_elsewhere += calls.dropped
        return taken

    def take_memory(self, chunk: events_pb2.Chunk) -> list[bytes]:
        """Takes what calls found in device memory, packed rows, and puts the devices and the process's own memory into a chunk."""
        with self._lock:
            threads = tuple(self._threads)
        taken: list[bytes] = []
        for calls in threads:
            rows = calls.memory_rows[:]
            del calls.memory_rows[: len(rows)]
            taken += rows
        devices = self._device_memory.known
        for number in range(self._devices_told, len(devices)):
            chunk.devices.add(device_id=number, name=f"/device:{devices[number]}")
        self._devices_told = len(devices)
        self.sample_host_memory(chunk)
        return taken

    def sample_host_memory(self, chunk: events_pb2.Chunk) -> None:
        """Puts the process's own memory into a chunk."""
        resident = memory.resident_bytes()
        if resident is not None:
            chunk.host_memory.time_ns = time.perf_counter_ns() - self.anchor_ns
            chunk.host_memory.resident_bytes = resident

    def take_definitions(self, chunk: events_pb2.Chunk) -> None:
        """Moves every waiting function, signature, trace, error and thread into a chunk."""
        try:
            self.traces.placements.collect()
        except Exception as error:
            self.fault("placements could not be read", error)
        chunk.call_devices.extend(self._call_devices.take())
        with self._lock:
            self._learn_devices()
            if self._logical_devices is not None and not self._logical_devices_told:
                self._logical_devices_told = True
                chunk.logical_devices.extend(self._logical_devices)
        self.definitions.move_to(chunk)

    def tend_profiler(self) -> None:
        """Notices a profiler that came or went, and writes the profiles that are finished."""
        tf_internals.look_for_profiler()
        if self._profiler is None:
            return
        try:
            self._profiler.tend()
        except Exception as error:
            self.warn(f"a profile could not be written into {self.directory}: {writer.sentence(error)} The recording goes on.")

    def dropped_calls(self) -> int:
        """Calls that were not kept so far."""
        with self._lock:
            return self._dropped_elsewhere + sum(calls.dropped for calls in self._threads)

    def lose(self, calls: int) -> None:
        """Counts calls that were taken and could not be written."""
        with self._lock:
            self._dropped_elsewhere += calls
            self.recorded_calls -= calls

    def describe_start(self) -> events_pb2.SessionStart:
        """Describes the session for the event file."""
        start = process_facts.session_start(self.session_id, self._start_unix_ns)
        if self.memory_mode != "off":
            start.options["memory"] = self.memory_mode
        if self._profiling:
            start.options["profiler"] = "on"
        start.options["native recorder"] = "no" if native.HOT_PATH is None else "yes"
        return start

    def is_over(self) -> bool:
        """Whether this is a forked child's and its parent's session has ended."""
        return self.inherited and self._over[0] != 0

    def retire(self) -> None:
        """Records nothing any more, although nobody has asked for that: nothing can be written, or the parent's session is over."""
        self.ended = True
        with STATE.lock:
            self._see_no_more()
            if STATE.session is self:
                STATE.session, STATE.from_outside = None, False
        self.traces.placements.remove()
        self._stop_profiler(save=False)
        self._end_family()

    def _stop_profiler(self, *, save: bool) -> None:
        try:
            if self._profiler is not None:
                self._profiler.stop(save=save)
        except Exception as error:
            self.fault("TensorFlow's profiler could not be stopped", error)

    def finished(self) -> None:
        """Says that the writer is done."""
        self.retire()
        self.log_faults()
        STATE.last_recorded = self.recorded_calls, self.definitions.trace_count, self.path
        _unfinished.discard(self)

    def warn(self, message: str) -> None:
        """Logs a warning; not to be called inside the user's calls, see :meth:`fault`."""
        try:
            _logger.warning("tfmodetrace: %s", message)
        except Exception:  # a logging handler of the user's may do anything
            return

    def log_faults(self) -> None:
        """Logs what :meth:`fault` has put aside."""
        while not self._fault_texts.empty():
            self.warn(self._fault_texts.get())

    # --- Ending ---------------------------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Writes what is left and ends the session."""
        self.ended = True
        self._see_no_more()
        self._end_family()
        self._stop_profiler(save=True)
        self._writer.stop()
        self.traces.placements.remove()

    def _see_no_more(self) -> None:
        self.traces.hook.remove()
        for instrument in reversed(self.instruments):
            try:
                instrument.remove()
            except Exception as error:
                self.fault(f"{type(instrument).__name__} could not be removed", error)

    def _end_family(self) -> None:
        if not self.inherited:
            self._over[0] = 1

    def leave_to_parent(self) -> None:
        """After a fork: the child has no writer thread, the file is the parent's, and locks may be held by threads that are no more."""
        self.ended = True
        self._lock = threading.RLock()
        self.traces.leave_to_parent()
        self._device_memory.leave_to_parent()
        if self._profiler is not None:
            self._profiler.leave_to_parent()
        self._threads.clear()
        self.definitions.leave_to_parent()
        self._writer.leave_to_parent()

    def go_on_in_child(self) -> Session | None:
        """Makes the child's session; none if the file system is TensorFlow's, which is not made for forks."""
        if record_files.is_local(self.logdir) and not self.is_over():
            self.successor = Session(
                self.logdir, flush_secs=self._flush_secs, memory_mode=self.memory_mode, explain=self._explain, parent=self
            )
        return self.successor


class _State(native.ProcessState):
    """What must be global: the session, read by every wrapper at every call."""

    __slots__ = ("asked_environment", "from_outside", "last_recorded", "lock", "starting")

    def __init__(self) -> None:
        self.session = None
        self.from_outside = False
        self.asked_environment = False
        self.starting: str | None = None
        self.last_recorded: tuple[int, int, str] | None = None
        self.lock = threading.RLock()


STATE: Final = _State()
_unfinished: Final[set[Session]] = set()
"""Sessions whose writer is not done; the end of the process waits for them."""


def start(
    logdir: str,
    *,
    flush_secs: float,
    memory_mode: str = "off",
    profiling: Any = False,
    instruments: Sequence[MakeInstrument] = (),
    explain: Explain | None = None,
) -> Session:
    """Starts the process's session. See ``recording.start``, which knows the instruments; for the arguments, see :class:`Session`.

    Raises:
        SessionActiveError: If there is one already.
        RecordingError: If nothing can be written into ``logdir``.
    """
    inherited = STATE.session
    if inherited is not None and inherited.inherited:
        stop(inherited)  # a forked child records on its own account from here on
    with STATE.lock:
        active = STATE.session
        if active is not None or STATE.starting is not None:
            raise public_errors.SessionActiveError(
                f"tfmodetrace is already recording into {active.logdir if active is not None else STATE.starting!r}, and a process records "
                "one session at a time. End it first: leave its `with tfmodetrace.record(...)` block or call tfmodetrace.stop()."
            )
        STATE.starting = logdir
    # Without the lock: a file system that does not answer must not keep others from stopping.
    try:
        STATE.session = Session(
            logdir,
            flush_secs=flush_secs,
            memory_mode=memory_mode,
            profiling=profiling,
            instruments=instruments,
            explain=explain,
        )
        return STATE.session
    finally:
        STATE.starting = None


def stop(session: Session | None = None) -> bool:
    """Ends a session; ``session`` if given, else the active one. Returns whether there was one to end."""
    # In a forked child the parent's session is the parent's to end; what took its place here is meant.
    while session is not None and session.successor is not None:
        session = session.successor
    with STATE.lock:
        ending = STATE.session if session is None else session
        if ending is None:
            return False
        if STATE.session is ending:
            STATE.session, STATE.from_outside = None, False
    if ending in _unfinished or ending.inherited:
        _close(ending)
    return True


def _close(session: Session) -> None:
    try:
        session.close()
    except Exception as error:
        session.fault("the session could not be ended properly", error)
    session.log_faults()


def _stop_at_exit() -> None:
    stop()
    for session in tuple(_unfinished):  # whose end somebody's KeyboardInterrupt has cut short
        _close(session)


def _end_with_process() -> None:
    """Sees to it that a child of multiprocessing, which ends without atexit, ends its session too."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None and multiprocessing.parent_process() is not None:
        with contextlib.suppress(Exception):
            util.Finalize(None, _stop_at_exit, exitpriority=-100)


def _go_on_in_child() -> None:
    try:
        STATE.lock, STATE.starting = threading.RLock(), None
        active, STATE.session = STATE.session, None
        inherited = {*_unfinished} if active is None else {*_unfinished, active}
        _unfinished.clear()
        for session in inherited:
            session.leave_to_parent()
        if active is not None:
            STATE.session = active.go_on_in_child()
    except Exception as error:
        _logger.debug("tfmodetrace: a forked child is not recorded: %s", error)


def _install_process_hooks() -> None:
    import atexit

    atexit.register(_stop_at_exit)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_go_on_in_child)


_install_process_hooks()
