"""Parts of a body that only show something to somebody, such as ``print``, and make nothing of a graph."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import Final

_SHOWING: Final = frozenset({"print", "pprint", "repr", "isinstance", "hasattr", "issubclass", "type", "id", "callable"})
_LOGGERS: Final = frozenset({"logging", "logger", "log", "warnings", "tqdm"})
_SHOWING_METHODS: Final = frozenset({"debug", "info", "warning", "warn", "error", "critical", "exception", "log", "write"})
_NAMING: Final = frozenset({"name_scope", "variable_scope", "Trace", "TraceAnnotation"})


def is_showing(node: ast.Call) -> bool:
    """Whether a call shows what it is handed, or names something by it."""
    if not isinstance(node.func, ast.Name | ast.Attribute):
        return False
    *owner, name = ast.unparse(node.func).split(".")
    if not owner:
        return name in _SHOWING or name in _NAMING
    if name in _NAMING or owner in (["sys", "stdout"], ["sys", "stderr"]):
        return True
    return name in _SHOWING_METHODS and owner[-1].strip("_").lower() in _LOGGERS


def only_shows(statements: Collection[ast.stmt]) -> bool:
    """Whether statements do nothing but show something."""
    return all(
        isinstance(each, ast.Pass)
        or (
            isinstance(each, ast.Expr)
            and (isinstance(each.value, ast.Constant) or (isinstance(each.value, ast.Call) and is_showing(each.value)))
        )
        or (isinstance(each, ast.If) and only_shows([*each.body, *each.orelse]))
        for each in statements
    )


def unused_names(node: ast.FunctionDef | ast.AsyncFunctionDef) -> frozenset[str]:
    """Returns the names that a function gives to something and uses for nothing but to show it, or for other such names."""
    given: dict[str, set[str]] = {}
    used: set[str] = set()
    for names, loaded in _statements(node.body):
        if names is None:
            used |= loaded
        for name in names or ():
            given.setdefault(name, set()).update(loaded)
    waiting = list(used)
    while waiting:
        for name in given.pop(waiting.pop(), ()):
            used.add(name)
            waiting.append(name)
    return frozenset(given) - used


def _statements(nodes: Collection[ast.AST]) -> Iterator[tuple[list[str] | None, set[str]]]:
    """Yields for each part the names that it gives to something, None if it does more than that, and the names that it uses."""
    for node in nodes:
        if isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) for target in node.targets):
            yield [target.id for target in node.targets if isinstance(target, ast.Name)], set(_used(node.value))
        elif isinstance(node, ast.If) and only_shows([*node.body, *node.orelse]):
            continue
        elif hasattr(node, "body") and isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
            for part in ast.iter_child_nodes(node):
                if isinstance(part, ast.stmt | ast.ExceptHandler | ast.match_case):
                    yield from _statements([part])
                else:
                    yield None, set(_used(part))
        elif not isinstance(node, ast.Assert | ast.Delete):
            yield None, set(_used(node))


def _used(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and is_showing(node):
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield node.id
    for part in ast.iter_child_nodes(node):
        yield from _used(part)
