"""What a body reads from outside its arguments: names and attributes, as its source has them.

A graph keeps the values that its body has read while it was traced. Which these are the source says; nothing of the program's is run to
find out.
"""

from __future__ import annotations

import ast
import functools
import textwrap
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

_MAX_CHAIN: Final = 6

_TOLD_ONLY: Final = frozenset({"print", "logging", "logger", "log", "warnings", "repr", "isinstance", "hasattr"})
"""What is handed to these leaves no trace in a graph."""


class Step(NamedTuple):
    """One step from an object to a part of it.

    Attributes:
        key: The attribute's name, or what is between the brackets.
        is_item: Whether it stands between brackets.
    """

    key: str | int
    is_item: bool


class Read(NamedTuple):
    """A part of something outside that a body reads.

    Attributes:
        root: The name that the body has for what it begins with.
        steps: How the part is reached from there.
        text: All that, as it is written.
        line: Where, from the definition's first line on, which is 0.
        always: Whether it is read whenever the body runs, and not only in a branch or loop.
    """

    root: str
    steps: tuple[Step, ...]
    text: str
    line: int
    always: bool


class Reads(NamedTuple):
    """What a definition reads.

    Attributes:
        values: What it reads for its value.
        called: What it calls.
        first_parameter: The name of its first parameter; empty if it has none.
        own_names: The names that it gives to something itself, parameters among them.
    """

    values: tuple[Read, ...]
    called: tuple[Read, ...]
    first_parameter: str
    own_names: frozenset[str]


NOTHING: Final = Reads((), (), "", frozenset())


@functools.lru_cache(maxsize=1024)
def of_source(source: str) -> Reads:
    """Finds what a function's definition reads, given its text; nothing where that is not one function's."""
    try:
        tree = ast.parse(textwrap.dedent(source))
    except (SyntaxError, ValueError, RecursionError):  # a lambda inside of a statement that is not whole, or not what ran
        return NOTHING
    node = tree.body[0] if len(tree.body) == 1 else None
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return NOTHING
    visitor = _Visitor(_own_names(node))
    for statement in node.body:
        visitor.visit(statement)
    parameters = [*node.args.posonlyargs, *node.args.args]
    return Reads(tuple(visitor.values), tuple(visitor.called), parameters[0].arg if parameters else "", visitor.own)


def _own_names(node: ast.FunctionDef | ast.AsyncFunctionDef) -> frozenset[str]:
    arguments = node.args
    names = {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    names |= {each.arg for each in (arguments.vararg, arguments.kwarg) if each is not None}
    outer = {name for part in ast.walk(node) if isinstance(part, ast.Global | ast.Nonlocal) for name in part.names}
    for part in _of_this_scope(node.body):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store | ast.Del):
            names.add(part.id)
        elif isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(part.name)
        elif isinstance(part, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in part.names}
        elif isinstance(part, ast.ExceptHandler) and part.name:
            names.add(part.name)
    return frozenset(names - outer)


def _of_this_scope(nodes: Collection[ast.AST]) -> Iterator[ast.AST]:
    """Yields all parts but the bodies of functions and classes that are defined inside."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


class _Visitor(ast.NodeVisitor):
    """Collects reads, with whether they are made whenever the body runs."""

    def __init__(self, own: frozenset[str]) -> None:
        self.own = own
        self.values: list[Read] = []
        self.called: list[Read] = []
        self._always = True

    def _sometimes(self, *nodes: ast.AST | None) -> None:
        before, self._always = self._always, False
        for node in nodes:
            if node is not None:
                self.visit(node)
        self._always = before

    # --- What is read ---------------------------------------------------------------------------------------------------------------------

    def visit_Name(self, node: ast.Name) -> None:
        self._read(node, self.values)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._read(node, self.values)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not self._read(node, self.values):
            self.visit(node.slice)

    def visit_Call(self, node: ast.Call) -> None:
        self._read(node.func, self.called)
        if ast.unparse(node.func).partition(".")[0] in _TOLD_ONLY:
            return
        for part in (*node.args, *node.keywords):
            self.visit(part)

    def _read(self, node: ast.expr, into: list[Read]) -> bool:
        """Notes a chain of attributes and constant items of a name; of anything else looks at its parts. Returns whether it was one."""
        steps: list[Step] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute | ast.Subscript) and len(steps) < _MAX_CHAIN:
            if isinstance(inner, ast.Attribute):
                steps.append(Step(inner.attr, is_item=False))
            elif isinstance(inner.slice, ast.Constant) and isinstance(inner.slice.value, str | int):
                steps.append(Step(inner.slice.value, is_item=True))
            else:
                break
            inner = inner.value
        if not isinstance(inner, ast.Name):
            if inner is node and isinstance(node, ast.Subscript):
                self.visit(node.value)
                return False
            self.visit(inner)
            return False
        if isinstance(inner.ctx, ast.Load) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            into.append(Read(inner.id, tuple(reversed(steps)), ast.unparse(node), node.lineno - 1, self._always))
        return True

    # --- What is not always run -----------------------------------------------------------------------------------------------------------

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._sometimes(*node.body, *node.orelse)
        self._leave_after(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        self._sometimes(node.body, node.orelse)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        self._sometimes(*node.values[1:])

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        self._sometimes(*node.body, *node.orelse)
        self._leave_after(node)

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self._sometimes(*node.body, *node.orelse)
        self._leave_after(node)

    def visit_Try(self, node: ast.Try) -> None:
        self._sometimes(*node.body, *node.handlers, *node.orelse)
        for part in node.finalbody:
            self.visit(part)
        self._leave_after(node)

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        self._sometimes(*node.cases)
        self._leave_after(node)

    def _leave_after(self, node: ast.stmt) -> None:
        """After a statement that may have returned nothing is sure to be read."""
        if any(isinstance(part, ast.Return | ast.Raise) for part in _of_this_scope([node])):
            self._always = False

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._sometimes(*ast.iter_child_nodes(node))

    visit_SetComp = visit_GeneratorExp = visit_DictComp = visit_ListComp  # type: ignore[assignment]  # noqa: N815 - as ast calls them

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)

    def _not_at_all(self, node: ast.AST) -> None:
        """What is defined inside may run later, or never; what is asserted or raised is in no graph."""

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = visit_Assert = visit_Raise = _not_at_all  # noqa: N815
