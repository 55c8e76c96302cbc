"""Loops of Python's written anew as loops of the graph's; a list that one appends to becomes a TensorArray.

A loop in a graph is less than one of Python's: what it carries from turn to turn keeps its dtype and shape, its index is a tensor of int32,
and nothing in it happens in Python more than once. Where it is not seen that the program can do with that, there are no edits.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Final

from tfmodetrace.insight import edits, source_loops, sources
from tfmodetrace.log import function_table, trace_table

_STACKS: Final = ("tf.stack", "tf.convert_to_tensor")
_OTHER_SHAPE: Final = frozenset({"concat", "expand_dims", "pad", "repeat", "stack", "tile"})
_DTYPES: Final = re.compile(r"\b([a-z]+\d*)\[")
_FLOAT: Final = "float"
_INDEX_DTYPES: Final = frozenset({"float32", "float64"})


def in_graph(function: function_table.Function, loop: source_loops.Loop, trace: trace_table.Trace) -> tuple[edits.Edit, ...]:
    """Makes a loop over ``range`` one of the graph's.

    Args:
        function: The function.
        loop: The loop.
        trace: A trace of the function, which tells dtypes.

    Returns:
        The edits; none where the loop has to stay Python's, or that is not known.
    """
    node, turn = _found(function, loop)
    outputs = set(_DTYPES.findall(trace.outputs or ""))
    dtype = next(iter(outputs)) if len(outputs) == 1 else None
    if node is None or turn is None or not loop.head:
        return ()
    if loop.appends_to:
        return _with_array(function, node, turn, loop, dtype)
    head, carried = _head(turn, dtype), _carried(function, node, turn, dtype)
    if head is None or carried is None:
        return ()
    old = sources.lines_of(function, loop.line, loop.head)
    return (*carried, edits.Edit(file=function.file, line=loop.line, replaces=old, code=head))


def _found(
    function: function_table.Function, loop: source_loops.Loop
) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef | None, ast.For | None]:
    node = sources.definition(function)
    loops = [part for part in ast.walk(node) if isinstance(part, ast.For)] if node is not None else []
    own = [part for part in loops if part.lineno + function.line - 1 == loop.line]
    return node, own[0] if len(own) == 1 and loop.in_graph is not None else None


def _head(turn: ast.For, dtype: str | None) -> str | None:
    """The loop's head, over a tensor; ``None`` if the body cannot do with its index."""
    called = turn.iter
    if not isinstance(called, ast.Call) or called.keywords or not isinstance(turn.target, ast.Name) or _is_pythons(turn):
        return None
    arguments = ", ".join(map(ast.unparse, called.args))
    uses = {
        _use(turn, node) for node in ast.walk(turn) if isinstance(node, ast.Name) and node.id == turn.target.id and node is not turn.target
    }
    if uses == {_FLOAT}:
        return f"for {turn.target.id} in tf.range({arguments}, dtype=tf.{dtype}):" if dtype in _INDEX_DTYPES else None
    return None if _FLOAT in uses else f"for {turn.target.id} in tf.range({arguments}):"


def _use(turn: ast.For, name: ast.Name) -> str:
    """How a loop uses its index: ``float`` where a number with a fraction comes of it, or it meets what may have a dtype of its own."""
    parents = {child: parent for parent in ast.walk(turn) for child in ast.iter_child_nodes(parent)}
    node: ast.AST = name
    while isinstance(parent := parents.get(node), ast.BinOp | ast.UnaryOp):
        if isinstance(parent, ast.BinOp):
            other = parent.right if parent.left is node else parent.left
            whole = isinstance(other, ast.Constant) and isinstance(other.value, int)
            if isinstance(parent.op, ast.Div) or not whole:
                return _FLOAT
        node = parent
    return "int"


def _is_pythons(turn: ast.For) -> bool:
    """Whether something in a loop happens in Python, and would happen once."""
    if turn.orelse:
        return True
    for node in (part for statement in turn.body for part in ast.walk(statement)):
        if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom | ast.Await):
            return True
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            return True
        if isinstance(node, ast.Call) and sources.dotted(node.func) in ("print", "next", "input"):
            return True
    return False


def _carried(
    function: function_table.Function, node: ast.FunctionDef | ast.AsyncFunctionDef, turn: ast.For, dtype: str | None
) -> list[edits.Edit] | None:
    """Gives numbers that a loop adds tensors to the tensors' dtype; ``None`` if what it carries may change its dtype or shape."""
    changed: list[edits.Edit] = []
    for statement in (part for body in turn.body for part in ast.walk(body)):
        if not isinstance(statement, ast.Assign | ast.AugAssign):
            continue
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for name in (target.id for target in targets if isinstance(target, ast.Name)):
            own = isinstance(statement, ast.AugAssign) or any(
                isinstance(part, ast.Name) and part.id == name for part in ast.walk(statement.value)
            )
            if own and _changes_shape(statement.value, name):
                return None
            numbers = [part for part in node.body if _begins(part, name) and part.lineno < turn.lineno]
            if len(numbers) != 1:
                continue
            edit = _of_dtype(function, numbers[0], statement, name, dtype)
            if edit is None:
                return None
            changed += [each for each in edit if each not in changed]
    return changed


def _changes_shape(value: ast.expr, name: str) -> bool:
    for part in ast.walk(value):
        of_it = any(isinstance(inner, ast.Name) and inner.id == name for inner in ast.walk(part))
        if of_it and isinstance(part, ast.Call) and sources.dotted(part.func).rpartition(".")[2] in _OTHER_SHAPE:
            return True
        if of_it and isinstance(part, ast.Subscript) and ast.unparse(part.value) == name and part is value:
            return True
    return False


def _begins(part: ast.stmt, name: str) -> bool:
    return (
        isinstance(part, ast.Assign)
        and [ast.unparse(target) for target in part.targets] == [name]
        and isinstance(part.value, ast.Constant)
        and isinstance(part.value.value, int | float)
    )


def _of_dtype(
    function: function_table.Function, begun: ast.stmt, statement: ast.Assign | ast.AugAssign, name: str, dtype: str | None
) -> list[edits.Edit] | None:
    """Makes a tensor of the number that something begins with; nothing if a number stays one, ``None`` if its shape may be another."""
    value = statement.value
    if not isinstance(begun, ast.Assign) or all(
        isinstance(part, ast.Constant | ast.BinOp | ast.operator | ast.expr_context | ast.Name)
        and (not isinstance(part, ast.Name) or part.id == name)
        for part in ast.walk(value)
    ):
        return []
    added = value.right if isinstance(value, ast.BinOp) and ast.unparse(value.left) == name else value
    reduces = (
        isinstance(added, ast.Call) and sources.dotted(added.func).startswith("tf.reduce_") and len(added.args) == 1 and not added.keywords
    )
    if not reduces or dtype is None or not dtype.startswith("float"):
        return None
    line = begun.lineno + function.line - 1
    old = sources.lines_of(function, line, line)
    if begun.lineno != begun.end_lineno or old.strip() != ast.unparse(begun):
        return None
    return [edits.Edit(file=function.file, line=line, replaces=old, code=f"{name} = tf.constant({ast.unparse(begun.value)}, tf.{dtype})")]


# --- Lists -------------------------------------------------------------------------------------------------------------------------------


def _with_array(
    function: function_table.Function,
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    turn: ast.For,
    loop: source_loops.Loop,
    dtype: str | None,
) -> tuple[edits.Edit, ...]:
    """Writes a loop anew that appends to one list, once in every turn, which the function makes one tensor of after it."""
    name = loop.appends_to[0]
    made = [part for part in node.body if isinstance(part, ast.Assign) and ast.unparse(part) == f"{name} = []"]
    appends = [part for part in turn.body if _appended(part, name) is not None]
    head, carried = _head(turn, dtype), _carried(function, node, turn, dtype)
    if (
        len(loop.appends_to) != 1
        or dtype is None
        or len(made) != 1
        or len(appends) != 1
        or head is None
        or "dtype=" in head
        or carried is None
        or turn not in node.body
        or not isinstance(turn.iter, ast.Call)
        or len(turn.iter.args) != 1
        or not isinstance(turn.target, ast.Name)
    ):
        return ()
    stacked = _stacked(node, turn, name)
    value = _appended(appends[0], name)
    if stacked is None or value is None:
        return ()
    size, index = ast.unparse(turn.iter.args[0]), turn.target.id
    target = "index" if index == "_" else index
    new = (
        (made[0], f"{name} = tf.TensorArray(tf.{dtype}, size={size})"),
        (appends[0], f"{name} = {name}.write({target}, {ast.unparse(value)})"),
        stacked,
    )
    lines = {(part.lineno, part.end_lineno or part.lineno): code for part, code in new}
    lines[turn.lineno, turn.iter.end_lineno or turn.lineno] = f"for {target} in tf.range({size}):"
    for edit in carried:
        lines[(edit.line - function.line + 1,) * 2] = edit.code
    return (_spanning(function, lines),) if len({first for first, _ in lines}) == len(carried) + 4 else ()


def _spanning(function: function_table.Function, lines: Mapping[tuple[int, int], str]) -> edits.Edit:
    """Writes a function anew from the first of some lines to the last, these with other code: a head alone goes with what follows it."""
    shift = function.line - 1
    first, last = min(begin for begin, _ in lines), max(end for _, end in lines)
    old = sources.lines_of(function, first + shift, last + shift).splitlines()
    new, line = [], first
    while line <= last:
        at = old[line - first]
        end, code = next(((end, code) for (begin, end), code in lines.items() if begin == line), (line, at))
        new.append(at if code is at else at[: len(at) - len(at.lstrip())] + code)
        line = end + 1
    return edits.Edit(file=function.file, line=first + shift, replaces="\n".join(old), code="\n".join(new))


def _appended(part: ast.stmt, name: str) -> ast.expr | None:
    """What a statement appends to the list; ``None`` if it is another one."""
    call = part.value if isinstance(part, ast.Expr) else None
    if isinstance(call, ast.Call) and ast.unparse(call.func) == f"{name}.append" and len(call.args) == 1 and not call.keywords:
        return call.args[0]
    return None


def _stacked(node: ast.FunctionDef | ast.AsyncFunctionDef, turn: ast.For, name: str) -> tuple[ast.stmt, str] | None:
    """The one statement after a loop that makes a tensor of the list, and how it does that of an array; ``None`` for any other use."""
    after = node.body[node.body.index(turn) + 1 :]
    loads = [part for part in ast.walk(node) if isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Load)]
    using = [part for part in after if any(load in loads for load in ast.walk(part))]
    rebound = bool(using) and isinstance(using[0], ast.Assign) and [ast.unparse(each) for each in using[0].targets] == [name]
    if not using or (len(using) != 1 and not rebound) or not isinstance(using[0], ast.Assign | ast.Return | ast.Expr):
        return None
    statement = using[0]
    inside = [load for load in loads if load in set(ast.walk(statement))]
    calls = [part for part in ast.walk(statement) if isinstance(part, ast.Call) and part.args and part.args[0] in inside]
    others = [load for load in loads if load not in inside and load.lineno < statement.lineno]
    if len(inside) != 1 or len(calls) != 1 or len(others) != 1:
        return None
    (call,) = calls
    called = sources.dotted(call.func)
    axis = [ast.unparse(word.value) for word in call.keywords if word.arg == "axis"] + [ast.unparse(each) for each in call.args[1:]]
    text = ast.unparse(statement)
    if called in _STACKS and axis in ([], ["0"]) and len(call.keywords) <= 1:
        return statement, text.replace(ast.unparse(call), f"{name}.stack()", 1)
    if called.startswith("tf.reduce_"):
        return statement, text.replace(f"{called}({name}", f"{called}({name}.stack()", 1)
    return None
