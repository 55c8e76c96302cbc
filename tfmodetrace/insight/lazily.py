"""What is computed when it is first asked for, and only once, whichever threads ask."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

_T = TypeVar("_T")


class once(Generic[_T]):  # noqa: N801 - a decorator, like functools.cached_property
    """Makes a method a property that is computed once for each object.

    ``functools.cached_property`` computes it twice if two threads come at once. Each property has a lock of its own, so that who waits for
    one does not wait for others; what it is computed from must not lead back to it.
    """

    def __init__(self, compute: Callable[[Any], _T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any]) -> _T: ...
    def __get__(self, instance: object | None, owner: type[Any]) -> Self | _T:
        if instance is None:
            return self
        kept = instance.__dict__
        # Once it is there, Python finds it without coming here. Setting a default is one step, which no other thread divides.
        with kept.setdefault(f"_lock of {self._name}", threading.Lock()):
            if self._name not in kept:
                kept[self._name] = self._compute(instance)
        found: _T = kept[self._name]
        return found
