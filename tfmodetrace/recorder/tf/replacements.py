"""Attributes of other people's classes and modules that are replaced while a session runs, and put back after it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple


class _Replacement(NamedTuple):
    owner: Any
    name: str
    original: Any
    ours: Any


class Replacements:
    """What is replaced, in order."""

    def __init__(self) -> None:
        self._made: list[_Replacement] = []

    def replace(self, owner: Any, name: str, make: Callable[[Any], Any]) -> bool:
        """Replaces an attribute that a class or module has itself; returns whether it has it.

        Args:
            owner: The class or module.
            name: The attribute.
            make: Makes what takes its place of what is there.
        """
        original = vars(owner).get(name)
        if original is None or self.has(owner, name):
            return False
        ours = make(original)
        setattr(owner, name, ours)
        self._made.append(_Replacement(owner, name, original, ours))
        return True

    def replace_inherited(self, kind: type, name: str, make: Callable[[Any], Any]) -> bool:
        """Replaces an attribute of whichever class a class has it from."""
        owner = definer(kind, name)
        return owner is not None and self.replace(owner, name, make)

    def has(self, owner: Any, name: str) -> bool:
        """Whether ours stands there."""
        return any(made.owner is owner and made.name == name for made in self._made)

    def restore(self) -> None:
        """Puts everything back that nobody else has replaced meanwhile.

        Below somebody else's, ours stays, and records nothing; it stays known, so that it is not put there a second time.
        """
        covered = []
        for made in reversed(self._made):
            if inspect.getattr_static(made.owner, made.name, None) is made.ours:
                setattr(made.owner, made.name, made.original)
            else:
                covered.append(made)
        self._made = covered[::-1]


def definer(kind: type, name: str) -> type | None:
    """Returns the class that a class has an attribute from."""
    return next((owner for owner in kind.__mro__ if name in vars(owner)), None)
