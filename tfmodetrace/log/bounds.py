"""How much of one event file is taken into tables: what is told of a file must not keep a reader busy for minutes, whatever the file holds.

Calls are columns, and cost next to nothing each; see ``content`` for their bounds. Everything counted here costs Python objects and is
explained, compared and written out one by one.
"""

from __future__ import annotations

import collections
from typing import Final

from tfmodetrace.schema import events_pb2

MOST_UNITS: Final = 200_000
"""A unit takes about 50 µs to read, to explain and to tell, and 5 kB meanwhile: all of them ten seconds and a gigabyte."""

_UNITS: Final = {"functions": 5, "traces": 4, "errors": 5}
_NODES: Final = "keys"


class Bounds:
    """Counts what a file holds, and says what there is no more room for."""

    def __init__(self) -> None:
        """Begins with all room."""
        self._units_left = MOST_UNITS
        self._taken: collections.Counter[str] = collections.Counter()
        self._left_out: collections.Counter[str] = collections.Counter()

    def takes(self, what: str) -> bool:
        """Counts one of ``functions``, ``traces`` or ``errors``; returns whether there is room for it."""
        return self._take(what, _UNITS[what])

    def takes_key(self, message: events_pb2.Node) -> bool:
        """Counts the cache key of a trace; returns whether there is room for all its parts."""
        return self._take(_NODES, _parts(message, self._units_left + 1))

    def takes_signature(self, message: events_pb2.Node) -> bool:
        """Counts a signature, which is shown and not compared; returns whether there is room for it."""
        return self._take("signatures", 1 + _parts(message, 4 * self._units_left + 4) // 4)

    def warnings(self, path: str) -> list[str]:
        """Returns a sentence for each kind of which something is left out."""
        sentences = []
        for what, left_out in self._left_out.items():
            told = self._taken[what]
            of = f"{path} holds {told + left_out:,} {what}, more than can be told of one process"
            if what == _NODES:
                of = f"{path} holds cache keys of traces with more parts than can be compared"
                sentences.append(f"{of}; why {left_out:,} of its traces happened is not known.")
            elif what == "functions":
                sentences.append(f"{of}; calls and traces of all but the first {told:,} are shown under one function called unknown.")
            elif what == "signatures":
                sentences.append(f"{of}; with what calls were made that have one of {left_out:,} others is not known.")
            else:
                sentences.append(f"{of}; the last {left_out:,} are left out of every count.")
        return sentences

    def _take(self, what: str, units: int) -> bool:
        if units > self._units_left:
            self._left_out[what] += 1
            return False
        self._units_left -= units
        self._taken[what] += 1
        return True


def _parts(message: events_pb2.Node, most: int) -> int:
    """Counts the parts of a tree, but no further than to ``most``."""
    count = 0
    waiting = [message]
    while waiting and count < most:
        node = waiting.pop()
        count += 1
        waiting.extend(node.children)
        if node.HasField("parts"):
            waiting.append(node.parts)
    return count
