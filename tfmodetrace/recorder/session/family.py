"""A session and those that its forked children have after it: all of them end with the first, if not before."""

from __future__ import annotations

import mmap


class Family:
    """One byte that a process shares with those forked from it: whether the session is over that began it.

    Raises:
        OSError: If the operating system has no memory to share.
    """

    def __init__(self) -> None:
        self._over: mmap.mmap = mmap.mmap(-1, 1)

    def end(self) -> None:
        """Says that it is over."""
        self._over[0] = 1

    def is_over(self) -> bool:
        """Whether it is."""
        return self._over[0] != 0
