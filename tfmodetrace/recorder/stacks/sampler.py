"""The thread that looks at the stacks of the program's threads, about 100 times a second, and never for more than 0.5 % of a core.

Nothing of the program is touched but its stacks, which are read and let go. What a look costs is measured, and where that is much, looks
become rarer. They come at random distances, so that no rhythm of the program's can hide from them.

A thread waits for the interpreter until the running one lets go of it, and that is where TensorFlow runs an op: all Python between ops
would be seen as the next op. Where ``hot_path.c`` was compiled, its ``pause_for`` has the running thread stop where it is. Where not, a
look that had to wait tells of Python at no line: which it was is not known, and an op it was not.
"""

from __future__ import annotations

import gc
import random
import struct
import sys
import threading
import time
import types
import weakref
from collections.abc import Callable
from typing import Final

import numpy as np

from tfmodetrace.recorder.calls import native, threads
from tfmodetrace.recorder.stacks import look, places
from tfmodetrace.recorder.support import faults, own_threads
from tfmodetrace.schema import codec, events_pb2

PERIOD_SECS: Final = 0.01
"""From look to look, on average and at least."""

MAX_PERIOD_SECS: Final = 1.0

SHARE: Final = 0.005
"""Which part of a core looking may take."""

_AIM: Final = 0.85 * SHARE
"""What looks of the usual cost take of it; the rest is for those that cost more."""

_LOOKS_AT_ONCE: Final = 4
"""Looks from one reckoning of what they cost to the next."""

_COSTS_KEPT: Final = 7
"""Reckonings that the next distance rests on, but for the latest."""

MAX_WAITING_ROWS: Final = 1 << 16
"""Rows that may wait for the writer; what exceeds them is let go."""

_STOP_SECS: Final = 1.0
_LATE_NS: Final = (300_000, 4_500_000)
"""With how much delay a look, that had asked for it, got the interpreter when the running thread let go of it. After the switch interval
that has to stop where it is."""

_LONGEST_PAUSE_SECS: Final = 0.05
_USUAL_COST_NS: Final = 100_000
_ALLOWANCE_NS: Final = 20_000_000
"""What may be spent beyond ``SHARE``: what is met for the first time has to be found out about once."""

_ROW: Final = struct.Struct("<qqii")
_ROW_DTYPE: Final = np.dtype([("start_ns", "<i8"), ("call_id", "<i8"), ("thread_id", "<i4"), ("place_id", "<i4")])

_ACTIVE: Final[dict[int, threading.Thread]] = getattr(threading, "_active", {})
"""Python's own table of the threads that live, which saves asking each."""

_pause: Final[Callable[[float], bool] | None] = None if native.HOT_PATH is None else native.HOT_PATH.pause_for


def _frames_without_collecting() -> dict[int, types.FrameType]:
    """What the hot path's ``current_frames`` does, which says why. Between the lines others may run, for whom nothing is collected then."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        return sys._current_frames()
    finally:
        if was_on:
            gc.enable()


_current_frames: Final[Callable[[], dict[int, types.FrameType]]] = (
    _frames_without_collecting if native.HOT_PATH is None else native.HOT_PATH.current_frames
)


def obstacle() -> str | None:
    """Says in a sentence why stacks cannot be sampled in this process; None if they can."""
    if not hasattr(sys, "_current_frames"):
        return "this Python does not show the stacks of its threads"
    import _thread

    if not all(isinstance(function, types.BuiltinFunctionType) for function in (_thread.start_new_thread, _thread.get_ident)):
        return "threads are replaced by something else here, as gevent does, and have no stacks of their own"
    return None


class Sampler:
    """Samples the stacks of a process for one session. Nothing happens before :meth:`start`.

    Args:
        wanted: Whether it is to sample at all.
        anchor_ns: ``time.perf_counter_ns()`` at the session's start; times in the file count from it.
        known: The threads of the session.
        add_thread: Keeps a thread for the writer, which has its number.
        faults: What goes wrong.

    Attributes:
        looks: How often it has looked.
        spent_ns: What its thread has used of a core.
        paused: Whether it does not look for the time being.
    """

    def __init__(
        self,
        *,
        wanted: bool,
        anchor_ns: int,
        known: threads.Threads,
        add_thread: Callable[[int, threading.Thread], None],
        faults: faults.Faults,
    ) -> None:
        self.wanted = wanted
        self.paused = False
        self.looks = self.spent_ns = 0
        self._anchor_ns = anchor_ns
        self._known = known
        self._add_thread = add_thread
        self._faults = faults
        self._places = places.Places()
        self._looks = look.Looks(self._places)
        self._rows: list[bytes] = []
        self._threads: dict[int, tuple[weakref.ref[threading.Thread], int | None]] = {}
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._period_secs = PERIOD_SECS

    def start(self) -> None:
        """Begins to look, if it is to and can; says so where it cannot."""
        if not self.wanted or self._thread is not None:
            return
        why = obstacle()
        if why is not None:
            faults.warn(f"stacks are not sampled: {why}. Calls are recorded as ever.")
            return
        thread = threading.Thread(target=self._run, name=f"{own_threads.NAMES}sampler", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # no more threads, or the interpreter ends
            self._faults.add("stacks are not sampled", error)
            return
        self._thread = thread

    def stop(self) -> None:
        """Looks no more. What was seen waits for :meth:`move_to`; may be called again."""
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._ended.wait(_STOP_SECS)

    def leave_to_parent(self) -> None:
        """In a forked child: the thread and what it has seen are the parent's."""
        self._stop = threading.Event()
        self._stop.set()
        self._thread = None
        self._rows = []

    # --- For the writer -------------------------------------------------------------------------------------------------------------------

    def move_to(self, chunk: events_pb2.Chunk) -> None:
        """Moves everything that waits into a chunk."""
        if not self.wanted:
            return
        rows = self._rows[:]  # before the places that they name
        del self._rows[: len(rows)]
        self._places.move_to(chunk)
        if rows:
            table = np.frombuffer(b"".join(rows), dtype=_ROW_DTYPE)
            columns = {name: table[name].astype(np.int64) for name in codec.SAMPLE_COLUMN_NAMES}
            columns["start_ns"] -= self._anchor_ns
            chunk.samples.append(codec.encode_samples(columns))

    # --- The thread -----------------------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            own_threads.leave_signals_to_the_program()
            self._look_until_stopped()
        except Exception as error:
            self._faults.add("stacks are sampled no more", error)
        finally:
            self._threads.clear()
            self._ended.set()

    def _look_until_stopped(self) -> None:
        distances = random.Random(self._anchor_ns)  # noqa: S311 - not the program's generator, and no secret
        own, main, stopped = threading.get_ident(), threading.main_thread().ident or 0, self._stop.is_set
        began_ns, began_spent_ns = time.perf_counter_ns(), time.thread_time_ns()
        costs_ns, spent_ns, met = [_USUAL_COST_NS], began_spent_ns, self._looks.told
        while True:
            # Each line of this runs on a processor whose caches hold the program's work, and is ten times as slow as elsewhere.
            for part in [0.5 + distances.random() for _ in range(_LOOKS_AT_ONCE)]:
                secs = self._period_secs * part
                free = late = False
                if _pause is None:
                    wanted_ns = time.perf_counter_ns() + int(secs * 1e9)
                    self._stop.wait(secs)
                    late = _LATE_NS[0] < time.perf_counter_ns() - wanted_ns < _LATE_NS[1]
                else:
                    if secs > _LONGEST_PAUSE_SECS:
                        self._stop.wait(secs - _LONGEST_PAUSE_SECS)
                        secs = _LONGEST_PAUSE_SECS
                    free = _pause(secs)
                if stopped():
                    return
                if len(self._rows) < MAX_WAITING_ROWS and not self.paused:
                    self._look(time.perf_counter_ns(), own, main, late=late, free=free)
            before_ns, spent_ns = spent_ns, time.thread_time_ns()
            self.spent_ns = spent_ns - began_spent_ns
            if self._looks.told == met:  # looks that met something new are no measure
                costs_ns = [*costs_ns[-_COSTS_KEPT:], (spent_ns - before_ns) // _LOOKS_AT_ONCE]
            met = self._looks.told
            too_much = self.spent_ns > SHARE * (time.perf_counter_ns() - began_ns) + _ALLOWANCE_NS
            period_secs = max(PERIOD_SECS, sum(costs_ns) / len(costs_ns) / _AIM / 1e9)
            self._period_secs = min(MAX_PERIOD_SECS, period_secs * (2 if too_much else 1))

    def _look(self, now_ns: int, own: int, main: int, *, late: bool, free: bool) -> None:
        frames = _current_frames()
        self.looks += 1
        known_threads = self._threads
        frame = None
        try:
            for ident, frame in frames.items():
                if ident == own:
                    continue
                known = known_threads.get(ident)
                thread_id = known[1] if known is not None and _ACTIVE and known[0]() is _ACTIVE.get(ident, self) else self._number(ident)
                if thread_id is None:
                    continue
                calls = self._known.calls_of(ident)
                call_id = -1 if calls is None else calls.innermost.call_id
                place_id, state, is_users = self._looks.look(frame, late=late, free=free)
                if ident == main or (state != "idle" and (is_users or thread_id >= 0)):
                    self._rows.append(_ROW.pack(now_ns, call_id, thread_id, place_id))
        finally:
            frames.clear()
            del frame

    def _number(self, ident: int) -> int | None:
        """The number of a thread; -1 for one that Python did not start; None for one of ours."""
        known = self._threads.get(ident)
        if known is not None and (thread := known[0]()) is not None and thread.is_alive():
            return known[1]
        found = next((thread for thread in threading.enumerate() if thread.ident == ident), None)
        if found is None:
            return -1
        number: int | None = None
        if not own_threads.is_ours(found):
            number, new = self._known.number(found)
            if new:
                self._add_thread(number, found)
        self._threads[ident] = weakref.ref(found), number
        return number
