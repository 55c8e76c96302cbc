"""How many of a Keras layer's variables are trained, read as it lies in the layer: its own properties may be the program's."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Final

NAMES: Final = frozenset({"trainable_variables", "trainable_weights"})
"""The properties of a layer that give them."""

_MRO: Final = type.__dict__["__mro__"]
_CLASS_DICT: Final = type.__dict__["__dict__"]
_MODULE: Final = "keras.src.layers.layer"
_MOST: Final = 4096


@dataclasses.dataclass(frozen=True, slots=True)
class Trained:
    """The variables of a layer that are trained; true if there are any, as the list of them is."""

    count: int

    def __bool__(self) -> bool:
        return self.count > 0

    def __repr__(self) -> str:
        return f"{self.count} variable{'' if self.count == 1 else 's'}"


def of_layer(layer: Any, given_by: property) -> Trained | None:
    """Counts them.

    Args:
        layer: Anything.
        given_by: The property of its class that gives them: one of the program's may give others.

    Returns:
        Their number; None if this is no layer of Keras 3's, or Keras keeps them otherwise than is known here.
    """
    own = next((each for each in _MRO.__get__(type(layer)) if given_by in _CLASS_DICT.__get__(each).values()), None)
    if own is None or _CLASS_DICT.__get__(own).get("__module__") != _MODULE:
        return None
    try:
        if not _lying_in(layer)["_trainable"]:
            return Trained(0)
        return Trained(len({id(variable) for variable in _variables(layer) if _lying_in(variable)["_trainable"]}))
    except (AttributeError, KeyError, TypeError):
        return None


def _variables(layer: Any) -> Iterator[Any]:
    waiting, met = [layer], set[int]()
    while waiting and len(met) < _MOST:
        each = waiting.pop()
        if id(each) in met:
            continue
        met.add(id(each))
        inside = _lying_in(each)
        yield from list.__iter__(inside["_trainable_variables"])
        waiting.extend(list.__iter__(inside["_layers"]))


def _lying_in(whole: Any) -> Mapping[str, Any]:
    found = object.__getattribute__(whole, "__dict__")
    if type(found) is not dict:
        raise TypeError
    return found
