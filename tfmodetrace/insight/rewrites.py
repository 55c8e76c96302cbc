"""Definitions written anew: a loop of Python's that appends to a list as a loop of the graph's that writes into a TensorArray."""

from __future__ import annotations

import ast
import copy

from tfmodetrace.insight import sources
from tfmodetrace.log import function_table

_STACKS = ("tf.stack", "tf.convert_to_tensor")


def loop_with_array(function: function_table.Function, loop: sources.Loop, dtype: str) -> str | None:
    """Writes a function's whole definition with one loop in the graph; ``None`` if that is not all that has to be changed.

    Args:
        function: The function.
        loop: A loop over ``range(n)`` whose body appends to one list, once in every turn, which the function stacks when it returns.
        dtype: Of what is returned.
    """
    node = sources.definition(function)
    if node is None or loop.in_graph is None or len(loop.appends_to) != 1 or not loop.appends_to[0].isidentifier():
        return None
    name = loop.appends_to[0]
    changed = copy.deepcopy(node)
    loops = [part for part in changed.body if isinstance(part, ast.For) and part.lineno + function.line - 1 == loop.line]
    made = [part for part in changed.body if _makes(part, name)]
    if len(loops) != 1 or len(made) != 1 or not _returns_stacked(changed.body[-1], name):
        return None
    (turn,) = loops
    appends = [part for part in turn.body if _appended(part, name) is not None]
    # The list itself, where it is appended to, and where it is stacked.
    uses = [part for part in ast.walk(changed) if isinstance(part, ast.Name) and part.id == name]
    called = turn.iter
    if (
        len(appends) != 1
        or len(uses) != 3
        or not isinstance(called, ast.Call)
        or len(called.args) != 1
        or not isinstance(turn.target, ast.Name)
    ):
        return None
    size, index, value = ast.unparse(called.args[0]), turn.target.id, ast.unparse(_appended(appends[0], name) or called)
    if index == "_":
        index = turn.target.id = "index"
    changed.body[changed.body.index(made[0])] = _statement(f"{name} = tf.TensorArray(tf.{dtype}, size={size})")
    turn.body[turn.body.index(appends[0])] = _statement(f"{name} = {name}.write({index}, {value})")
    turn.iter = ast.parse(f"tf.range({size})", mode="eval").body
    changed.body[-1] = ast.Return(value=ast.parse(f"{name}.stack()", mode="eval").body)
    return ast.unparse(ast.fix_missing_locations(changed))


def _statement(code: str) -> ast.stmt:
    return ast.parse(code).body[0]


def _makes(part: ast.stmt, name: str) -> bool:
    """Whether a statement is ``name = []``."""
    return isinstance(part, ast.Assign) and ast.unparse(part) == f"{name} = []"


def _appended(part: ast.stmt, name: str) -> ast.expr | None:
    """What a statement appends to the list; ``None`` if it is another one."""
    call = part.value if isinstance(part, ast.Expr) else None
    if isinstance(call, ast.Call) and ast.unparse(call.func) == f"{name}.append" and len(call.args) == 1 and not call.keywords:
        return call.args[0]
    return None


def _returns_stacked(part: ast.stmt, name: str) -> bool:
    value = part.value if isinstance(part, ast.Return) else None
    return isinstance(value, ast.Call) and ast.unparse(value) in {f"{stack}({name})" for stack in _STACKS}
