"""What a body reads from outside its arguments: names and attributes, as its source has them.

A graph keeps the values that its body has read while it was traced. Which these are the source says; nothing of the program's is run to
find out. What is only shown to somebody, as by ``print``, leaves no trace in a graph and is not read in this sense.
"""

from __future__ import annotations

import ast
import functools
import textwrap
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from tfmodetrace.recorder.traces import body_scope, shown_only
from tfmodetrace.schema import lambdas

PURE_CALLS: Final = frozenset({"min", "max", "abs", "int", "float", "bool", "round", "len", "sum"})
"""Functions of Python's of which a value is computed in Python only."""

_CALLED_LATER: Final = frozenset({"py_function", "numpy_function", "eager_py_func", "py_func", "from_generator", "pure_callback"})
"""What is handed to these runs whenever the graph does."""


class Condition(NamedTuple):
    """What must be for something to be read.

    Attributes:
        test: The condition, in Python.
        wanted: What it must be.
        in_line: Whether what it decides on may lie in the same line, whose ops then do not tell what it was.
    """

    test: ast.expr
    wanted: bool
    in_line: bool = False


class Read(NamedTuple):
    """A part of something outside that a body reads.

    Attributes:
        root: The name that the body has for what it begins with.
        steps: How the part is reached from there.
        text: All that, as it is written.
        line: Where, from the definition's first line on, which is 0.
        always: Whether it is read whenever the body runs and the conditions hold, and not only in a loop or the like.
        conditions: What decides whether it is read.
        inside: The expression in Python of which it is a part and of which the graph is made; None if that is itself.
        is_test: Whether it only matters if that is true.
        argument_of: The number of the call that it is handed to as it is; -1 for none.
    """

    root: str
    steps: tuple[body_scope.Step, ...]
    text: str
    line: int
    always: bool
    conditions: tuple[Condition, ...] = ()
    inside: ast.expr | None = None
    is_test: bool = False
    argument_of: int = -1


class Call(NamedTuple):
    """Something outside that a body calls.

    Attributes:
        function: What.
        positional: What it is handed by position, as far as that is read from somewhere as it is; None for anything else.
        keywords: The same by name.
        rest: Whether the body's own ``*args`` follow.
    """

    function: Read
    positional: tuple[Read | None, ...]
    keywords: Mapping[str, Read]
    rest: bool


class Reads(NamedTuple):
    """What a definition reads.

    Attributes:
        values: What it reads for its value.
        calls: What it calls.
        parameters: The names of its parameters that may be given by position.
        star: The name of its ``*args``; empty if it has none.
        own_names: The names that it gives to something itself, parameters among them.
        given_anew: Those of its parameters that it gives to something else.
        changed: Names of what it changes, and last steps to such: what it assigns to, or changes by a method such as ``append``.
    """

    values: tuple[Read, ...]
    calls: tuple[Call, ...]
    parameters: tuple[str, ...]
    star: str
    own_names: frozenset[str]
    given_anew: frozenset[str]
    changed: frozenset[str | body_scope.Step]


NOTHING: Final = Reads((), (), (), "", frozenset(), frozenset(), frozenset())


@functools.lru_cache(maxsize=1024)
def of_source(source: str, lambda_: tuple[tuple[str, ...], frozenset[str]] | None = None) -> Reads:
    """Finds what a function's definition reads, given its text; nothing where that is not one function's.

    Args:
        source: The text.
        lambda_: Of a lambda, its parameters and every other name that it reads.
    """
    if lambda_ is not None:
        parameters, used = lambda_
        found = [node for node, _ in lambdas.as_definitions(source, parameters) if _reads_names(node, parameters) == used]
        return _of_definition(found[0]) if len(found) == 1 else NOTHING
    try:
        tree = ast.parse(textwrap.dedent(source))
    except (SyntaxError, ValueError, RecursionError):  # a lambda inside of a statement that is not whole, or not what ran
        return NOTHING
    node = tree.body[0] if len(tree.body) == 1 else None
    return _of_definition(node) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else NOTHING


def _reads_names(node: ast.FunctionDef, parameters: Collection[str]) -> frozenset[str]:
    """The names and attributes that a definition reads."""
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} | {
        part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)
    }
    return frozenset(names - set(parameters))


def _of_definition(node: body_scope.Function) -> Reads:
    given = body_scope.given_names(node)
    visitor = _Visitor(body_scope.parameters(node) | given, shown_only.unused_names(node))
    visitor.visit_all(node.body)
    arguments = node.args
    return Reads(
        values=tuple(visitor.values),
        calls=tuple(visitor.calls),
        parameters=tuple(each.arg for each in (*arguments.posonlyargs, *arguments.args)),
        star="" if arguments.vararg is None else arguments.vararg.arg,
        own_names=visitor.every_own,
        given_anew=body_scope.parameters(node) & (given | visitor.inner),
        changed=frozenset(body_scope.changed(node, body_scope.parameters(node) | given)),
    )


class _Visitor(ast.NodeVisitor):
    """Collects reads, with what they depend on."""

    def __init__(self, own: frozenset[str], unused: frozenset[str]) -> None:
        self.own = own
        self.inner: frozenset[str] = frozenset()
        self.values: list[Read] = []
        self.calls: list[Call] = []
        self._unused = unused
        self._always = True
        self._conditions: tuple[Condition, ...] = ()
        self._inside: ast.expr | None = None
        self._is_test = False
        self._test_in_line = False
        # Functions that are defined inside run where they are called, or handed to what calls them at once.
        self._defined: dict[str, body_scope.Function] = {}
        self._entered: list[str] = []

    @property
    def every_own(self) -> frozenset[str]:
        """The names that the body or a function inside of it gives to something."""
        return self.own | self.inner

    def visit_all(self, statements: Collection[ast.stmt]) -> None:
        """Visits statements one after another: after one that may have left, nothing is sure."""
        before = self._always, self._conditions
        for statement in statements:
            self.visit(statement)
        self._always, self._conditions = before

    def _under(self, nodes: Collection[ast.AST], *conditions: Condition, always: bool = True) -> None:
        before = self._always, self._conditions
        self._always, self._conditions = self._always and always, self._conditions + conditions
        for node in nodes:
            self.visit(node)
        self._always, self._conditions = before

    # --- What is read ---------------------------------------------------------------------------------------------------------------------

    def visit(self, node: ast.AST) -> None:
        """Visits a part; of an expression that is computed in Python alone, notes that it is this of which the graph is made."""
        before = self._inside, self._is_test
        conditions = self._conditions
        if isinstance(node, ast.stmt):
            self._inside, self._is_test = None, False
        elif isinstance(node, ast.expr) and self._inside is None and body_scope.chain_of(node) is None:
            if self._is_pure(node):
                self._inside = node
            elif self._is_test and not isinstance(node, ast.BoolOp) and not _is_not(node):
                # Something is asked that is not known here: only if it is a tensor, whose ops show, the graph has the value.
                self._is_test = False
                self._conditions += (Condition(node, wanted=True, in_line=self._test_in_line),)
        super().visit(node)
        self._inside, self._is_test = before
        if not isinstance(node, ast.stmt):
            self._conditions = conditions

    def _is_pure(self, node: ast.expr) -> bool:
        """Whether an expression is computed of what is outside, in Python, without anything of the program's being called."""
        chain = body_scope.chain_of(node)
        if chain is not None:
            return chain[0] not in self.own or bool(chain[1])
        if isinstance(node, ast.Call):
            pure = isinstance(node.func, ast.Name) and node.func.id in PURE_CALLS and not node.keywords
            return pure and all(map(self._is_pure, node.args))
        if isinstance(node, ast.Subscript):
            return self._is_pure(node.value) and self._is_pure(node.slice)
        if isinstance(node, ast.Compare | ast.BoolOp | ast.BinOp | ast.UnaryOp | ast.IfExp | ast.Tuple | ast.List):
            return all(self._is_pure(part) for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr))
        return isinstance(node, ast.Constant)

    def _test(self, test: ast.expr, before: ast.AST) -> None:
        """Visits what decides on something that comes after it."""
        self._is_test, self._test_in_line = True, getattr(before, "lineno", 0) <= (test.end_lineno or test.lineno)
        self.visit(test)
        self._is_test = False

    def visit_Name(self, node: ast.Name) -> None:
        self._read(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._read(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not self._read(node):
            self.visit(node.slice)

    def _read(self, node: ast.expr) -> bool:
        """Notes a chain that is read; of anything else looks at its parts. Returns whether it was one."""
        chain = body_scope.chain_of(node)
        if chain is None:
            self.visit(node.value)  # type: ignore[attr-defined]
            return False
        if isinstance(getattr(node, "ctx", None), ast.Load):
            self.values.append(self._noted(node, *chain))
        return True

    def _noted(self, node: ast.expr, root: str, steps: tuple[body_scope.Step, ...]) -> Read:
        text = ast.unparse(node)
        return Read(root, steps, text, node.lineno - 1, self._always, self._conditions, self._inside, self._is_test)

    def visit_Call(self, node: ast.Call) -> None:
        if shown_only.is_showing(node):
            return
        chain = body_scope.chain_of(node.func)
        number = -1
        if chain is None:
            self.visit(node.func)
        elif not (isinstance(node.func, ast.Name) and node.func.id in PURE_CALLS):
            number = len(self.calls)
            positional = [self._handed(part) for part in node.args if not isinstance(part, ast.Starred)]
            keywords = {part.arg: read for part in node.keywords if part.arg and (read := self._handed(part.value)) is not None}
            rest = any(isinstance(part, ast.Starred) for part in node.args)
            self.calls.append(Call(self._noted(node.func, *chain), tuple(positional), keywords, rest))
            if not chain[1]:
                self._enter(chain[0])
        name = ast.unparse(node.func).rpartition(".")[2] if chain is not None else ""
        for part in (*node.args, *(keyword.value for keyword in node.keywords if keyword.arg != "name")):
            if name in _CALLED_LATER:
                if not isinstance(part, ast.Lambda) and body_scope.chain_of(part) is None:
                    self.visit(part)
                continue
            before = len(self.values)
            self.visit(part)
            if body_scope.chain_of(part) is not None and len(self.values) == before + 1:
                self.values[before] = self.values[before]._replace(argument_of=number)
            if isinstance(part, ast.Lambda):
                self._inner(part, [part.body])
            elif isinstance(part, ast.Name):
                self._enter(part.id)

    def _handed(self, node: ast.expr) -> Read | None:
        chain = body_scope.chain_of(node)
        return None if chain is None else self._noted(node, *chain)

    def _enter(self, name: str) -> None:
        inner = self._defined.get(name)
        if inner is not None and name not in self._entered:
            self._entered.append(name)
            self._inner(inner, inner.body)

    def _inner(self, node: body_scope.Function | ast.Lambda, body: Collection[ast.AST]) -> None:
        """Visits the body of a function that is defined inside; whether it runs, ops of its lines must show."""
        names = body_scope.parameters(node) | (frozenset() if isinstance(node, ast.Lambda) else body_scope.given_names(node))
        before, self.own, self.inner = self.own, self.own | names, self.inner | names
        self._under(body, always=False)
        self.own = before

    # --- What is not always run -----------------------------------------------------------------------------------------------------------

    def visit_If(self, node: ast.If) -> None:
        if shown_only.only_shows([*node.body, *node.orelse]):
            return
        self._test(node.test, node.body[0])
        self._under(node.body, Condition(node.test, wanted=True))
        self._under(node.orelse, Condition(node.test, wanted=False))
        leaves, other = (body_scope.may_leave(part, body_scope.LEAVING_A_LOOP) for part in (node.body, node.orelse))
        if leaves and other:
            self._always = False
        elif leaves or other:
            # Whoever comes by here has not left.
            self._conditions += (Condition(node.test, wanted=not leaves),)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._test(node.test, node.test)
        self._under([node.body], Condition(node.test, wanted=True, in_line=True))
        self._under([node.orelse], Condition(node.test, wanted=False, in_line=True))

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        wanted = isinstance(node.op, ast.And)
        conditions: list[Condition] = []
        for number, value in enumerate(node.values):
            is_test, self._is_test = self._is_test, self._is_test or (wanted and number + 1 < len(node.values))
            self._under([value], *conditions)
            self._is_test = is_test
            conditions.append(Condition(value, wanted=wanted, in_line=True))

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        self._sometimes(node)

    def visit_While(self, node: ast.While) -> None:
        self._test(node.test, node.body[0])
        self._sometimes(node)

    def visit_Try(self, node: ast.Try) -> None:
        self._under([*node.body, *node.handlers, *node.orelse], always=False)
        self.visit_all(node.finalbody)
        self._always = self._always and not body_scope.may_leave([node])

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        self._under(node.cases, always=False)
        self._always = self._always and not body_scope.may_leave([node])

    def _sometimes(self, node: ast.For | ast.While) -> None:
        self._under([*node.body, *node.orelse], always=False)
        self._always = self._always and not body_scope.may_leave([node])

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._under(list(ast.iter_child_nodes(node)), always=False)

    visit_SetComp = visit_GeneratorExp = visit_DictComp = visit_ListComp  # type: ignore[assignment]  # noqa: N815 - as ast calls them

    # --- What is read for nothing ---------------------------------------------------------------------------------------------------------

    def visit_Assign(self, node: ast.Assign) -> None:
        if not all(isinstance(target, ast.Name) and target.id in self._unused for target in node.targets):
            self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._defined[node.name] = node

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]  # noqa: N815

    def _not_at_all(self, node: ast.AST) -> None:
        """What is defined inside may run later, or never; what is asserted or raised is in no graph."""

    visit_ClassDef = visit_Lambda = visit_Assert = visit_Raise = visit_Delete = _not_at_all  # noqa: N815


def _is_not(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
