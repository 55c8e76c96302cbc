"""The switches that make graphs run op by op, as for debugging, taken away where the program sets them for good."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
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


def of_keras(texts: Iterable[surroundings.Surroundings], bodies: Iterable[function_table.Function]) -> tuple[edits.Edit, ...]:
    """Takes the one ``run_eagerly=True`` of the program away; nothing if what it runs may not be a graph.

    Args:
        texts: The program's files, as far as they are known whole.
        bodies: What of the user's ran eagerly by it: a step of a model's, and calls of layers. Keras's own are graphs everywhere else.
    """
    texts = list(texts)
    found = _set_in_keras(texts)
    if found is None or not all(_can_be_graph(body, texts) for body in bodies):
        return ()
    around, node = found
    if isinstance(node, ast.Assign):
        return _deleted(around, node) if _is_true(node.value) and len(node.targets) == 1 else ()
    call = next(around.parents(node))
    if not isinstance(call, ast.Call) or not _is_true(node.value) or sources.dotted(call.func).rpartition(".")[2] != "compile":
        return ()
    text = _statement_of(around, call)
    if text is None or not all(map(_is_graphs, _given(around, call))):
        return ()
    line, old, own = text
    return (edits.Edit(file=around.file, line=line, replaces=old, code=call_rewrites.with_keywords(old, own, {}, without=(_OF_KERAS,))),)


def place_of_keras(texts: Iterable[surroundings.Surroundings]) -> function_table.Place | None:
    """Returns the line of the one ``run_eagerly`` that the program sets; ``None`` if there are several, or none is seen."""
    found = _set_in_keras(texts)
    if found is None:
        return None
    around, node = found
    scope, statement = around.scope(node), around.statement(node)
    if statement is None:
        return None
    name = "<module>" if isinstance(scope, ast.Module) else scope.name
    code = f"{_OF_KERAS}={ast.unparse(node.value)}" if isinstance(node, ast.keyword) else ast.unparse(node)
    return function_table.Place(file=around.file, line=around.line(statement), function=name, code=code)


def _set_in_keras(texts: Iterable[surroundings.Surroundings]) -> tuple[surroundings.Surroundings, ast.keyword | ast.Assign] | None:
    nodes = [(around, node) for around in texts for node in ast.walk(around.tree)]
    found = [(around, node) for around, node in nodes if isinstance(node, ast.keyword | ast.Assign) and _OF_KERAS in _named(node)]
    return found[0] if len(found) == 1 else None


def _named(node: ast.keyword | ast.Assign) -> set[str | None]:
    """What a keyword is called, or the attributes that an assignment is to."""
    return {node.arg} if isinstance(node, ast.keyword) else {each.attr for each in node.targets if isinstance(each, ast.Attribute)}


def _given(around: surroundings.Surroundings, call: ast.Call) -> Iterator[ast.FunctionDef]:
    """The script's own functions that a model is compiled with: losses and metrics, which run in its steps."""
    names = {node.id for node in ast.walk(call) if isinstance(node, ast.Name)}
    return (node for node in ast.walk(around.tree) if isinstance(node, ast.FunctionDef) and node.name in names)


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


def _can_be_graph(function: function_table.Function, texts: Iterable[surroundings.Surroundings] = ()) -> bool:
    """Whether a body is seen, and neither it nor what it calls of its file's has something in it that is another in a graph."""
    node = sources.definition(function)
    called = (obstacles.in_called(around.tree, function.line, None) for around in texts if around.file == function.file)
    return node is not None and _is_graphs(node) and not any(called)


def _is_graphs(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return not obstacles.in_body(node.body, obstacles.own_names(node.body))
