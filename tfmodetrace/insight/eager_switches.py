"""The switches that make graphs run op by op, as for debugging, taken away where the program sets them for good."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Final

from tfmodetrace.insight import call_rewrites, edits, obstacles, sources, surroundings
from tfmodetrace.log import function_table

_OF_ALL: Final = frozenset({"run_functions_eagerly", "experimental_run_functions_eagerly"})
_OF_KERAS: Final = "run_eagerly"


def of_functions(texts: Iterable[surroundings.Surroundings], functions: Iterable[function_table.Function]) -> tuple[edits.Edit, ...]:
    """Deletes the one ``tf.config.run_functions_eagerly(True)``; nothing if what ran eagerly may not be a graph.

    Args:
        texts: The program's files, as far as they are known whole.
        functions: The functions that ran eagerly.
    """
    found = [
        (around, node)
        for around in texts
        for node in ast.walk(around.tree)
        if isinstance(node, ast.Call) and sources.dotted(node.func).rpartition(".")[2] in _OF_ALL
    ]
    if len(found) != 1 or not all(map(_can_be_graph, functions)):
        return ()
    ((around, call),) = found
    statement = around.statement(call)
    on = [each.value for each in (*call.args, *(word.value for word in call.keywords)) if isinstance(each, ast.Constant)]
    if not isinstance(statement, ast.Expr) or statement.value is not call or on != [True]:
        return ()
    return _deleted(around, statement)


def of_keras(texts: Iterable[surroundings.Surroundings], function: function_table.Function) -> tuple[edits.Edit, ...]:
    """Takes the one ``run_eagerly=True`` of the program away; nothing if the step may not be a graph.

    Args:
        texts: The program's files, as far as they are known whole.
        function: The step that ran eagerly.
    """
    nodes = [(around, node) for around in texts for node in ast.walk(around.tree)]
    words = [(around, node) for around, node in nodes if isinstance(node, ast.keyword) and node.arg == _OF_KERAS]
    set_ = [
        (around, node)
        for around, node in nodes
        if isinstance(node, ast.Assign) and any(isinstance(each, ast.Attribute) and each.attr == _OF_KERAS for each in node.targets)
    ]
    if len(words) + len(set_) != 1 or not _can_be_graph(function):
        return ()
    if set_:
        around, statement = set_[0]
        return _deleted(around, statement) if _is_true(statement.value) and len(statement.targets) == 1 else ()
    around, word = words[0]
    call = next(around.parents(word))
    if not isinstance(call, ast.Call) or not _is_true(word.value) or sources.dotted(call.func).rpartition(".")[2] != "compile":
        return ()
    text = _statement_of(around, call)
    if text is None:
        return ()
    line, old, own = text
    return (edits.Edit(file=around.file, line=line, replaces=old, code=call_rewrites.with_keywords(old, own, {}, without=(_OF_KERAS,))),)


def _statement_of(around: surroundings.Surroundings, call: ast.Call) -> tuple[int, str, ast.Call] | None:
    """The line and text of the statement that a call is, and the call in that text."""
    statement = around.statement(call)
    old = None if not isinstance(statement, ast.Expr) or statement.value is not call else around.text(statement, statement)
    tree = None if old is None else sources.parsed(old)
    own = None if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr) else tree.body[0].value
    return None if statement is None or old is None or not isinstance(own, ast.Call) else (around.line(statement), old, own)


def _deleted(around: surroundings.Surroundings, statement: ast.stmt) -> tuple[edits.Edit, ...]:
    """Deletes a statement of a script or function that it does not go by a condition in, and that is not all of it."""
    block = next(around.parents(statement))
    text = around.text(statement, statement)
    if text is None or not isinstance(block, ast.Module | ast.FunctionDef) or len(block.body) == 1:
        return ()
    return (edits.Edit(file=around.file, line=around.line(statement), replaces=text, code=""),)


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _can_be_graph(function: function_table.Function) -> bool:
    """Whether a body is seen, and has nothing in it that is another in a graph."""
    node = sources.definition(function)
    return node is not None and not obstacles.in_body(node.body, obstacles.own_names(node.body))
