"""The loops in a function's source, and what they would be as loops of the graph's."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import NamedTuple

from tfmodetrace.insight import python_uses, sources
from tfmodetrace.log import function_table


class Loop(NamedTuple):
    """A loop of a function's source.

    Attributes:
        line: Its line in the file.
        head: The last line of its head; 0 of what has no head of its own.
        first: The first line of its body.
        last: The last one.
        text: Its first line, as Python writes it, without the colon.
        in_graph: The same as a loop of the graph's, where it counts over ``range`` and its body can do with a tensor for the number;
            ``None`` for any other.
        appends_to: The lists that its body appends to.
    """

    line: int
    head: int
    first: int
    last: int
    text: str
    in_graph: str | None
    appends_to: tuple[str, ...]


def loops(function: function_table.Function, tensors: Collection[str] = ()) -> list[Loop]:
    """Finds the loops in a function's source; none if that is not known whole.

    Args:
        function: The function.
        tensors: Names of tensors, which a tensor may index.
    """
    if not function.source or function.source_truncated:
        return []
    tree = sources.parsed(function.source)
    shift = function.line - 1
    found = []
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.For | ast.While):
            first, last = node.body[0].lineno, node.body[-1].end_lineno or node.body[-1].lineno
            appends = tuple(dict.fromkeys(_appends(node)))
            if isinstance(node, ast.For):
                text, in_graph = f"for {ast.unparse(node.target)} in {ast.unparse(node.iter)}", _in_graph(node, tensors)
            else:
                text, in_graph = f"while {ast.unparse(node.test)}", None
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            first, last, appends, in_graph = node.lineno, node.end_lineno or node.lineno, (), None
            text = ast.unparse(node)
        else:
            continue
        end = (node.iter.end_lineno or 0) if isinstance(node, ast.For) else 0
        head = end + shift if node.lineno <= end < first else 0
        found.append(Loop(node.lineno + shift, head, first + shift, last + shift, text, in_graph, appends))
    return found


def _in_graph(node: ast.For, tensors: Collection[str]) -> str | None:
    called = node.iter
    if not (isinstance(called, ast.Call) and isinstance(called.func, ast.Name) and called.func.id == "range"):
        return None
    values = python_uses.Values(ast.unparse(node.target))
    for part in (found for statement in node.body for found in ast.walk(statement)):
        indexes = isinstance(part, ast.Subscript) and ast.unparse(part.value) in tensors
        if not indexes and (python_uses.needed_in(part, values) or python_uses.is_handed_on(part, values)):
            return None
    return f"for {ast.unparse(node.target)} in tf.range({', '.join(map(ast.unparse, called.args))}):"


def _appends(loop: ast.For | ast.While) -> Iterator[str]:
    for node in (found for statement in loop.body for found in ast.walk(statement)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "extend", "insert"):
            yield ast.unparse(node.func.value)
