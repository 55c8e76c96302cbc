"""How the recorded text of a lambda is read: the lines that it stands in, of which it is a part, may be no Python by themselves."""

from __future__ import annotations

import ast
import itertools
import textwrap
from collections.abc import Sequence
from typing import Final

_CLOSING: Final = 4
"""Brackets that lines may close which they have not opened."""


def as_definitions(text: str, parameters: Sequence[str]) -> list[tuple[ast.FunctionDef, str]]:
    """Finds the lambdas with some parameters in the lines in which one begins.

    Args:
        text: The lines, from the one in which it begins.
        parameters: The names of its parameters.

    Returns:
        Each as the definition of a function that returns what it does, and the name of the method that it is handed to; empty for none.
    """
    tree = _parsed(text)
    handed: dict[int, str] = {}
    found: list[ast.Lambda] = []
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            handed |= {id(part): node.func.attr for part in (*node.args, *(keyword.value for keyword in node.keywords))}
        elif isinstance(node, ast.Lambda) and _names(node.args) == list(parameters):
            found.append(node)
    return [(_as_definition(node), handed.get(id(node), "")) for node in found]


def _parsed(text: str) -> ast.Module | None:
    lines = textwrap.dedent(text).strip()
    # In the middle of a chain of calls, or of what a call is given.
    heads = ("_", "") if lines.startswith(".") else ("", "_(")
    for head, cut in itertools.product(heads, range(_CLOSING)):
        body = lines
        for _ in range(cut):
            body = body.rstrip().rstrip(",")
            body = body[:-1] if body.endswith((")", "]", "}", ":")) else body
        for end in ("", ")" * head.count("(")):
            try:
                return ast.parse(f"{head}{body}{end}")
            except (SyntaxError, ValueError, RecursionError):
                continue
    return None


def _names(arguments: ast.arguments) -> list[str]:
    return [each.arg for each in (*arguments.posonlyargs, *arguments.args)]


def _as_definition(node: ast.Lambda) -> ast.FunctionDef:
    body = ast.Return(node.body, lineno=node.body.lineno, col_offset=0, end_lineno=node.body.end_lineno, end_col_offset=0)
    return ast.FunctionDef(
        name="<lambda>",
        args=node.args,
        body=[body],
        decorator_list=[],
        returns=None,
        type_comment=None,
        lineno=node.lineno,
        col_offset=0,
        end_lineno=node.end_lineno,
        end_col_offset=0,
        **({"type_params": []} if "type_params" in ast.FunctionDef._fields else {}),
    )
