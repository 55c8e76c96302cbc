"""TensorFlow's words for a specification → the tree that recordings hold today.

Recordings of before schema 1.4 hold ``IteratorSpec(TensorSpec(shape=(2,), dtype=tf.float32, name=None),)`` as TensorFlow wrote it. It is
read as the expression that it is, once, when the recording is read; what was cut off, or is no expression, stays without parts.
"""

from __future__ import annotations

import ast
import dataclasses

from tfmodetrace.schema import keys

Kind = keys.Kind


def with_parts(node: keys.Node) -> keys.Node:
    """Returns a tree in which every composite that has only TensorFlow's words has parts instead, as far as they can be read."""
    children = tuple(map(with_parts, node.children))
    if any(ours is not theirs for ours, theirs in zip(children, node.children, strict=True)):
        node = dataclasses.replace(node, children=children)
    if node.kind != Kind.COMPOSITE or node.parts is not None or not 0 < len(node.text) <= keys.MAX_TEXT:
        return node
    try:
        found = _node(ast.parse(node.text.replace("<unknown>", "None"), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return node
    if found.kind != Kind.COMPOSITE:
        return node
    return dataclasses.replace(node, type_name=found.type_name, parts=found.parts)


def _node(expression: ast.expr) -> keys.Node:
    if isinstance(expression, ast.Call):
        return _call(_name(expression.func), expression)
    if isinstance(expression, ast.Attribute):
        return keys.Node(kind=Kind.LITERAL, type_name="DType", text=_dtype(expression))
    if isinstance(expression, ast.Tuple | ast.List):
        return keys.Node(kind=Kind.TUPLE if isinstance(expression, ast.Tuple) else Kind.LIST, children=tuple(map(_node, expression.elts)))
    if isinstance(expression, ast.Dict):
        names = tuple(repr(ast.literal_eval(key)) for key in expression.keys if key is not None)
        return keys.Node(kind=Kind.DICT, names=names, children=tuple(map(_node, expression.values)))
    value = ast.literal_eval(expression)
    if value is None:
        return keys.Node(kind=Kind.NONE)
    return keys.Node(kind=Kind.LITERAL, type_name=type(value).__name__, text=repr(value))


def _call(name: str, call: ast.Call) -> keys.Node:
    named = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
    if name in ("TensorSpec", "VariableSpec") and {"shape", "dtype"} <= named.keys():
        kind = Kind.TENSOR if name == "TensorSpec" else Kind.VARIABLE
        return keys.Node(kind=kind, dtype=_dtype(named["dtype"]), shape=_shape(named["shape"]))
    if name == "TensorShape" and len(call.args) == 1:
        return keys.Node(kind=Kind.TENSOR, shape=_shape(call.args[0]))
    parts = [_node(argument) for argument in call.args]
    parts += [
        keys.Node(kind=Kind.TUPLE, children=(keys.Node(kind=Kind.LITERAL, type_name="str", text=repr(name)), _node(value)))
        for name, value in named.items()
    ]
    return keys.Node(kind=Kind.COMPOSITE, type_name=name, parts=keys.Node(kind=Kind.TUPLE, children=tuple(parts)))


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Name):
        return function.id
    if isinstance(function, ast.Attribute):
        return f"{_name(function.value)}.{function.attr}"
    raise ValueError("no specification is called like that")


def _dtype(expression: ast.expr) -> str:
    module, _, name = _name(expression).rpartition(".")
    if module != "tf":
        raise ValueError("no dtype is called like that")
    return name


def _shape(expression: ast.expr) -> tuple[int | None, ...] | None:
    value = ast.literal_eval(expression)
    if value is None:
        return None
    if not isinstance(value, list | tuple) or not all(size is None or isinstance(size, int) for size in value):
        raise ValueError("no shape looks like that")
    return tuple(value)
