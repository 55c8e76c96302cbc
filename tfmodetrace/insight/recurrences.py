"""What a loop over the elements of a tensor computes, where that could be computed for all elements at once: read from its source."""

from __future__ import annotations

import ast
import collections
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

_Loop = ast.For | ast.While

_SUMS: Final[Mapping[type[ast.operator], tuple[str, str]]] = {
    ast.Add: ("tf.reduce_sum", "tf.cumsum"),
    ast.Sub: ("tf.reduce_sum", "tf.cumsum"),
    ast.Mult: ("tf.reduce_prod", "tf.math.cumprod"),
}
_EXTREMES: Final = {"maximum": "tf.reduce_max", "minimum": "tf.reduce_min", "max": "tf.reduce_max", "min": "tf.reduce_min"}
_LOOPS: Final = frozenset({"map_fn", "while_loop", "scan", "foldl", "foldr"})
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
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and node.lineno <= line <= (node.end_lineno or node.lineno) and _bare(node) in _LOOPS
    ]
    # Of several loops in one line, which are one in the other, this may be any.
    return _of_call(around[0]) if len(around) == 1 else None


# --- Loops as statements ------------------------------------------------------------------------------------------------------------------


def _of_statements(loop: _Loop) -> Whole | None:
    updates = _updates(loop.body, chosen=False)
    if updates is None:
        return None
    if isinstance(loop, ast.For):
        index = {part.id for part in ast.walk(loop.target) if isinstance(part, ast.Name)}
    else:
        # Counted up in every turn, and nothing else: else how far it has come depends on what the turns have found.
        steps = collections.Counter(each.name for each in updates)
        index = {each.name for each in updates if _is_step(each.name, each.value) and not each.chosen and steps[each.name] == 1}
    carried = _carried(loop.body, updates) - index
    arrays = {each.name: written for each in updates if (written := _written(each.name, each.value)) is not None}
    carried -= set(arrays)
    derived = _derived(updates, carried)
    if any(_names(test) & derived for test in _tests(loop)) or any(_is_read(loop, name) for name in arrays):
        return None
    calls: list[str] = []
    for name in sorted(carried):
        found = [_reduction(name, each.value, derived) for each in updates if each.name == name]
        if None in found or len(set(found)) != 1:
            return None
        reduce, scan = found[0] or ("", "")
        kept = any(isinstance(value, ast.Name) and value.id == name for _, value in arrays.values())
        if kept and not scan:
            return None
        calls.append(scan if kept else reduce)
    for where, value in arrays.values():
        is_sum = isinstance(value, ast.Name) and value.id in carried
        if _names(where) & derived or (_names(value) & derived and not is_sum):
            return None
    if not carried and not arrays:
        return None
    return Whole(tuple(dict.fromkeys(calls)), any(each.chosen for each in updates))


class _Update(NamedTuple):
    """What a statement of a loop gives to a name, and whether it does so under a condition."""

    name: str
    value: ast.expr
    chosen: bool


def _updates(statements: Sequence[ast.stmt], *, chosen: bool) -> list[_Update] | None:
    """Returns what statements assign to names; ``None`` if there is one among them that does anything else."""
    found: list[_Update] = []
    for statement in statements:
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            value: ast.expr = ast.BinOp(ast.Name(statement.target.id, ast.Load()), statement.op, statement.value)
            found.append(_Update(statement.target.id, value, chosen))
        elif isinstance(statement, ast.Assign) and all(isinstance(target, ast.Name) for target in statement.targets):
            found += (_Update(target.id, statement.value, chosen) for target in statement.targets if isinstance(target, ast.Name))
        elif isinstance(statement, ast.If):
            for branch in (statement.body, statement.orelse):
                inner = _updates(branch, chosen=True)
                if inner is None:
                    return None
                found += inner
        elif not (isinstance(statement, ast.Pass) or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))):
            return None
    return found


def _carried(body: Sequence[ast.stmt], updates: Sequence[_Update]) -> set[str]:
    """The names whose value of the turn before a turn reads: those that are read before they are certainly assigned."""
    assigned = {each.name for each in updates}
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
            carried |= {each.name for each in _updates([statement], chosen=True) or ()} - made
    return carried


def _derived(updates: Sequence[_Update], carried: set[str]) -> set[str]:
    """The carried names, and those that are made of them."""
    derived = set(carried)
    for _ in updates:
        derived |= {each.name for each in updates if _names(each.value) & derived and _written(each.name, each.value) is None}
    return derived


def _tests(loop: _Loop) -> Iterator[ast.expr]:
    """Yields what decides on what a turn does, and whether there is another one."""
    for node in ast.walk(loop):
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            yield node.test


def _is_read(loop: _Loop, array: str) -> bool:
    """Whether an array that a loop writes to is used in it for anything else."""
    uses = sum(isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and part.id == array for part in ast.walk(loop))
    writes = sum(isinstance(part, ast.Assign) and _written(array, part.value) is not None for part in ast.walk(loop))
    return uses != writes


def _is_step(name: str, value: ast.expr) -> bool:
    return (
        isinstance(value, ast.BinOp)
        and isinstance(value.op, ast.Add | ast.Sub)
        and _names(value.left) == {name}
        and isinstance(value.right, ast.Constant)
    )


def _written(name: str, value: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """Returns where to, and what, ``array = array.write(i, value)`` writes; ``None`` of anything else."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "write" and len(value.args) == 2:
        return (value.args[0], value.args[1]) if ast.unparse(value.func.value) == name else None
    return None


def _reduction(name: str, value: ast.expr, derived: set[str]) -> tuple[str, str] | None:
    """Returns the functions that compute an update of all turns at once, in the end and in every turn; ``None`` if there is none such."""
    if isinstance(value, ast.BinOp) and type(value.op) in _SUMS:
        for own, other in ((value.left, value.right), (value.right, value.left)):
            swapped = own is value.right and isinstance(value.op, ast.Sub)
            if isinstance(own, ast.Name) and own.id == name and not (_names(other) & derived) and not swapped:
                return _SUMS[type(value.op)]
    if isinstance(value, ast.Call) and len(value.args) == 2 and isinstance(value.func, ast.Name | ast.Attribute):
        bare = ast.unparse(value.func).rpartition(".")[2]
        for own, other in (value.args, value.args[::-1]):
            if bare in _EXTREMES and isinstance(own, ast.Name) and own.id == name and not (_names(other) & derived):
                return _EXTREMES[bare], ""
    return None


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)}


# --- Loops as calls -----------------------------------------------------------------------------------------------------------------------


def _of_call(node: ast.Call) -> Whole | None:
    if _bare(node) == "map_fn":
        return Whole(("tf.vectorized_map",), chosen=False)
    test, body = node.args[:2] if _bare(node) == "while_loop" and len(node.args) > 1 else (None, None)
    if not isinstance(test, ast.Lambda) or not isinstance(body, ast.Lambda):
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
    # Their names are others there, in the same order.
    tested = dict(zip((argument.arg for argument in test.args.args), names, strict=False))
    if test.args.vararg is not None and test.args.vararg.arg in _names(test.body):
        return None
    if {tested.get(name, name) for name in _names(test.body)} & carried:
        return None
    return Whole(tuple(dict.fromkeys(each[0] for each in found if each is not None)), chosen=False)


def _bare(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2] if isinstance(node.func, ast.Name | ast.Attribute) else ""


def told(whole: Whole) -> str:
    """Says with what it is computed at once."""
    calls = " or ".join(whole.calls)
    if not calls:
        return _ALL
    return f"{calls} (with tf.where for the condition)" if whole.chosen else calls
