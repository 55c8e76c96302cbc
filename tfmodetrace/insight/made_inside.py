"""What a function does with a function that it defines: whoever calls it gets that function, or only what it returns."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final, Literal

from tfmodetrace.insight import surroundings

Use = Literal["returned", "kept", "called"]
"""``returned``: whoever calls the maker gets the function; ``kept``: the maker's object does; ``called``: it is only called."""

_HOLDERS: Final = (ast.Tuple, ast.List, ast.Dict)
_TRACED_AHEAD: Final = "get_concrete_function"


def use_of(around: surroundings.Surroundings, made: ast.stmt) -> Use | None:
    """Says what the function around a definition does with the function that is defined.

    Args:
        around: The text around it.
        made: The definition.

    Returns:
        Its use; ``None`` if it has several that ask for something else each, or one that is not understood.
    """
    maker = around.scope(made)
    if not isinstance(made, ast.FunctionDef) or isinstance(maker, ast.Module):
        return None
    found = set(_uses(around, maker, made, frozenset()))
    return found.pop() if len(found) == 1 else None


def used_of(around: surroundings.Surroundings, made: ast.stmt) -> list[str]:
    """Returns which names of the function around it a definition uses."""
    maker = around.scope(made)
    if isinstance(maker, ast.Module):
        return []
    own = {each.arg for each in ast.walk(maker.args) if isinstance(each, ast.arg)}
    own |= {
        name for each in ast.walk(maker) if isinstance(each, ast.stmt) and around.scope(each) is maker for name in surroundings.bound(each)
    }
    return sorted(surroundings.free_names([made]) & own - surroundings.bound(made))


def _uses(
    around: surroundings.Surroundings, maker: surroundings.Function, made: ast.FunctionDef, seen: frozenset[ast.AST]
) -> Iterator[Use | None]:
    """Yields every use of a function in the one that defines it; of a function inside of that, what becomes of that one."""
    if any(isinstance(each, ast.Nonlocal | ast.Global) and made.name in each.names for each in ast.walk(maker)):
        yield None
    own_body = set(ast.walk(made))
    for name in ast.walk(maker):
        if not isinstance(name, ast.Name) or name.id != made.name or name in own_body:
            continue
        user = next(each for each in around.parents(name) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda))
        if user is maker:
            yield _use(around, name)
        elif isinstance(user, ast.FunctionDef) and around.scope(user) is maker and user not in seen and _is_call(around, name):
            yield from _uses(around, maker, user, seen | {made})
        else:
            yield None


def _is_call(around: surroundings.Surroundings, name: ast.Name) -> bool:
    call = next(around.parents(name))
    return isinstance(call, ast.Call) and call.func is name


def _use(around: surroundings.Surroundings, name: ast.Name) -> Use | None:
    if _is_call(around, name):
        return "called"
    node: ast.AST = name
    for parent in around.parents(name):
        if isinstance(parent, ast.Return):
            return "returned"
        if isinstance(parent, ast.Assign) and parent.value is node:
            kept = all(isinstance(each, ast.Attribute) and _is_self(each.value) for each in parent.targets)
            return "kept" if kept else None
        ahead = (isinstance(parent, ast.Attribute) and parent.attr == _TRACED_AHEAD) or (
            isinstance(parent, ast.Call) and parent.func is node and isinstance(node, ast.Attribute)
        )
        if not ahead and not isinstance(parent, _HOLDERS):
            return None
        node = parent
    return None


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"
