"""What a body does that no graph does: prints, counts, appends, draws random numbers in Python. Found in its source.

Only what the body itself does: a function that is defined inside may be called by the graph, as ``tf.py_function`` does. And only what it
has done for sure: of a branch, a loop, or what follows a ``return``, ops must show that it was run.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from tfmodetrace.insight import outside_state, sources
from tfmodetrace.log import function_table

Kind = Literal["print", "log", "counter", "assignment", "append", "random", "next", "time", "file"]

_TRACING: Final = re.compile(r"trac(?:e|ing)|compil|buil[dt]", re.IGNORECASE)
"""Whoever prints or counts this knows when it happens."""

_LOGGERS: Final = frozenset({"logging", "logger", "log", "_logger", "_log", "LOGGER", "LOG"})
_LOG_METHODS: Final = frozenset({"debug", "info", "warning", "error", "critical", "exception", "log"})
_APPENDING: Final = frozenset({"append", "appendleft", "extend", "insert"})
_TAKING: Final = frozenset({"clear", "pop", "popleft", "remove"})
_TIME: Final = re.compile(r"time\.(?:time|perf_counter|monotonic|process_time)(?:_ns)?|(?:datetime\.)+(?:now|utcnow|today)")
_OF_GRAPHS: Final = re.compile(r"(?:^|\.)(?:Variable|add_weight|add_variable|TensorArray|Generator|[A-Z]\w*)$")


LAMBDA: Final = "<lambda>"


class Facts(NamedTuple):
    """What traces tell of a function.

    Attributes:
        outside: Of what its body calls outside, what that is, by what the body calls it.
        ops: The types of the ops that the lines of its file have made.
        is_run: Whether it is known to have run while the graph was made; else ops must show it.
    """

    outside: Mapping[str, frozenset[str]]
    ops: Mapping[int, frozenset[str]]
    is_run: bool


class Effect(NamedTuple):
    """Something that a body does only when it is traced.

    Attributes:
        kind: What.
        line: Its line in the file.
        code: The statement.
        what: What of it is meant: the call, or the statement itself.
        target: What is changed or drawn from, such as ``self.seen`` or ``np.random.rand``.
        deliberate: Whether its words say that it is meant for tracing, or nothing comes of it.
        is_read: Whether the body goes by what it changes.
        in_loop: Whether it may have been done several times, or not at all, each time.
    """

    kind: Kind
    line: int
    code: str
    what: str
    target: str
    deliberate: bool
    is_read: bool
    in_loop: bool


def of_function(function: function_table.Function, facts: Facts) -> Sequence[Effect]:
    """Finds what a function's body does beside making ops; nothing if its source is not known whole, or it is not known to have run."""
    node = sources.body_definition(function)
    if node is None:
        return ()
    body = _Body(node, facts, function.line - 1)
    if not (facts.is_run or body.made_ops(node.body)):
        return ()
    found = []
    for each in body.statements():
        statement = each.statement
        for kind, part, target in body.effects(statement):
            if each.guarded and kind in ("assignment", "counter", "random", "append"):
                continue  # made at the first time only, and meant so
            shown = node.body[0].value if node.name == LAMBDA and isinstance(node.body[0], ast.Return) else statement
            code = ast.unparse(part if shown is None or hasattr(statement, "body") else shown).partition("\n")[0]
            line = part.lineno + function.line - 1
            read = kind in ("counter", "assignment") and body.goes_by(target, statement)
            if kind == "time":
                deliberate = line not in facts.ops
            elif kind == "assignment":
                deliberate = not read
            else:
                deliberate = _TRACING.search(code) is not None and kind in ("print", "log", "counter", "append")
            what = code if part is statement else ast.unparse(part)
            found.append(Effect(kind, line, code, what, target, deliberate, read, each.in_loop))
    return found


def reads(function: function_table.Function, target: str, changed_by: function_table.Function) -> bool:
    """Whether another body goes by what one changes: by an attribute of the same object, or by what both have from outside.

    Args:
        function: The other body.
        target: What is changed, as the body that does so calls it.
        changed_by: That body.
    """
    node = sources.body_definition(function)
    if node is None:
        return False
    root = target.partition(".")[0].partition("[")[0]
    if root in ("self", "cls"):
        if function.qualname.rpartition(".")[0] != changed_by.qualname.rpartition(".")[0]:
            return False
    elif function.file != changed_by.file or root in sources.made_in(node):
        return False
    return any(ast.unparse(part) == target for part in _read_in(node.body))


def emptied(function: function_table.Function, *, by_assignment: bool) -> frozenset[str]:
    """Returns the last names of what a body empties, or takes something from, whenever it runs: ``losses`` of ``model.losses = []``.

    Args:
        function: The function.
        by_assignment: Whether giving it an empty value counts, too, beside ``clear``, ``pop`` and ``del``.
    """
    node = sources.body_definition(function)
    found: list[ast.expr] = []
    for statement in () if node is None else _always(node.body):
        if isinstance(statement, ast.Assign):
            found.extend(_targets(statement) if by_assignment and _is_empty(statement.value) else ())
        elif isinstance(statement, ast.Delete):
            found.extend(target.value for target in statement.targets if isinstance(target, ast.Subscript))
        value = statement.value if isinstance(statement, ast.Expr | ast.Assign) else None
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in _TAKING:
            found.append(value.func.value)
    return frozenset(ast.unparse(each).rpartition(".")[2] for each in found)


def _always(statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in statements:
        yield statement
        if isinstance(statement, ast.With | ast.Try):
            yield from _always(statement.body)
        if isinstance(statement, ast.Try):
            yield from _always(statement.finalbody)


def _is_empty(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return not node.args and ast.unparse(node.func).rpartition(".")[2] in ("list", "dict", "set", "deque", "OrderedDict")
    return isinstance(node, ast.Constant) or ast.unparse(node) in ("[]", "{}")


class _Statement(NamedTuple):
    """A statement of a body that was run.

    Attributes:
        statement: The statement.
        guarded: Whether it is only run where something is not there yet.
        in_loop: Whether it lies in a loop.
    """

    statement: ast.stmt
    guarded: bool
    in_loop: bool


class _Body:
    def __init__(self, node: ast.FunctionDef | ast.AsyncFunctionDef, facts: Facts, shift: int) -> None:
        self._node = node
        self._facts = facts
        self._shift = shift
        outer = {name for part in ast.walk(node) if isinstance(part, ast.Global | ast.Nonlocal) for name in part.names}
        parameters = [*node.args.posonlyargs, *node.args.args]
        # What a method is given is its object, whose attributes outlive the call.
        self._receiver = parameters[0].arg if parameters and parameters[0].arg in ("self", "cls") else ""
        self._own = sources.made_in(node) - outer - {self._receiver}
        free = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)} - self._own
        self._stored_outside = outer | free
        # Where something is given a value whatever it was before.
        self._made: dict[str, int] = {}
        for each in self.statements():
            for target in _targets(each.statement):
                if not each.guarded and not each.in_loop and not self._reads(target, each.statement):
                    self._made.setdefault(ast.unparse(target), each.statement.lineno)

    def made_ops(self, statements: Sequence[ast.AST]) -> bool:
        """Whether lines of some statements have made ops."""
        lines = (range(part.lineno, (part.end_lineno or part.lineno) + 1) for part in statements if isinstance(part, ast.stmt))
        return any(line + self._shift in self._facts.ops for each in lines for line in each)

    def statements(self) -> Iterator[_Statement]:
        """Yields the statements that were run."""
        yield from self._in_block(self._node.body, guarded=False, in_loop=False)

    def _in_block(self, block: Sequence[ast.stmt], *, guarded: bool, in_loop: bool) -> Iterator[_Statement]:
        for number, statement in enumerate(block):
            yield _Statement(statement, guarded, in_loop)
            if isinstance(statement, ast.If):
                guards = guarded or _is_guard(statement.test)
                for branch in (statement.body, statement.orelse):
                    if self.made_ops(branch):
                        yield from self._in_block(branch, guarded=guards, in_loop=in_loop)
            elif isinstance(statement, ast.For | ast.AsyncFor | ast.While):
                if self.made_ops(statement.body) or _has_turns(statement):
                    yield from self._in_block(statement.body, guarded=guarded, in_loop=True)
            elif isinstance(statement, ast.With | ast.AsyncWith):
                if not any("init_scope" in ast.unparse(item.context_expr) for item in statement.items):  # whose purpose is this
                    yield from self._in_block(statement.body, guarded=guarded, in_loop=in_loop)
            elif isinstance(statement, ast.Try):
                yield from self._in_block(statement.body, guarded=guarded, in_loop=in_loop)
                for rest in (*(handler.body for handler in statement.handlers), statement.orelse):
                    if self.made_ops(rest):
                        yield from self._in_block(rest, guarded=guarded, in_loop=in_loop)
                yield from self._in_block(statement.finalbody, guarded=guarded, in_loop=in_loop)
            elif isinstance(statement, ast.Match):
                for case in statement.cases:
                    if self.made_ops(case.body):
                        yield from self._in_block(case.body, guarded=guarded, in_loop=in_loop)
            if _may_leave(statement) and not self.made_ops(block[number + 1 :]):
                return

    def effects(self, statement: ast.stmt) -> Iterator[tuple[Kind, ast.expr | ast.stmt, str]]:
        """Yields what one statement does, without those inside of it: kind, where, and of what."""
        if (
            isinstance(statement, ast.AugAssign)
            and self._is_outside(statement.target)
            and not self._is_made_anew(statement.target, statement)
        ):
            yield "counter", statement, ast.unparse(statement.target)
        elif isinstance(statement, ast.Assign) and not _makes_an_object(statement.value):
            for target in _targets(statement):
                if self._is_outside(target) and not self._is_made_anew(target, statement):
                    yield "assignment", statement, ast.unparse(target)
        for part, is_shown in _own_expressions(statement):
            if isinstance(part, ast.Call):
                yield from (each for each in self._call(part) if not (is_shown and each[0] in ("random", "time", "next")))

    def _call(self, node: ast.Call) -> Iterator[tuple[Kind, ast.expr, str]]:
        name = ast.unparse(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else ""
        root, owner, method = name.partition(".")[0], name.rpartition(".")[0], name.rpartition(".")[2]
        if not name or root in self._own:
            return
        if name == "print":
            yield "print", node, name
        elif name == "open":
            yield "file", node, name
        elif name == "next" and node.args and self._is_outside(node.args[0]):
            target = ast.unparse(node.args[0])
            if outside_state.is_of_python(self._known(target), self._ops_of(self._node)):
                yield "next", node, target
        elif _shows(node) and name != "print":
            yield "log", node, name
        elif owner and outside_state.draws(self._known(owner), owner, method, self._ops_of(node)):
            yield "random", node, name
        elif _TIME.fullmatch(name):
            yield "time", node, name
        elif method in _APPENDING and outside_state.is_list(self._known(owner)) and self._is_filled_anew(owner, node):
            yield "append", node, owner

    def _known(self, text: str) -> frozenset[str]:
        return self._facts.outside.get(text, frozenset())

    def _ops_of(self, node: ast.expr | ast.stmt) -> frozenset[str]:
        """The types of the ops that the lines of a part have made."""
        lines = range(node.lineno + self._shift, (node.end_lineno or node.lineno) + self._shift + 1)
        return frozenset().union(*(self._facts.ops.get(line, ()) for line in lines))

    def _is_filled_anew(self, owner: str, node: ast.Call) -> bool:
        """Whether a list shall grow at every call: it is not the body's own, and what comes in is not made once and kept."""
        return owner not in self._made and not any(map(_makes_an_object, node.args))

    def _is_outside(self, node: ast.expr) -> bool:
        """Whether an expression is something that outlives the body: an attribute or element of what is not its own, or a global."""
        inner = node
        while isinstance(inner, ast.Attribute | ast.Subscript):
            inner = inner.value
        if not isinstance(inner, ast.Name) or inner.id in self._own:
            return False
        if isinstance(node, ast.Name):
            return node.id != self._receiver and node.id in self._stored_outside
        return True

    def _is_made_anew(self, target: ast.expr, statement: ast.stmt) -> bool:
        """Whether the body has given something a value before it gets to a statement, and so takes nothing over from another call."""
        return self._made.get(ast.unparse(target), statement.lineno) < statement.lineno

    def goes_by(self, target: str, statement: ast.stmt) -> bool:
        """Whether what the body does goes by what a statement of it leaves behind."""
        lines = [part.lineno for part in _read_in(self._node.body) if ast.unparse(part) == target]
        if isinstance(statement, ast.AugAssign):
            return bool(lines)
        return bool(lines) and min(lines) <= statement.lineno

    @staticmethod
    def _reads(target: ast.expr, statement: ast.stmt) -> bool:
        text = ast.unparse(target)
        return any(ast.unparse(part) == text for part in _read_in([statement]))


def _read_in(statements: Sequence[ast.AST]) -> Iterator[ast.expr]:
    """Yields the names, attributes and elements that are read, but not what is only shown, or asked whether it is there already."""
    for node in statements:
        if isinstance(node, ast.Call) and _shows(node):
            continue
        if isinstance(node, ast.If) and (_is_guard(node.test) or _only_shows([*node.body, *node.orelse])):
            yield from _read_in([*node.body, *node.orelse])
            continue
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Load):
            yield node
        yield from _read_in(list(ast.iter_child_nodes(node)))


def _shows(node: ast.Call) -> bool:
    name = ast.unparse(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else ""
    return name == "print" or (name.partition(".")[0] in _LOGGERS and name.rpartition(".")[2] in _LOG_METHODS and "." in name)


def _only_shows(statements: Sequence[ast.stmt]) -> bool:
    return all(isinstance(each, ast.Expr) and isinstance(each.value, ast.Call) and _shows(each.value) for each in statements)


def _targets(statement: ast.stmt) -> Iterator[ast.expr]:
    waiting = list(statement.targets) if isinstance(statement, ast.Assign) else []
    while waiting:
        target = waiting.pop(0)
        if isinstance(target, ast.Tuple | ast.List):
            waiting.extend(target.elts)
        else:
            yield target


def _own_expressions(statement: ast.stmt) -> Iterator[tuple[ast.AST, bool]]:
    """Yields the parts of a statement that are computed whenever it is run, and whether each is only shown to somebody.

    Not those of a statement inside of it, nor what is put off, as a lambda is, or depends on another part.
    """
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    inside = (ast.stmt, ast.ExceptHandler, ast.match_case)
    waiting: list[tuple[ast.AST, bool]] = [(child, False) for child in ast.iter_child_nodes(statement) if not isinstance(child, inside)]
    while waiting:
        node, is_shown = waiting.pop(0)
        yield node, is_shown
        if isinstance(node, ast.IfExp):
            parts: list[ast.AST] = [node.test]
        elif isinstance(node, ast.BoolOp):
            parts = [node.values[0]]
        elif isinstance(node, ast.Lambda):
            parts = []
        else:
            parts = list(ast.iter_child_nodes(node))
        # What goes into a text is a name, or for somebody to read.
        is_shown = is_shown or isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Call) and _shows(node))
        waiting.extend((part, is_shown or part in _seeds(node)) for part in parts)


def _seeds(node: ast.AST) -> Collection[ast.AST]:
    """The parts of a call that are drawn once and meant to be: a seed, unless of an op without a state, and what is made once."""
    name = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
    if not isinstance(node, ast.Call) or name.startswith("stateless"):
        return ()
    if name in _SEEDED:
        return node.args
    if _OF_GRAPHS.search(ast.unparse(node.func)):
        return [*node.args, *node.keywords]
    return [keyword for keyword in node.keywords if keyword.arg == "seed"]


_SEEDED: Final = frozenset({"set_seed", "set_random_seed", "from_seed", "default_rng", "PRNGKey"})


def _has_turns(loop: ast.For | ast.AsyncFor | ast.While) -> bool:
    """Whether a loop is known to be run through at least once."""
    if isinstance(loop, ast.While):
        return isinstance(loop.test, ast.Constant) and bool(loop.test.value)
    if isinstance(loop.iter, ast.List | ast.Tuple):
        return bool(loop.iter.elts)
    if isinstance(loop.iter, ast.Call) and ast.unparse(loop.iter.func) == "range" and len(loop.iter.args) == 1:
        (end,) = loop.iter.args
        return isinstance(end, ast.Constant) and isinstance(end.value, int) and end.value > 0
    return False


def _may_leave(statement: ast.stmt) -> bool:
    """Whether what follows a statement may not be run."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Return | ast.Raise | ast.Break | ast.Continue):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(
                child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case)
            )
    return False


def _is_guard(test: ast.expr) -> bool:
    """Whether a condition asks if something is there already: ``x is None``, ``not self.layers``, ``not hasattr(self, "x")``."""
    text = ast.unparse(test)
    there = re.search(r"\bnot [\w.]+(?!\()\b|\blen\([\w.]+\) == 0", text) is not None
    return "is None" in text or "hasattr(" in text or " not in " in text or there


def _makes_an_object(node: ast.expr) -> bool:
    """Whether an expression makes an object that is made once, as a variable or layer, or is what is there already."""
    return isinstance(node, ast.Call) and _OF_GRAPHS.search(ast.unparse(node.func)) is not None
