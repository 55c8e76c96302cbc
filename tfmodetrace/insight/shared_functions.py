"""A ``tf.function`` made anew for other numbers, tensors or variables: made once, with these as parameters that its maker gives it."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from tfmodetrace.insight import arithmetic, call_rewrites, edits, effect_rewrites, hoists, sources, surroundings
from tfmodetrace.log import trace_table

_MOST_LINES: Final = 12
_DEEPEST: Final = 5

_OF_FUNCTIONS: Final = frozenset(
    {"get_concrete_function", "experimental_get_tracing_count", "experimental_get_compiler_ir", "python_function"}
    | {"pretty_printed_concrete_signatures", "function_spec", "saved_model", "signatures"}
)
"""What a ``tf.function`` can be asked or used for, and a part of it cannot."""

_OF_TENSORFLOW: Final = frozenset({"tf.Variable", "tf.constant", "tf.ones", "tf.zeros", "tf.fill", "tf.range", "tf.convert_to_tensor"})
"""Calls that give a tensor or a variable, of which it is no matter to the cache which one it is."""

Kind = Literal["number", "tensor"]

_MAKES_NUMBERS: Final = frozenset({"float", "int", "len", "round", "abs"})


def with_numbers(making: hoists.Making, traces: Sequence[trace_table.Trace]) -> tuple[edits.Edit, ...]:
    """Makes a function once for all that it has from around it.

    Args:
        making: Where it is made by its definition.
        traces: Traces of those that were made, whose arguments tell which dtype they calculate with.

    Returns:
        The edits; none unless all that differs is seen to be tensors and variables, or numbers that are only calculated with.
    """
    around, node = making.around, making.statement
    dtype = effect_rewrites.float_of(traces)
    if not isinstance(node, ast.FunctionDef) or not making.is_definition or not around.is_whole:
        return ()
    if any(trace.called_at is not None and trace.called_at.file != around.file for trace in traces):
        return ()  # what else another file does with it is not seen
    scope, loops = around.scope(node), around.loops(node)
    differing = set(making.changing()) if loops else set(making.used_of_maker())
    shared = f"shared_{node.name}"
    if (
        not differing
        or shared in around.names
        or "tf" not in around.modules | around.names
        or _OF_FUNCTIONS & around.names
        or surroundings.has_state(node)
        or any("input_signature" in text or "**" in text for text in map(ast.unparse, node.decorator_list))
    ):
        return ()
    kinds = {name: _kind(around, name, scope) for name in sorted(differing)}
    if None in kinds.values() or ("number" in kinds.values() and dtype is None):
        return ()
    text, rewritten = around.text(node, node), _with_parameters(around, node, kinds, shared)
    place = hoists.place_before(around, node, surroundings.free_names([node]) - differing - {node.name})
    if text is None or rewritten is None or place is None:
        return ()
    words = ", ".join(f"{name}=tf.constant({name}, tf.{dtype})" if kind == "number" else f"{name}={name}" for name, kind in kinds.items())
    importing = "" if "functools" in around.bound_before(around.tree, None) else "import functools\n\n"
    return (
        edits.Edit(file=around.file, line=around.line(place), replaces="", code=f"{importing}{rewritten}\n\n"),
        edits.Edit(file=around.file, line=around.line(node), replaces=text, code=f"{node.name} = functools.partial({shared}, {words})"),
    )


def _with_parameters(around: surroundings.Surroundings, node: ast.FunctionDef, kinds: Mapping[str, Kind | None], shared: str) -> str | None:
    """The definition under another name, with more parameters; ``None`` if tensors cannot stand for them."""
    text = around.text(node, node)
    tree = None if text is None else ast.parse(text)
    written = tree.body[0] if tree is not None and tree.body else None
    if text is None or not isinstance(written, ast.FunctionDef) or len(text.splitlines()) > _MOST_LINES:
        return None
    given = [*written.args.posonlyargs, *written.args.args]
    if not given or written.args.kwonlyargs or written.args.vararg or written.args.kwarg or call_rewrites.has_long_strings(written):
        return None
    for part in (each for each in ast.walk(written) if isinstance(each, ast.Name) and each.id in (*kinds, node.name)):
        if not isinstance(part.ctx, ast.Load) or part.id == node.name:
            return None
        if kinds[part.id] == "number" and not arithmetic.is_only_calculated_with(written, part):
            return None
    at: ast.expr | ast.arg = written.args.defaults[-1] if written.args.defaults else given[-1]
    lines = text.splitlines()
    row = (at.end_lineno or at.lineno) - 1
    encoded, column = lines[row].encode(), at.end_col_offset or 0
    lines[row] = (encoded[:column] + f", *, {', '.join(kinds)}".encode() + encoded[column:]).decode()
    head = written.lineno - 1
    if lines[head].count(f"def {node.name}(") != 1:
        return None
    lines[head] = lines[head].replace(f"def {node.name}(", f"def {shared}(")
    return "\n".join(lines)


# --- What names stand for ----------------------------------------------------------------------------------------------------------------


def _kind(around: surroundings.Surroundings, name: str, scope: surroundings.Function | ast.Module, depth: int = 0) -> Kind | None:
    """What a name stands for, whoever gives it something; ``None`` if that is not seen."""
    if depth > _DEEPEST:
        return None
    parameters = [] if isinstance(scope, ast.Module) else [*scope.args.posonlyargs, *scope.args.args]
    given = around.given(name, scope)
    if not isinstance(scope, ast.Module) and name in [each.arg for each in parameters]:
        return None if given else _given(around, scope, name, depth)
    if len(given) != 1:
        return None
    (statement,) = given
    if isinstance(statement, ast.For) and isinstance(statement.target, ast.Name):
        return _turns(around, statement.iter, depth)
    if not isinstance(statement, ast.Assign) or [ast.unparse(each) for each in statement.targets] != [name]:
        return None
    return _of(around, statement.value, depth + 1)


def _given(around: surroundings.Surroundings, scope: surroundings.Function, name: str, depth: int) -> Kind | None:
    """What all calls of a function in sight give for a parameter."""
    owner = next(iter(around.parents(scope)), None)
    called = owner.name if isinstance(owner, ast.ClassDef) and scope.name == "__init__" else scope.name
    calls, names = around.calls_of(called), [each.arg for each in (*scope.args.posonlyargs, *scope.args.args)]
    uses = [node for node in ast.walk(around.tree) if isinstance(node, ast.Name | ast.Attribute) and _is_called(node, called)]
    if not calls or len(calls) != len(uses):
        return None
    place = names.index(name) - (isinstance(owner, ast.ClassDef) and names[0] in ("self", "cls"))
    kinds: set[Kind | None] = set()
    for call in calls:
        if any(isinstance(each, ast.Starred) for each in call.args) or any(word.arg is None for word in call.keywords):
            return None
        words = [word.value for word in call.keywords if word.arg == name]
        value = words[0] if words else call.args[place] if 0 <= place < len(call.args) else None
        kinds.add(None if value is None else _of(around, value, depth + 1))
    return kinds.pop() if len(kinds) == 1 else None


def _is_called(node: ast.Name | ast.Attribute, name: str) -> bool:
    return (node.id if isinstance(node, ast.Name) else node.attr) == name


def _of(around: surroundings.Surroundings, node: ast.expr, depth: int) -> Kind | None:
    """What an expression gives."""
    if isinstance(node, ast.Constant):
        return "number" if isinstance(node.value, int | float) and not isinstance(node.value, bool) else None
    if isinstance(node, ast.BinOp):
        return "number" if _of(around, node.left, depth) == _of(around, node.right, depth) == "number" else None
    if isinstance(node, ast.UnaryOp):
        return _of(around, node.operand, depth) if isinstance(node.op, ast.USub | ast.UAdd) else None
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id in _MAKES_NUMBERS and len(node.args) == 1:
            return "number"
        return "tensor" if sources.dotted(node.func) in _OF_TENSORFLOW else None
    if not isinstance(node, ast.Name):
        return None
    turns = [part for each in around.comprehensions(node) for part in ast.walk(each) if isinstance(part, ast.comprehension)]
    own = [turn for turn in turns if node.id in surroundings.targets(turn)]
    if own:
        return _turns(around, own[0].iter, depth) if len(own) == 1 and isinstance(own[0].target, ast.Name) else None
    return _kind(around, node.id, around.scope(node), depth + 1)


def _turns(around: surroundings.Surroundings, node: ast.expr, depth: int) -> Kind | None:
    """What a loop over an expression gives in each turn."""
    if isinstance(node, ast.Call):
        return "number" if ast.unparse(node.func) == "range" else None
    kinds = {_of(around, each, depth + 1) for each in node.elts} if isinstance(node, ast.Tuple | ast.List) else set()
    if isinstance(node, ast.ListComp):
        kinds = {_of(around, node.elt, depth + 1)}
    return kinds.pop() if len(kinds) == 1 else None
