"""The writer thread: rows and definitions → chunks → an event file.

It is the only one that touches the file. Every ``flush_secs`` at the latest it takes what waits, writes it and flushes, so that a killed
process loses at most that much.

A file system that fails does not concern the program. While a write fails the chunk is kept and tried again at every flush, and nothing
more is taken: calls wait in their threads' rows, and what these have no room for is dropped and counted as ever. The recording ends early
only where there is no way on: the file was removed, it lies on a file system that does not take a failed write back, or so many traces
and errors wait that they would cost too much memory. docs/recording.md tells users what follows from this.
"""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import re
import signal
import socket
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import tensorflow as tf

from tfmodetrace.recorder.calls import calls as calls_module
from tfmodetrace.recorder.calls import memory
from tfmodetrace.recorder.session import record_files
from tfmodetrace.schema import codec, envelope, events_pb2, words

if TYPE_CHECKING:
    from tfmodetrace.recorder.session import session as session_module

_MAX_ROWS_PER_BATCH: Final = 1 << 16
_STOP: Final = object()

_WAIT_SECS: Final = 0.5

STOP_TIMEOUT_SECS: Final = 60.0
"""How long a flush or the end of a recording waits for a file system that does not answer."""

MAX_WAITING_DEFINITIONS: Final = 1 << 12
"""Functions, signatures, traces and errors that wait while nothing can be written; with more, the recording ends."""

_ALWAYS_THERE: Final = frozenset({"schema_major", "schema_minor", "sequence", "dropped_calls", "internal_faults", "host_memory"})
"""Fields of a chunk that are no reason to write one."""

_FAULTS_OF_THE_THREAD: Final = ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTRAP", "SIGSYS")


class EventFile:
    """One event file of ours, open for appending.

    Args:
        logdir: The log directory; the file lies in its sub-directory ``modetrace``. Any path that ``tf.io.gfile`` knows.
        make_directory: Whether the directory is made if it is not there.

    Attributes:
        path: Where the file lies.
        keeps_whole: Whether a write that failed has left nothing behind, so that it can be tried again.

    Raises:
        OSError: If the directory or the file cannot be made.
        tf.errors.OpError: If it cannot be made on a file system of TensorFlow's.
    """

    def __init__(self, logdir: str, *, make_directory: bool = True) -> None:
        host = re.sub(r"[^A-Za-z0-9_-]", "-", socket.gethostname()) or "localhost"
        name = f"events.out.tfevents.{int(time.time())}.{host}.{os.getpid()}.{uuid.uuid4().hex[:6]}"
        self._records: record_files.RecordFile
        if record_files.is_local(logdir):
            directory = os.path.join(logdir, words.EVENTS_DIRECTORY)
            if make_directory:
                os.makedirs(directory, exist_ok=True)
            self.path = os.path.join(directory, name)
            self._records = record_files.LocalFile(self.path)
        else:
            directory = tf.io.gfile.join(logdir, words.EVENTS_DIRECTORY)
            if make_directory:
                tf.io.gfile.makedirs(directory)
            self.path = tf.io.gfile.join(directory, name)
            self._records = record_files.RemoteFile(self.path)
        self.keeps_whole = self._records.keeps_whole
        try:
            self._records.write(envelope.file_header(time.time()))
            self._records.flush()
            # TensorFlow makes its file lazily on some file systems; a session that cannot write must know now.
            if not self.keeps_whole and not tf.io.gfile.exists(self.path):
                raise FileNotFoundError(errno.ENOENT, "it was made and is not there", self.path)
        except BaseException:
            self.discard()
            raise

    def write(self, chunk: events_pb2.Chunk) -> None:
        """Appends a chunk."""
        self._records.write(envelope.wrap(chunk, time.time()))

    def flush(self) -> None:
        """Hands everything written to the file system."""
        self._records.flush()

    def close(self) -> None:
        """Flushes and closes."""
        self._records.close()

    def discard(self) -> None:
        """Closes and removes a file in which nothing is recorded yet."""
        with contextlib.suppress(Exception):
            self._records.close()
        with contextlib.suppress(Exception):
            tf.io.gfile.remove(self.path)

    def leave_to_parent(self) -> None:
        """Lets go of it in a forked child without writing anything."""
        self._records.leave_to_parent()


class Writer:
    """Takes from a session what waits, and writes it.

    Args:
        session: Where rows and definitions come from.
        flush_secs: How long anything waits at most.
    """

    def __init__(self, session: session_module.Session, flush_secs: float) -> None:
        self._session = session
        self._flush_secs = flush_secs
        self._file: EventFile | None = None
        self._sequence = 0
        self._unwritten: events_pb2.Chunk | None = None
        self._failing = False
        self._patience_secs = STOP_TIMEOUT_SECS
        self._told_of_silence = False
        # put() may be called from a __del__ or a signal handler; of the queues only this one allows it.
        self._wake: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="tfmodetrace-writer", daemon=True)
        # Not join(): interrupted by an exception, Python 3.11's takes a running thread for an ended one.
        self._ended = threading.Event()

    @property
    def path(self) -> str:
        """The event file; empty as long as there is none."""
        return "" if self._file is None else self._file.path

    @property
    def started(self) -> bool:
        """Whether the thread was ever started."""
        return self._thread.ident is not None

    def start(self) -> None:
        """Makes the file (in the caller, so that a place that takes nothing shows at once) and starts the thread.

        Raises:
            Exception: Whatever the file system or the start of a thread raises; no file is left then.
        """
        file = self._open()
        try:
            self._thread.start()
        except BaseException:
            self._wake.put(_STOP)
            file.discard()
            raise

    def start_unopened(self) -> None:
        """Starts the thread, which makes the file: nothing that may fail or wait happens in the caller."""
        self._thread.start()

    def wake(self) -> None:
        """Asks the thread to write soon."""
        self._wake.put(None)

    def flush(self) -> None:
        """Returns once everything that waits now is written and flushed, or cannot be."""
        if not self.started or self._thread is threading.current_thread():
            return
        done = threading.Event()
        self._wake.put(done)
        self._wait_for(done)

    def stop(self) -> None:
        """Writes what is left and the session's end, closes the file and ends the thread; waits for that, but not for ever."""
        self._wake.put(_STOP)
        if not self.started or self._thread is threading.current_thread():
            return
        if not self._wait_for(self._ended) and not self._told_of_silence:
            self._told_of_silence = True
            self._session.warn(f"{self.path} does not answer, so the end of the recording may be missing.")

    def _wait_for(self, event: threading.Event) -> bool:
        """Waits for the thread, once for STOP_TIMEOUT_SECS; returns whether that has helped.

        In turns, so that an interrupt that comes just before one of them is seen; counted ones, since a test may have stopped the clock.
        """
        for _ in range(int(self._patience_secs / _WAIT_SECS)):
            if event.wait(_WAIT_SECS) or self._ended.is_set():
                return True
        self._patience_secs = 0.0
        return event.is_set()

    def leave_to_parent(self) -> None:
        """In a forked child: the file and what waits for it are the parent's."""
        if self._file is not None:
            self._file.leave_to_parent()

    # --- On the thread ---------------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        session = self._session
        try:
            _leave_signals_to_the_program()
            session.silence_thread()
            self._record()
        except Exception as error:
            session.fault("the writer failed", error)
        finally:
            session.finished()
            self._ended.set()
            self._release_waiting()

    def _record(self) -> None:
        session = self._session
        if self._file is None:
            try:
                self._open()
            except Exception as error:
                session.warn(f"process {os.getpid()} is not recorded: {sentence(error)}")
                return
        next_flush_s = time.monotonic() + self._flush_secs
        while True:
            due = False
            try:
                item = self._wake.get(timeout=min(self._flush_secs, max(0.0, next_flush_s - time.monotonic())))
            except queue.Empty:
                item, due = None, True
            if item is _STOP:
                break
            if session.is_over():
                session.retire()
                break
            due = due or item is not None or time.monotonic() >= next_flush_s
            session.tend_profiler()
            try:
                self._write(flush=due)
                self._note_success()
                goes_on = True
            except Exception as error:
                goes_on = self._can_go_on_after(error)
            session.log_faults()
            if item is not None:
                item.set()
            if not goes_on:
                return
            if due:
                next_flush_s = time.monotonic() + self._flush_secs
        self._end()

    def _release_waiting(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                item = self._wake.get_nowait()
                if isinstance(item, threading.Event):
                    item.set()

    def _write(self, *, flush: bool, end: bool = False) -> None:
        if self._unwritten is not None:
            self._put()
        self._gather(end=end)
        if self._unwritten is not None:
            self._put()
        if flush and self._file is not None:
            self._file.flush()

    def _put(self) -> None:
        if self._file is not None and self._unwritten is not None:
            self._file.write(self._unwritten)
        self._unwritten = None

    def _gather(self, *, end: bool) -> None:
        """Makes a chunk of everything that waits, if anything does."""
        session = self._session
        chunk = self._chunk()
        # Rows first: a definition is queued before the first row that needs it, so every row taken now has its definition in this chunk or
        # an earlier one.
        memory_rows = session.take_memory(chunk)
        taken = session.take_rows()
        session.take_definitions(chunk)
        for begin in range(0, len(memory_rows), _MAX_ROWS_PER_BATCH):
            try:
                chunk.memory.append(_memory_batch(memory_rows[begin : begin + _MAX_ROWS_PER_BATCH]))
            except Exception as error:
                session.fault("device memory could not be encoded", error)
        for thread_id, rows in taken:
            for begin in range(0, len(rows), _MAX_ROWS_PER_BATCH):
                part = rows[begin : begin + _MAX_ROWS_PER_BATCH]
                try:
                    chunk.calls.append(_batch(part, thread_id, session.anchor_ns))
                except Exception as error:
                    session.lose(len(part))
                    session.fault("calls could not be encoded", error)
        self._count(chunk, end=end)
        if end or any(field.name not in _ALWAYS_THERE for field, _ in chunk.ListFields()):
            self._sequence += 1
            self._unwritten = chunk

    def _count(self, chunk: events_pb2.Chunk, *, end: bool) -> None:
        session = self._session
        chunk.dropped_calls = session.dropped_calls()
        chunk.internal_faults = session.faults
        if end:
            chunk.session_end.end_ns = time.perf_counter_ns() - session.anchor_ns
            chunk.session_end.calls = session.recorded_calls

    def _can_go_on_after(self, error: Exception) -> bool:
        session, file = self._session, self._file
        if not isinstance(error, OSError | tf.errors.OpError):  # a fault of ours; trying again would meet it again
            self._drop()
            session.fault("a part of the recording could not be written", error)
            return True
        keeps_whole = file is not None and file.keeps_whole and isinstance(error, OSError)
        if keeps_whole and not isinstance(error, record_files.LostFileError) and session.definitions.waiting() <= MAX_WAITING_DEFINITIONS:
            if not self._failing:
                self._failing = True
                session.warn(
                    f"{self.path} cannot be written: {sentence(error)} It is tried again every {self._flush_secs:g} s; calls that find no "
                    "room meanwhile are dropped and counted. Your program is not affected."
                )
            return True
        session.warn(f"recording to {self.path} ends, since it cannot be written: {sentence(error)} Your program is not affected.")
        session.retire()
        self._write_counts(end=False)
        self._close()
        return False

    def _note_success(self) -> None:
        if self._failing:
            self._failing = False
            self._session.warn(f"{self.path} can be written again; {self._session.dropped_calls()} calls have been dropped.")

    def _end(self) -> None:
        self._session.tend_profiler()
        try:
            self._write(flush=True, end=True)
        except Exception as error:
            if not self._session.is_over():  # with its parent's recording a child's directory may go, too
                self._session.warn(f"the last part of {self.path} cannot be written: {sentence(error)} Your program is not affected.")
            self._write_counts(end=True)
        self._close()

    def _write_counts(self, *, end: bool) -> None:
        """Gives up what waits and says in the file how much that is: so little may still find room where a whole chunk does not."""
        try:
            self._drop()
            self._gather(end=False)
            self._drop()
            chunk = self._chunk()
            self._count(chunk, end=end)
            if self._file is not None:
                self._file.write(chunk)
                self._file.flush()
        except Exception:  # noqa: S110 - the reader sees a recording that has no end
            pass

    def _drop(self) -> None:
        chunk, self._unwritten = self._unwritten, None
        if chunk is not None:
            self._session.lose(sum(batch.rows for batch in chunk.calls))

    def _close(self) -> None:
        try:
            if self._file is not None:
                self._file.close()
        except Exception as error:
            self._session.warn(f"{self.path} cannot be closed: {sentence(error)}")

    def _open(self) -> EventFile:
        # A child makes no directory: where its parent's is gone, somebody is removing it.
        file = EventFile(self._session.directory, make_directory=not self._session.inherited)
        try:
            chunk = self._chunk()
            chunk.session_start.CopyFrom(self._session.describe_start())
            self._session.sample_host_memory(chunk)
            file.write(chunk)
            file.flush()
        except BaseException:
            file.discard()
            raise
        self._sequence += 1
        self._file = file
        return file

    def _chunk(self) -> events_pb2.Chunk:
        return events_pb2.Chunk(schema_major=words.SCHEMA_MAJOR, schema_minor=words.SCHEMA_MINOR, sequence=self._sequence)


def sentence(error: BaseException) -> str:
    """Returns what an error of a file system says, as a sentence."""
    text = " ".join(str(getattr(error, "message", None) or getattr(error, "strerror", None) or error).split())
    return text if text.endswith(".") else f"{text}."


def _leave_signals_to_the_program() -> None:
    # A program that blocks a signal in its own thread and waits for it must not find it delivered to ours, where it would kill the process.
    if hasattr(signal, "pthread_sigmask"):
        of_the_thread = {getattr(signal, name) for name in _FAULTS_OF_THE_THREAD if hasattr(signal, name)}
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - of_the_thread)


def _memory_batch(rows: list[bytes]) -> events_pb2.MemoryBatch:
    table = np.frombuffer(b"".join(rows), dtype=memory.ROW_DTYPE)
    return codec.encode_memory({name: table[name].astype(np.int64) for name in memory.ROW_DTYPE.names or ()})


def _batch(rows: list[bytes], thread_id: int, anchor_ns: int) -> events_pb2.CallBatch:
    table = np.frombuffer(b"".join(rows), dtype=calls_module.ROW_DTYPE)
    columns = {name: table[name].astype(np.int64) for name in calls_module.ROW_DTYPE.names or ()}
    columns["start_ns"] -= anchor_ns
    columns["thread_id"] = np.full(len(rows), thread_id, dtype=np.int64)
    return codec.encode_calls(columns)
