"""What is looked up in a large tensor of another device, looked up there: then only what was found goes from device to device."""

from __future__ import annotations

import ast
import textwrap
from typing import Final

from tfmodetrace.insight import call_rewrites, edits, sources
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
