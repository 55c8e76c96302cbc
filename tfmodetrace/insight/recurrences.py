"""What a loop over the elements of a tensor computes, where that could be computed for all elements at once: read from its source."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

_Loop = ast.For | ast.While

_SUMS: Final[Mapping[type[ast.operator], tuple[str, str]]] = {
    ast.Add: ("tf.reduce_sum", "tf.cumsum"),
    ast.Sub: ("tf.reduce_sum", "tf.cumsum"),
    ast.Mult: ("tf.reduce_prod", "tf.math.cumprod"),
}
_EXTREMES: Final = {"maximum": "tf.reduce_max", "minimum": "tf.reduce_min", "max": "tf.reduce_max", "min": "tf.reduce_min"}
_ALL: Final = "TensorFlow's functions take whole tensors as they take numbers"


class Whole(NamedTuple):
    """How what a loop computes is computed at once.

    Attributes:
        calls: With which functions of TensorFlow's, as far as these are known.
        chosen: Whether a turn computes under a condition.
    """

    calls: tuple[str, ...]
    chosen: bool


def of_loop(tree: ast.AST, line: int) -> Whole | None:
    """Finds out for the loop at a line of some source; ``None`` if a turn needs what the one before has computed, or it cannot be told.

    Args:
        tree: The source, in which lines count from 1.
        line: The loop's line.
    """
    for node in ast.walk(tree):
        if isinstance(node, _Loop) and node.lineno == line:
            return _of_statements(node)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.lineno <= line <= (node.end_lineno or node.lineno):
            found = _of_call(node)
            if found is not None:
                return found
    return None


# --- Loops as statements ------------------------------------------------------------------------------------------------------------------


def _of_statements(loop: _Loop) -> Whole | None:
    if any(isinstance(part, ast.Break | ast.Return | ast.Continue | _Loop) for each in loop.body for part in ast.walk(each)):
        return None
    index = {part.id for part in ast.walk(loop.target) if isinstance(part, ast.Name)} if isinstance(loop, ast.For) else set()
    updates = list(_updates(loop.body, chosen=False))
    if isinstance(loop, ast.While):
        index |= {name for name, value, _ in updates if _is_step(name, value)}
    carried = _carried(loop.body, [(name, value) for name, value, _ in updates]) - index
    calls: list[str] = []
    written: list[ast.expr] = []
    for name, value, _ in updates:
        array = _written(name, value)
        if array is not None:
            written.append(array)
            carried.discard(name)
    for name in carried:
        own = [value for each, value, _ in updates if each == name]
        found = [_reduction(name, value, carried) for value in own]
        if None in found or len(set(found)) != 1:
            return None
        reduce, scan = found[0] or ("", "")
        kept = any(_names(each) & {name} for each in written)
        if kept and not scan:
            return None
        calls.append(scan if kept else reduce)
    if any((_names(each) & carried) and not isinstance(each, ast.Name) for each in written):
        return None
    if not carried and not written:
        return None
    return Whole(tuple(dict.fromkeys(calls)), any(chosen for _, _, chosen in updates))


def _updates(statements: Sequence[ast.stmt], *, chosen: bool) -> Iterator[tuple[str, ast.expr, bool]]:
    """Yields (name, new value, whether under a condition) of what statements assign to names."""
    for statement in statements:
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            value: ast.expr = ast.BinOp(ast.Name(statement.target.id, ast.Load()), statement.op, statement.value)
            yield statement.target.id, value, chosen
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    yield target.id, statement.value, chosen
        elif isinstance(statement, ast.If):
            yield from _updates(statement.body, chosen=True)
            yield from _updates(statement.orelse, chosen=True)


def _carried(body: Sequence[ast.stmt], updates: Sequence[tuple[str, ast.expr]]) -> set[str]:
    """The names whose value of the turn before a turn reads: those that are read before they are certainly assigned."""
    assigned = {name for name, _ in updates}
    carried: set[str] = set()
    made: set[str] = set()
    for statement in body:
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            reads = _names(statement.value) | {statement.target.id}
        else:
            reads = _names(statement)
        carried |= (reads & assigned) - made
        if isinstance(statement, ast.Assign):
            made |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
        elif isinstance(statement, ast.If):
            carried |= {name for name, _, _ in _updates([statement], chosen=True)} - made
    return carried


def _is_step(name: str, value: ast.expr) -> bool:
    return (
        isinstance(value, ast.BinOp)
        and isinstance(value.op, ast.Add | ast.Sub)
        and _names(value.left) == {name}
        and isinstance(value.right, ast.Constant)
    )


def _written(name: str, value: ast.expr) -> ast.expr | None:
    """Returns what ``array = array.write(i, value)`` writes; ``None`` of anything else."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "write" and len(value.args) == 2:
        return value.args[1] if ast.unparse(value.func.value) == name else None
    return None


def _reduction(name: str, value: ast.expr, carried: set[str]) -> tuple[str, str] | None:
    """Returns the functions that compute an update of all turns at once, in the end and in every turn; ``None`` if there is none such."""
    if isinstance(value, ast.BinOp) and type(value.op) in _SUMS:
        for own, other in ((value.left, value.right), (value.right, value.left)):
            swapped = own is value.right and isinstance(value.op, ast.Sub)
            if isinstance(own, ast.Name) and own.id == name and not (_names(other) & carried) and not swapped:
                return _SUMS[type(value.op)]
    if isinstance(value, ast.Call) and len(value.args) == 2 and isinstance(value.func, ast.Name | ast.Attribute):
        bare = ast.unparse(value.func).rpartition(".")[2]
        for own, other in (value.args, value.args[::-1]):
            if bare in _EXTREMES and isinstance(own, ast.Name) and own.id == name and not (_names(other) & carried):
                return _EXTREMES[bare], ""
    return None


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)}


# --- Loops as calls -----------------------------------------------------------------------------------------------------------------------


def _of_call(node: ast.Call) -> Whole | None:
    name = ast.unparse(node.func).rpartition(".")[2] if isinstance(node.func, ast.Name | ast.Attribute) else ""
    if name == "map_fn":
        return Whole(("tf.vectorized_map",), chosen=False)
    body = node.args[1] if name == "while_loop" and len(node.args) > 1 else None
    if not isinstance(body, ast.Lambda):
        return None
    names = [argument.arg for argument in body.args.args]
    values = body.body.elts if isinstance(body.body, ast.Tuple | ast.List) else [body.body]
    if len(names) != len(values):
        return None
    updates = list(zip(names, values, strict=True))
    index = {name for name, value in updates if _is_step(name, value)}
    carried = {name for name, value in updates if not (isinstance(value, ast.Name) and value.id == name)} - index
    found = [_reduction(name, value, carried) for name, value in updates if name in carried]
    if not found or None in found:
        return None
    return Whole(tuple(dict.fromkeys(each[0] for each in found if each is not None)), chosen=False)


def told(whole: Whole) -> str:
    """Says with what it is computed at once."""
    calls = " or ".join(whole.calls)
    if not calls:
        return _ALL
    return f"{calls} (with tf.where for the condition)" if whole.chosen else calls
