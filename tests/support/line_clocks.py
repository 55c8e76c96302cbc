"""Clocks around the statements of a function: how long each of its lines took, known without anything of ours.

The function stays at its place and has its lines, so that whoever records it sees the definition that is written in the file.
"""

from __future__ import annotations

import ast
import collections
import inspect
import textwrap
import time
import types
from collections.abc import Callable
from typing import Any

Spent = collections.defaultdict[str, float]
"""Seconds by the text of a line, what it calls included."""


def clocked(function: Callable[..., Any], spent: Spent) -> Callable[..., Any]:
    """Returns the function with a clock around each of its statements, of which none may take several lines.

    What only counts up, such as ``self.seen += 1``, has none: it is Python.

    Args:
        function: What is written with ``def``; it may have a closure.
        spent: Where to add the seconds up.
    """
    lines, first = inspect.getsourcelines(function)
    tree = ast.parse(textwrap.dedent("".join(lines)))
    (definition,) = tree.body
    assert isinstance(definition, ast.FunctionDef)
    definition.body = _timed(definition.body, [line.strip() for line in lines])
    free = function.__code__.co_freevars
    # A function around it, in which its free names are local.
    around = ast.parse(f"def around({', '.join(free)}):\n    pass")
    around.body[0].body = [definition]
    ast.increment_lineno(around, first - 1)
    module = compile(ast.fix_missing_locations(around), function.__code__.co_filename, "exec")
    (outer,) = (each for each in module.co_consts if isinstance(each, types.CodeType))
    (code,) = (each for each in outer.co_consts if isinstance(each, types.CodeType))
    if hasattr(code, "co_qualname"):
        code = code.replace(co_qualname=function.__code__.co_qualname)
    cells = dict(zip(free, function.__closure__ or (), strict=True))
    assert set(code.co_freevars) == set(free)
    known = {**function.__globals__, "_now": time.perf_counter, "_spent": spent}
    return types.FunctionType(code, known, function.__name__, function.__defaults__, tuple(cells[name] for name in code.co_freevars))


def _timed(body: list[ast.stmt], texts: list[str]) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    for statement in body:
        inner = getattr(statement, "body", None)
        if isinstance(inner, list):  # what a loop or a block has in it is timed by itself
            statement.body = _timed(inner, texts)
            found.append(statement)
            continue
        if isinstance(statement, ast.AugAssign):
            found.append(statement)
            continue
        assert statement.lineno == statement.end_lineno
        done = ast.parse(f"_spent[{texts[statement.lineno - 1]!r}] += _now() - _began").body
        began = ast.parse("_began = _now()").body
        if isinstance(statement, ast.Return) and statement.value is not None:
            value = ast.copy_location(ast.Assign([ast.Name("_value", ast.Store())], statement.value), statement)
            group = [*began, value, *done, *ast.parse("return _value").body]
        else:
            group = [*began, statement, *done]
        for each in group:
            for node in ast.walk(each):
                if hasattr(node, "lineno"):
                    node.lineno = node.end_lineno = statement.lineno
        found.extend(group)
    return found
