"""How much a function has to do, where its arguments say so by their values, or a number outside of it does: read from its source."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import Final

from tfmodetrace.insight import sources
from tfmodetrace.log import function_table

_RANGES: Final = frozenset({"range", "trange"})
_SIZES: Final = frozenset({"len", "shape", "size", "rank"})
_SAYS: Final = frozenset(
    {"print", "debug", "info", "warning", "scalar", "set_description", "set_postfix", "write", "format", "log_metrics"}
)
"""What functions are called that show a number to somebody."""


def may_be_told_by(function: function_table.Function, numbers: Collection[str]) -> bool:
    """Whether the values of some arguments, or a number outside, may say how much a call has to do.

    Args:
        function: The function.
        numbers: The parameters whose numbers differ, or may, from call to call.
    """
    node = sources.definition(function)
    if node is None:
        return bool(numbers)
    used = {part for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and part.id in numbers}
    unknown = set(numbers) - {parameter.arg for parameter in _parameters(node)}  # of *args, say
    return bool(unknown) or bool(used - set(_only_compared(node))) or any(map(_is_open, _ranges(node)))


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def _only_compared(node: ast.AST) -> Iterator[ast.Name]:
    """Yields the names that are compared, shown, or taken modulo something, but for a loop's condition."""
    for part in ast.walk(node):
        if isinstance(part, ast.If | ast.IfExp):
            yield from _names(part.test)
        elif _is_shown(part) or (isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mod)):
            yield from _names(part)


def _is_shown(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in _SAYS)


def _names(node: ast.AST) -> Iterator[ast.Name]:
    return (each for each in ast.walk(node) if isinstance(each, ast.Name))


def _ranges(node: ast.AST) -> Iterator[ast.Call]:
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and ast.unparse(part.func).rpartition(".")[2] in _RANGES:
            yield part


def _is_open(call: ast.Call) -> bool:
    """Whether a range goes as far as a number that is neither written there nor the size of something."""
    names = {part.id if isinstance(part, ast.Name) else part.attr for part in ast.walk(call) if isinstance(part, ast.Name | ast.Attribute)}
    return not all(isinstance(argument, ast.Constant) for argument in call.args) and not names & _SIZES
