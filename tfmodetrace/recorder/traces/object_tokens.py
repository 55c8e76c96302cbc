"""Numbers for objects that TensorFlow compares by identity or by the user's own ``==``. Weak references only: nothing is kept alive."""

from __future__ import annotations

import collections
import threading
import weakref
from typing import Any, Final

from tfmodetrace.recorder.support import interrupts

_MEMBERS_KEPT: Final = 8


class ObjectTokens:
    """Numbers for objects: one a living object, never used again after it died; and one a class of equal living objects."""

    def __init__(self) -> None:
        # Reentrant: the death of an object calls back wherever it happens, so also in the middle of these methods.
        self._lock = threading.RLock()
        self._next_token = 1
        self._next_class = 1
        self._tokens: dict[int, tuple[weakref.ref[Any] | None, int]] = {}
        # A weak reference hashes and compares as its object does while that lives: TensorFlow's cache relies on it, and so does this.
        self._classes: dict[weakref.ref[Any], int] = {}
        self._members: dict[int, list[weakref.ref[Any]]] = {}
        self._gone: collections.deque[int] = collections.deque()

    def token(self, target: Any, *, report_death: bool = False) -> int:
        """Returns the object's number; 0 for None.

        Args:
            target: Any object.
            report_death: Whether :meth:`take_gone` is to name it once it has died.
        """
        if target is None:
            return 0
        with self._lock:
            known = self._tokens.get(id(target))
            if known is not None and (known[0] is None or known[0]() is target):
                return known[1]
            number = self._next_token
            self._next_token += 1
            identity = id(target)
            try:
                reference = weakref.ref(target, lambda _: self._forget(identity, number, report_death))
            except TypeError:
                reference = None
            self._tokens[identity] = (reference, number)
            return number

    def equality_class(self, target: Any) -> int:
        """Returns a number that an object has in common with every living one that equals it; 0 if that cannot be told."""
        with self._lock:
            try:
                known = self._classes.get(weakref.ref(target))
                if known is None:
                    known = self._next_class
                    self._next_class += 1
                    self._lead(known, target, [])
            except Exception as error:  # the user's own __hash__ and __eq__ may raise anything
                interrupts.let_pass(error)
                return 0
            members = self._members.get(known, [])
            if len(members) < _MEMBERS_KEPT and all(member() is not target for member in members):
                members.append(weakref.ref(target))
            return known

    def renew_lock(self) -> None:
        """In a forked child: a thread that held the lock at the fork is not there to release it."""
        self._lock = threading.RLock()

    def take_gone(self) -> tuple[int, ...]:
        """Returns the numbers of the objects that died since the last time."""
        gone = []
        while self._gone:
            gone.append(self._gone.popleft())
        return tuple(gone)

    def _lead(self, number: int, target: Any, others: list[weakref.ref[Any]]) -> None:
        reference = weakref.ref(target, self._leader_died)
        self._classes[reference] = number
        self._members[number] = [reference, *others]

    def _leader_died(self, reference: weakref.ref[Any]) -> None:
        with self._lock:
            number = self._classes.pop(reference, 0)
            members = self._members.pop(number, [])
            for position, member in enumerate(members):
                heir = member()
                if heir is not None:
                    self._lead(number, heir, members[position + 1 :])
                    return

    def _forget(self, identity: int, number: int, report_death: bool) -> None:  # noqa: FBT001 (a callback)
        with self._lock:
            known = self._tokens.get(identity)
            if known is not None and known[1] == number:
                del self._tokens[identity]
        if report_death:
            self._gone.append(number)
