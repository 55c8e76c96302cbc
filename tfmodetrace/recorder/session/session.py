"""One recording: what it is made of, and how that begins and ends. ``process.py`` starts and ends them, one a process at a time."""

from __future__ import annotations

import functools
import os
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import tensorflow as tf

from tfmodetrace import errors as public_errors
from tfmodetrace import options as options_module
from tfmodetrace.recorder.calls import functions, native, samplers, states, threads
from tfmodetrace.recorder.errors import errors
from tfmodetrace.recorder.session import chunks, definitions, family, instruments, process_facts, record_files, session_profiler, writer
from tfmodetrace.recorder.stacks import sampler
from tfmodetrace.recorder.support import faults, interrupts
from tfmodetrace.recorder.traces import traces


class Keeper(Protocol):
    """Keeps the sessions of a process."""

    def begins(self, session: Session) -> None:
        """Is told that a session's writer begins."""

    def retires(self, session: Session) -> None:
        """Sees to it that a session sees no more and is no longer the active one."""

    def has_ended(self, session: Session, *, recorded: bool) -> None:
        """Is told that a session's writer is done, or could not begin."""


class Session:
    """One recording, as ``states.Recording`` and ``writer.Recorded`` know it. Nothing happens before :meth:`begin`.

    Args:
        logdir: Where to write; see :class:`event_file.EventFile`.
        options: What it was told.
        keeper: Who keeps it.
        make_instruments: Make what sees the program beside the traced functions.
        explain: Makes the note that is added to an exception that leaves a call; None if none is wanted.

    Attributes:
        directory: ``logdir``, absolute as far as it is the operating system's, once it has begun.
        family: Of it and its forked children, once it has begun.
        successor: In a forked child, what goes on instead of its parent's session.
    """

    inherited = False

    def __init__(
        self,
        logdir: str,
        options: options_module.Options,
        *,
        keeper: Keeper,
        make_instruments: Sequence[instruments.Make] = (),
        explain: errors.Explain | None = None,
    ) -> None:
        self.logdir, self.options, self.explain, self.keeper = logdir, options, explain, keeper
        self.directory = logdir
        self.ended = False
        self.family: family.Family | None = None
        self.successor: Session | None = None
        self.session_id = uuid.uuid4().hex
        self.next_call_id = native.call_numbers()
        anchor_ns, start_unix_ns = time.perf_counter_ns(), time.time_ns()
        self.faults = faults.Faults(self.wake_writer)
        self.threads = threads.Threads()
        self.samplers = samplers.Samplers(self, options.memory, inherited=self.inherited)
        self.definitions = definitions.Definitions(anchor_ns)
        self.traces = traces.TraceRecorder(self)
        self.errors = errors.ErrorRecorder(self, explain)
        self.instruments = instruments.Instruments(make_instruments, self.faults)
        self.sampler = sampler.Sampler(
            wanted=options.takes_samples,
            anchor_ns=anchor_ns,
            known=self.threads,
            add_thread=self.definitions.add_thread,
            faults=self.faults,
        )
        self.profiling = session_profiler.Profiling(False if self.inherited else options.profiler, self.faults)
        described = functools.partial(
            process_facts.session_start,
            self.session_id,
            start_unix_ns,
            memory=options.memory,
            profiler=self.profiling.wanted,
            flush_secs=options.flush_secs,
        )
        find = self.traces.placements.collect
        made = chunks.Chunks(anchor_ns, described, self.threads, self.samplers, self.definitions, self.sampler, find, self.faults)
        self.writer = writer.Writer(self, made, self.faults, options.flush_secs)

    def begin(self) -> None:
        """Opens the file and sees the program from now on.

        Raises:
            RecordingError: If nothing can be written there.
        """
        try:
            self.directory = os.path.abspath(self.logdir) if record_files.is_local(self.logdir) else self.logdir
            self.family = family.Family()
            self._begin_writing(self.writer.start)
        except (OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
            interrupts.let_pass(error)
            raise public_errors.RecordingError(
                f"Nothing can be recorded into {self.logdir!r}: {faults.sentence(error)} Pass a directory that can be written."
            ) from error
        self.traces.install()
        self.instruments.install(self)
        self.profiling.start(self.directory)
        self.sampler.start()

    def _begin_writing(self, start: Callable[[str], None]) -> None:
        self.keeper.begins(self)
        try:
            start(self.directory)
        except BaseException:
            self.keeper.has_ended(self, recorded=False)
            raise

    # --- For those who record -------------------------------------------------------------------------------------------------------------

    def add_thread(self) -> states.ThreadCalls:
        """Makes the calling thread known."""
        calls = self.threads.add(self)
        self.definitions.add_thread(calls.thread_id, threading.current_thread())
        states.THREAD.calls = calls
        return calls

    def thread_calls(self) -> states.ThreadCalls:
        """Returns the calling thread's calls."""
        calls: states.ThreadCalls | None = getattr(states.THREAD, "calls", None)
        return calls if calls is not None and calls.session is self else self.add_thread()

    def register(self, info: functions.FunctionInfo, args: tuple[Any, ...]) -> None:
        """Gives a function its number in this session, at its first call."""
        with self.samplers.lock:
            if info.session is not self:
                info.begin_session(args)
                self.samplers.equip(info)
                self.definitions.add_function(info)
                info.session = self

    def wake_writer(self) -> None:
        """Asks the writer not to wait until the next flush."""
        self.writer.wake()

    def fault(self, what: str, error: BaseException) -> None:
        """Counts an exception of our own; see :meth:`faults.Faults.add`."""
        self.faults.add(what, error)

    # --- For the writer -------------------------------------------------------------------------------------------------------------------

    def writer_begins(self) -> None:
        """Keeps whatever the writer's thread calls out of the recording."""
        threads.silence_thread(self)

    def tend(self) -> None:
        """Looks after profilers, and after what traces have read."""
        self.profiling.tend()
        self.traces.tend()

    def is_over(self) -> bool:
        """Whether nobody wants it to go on, although nobody has ended it: a forked child's, once its parent's has ended."""
        return False

    def retire(self) -> None:
        """Records nothing any more, although nobody has asked for that: nothing can be written, or the parent's session is over."""
        self.ended = True
        self.keeper.retires(self)
        self.traces.placements.remove()
        self.profiling.stop(save=False)
        self._end_family()

    def writer_ended(self) -> None:
        """Ends with the writer."""
        self.retire()
        self.faults.log()
        self.keeper.has_ended(self, recorded=True)

    # --- Ending ---------------------------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Writes what is left and ends the session."""
        self.ended = True
        self.see_no_more()
        self._end_family()
        self.profiling.stop(save=True)
        self.writer.stop()
        self.traces.placements.remove()

    def see_no_more(self) -> None:
        """Puts back what sees the program."""
        self.sampler.stop()
        self.traces.see_no_more()
        self.instruments.remove()

    def pause(self) -> None:
        """Sees no traces and no stacks until :meth:`go_on`."""
        self.sampler.paused = True
        self.traces.see_no_more()

    def go_on(self) -> None:
        """Sees them again."""
        self.sampler.paused = False
        if not self.ended:
            self.traces.see_again()

    def _end_family(self) -> None:
        if self.family is not None:
            self.family.end()

    def leave_to_parent(self) -> None:
        """After a fork: the child has no writer thread, the file is the parent's, and locks may be held by threads that are no more."""
        self.ended = True
        self.traces.leave_to_parent()
        self.samplers.leave_to_parent()
        self.profiling.leave_to_parent()
        self.threads.leave_to_parent()
        self.definitions.leave_to_parent()
        self.sampler.leave_to_parent()
        self.writer.leave_to_parent()
