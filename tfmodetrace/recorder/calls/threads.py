"""The threads of one session: who has rows, how many may wait, what was taken of them and what was lost."""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Mapping, Sequence
from typing import Final

from tfmodetrace.recorder.calls import states

_NOTHING: Final[Mapping[tuple[int, int, int], Sequence[int]]] = {}


def _add(counted: dict[tuple[int, int, int], list[int]], key: tuple[int, int, int], numbers: Sequence[int]) -> None:
    known = counted.setdefault(key, [0] * len(numbers))
    for place, number in enumerate(numbers):
        known[place] += number


class Threads:
    """The threads of a session that have called something, as long as they live and have rows.

    Attributes:
        recorded_calls: Calls that were taken so far and not lost since.
    """

    def __init__(self) -> None:
        # Re-entrant: while the table is changed, a garbage collection may run somebody's __del__, which may call a traced function.
        self._lock = threading.RLock()
        self._threads: list[states.ThreadCalls] = []
        self._ids = itertools.count()
        # By Python's number for a thread, which another may have once it has ended.
        self._numbers: dict[int, tuple[weakref.ref[threading.Thread], int]] = {}
        self._by_ident: dict[int, states.ThreadCalls] = {}
        self._dropped_elsewhere = 0
        self._counted_elsewhere: dict[tuple[int, int, int], list[int]] = {}
        self.recorded_calls = 0

    def add(self, session: states.Recording) -> states.ThreadCalls:
        """Gives the calling thread its number, and its share of the rows that may wait."""
        thread = threading.current_thread()
        calls = states.ThreadCalls(session, self.number(thread)[0], thread)
        with self._lock:
            self._threads.append(calls)
            self._by_ident[threading.get_ident()] = calls
            self._share_rows()
        return calls

    def number(self, thread: threading.Thread) -> tuple[int, bool]:
        """Returns a thread's number, and whether it was not known before."""
        with self._lock:
            known = self._numbers.get(thread.ident or 0)
            if known is not None and known[0]() is thread:
                return known[1], False
            number = next(self._ids)
            self._numbers[thread.ident or 0] = weakref.ref(thread), number
            return number, True

    def calls_of(self, ident: int) -> states.ThreadCalls | None:
        """Returns the calls of a thread, by Python's number for it; None if it has called nothing."""
        return self._by_ident.get(ident)

    def _share_rows(self) -> None:
        for calls in self._threads:
            calls.share(len(self._threads))

    def take_rows(self) -> list[tuple[int, list[bytes]]]:
        """Takes every finished call that waits: (thread id, packed rows) a thread. Forgets threads that have ended."""
        taken = []
        for calls in self._all():
            thread = calls.thread()
            ended = thread is None or not thread.is_alive()
            rows = calls.rows[:]
            if rows:
                del calls.rows[: len(rows)]
                calls.waits = True
                self.recorded_calls += len(rows)
                taken.append((calls.thread_id, rows))
            if ended and not calls.rows and not calls.memory_rows:
                with self._lock:
                    self._threads.remove(calls)
                    for ident in [ident for ident, known in self._by_ident.items() if known is calls]:
                        del self._by_ident[ident]
                    self._share_rows()
                    self._dropped_elsewhere += calls.dropped
                    for (function_id, mode), counted in calls.counted.items():
                        self._count((function_id, mode, calls.thread_id), counted)
        return taken

    def take_memory_rows(self) -> list[bytes]:
        """Takes what calls have found in device memory, as packed rows."""
        taken: list[bytes] = []
        for calls in self._all():
            rows = calls.memory_rows[:]
            del calls.memory_rows[: len(rows)]
            taken += rows
        return taken

    def _all(self) -> tuple[states.ThreadCalls, ...]:
        with self._lock:
            return tuple(self._threads)

    def dropped_calls(self) -> int:
        """Calls that were not kept so far."""
        with self._lock:
            return self._dropped_elsewhere + sum(calls.dropped for calls in self._threads)

    def counted_calls(self) -> dict[tuple[int, int, int], list[int]]:
        """Of the calls that were not kept, those of which more is known than that: see ``states.ThreadCalls.counted``.

        Returns:
            By function, mode and thread: how many there were so far, and their times.
        """
        with self._lock:
            counted = {key: list(numbers) for key, numbers in self._counted_elsewhere.items()}
            for calls in self._threads:
                for (function_id, mode), numbers in list(calls.counted.items()):
                    _add(counted, (function_id, mode, calls.thread_id), numbers)
        return counted

    def lose(self, calls: int, counted: Mapping[tuple[int, int, int], Sequence[int]] = _NOTHING) -> None:
        """Counts calls that were taken and could not be written.

        Args:
            calls: How many.
            counted: What is known of them, as :meth:`counted_calls` tells it.
        """
        with self._lock:
            self._dropped_elsewhere += calls
            self.recorded_calls -= calls
            for key, numbers in counted.items():
                self._count(key, numbers)

    def _count(self, key: tuple[int, int, int], numbers: Sequence[int]) -> None:
        _add(self._counted_elsewhere, key, numbers)

    def leave_to_parent(self) -> None:
        """In a forked child: what waits is the parent's, and the lock may be held by a thread that is no more."""
        self._lock = threading.RLock()
        self._threads.clear()
        self._counted_elsewhere.clear()
        self._by_ident.clear()
        self._numbers.clear()


def silence_thread(session: states.Recording) -> None:
    """Keeps whatever the calling thread calls out of a recording: it is a thread of ours."""
    calls = states.ThreadCalls(session, -1, threading.current_thread())
    calls.busy = True
    states.THREAD.calls = calls
