"""What the recorded source of functions says, read as Python reads it: with ``ast``, never by lines of text.

A function's source is its definition as its file had it. What cannot be parsed, as a lambda in the middle of an expression, says nothing.
"""

from __future__ import annotations

import ast
import builtins
import functools
import textwrap
from collections.abc import Collection
from typing import NamedTuple

from tfmodetrace.insight import called_bodies
from tfmodetrace.log import function_table
from tfmodetrace.schema import lambdas

_Definition = ast.FunctionDef | ast.AsyncFunctionDef


def definition(function: called_bodies.Written) -> _Definition | None:
    """Returns a function's own definition; ``None`` if its source is not known whole or is no ``def``."""
    if not function.source or function.source_truncated:
        return None
    tree = parsed(function.source)
    first = tree.body[0] if tree is not None and tree.body else None
    return first if isinstance(first, ast.FunctionDef | ast.AsyncFunctionDef) else None


def body_definition(function: function_table.Function) -> _Definition | None:
    """Returns a function's own definition, of a lambda one that does the same; ``None`` if that is not known.

    Of several lambdas with the same parameters in the same lines, that one is meant which tf.data's transformation is given.
    """
    if function.qualname.rpartition(".")[2] != "<lambda>" or not function.source or function.source_truncated:
        return definition(function)
    found = lambdas.as_definitions(function.source, [parameter.name for parameter in function.parameters])
    if len(found) > 1:
        handed = [each for each in found if each[1] and f".{each[1]}(" in function.name]
        found = handed or found
    return found[0][0] if len(found) == 1 else None


def numbered_lines(function: function_table.Function) -> dict[int, str]:
    """The lines of a function's source by their number in the file."""
    return dict(enumerate((function.source or "").splitlines(), function.line))


def tree(function: function_table.Function) -> ast.Module | None:
    """Returns a source as Python reads it; ``None`` if it is not known whole."""
    return None if not function.source or function.source_truncated else parsed(function.source)


def bare_name(function: function_table.Function) -> str:
    """A function's name without that of its class or maker."""
    return function.qualname.rpartition(".")[2] or function.name


def decorated_head(function: function_table.Function) -> tuple[int, int] | None:
    """Returns the lines in the file from the one ``@tf.function`` above a function's definition to the end of its ``def`` line.

    ``None`` if there is none. Of a definition in one line, that is the end.
    """
    node = definition(function)
    found = [] if node is None else [each for each in node.decorator_list if dotted(each).rpartition(".")[2] == "function"]
    if node is None or len(found) != 1:
        return None
    body = min(inner.lineno for inner in (node.body[0], *getattr(node.body[0], "decorator_list", ())))
    last = body - 1 if body > node.lineno else node.end_lineno or node.lineno
    return function.line - 1 + found[0].lineno, function.line - 1 + last


def lines_of(function: function_table.Function, first: int, last: int) -> str:
    """Returns lines of a function's source, by their numbers in its file, without their common indentation."""
    lines = (function.source or "").splitlines()[first - function.line : last - function.line + 1]
    return textwrap.dedent("\n".join(lines))


def decorators(function: function_table.Function) -> list[str]:
    """Returns the names of a function's decorators; empty names for those that have none."""
    node = definition(function)
    return [] if node is None else [dotted(decorator) for decorator in node.decorator_list]


def names_in(function: function_table.Function) -> frozenset[str]:
    """Every name that a function's source and its parameters have."""
    found = {parameter.name for parameter in function.parameters} | {bare_name(function)}
    tree = None if not function.source or function.source_truncated else parsed(function.source)
    if tree is not None:
        found |= every_name(tree)
    return frozenset(found)


def free_names(code: str) -> frozenset[str] | None:
    """Returns the names that a piece of code uses and does not make itself, nor Python; ``None`` if it is no Python.

    A header without a body, such as ``for i in tf.range(n):``, is Python, too.
    """
    tree = parsed(code) or parsed(f"{code}\n    ...")
    if tree is None:
        return None
    used: set[str] = set()
    made: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else made).add(node.id)
        elif isinstance(node, ast.arg):
            made.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            made.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            made |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    # What is made of itself, as in `n = tf.constant(n)`, was there before.
    for statement in ast.walk(tree):
        if isinstance(statement, ast.Assign):
            own = {target.id for target in statement.targets if isinstance(target, ast.Name)}
            made -= own & {node.id for node in ast.walk(statement.value) if isinstance(node, ast.Name)}
    return frozenset(used - made - set(dir(builtins)))


def has_gaps(code: str) -> bool:
    """Whether an ellipsis stands in some code for something that is left out; in an index it says what it says, and in a string nothing."""
    tree = parsed(code) or parsed(f"{code}\n    pass")
    nodes = [] if tree is None else list(ast.walk(tree))
    meant = {id(inner) for node in nodes if isinstance(node, ast.Subscript) for inner in ast.walk(node.slice)}
    return any(isinstance(node, ast.Constant) and node.value is ... and id(node) not in meant for node in nodes)


def is_generator(function: function_table.Function) -> bool:
    """Whether a function is a generator, as its source says: it yields itself, not in what is defined inside of it."""
    node = definition(function)
    waiting: list[ast.AST] = [] if node is None else list(node.body)
    while waiting:
        each = waiting.pop()
        if isinstance(each, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda | ast.GeneratorExp):
            waiting += ast.iter_child_nodes(each)
    return False


class MethodCall(NamedTuple):
    """The call of a method in a statement.

    Attributes:
        code: The statement.
        call: The call in it.
        receiver: What the method is called on, such as ``model``.
    """

    code: str
    call: ast.Call
    receiver: str

    @property
    def is_of_a_name(self) -> bool:
        """Whether the receiver is a name, or an attribute or element of one, and so the same object in the line before."""
        node = self.call.func.value if isinstance(self.call.func, ast.Attribute) else self.call.func
        while isinstance(node, ast.Attribute | ast.Subscript):
            if isinstance(node, ast.Subscript) and any(isinstance(inner, ast.Call) for inner in ast.walk(node.slice)):
                return False
            node = node.value
        return isinstance(node, ast.Name)

    def text(self, node: ast.expr) -> str:
        """Returns a part of the statement as it is written."""
        return ast.get_source_segment(self.code, node) or ast.unparse(node)

    def replaced(self, code: str) -> str:
        """Writes the statement with other code in the place of the call."""
        return self.code.replace(self.text(self.call), code, 1)


def call_on(code: str, method: str) -> MethodCall | None:
    """Finds the one call of a method in some code; ``None`` if that is no simple statement with one such call."""
    code = code.strip()
    tree = parsed(code)
    statement = tree.body[0] if tree is not None and len(tree.body) == 1 else None
    if not isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Return):
        return None
    calls = [
        (node, node.func.value)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
    ]
    if len(calls) != 1:
        return None
    ((call, receiver),) = calls
    return MethodCall(code, call, ast.unparse(receiver))


def dotted(node: ast.expr) -> str:
    """The dotted name of what a decorator or call names; empty if it is no name."""
    if isinstance(node, ast.Call):
        return dotted(node.func)
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def every_name(tree: ast.AST) -> frozenset[str]:
    """Returns every name, attribute and parameter that some code has."""
    return frozenset(
        text
        for node in ast.walk(tree)
        for text in (getattr(node, "id", None), getattr(node, "arg", None), getattr(node, "attr", None), getattr(node, "name", None))
        if isinstance(text, str)
    )


@functools.lru_cache(maxsize=512)
def parsed(source: str) -> ast.Module | None:
    """Reads code without its common indentation; ``None`` if it is no Python."""
    try:
        return ast.parse(textwrap.dedent(source))
    except (SyntaxError, ValueError, RecursionError):  # a part of an expression, or what the file holds is not what ran
        return None


def made_in(node: ast.AST) -> frozenset[str]:
    """Returns the names that a definition itself gives to something: parameters, and what is assigned, imported or defined in it."""
    found: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.arg):
            found.add(part.arg)
        elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            found.add(part.id)
    return frozenset(found)


def dedented(lines: Collection[str]) -> str:
    """Writes lines without their common indentation."""
    return textwrap.dedent("\n".join(lines)).rstrip()
