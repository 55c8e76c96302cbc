"""Definitions written anew: a loop of Python's that appends to a list as a loop of the graph's that writes into a TensorArray."""

from __future__ import annotations

import ast

from tfmodetrace.insight import edits, sources
from tfmodetrace.log import function_table

_STACKS = ("tf.stack", "tf.convert_to_tensor")


def loop_with_array(function: function_table.Function, loop: sources.Loop, dtype: str) -> edits.Edit | None:
    """Writes a function anew from where it makes a list to where it returns it, with the loop between in the graph.

    Args:
        function: The function.
        loop: A loop over ``range(n)`` whose body appends to one list, once in every turn, which the function stacks when it returns.
        dtype: Of what is returned.

    Returns:
        The edit; ``None`` if that is not all that has to be changed.
    """
    node = sources.definition(function)
    if node is None or loop.in_graph is None or len(loop.appends_to) != 1 or not loop.appends_to[0].isidentifier():
        return None
    name = loop.appends_to[0]
    loops = [part for part in node.body if isinstance(part, ast.For) and part.lineno + function.line - 1 == loop.line]
    made = [part for part in node.body if _makes(part, name)]
    if len(loops) != 1 or len(made) != 1 or not loop.head or not _returns_stacked(node.body[-1], name):
        return None
    (turn,) = loops
    appends = [part for part in turn.body if _appended(part, name) is not None]
    # The list itself, where it is appended to, and where it is stacked.
    uses = [part for part in ast.walk(node) if isinstance(part, ast.Name) and part.id == name]
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
    target = "index" if index == "_" else index
    lines = {
        (made[0].lineno, made[0].end_lineno): f"{name} = tf.TensorArray(tf.{dtype}, size={size})",
        (turn.lineno, turn.iter.end_lineno): f"for {target} in tf.range({size}):",
        (appends[0].lineno, appends[0].end_lineno): f"{name} = {name}.write({target}, {value})",
        (node.body[-1].lineno, node.body[-1].end_lineno): f"return {name}.stack()",
    }
    first, last = made[0].lineno + function.line - 1, (node.body[-1].end_lineno or 0) + function.line - 1
    old = sources.lines_of(function, first, last).splitlines()
    new, line = [], made[0].lineno
    while line < made[0].lineno + len(old):
        at = old[line - made[0].lineno]
        begun = next(((end, code) for (begin, end), code in lines.items() if begin == line), None)
        new.append(at if begun is None else at[: len(at) - len(at.lstrip())] + begun[1])
        line = line + 1 if begun is None else (begun[0] or line) + 1
    return edits.Edit(file=function.file, line=first, replaces="\n".join(old), code="\n".join(new))


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
