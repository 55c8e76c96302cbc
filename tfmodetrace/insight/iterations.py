"""Lines that begin a dataset anew, again and again, as a program's source shows them."""

from __future__ import annotations

import ast
from typing import Final, Literal

from tfmodetrace.insight import sources
from tfmodetrace.log import function_table

Anew = Literal["next(iter())", "take"]

_PARTS_OF: Final = frozenset({"take", "skip", "shard", "window"})
"""What gives a dataset of a part of another's elements."""


def begun_anew(function: function_table.Function, line: int) -> Anew | None:
    """Returns how a line begins a dataset anew for few of its elements; ``None`` if it does not, as far as its source tells.

    Args:
        function: The definition that the line is in.
        line: The line, in its file.
    """
    tree = sources.tree(function)
    own = line - function.line + 1
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and node.lineno <= own <= (node.end_lineno or 0) and _is_first(node):
            return "next(iter())"
        if isinstance(node, ast.For | ast.While):
            inner = (part for statement in node.body for part in ast.walk(statement) if isinstance(part, ast.For))
            if any(part.lineno <= own <= (part.iter.end_lineno or 0) and _is_part(part.iter) for part in inner):
                return "take"
    return None


def _is_first(node: ast.Call) -> bool:
    """Whether a call is ``next(iter(…))``."""
    inner = node.args[0] if node.args else None
    return _is_named(node.func, "next") and isinstance(inner, ast.Call) and _is_named(inner.func, "iter")


def _is_named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_part(node: ast.expr) -> bool:
    return any(
        isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in _PARTS_OF for part in ast.walk(node)
    )
