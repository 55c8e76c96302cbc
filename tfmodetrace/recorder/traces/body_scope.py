"""Names of a function's body: which are its own, what it changes, and chains such as ``self.inner.scale`` that begin with one."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

_MAX_CHAIN: Final = 6

_MUTATING: Final = frozenset(
    {"append", "appendleft", "extend", "insert", "pop", "popleft", "popitem", "remove", "clear", "update", "setdefault", "add", "discard"}
)

SUPER: Final = "super()"
"""The root of what is read from ``super()``."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Step(NamedTuple):
    """One step from an object to a part of it.

    Attributes:
        key: The attribute's name, or what is between the brackets.
        is_item: Whether it stands between brackets.
    """

    key: str | int
    is_item: bool


def chain_of(node: ast.expr) -> tuple[str, tuple[Step, ...]] | None:
    """Returns the name that a chain of attributes and constant items begins with, and its steps; None if it is no such chain."""
    steps: list[Step] = []
    while isinstance(node, ast.Attribute | ast.Subscript) and len(steps) < _MAX_CHAIN:
        if isinstance(node, ast.Attribute):
            steps.append(Step(node.attr, is_item=False))
        elif (key := _constant(node.slice)) is not None:
            steps.append(Step(key, is_item=True))
        else:
            return None
        node = node.value
    if isinstance(node, ast.Name):
        return node.id, tuple(reversed(steps))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super" and not node.args:
        return SUPER, tuple(reversed(steps))
    return None


def _constant(node: ast.expr) -> str | int | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return -node.operand.value if type(node.operand.value) is int else None
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str | int) else None


def parameters(node: Function | ast.Lambda) -> frozenset[str]:
    """Returns the names of a function's parameters."""
    arguments = node.args
    names = {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    return frozenset(names | {each.arg for each in (arguments.vararg, arguments.kwarg) if each is not None})


def given_names(node: Function) -> frozenset[str]:
    """Returns the names that a body gives to something itself."""
    names: set[str] = set()
    outer = {name for part in ast.walk(node) if isinstance(part, ast.Global | ast.Nonlocal) for name in part.names}
    for part in of_this_scope(node.body):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store | ast.Del):
            names.add(part.id)
        elif isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(part.name)
        elif isinstance(part, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in part.names}
        elif isinstance(part, ast.ExceptHandler) and part.name:
            names.add(part.name)
    return frozenset(names - outer)


def changed(node: Function, own: frozenset[str]) -> Iterator[str | Step]:
    """Yields what a body changes that is not its own: names, and last steps to parts of something."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in _MUTATING:
            chain = chain_of(part.func.value)
        elif isinstance(part, ast.Name | ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Store | ast.Del):
            chain = chain_of(part) or (chain_of(part.value) if isinstance(part, ast.Subscript) else None)
        else:
            continue
        if chain is None:
            continue
        root, steps = chain
        while steps and steps[-1].is_item:  # with an element its whole has changed
            yield steps[-1]
            steps = steps[:-1]
        if steps:
            yield steps[-1]
        elif root not in own:
            yield root


def of_this_scope(nodes: Collection[ast.AST]) -> Iterator[ast.AST]:
    """Yields all parts but the bodies of functions and classes that are defined inside."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


_LEAVING: Final = (ast.Return, ast.Raise)
LEAVING_A_LOOP: Final = (*_LEAVING, ast.Break, ast.Continue)


def may_leave(statements: Collection[ast.AST], by: tuple[type[ast.stmt], ...] = _LEAVING) -> bool:
    """Whether what follows statements may not be run, since they leave."""
    return any(isinstance(part, by) for part in of_this_scope(statements))
