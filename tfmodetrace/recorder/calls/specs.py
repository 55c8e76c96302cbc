"""TypeSpecs → neutral trees: what a composite tensor, a dataset or an iterator is made of, as TensorFlow serializes its specification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import tensorflow as tf

from tfmodetrace.recorder.support import interrupts
from tfmodetrace.recorder.tf import cache_keys
from tfmodetrace.schema import keys

Kind = keys.Kind

_PLAIN: Final = frozenset({bool, int, float, complex, str, bytes})


def node(spec: Any, depth: int = 0) -> keys.Node:
    """Describes a specification; a tensor's as the tensor itself is described."""
    if type(spec) is tf.TensorSpec:
        return keys.Node(kind=Kind.TENSOR, dtype=spec.dtype.name, shape=shape_of(spec.shape), text=spec.name or "")
    return keys.Node(kind=Kind.COMPOSITE, type_name=name_of(type(spec)), parts=parts_of(spec, depth))


def parts_of(spec: Any, depth: int = 0) -> keys.Node | None:
    """Returns what a specification is made of, as a TUPLE; None where TensorFlow does not tell."""
    if depth > keys.MAX_DEPTH:
        return None
    try:
        serialized = cache_keys.serialized_spec(spec)
    except Exception as error:  # that of a class of the user's may do anything
        interrupts.let_pass(error)
        return None
    return None if serialized is None else keys.Node(kind=Kind.TUPLE, children=tuple(_part(part, depth + 1) for part in serialized))


def name_of(kind: type) -> str:
    """Returns the name of a specification's class, with that of the extension type that it belongs to: ``Masked.Spec``."""
    return kind.__qualname__.rpartition("<locals>.")[2]


def shape_of(shape: tf.TensorShape) -> tuple[int | None, ...] | None:
    """Returns a shape as trees hold it."""
    return None if shape.rank is None else tuple(shape.as_list())


def _part(value: Any, depth: int) -> keys.Node:
    kind = type(value)
    if value is None:
        return keys.Node(kind=Kind.NONE)
    if depth > keys.MAX_DEPTH:
        return keys.Node(kind=Kind.UNKNOWN, text="nested too deeply")
    if isinstance(value, tf.TypeSpec):
        return node(value, depth)
    if isinstance(value, tf.TensorShape):
        return keys.Node(kind=Kind.TENSOR, shape=shape_of(value))
    if isinstance(value, tf.DType):
        return keys.Node(kind=Kind.LITERAL, type_name="DType", text=value.name)
    if kind in _PLAIN:
        return keys.Node(kind=Kind.LITERAL, type_name=kind.__name__, text=keys.clip(repr(value)))
    if isinstance(value, list | tuple):
        children = tuple(_part(item, depth + 1) for item in value)
        fields = getattr(value, "_fields", None)
        if isinstance(fields, tuple) and len(fields) == len(children):
            return keys.Node(kind=Kind.NAMED_TUPLE, type_name=kind.__name__, names=fields, children=children)
        return keys.Node(kind=Kind.LIST if isinstance(value, list) else Kind.TUPLE, children=children)
    if isinstance(value, Mapping):
        names = tuple(keys.clip(repr(name)) for name in value)
        return keys.Node(kind=Kind.DICT, names=names, children=tuple(_part(item, depth + 1) for item in value.values()))
    return keys.Node(kind=Kind.OBJECT, type_name=kind.__qualname__)
