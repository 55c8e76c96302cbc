"""The sessions of the process, one at a time: starting and stopping them, and what becomes of them when it forks and when it ends."""

from __future__ import annotations

import atexit
import contextlib
import logging
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Final

from tfmodetrace import errors as public_errors
from tfmodetrace import options as options_module
from tfmodetrace.recorder.calls import states
from tfmodetrace.recorder.errors import errors
from tfmodetrace.recorder.session import forks, instruments
from tfmodetrace.recorder.session import session as session_module

_logger: Final = logging.getLogger("tfmodetrace")


class _Process:
    """What the process knows of its sessions beside the active one, which is ``states.STATE.session``.

    Attributes:
        lock: Held while the active session changes.
        starting: Where a session is about to be started.
        from_outside: Whether the active one was asked for from outside of the program.
        asked_environment: Whether the environment's wish was looked at.
        last_recorded: How many calls and traces the session recorded that has ended last, and where.
        unfinished: Sessions whose writer is not done; the end of the process waits for them.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.starting: str | None = None
        self.from_outside = False
        self.asked_environment = False
        self.last_recorded: tuple[int, int, str] | None = None
        self.unfinished: set[session_module.Session] = set()

    def begins(self, session: session_module.Session) -> None:
        """See ``session.Keeper``."""
        self.unfinished.add(session)
        _end_with_process()

    def retires(self, session: session_module.Session) -> None:
        """See ``session.Keeper``."""
        with self.lock:
            session.see_no_more()
            self.let_go(session)

    def has_ended(self, session: session_module.Session, *, recorded: bool) -> None:
        """See ``session.Keeper``."""
        if recorded:
            self.last_recorded = session.threads.recorded_calls, session.definitions.trace_count, session.writer.path
        self.unfinished.discard(session)

    def let_go(self, session: session_module.Session) -> None:
        """Makes a session no longer the active one, if it is."""
        if states.STATE.session is session:
            states.STATE.session, self.from_outside = None, False


PROCESS: Final = _Process()


def active() -> session_module.Session | None:
    """Returns the active session."""
    session = states.STATE.session
    return session if isinstance(session, session_module.Session) else None


def start(
    logdir: str,
    options: options_module.Options,
    *,
    make_instruments: Sequence[instruments.Make] = (),
    explain: errors.Explain | None = None,
) -> session_module.Session:
    """Starts a session. See ``recording.start``, which knows the instruments; for the arguments, see ``session.Session``.

    Raises:
        SessionActiveError: If there is one already.
        RecordingError: If nothing can be written into ``logdir``.
    """
    inherited = active()
    if inherited is not None and inherited.inherited:
        stop(inherited)  # a forked child records on its own account from here on
    with PROCESS.lock:
        other = active()
        if other is not None or PROCESS.starting is not None:
            raise public_errors.SessionActiveError(
                f"tfmodetrace is already recording into {other.logdir if other is not None else PROCESS.starting!r}, and a process records "
                "one session at a time. End it first: leave its `with tfmodetrace.record(...)` block or call tfmodetrace.stop()."
            )
        PROCESS.starting = logdir
    # Without the lock: a file system that does not answer must not keep others from stopping.
    try:
        session = session_module.Session(logdir, options, keeper=PROCESS, make_instruments=make_instruments, explain=explain)
        session.begin()
        states.STATE.session = session
        return session
    finally:
        PROCESS.starting = None


def stop(session: session_module.Session | None = None) -> bool:
    """Ends a session; ``session`` if given, else the active one. Returns whether there was one to end."""
    # In a forked child the parent's session is the parent's to end; what took its place here is meant.
    while session is not None and session.successor is not None:
        session = session.successor
    with PROCESS.lock:
        ending = active() if session is None else session
        if ending is None:
            return False
        PROCESS.let_go(ending)
    if ending in PROCESS.unfinished or ending.inherited:
        _close(ending)
    return True


@contextlib.contextmanager
def paused() -> Iterator[session_module.Session | None]:
    """Records nothing of what the process does inside a block, which gets the session that goes on after it; None if there is none."""
    with PROCESS.lock:
        session, states.STATE.session = active(), None
    if session is None:
        yield None
        return
    try:
        session.pause()
        yield session
    finally:
        with PROCESS.lock:
            session.go_on()
            if not session.ended and states.STATE.session is None:
                states.STATE.session = session


def flush() -> None:
    """Returns once everything that the active session has recorded so far can be read from its file."""
    session = active()
    if session is not None:
        session.writer.flush()


def _close(session: session_module.Session) -> None:
    try:
        session.close()
    except Exception as error:
        session.fault("the session could not be ended properly", error)
    session.faults.log()


# --- The end of the process, and forks ---------------------------------------------------------------------------------------------------


def _stop_at_exit() -> None:
    stop()
    for session in tuple(PROCESS.unfinished):  # whose end somebody's KeyboardInterrupt has cut short
        _close(session)


def _end_with_process() -> None:
    """Sees to it that a child of multiprocessing, which ends without atexit, ends its session too."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None and multiprocessing.parent_process() is not None:
        with contextlib.suppress(Exception):
            util.Finalize(None, _stop_at_exit, exitpriority=-100)


def _go_on_in_child() -> None:
    try:
        PROCESS.lock, PROCESS.starting = threading.RLock(), None
        session, states.STATE.session = active(), None
        inherited = {*PROCESS.unfinished} if session is None else {*PROCESS.unfinished, session}
        PROCESS.unfinished.clear()
        for each in inherited:
            each.leave_to_parent()
        if session is not None:
            states.STATE.session = forks.go_on(session)
    except Exception as error:
        _logger.debug("tfmodetrace: a forked child is not recorded: %s", error)


atexit.register(_stop_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_go_on_in_child)
