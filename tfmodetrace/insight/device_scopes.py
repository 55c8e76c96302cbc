"""Scopes of devices: what is looked up in a large tensor is looked up where that is; a device that there is not is not asked for."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Mapping, Sequence
from typing import Final

from tfmodetrace.insight import call_rewrites, edits, sources, surroundings
from tfmodetrace.log import function_table, graphs

_LOOKUPS: Final = frozenset({"embedding_lookup", "gather", "gather_nd"})
"""Ops whose result has of their first argument what the others ask for."""

_REDUCTIONS: Final = "reduce_"
_THE_SAME: Final = frozenset({"identity", "convert_to_tensor", "read_value", "value"})
"""Calls that give what they are given."""


def looked_up_there(function: function_table.Function, transfer: graphs.Transfer) -> tuple[edits.Edit, ...]:
    """Has the statement that uses a tensor run on the tensor's own device; none unless its result is surely less than that.

    Args:
        function: The function whose graph it is.
        transfer: The tensor, and where it goes.
    """
    node = sources.definition(function)
    compiled = function.tf_function is not None and function.tf_function.jit_compile
    if node is None or compiled or transfer.file != function.file or "tf" not in sources.names_in(function):
        return ()
    line = transfer.line - function.line + 1
    found = [each for each in ast.walk(node) if isinstance(each, ast.Assign | ast.Return) and each.lineno <= line <= (each.end_lineno or 0)]
    if len(found) != 1 or not isinstance(found[0].value, ast.Call) or not _is_less(found[0].value):
        return ()
    first, last = (number + function.line - 1 for number in (found[0].lineno, found[0].end_lineno or found[0].lineno))
    old = sources.lines_of(function, first, last)
    tree = sources.parsed(old)
    if tree is None or len(tree.body) != 1 or ast.dump(tree.body[0]) != ast.dump(found[0]) or call_rewrites.has_long_strings(tree):
        return ()  # it shares its line with others
    code = f'with tf.device("{transfer.from_device}"):\n{textwrap.indent(old, "    ")}'
    return (edits.Edit(file=function.file, line=first, replaces=old, code=code),)


def without(
    function: function_table.Function, requests: Sequence[graphs.NotHonoured], texts: Mapping[str, surroundings.Surroundings]
) -> tuple[edits.Edit, ...]:
    """Takes the scopes of devices that the process has not away; none unless each of some requests is seen to come from such a scope.

    Args:
        function: The function whose graph the ops are in.
        requests: What asked for a device.
        texts: The program's files, as far as they are known whole: of another, only the function is.
    """
    node = sources.definition(function)
    scopes: dict[edits.Edit, None] = {}
    for request in requests:
        around = texts.get(request.file)
        own = [] if around is None else _scopes(around.tree, request.line)
        if around is None and node is not None and request.file == function.file:
            own = _scopes(node, request.line - function.line + 1)
        if not own and node is not None:  # what a function that is called in a scope does, is in it as well
            around, inside = None, _scopes(node, None)
            own = inside if len(inside) == 1 else []
        if not own or not request.no_such_device or not _is_of(own[-1], request.requested) or call_rewrites.has_long_strings(own[-1]):
            return ()
        edit = _opened(function if around is None else around, own[-1])
        if not edit.replaces:
            return ()
        scopes[edit] = None
    return edits.together([each] for each in scopes) if scopes else ()


def _scopes(tree: ast.AST, line: int | None) -> list[ast.With]:
    """The scopes of devices around a line, from the outside; all, if there is none."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.With) and _is_scope(node)]
    return [node for node in found if line is None or node.lineno < line <= (node.end_lineno or 0)]


def _is_scope(node: ast.With) -> bool:
    return any(isinstance(each.context_expr, ast.Call) and sources.dotted(each.context_expr.func) == "tf.device" for each in node.items)


def _device(node: ast.With) -> str:
    """The device that a scope asks for; empty for any other."""
    call = node.items[0].context_expr
    named = isinstance(call, ast.Call) and sources.dotted(call.func) == "tf.device" and len(call.args) == 1 and len(node.items) == 1
    first = call.args[0] if named and isinstance(call, ast.Call) else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def _is_of(node: ast.With, requested: str) -> bool:
    device = _device(node).lower().removeprefix("/device:").removeprefix("/")
    return bool(device) and requested.lower().endswith(device)


def _opened(written: function_table.Function | surroundings.Surroundings, node: ast.With) -> edits.Edit:
    """What is in a scope, without the scope."""
    if isinstance(written, surroundings.Surroundings):
        first, old = written.line(node), written.text(node, node) or ""
    else:
        first = node.lineno + written.line - 1
        old = sources.lines_of(written, first, (node.end_lineno or node.lineno) + written.line - 1)
    return edits.Edit(file=written.file, line=first, replaces=old, code=textwrap.dedent("\n".join(old.splitlines()[1:])))


def _is_less(call: ast.Call) -> bool:
    """Whether a call gives less than its first argument, which it has as it is: of its other arguments nothing has to go there."""
    name = sources.dotted(call.func)
    of_tensorflow = name.startswith("tf.") and (name.rpartition(".")[2] in _LOOKUPS or name.startswith(f"tf.{_REDUCTIONS}"))
    return of_tensorflow and bool(call.args) and _is_whole(call.args[0]) and not _computes([*call.args[1:], *call.keywords])


def _is_whole(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        inner = node.args[0] if node.args else node.func.value if isinstance(node.func, ast.Attribute) else None
        return sources.dotted(node.func).rpartition(".")[2] in _THE_SAME and inner is not None and _is_whole(inner)
    return isinstance(node, ast.Name | ast.Attribute) and bool(sources.dotted(node))


def _computes(nodes: list[ast.expr | ast.keyword]) -> bool:
    return any(isinstance(part, ast.Call | ast.BinOp) for node in nodes for part in ast.walk(node))
