"""A ``tf.function`` that is made anew for other numbers: made once, with the numbers as a parameter, of which the maker gives parts."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Final

from tfmodetrace.insight import arithmetic, call_rewrites, edits, effect_rewrites, hoists, surroundings
from tfmodetrace.log import trace_table

_MOST_LINES: Final = 12

_OF_FUNCTIONS: Final = frozenset(
    {"get_concrete_function", "experimental_get_tracing_count", "experimental_get_compiler_ir", "python_function"}
    | {"pretty_printed_concrete_signatures", "function_spec"}
)
"""What a ``tf.function`` can be asked for, and a part of it cannot."""

_MAKES_NUMBERS: Final = frozenset({"float", "int", "len", "round", "abs"})


def with_numbers(making: hoists.Making, traces: Sequence[trace_table.Trace]) -> tuple[edits.Edit, ...]:
    """Makes a function once for all numbers that it has from around it.

    Args:
        making: Where it is made by its definition.
        traces: Traces of those that were made, whose arguments tell which dtype they calculate with.

    Returns:
        The edits; none unless all that differs is seen to be numbers, which are only calculated with.
    """
    around, node = making.around, making.statement
    dtype = effect_rewrites.float_of(traces)
    if not isinstance(node, ast.FunctionDef) or not making.is_definition or dtype is None or not around.is_whole:
        return ()
    scope, loops = around.scope(node), around.loops(node)
    differing = set(making.changing()) if loops else set(making.used_of_maker())
    shared = f"shared_{node.name}"
    if (
        not differing
        or shared in around.names
        or "tf" not in around.modules | around.names
        or _OF_FUNCTIONS & around.names
        or surroundings.has_state(node)
        or not all(_is_number(around, name, scope) for name in differing)
    ):
        return ()
    text, rewritten = around.text(node, node), _with_parameters(around, node, sorted(differing), shared)
    place = hoists.place_before(around, node, surroundings.free_names([node]) - differing - {node.name})
    if text is None or rewritten is None or place is None:
        return ()
    words = ", ".join(f"{name}=tf.constant({name}, tf.{dtype})" for name in sorted(differing))
    importing = "" if "functools" in around.bound_before(around.tree, None) else "import functools\n\n"
    return (
        edits.Edit(file=around.file, line=around.line(place), replaces="", code=f"{importing}{rewritten}\n\n"),
        edits.Edit(file=around.file, line=around.line(node), replaces=text, code=f"{node.name} = functools.partial({shared}, {words})"),
    )


def _with_parameters(around: surroundings.Surroundings, node: ast.FunctionDef, names: Sequence[str], shared: str) -> str | None:
    """The definition under another name, with more parameters; ``None`` if tensors cannot stand for them."""
    text = around.text(node, node)
    tree = None if text is None else ast.parse(text)
    written = tree.body[0] if tree is not None and tree.body else None
    if text is None or not isinstance(written, ast.FunctionDef) or len(text.splitlines()) > _MOST_LINES:
        return None
    given = [*written.args.posonlyargs, *written.args.args]
    if not given or written.args.kwonlyargs or written.args.vararg or written.args.kwarg or call_rewrites.has_long_strings(written):
        return None
    own = [part for part in ast.walk(written) if isinstance(part, ast.Name) and part.id in (*names, node.name)]
    for part in own:
        calculated = isinstance(part.ctx, ast.Load) and part.id != node.name and arithmetic.is_only_calculated_with(written, part)
        if not calculated:
            return None
    at: ast.expr | ast.arg = written.args.defaults[-1] if written.args.defaults else given[-1]
    lines = text.splitlines()
    row = (at.end_lineno or at.lineno) - 1
    encoded, column = lines[row].encode(), at.end_col_offset or 0
    lines[row] = (encoded[:column] + f", *, {', '.join(names)}".encode() + encoded[column:]).decode()
    head = written.lineno - 1
    if lines[head].count(f"def {node.name}(") != 1:
        return None
    lines[head] = lines[head].replace(f"def {node.name}(", f"def {shared}(")
    return "\n".join(lines)


# --- Numbers -----------------------------------------------------------------------------------------------------------------------------


def _is_number(around: surroundings.Surroundings, name: str, scope: surroundings.Function | ast.Module, depth: int = 0) -> bool:
    """Whether a name stands for a number of Python's, whoever gives it something."""
    if depth > 3:
        return False
    parameters = [] if isinstance(scope, ast.Module) else [*scope.args.posonlyargs, *scope.args.args]
    given = around.given(name, scope)
    if name in [each.arg for each in parameters] and not isinstance(scope, ast.Module):
        return not given and _is_given_numbers(around, scope, name, depth)
    if len(given) != 1:
        return False
    (statement,) = given
    if isinstance(statement, ast.For) and isinstance(statement.target, ast.Name):
        return _goes_over_numbers(around, statement.iter)
    simple = isinstance(statement, ast.Assign) and [ast.unparse(each) for each in statement.targets] == [name]
    return simple and isinstance(statement, ast.Assign) and _gives_number(around, statement.value, depth + 1)


def _is_given_numbers(around: surroundings.Surroundings, scope: surroundings.Function, name: str, depth: int) -> bool:
    """Whether all calls of a function in sight give a number for a parameter."""
    owner = next(iter(around.parents(scope)), None)
    called = owner.name if isinstance(owner, ast.ClassDef) and scope.name == "__init__" else scope.name
    calls, names = around.calls_of(called), [each.arg for each in (*scope.args.posonlyargs, *scope.args.args)]
    uses = [node for node in ast.walk(around.tree) if isinstance(node, ast.Name) and node.id == called]
    if not calls or len([call for call in calls if call.func in uses]) != len(uses) or scope.args.defaults:
        return False
    place = names.index(name) - (isinstance(owner, ast.ClassDef) and names[0] in ("self", "cls"))
    for call in calls:
        if any(isinstance(each, ast.Starred) for each in call.args) or any(word.arg is None for word in call.keywords):
            return False
        words = [word.value for word in call.keywords if word.arg == name]
        value = words[0] if words else call.args[place] if 0 <= place < len(call.args) else None
        if value is None or not _gives_number(around, value, depth + 1):
            return False
    return True


def _gives_number(around: surroundings.Surroundings, node: ast.expr, depth: int) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float) and not isinstance(node.value, bool)
    if isinstance(node, ast.BinOp):
        return _gives_number(around, node.left, depth) and _gives_number(around, node.right, depth)
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub | ast.UAdd) and _gives_number(around, node.operand, depth)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in _MAKES_NUMBERS and len(node.args) == 1
    if not isinstance(node, ast.Name):
        return False
    if any(node.id in surroundings.targets(each) for each in around.comprehensions(node)):
        turns = [part for each in around.comprehensions(node) for part in ast.walk(each) if isinstance(part, ast.comprehension)]
        own = [turn for turn in turns if isinstance(turn.target, ast.Name) and turn.target.id == node.id]
        return len(own) == 1 and _goes_over_numbers(around, own[0].iter)
    return _is_number(around, node.id, around.scope(node), depth + 1)


def _goes_over_numbers(around: surroundings.Surroundings, node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) == "range"
    return isinstance(node, ast.Tuple | ast.List) and all(_gives_number(around, each, 0) for each in node.elts)
