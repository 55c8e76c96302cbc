"""Whether a number in some code is only calculated with, so that a tensor can stand in its place."""

from __future__ import annotations

import ast
from typing import Final

from tfmodetrace.insight import sources

_CALCULATING: Final = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)


def is_only_calculated_with(tree: ast.AST, node: ast.expr) -> bool:
    """Whether all that comes of a value is calculated by ops, or returned.

    What becomes of it in functions that are not TensorFlow's is not known: then it is not.

    Args:
        tree: The whole body.
        node: The expression that has the value.
    """
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    return _is(tree, parents, node, frozenset())


def _is(tree: ast.AST, parents: dict[ast.AST, ast.AST], node: ast.AST, known: frozenset[str]) -> bool:
    while True:
        inner, node = node, parents[node]
        if isinstance(node, ast.BinOp) and isinstance(node.op, _CALCULATING):
            if any(isinstance(side, ast.Constant) and isinstance(side.value, str) for side in (node.left, node.right)):
                return False
        elif isinstance(node, ast.Call):
            # What an op gives is a tensor anyway.
            return inner is not node.func and _is_op(node) and inner in node.args
        elif isinstance(node, ast.Return):
            return True
        elif isinstance(node, ast.AugAssign):
            return isinstance(node.target, ast.Name) and isinstance(node.op, _CALCULATING) and _all_of(tree, parents, node.target.id, known)
        elif isinstance(node, ast.Assign):
            (target, *others) = node.targets
            return not others and isinstance(target, ast.Name) and _all_of(tree, parents, target.id, known)
        elif not isinstance(node, ast.UnaryOp) or not isinstance(node.op, ast.USub | ast.UAdd):
            return False


def _all_of(tree: ast.AST, parents: dict[ast.AST, ast.AST], name: str, known: frozenset[str]) -> bool:
    if name in known:
        return True
    loads = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)]
    return all(_is(tree, parents, each, known | {name}) for each in loads)


def _is_op(call: ast.Call) -> bool:
    """Whether a call is of an op whose first arguments are tensors, and no sizes or axes."""
    name = sources.dotted(call.func)
    root, _, rest = name.partition(".")
    return root == "tf" and rest.removeprefix("math.") in _OPS


_OPS: Final = frozenset(
    {"add", "subtract", "multiply", "divide", "pow", "exp", "log", "sqrt", "square", "abs", "tanh", "sigmoid", "sin", "cos", "maximum"}
    | {"minimum", "reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "negative"}
)
