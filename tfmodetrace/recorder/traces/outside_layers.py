"""Which Keras layers may run code of the program's while a graph is made."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, Final

from tfmodetrace.recorder.support import owners
from tfmodetrace.recorder.traces import outside_values

_MAX_PARTS: Final = 32
"""Elements of a list, tuple or dict in a layer that are looked at."""


def may_run_the_users(layer: Any) -> bool:
    """Whether a layer is of a class of the program's, or has a function or object of the program's in it, such as an activation or a cell.

    Most layers are Keras's alone, and to look through all that Keras does for one takes as long as tracing it.
    """
    return _runs_the_users(layer) or any(_runs_the_users(part) for part in _parts(layer))


def _parts(layer: Any) -> Iterator[Any]:
    for value in outside_values.lying_in(layer).values():
        yield value
        kind = type(value)
        # Keras keeps lists and dicts in classes of its own that notice changes.
        for made_of in (list, tuple):
            if issubclass(kind, made_of):
                yield from made_of.__getitem__(value, slice(_MAX_PARTS))
        if issubclass(kind, dict):
            yield from list(dict.values(value))[:_MAX_PARTS]


def _runs_the_users(part: Any) -> bool:
    if type(part) is types.MethodType:
        return owners.is_written_by_the_user(part.__func__)
    if type(part) is types.FunctionType:
        return owners.is_written_by_the_user(part)
    # Not `isinstance`, which may ask an object of the program's for its class.
    if issubclass(type(part), type):
        return False
    methods = (outside_values.of_class(type(part), name) for name in ("call", "__call__"))
    return any(owners.is_written_by_the_user(method) for method in methods)
