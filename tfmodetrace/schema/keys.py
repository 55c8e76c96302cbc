"""The tree that describes argument types: how it is built, compared and written for people.

The same tree serves two purposes: the *signature* of a call (what the caller passed) and the *cache key* of a trace (what TensorFlow keyed
the concrete function on). Inside a process and in the log it is made of :class:`Node`, a plain immutable value; in a file it is the
protobuf message of that name.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterable
from typing import Final, cast

from tfmodetrace.schema import events_pb2


class Kind:
    """``Node.Kind`` of ``events.proto``; of the generated module's, each use costs a call of a function, and there are very many."""

    UNKNOWN: Final = 0
    TENSOR: Final = 1
    LITERAL: Final = 2
    NONE: Final = 3
    LIST: Final = 4
    TUPLE: Final = 5
    NAMED_TUPLE: Final = 6
    DICT: Final = 7
    ATTRS: Final = 8
    COMPOSITE: Final = 9
    OBJECT: Final = 10
    VARIABLE: Final = 11
    ARRAY: Final = 12
    CUSTOM: Final = 13
    OMITTED: Final = 14


MAX_DEPTH: Final = 64
"""Deeper trees are cut off, with a node of kind UNKNOWN, when they are made and when they are read."""

MAX_TEXT: Final = 200
"""Characters of a literal or specification that are kept."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node; see ``Node`` in ``events.proto`` for which kind fills which field.

    Attributes:
        kind: What this node describes.
        type_name: The Python type, where the kind does not tell.
        dtype: The TensorFlow dtype's name, such as ``float32``.
        shape: One entry a dimension, ``None`` for unknown; ``None`` instead of a tuple for an unknown rank.
        text: A literal's ``repr`` or a specification.
        names: The children's names, where they have names.
        children: The parts.
        token: Which object this is, for kind OBJECT; equal tokens in one file are one object.
        dead: Whether that object was gone when the node was made.
        alias: Which variable this is among the arguments; 0 if not known.
        parts: What a composite's specification is made of, a TUPLE; ``None`` if that is not known.
        role: What Keras has an object for, such as ``optimizer``.
    """

    kind: int
    type_name: str = ""
    dtype: str = ""
    shape: tuple[int | None, ...] | None = None
    text: str = ""
    names: tuple[str, ...] = ()
    children: tuple[Node, ...] = ()
    token: int = 0
    dead: bool = False
    alias: int = 0
    parts: Node | None = None
    role: str = ""


def clip(text: str) -> str:
    """Shortens a text to ``MAX_TEXT`` characters, with an ellipsis where it was cut."""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def checksum(text: str) -> int:
    """Returns what tells two texts apart that :func:`clip` makes equal; 0 for those that it leaves as they are."""
    return zlib.crc32(text.encode("utf-8", "replace")) if len(text) > MAX_TEXT else 0


def to_proto(node: Node, target: events_pb2.Node) -> None:
    """Writes a node and everything below it into an empty message."""
    target.kind = cast("events_pb2.Node.Kind", node.kind)
    target.type_name = node.type_name
    target.dtype = node.dtype
    target.text = node.text
    target.names.extend(node.names)
    target.token = node.token
    target.dead = node.dead
    target.alias = node.alias
    target.role = node.role
    if node.parts is not None:
        to_proto(node.parts, target.parts)
    if node.kind in (Kind.TENSOR, Kind.ARRAY, Kind.VARIABLE):
        if node.shape is None:
            target.shape.unknown_rank = True
        else:
            target.shape.dims.extend(-1 if size is None else size for size in node.shape)
    for child in node.children:
        to_proto(child, target.children.add())


def from_proto(source: events_pb2.Node, depth: int = 0) -> Node:
    """Reads a node and everything below it; what is nested deeper than ``MAX_DEPTH`` becomes UNKNOWN, and texts are cut as on writing."""
    if depth > MAX_DEPTH:
        return Node(kind=Kind.UNKNOWN, text="nested too deeply")
    shape = None
    if source.HasField("shape") and not source.shape.unknown_rank:
        shape = tuple(None if size < 0 else size for size in source.shape.dims)
    elif not source.HasField("shape") and source.kind in (Kind.TENSOR, Kind.ARRAY, Kind.VARIABLE):
        shape = ()
    return Node(
        kind=source.kind,
        type_name=source.type_name,
        dtype=source.dtype,
        shape=shape,
        text=clip(source.text),
        names=tuple(source.names),
        children=tuple(from_proto(child, depth + 1) for child in source.children),
        token=source.token or checksum(source.text),
        dead=source.dead,
        alias=source.alias,
        parts=from_proto(source.parts, depth + 1) if source.HasField("parts") else None,
        role=source.role,
    )


def render(node: Node) -> str:
    """Writes a node as a person would: ``float32[32, 8]``, ``3``, ``{'a': int64[]}``, ``<Config object>``."""
    kind = node.kind
    if kind == Kind.TENSOR:
        return _tensor(node)
    if kind == Kind.ARRAY:
        return f"ndarray {_tensor(node)}"
    if kind == Kind.VARIABLE:
        return f"Variable {_tensor(node)}"
    if kind == Kind.LITERAL:
        return node.text
    if kind == Kind.NONE:
        return "None"
    if kind == Kind.LIST:
        return f"[{_join(node.children)}]"
    if kind == Kind.TUPLE:
        return f"({_join(node.children)}{',' if len(node.children) == 1 else ''})"
    if kind == Kind.DICT:
        body = ", ".join(f"{name}: {render(child)}" for name, child in zip(node.names, node.children, strict=False))
        return f"{node.type_name if node.type_name not in ('', 'dict') else ''}{{{body}}}"
    if kind in (Kind.NAMED_TUPLE, Kind.ATTRS):
        body = ", ".join(f"{name}={render(child)}" for name, child in zip(node.names, node.children, strict=False))
        return f"{node.type_name}({body})"
    if kind == Kind.COMPOSITE:
        return _composite(node)
    if kind == Kind.OBJECT:
        return f"<{node.type_name} {node.role or 'object'}{', gone' if node.dead else ''}>"
    if kind == Kind.OMITTED:
        return f"<any {node.type_name}>"
    return node.text or (f"<{node.type_name}>" if node.type_name else "unknown")


def render_arguments(arguments: Node) -> str:
    """Writes a whole signature: ``(x: float32[32, 8], n: 3)``."""
    parts = (f"{name}: {render(child)}" for name, child in zip(arguments.names, arguments.children, strict=False))
    return f"({', '.join(parts)})"


def _tensor(node: Node) -> str:
    if node.shape is None:
        return f"{node.dtype}[…]"
    return f"{node.dtype}[{', '.join('?' if size is None else str(size) for size in node.shape)}]"


# What a specification of something that yields elements is called, and which of its parts is the element.
_YIELDING: Final = {
    "IteratorSpec": ("iterator", 0),
    "MultiDeviceIteratorSpec": ("iterator", 2),
    "DatasetSpec": ("dataset", 0),
    "OptionalSpec": ("optional", 0),
    "DistributedIteratorSpec": ("distributed iterator", 1),
    "DistributedDatasetSpec": ("distributed dataset", 1),
    "DistributedDatasetsFromFunctionSpec": ("distributed dataset", 1),
}


def _composite(node: Node) -> str:
    name, parts = node.type_name, () if node.parts is None else node.parts.children
    if name in _YIELDING:
        word, element = _YIELDING[name]
        return f"{word} of {render(parts[element]) if element < len(parts) else '…'}"
    if name == "PerReplicaSpec" and parts:
        texts = list(map(render, parts))
        return f"per replica {texts[0]}" if len(set(texts)) == 1 else f"per replica ({', '.join(texts)})"
    if name == "NoneTensorSpec":
        return "None"
    word = name.removesuffix(".Spec") if name.endswith(".Spec") else name.removesuffix("Spec")
    if len(parts) >= 2 and _is_shape(parts[0]) and _is_dtype(parts[1]):
        notes = _notes(name, parts)
        return f"{word} {_tensor(dataclasses.replace(parts[0], dtype=parts[1].text))}{f' ({notes})' if notes else ''}"
    if not parts:
        return f"<{word}>"
    if all(part.kind == Kind.TUPLE and len(part.children) == 2 and part.children[0].type_name == "str" for part in parts):
        return f"{word}({', '.join(f'{part.children[0].text[1:-1]}={render(part.children[1])}' for part in parts)})"
    return f"{word}({_join(parts)})"


def _notes(name: str, parts: tuple[Node, ...]) -> str:
    """What tells tensors of one class, dtype and shape apart, where it is not as usual."""
    notes = []
    if name == "RaggedTensorSpec" and len(parts) == 4:
        if parts[2].text != "1":
            notes.append(f"{parts[2].text} ragged dimensions")
        if parts[3].text != "int64":
            notes.append(f"row splits {parts[3].text}")
    if name == "IndexedSlicesSpec" and len(parts) == 5:
        indices = parts[4] if _is_shape(parts[4]) else Node(kind=Kind.TENSOR)
        notes.append(f"indices {_tensor(dataclasses.replace(indices, dtype=parts[2].text))}")
        if parts[3].kind == Kind.NONE:
            notes.append("no dense shape")
    return ", ".join(notes)


def _is_shape(node: Node) -> bool:
    return node.kind == Kind.TENSOR and not node.dtype


def _is_dtype(node: Node) -> bool:
    return node.kind == Kind.LITERAL and node.type_name == "DType"


def _join(children: Iterable[Node]) -> str:
    return ", ".join(render(child) for child in children)
