"""What names of a body mean outside of it, and how to find that again; nothing of it is held."""

from __future__ import annotations

import builtins
import types
import weakref
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tfmodetrace.recorder.traces import body_scope, outside_reads, outside_values


class Origin(NamedTuple):
    """Where something outside comes from.

    Attributes:
        root: Finds the object that it begins with.
        steps: How it is reached from there.
        text: What the program calls it; empty for what a body was given as its object, which it calls as it likes.
    """

    root: Callable[[], Any]
    steps: tuple[body_scope.Step, ...]
    text: str

    def current(self) -> Any:
        """Returns what lies there; raises ``UnknownError`` where that cannot be had."""
        found = self.root()
        for step in self.steps:
            found = outside_values.part_of(found, step)
        return found

    def identity(self) -> int:
        """Returns what tells the object that it begins with from others that are there; 0 for a name's own value."""
        try:
            return id(self.root()) if self.steps else 0
        except outside_values.UnknownError:
            return 0

    def part(self, read: outside_reads.Read) -> Origin:
        """Returns where a part of it comes from that a body reads."""
        steps = "".join(f"[{step.key!r}]" if step.is_item else f".{step.key}" for step in read.steps)
        return Origin(self.root, (*self.steps, *read.steps), self.text + steps if self.text else read.text)


class Names:
    """What the names of a body mean outside of it. Holds neither the function nor what it is given."""

    def __init__(
        self,
        function: weakref.ref[types.FunctionType],
        code: types.CodeType,
        given: Mapping[str, Origin],
        reads: outside_reads.Reads,
    ) -> None:
        self._function = function
        self._free = code.co_freevars
        self._given = {name: origin for name, origin in given.items() if name not in reads.given_anew}
        self._own = reads.own_names
        body = function()
        self._globals = frozenset() if body is None else frozenset(name for name in code.co_names if name in body.__globals__)

    def origin(self, read: outside_reads.Read) -> Origin | None:
        """Returns where something comes from; None if it is the body's own, or cannot be found."""
        if read.root in self._given:
            origin = self._given[read.root]
            return origin.part(read)
        root = self._root(read.root)
        return None if root is None else Origin(root, read.steps, read.text)

    def find(self, name: str) -> Any:
        """Returns what a name means; raises ``UnknownError`` if that cannot be found."""
        if name in self._given:
            return self._given[name].current()
        root = self._root(name)
        if root is None:
            raise outside_values.UnknownError
        return root()

    def is_pythons(self, name: str) -> bool:
        """Whether a name means what it does in Python."""
        return name not in self._own and name not in self._free and name not in self._globals and hasattr(builtins, name)

    def _root(self, name: str) -> Callable[[], Any] | None:
        if name in self._own:
            return None
        function = self._function
        if name in self._free:
            place = self._free.index(name)
            return lambda: in_cell(function(), place)
        body = function()
        if body is not None and name in body.__globals__:
            return lambda: _in_globals(function(), name)
        return None


def in_cell(body: types.FunctionType | None, place: int) -> Any:
    """Returns what is in a function's closure; raises ``UnknownError`` if that is nothing any more."""
    if body is None or body.__closure__ is None:
        raise outside_values.UnknownError
    try:
        return body.__closure__[place].cell_contents
    except ValueError:
        raise outside_values.UnknownError from None


def _in_globals(body: types.FunctionType | None, name: str) -> Any:
    if body is None or name not in body.__globals__:
        raise outside_values.UnknownError
    return body.__globals__[name]
