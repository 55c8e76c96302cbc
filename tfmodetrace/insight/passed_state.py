"""A number from outside that a graph has kept, passed to its function as a tensor instead: in its head, its body and its calls."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence
from typing import Final

from tfmodetrace.insight import arithmetic, call_rewrites, edits, effect_rewrites, sources, surroundings
from tfmodetrace.log import function_table, state_table, trace_table

_MOST_LINES: Final = 12
_KNOWN: Final = frozenset({"tf.function", "tmt.traced", "traced"})


def as_argument(
    function: function_table.Function,
    traces: Sequence[trace_table.Trace],
    changes: Sequence[state_table.StateChange],
    functions: Collection[str],
) -> tuple[edits.Edit, ...]:
    """Gives a function a parameter for a number that it reads from outside; nothing if not all is seen that has to be changed.

    Args:
        function: The function that reads it in its own body.
        traces: Its traces.
        changes: What the number was, which the body has as ``self.scale``, or ``RATE``.
        functions: The names of the functions that graphs are made of: a number that one of them passes is kept by its graph.
    """
    text = changes[0].text
    around = next((found for change in changes if (found := surroundings.read(change.around)) is not None), None)
    node, wanted = sources.definition(function), _number(text)
    dtype = effect_rewrites.float_of(traces)
    if around is None or not around.is_whole or around.file != function.file or node is None or wanted is None or dtype is None:
        return ()
    name = text.rpartition(".")[2]
    options = function.tf_function
    if name in sources.every_name(node) - {name} or not _is_free(node, name, text) or (options is not None and options.has_input_signature):
        return ()
    if node.args.kwarg is not None or any(sources.dotted(each) not in _KNOWN for each in node.decorator_list):
        return ()
    own = _definition(function, node, text, name)
    calls = _calls(around, function, text, name, dtype, functions)
    return () if own is None or not calls else (own, *calls)


def _number(text: str) -> ast.expr | None:
    tree = sources.parsed(text)
    part = tree.body[0] if tree is not None and len(tree.body) == 1 else None
    return part.value if isinstance(part, ast.Expr) and all(word.isidentifier() for word in text.split(".")) else None


def _is_free(node: ast.AST, name: str, text: str) -> bool:
    """Whether a parameter may have a name: nothing else has it in the body but the number."""
    return all(
        (not isinstance(part, ast.Name) or part.id != name or text == name) and (not isinstance(part, ast.arg) or part.arg != name)
        for part in ast.walk(node)
    )


def _definition(function: function_table.Function, node: ast.FunctionDef | ast.AsyncFunctionDef, text: str, name: str) -> edits.Edit | None:
    """The function with the parameter."""
    last = node.end_lineno or node.lineno
    lines = sources.lines_of(function, function.line - 1 + node.lineno, function.line - 1 + last)
    tree = sources.parsed(lines)
    written = tree.body[0] if tree is not None and tree.body else None
    if not isinstance(written, ast.FunctionDef) or call_rewrites.has_long_strings(written) or len(lines.splitlines()) > _MOST_LINES:
        return None
    reads = [part for part in ast.walk(written) if isinstance(part, ast.Name | ast.Attribute) and ast.unparse(part) == text]
    if not reads or not all(isinstance(part.ctx, ast.Load) and arithmetic.is_only_calculated_with(written, part) for part in reads):
        return None
    given = [*written.args.posonlyargs, *written.args.args]
    if not given or written.args.kwonlyargs or written.args.vararg is not None:
        return None
    # After the last parameter, or what that is if it is not given.
    at: ast.expr | ast.arg = written.args.defaults[-1] if written.args.defaults else given[-1]
    new = lines
    for part in sorted(reads, key=lambda part: (part.lineno, part.col_offset), reverse=True):
        if any(isinstance(each, ast.JoinedStr) and part in ast.walk(each) for each in ast.walk(written)):
            return None
        new = call_rewrites.with_other(new, part, name)
    row = new.splitlines()
    encoded, column = row[(at.end_lineno or at.lineno) - 1].encode(), at.end_col_offset or 0
    row[(at.end_lineno or at.lineno) - 1] = (encoded[:column] + f", *, {name}".encode() + encoded[column:]).decode()
    return edits.Edit(file=function.file, line=function.line - 1 + node.lineno, replaces=lines, code="\n".join(row))


def _calls(
    around: surroundings.Surroundings,
    function: function_table.Function,
    text: str,
    name: str,
    dtype: str,
    functions: Collection[str],
) -> tuple[edits.Edit, ...]:
    """The calls, with the number; none if one of them cannot be changed, or the function is used otherwise, too."""
    own = sources.bare_name(function)
    if around.defined(own) is None or "tf" not in around.names:
        return ()
    is_method = text.startswith("self.")
    found: dict[int, edits.Edit] = {}
    for node in ast.walk(around.tree):
        if not isinstance(node, ast.Name | ast.Attribute) or (node.id if isinstance(node, ast.Name) else node.attr) != own:
            continue
        parents = list(around.parents(node))
        call = parents[0]
        if isinstance(call, ast.Attribute):
            continue  # what it is asked for, such as how often it was traced
        scope = around.scope(node)
        inside = "" if isinstance(scope, ast.Module) else scope.name
        if (
            not isinstance(call, ast.Call)
            or call.func is not node
            or inside in functions
            or any(isinstance(each, ast.JoinedStr | ast.Lambda) for each in parents)
            or any(isinstance(each, ast.Starred) for each in call.args)
            or any(word.arg is None for word in call.keywords)
            or isinstance(node, ast.Attribute) is not is_method
        ):
            return ()
        receiver = ast.unparse(node.value) if isinstance(node, ast.Attribute) else ""
        if is_method and not all(word.isidentifier() for word in receiver.split(".")):
            return ()
        if not is_method and not _is_of_module(around, scope, text.partition(".")[0]):
            return ()
        value = f"{receiver}{text.removeprefix('self')}" if is_method else text
        arguments = [*map(ast.unparse, call.args), *(f"{word.arg}={ast.unparse(word.value)}" for word in call.keywords)]
        arguments.append(f"{name}=tf.constant({value}, tf.{dtype})")
        edit = around.with_other(call, f"{ast.unparse(call.func)}({', '.join(arguments)})")
        if edit is None or edit.line in found or len(found) == call_rewrites.MAX_PLACES:
            return ()
        found[edit.line] = edit
    return tuple(found.values())


def _is_of_module(around: surroundings.Surroundings, scope: surroundings.Function | ast.Module, name: str) -> bool:
    """Whether a name is the module's in a function."""
    told = {each for node in ast.walk(scope) if isinstance(node, ast.Global) for each in node.names}
    own = not isinstance(scope, ast.Module) and name in sources.made_in(scope) and name not in told
    return not own and bool(around.given(name, around.tree)) and isinstance(around.scope(scope), ast.Module)
