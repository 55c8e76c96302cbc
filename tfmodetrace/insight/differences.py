"""What differs between two cache keys: every change, each with its kind, its path and both sides.

Paths are written as the user would write them in the function's body: ``batch["x"][0]``, ``config.rate``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

from tfmodetrace.log import tables
from tfmodetrace.schema import keys

Kind = keys.Kind

_PYTHON: Final = frozenset(
    {Kind.LITERAL, Kind.NONE, Kind.OMITTED, Kind.OBJECT, Kind.LIST, Kind.TUPLE, Kind.DICT, Kind.NAMED_TUPLE, Kind.ATTRS}
)
_TENSORS: Final = frozenset({Kind.TENSOR, Kind.ARRAY})
_SEQUENCES: Final = frozenset({Kind.LIST, Kind.TUPLE})
_NAMED: Final = frozenset({Kind.DICT, Kind.NAMED_TUPLE, Kind.ATTRS})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between two cache keys.

    Attributes:
        kind: One of ``words.CHANGE_KINDS``.
        path: Where, such as ``batch["x"]``; a part of the context is named in parentheses, such as ``(device)``.
        before: The earlier trace's side.
        after: The later trace's side.
    """

    kind: str
    path: str
    before: str
    after: str


def between(before: tables.CacheKey, after: tables.CacheKey) -> tuple[Change, ...]:
    """Lists every difference of two keys, arguments first, then context."""
    return (*_arguments(before.arguments, after.arguments), *_context(before, after))


def _arguments(before: keys.Node, after: keys.Node) -> Iterator[Change]:
    earlier = dict(zip(before.names, before.children, strict=False))
    later = dict(zip(after.names, after.children, strict=False))
    for name, node in later.items():
        if name in earlier:
            yield from _nodes(earlier[name], node, name)
        else:
            yield Change(kind="structure", path=name, before="(absent)", after=keys.render(node))
    for name, node in earlier.items():
        if name not in later:
            yield Change(kind="structure", path=name, before=keys.render(node), after="(absent)")


def _nodes(before: keys.Node, after: keys.Node, path: str) -> Iterator[Change]:
    if before == after and not after.dead:
        return

    def change(kind: str) -> Change:
        return Change(kind=kind, path=path, before=keys.render(before), after=keys.render(after))

    kinds = {before.kind, after.kind}
    if Kind.UNKNOWN in kinds or Kind.CUSTOM in kinds:
        yield change("unknown")
    elif kinds <= _TENSORS or kinds == {Kind.VARIABLE}:
        if before.dtype != after.dtype:
            yield change("dtype")
        if before.shape != after.shape:
            yield change("shape" if _same_rank(before, after) else "rank")
        if before.alias != after.alias:
            yield change("variable-alias")
    elif Kind.COMPOSITE in kinds or Kind.VARIABLE in kinds:
        yield change("composite-spec")
    elif kinds & _TENSORS:
        yield change("tensor-vs-python")
    elif kinds == {Kind.OBJECT}:
        yield change("object-identity")
    elif kinds == {Kind.LITERAL}:
        yield change("python-value" if before.type_name == after.type_name else "python-type")
    elif len(kinds) == 1 and after.kind in _SEQUENCES and len(before.children) == len(after.children):
        for index, (earlier, later) in enumerate(zip(before.children, after.children, strict=True)):
            yield from _nodes(earlier, later, f"{path}[{index}]")
    elif len(kinds) == 1 and after.kind in _NAMED and before.type_name == after.type_name and set(before.names) == set(after.names):
        earlier_by_name = dict(zip(before.names, before.children, strict=False))
        for name, later in zip(after.names, after.children, strict=False):
            yield from _nodes(earlier_by_name[name], later, f"{path}[{name}]" if after.kind == Kind.DICT else f"{path}.{name}")
    elif kinds & (_SEQUENCES | _NAMED):
        yield change("structure")
    elif kinds <= _PYTHON:
        yield change("python-type")
    else:
        yield change("unknown")


def _same_rank(before: keys.Node, after: keys.Node) -> bool:
    return before.shape is not None and after.shape is not None and len(before.shape) == len(after.shape)


def _context(before: tables.CacheKey, after: tables.CacheKey) -> Iterator[Change]:
    if before.scope_type != after.scope_type:
        creation = {before.scope_type, after.scope_type} == {"VARIABLE_CREATION", "NO_VARIABLE_CREATION"}
        yield Change(
            kind="variable-creation" if creation else "unknown", path="(variables)", before=before.scope_type, after=after.scope_type
        )
    if before.parent_graph != after.parent_graph:
        yield Change(kind="parent-graph", path="(graph)", before=_graph(before.parent_graph), after=_graph(after.parent_graph))
    if before.device_functions != after.device_functions or before.colocation_stack != after.colocation_stack:
        yield Change(kind="device-context", path="(device)", before=_device(before), after=_device(after))
    if before.in_cross_replica_context != after.in_cross_replica_context:
        yield Change(kind="strategy-context", path="(strategy)", before=_replica(before), after=_replica(after))
    if before.xla_context != after.xla_context:
        yield Change(kind="xla-context", path="(XLA)", before=_xla(before.xla_context), after=_xla(after.xla_context))
    if before.variable_policy != after.variable_policy:
        yield Change(
            kind="unknown",
            path="(saved-model variable policy)",
            before=before.variable_policy or "none",
            after=after.variable_policy or "none",
        )


def _graph(token: int) -> str:
    return f"inside graph {token}" if token else "outside any graph"


def _device(key: tables.CacheKey) -> str:
    return ", ".join((*key.device_functions, *(f"colocated with {name}" for name in key.colocation_stack))) or "no device"


def _replica(key: tables.CacheKey) -> str:
    return "cross-replica" if key.in_cross_replica_context else "in a replica or without a strategy"


def _xla(token: int) -> str:
    return f"XLA context {token}" if token else "no XLA context"
