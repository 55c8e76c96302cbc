"""Parts of a cache key written for people, in reasons: where two sides would read alike, each says what tells it from the other."""

from __future__ import annotations

import ast
import functools
import json
from collections.abc import Collection

from tfmodetrace.schema import keys

Kind = keys.Kind


@functools.lru_cache(maxsize=4096)
def subscript(name: str) -> str:
    """Writes a dict key, which is recorded as its ``repr``, with double quotes if it is a string: ``"x"``, ``3``."""
    if name[:1] not in ("'", '"'):
        return name
    try:
        value = ast.literal_eval(name)
    except (ValueError, SyntaxError):
        return name
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else name


def side(node: keys.Node, *, gone: Collection[int] = ()) -> str:
    """Writes one side of a change."""
    if node.kind == Kind.TENSOR and not node.text:  # most are
        return keys.render(node)
    if node.kind == Kind.OBJECT:
        return _object(node, gone)
    if node.kind == Kind.VARIABLE:
        notes = [node.text] if node.text else []
        notes += [f"variable {node.alias} of the arguments"] if node.alias else []
        return f"{keys.render(node)} ({', '.join(notes)})" if notes else keys.render(node)
    if node.kind == Kind.TENSOR:
        return f"{keys.render(node)} named {json.dumps(node.text, ensure_ascii=False)}"
    if node.kind == Kind.LITERAL and node.token:
        return f"{node.text} (checksum {node.token:08x})"
    if node.kind == Kind.CUSTOM and not node.text and node.names:
        body = ", ".join(f"{name}={side(child, gone=gone)}" for name, child in zip(node.names, node.children, strict=False))
        return f"{node.type_name}({body})"
    return keys.render(node)


def _object(node: keys.Node, gone: Collection[int]) -> str:
    name = node.text or f"{node.type_name} {node.role or 'object'}".lstrip()
    if node.token and not (node.type_name and node.text.startswith(f"{node.type_name}.")):
        name = f"{name} {node.token}" if not node.text else f"{name}, object {node.token}"
    body = ", ".join(f"{field}={keys.render(child)}" for field, child in zip(node.names, node.children, strict=False))
    dead = ", gone" if node.dead or node.token in gone else ""
    return f"<{name}{f' with {body}' if body else ''}{dead}>"
