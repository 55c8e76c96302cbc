"""Where a function's body needs the size of a dimension while it is traced: with a size that varies, one graph cannot serve all."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping

from tfmodetrace.insight import sources
from tfmodetrace.log import function_table


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
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == "len" and part.args:
            if ast.unparse(part.args[0]) in varying and 0 in varying[ast.unparse(part.args[0])]:
                return ast.unparse(part)
        if not isinstance(part, ast.Attribute) or part.attr not in ("shape", "get_shape") or isinstance(part.value, ast.Name) and part.value.id in ("tf", "np"):
            continue
        owner, at = ast.unparse(part.value), parents[part]
        # Of what was calculated, the dimensions may be others.
        dimensions = varying.get(owner, anywhere)
        while isinstance(at, ast.Call | ast.Attribute) and not (isinstance(at, ast.Call) and part in at.args):
            if isinstance(at, ast.Attribute) and at.attr in ("rank", "ndims", "assert_is_compatible_with"):
                break
            if isinstance(at, ast.Call) and any(ast.unparse(part) in ast.unparse(each) for each in at.args):
                break
            at = parents[at]
        if isinstance(at, ast.Attribute) or (isinstance(at, ast.Call) and isinstance(at.func, ast.Name) and at.func.id == "len"):
            continue
        index = at.slice if isinstance(at, ast.Subscript) else None
        if isinstance(index, ast.UnaryOp) and isinstance(index.operand, ast.Constant):
            number: object = -int(index.operand.value) if isinstance(index.operand.value, int) else None
        else:
            number = index.value if isinstance(index, ast.Constant) else None
        if number is None or number in dimensions:
            return ast.unparse(at if isinstance(at, ast.Subscript | ast.Call) else part)
    return None
