"""TensorFlow's common supertypes, on recorded trees.

``reduce_retracing`` traces with the most specific common supertype of what a function has seen; an ``input_signature`` is one that covers
all. Both follow ``TraceType.most_specific_common_supertype`` of TensorFlow 2.20 and 2.21 (``tensorflow/core/function/trace_type``).
Whether a trace serves a call is ``differences.find``'s to say.
"""

from __future__ import annotations

import cmath
import dataclasses
from typing import Any, Final

from tfmodetrace.insight import literals
from tfmodetrace.schema import keys

Kind = keys.Kind

TENSORS: Final = frozenset({Kind.TENSOR, Kind.ARRAY})
_SHAPED: Final = frozenset({Kind.TENSOR, Kind.ARRAY, Kind.VARIABLE})
_LOOSE: Final = frozenset({Kind.COMPOSITE, Kind.CUSTOM})


def common_supertype(first: keys.Node, second: keys.Node) -> keys.Node | None:
    """Returns the most specific type that both are subtypes of; ``None`` if there is none."""
    if skeleton(first) != skeleton(second):
        return None
    if first.kind in TENSORS:
        text = first.text if first.text == second.text else ""
        return dataclasses.replace(first, shape=_common_shape(first.shape, second.shape), text=text)
    if first.kind == Kind.VARIABLE:
        return first if first.shape == second.shape else None
    if first.kind in (Kind.OBJECT, Kind.CUSTOM):
        return first if first.alias == second.alias and (first.alias or first == second) else None
    if first.kind == Kind.COMPOSITE and first != second and (first.token != second.token or not first.children):
        return None
    children = [common_supertype(ours, theirs) for ours, theirs in _pairs(first, second)]
    if any(child is None for child in children):
        return None
    return dataclasses.replace(first, children=tuple(child for child in children if child is not None))


def skeleton(node: keys.Node) -> Any:
    """Returns something hashable that is equal for any two types of which one could serve the other, shapes left aside."""
    kind = node.kind
    if kind in TENSORS:
        return Kind.TENSOR, node.dtype
    if kind == Kind.LITERAL:
        return kind, literal_value(node)
    if kind == Kind.OBJECT:
        return kind, node.alias or -node.token
    if kind in _LOOSE:
        return kind, node.type_name, len(node.children)
    if kind == Kind.DICT:
        ordered = sorted(zip(node.names, node.children, strict=False), key=lambda pair: pair[0])
        return kind, tuple((name, skeleton(child)) for name, child in ordered)
    own = (kind, node.type_name, node.dtype, node.text, node.token, node.alias, node.names)
    return (*own, tuple(skeleton(child) for child in node.children))


def literal_value(node: keys.Node) -> Any:
    """Returns a literal as Python compares it (1 == 1.0 == True); its text where it is no number."""
    if node.type_name in literals.NUMBERS:
        try:
            value = literals.number(node.type_name, node.text)
        except ValueError:
            return node.type_name, node.text, node.token
        # What is not finite goes by its text: nan equals nothing, and is one key all the same.
        if isinstance(value, int) or cmath.isfinite(value):
            return "number", value
    return node.type_name, node.text, node.token


def any_node(node: keys.Node, kinds: frozenset[int]) -> bool:
    """Whether a node of one of these kinds is in a tree."""
    return node.kind in kinds or any(any_node(child, kinds) for child in node.children)


def has_unknown_shape(node: keys.Node) -> bool:
    """Whether a shape in a tree has an unknown rank or dimension."""
    if node.kind in _SHAPED:
        return node.shape is None or None in node.shape
    return any(has_unknown_shape(child) for child in node.children)


def _pairs(first: keys.Node, second: keys.Node) -> list[tuple[keys.Node, keys.Node]]:
    if first.kind == Kind.DICT:
        theirs = dict(zip(second.names, second.children, strict=False))
        return [(child, theirs[name]) for name, child in zip(first.names, first.children, strict=False)]
    return list(zip(first.children, second.children, strict=True))


def _common_shape(first: tuple[int | None, ...] | None, second: tuple[int | None, ...] | None) -> tuple[int | None, ...] | None:
    if first is None or second is None or len(first) != len(second):
        return None
    return tuple(ours if ours == theirs else None for ours, theirs in zip(first, second, strict=True))
