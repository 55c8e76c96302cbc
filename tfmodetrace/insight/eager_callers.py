"""Functions that call eagerly what makes a ``tf.function`` of its own in every call: with ``@tf.function`` above them it is made once."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from tfmodetrace.insight import edits, obstacles, surroundings
from tfmodetrace.log import function_table, trace_table


def in_graph(made: function_table.Place | None, traces: Sequence[trace_table.Trace]) -> tuple[edits.Edit, ...]:
    """Puts ``@tf.function`` above the function that a line is in; nothing if something there is in the way, or not all calls are seen.

    Args:
        made: The line that makes a ``tf.function`` in every call.
        traces: Their traces.
    """
    found = (surroundings.read(trace.called_around) for trace in traces)
    around = next((each for each in found if each is not None and made is not None and each.file == made.file), None)
    statement = None if around is None or made is None else around.at(made.line)
    scope = None if around is None or statement is None else around.scope(statement)
    if around is None or not isinstance(scope, ast.FunctionDef) or scope.decorator_list or "tf" not in around.names:
        return ()
    if around.loops(scope) or (isinstance(around.scope(scope), ast.FunctionDef) and not _is_seen(around, scope)):
        return ()  # it would be made anew itself
    if obstacles.in_body(scope.body, obstacles.own_names(scope.body)) or not _gets_tensors(around, scope):
        return ()
    kept = surroundings.free_names([scope])
    if any(kept & around.changing_in(block) for block in {around.scope(scope), around.tree}):
        return ()  # a graph would go on with what it was at first
    first = scope.body[0]
    head = around.head(scope) if first.lineno > scope.lineno else around.text(scope, scope)
    return () if head is None else (edits.Edit(file=around.file, line=around.line(scope), replaces=head, code=f"@tf.function\n{head}"),)


def _is_seen(around: surroundings.Surroundings, scope: ast.FunctionDef) -> bool:
    """Whether a function inside of another is called more often than it is made: there, or that one is called once."""
    calls, maker = around.calls_of(scope.name), around.scope(scope)
    if calls and all(around.scope(call) is maker for call in calls):
        return True
    made = [] if isinstance(maker, ast.Module) else around.calls_of(maker.name)
    within = all(maker in around.parents(call) for call in calls)
    return bool(calls) and within and len(made) <= 1 and all((each := around.statement(call)) and not around.loops(each) for call in made)


def _gets_tensors(around: surroundings.Surroundings, scope: ast.FunctionDef) -> bool:
    """Whether no call in sight gives a number of Python's, of which each would be another trace."""
    calls = around.calls_of(scope.name)
    for call in calls:
        given = [*call.args, *(word.value for word in call.keywords)]
        counted = {
            name
            for parent in around.parents(call)
            if isinstance(parent, ast.For) and isinstance(parent.iter, ast.Call)
            for name in surroundings.bound(parent)
        }
        if any(not isinstance(each, ast.Name | ast.Attribute | ast.Subscript | ast.Call) for each in given):
            return False
        if any(isinstance(part, ast.Name) and part.id in counted for each in given for part in ast.walk(each)):
            return False
    return bool(calls)
