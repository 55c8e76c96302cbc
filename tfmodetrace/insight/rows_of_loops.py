"""Calls that a loop of Python's makes for one element after another of something: read from the loop's source."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from tfmodetrace.insight import sources

_WRAPPERS: Final = frozenset({"tqdm", "trange", "list", "tuple", "sorted", "reversed", "iter"})
_OF_OBJECTS: Final = frozenset({"__call__", "call"})
_WELL_KNOWN: Final = frozenset({"tf", "np", "numpy", "keras", "tensorflow", "random", "math"})
_READING: Final = frozenset(
    {"tqdm", "numpy", "copy", "astype", "reshape", "mean", "sum", "min", "max", "item", "tolist", "index", "count", "get"}
)
"""Methods that leave their object as it is."""

_CLOCKS: Final = ("time.", "perf_counter", "timeit", "monotonic", "process_time", "sleep")


class Rows(NamedTuple):
    """What a loop calls a function with.

    Attributes:
        of: What it goes through, such as ``images``.
        argument: What the function is given of it, such as ``images[i:i + 1]``.
    """

    of: str
    argument: str


def found(loop: str, statement: str, names: frozenset[str]) -> Rows | None:
    """Finds out whether a loop calls a function once for each element of something, each call knowing nothing of the others.

    Args:
        loop: The loop's source; empty if there is none around the statement.
        statement: The statement with the call.
        names: What the function is called by.
    """
    whole = sources.parsed(statement) or sources.parsed(f"{statement}\n    ...")
    if names & _OF_OBJECTS and whole is not None:
        # An object that is called goes by any name: it is the one that the statement calls beside what everybody knows.
        called = frozenset(name for part in ast.walk(whole) if isinstance(part, ast.Call) and (name := _objects_name(part.func)))
        names = called if len(called) == 1 else frozenset()
    tree = sources.parsed(loop) if loop else None
    node = tree.body[0] if tree is not None and len(tree.body) == 1 else None
    if isinstance(node, ast.For) and not node.orelse:
        return _in_statements(node, names)
    # A comprehension is a loop in one expression.
    for part in ast.walk(whole) if whole is not None else ():
        if isinstance(part, ast.ListComp | ast.GeneratorExp) and len(part.generators) == 1:
            generator = part.generators[0]
            rows = _of(generator.target, generator.iter)
            call = next(_calls(part.elt, names), None)
            if rows is not None and call is not None:
                return _argument(call, rows, frozenset())
    return None


def _objects_name(node: ast.expr) -> str:
    parts = ast.unparse(node).split(".")
    named = all(part.isidentifier() for part in parts) and parts[0] not in _WELL_KNOWN and not hasattr(builtins, parts[0])
    return parts[-1] if named else ""


class _Source(NamedTuple):
    """What the names of a loop's head are: indexes into something, or elements of what has this text."""

    indexes: frozenset[str]
    rows: dict[str, str]


def _in_statements(loop: ast.For, names: Collection[str]) -> Rows | None:
    inner = [part for each in loop.body for part in ast.walk(each)]
    if any(isinstance(part, ast.Break | ast.Return | ast.Await | ast.Yield) for part in inner) or any(map(_is_clock, inner)):
        return None
    calls = [call for each in loop.body for call in _calls(each, names)]
    rows = _of(loop.target, loop.iter)
    if rows is None or len(calls) != 1 or _is_timed(inner):
        return None
    assigned = {part.id for part in inner if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    # What a turn makes of an element, and of nothing else of the loop's, stands for the element.
    known = dict(rows.rows)
    for statement in loop.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
            own = _element(statement.value, _Source(rows.indexes, known), assigned)
            if own is not None:
                known[statement.targets[0].id] = own
    argument = _argument(calls[0], _Source(rows.indexes, known), frozenset(assigned))
    return None if argument is None or _may_change(argument.of, inner, {id(call) for call in calls}) else argument


def _may_change(of: str, inner: Collection[ast.AST], calls: Collection[int]) -> bool:
    """Whether a loop may change what it goes through: what a call has returned is the next one's argument then."""
    root = of.partition(".")[0].partition("[")[0]
    for part in inner:
        if isinstance(part, ast.Subscript | ast.Attribute) and not isinstance(part.ctx, ast.Load) and _root(part) == root:
            return True
        if isinstance(part, ast.Call) and id(part) not in calls and not _leaves_alone(part):
            given = (*part.args, *(keyword.value for keyword in part.keywords))
            if (isinstance(part.func, ast.Attribute) and _root(part.func) == root) or any(
                isinstance(each, ast.Name | ast.Attribute) and _root(each) == root for each in given
            ):
                return True
    return False


def _leaves_alone(call: ast.Call) -> bool:
    """Whether everybody knows that a call changes none of its arguments."""
    root = _root(call.func)
    return root in _WELL_KNOWN - {"random"} or (isinstance(call.func, ast.Name) and hasattr(builtins, root)) or _name(call.func) in _READING


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _of(target: ast.expr, iterated: ast.expr) -> _Source | None:
    """Says what the names of a loop's head are."""
    while isinstance(iterated, ast.Call) and _name(iterated.func) in _WRAPPERS and iterated.args and _name(iterated.func) != "trange":
        iterated = iterated.args[0]
    name = _name(iterated.func) if isinstance(iterated, ast.Call) else ""
    if isinstance(iterated, ast.Name | ast.Attribute | ast.Subscript):
        text = ast.unparse(iterated)
        return _Source(frozenset(), {part.id: text for part in ast.walk(target) if isinstance(part, ast.Name)})
    if not isinstance(iterated, ast.Call) or not iterated.args:
        return None
    if name in ("range", "trange") and isinstance(target, ast.Name):
        return _Source(frozenset({target.id}), {})
    if name == "enumerate" and isinstance(target, ast.Tuple) and len(target.elts) == 2 and isinstance(target.elts[0], ast.Name):
        inner = _of(target.elts[1], iterated.args[0])
        return None if inner is None else _Source(inner.indexes | {target.elts[0].id}, inner.rows)
    if name == "zip" and isinstance(target, ast.Tuple) and len(target.elts) == len(iterated.args):
        parts = [_of(each, of) for each, of in zip(target.elts, iterated.args, strict=True)]
        known = [each for each in parts if each is not None]
        return _Source(frozenset().union(*(each.indexes for each in known)), {k: v for each in known for k, v in each.rows.items()})
    return None


def _argument(call: ast.Call, rows: _Source, assigned: frozenset[str]) -> Rows | None:
    """Finds the argument that is an element; ``None`` if another comes of what a turn before has left."""
    elements: list[Rows] = []
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        of = _element(argument, rows, assigned)
        if of is not None:
            elements.append(Rows(of, ast.unparse(argument)))
        elif _names(argument) & (assigned | rows.indexes):
            return None
    return elements[0] if elements else None


def _element(node: ast.expr, rows: _Source, assigned: Collection[str]) -> str | None:
    """Returns what an expression is an element of; ``None`` if it is none, or made of more."""
    used = _names(node)
    if used & set(rows.rows):
        if used & (set(assigned) - set(rows.rows)):
            return None
        return rows.rows[next(name for name in rows.rows if name in used)]
    for part in ast.walk(node):
        if isinstance(part, ast.Subscript):
            first = part.slice.elts[0] if isinstance(part.slice, ast.Tuple) and part.slice.elts else part.slice
            if _names(first) & rows.indexes and not (used - rows.indexes) & set(assigned) and _is_only_there(node, part, rows.indexes):
                return ast.unparse(part.value)
    return None


def _is_only_there(node: ast.expr, part: ast.Subscript, indexes: frozenset[str]) -> bool:
    """Whether an expression has a loop's indexes in one of its parts only."""
    within = {id(inner) for inner in ast.walk(part)}
    return not any(isinstance(inner, ast.Name) and inner.id in indexes and id(inner) not in within for inner in ast.walk(node))


def _calls(node: ast.AST, names: Collection[str]) -> Iterator[ast.Call]:
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and _name(part.func) in names:
            yield part


def _name(node: ast.expr) -> str:
    return ast.unparse(node).rpartition(".")[2] if isinstance(node, ast.Name | ast.Attribute) else ""


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)}


def _is_clock(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and any(word in ast.unparse(node.func) for word in _CLOCKS)


def _is_timed(inner: Collection[ast.AST]) -> bool:
    """Whether a loop takes the difference of what one call without arguments says at two times: a clock, by whatever name."""
    said: dict[str, str] = {}
    for part in inner:
        if isinstance(part, ast.Assign) and len(part.targets) == 1 and isinstance(part.targets[0], ast.Name) and _asks(part.value):
            said[part.targets[0].id] = ast.unparse(part.value)
    return any(
        isinstance(part, ast.BinOp)
        and isinstance(part.op, ast.Sub)
        and isinstance(part.right, ast.Name)
        and part.right.id in said
        and said[part.right.id] == (said.get(part.left.id) if isinstance(part.left, ast.Name) else ast.unparse(part.left))
        for part in inner
    )


def _asks(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and not node.args and not node.keywords
