"""A session of TensorFlow's profiler for ``record(profiler=…)``."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
import time
import uuid
from typing import Any, Final

import tensorflow as tf

from tfmodetrace.recorder.calls import memory
from tfmodetrace.recorder.session import record_files
from tfmodetrace.recorder.support import faults
from tfmodetrace.recorder.tf import profiling as tf_profiling
from tfmodetrace.schema import profiles

MAX_PROFILED_SECS: Final = 120.0
"""How long a recording runs the profiler, which keeps every event in memory until it is stopped."""

MAX_GROWTH_BYTES: Final = 2 << 30
"""By how much the process may grow while it does."""


class Profiling:
    """TensorFlow's profiler for a session, if that is to run it.

    Args:
        options: What ``record(profiler=…)`` was told.
        faults: What goes wrong.
    """

    def __init__(self, options: Any, faults: faults.Faults) -> None:
        self.wanted = bool(options)
        self._options = None if options is True else options
        self._faults = faults
        self._profiler: SessionProfiler | None = None
        self._logdir = ""

    def start(self, logdir: str) -> None:
        """Starts it."""
        self._logdir = logdir
        if self.wanted:
            try:
                self._profiler = SessionProfiler(logdir, self._options)
                self._profiler.start()
            except Exception as error:
                self._faults.add("TensorFlow's profiler could not be started", error)

    def tend(self) -> None:
        """Notices a profiler that came or went, whosever it is, and writes the profiles that are finished; for the writer."""
        tf_profiling.look_for_profiler()
        if self._profiler is not None:
            try:
                self._profiler.tend()
            except Exception as error:
                faults.warn(f"a profile could not be written into {self._logdir}: {faults.sentence(error)} The recording goes on.")

    def stop(self, *, save: bool) -> None:
        """Stops it.

        Args:
            save: Whether what was profiled is to be written.
        """
        if self._profiler is not None:
            try:
                self._profiler.stop(save=save)
            except Exception as error:
                self._faults.add("TensorFlow's profiler could not be stopped", error)

    def leave_to_parent(self) -> None:
        """In a forked child: the profiler is the parent's."""
        if self._profiler is not None:
            self._profiler.leave_to_parent()


class SessionProfiler:
    """Profiles as long as a recording lasts, except while somebody else does.

    Whoever starts the profiler by TensorFlow's own functions finds it free: what was profiled so far is put aside for the writer, and
    profiling goes on, into a further profile, when he is done.

    Args:
        logdir: Where the profiles go: ``<logdir>/plugins/profile/<time>/<host>.xplane.pb``.
        options: ``tf.profiler.experimental.ProfilerOptions``; None for TensorFlow's defaults.
    """

    def __init__(self, logdir: str, options: Any) -> None:
        self._logdir = logdir
        self._options = options
        self._left_secs = MAX_PROFILED_SECS
        self._began_secs = 0.0
        self._began_bytes = 0
        self._running: tf_profiling.ProfilerSession | None = None
        # TensorFlow names a profile by the second in which it ends; the user's, in the same second, must not meet ours.
        self._staging = (
            f"{logdir}/.modetrace-{uuid.uuid4().hex[:8]}" if record_files.is_local(logdir) else tempfile.mkdtemp(prefix="tfmodetrace-")
        )
        self._staged = False
        self._wanted = True
        self._ended = False

    def start(self) -> None:
        """Starts profiling if nobody else does, and otherwise as soon as that has ended; see :meth:`tend`."""
        if not tf_profiling.ProfilerSession.available:
            self._wanted = False
            raise RuntimeError(f"the profiler of TensorFlow {tf.__version__} cannot be run by tfmodetrace; start tf.profiler.experimental")
        profiling = tf_profiling.ProfilerSession(self._staging, self._give_way)
        try:
            profiling.start(self._options)
        except tf.errors.AlreadyExistsError:
            return
        self._began_secs, self._began_bytes = time.monotonic(), memory.resident_bytes() or 0
        self._running = profiling

    def _give_way(self) -> None:
        self._left_secs -= time.monotonic() - self._began_secs
        self._running, self._staged = None, True

    def _stop_in_time(self) -> None:
        """Stops profiling before it takes too much memory; a program that records for days must not die of it."""
        running = self._running
        if running is None:
            return
        grown = (memory.resident_bytes() or 0) - self._began_bytes
        secs = MAX_PROFILED_SECS - self._left_secs + time.monotonic() - self._began_secs
        if secs < MAX_PROFILED_SECS and grown < MAX_GROWTH_BYTES:
            return
        self._wanted, self._running = False, None
        if not running.stop():
            return  # somebody else has, just now
        self._staged = True
        faults.warn(
            f"TensorFlow's profiler has run for {secs:.0f} s and is stopped, since it keeps all events in memory; its profile is in "
            f"{self._logdir}, and the recording goes on. Run tf.profiler.experimental yourself to profile another part."
        )

    def tend(self) -> None:
        """Writes what is finished, and goes on profiling if somebody else has stopped; for the writer, now and then.

        Raises:
            Exception: Whatever the file system raises.
        """
        self._stop_in_time()
        try:
            if self._staged:
                self._staged = False
                for staged in glob.glob(os.path.join(glob.escape(self._staging), *profiles.DIRECTORY, "*", f"*{profiles.FILE_SUFFIX}")):
                    _move(staged, self._logdir)
        finally:
            if self._ended:
                shutil.rmtree(self._staging, ignore_errors=True)
        # Only now, with nothing staged that a profile of the same second would replace.
        if self._running is None and self._wanted and not tf_profiling.look_for_profiler():
            self.start()

    def stop(self, *, save: bool = True) -> None:
        """Stops profiling; what was profiled waits for :meth:`tend`, if it is to be saved."""
        self._wanted = False
        running, self._running = self._running, None
        if running is not None and running.stop(save=save):
            self._staged = save
        self._ended = True  # the writer may tidy up now, and not while a large profile is still being written

    def leave_to_parent(self) -> None:
        """In a forked child: the profiler is the parent's."""
        self._wanted, self._running, self._staged = False, None, False


def _move(staged: str, logdir: str) -> None:
    """Moves a profile to where XProf looks for it."""
    time_ended = os.path.basename(os.path.dirname(staged))
    name = f"{time_ended}_modetrace"  # the user's own profiles have names without that
    for number in range(1, 1000):
        directory = os.path.join(logdir, *profiles.DIRECTORY, name if number == 1 else f"{name}_{number}")
        if not tf.io.gfile.exists(directory):
            break
    tf.io.gfile.makedirs(directory)
    # TensorBoard may look at any time: the file is there once it is whole.
    path = os.path.join(directory, os.path.basename(staged))
    if record_files.is_local(logdir):
        os.replace(staged, path)
    else:
        tf.io.gfile.copy(staged, f"{path}.part")
        tf.io.gfile.rename(f"{path}.part", path)
        os.remove(staged)
