"""The writer thread, which puts what waits into the event file.

It is the only one that touches the file. Every ``flush_secs`` at the latest it takes what waits, writes it and flushes, so that a killed
process loses at most that much.

A file system that fails does not concern the program. While a write fails the chunk is kept and tried again at every flush, and nothing
more is taken: calls wait in their threads' rows, and what these have no room for is dropped and counted as ever. The recording ends early
only where there is no way on: the file was removed, it lies on a file system that does not take a failed write back, or so many traces
and errors wait that they would cost too much memory. docs/recording.md tells users what follows from this.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from typing import Any, Final, Protocol

import tensorflow as tf

from tfmodetrace.recorder.session import chunks, event_file, record_files
from tfmodetrace.recorder.support import faults, own_threads
from tfmodetrace.schema import events_pb2

_STOP: Final = object()

_WAIT_SECS: Final = 0.5

STOP_TIMEOUT_SECS: Final = 60.0
"""How long a flush or the end of a recording waits for a file system that does not answer."""

MAX_WAITING_DEFINITIONS: Final = 1 << 12
"""Functions, signatures, traces and errors that wait while nothing can be written; with more, the recording ends."""


class Recorded(Protocol):
    """The session that a writer writes for."""

    def writer_begins(self) -> None:
        """Is told, on the writer's thread, that this is one of ours."""

    def tend(self) -> None:
        """Looks after what needs that now and then."""

    def is_over(self) -> bool:
        """Whether nobody wants the recording to go on, although nobody has ended it."""

    def retire(self) -> None:
        """Is told that nothing can be written any more."""

    def writer_ended(self) -> None:
        """Is told that the writer is done."""


class Writer:
    """Takes from a session what waits, and writes it.

    Args:
        session: The session.
        chunks: Makes chunks of what waits.
        faults: What goes wrong.
        flush_secs: How long anything waits at most.
    """

    def __init__(self, session: Recorded, chunks: chunks.Chunks, faults: faults.Faults, flush_secs: float) -> None:
        self._session = session
        self._chunks = chunks
        self._faults = faults
        self._flush_secs = flush_secs
        self._logdir = ""
        self._file: event_file.EventFile | None = None
        self._unwritten: events_pb2.Chunk | None = None
        self._failing = False
        self._patience_secs = STOP_TIMEOUT_SECS
        self._told_of_silence = False
        # put() may be called from a __del__ or a signal handler; of the queues only this one allows it.
        self._wake: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"{own_threads.NAMES}writer", daemon=True)
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

    def start(self, logdir: str) -> None:
        """Makes the file (in the caller, so that a place that takes nothing shows at once) and starts the thread.

        Args:
            logdir: Where; see :class:`event_file.EventFile`.

        Raises:
            Exception: Whatever the file system or the start of a thread raises; no file is left then.
        """
        self._logdir = logdir
        file = self._open(make_directory=True)
        try:
            self._thread.start()
        except BaseException:
            self._wake.put(_STOP)
            file.discard()
            raise

    def start_unopened(self, logdir: str) -> None:
        """Starts the thread, which makes the file: nothing that may fail or wait happens in the caller."""
        self._logdir = logdir
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
            faults.warn(f"{self.path} does not answer, so the end of the recording may be missing.")

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
            own_threads.leave_signals_to_the_program()
            session.writer_begins()
            self._record()
        except Exception as error:
            self._faults.add("the writer failed", error)
        finally:
            session.writer_ended()
            self._ended.set()
            self._release_waiting()

    def _record(self) -> None:
        session = self._session
        if self._file is None:
            try:
                # No directory is made: where that of the parent of this forked child is gone, somebody is removing it.
                self._open(make_directory=False)
            except Exception as error:
                faults.warn(f"process {os.getpid()} is not recorded: {faults.sentence(error)}")
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
            session.tend()
            try:
                self._write(flush=due)
                self._note_success()
                goes_on = True
            except Exception as error:
                goes_on = self._can_go_on_after(error)
            self._faults.log()
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
        self._unwritten = self._chunks.take(end=end)
        if self._unwritten is not None:
            self._put()
        if flush and self._file is not None:
            self._file.flush()

    def _put(self) -> None:
        if self._file is not None and self._unwritten is not None:
            self._file.write(self._unwritten)
        self._unwritten = None

    def _can_go_on_after(self, error: Exception) -> bool:
        session, file = self._session, self._file
        if not isinstance(error, OSError | tf.errors.OpError):  # a fault of ours; trying again would meet it again
            self._drop()
            self._faults.add("a part of the recording could not be written", error)
            return True
        can_be_tried = file is not None and file.keeps_whole and isinstance(error, OSError)
        lost = isinstance(error, record_files.LostFileError)
        if can_be_tried and not lost and self._chunks.waiting_definitions() <= MAX_WAITING_DEFINITIONS:
            if not self._failing:
                self._failing = True
                faults.warn(
                    f"{self.path} cannot be written: {faults.sentence(error)} It is tried again every {self._flush_secs:g} s; calls that "
                    "find no room meanwhile are dropped and counted. Your program is not affected."
                )
            return True
        faults.warn(f"recording to {self.path} ends, since it cannot be written: {faults.sentence(error)} Your program is not affected.")
        session.retire()
        self._write_counts(end=False)
        self._close()
        return False

    def _note_success(self) -> None:
        if self._failing:
            self._failing = False
            faults.warn(f"{self.path} can be written again; {self._chunks.dropped_calls()} calls have been dropped.")

    def _end(self) -> None:
        self._session.tend()
        try:
            self._write(flush=True, end=True)
        except Exception as error:
            if not self._session.is_over():  # with its parent's recording a child's directory may go, too
                faults.warn(f"the last part of {self.path} cannot be written: {faults.sentence(error)} Your program is not affected.")
            self._write_counts(end=True)
        self._close()

    def _write_counts(self, *, end: bool) -> None:
        """Gives up what waits and says in the file how much that is: so little may still find room where a whole chunk does not."""
        try:
            self._drop()
            self._chunks.drop(self._chunks.take(end=False))
            if self._file is not None:
                self._file.write(self._chunks.counts(end=end))
                self._file.flush()
        except Exception:  # noqa: S110 - the reader sees a recording that has no end
            pass

    def _drop(self) -> None:
        chunk, self._unwritten = self._unwritten, None
        self._chunks.drop(chunk)

    def _close(self) -> None:
        try:
            if self._file is not None:
                self._file.close()
        except Exception as error:
            faults.warn(f"{self.path} cannot be closed: {faults.sentence(error)}")

    def _open(self, *, make_directory: bool) -> event_file.EventFile:
        file = event_file.EventFile(self._logdir, make_directory=make_directory)
        try:
            file.write(self._chunks.first())
            file.flush()
        except BaseException:
            file.discard()
            raise
        self._file = file
        return file
