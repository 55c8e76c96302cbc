"""Which eager code runs again and again, by where samples find a thread and what sources tell of its loops and calls."""

from __future__ import annotations

import bisect
import collections
import functools
import itertools
from typing import Final

import numpy as np

from tfmodetrace.insight import eager as eager_module
from tfmodetrace.insight import samples, source_loops, sources
from tfmodetrace.insight.findings import base
from tfmodetrace.log import samples as log_samples

RETURNS: Final = 3
"""How often samples must come back to a line, where its source does not tell that it runs again and again."""

CALLS: Final = 5
"""Calls of a recorded function that tell it."""

MOST: Final = 0.8
"""The part of some calls or times that is nearly all of them."""

DEEPEST: Final = 6
MODULE: Final = "<module>"

_FEW: Final = 0.1


class Repeats:
    """Answers what of one thread's code runs again and again.

    Args:
        evidence: The evidence.
        thread_id: The thread.
        split: Its time, as samples split it.
    """

    def __init__(self, evidence: base.Evidence, thread_id: int, split: samples.Split) -> None:
        self._evidence = evidence
        self._thread_id = thread_id
        self._split = split
        self._samples = evidence.run.samples

    def is_repeated(self, number: int, line: int) -> bool:
        """Whether a line of a definition runs again and again."""
        return self.loop_around(number, line) is not None or self.is_called_again(number) or self._returns[number, line] >= RETURNS

    def is_called_again(self, number: int, depth: int = 0) -> bool:
        """Whether a definition is called several times, as its recorded calls tell, or the loops from which it is called."""
        definition = self._samples.definitions[number]
        if definition.qualname == MODULE or depth > DEEPEST:
            return False
        function = self._evidence.eager.function_of(definition)
        if function is not None and self._evidence.calls_of[function.function_id] >= CALLS:
            return True
        if self._restarts(number) >= RETURNS:
            return True
        called_from = self.called_from(number)
        if called_from is None:
            return False
        caller, lines = called_from
        return any(self.loop_around(caller, line) is not None for line in lines) or self.is_called_again(caller, depth + 1)

    def _restarts(self, number: int) -> int:
        """How often samples found a definition at an earlier statement of its body than before, which is another call of it.

        Whoever calls it: a package's optimizer, a thread, a loop further out than samples tell.
        """
        if number not in self._known_restarts:
            node = sources.definition(eager_module.as_function(self._samples.definitions[number]))
            first = self._samples.definitions[number].line - 1
            begins = [] if node is None else [statement.lineno + first for statement in node.body]
            at: dict[int, int] = {}
            for place_id in self.counted_places:
                place = self._samples.places[place_id]
                lines = (
                    (place.definition_id, place.line),
                    (place.caller_id, place.caller_line),
                    (place.outer_id, place.outer_line),
                )
                found = [bisect.bisect_right(begins, line) for definition, line in lines if definition == number]
                if len(found) == 1:  # in several calls of itself at once there is no order
                    at[place_id] = found[0]
            where = [at[place_id] for place_id in self._samples.place_id[self._split.rows].tolist() if place_id in at]
            self._known_restarts[number] = sum(later < earlier for earlier, later in itertools.pairwise(where))
        return self._known_restarts[number]

    @functools.cached_property
    def _known_restarts(self) -> dict[int, int]:
        return {}

    def loop_around(self, number: int, line: int) -> source_loops.Loop | None:
        """The innermost loop of a definition's own whose body a line is in."""
        around = [loop for loop in self.loops(number) if self.is_in(loop, line)]
        return max(around, key=lambda loop: loop.line, default=None)

    @functools.cached_property
    def _known_loops(self) -> dict[int, list[source_loops.Loop]]:
        return {}

    def outermost_loop(self, root: int, place: log_samples.Place) -> int:
        """The line of a definition's outermost loop that a place was reached from; 0 for none."""
        chain = ((place.definition_id, place.line), (place.caller_id, place.caller_line), (place.outer_id, place.outer_line))
        lines = [line for number, line in chain if number == root]
        around = [loop.line for line in lines for loop in self.loops(root) if self.is_in(loop, line)]
        return min(around, default=0)

    @staticmethod
    def is_in(loop: source_loops.Loop, line: int) -> bool:
        """Whether a line is run in each turn of a loop."""
        return (loop.line if loop.text.startswith("while ") else loop.first) <= line <= loop.last

    def loops(self, number: int) -> list[source_loops.Loop]:
        """The loops in a definition's source."""
        if number not in self._known_loops:
            self._known_loops[number] = source_loops.loops(eager_module.as_function(self._samples.definitions[number]))
        return self._known_loops[number]

    @functools.cached_property
    def _returns(self) -> collections.Counter[tuple[int, int]]:
        """How often the thread was found in a line again after it had been found elsewhere."""
        rows = np.flatnonzero(self._samples.thread_id == self._thread_id)
        ids, lines = self._evidence.eager.definition_ids[rows].tolist(), self._evidence.eager.line_numbers[rows].tolist()
        counted: collections.Counter[tuple[int, int]] = collections.Counter()
        seen: set[tuple[int, int]] = set()
        before: tuple[int, int] | None = None
        for place in zip(ids, lines, strict=True):
            counted[place] += place in seen and place != before
            seen.add(place)
            before = place
        return counted

    def called_from(self, number: int) -> tuple[int, tuple[int, ...]] | None:
        """The definition from which a definition was called, itself or through all others that call it, and the lines in it."""
        called = self._callers(number)
        caller = _one_of(called)
        if caller is not None:
            return caller, (max(((line, count) for (each, line), count in called.items() if each == caller), key=lambda at: at[1])[0],)
        whole = called.total()
        chains = []
        for each, line in {each: line for (each, line), count in reversed(called.most_common()) if count >= _FEW * whole}.items():
            chain = {each: line}
            around = _one_of(self._callers(each))
            while around is not None and around not in chain and len(chain) < DEEPEST:
                chain[around] = max(
                    ((line, count) for (found, line), count in self._callers([*chain][-1]).items() if found == around), key=lambda at: at[1]
                )[0]
                around = _one_of(self._callers(around))
            chains.append(chain)
        for each in chains[0] if chains else ():
            if all(each in chain for chain in chains):
                return each, tuple(chain[each] for chain in chains)
        return None

    def _callers(self, number: int) -> collections.Counter[tuple[int, int]]:
        """The definitions and lines from which samples of a definition were called, with how many; -1 for none of the user's."""
        if number not in self._known_callers:
            called: collections.Counter[tuple[int, int]] = collections.Counter()
            for place_id, count in self.counted_places.items():
                place = self._samples.places[place_id]
                if number not in (place.definition_id, place.caller_id):
                    continue
                caller, line = (place.caller_id, place.caller_line) if place.definition_id == number else (place.outer_id, place.outer_line)
                if caller is None and place.definition_id != number:
                    continue  # so far out was not looked
                called[(-1, 0) if caller is None or caller == number else (caller, line)] += count
            self._known_callers[number] = called
        return self._known_callers[number]

    @functools.cached_property
    def counted_places(self) -> collections.Counter[int]:
        """How many samples found the thread at each place, by the place's number."""
        return collections.Counter(self._samples.place_id[self._split.rows].tolist())

    @functools.cached_property
    def _known_callers(self) -> dict[int, collections.Counter[tuple[int, int]]]:
        return {}


def _one_of(called: collections.Counter[tuple[int, int]]) -> int | None:
    """The definition that nearly all of some calls came from; ``None`` if there is no such one."""
    by_definition: collections.Counter[int] = collections.Counter()
    for (each, _), count in called.items():
        by_definition[each] += count
    found = by_definition.most_common(1)
    return found[0][0] if found and found[0][0] >= 0 and found[0][1] >= MOST * called.total() else None
