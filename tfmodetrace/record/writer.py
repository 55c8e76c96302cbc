"""The writer thread: rows and definitions → chunks → an event file.

It is the only one that touches the file. Every ``flush_secs`` at the latest it takes what waits, writes it and flushes, so that a killed
process loses at most that much. A file system that fails ends the recording, not the training: what cannot be written is counted as
dropped.
"""

from __future__ import annotations

import os
import queue
import re
import socket
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import tensorflow as tf

from tfmodetrace.record import calls as calls_module
from tfmodetrace.schema import codec, envelope, events_pb2, words

if TYPE_CHECKING:
    from tfmodetrace.record import session as session_module

_MAX_ROWS_PER_BATCH: Final = 1 << 16
_STOP: Final = object()
_STOP_TIMEOUT_SECS: Final = 60.0


class EventFile:
    """One event file of ours, open for appending.

    Args:
        logdir: The log directory; the file lies in its sub-directory ``modetrace``. Any path that ``tf.io.gfile`` knows.

    Raises:
        tf.errors.OpError: If the directory or the file cannot be made.
    """

    def __init__(self, logdir: str) -> None:
        directory = tf.io.gfile.join(logdir, words.EVENTS_DIRECTORY)
        tf.io.gfile.makedirs(directory)
        host = re.sub(r"[^A-Za-z0-9_-]", "-", socket.gethostname()) or "localhost"
        name = f"events.out.tfevents.{int(time.time())}.{host}.{os.getpid()}.{uuid.uuid4().hex[:6]}"
        self.path = tf.io.gfile.join(directory, name)
        self._records = tf.io.TFRecordWriter(self.path)
        self._records.write(envelope.file_header(time.time()))
        self._records.flush()
        # TFRecordWriter makes its file lazily on some file systems; a session that cannot write must know now.
        if not tf.io.gfile.exists(self.path):
            raise FileNotFoundError(self.path)

    def write(self, chunk: events_pb2.Chunk) -> None:
        """Appends a chunk."""
        self._records.write(envelope.wrap(chunk, time.time()))

    def flush(self) -> None:
        """Hands everything written to the file system."""
        self._records.flush()

    def close(self) -> None:
        """Flushes and closes."""
        self._records.close()


class Writer:
    """Takes from a session what waits, and writes it.

    Args:
        session: Where rows and definitions come from.
        file: Where they go.
        flush_secs: How long anything waits at most.
    """

    def __init__(self, session: session_module.Session, file: EventFile, flush_secs: float) -> None:
        self._session = session
        self._file = file
        self._flush_secs = flush_secs
        self._sequence = 0
        self._failed = False
        # put() may be called from a __del__ or a signal handler; of the queues only this one allows it.
        self._wake: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="tfmodetrace-writer", daemon=True)

    def start(self, session_start: events_pb2.SessionStart) -> None:
        """Writes the session's beginning (in the caller, so that a file that takes nothing shows at once) and starts the thread.

        Raises:
            Exception: Whatever the file system raises.
        """
        chunk = self._chunk()
        chunk.session_start.CopyFrom(session_start)
        self._file.write(chunk)
        self._file.flush()
        self._thread.start()

    def wake(self) -> None:
        """Asks the thread to write soon."""
        self._wake.put(None)

    def flush(self) -> None:
        """Returns once everything that waits now is written and flushed, or cannot be."""
        done = threading.Event()
        self._wake.put(done)
        done.wait(_STOP_TIMEOUT_SECS)

    def stop(self) -> None:
        """Writes what is left and the session's end, closes the file and ends the thread."""
        self._wake.put(_STOP)
        if self._thread is not threading.current_thread():
            self._thread.join(_STOP_TIMEOUT_SECS)

    def _run(self) -> None:
        self._session.silence_thread()
        next_flush_s = time.monotonic() + self._flush_secs
        stopping = False
        while not stopping:
            try:
                item = self._wake.get(timeout=max(0.0, next_flush_s - time.monotonic()))
            except queue.Empty:
                item = None
            stopping = item is _STOP
            try:
                due = stopping or isinstance(item, threading.Event) or time.monotonic() >= next_flush_s
                self._write(flush=due, end=stopping)
                if due:
                    next_flush_s = time.monotonic() + self._flush_secs
            except Exception as error:
                self._fail(error)
            if isinstance(item, threading.Event):
                item.set()

    def _fail(self, error: Exception) -> None:
        if not self._failed:
            self._failed = True
            self._session.fault(f"recording to {self._file.path} ends, since it cannot be written", error)
            self._session.abandon()

    def _write(self, *, flush: bool, end: bool) -> None:
        session = self._session
        chunk = self._chunk()
        # Rows first: a definition is queued before the first row that needs it, so every row taken now has its definition in this chunk or
        # an earlier one.
        taken = session.take_rows()
        session.take_definitions(chunk)
        for thread_id, rows in taken:
            for begin in range(0, len(rows), _MAX_ROWS_PER_BATCH):
                chunk.calls.append(_batch(rows[begin : begin + _MAX_ROWS_PER_BATCH], thread_id, session.anchor_ns))
        chunk.dropped_calls = session.dropped_calls()
        chunk.internal_faults = session.faults
        if end:
            chunk.session_end.end_ns = time.perf_counter_ns() - session.anchor_ns
            chunk.session_end.calls = session.recorded_calls
        if end or chunk.calls or chunk.functions or chunk.signatures or chunk.traces or chunk.errors or chunk.threads:
            if not self._failed:
                self._file.write(chunk)
            self._sequence += 1
        if not self._failed:
            if flush:
                self._file.flush()
            if end:
                self._file.close()

    def _chunk(self) -> events_pb2.Chunk:
        return events_pb2.Chunk(schema_major=words.SCHEMA_MAJOR, schema_minor=words.SCHEMA_MINOR, sequence=self._sequence)


def _batch(rows: list[bytes], thread_id: int, anchor_ns: int) -> events_pb2.CallBatch:
    table = np.frombuffer(b"".join(rows), dtype=calls_module.ROW_DTYPE)
    columns = {name: table[name].astype(np.int64) for name in calls_module.ROW_DTYPE.names or ()}
    columns["start_ns"] -= anchor_ns
    columns["thread_id"] = np.full(len(rows), thread_id, dtype=np.int64)
    return codec.encode_calls(columns)
