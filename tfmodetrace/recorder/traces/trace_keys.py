"""TensorFlow's cache key of a trace → a neutral tree of plain values.

The tree holds what TensorFlow compared: no tensor, no object, no graph. Objects that TensorFlow keys by identity become tokens: the same
token is the same living object.
"""

from __future__ import annotations

import enum
import inspect
import zlib
from collections.abc import Iterable
from typing import Any, Final

import tensorflow as tf

from tfmodetrace.recorder.calls import specs
from tfmodetrace.recorder.support import interrupts, roles
from tfmodetrace.recorder.tf import cache_keys, concrete_functions, devices
from tfmodetrace.recorder.traces import object_tokens
from tfmodetrace.schema import events_pb2, keys

Kind = keys.Kind
_Types = cache_keys.TraceTypes

_MAX_ATTRIBUTES: Final = 8
_PLAIN: Final = frozenset({bool, int, float, complex, str, bytes, type(None)})


def cache_key(
    concrete_function: Any, context: Any, parameters: Iterable[inspect.Parameter], tokens: object_tokens.ObjectTokens
) -> events_pb2.CacheKey:
    """Describes the key under which TensorFlow has just cached a concrete function.

    Args:
        concrete_function: What was added to the cache.
        context: The FunctionContext it was added under.
        parameters: The Python function's parameters; TensorFlow renames what comes by ``*`` and ``**``.
        tokens: The session's object numbers.
    """
    facts = cache_keys.context_facts(context)
    key = events_pb2.CacheKey(
        scope_type=facts.scope_type,
        parent_graph=tokens.token(facts.parent_graph),
        device_functions=[devices.device_text(item) or _named_object(item, tokens) for item in facts.device_functions],
        colocation_stack=facts.colocation_stack,
        in_cross_replica_context=facts.in_cross_replica_context,
        variable_policy=facts.variable_policy,
        xla_context=facts.xla_context,
        from_cache=True,
    )
    declared = tuple(parameters)
    names: list[str] = []
    children: list[keys.Node] = []
    for name, kind, trace_type in concrete_functions.parameter_types(concrete_function):
        names.append(parameter_path(name, kind, declared))
        children.append(type_node(trace_type, tokens))
    keys.to_proto(keys.Node(kind=Kind.DICT, names=tuple(names), children=tuple(children)), key.arguments)
    return key


def parameter_path(name: str, kind: Any, declared: Iterable[inspect.Parameter]) -> str:
    """Returns how the function's body would write a parameter of its key: ``x``, ``*args[2]`` for ``args_2``, ``**options["rate"]``."""
    declared = tuple(declared)
    for parameter in declared:
        if parameter.name == name and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            return name
    for parameter in declared:
        if parameter.kind is parameter.VAR_POSITIONAL and kind is parameter.POSITIONAL_ONLY:
            stem, _, index = name.rpartition("_")
            if stem == parameter.name and index.isdecimal():
                return f"*{stem}[{index}]"
        if parameter.kind is parameter.VAR_KEYWORD and kind is parameter.KEYWORD_ONLY:
            return f'**{parameter.name}["{name}"]'
    # A clone made by tf.distribute takes (*args, **kwargs) and passes them on.
    stem, _, index = name.rpartition("_")
    if stem == "args" and index.isdecimal() and kind is inspect.Parameter.POSITIONAL_ONLY and int(index) < len(declared):
        return declared[int(index)].name
    return name


def type_node(trace_type: Any, tokens: object_tokens.ObjectTokens, depth: int = 0) -> keys.Node:
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
            shape=specs.shape_of(trace_type.shape),
            text="" if trace_type.trainable else "not trainable",
            alias=0 if trace_type.alias_id is None else trace_type.alias_id + 1,
        )
    if kind is tf.TensorSpec:
        return keys.Node(kind=Kind.TENSOR, dtype=trace_type.dtype.name, shape=specs.shape_of(trace_type.shape), text=trace_type.name or "")
    if kind is _Types.literal:
        return _literal(cache_keys.literal_value(trace_type))
    if kind is _Types.weakref:
        return _object(cache_keys.weakref_target(trace_type), tokens)
    if kind is _Types.distributed_variable:
        shape, dtype = cache_keys.distributed_variable_facts(trace_type)
        return keys.Node(kind=Kind.VARIABLE, dtype=dtype.name, shape=shape, text="distributed")
    if kind is _Types.tensor_array:
        return _tensor_array(cache_keys.tensor_array_of(trace_type), tokens)
    if kind is _Types.tuple:
        return keys.Node(kind=Kind.TUPLE, children=below(trace_type.components))
    if kind is _Types.list:
        return keys.Node(kind=Kind.LIST, children=below(trace_type.components_tuple.components))
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
            text=keys.clip(_repr(trace_type.metadata)),
            children=below(trace_type.components),
        )
    if isinstance(trace_type, tf.TypeSpec):
        return _composite(trace_type, tokens, depth)
    parts: dict[str, keys.Node] = {}
    for name, value in _attributes(trace_type).items():
        if isinstance(value, tf.types.experimental.TraceType):
            parts[name] = type_node(value, tokens, depth + 1)
        elif type(value) in _PLAIN:
            parts[name] = _literal(value)
    names = tuple(parts)[:_MAX_ATTRIBUTES]
    return keys.Node(
        kind=Kind.CUSTOM,
        type_name=kind.__qualname__,
        text=keys.clip(_repr(trace_type)) if _has_own_repr(kind) else "",
        names=names,
        children=tuple(parts[name] for name in names),
        alias=tokens.equality_class(trace_type),
    )


def _literal(value: Any) -> keys.Node:
    if value is None:
        return keys.Node(kind=Kind.NONE)
    text = _repr(value)
    return keys.Node(kind=Kind.LITERAL, type_name=type(value).__name__, text=keys.clip(text), token=keys.checksum(text))


def _object(target: Any, tokens: object_tokens.ObjectTokens) -> keys.Node:
    if target is None:
        return keys.Node(kind=Kind.OBJECT, dead=True)
    plain = {name: value for name, value in _attributes(target).items() if type(value) in _PLAIN and not name.startswith("_")}
    names = tuple(plain)[:_MAX_ATTRIBUTES]
    return keys.Node(
        kind=Kind.OBJECT,
        type_name=type(target).__qualname__,
        role=roles.of(type(target)),
        text=keys.clip(_own_name(target)),
        names=names,
        children=tuple(_literal(plain[name]) for name in names),
        token=tokens.token(target, report_death=True),
        alias=tokens.equality_class(target),
    )


def _tensor_array(target: Any, tokens: object_tokens.ObjectTokens) -> keys.Node:
    """TensorFlow keys a TensorArray on its identity."""
    if target is None:
        return keys.Node(kind=Kind.UNKNOWN, text="TensorArray")
    facts = {"dtype": target.dtype.name, "element_shape": str(target.element_shape)}
    return keys.Node(
        kind=Kind.OBJECT,
        type_name="TensorArray",
        names=tuple(facts),
        children=tuple(keys.Node(kind=Kind.LITERAL, type_name="str", text=text) for text in facts.values()),
        token=tokens.token(target, report_death=True),
    )


def _composite(spec: Any, tokens: object_tokens.ObjectTokens, depth: int) -> keys.Node:
    """Describes a TypeSpec: its parts, and apart from them the shapes and specifications in it, for which others may stand in."""
    children: list[keys.Node] = []
    rest: list[str] = []
    for part in cache_keys.spec_parts(spec) or ():
        if isinstance(part, tf.TensorShape):
            children.append(keys.Node(kind=Kind.TENSOR, shape=specs.shape_of(part)))
        elif isinstance(part, tf.TypeSpec):
            children.append(type_node(part, tokens, depth + 1))
        else:
            rest.append(_repr(part))
    parts = specs.parts_of(spec, depth)
    return keys.Node(
        kind=Kind.COMPOSITE,
        type_name=specs.name_of(type(spec)),
        text=keys.clip(_repr(spec)) if parts is None else "",
        parts=parts,
        children=tuple(children),
        token=zlib.crc32("\n".join(rest).encode("utf-8", "replace")) if children else 0,
        alias=tokens.equality_class(spec),
    )


def _named_object(target: Any, tokens: object_tokens.ObjectTokens) -> str:
    return f"{_own_name(target) or type(target).__qualname__} (object {tokens.token(target)})"


def _own_name(target: Any) -> str:
    if isinstance(target, enum.Enum):
        return f"{type(target).__qualname__}.{target.name}"
    if inspect.isfunction(target):
        code = target.__code__
        return f"{target.__qualname__.rpartition('<locals>.')[2]} at {code.co_filename.rpartition('/')[2]}:{code.co_firstlineno}"
    return target.__qualname__ if inspect.isclass(target) else ""


def _attributes(target: Any) -> dict[str, Any]:
    """Returns an object's attributes without running any code of the user's."""
    if inspect.isclass(target) or inspect.isroutine(target) or isinstance(target, enum.Enum):
        return {}
    try:
        found = object.__getattribute__(target, "__dict__")
    except AttributeError:
        return {}
    return dict(found) if type(found) is dict else {}


def _has_own_repr(kind: type) -> bool:
    return any("__repr__" in vars(base) for base in kind.__mro__[:-1])


def _repr(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:  # the user's own __repr__ may raise anything, and so does Python's for an int of more than 4300 digits
        interrupts.let_pass(error)
        return f"<{type(value).__qualname__}>"


def _named(kind: int, trace_type: Any, children: tuple[keys.Node, ...]) -> keys.Node:
    return keys.Node(kind=kind, type_name=trace_type.type_name, names=tuple(trace_type.attribute_names), children=children)
