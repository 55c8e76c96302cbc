"""Where a function's body needs the size of a dimension while it is traced: with a size that varies, one graph cannot serve all."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from typing import Final

from tfmodetrace.insight import sources
from tfmodetrace.log import function_table

_SHAPES: Final = frozenset({"shape", "get_shape"})
_OF_RANK: Final = frozenset({"rank", "ndims", "with_rank", "assert_has_rank", "assert_same_rank"})
_LIBRARIES: Final = frozenset({"tf", "np"})


def use(function: function_table.Function, varying: Mapping[str, Collection[int]]) -> str | None:
    """Finds code that reads a static size that may vary.

    Args:
        function: The function.
        varying: Of tensors, as the body names them, the dimensions whose sizes vary, from 0 and from the last, -1, on.

    Returns:
        The code; ``None`` if there is none, or the source is not known.
    """
    node = sources.definition(function)
    if node is None or not varying:
        return None
    parents = {child: parent for parent in ast.walk(node) for child in ast.iter_child_nodes(parent)}
    anywhere = {dimension for dimensions in varying.values() for dimension in dimensions}
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and ast.unparse(part.func) == "len" and part.args and 0 in varying.get(ast.unparse(part.args[0]), ()):
            return ast.unparse(part)
        if isinstance(part, ast.Attribute) and part.attr in _SHAPES and ast.unparse(part.value) not in _LIBRARIES:
            # Of what was calculated, the dimensions may be others.
            found = _needed(part, parents, varying.get(ast.unparse(part.value), anywhere))
            if found is not None:
                return found
    return None


def _needed(shape: ast.Attribute, parents: Mapping[ast.AST, ast.AST], dimensions: Collection[int]) -> str | None:
    """What of a shape is needed that varies; ``None`` for nothing."""
    node: ast.AST = shape
    parent = parents[node]
    while (isinstance(parent, ast.Call) and parent.func is node) or (isinstance(parent, ast.Attribute) and parent.attr == "as_list"):
        node, parent = parent, parents[parent]
    if isinstance(parent, ast.Attribute) and parent.attr in _OF_RANK:
        return None
    if isinstance(parent, ast.Call) and ast.unparse(parent.func) == "len":
        return None
    if not isinstance(parent, ast.Subscript) or parent.value is not node:
        return ast.unparse(node)
    try:
        number = ast.literal_eval(parent.slice)
    except ValueError:
        return ast.unparse(parent)
    return ast.unparse(parent) if number in dimensions else None
