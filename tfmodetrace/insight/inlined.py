"""A ``tf.function`` that is only called while another one is traced, made part of that one's graph: without a graph of its own."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from tfmodetrace.insight import call_rewrites, edits, fixes, sources, surroundings
from tfmodetrace.log import function_table, trace_table


def in_outer(
    function: function_table.Function, traces: Sequence[trace_table.Trace], text: surroundings.Surroundings | None
) -> tuple[edits.Edit, ...]:
    """Takes the decorator away, or calls what is below it where the function is more to the program than something to call.

    Args:
        function: The function.
        traces: Its traces.
        text: Its whole file; ``None`` if that is not known.

    Returns:
        The edits; none where not all that the program does with the function is seen.
    """
    around, name = text, sources.bare_name(function)
    if around is None or not fixes.is_users(function) or around.defined(name) is None:
        return ()
    if any(trace.called_at is not None and trace.called_at.file != around.file for trace in traces):
        return ()  # what else another file does with it is not seen
    uses = [node for node in ast.walk(around.tree) if _is_use(node, name)]
    calls = [call for call in around.calls_of(name) if call.func in uses]
    removed = fixes.undecorated(function)
    if removed and len(calls) == len(uses):
        return removed
    return () if any(isinstance(node, ast.Attribute) for node in uses) else _below(around, function, traces, calls)


def _is_use(node: ast.AST, name: str) -> bool:
    return (isinstance(node, ast.Name) and node.id == name) or (isinstance(node, ast.Attribute) and node.attr == name)


def _below(
    around: surroundings.Surroundings, function: function_table.Function, traces: Sequence[trace_table.Trace], calls: Sequence[ast.Call]
) -> tuple[edits.Edit, ...]:
    """Has the calls that traces came from call the Python function."""
    found: dict[int, edits.Edit] = {}
    if sources.decorators(function) not in (["tf.function"], ["tensorflow.function"]):
        return ()  # of a wrapper it is not known what it has
    for line in dict.fromkeys(0 if trace.called_at is None else trace.called_at.line for trace in traces):
        statement = around.at(line)
        own = [] if statement is None else [call for call in calls if call in set(ast.walk(statement))]
        edit = around.with_other(own[0].func, f"{ast.unparse(own[0].func)}.python_function") if len(own) == 1 else None
        if edit is None or len(found) == call_rewrites.MAX_PLACES:
            return ()
        found[edit.line] = edit
    return tuple(found.values())
