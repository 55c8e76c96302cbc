"""What goes on in a forked child: a session of its own.

It begins with the first call that the child records, and writes a file of its own: the parent's rows, locks and file are the parent's. It
ends with the child, or with the parent's session, whichever comes first.
"""

from __future__ import annotations

import dataclasses
import threading
from typing import Final

from tfmodetrace.recorder.calls import states
from tfmodetrace.recorder.session import record_files, session

CHILD_FLUSH_SECS: Final = 0.1
"""Seconds after which at the latest everything that a forked child has recorded is in its file."""


class ChildSession(session.Session):
    """The session of a forked child, which nobody has asked for.

    Args:
        parent: The session that was active at the fork. Its instruments see the program for this one.
    """

    inherited = True

    def __init__(self, parent: session.Session) -> None:
        # Nobody may ask it to end: workers are terminated, or leave by os._exit. What they have not written by then is lost.
        options = dataclasses.replace(parent.options, flush_secs=min(parent.options.flush_secs, CHILD_FLUSH_SECS))
        super().__init__(parent.logdir, options, keeper=parent.keeper, explain=parent.explain)
        self._parent = parent
        self._begin_lock = threading.RLock()
        self.directory, self.family = parent.directory, parent.family

    def begin(self) -> None:
        """Sees the program from now on; nothing is written before the first call."""
        self.traces.install()
        self.instruments.take_over(self._parent.instruments, self)

    def add_thread(self) -> states.ThreadCalls:
        """Makes the calling thread known, and begins to write if it is the first."""
        if not self.writer.started:
            self._begin_to_write()
        return super().add_thread()

    def _begin_to_write(self) -> None:
        with self._begin_lock:
            if self.writer.started or self.ended:
                return
            if self.is_over():
                self.retire()
                return
            try:
                self._begin_writing(self.writer.start_unopened)
                self.sampler.start()
            except BaseException:
                self.retire()
                raise

    def is_over(self) -> bool:
        """Whether the session has ended that the family began with."""
        return self.family is not None and self.family.is_over()

    def _end_family(self) -> None:
        """Leaves that to the session that it began with."""

    def leave_to_parent(self) -> None:
        """In a child of the child."""
        super().leave_to_parent()
        self._begin_lock = threading.RLock()


def go_on(parent: session.Session) -> ChildSession | None:
    """Makes the child's session; none if the file system is TensorFlow's, which is not made for forks."""
    if not record_files.is_local(parent.logdir) or parent.is_over():
        return None
    child = ChildSession(parent)
    parent.successor = child
    child.begin()
    return child
