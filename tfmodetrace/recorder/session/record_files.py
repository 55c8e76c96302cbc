"""TFRecord files that grow record by record.

On a local disk each record is one append by the operating system. So nothing that was written waits in this process: a kill loses none of
it, a forked child has nothing of its parent's to write a second time when it ends, and a record that a full disk cut off can be taken
back and written again. What else TensorFlow can write to goes through its own writer.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from typing import Any, Final, Protocol

import tensorflow as tf

from tfmodetrace.schema import framing


class LostFileError(OSError):
    """The file is no longer ours to write: it was removed, or its descriptor was closed."""


class RecordFile(Protocol):
    """A file of records, open for appending.

    Attributes:
        keeps_whole: Whether a write that failed has left nothing behind, so that it can be tried again.
    """

    keeps_whole: bool

    def write(self, payload: bytes) -> None:
        """Appends a record."""

    def flush(self) -> None:
        """Hands everything written to the file system."""

    def close(self) -> None:
        """Flushes and closes."""

    def leave_to_parent(self) -> None:
        """Lets go of it in a forked child without writing anything."""


def is_local(path: str) -> bool:
    """Whether the operating system knows the path, and not only TensorFlow."""
    return "://" not in path


class LocalFile:
    """A file of the operating system's.

    Args:
        path: Where; nothing may be there.

    Raises:
        OSError: If it cannot be made.
    """

    keeps_whole = True

    def __init__(self, path: str) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._descriptor = os.open(path, flags, 0o666)
        facts = os.fstat(self._descriptor)
        self._identity: Final = (facts.st_dev, facts.st_ino)
        self._links_are_counted: Final = facts.st_nlink > 0
        self._size = 0
        self._torn = False

    def write(self, payload: bytes) -> None:
        """Appends a record, wholly or, as far as the file system allows, not at all."""
        facts = self._facts()
        if self._links_are_counted and facts.st_nlink == 0:
            raise LostFileError(errno.ENOENT, "it was removed")
        if self._torn:
            self._cut()
        else:
            self._size = facts.st_size
        rest = memoryview(framing.frame(payload))
        self._torn = True
        try:
            while rest:
                written = os.write(self._descriptor, rest)
                if written == 0:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                rest = rest[written:]
        except OSError:
            with contextlib.suppress(OSError):
                self._cut()
            raise
        self._torn = False

    def flush(self) -> None:
        """Does nothing: what is written is with the operating system."""

    def close(self) -> None:
        """Closes the file."""
        self._facts()
        if self._torn:
            with contextlib.suppress(OSError):
                self._cut()
        os.close(self._descriptor)

    def leave_to_parent(self) -> None:
        """Closes the child's copy of the descriptor."""
        with contextlib.suppress(OSError):
            self._facts()
            os.close(self._descriptor)

    def _cut(self) -> None:
        os.ftruncate(self._descriptor, self._size)
        self._torn = False

    def _facts(self) -> os.stat_result:
        # A program that becomes a daemon closes every descriptor, and the next file it opens may get this number: never write into that.
        try:
            facts = os.fstat(self._descriptor)
        except OSError as error:
            raise LostFileError(errno.EBADF, "its descriptor was closed") from error
        if (facts.st_dev, facts.st_ino) != self._identity:
            raise LostFileError(errno.EBADF, "its descriptor was closed")
        return facts


class RemoteFile:
    """A file that only TensorFlow can write, such as ``gs://…``.

    Args:
        path: Where.

    Raises:
        tf.errors.OpError: If it cannot be made.
    """

    keeps_whole = False

    def __init__(self, path: str) -> None:
        self._records: Any = tf.io.TFRecordWriter(path)

    def write(self, payload: bytes) -> None:
        """Appends a record."""
        self._records.write(payload)

    def flush(self) -> None:
        """Hands everything written to the file system."""
        self._records.flush()

    def close(self) -> None:
        """Flushes and closes."""
        self._records.close()

    def leave_to_parent(self) -> None:
        """Keeps TensorFlow's writer from ever being destroyed, which would write what the parent has written but not yet flushed."""
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._records))
