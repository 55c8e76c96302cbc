"""What differs between two cache keys: every change, each with its kind, its path and both sides.

A change is what kept TensorFlow from reusing the earlier trace. A part of the later key that is a subtype of the earlier one's
(``float32[3]`` where ``float32[?]`` was traced) would have been served, so it is none. Paths are written as the user would write them in
the function's body: ``batch["x"][0]``, ``config.rate``; ``*args[2]`` and ``**options["rate"]`` show where a name comes from.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from tfmodetrace.insight import key_text, literals
from tfmodetrace.log import trace_table
from tfmodetrace.schema import keys, words

Kind = keys.Kind

_TENSORS: Final = frozenset({Kind.TENSOR, Kind.ARRAY})
_SPECS: Final = frozenset({Kind.TENSOR, Kind.ARRAY, Kind.VARIABLE, Kind.COMPOSITE})
_SEQUENCES: Final = frozenset({Kind.LIST, Kind.TUPLE})
_NAMED: Final = frozenset({Kind.DICT, Kind.NAMED_TUPLE, Kind.ATTRS})
_CONTAINERS: Final = _SEQUENCES | _NAMED
_PER_REPLICA: Final = "PerReplicaSpec"
_ABSENT: Final = "(absent)"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between two cache keys.

    Attributes:
        kind: One of ``words.CHANGE_KINDS``.
        path: Where, such as ``batch["x"]``; a part of the context is named in parentheses, such as ``(device)``.
        before: The earlier trace's side.
        after: The later trace's side.
    """

    kind: words.ChangeKind
    path: str
    before: str
    after: str


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """A change that is not yet written out, since most are found only to be counted."""

    kind: words.ChangeKind
    path: str
    before: keys.Node | str
    after: keys.Node | str


def find(before: trace_table.CacheKey, after: trace_table.CacheKey, *, gone: Collection[int] = (), limit: int = sys.maxsize) -> list[Found]:
    """Finds every difference of two keys, arguments first, then context.

    Args:
        before: The key of the earlier trace.
        after: The key of the later trace.
        gone: Tokens of objects that had died by the time of the later trace; TensorFlow finds those equal to nothing.
        limit: Once there are more, the rest may be missing.
    """
    search = _Search(gone, limit)
    search.arguments(before.arguments, after.arguments)
    search.found.extend(_context(before, after))
    return search.found


def written(found: Iterable[Found], *, gone: Collection[int] = ()) -> tuple[Change, ...]:
    """Writes changes out."""

    def text(part: keys.Node | str) -> str:
        return part if isinstance(part, str) else key_text.side(part, gone=gone)

    def change(one: Found) -> Change:
        before, after = text(one.before), text(one.after)
        if before == after and isinstance(one.before, keys.Node) and isinstance(one.after, keys.Node) and one.after.kind == Kind.COMPOSITE:
            before, after = f"{before} (kind {one.before.alias})", f"{after} (kind {one.after.alias})"
        return Change(kind=one.kind, path=one.path, before=before, after=after)

    return tuple(map(change, found))


class _Search:
    def __init__(self, gone: Collection[int], limit: int) -> None:
        self.found: list[Found] = []
        self._gone = gone
        self._limit = limit

    def arguments(self, before: keys.Node, after: keys.Node) -> None:
        if before.names == after.names:
            for name, earlier, later in zip(after.names, before.children, after.children, strict=False):
                self._nodes(earlier, later, name)
            return
        earlier_by_name = dict(zip(before.names, before.children, strict=False))
        later_by_name = dict(zip(after.names, after.children, strict=False))
        for name, node in later_by_name.items():
            if name in earlier_by_name:
                self._nodes(earlier_by_name[name], node, name)
            else:
                self.found.append(Found("structure", name, _ABSENT, node))
        for name, node in earlier_by_name.items():
            if name not in later_by_name:
                self.found.append(Found("structure", name, node, _ABSENT))

    def _nodes(self, before: keys.Node, after: keys.Node, path: str) -> None:
        kind = after.kind
        if len(self.found) > self._limit:
            return
        if before.kind != kind:
            self._add(_kind_of_unlike(before, after), path, before, after)
        elif kind in _TENSORS or kind == Kind.VARIABLE:
            self._tensors(before, after, path)
        elif kind == Kind.LITERAL:
            if not _equal_literals(before, after):
                self._add("python-value" if before.type_name == after.type_name else "python-type", path, before, after)
        elif kind == Kind.OBJECT:
            if not self._same_object(before, after):
                enumerated = _is_enum(before) and _is_enum(after) and before.type_name == after.type_name
                where = "" if enumerated else _differing_attribute(before, after)
                self._add("python-value" if enumerated else "object-identity", f"{path}{where}", before, after)
        elif kind == Kind.COMPOSITE:
            if not _equal_by_class(before, after) and before != after and not self._serves(before, after):
                self._composites(before, after, path)
        elif kind == Kind.CUSTOM:
            self._custom(before, after, path)
        elif kind in _SEQUENCES:
            self._sequences(before, after, path)
        elif kind in _NAMED:
            self._named(before, after, path)
        elif before != after:
            self._add("python-type" if kind == Kind.OMITTED else "unknown", path, before, after)

    def _tensors(self, before: keys.Node, after: keys.Node, path: str) -> None:
        if before.dtype != after.dtype:
            self._add("dtype", path, before, after)
        if before.shape != after.shape and not is_subshape(after.shape, before.shape):
            self._add("shape" if _same_rank(before, after) else "rank", path, before, after)
        if before.alias != after.alias:
            self._add("variable-alias", path, before, after)
        # The name of a TensorSpec: one without a name fits any.
        if before.text != after.text and (after.text or after.kind == Kind.VARIABLE):
            self._add("composite-spec", path, before, after)

    def _sequences(self, before: keys.Node, after: keys.Node, path: str) -> None:
        if len(before.children) != len(after.children):
            self._add("structure", path, before, after)
            return
        for index, (earlier, later) in enumerate(zip(before.children, after.children, strict=True)):
            self._nodes(earlier, later, f"{path}[{index}]")

    def _named(self, before: keys.Node, after: keys.Node, path: str) -> None:
        # TensorFlow takes dicts of all classes for one, and named tuples of one name and equal fields.
        is_dict = after.kind == Kind.DICT
        if not is_dict and before.type_name != after.type_name:
            self._add("structure", path, before, after)
            return
        earlier = before.children
        if before.names != after.names:
            if set(before.names) != set(after.names):
                self._add("structure", path, before, after)
                return
            by_name = dict(zip(before.names, before.children, strict=False))
            earlier = tuple(by_name[name] for name in after.names)
        for name, one, other in zip(after.names, earlier, after.children, strict=False):
            self._nodes(one, other, f"{path}[{key_text.subscript(name)}]" if is_dict else f"{path}.{name}")

    def _custom(self, before: keys.Node, after: keys.Node, path: str) -> None:
        if _equal_by_class(before, after):
            return
        if before.type_name != after.type_name:
            self._add("python-type", path, before, after)
            return
        known = len(self.found)
        if before.names == after.names and len(before.children) == len(after.children):
            steps = [f".{name}" for name in after.names] or [f"[{index}]" for index in range(len(after.children))]
            for step, earlier, later in zip(steps, before.children, after.children, strict=False):
                self._nodes(earlier, later, f"{path}{step}")
        else:
            self._add("structure", path, before, after)
        if before.text != after.text and (len(self.found) == known or not after.names):
            self._add("python-value", path, before, after)
        elif len(self.found) == known and after.alias:
            self._add("unknown", path, before, after)

    def _composites(self, before: keys.Node, after: keys.Node, path: str) -> None:
        known = len(self.found)
        if before.type_name == after.type_name == _PER_REPLICA and len(before.children) == len(after.children):
            for number, (earlier, later) in enumerate(zip(before.children, after.children, strict=True)):
                self._nodes(earlier, later, f"{path}[replica {number}]")
        if len(self.found) == known:
            self._add("composite-spec", path, before, after)

    def _serves(self, before: keys.Node, after: keys.Node) -> bool:
        """Whether a composite specification is as another but for shapes, of which the earlier are the more general."""
        alike = (before.type_name, before.token, len(before.children)) == (after.type_name, after.token, len(after.children))
        if not alike or not after.children:
            return False
        inside = _Search(self._gone, 0)
        for earlier, later in zip(before.children, after.children, strict=True):
            inside._nodes(earlier, later, "")
        return not inside.found

    def _same_object(self, before: keys.Node, after: keys.Node) -> bool:
        if before.dead or after.dead or before.token in self._gone:
            return False
        return before.token == after.token or _equal_by_class(before, after)

    def _add(self, kind: words.ChangeKind, path: str, before: keys.Node, after: keys.Node) -> None:
        self.found.append(Found(kind, path, before, after))


def is_subshape(shape: tuple[int | None, ...] | None, of: tuple[int | None, ...] | None) -> bool:
    """Whether every tensor of one shape is also of another, where ``None`` stands for any size or any rank."""
    if of is None:
        return True
    if shape is None or len(shape) != len(of):
        return False
    for here, there in zip(shape, of, strict=True):  # noqa: SIM110 - for every pair of tensors: a generator takes twice as long
        if here != there and there is not None:
            return False
    return True


def _kind_of_unlike(before: keys.Node, after: keys.Node) -> words.ChangeKind:
    """Names the change from one kind of node to another."""
    kinds = {before.kind, after.kind}
    if Kind.UNKNOWN in kinds:
        return "unknown"
    if kinds <= _SPECS:
        return "composite-spec"
    if kinds & _SPECS:
        return "tensor-vs-python"
    if kinds & _CONTAINERS:
        return "structure"
    return "python-type"


def _equal_by_class(before: keys.Node, after: keys.Node) -> bool:
    return before.alias != 0 and before.alias == after.alias


def _is_enum(node: keys.Node) -> bool:
    return bool(node.type_name) and node.text.startswith(f"{node.type_name}.")


def _differing_attribute(before: keys.Node, after: keys.Node) -> str:
    """Returns ``.rate`` if that is all in which two objects of one class are seen to differ."""
    if before.type_name != after.type_name or before.names != after.names:
        return ""
    differing = [name for name, one, other in zip(after.names, before.children, after.children, strict=False) if one != other]
    return f".{differing[0]}" if len(differing) == 1 else ""


def _equal_literals(before: keys.Node, after: keys.Node) -> bool:
    """Whether Python has two literals equal, as TensorFlow asks: 1 == 1.0 == True."""
    if before.type_name == after.type_name and before.text == after.text and before.token == after.token:
        return True
    if {before.type_name, after.type_name} <= literals.NUMBERS and not before.token and not after.token:
        try:
            return literals.number(before.type_name, before.text) == literals.number(after.type_name, after.text)
        except ValueError:
            return False  # a text that was cut off, and is not the other
    return False


def _same_rank(before: keys.Node, after: keys.Node) -> bool:
    return before.shape is not None and after.shape is not None and len(before.shape) == len(after.shape)


def _context(before: trace_table.CacheKey, after: trace_table.CacheKey) -> Iterator[Found]:
    if before.scope_type != after.scope_type:
        creation = {before.scope_type, after.scope_type} == {"VARIABLE_CREATION", "NO_VARIABLE_CREATION"}
        yield Found(
            kind="variable-creation" if creation else "unknown", path="(variables)", before=before.scope_type, after=after.scope_type
        )
    if before.parent_graph != after.parent_graph:
        yield Found(kind="parent-graph", path="(graph)", before=_graph(before.parent_graph), after=_graph(after.parent_graph))
    if before.device_functions != after.device_functions or before.colocation_stack != after.colocation_stack:
        yield Found(kind="device-context", path="(device)", before=_device(before), after=_device(after))
    if before.in_cross_replica_context != after.in_cross_replica_context:
        yield Found(kind="strategy-context", path="(strategy)", before=_replica(before), after=_replica(after))
    if before.xla_context != after.xla_context:
        yield Found(kind="xla-context", path="(XLA)", before=_xla(before.xla_context), after=_xla(after.xla_context))
    if before.variable_policy != after.variable_policy:
        yield Found(
            kind="unknown",
            path="(saved-model variable policy)",
            before=before.variable_policy or "none",
            after=after.variable_policy or "none",
        )


def _graph(token: int) -> str:
    return f"inside graph {token}" if token else "outside any graph"


def _device(key: trace_table.CacheKey) -> str:
    return ", ".join((*key.device_functions, *(f"colocated with {name}" for name in key.colocation_stack))) or "no device"


def _replica(key: trace_table.CacheKey) -> str:
    return "cross-replica" if key.in_cross_replica_context else "in a replica or without a strategy"


def _xla(token: int) -> str:
    return f"XLA context {token}" if token else "no XLA context"
