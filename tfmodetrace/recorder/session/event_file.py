"""The event file of a session: where it lies, how it begins, chunks one after the other."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import socket
import time
import uuid

import tensorflow as tf

from tfmodetrace.recorder.session import record_files
from tfmodetrace.schema import envelope, events_pb2, words


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
