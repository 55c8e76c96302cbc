"""Python values in arguments that differ from trace to trace and that tensors could stand for: numbers, strings, lists of numbers."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from tfmodetrace.insight import key_text, subtypes
from tfmodetrace.schema import keys

Kind = keys.Kind

VECTOR: Final = 4
"""Numbers in one list or tuple from which on one tensor stands for all of them."""

_DTYPES: Final = {"int": "int32", "float": "float32", "str": "string", "bytes": "string"}
_SEQUENCES: Final = frozenset({Kind.LIST, Kind.TUPLE})
_CONTAINERS: Final = _SEQUENCES | {Kind.DICT, Kind.NAMED_TUPLE, Kind.ATTRS}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How a value is reached in a container: ``[1]`` of a list of two, ``["rate"]`` of a dict, ``.rate`` of a named tuple.

    Attributes:
        kind: The container's kind of node.
        text: As Python writes it.
        name: The field's or key's name as recorded; empty in lists and tuples.
        index: The child's number.
        length: How many children there are.
    """

    kind: int
    text: str
    name: str
    index: int
    length: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A Python value that varies.

    Attributes:
        path: As the function's body would name it, such as ``cfg.lr``.
        dtype: Of the tensor that could stand for it.
        shape: Likewise; of one dimension where it is a list or tuple of numbers.
        steps: How it is reached from its parameter; none where it is the parameter itself.
        sometimes_tensor: Whether it was a tensor in some traces.
    """

    path: str
    dtype: str
    shape: tuple[int, ...]
    steps: tuple[Step, ...]
    sometimes_tensor: bool = False

    @property
    def parameter(self) -> str:
        """The parameter that it is, or is in."""
        return _parameter(self.path, self.steps)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A value in an argument: where it is, as of :class:`Value`, and its node."""

    path: str
    steps: tuple[Step, ...]
    node: keys.Node

    @property
    def parameter(self) -> str:
        """The parameter that it is, or is in."""
        return _parameter(self.path, self.steps)


def _parameter(path: str, steps: Iterable[Step]) -> str:
    return path[: len(path) - sum(len(step.text) for step in steps)]


def values(arguments: Iterable[keys.Node], *, but: Collection[str] = ()) -> dict[str, Value]:
    """Finds what was a Python value of several values, or a number here and a tensor there.

    Args:
        arguments: The arguments of some traces.
        but: Paths that are not to be looked at.

    Returns:
        The values by path, in the order of the paths.
    """
    seen: dict[str, set[Any]] = collections.defaultdict(set)
    found: dict[str, Value] = {}
    unfit: set[str] = set(but)
    for node in arguments:
        for name, child in zip(node.names, node.children, strict=False):
            for part in leaves(child, name):
                path, leaf = part.path, part.node
                value = _value(path, part.steps, leaf)
                if value is None:
                    unfit.add(path)
                    continue
                seen[path].add(_seen(leaf))
                known = found.setdefault(path, value)
                if known.shape != value.shape or known.steps != value.steps or "string" in {known.dtype, value.dtype} != {"string"}:
                    unfit.add(path)
                elif known.dtype != "float32" and (leaf.kind not in subtypes.TENSORS):
                    found[path] = value
    varying = {path for path, kept in seen.items() if len(kept) > 1 and any(isinstance(each, tuple) for each in kept)}
    return {
        path: dataclasses.replace(found[path], sometimes_tensor=any(not isinstance(each, tuple) for each in seen[path]))
        for path in sorted(varying - unfit)
    }


def covering(path: str, found: Mapping[str, Value]) -> str | None:
    """Returns the path among values that a changed path is, or is a part of; ``None`` for none."""
    if path in found:
        return path
    return next((known for known in found if path.startswith(known) and path[len(known)] in "[."), None)


def as_tensors(arguments: keys.Node, found: Mapping[str, Value]) -> keys.Node:
    """Returns arguments with tensors in the place of values."""
    if not found:
        return arguments
    parameters = {value.parameter for value in found.values()}
    children = tuple(
        _replaced(child, name, found) if name in parameters else child
        for name, child in zip(arguments.names, arguments.children, strict=False)
    )
    return dataclasses.replace(arguments, children=children)


def _replaced(node: keys.Node, path: str, found: Mapping[str, Value]) -> keys.Node:
    value = found.get(path)
    if value is not None:
        return keys.Node(kind=Kind.TENSOR, dtype=value.dtype, shape=value.shape)
    if node.kind not in _CONTAINERS:
        return node
    steps = _steps(node)
    children = tuple(_replaced(child, path + step.text, found) for step, child in zip(steps, node.children, strict=False))
    return dataclasses.replace(node, children=children)


def leaves(node: keys.Node, path: str, steps: tuple[Step, ...] = (), *, as_named: bool = False) -> Iterator[Leaf]:
    """Goes over the values in an argument, as TensorFlow does, of which dicts come in the order of their keys.

    Args:
        node: The argument.
        path: Its path: the parameter's name.
        steps: How it is reached from the parameter.
        as_named: In the order in which TensorFlow numbers the inputs of a graph, where dicts come in the order in which they were filled.
    """
    if node.kind not in _CONTAINERS or _is_vector(node):
        yield Leaf(path=path, steps=steps, node=node)
        return
    parts = list(zip(_steps(node), node.children, strict=False))
    if node.kind == Kind.DICT and not as_named:
        parts.sort(key=lambda part: part[0].name)
    for step, child in parts:
        yield from leaves(child, path + step.text, (*steps, step), as_named=as_named)


def _steps(node: keys.Node) -> list[Step]:
    length = len(node.children)
    if node.kind in _SEQUENCES:
        return [Step(kind=node.kind, text=f"[{index}]", name="", index=index, length=length) for index in range(length)]
    is_dict = node.kind == Kind.DICT
    return [
        Step(kind=node.kind, text=f"[{key_text.subscript(name)}]" if is_dict else f".{name}", name=name, index=index, length=length)
        for index, name in enumerate(node.names)
    ]


def _is_vector(node: keys.Node) -> bool:
    return (
        node.kind in _SEQUENCES
        and len(node.children) >= VECTOR
        and all(child.kind == Kind.LITERAL and child.type_name in ("int", "float") for child in node.children)
    )


def _value(path: str, steps: tuple[Step, ...], leaf: keys.Node) -> Value | None:
    """What a tensor in a leaf's place would be; ``None`` if there can be none."""
    if leaf.kind == Kind.LITERAL and leaf.type_name in _DTYPES:
        return Value(path=path, dtype=_DTYPES[leaf.type_name], shape=(), steps=steps)
    if leaf.kind in subtypes.TENSORS and leaf.shape == ():
        return Value(path=path, dtype=leaf.dtype, shape=(), steps=steps)
    if _is_vector(leaf):
        floats = any(child.type_name == "float" for child in leaf.children)
        return Value(path=path, dtype="float32" if floats else "int32", shape=(len(leaf.children),), steps=steps)
    return None


def _seen(leaf: keys.Node) -> Any:
    if leaf.kind in subtypes.TENSORS:
        return leaf.dtype
    return tuple(map(subtypes.literal_value, leaf.children)) if leaf.children else subtypes.literal_value(leaf)
