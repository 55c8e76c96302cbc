"""Which earlier traces are worth comparing a new one with.

Comparing every pair would be quadratic. Traces that differ in a single place are found through an index of keys with that place blanked
out; where there is none, those that share a part with the new one, and the most recent, are candidates. Traces of relaxed shapes come
on top, since they may serve what they do not equal. So the work for one trace grows with its own size, not with their number.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator
from typing import Any, Final

from tfmodetrace.log import trace_table
from tfmodetrace.schema import keys

Kind = keys.Kind

_RECENT: Final = 6
_SHARING: Final = 6
_RELAXED: Final = 6
_PARTS_COMPARED: Final = 64
_MAX_PLACES: Final = 64
_WITH_SHAPE: Final = frozenset({Kind.TENSOR, Kind.ARRAY, Kind.VARIABLE})
_BY_CLASS: Final = frozenset({Kind.OBJECT, Kind.COMPOSITE, Kind.CUSTOM})
_CONTAINERS: Final = frozenset({Kind.LIST, Kind.TUPLE, Kind.DICT, Kind.NAMED_TUPLE, Kind.ATTRS})


class History:
    """The traces of one function so far, found by what they have in common with a new one."""

    def __init__(self) -> None:
        self.empty = True
        self._recent: collections.deque[trace_table.Trace] = collections.deque(maxlen=_RECENT)
        self._relaxed: collections.deque[trace_table.Trace] = collections.deque(maxlen=_RELAXED)
        self._by_blanked_key: dict[Any, trace_table.Trace] = {}
        self._by_part: dict[Any, trace_table.Trace] = {}
        self._last: tuple[trace_table.CacheKey, _Places] | None = None

    def add(self, trace: trace_table.Trace) -> None:
        """Takes in a trace, which must be later than all before."""
        self.empty = False
        if trace.key is None:
            return
        places = self._places_of(trace.key)
        self._recent.append(trace)
        if places.relaxed:
            self._relaxed.append(trace)
        for blanked in places.blanked():
            self._by_blanked_key[blanked] = trace
        for part in places.parts:
            self._by_part[part] = trace

    def candidates(self, key: trace_table.CacheKey) -> Iterator[trace_table.Trace]:
        """Yields earlier traces that are worth a comparison, each once."""
        places = self._places_of(key)
        seen: set[int] = set()
        for trace in self._found(places):
            if trace.trace_id not in seen:
                seen.add(trace.trace_id)
                yield trace

    def _places_of(self, key: trace_table.CacheKey) -> _Places:
        """Takes a key apart; once, though it is first looked up and then added."""
        if self._last is None or self._last[0] is not key:
            self._last = (key, _Places(key))
        return self._last[1]

    def _found(self, places: _Places) -> Iterator[trace_table.Trace]:
        found = False
        for blanked in places.blanked():
            trace = self._by_blanked_key.get(blanked)
            if trace is not None:
                found = True
                yield trace
        yield from self._relaxed
        if not found:
            sharing = {trace.trace_id: trace for trace in map(self._by_part.get, places.parts) if trace is not None}
            yield from (sharing[trace_id] for trace_id in sorted(sharing, reverse=True)[:_SHARING])
            # Of large keys fewer are compared, so that the work for a trace grows with its size and no faster.
            yield from list(self._recent)[-max(2, _PARTS_COMPARED // len(places.parts)) :]


class _Places:
    """A key taken apart into what may differ: its context and the leaves of its arguments, each in its aspects (dtype, shape, …).

    Of a key with too many leaves the arguments are the leaves.
    """

    def __init__(self, key: trace_table.CacheKey) -> None:
        self.relaxed = False
        self._blanked: tuple[Any, ...] | None = None
        leaves = [*self._leaves(key.arguments, "")]
        if len(leaves) > _MAX_PLACES:
            leaves = [
                (name, (hash(tuple(self._leaves(child, ""))),))
                for name, child in zip(key.arguments.names, key.arguments.children, strict=False)
            ]
        self._leaves_and_context = (*leaves, ("(context)", (key.context,)))
        self.parts = tuple((path, number, aspect) for path, aspects in self._leaves_and_context for number, aspect in enumerate(aspects))

    def blanked(self) -> tuple[Any, ...]:
        """Returns, for every place of a key, something that equals that of another key if the two differ in that place only."""
        if self._blanked is None:
            self._blanked = tuple(self._blank())
        return self._blanked

    def _blank(self) -> Iterator[Any]:
        structure = hash(tuple(path for path, _ in self._leaves_and_context))
        hashes = iter([hash(part) for part in self.parts])
        of_leaves = [[next(hashes) for _ in aspects] for _, aspects in self._leaves_and_context]
        # A sum of hashes lets one be taken out again without hashing the rest anew.
        total = sum(map(sum, of_leaves))
        for (path, aspects), of_aspects in zip(self._leaves_and_context, of_leaves, strict=True):
            yield structure, path, total - sum(of_aspects)
            if len(aspects) > 1:
                for number, of_aspect in enumerate(of_aspects):
                    yield structure, path, number, total - of_aspect

    def _leaves(self, node: keys.Node, path: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
        kind = node.kind
        if kind in _WITH_SHAPE:
            shape = node.shape
            self.relaxed = self.relaxed or _is_relaxed(node)
            yield path, ((kind, None if shape is None else len(shape)), shape, node.dtype, (node.alias, node.text))
        elif kind == Kind.LITERAL:
            yield path, ((kind, node.type_name), (node.text, node.token))
        elif kind in _CONTAINERS:
            # Dict order is no part of a key; positions are.
            names = node.names or tuple(map(str, range(len(node.children))))
            yield f"{path}:{kind}{node.type_name}", (len(names),)
            for name, child in sorted(zip(names, node.children, strict=False), key=lambda pair: pair[0]):
                yield from self._leaves(child, f"{path}/{name}")
        elif kind in _BY_CLASS and node.alias:
            self.relaxed = self.relaxed or (kind == Kind.COMPOSITE and any(_is_relaxed(child) for child in node.children))
            # Objects of one class of equals are one to TensorFlow while they live.
            yield path, ((kind, node.alias),)
        else:
            yield path, (node,)


def _is_relaxed(node: keys.Node) -> bool:
    return node.kind in _WITH_SHAPE and (node.shape is None or None in node.shape)
