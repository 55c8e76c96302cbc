"""TensorFlow's cache key of a trace → a neutral tree of plain values.

The tree holds what TensorFlow compared: no tensor, no object, no graph. Objects that TensorFlow keys by identity become tokens: the same
token is the same living object.
"""

from __future__ import annotations

import inspect
import weakref
from typing import Any, Final

import tensorflow as tf

from tfmodetrace.record import tf_internals
from tfmodetrace.schema import events_pb2, keys

Kind = keys.Kind
_Types = tf_internals.TraceTypes

_PREFIXES: Final = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


class ObjectTokens:
    """Numbers for objects: one a living object, never used again after it died."""

    def __init__(self) -> None:
        self._next = 1
        self._tokens: dict[int, tuple[weakref.ref[Any] | None, int]] = {}

    def token(self, target: Any) -> int:
        """Returns the object's number; 0 for None."""
        if target is None:
            return 0
        known = self._tokens.get(id(target))
        if known is not None and (known[0] is None or known[0]() is target):
            return known[1]
        number = self._next
        self._next += 1
        identity = id(target)
        try:
            reference = weakref.ref(target, lambda _: self._forget(identity, number))
        except TypeError:
            reference = None
        self._tokens[identity] = (reference, number)
        return number

    def _forget(self, identity: int, number: int) -> None:
        known = self._tokens.get(identity)
        if known is not None and known[1] == number:
            del self._tokens[identity]


def cache_key(concrete_function: Any, context: Any, tokens: ObjectTokens) -> events_pb2.CacheKey:
    """Describes the key under which TensorFlow has just cached a concrete function.

    Args:
        concrete_function: What was added to the cache.
        context: The FunctionContext it was added under.
        tokens: The session's object numbers.
    """
    facts = tf_internals.context_facts(context)
    key = events_pb2.CacheKey(
        scope_type=facts.scope_type,
        parent_graph=tokens.token(facts.parent_graph),
        device_functions=facts.device_functions,
        colocation_stack=facts.colocation_stack,
        in_cross_replica_context=facts.in_cross_replica_context,
        variable_policy=facts.variable_policy,
        xla_context=facts.xla_context,
        from_cache=True,
    )
    names: list[str] = []
    children: list[keys.Node] = []
    for name, kind, trace_type in tf_internals.parameter_types(concrete_function):
        names.append(f"{_PREFIXES.get(kind, '')}{name}")
        children.append(type_node(trace_type, tokens))
    keys.to_proto(keys.Node(kind=Kind.DICT, names=tuple(names), children=tuple(children)), key.arguments)
    return key


def type_node(trace_type: Any, tokens: ObjectTokens, depth: int = 0) -> keys.Node:
    """Describes one TraceType; what this version does not know becomes CUSTOM with TensorFlow's own words."""
    if trace_type is None:
        return keys.Node(kind=Kind.UNKNOWN)
    if depth > keys.MAX_DEPTH:
        return keys.Node(kind=Kind.UNKNOWN, text="nested too deeply")
    kind = type(trace_type)

    def below(items: Any) -> tuple[keys.Node, ...]:
        return tuple(type_node(item, tokens, depth + 1) for item in items)

    if kind is _Types.variable:
        return keys.Node(
            kind=Kind.VARIABLE,
            dtype=trace_type.dtype.name,
            shape=_shape(trace_type.shape),
            alias=0 if trace_type.alias_id is None else trace_type.alias_id + 1,
        )
    if kind is tf.TensorSpec:
        return keys.Node(kind=Kind.TENSOR, dtype=trace_type.dtype.name, shape=_shape(trace_type.shape))
    if kind is _Types.literal:
        value = trace_type.value
        if value is None:
            return keys.Node(kind=Kind.NONE)
        return keys.Node(kind=Kind.LITERAL, type_name=type(value).__name__, text=keys.clip(repr(value)))
    if kind is _Types.weakref:
        target = tf_internals.weakref_target(trace_type)
        name = type(target).__qualname__ if target is not None else ""
        return keys.Node(kind=Kind.OBJECT, type_name=name, token=tokens.token(target), dead=target is None)
    if kind is _Types.tuple:
        return keys.Node(kind=Kind.TUPLE, children=below(trace_type.components))
    if kind is _Types.list:
        return keys.Node(kind=Kind.LIST, children=below(trace_type.components))
    if kind is _Types.named_tuple:
        return _named(Kind.NAMED_TUPLE, trace_type, below(trace_type.attributes.components))
    if kind is _Types.attrs:
        named = trace_type.named_attributes
        return _named(Kind.ATTRS, named, below(named.attributes.components))
    if kind is _Types.dict:
        names = tuple(keys.clip(repr(name)) for name in trace_type.mapping)
        return keys.Node(kind=Kind.DICT, names=names, children=below(trace_type.mapping.values()))
    if kind is _Types.custom_nest:
        return keys.Node(
            kind=Kind.CUSTOM,
            type_name=trace_type.value_type.__qualname__,
            text=keys.clip(repr(trace_type.metadata)),
            children=below(trace_type.components),
        )
    if isinstance(trace_type, tf.TypeSpec):
        return keys.Node(kind=Kind.COMPOSITE, type_name=kind.__name__, text=keys.clip(repr(trace_type)))
    return keys.Node(kind=Kind.CUSTOM, type_name=kind.__qualname__, text=keys.clip(repr(trace_type)))


def _named(kind: int, trace_type: Any, children: tuple[keys.Node, ...]) -> keys.Node:
    return keys.Node(kind=kind, type_name=trace_type.type_name, names=tuple(trace_type.attribute_names), children=children)


def _shape(shape: tf.TensorShape) -> tuple[int | None, ...] | None:
    return None if shape.rank is None else tuple(shape.as_list())
