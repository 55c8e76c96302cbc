"""What a body does that no graph does: prints, counts, appends, draws random numbers in Python. Found in its source.

Only what the body itself does: a function that is defined inside may be called by the graph, as ``tf.py_function`` does.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

from tfmodetrace.insight import sources
from tfmodetrace.log import function_table

Kind = Literal["print", "log", "counter", "assignment", "append", "random", "next", "time", "file"]

_TRACING: Final = re.compile(r"trac(?:e|ing)|compil|built?\b|building", re.IGNORECASE)
"""Whoever prints or counts this knows when it happens."""

_LOGGERS: Final = frozenset({"logging", "logger", "log", "_logger", "_log", "LOGGER", "LOG"})
_LOG_METHODS: Final = frozenset({"debug", "info", "warning", "error", "critical", "exception", "log"})
_APPENDING: Final = frozenset({"append", "appendleft", "extend", "insert"})
_RANDOM: Final = re.compile(r"(?:np|numpy)\.random\.\w+|random\.\w+|secrets\.\w+|os\.urandom|uuid\.uuid[14]")
_TIME: Final = re.compile(r"time\.(?:time|perf_counter|monotonic|process_time)(?:_ns)?|(?:datetime\.)+(?:now|utcnow|today)")
_OF_GRAPHS: Final = re.compile(r"(?:^|\.)(?:Variable|add_weight|add_variable|TensorArray|Generator|[A-Z]\w*)$")


class Effect(NamedTuple):
    """Something that a body does only when it is traced.

    Attributes:
        kind: What.
        line: Its line in the file.
        code: The statement.
        what: What of it is meant: the call, or the statement itself.
        target: What is changed or drawn from, such as ``self.seen`` or ``np.random.rand``.
        deliberate: Whether its words say that it is meant for tracing.
        is_read: Whether the body reads what it changes.
    """

    kind: Kind
    line: int
    code: str
    what: str
    target: str
    deliberate: bool
    is_read: bool


def of_function(function: function_table.Function) -> Sequence[Effect]:
    """Finds what a function's body does beside making ops; nothing if its source is not known whole."""
    node = sources.definition(function)
    if node is None:
        return ()
    body = _Body(node)
    found = []
    for statement, guarded in body.statements():
        for kind, part, target in body.effects(statement):
            if guarded and kind in ("assignment", "counter", "random", "append"):
                continue  # made at the first time only, and meant so
            code = ast.unparse(statement).partition("\n")[0] if not hasattr(statement, "body") else ast.unparse(part)
            deliberate = _TRACING.search(code) is not None and kind in ("print", "log", "counter", "append", "assignment")
            read = kind == "counter" and body.reads(target, statement)
            what = code if part is statement else ast.unparse(part)
            found.append(Effect(kind, part.lineno + function.line - 1, code, what, target, deliberate, read))
    return found


class _Body:
    def __init__(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._node = node
        outer = {name for part in ast.walk(node) if isinstance(part, ast.Global | ast.Nonlocal) for name in part.names}
        parameters = [*node.args.posonlyargs, *node.args.args]
        # What a method is given is its object, whose attributes outlive the call.
        self._receiver = parameters[0].arg if parameters and parameters[0].arg in ("self", "cls") else ""
        self._own = sources.made_in(node) - outer - {self._receiver}
        self._made = {ast.unparse(target) for part in ast.walk(node) if isinstance(part, ast.Assign) for target in part.targets}

    def statements(self) -> Iterator[tuple[ast.stmt, bool]]:
        """Yields the body's statements, and whether each is only run where something is not there yet."""
        waiting: list[tuple[ast.stmt, bool]] = [(statement, False) for statement in self._node.body]
        while waiting:
            statement, guarded = waiting.pop(0)
            yield statement, guarded
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            inner = guarded or (isinstance(statement, ast.If) and _is_guard(statement.test))
            for name in ("body", "orelse", "finalbody"):
                waiting.extend((part, inner) for part in getattr(statement, name, []))
            for handler in getattr(statement, "handlers", []):
                waiting.extend((part, inner) for part in handler.body)

    def effects(self, statement: ast.stmt) -> Iterator[tuple[Kind, ast.expr | ast.stmt, str]]:
        """Yields what one statement does, without those inside of it: kind, where, and of what."""
        if isinstance(statement, ast.AugAssign) and self._is_outside(statement.target):
            yield "counter", statement, ast.unparse(statement.target)
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                if self._is_outside(target) and not _makes_an_object(statement.value):
                    yield "assignment", statement, ast.unparse(target)
        for part in _own_expressions(statement):
            if isinstance(part, ast.Call):
                yield from self._call(part)

    def _call(self, node: ast.Call) -> Iterator[tuple[Kind, ast.expr, str]]:
        name = ast.unparse(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else ""
        root, _, method = name.partition(".")[0], *name.rpartition(".")[1:]
        if not name or root in self._own:
            return
        if name == "print":
            yield "print", node, name
        elif name == "open":
            yield "file", node, name
        elif name == "next" and node.args and self._is_outside(node.args[0]):
            yield "next", node, ast.unparse(node.args[0])
        elif method in _LOG_METHODS and root in _LOGGERS:
            yield "log", node, name
        elif _RANDOM.fullmatch(name):
            yield "random", node, name
        elif _TIME.fullmatch(name):
            yield "time", node, name
        elif method in _APPENDING and isinstance(node.func, ast.Attribute) and self._is_outside(node.func.value, of_method=True):
            target = ast.unparse(node.func.value)
            if target not in self._made and not any(map(_makes_an_object, node.args)):
                yield "append", node, target

    def _is_outside(self, node: ast.expr, *, of_method: bool = False) -> bool:
        """Whether an expression is something that outlives the body: an attribute or element of what is not its own, or a global."""
        inner = node
        while isinstance(inner, ast.Attribute | ast.Subscript):
            inner = inner.value
        if not isinstance(inner, ast.Name) or inner.id in self._own:
            return False
        if isinstance(node, ast.Name):
            return node.id != self._receiver and (of_method or node.id in self._stored_outside)
        return True

    @property
    def _stored_outside(self) -> frozenset[str]:
        return frozenset(
            name for part in ast.walk(self._node) if isinstance(part, ast.Global | ast.Nonlocal) for name in part.names
        ) | frozenset(self._free_names())

    def _free_names(self) -> Iterator[str]:
        for part in ast.walk(self._node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and part.id not in self._own:
                yield part.id

    def reads(self, target: str, statement: ast.stmt) -> bool:
        """Whether the body reads what a statement of it changes."""
        return any(
            isinstance(part, ast.Name | ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Load) and ast.unparse(part) == target
            for part in ast.walk(self._node)
            if part is not statement
        )


def _own_expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yields the parts of a statement that belong to no statement inside of it and are not put off, as a lambda's are."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    waiting: list[ast.AST] = [child for child in ast.iter_child_nodes(statement) if not isinstance(child, ast.stmt | ast.ExceptHandler)]
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, ast.Lambda):
            waiting.extend(child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt))


def _is_guard(test: ast.expr) -> bool:
    """Whether a condition asks if something is there already: ``x is None``, ``not self.layers``, ``not hasattr(self, "x")``."""
    text = ast.unparse(test)
    return "is None" in text or "hasattr(" in text or re.search(r"\bnot [\w.]+(?!\()\b|\blen\([\w.]+\) == 0", text) is not None


def _makes_an_object(node: ast.expr) -> bool:
    """Whether an expression makes an object that is made once, as a variable or layer, or is what is there already."""
    return isinstance(node, ast.Call) and _OF_GRAPHS.search(ast.unparse(node.func)) is not None
