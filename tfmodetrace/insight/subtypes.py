"""TensorFlow's order of argument types, on recorded trees.

A call reuses a concrete function whose parameter types are *supertypes* of the call's; ``reduce_retracing`` traces with the most specific
common supertype of what it has seen. Both follow ``TraceType.is_subtype_of`` and ``most_specific_common_supertype`` of TensorFlow 2.20
and 2.21 (``tensorflow/core/function/trace_type``).
"""

from __future__ import annotations

import ast
import dataclasses
from typing import Any, Final

from tfmodetrace.schema import keys

Kind = keys.Kind

TENSORS: Final = frozenset({Kind.TENSOR, Kind.ARRAY})
_SHAPED: Final = frozenset({Kind.TENSOR, Kind.ARRAY, Kind.VARIABLE})


def is_subtype(request: keys.Node, cached: keys.Node) -> bool:
    """Whether a call with arguments of one type reuses a concrete function traced for another."""
    if not _comparable(request, cached):
        return False
    if request.kind in _SHAPED and not _shape_within(request.shape, cached.shape):
        return False
    return all(is_subtype(ours, theirs) for ours, theirs in _pairs(request, cached))


def common_supertype(first: keys.Node, second: keys.Node) -> keys.Node | None:
    """Returns the most specific type that both are subtypes of; ``None`` if there is none."""
    if not _comparable(first, second):
        return None
    if first.kind == Kind.VARIABLE and first.shape != second.shape:
        return None
    children = []
    for ours, theirs in _pairs(first, second):
        child = common_supertype(ours, theirs)
        if child is None:
            return None
        children.append(child)
    shape = _common_shape(first.shape, second.shape) if first.kind in _SHAPED else first.shape
    return dataclasses.replace(first, shape=shape, children=tuple(children))


def skeleton(node: keys.Node) -> Any:
    """Returns something hashable that is equal for any two types of which one could be a subtype of the other, shapes left aside."""
    if node.kind in TENSORS:
        return Kind.TENSOR, node.dtype
    if node.kind == Kind.LITERAL:
        return Kind.LITERAL, literal_value(node)
    if node.kind == Kind.DICT:
        ordered = sorted(zip(node.names, node.children, strict=False), key=lambda pair: pair[0])
        return Kind.DICT, tuple((name, skeleton(child)) for name, child in ordered)
    own = (node.kind, node.type_name, node.dtype, node.text, node.token, node.dead, node.alias, node.names)
    return (*own, tuple(skeleton(child) for child in node.children))


def literal_value(node: keys.Node) -> Any:
    """Returns a literal as Python compares it (1 == 1.0 == True); its text where it is no number."""
    if node.type_name in ("int", "float", "bool", "complex"):
        try:
            value = ast.literal_eval(node.text)
        except (ValueError, SyntaxError):
            return node.type_name, node.text
        return "number", value
    return node.type_name, node.text


def _comparable(first: keys.Node, second: keys.Node) -> bool:
    """Whether two nodes agree in all that is not shape and not below them."""
    if first.kind in TENSORS and second.kind in TENSORS:
        return first.dtype == second.dtype
    if first.kind != second.kind or len(first.children) != len(second.children):
        return False
    if first.kind == Kind.LITERAL:
        return bool(literal_value(first) == literal_value(second))
    if first.kind == Kind.DICT:
        return set(first.names) == set(second.names)
    if first.kind == Kind.OBJECT:
        return first.token == second.token and not first.dead and not second.dead
    if first.kind == Kind.UNKNOWN:
        return False
    own = (first.type_name, first.dtype, first.text, first.alias, first.names)
    return own == (second.type_name, second.dtype, second.text, second.alias, second.names)


def _pairs(first: keys.Node, second: keys.Node) -> list[tuple[keys.Node, keys.Node]]:
    if first.kind == Kind.DICT:
        theirs = dict(zip(second.names, second.children, strict=False))
        return [(child, theirs[name]) for name, child in zip(first.names, first.children, strict=False)]
    return list(zip(first.children, second.children, strict=True))


def _shape_within(shape: tuple[int | None, ...] | None, other: tuple[int | None, ...] | None) -> bool:
    if other is None:
        return True
    if shape is None or len(shape) != len(other):
        return False
    return all(theirs is None or theirs == ours for ours, theirs in zip(shape, other, strict=True))


def _common_shape(first: tuple[int | None, ...] | None, second: tuple[int | None, ...] | None) -> tuple[int | None, ...] | None:
    if first is None or second is None or len(first) != len(second):
        return None
    return tuple(ours if ours == theirs else None for ours, theirs in zip(first, second, strict=True))
