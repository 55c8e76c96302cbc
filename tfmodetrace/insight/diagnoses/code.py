"""The user's code around a failure, read as Python reads it, and how it is written anew: a fix is edits of it, of which its text follows.

What is kept of a file is a text around the line at fault: the whole file, a class, a function or a statement. Names are known as far as
that text has them, so that code which names anything else is no fix.
"""

from __future__ import annotations

import ast
import builtins
import collections
import functools
import io
import re
import textwrap
import tokenize
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from tfmodetrace.insight import edits as edits_module
from tfmodetrace.insight import sources
from tfmodetrace.insight.diagnoses import imported_names
from tfmodetrace.log import error_table

Edit = edits_module.Edit
Function = ast.FunctionDef | ast.AsyncFunctionDef
_Block = (
    ast.If | ast.For | ast.While | ast.With | ast.AsyncFor | ast.AsyncWith | ast.Try | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
)
_CALLED: Final = {
    "tensorflow": ("tensorflow",),
    "numpy": ("numpy",),
    "keras": ("keras", "keras.api", "keras._tf_keras.keras"),
}
"""What the modules call themselves that a program knows as these."""

_TENSOR: Final = re.compile(r"^(symbolic )?(?:(ndarray|Variable|RaggedTensor|SparseTensor) )?(\w+)\[(.*)\]$")


class Kind(NamedTuple):
    """What is known of a tensor or array.

    Attributes:
        dtype: Its dtype.
        shape: Its sizes, ``None`` for one that is not known; ``None`` if not even their number is.
        symbolic: Whether it had no value.
        of: ``ndarray``, ``Variable`` and so on; empty for a tensor.
    """

    dtype: str
    shape: tuple[int | None, ...] | None
    symbolic: bool
    of: str


def kind_of(text: str) -> Kind | None:
    """Reads the recorded type of a variable; ``None`` if that is no tensor's."""
    match = _TENSOR.match(text)
    if match is None:
        return None
    sizes = [part.strip() for part in match[4].split(",") if part.strip()]
    known = None if "…" in match[4] else tuple(int(size) if size.isdigit() else None for size in sizes)
    return Kind(match[3], known, bool(match[1]), match[2] or "")


class Site:
    """The code around a line.

    Args:
        frame: The line, with what was recorded around it.

    Attributes:
        file: Its file.
        line: Its line.
        statement: The innermost statement that the line is of; ``None`` if that is not known.
        kinds: What is known of the variables that the line names.
    """

    def __init__(self, frame: error_table.Frame) -> None:
        self.file, self.line = frame.file, frame.line
        self._frame = frame
        self._source, self._first, self._tree = _parsed(frame)
        self._lines = self._source.split("\n")
        self._parents: dict[ast.AST, ast.AST] = {}
        for node in ast.walk(self._tree):
            for child in ast.iter_child_nodes(node):
                self._parents[child] = node
        self.kinds: dict[str, Kind] = {name: kind for name, text in frame.variables if (kind := kind_of(text)) is not None}
        self.statement = self._statement_at(frame.line)

    # --- What there is -------------------------------------------------------------------------------------------------------------------

    def _statement_at(self, line: int) -> ast.stmt | None:
        wanted = line - self._first + 1
        found = [node for node in ast.walk(self._tree) if isinstance(node, ast.stmt) and node.lineno <= wanted <= (node.end_lineno or 0)]
        return max(found, key=lambda node: (node.lineno, -(node.end_lineno or 0)), default=None)

    def line_of(self, node: ast.expr | ast.stmt) -> int:
        """Returns the line of a node in the file."""
        return node.lineno + self._first - 1

    def code_of(self, line: int) -> str:
        """Returns the text of a line of the file; empty if it is not known."""
        place = line - self._first
        return self._lines[place].strip() if 0 <= place < len(self._lines) else ""

    def parent(self, node: ast.AST) -> ast.AST | None:
        """Returns what a node lies directly in."""
        return self._parents.get(node)

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yields what a node lies in, innermost first."""
        while (outer := self._parents.get(node)) is not None:
            yield outer
            node = outer

    def expressions(self) -> list[ast.expr]:
        """Returns the expressions of the statement, of a block only those of its head, outer ones first."""
        return [] if self.statement is None else list(_head_expressions(self.statement))

    def walk(self) -> Iterator[ast.AST]:
        """Yields every node of all that is known, but for what a name cannot mean here: another function's own definition of that name."""
        waiting: collections.deque[ast.AST] = collections.deque([self._tree])
        while waiting:
            node = waiting.popleft()
            yield node
            waiting.extend(each for each in ast.iter_child_nodes(node) if each not in self._hidden)

    @functools.cached_property
    def _hidden(self) -> frozenset[ast.AST]:
        """Functions and classes inside of other functions, where one of the same name can be seen from the line."""
        seen_from = {self._tree, *(() if self.statement is None else (self.statement, *self.around(self.statement)))}
        named: dict[str, list[ast.AST]] = collections.defaultdict(list)
        for node in ast.walk(self._tree):
            if isinstance(node, Function | ast.ClassDef):
                named[node.name].append(node)
        hidden: set[ast.AST] = set()
        for nodes in named.values():
            inside = [node for node in nodes if not self._is_seen(node, seen_from)]
            hidden.update(inside if len(inside) < len(nodes) else ())
        return frozenset(hidden)

    def _is_seen(self, node: ast.AST, seen_from: Collection[ast.AST]) -> bool:
        return next((outer for outer in self.around(node) if isinstance(outer, Function | ast.Module)), None) in seen_from

    @functools.cached_property
    def function(self) -> Function | None:
        """The function that the line is in."""
        outer = () if self.statement is None else self.around(self.statement)
        return next((node for node in outer if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)), None)

    @property
    def method_of(self) -> ast.ClassDef | None:
        """The class whose method that function is."""
        parent = None if self.function is None else self._parents.get(self.function)
        return parent if isinstance(parent, ast.ClassDef) else None

    def scope(self) -> ast.AST:
        """Returns the function that the line is in, or else the module, as far as it is known."""
        return self.function or self._tree

    def text(self, node: ast.AST) -> str:
        """Returns a node as it is written."""
        return ast.get_source_segment(self._source, node) or ast.unparse(node)

    def kind(self, node: ast.expr) -> Kind | None:
        """What is known of an expression: of a variable what was recorded, of a cast its dtype."""
        return self.kinds.get(node.id) if isinstance(node, ast.Name) else None

    def text_of_lines(self, statement: ast.stmt) -> str:
        """Returns the whole lines of a statement, without their common indentation."""
        return textwrap.dedent("\n".join(self._lines[_first_line(statement) - 1 : statement.end_lineno]))

    def text_of_head(self, statement: ast.stmt) -> str:
        """Returns the lines of a block's head, without their common indentation."""
        first, last = _span(statement)
        return textwrap.dedent("\n".join(self._lines[first - 1 : last]))

    def siblings(self, statement: ast.stmt) -> Sequence[ast.stmt]:
        """Returns the statements of the block that a statement is in."""
        parent = self._parents.get(statement)
        for _, value in ast.iter_fields(parent) if parent is not None else ():
            if isinstance(value, list) and statement in value:
                return value
        return ()

    def scope_statements(self) -> list[ast.stmt]:
        """Returns the statements of the function that the line is in, those of blocks, too."""
        return [node for node in ast.walk(self.scope()) if isinstance(node, ast.stmt)]

    def assignments(self, name: str) -> list[ast.Assign]:
        """Finds where a name is given a value in the function that the line is in."""
        return [
            node
            for node in ast.walk(self.scope())
            if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
        ]

    def locals_of(self, function: ast.AST) -> frozenset[str]:
        """The names that a function makes: its parameters and what is assigned in it."""
        made = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
        return frozenset(made | {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)})

    @functools.cached_property
    def names(self) -> frozenset[str]:
        """Every name that is known to be there."""
        found = {name for name, _ in self._frame.variables} | set(dir(builtins))
        found |= {name for name, _ in self._frame.modules or (("tf", ""), ("keras", ""), ("np", ""))}
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.arg):
                found.add(node.arg)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.alias):
                found.add((node.asname or node.name).partition(".")[0])
        # What is deleted anywhere may be gone by then.
        return frozenset(found - {node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del)})

    def module(self, name: str) -> str | None:
        """What ``tensorflow``, ``keras`` or ``numpy`` is called there; ``None`` if it has no name there."""
        if self._frame.modules is None:
            return {"tensorflow": "tf", "keras": "keras", "numpy": "np"}[name]
        found = [alias for alias, module in self._frame.modules if module in _CALLED[name]]
        if not found and name == "keras":
            above = self.module("tensorflow")
            return None if above is None else f"{above}.keras"
        return found[0] if found else None

    def is_of(self, node: ast.expr, *modules: str) -> str | None:
        """Returns what follows the module in a dotted name such as ``tf.math.log``; ``None`` if it is none of these modules'.

        A name that was imported by itself, or of a module that was, as ``layers.Dense``, is what it was imported as.
        """
        dotted = ast.unparse(node) if isinstance(node, ast.Attribute | ast.Name) else ""
        for module in modules:
            alias = self.module(module)
            if alias is not None and dotted.startswith(f"{alias}."):
                return dotted[len(alias) + 1 :]
        first, dot, rest = dotted.partition(".")
        whole = self._imported.get(first)
        for module in modules if whole is not None else ():
            found = imported_names.within(f"{whole}{dot}{rest}", module)
            if found is not None:
                return found
        return None

    @functools.cached_property
    def _imported(self) -> Mapping[str, str]:
        modules = {alias: imported_names.plain(module) for alias, module in self._frame.modules or ()}
        return {**{alias: module for alias, module in modules.items() if "." in module}, **imported_names.dotted_names(self._tree)}

    # --- Edits ---------------------------------------------------------------------------------------------------------------------------

    def rewritten(self, changes: Mapping[ast.expr, str]) -> tuple[Edit, ...]:
        """Writes expressions anew, all of them in one statement or the head of one block; no edit if they are not."""
        statements = {self._statement_of(node) for node in changes}
        statement = statements.pop() if len(statements) == 1 else None
        if statement is None:
            return ()
        first, last = _span(statement)
        lines = [line.encode() for line in self._lines[first - 1 : last]]
        for node, code in sorted(changes.items(), key=lambda change: (change[0].lineno, change[0].col_offset), reverse=True):
            top, bottom = node.lineno - first, (node.end_lineno or node.lineno) - first
            if not 0 <= top <= bottom < len(lines):
                return ()
            joined = lines[top][: node.col_offset] + code.encode() + lines[bottom][node.end_col_offset :]
            lines[top : bottom + 1] = joined.split(b"\n")
        return (self._edit(first, last, without_comments("\n".join(line.decode() for line in lines))),)

    def replaced(self, first: ast.stmt, code: str, *, last: ast.stmt | None = None) -> tuple[Edit, ...]:
        """Writes other code in the place of whole statements, up to ``last`` if that is given; no edit if others share their lines."""
        if not self.has_own_lines(first) or (last is not None and not self.has_own_lines(last)):
            return ()
        return (self._edit(_first_line(first), (last or first).end_lineno or first.lineno, code),)

    def has_own_lines(self, statement: ast.stmt) -> bool:
        """Whether nothing else is written in the lines of a statement."""
        first, last = _first_line(statement), statement.end_lineno or statement.lineno
        if any(
            each is not statement and _first_line(each) <= last and (each.end_lineno or 0) >= first for each in self.siblings(statement)
        ):
            return False
        parent = self._parents.get(statement)
        return not isinstance(parent, ast.stmt) or parent.lineno < first

    def before(self, statement: ast.stmt, code: str) -> tuple[Edit, ...]:
        """Writes code before a statement."""
        return (Edit(file=self.file, line=_first_line(statement) + self._first - 1, replaces="", code=code),)

    def decorated(self, function: Function, decorator: str) -> tuple[Edit, ...]:
        """Puts a decorator above a function."""
        first, last = _span(function)
        return (self._edit(first, last, f"{decorator}\n{self.text_of_head(function)}"),)

    def with_parameter(self, function: Function, parameter: str) -> tuple[Edit, ...]:
        """Gives a function one more parameter, after all others; no edit unless all of those are plain ones."""
        known = function.args
        if known.vararg or known.kwonlyargs or known.kwarg or known.defaults or not known.args:
            return ()
        last = known.args[-1]
        first, end = _span(function)
        lines = [line.encode() for line in self._lines[first - 1 : end]]
        place = (last.end_lineno or last.lineno) - first
        if not 0 <= place < len(lines) or last.end_col_offset is None:
            return ()
        lines[place] = lines[place][: last.end_col_offset] + f", {parameter}".encode() + lines[place][last.end_col_offset :]
        return (self._edit(first, end, without_comments("\n".join(line.decode() for line in lines))),)

    def renamed(self, function: ast.FunctionDef, name: str) -> tuple[Edit, ...]:
        """Calls a function otherwise, where it is defined."""
        first, last = _span(function)
        head = "\n".join(self._lines[first - 1 : last])
        written = re.sub(rf"\bdef {function.name}\b", f"def {name}", head, count=1)
        return (self._edit(first, last, written),) if written != head else ()

    def with_base(self, owner: ast.ClassDef, base: str) -> tuple[Edit, ...]:
        """Derives a class from another, if it has no bases yet."""
        first, last = _span(owner)
        head = "\n".join(self._lines[first - 1 : last])
        written = re.sub(rf"\bclass {owner.name}\s*(?:\(\s*\))?\s*:", f"class {owner.name}({base}):", head, count=1)
        return (self._edit(first, last, written),) if not owner.bases and not owner.keywords and written != head else ()

    def after(self, statement: ast.stmt, code: str) -> tuple[Edit, ...]:
        """Writes code after a simple statement."""
        first, last = _span(statement)
        old = textwrap.dedent("\n".join(self._lines[first - 1 : last]))
        return (self._edit(first, last, f"{old}\n{code}"),)

    def _edit(self, first: int, last: int, code: str) -> Edit:
        old = textwrap.dedent("\n".join(self._lines[first - 1 : last]))
        return Edit(file=self.file, line=first + self._first - 1, replaces=old, code=textwrap.dedent(code))

    def _statement_of(self, node: ast.AST) -> ast.stmt | None:
        return next((outer for outer in self.around(node) if isinstance(outer, ast.stmt)), None)

    def usable(self, edits: Sequence[Edit]) -> tuple[Edit, ...]:
        """Returns edits with modules named as they are there; none if they would not be Python, or name what is not there."""
        named = tuple(self._spelled(edit) for edit in edits)
        shifted = [
            Edit(file=edit.file, line=edit.line - self._first + 1, replaces=edit.replaces, code=edit.code)
            for edit in named
            if edit.file == self.file
        ]
        if not shifted or len(shifted) != len(named):
            return ()
        made = frozenset().union(*(_made(edit.code) for edit in named))
        for edit in named:
            free = sources.free_names(edit.code)
            if free is None or not free <= self.names | made:
                return ()
        try:
            whole = edits_module.applied(self._source, shifted)
        except edits_module.StaleSourceError:
            return ()
        return named if _tree(whole) is not None or self._is_a_head else ()

    @property
    def _is_a_head(self) -> bool:
        return _tree(self._source) is None

    def _spelled(self, edit: Edit) -> Edit:
        code = edit.code
        for module, usual in (("keras", "keras"), ("tensorflow", "tf"), ("numpy", "np")):
            if not re.search(rf"(?<![\w.])(?<!from ){usual}\.", code):
                continue
            alias = self.module(module)
            if alias is None:
                imported = f"import {module}" + ("" if usual == module else f" as {usual}")
                if imported not in code:
                    code = f"{imported}\n{code}"
            elif alias != usual:
                code = re.sub(rf"(?<![\w.])(?<!from ){usual}\.", f"{alias}.", code)
        return Edit(file=edit.file, line=edit.line, replaces=edit.replaces, code=code)

    def told(self, edits: Sequence[Edit]) -> str | None:
        """Writes edits as code to paste, each with where it goes if that is not in the place of the failing statement."""
        if not edits:
            return None
        own = None if self.statement is None else _first_line(self.statement) + self._first - 1
        return "\n".join(part for edit in edits for part in _told(edit, in_place=edit.line == own))


def _told(edit: Edit, *, in_place: bool) -> Iterator[str]:
    if not edit.replaces:
        yield f"# before line {edit.line}"
    elif not edit.code.strip():
        yield f"# without line {edit.line}"
        return
    elif not in_place:
        yield f"# line {edit.line}"
    yield edit.code


def _parsed(frame: error_table.Frame) -> tuple[str, int, ast.Module]:
    """Returns the text that is known around a line, its first line and what it is as Python."""
    if frame.source:
        tree = _tree(frame.source)
        if tree is not None:
            return frame.source, frame.source_line, tree
    for body in ("", "\n    ..."):
        tree = _tree(frame.code + body)
        if tree is not None and frame.code:
            return frame.code, frame.line, tree
    return "", frame.line, ast.Module(body=[], type_ignores=[])


@functools.lru_cache(maxsize=64)
def _tree(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _span(statement: ast.stmt) -> tuple[int, int]:
    """Returns the lines of a statement, of a block those of its head."""
    body: list[ast.stmt] = getattr(statement, "body", [])
    if body and _first_line(body[0]) > statement.lineno:
        return _first_line(statement), _first_line(body[0]) - 1
    return _first_line(statement), statement.end_lineno or statement.lineno


def _head_expressions(statement: ast.stmt) -> Iterator[ast.expr]:
    for _, value in ast.iter_fields(statement):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.expr | ast.withitem):
                yield from (node for node in ast.walk(child) if isinstance(node, ast.expr))


def _made(code: str) -> frozenset[str]:
    tree = _tree(code) or _tree(f"{code}\n    ...")
    if tree is None:
        return frozenset()
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))


def is_python(code: str) -> bool:
    """Whether some code is Python; the head of a block alone is, too."""
    return _tree(code) is not None or _tree(f"{code}\n    ...") is not None


def without_comments(code: str) -> str:
    """Leaves the comments of some code away; what is no code stays as it is."""
    dedented = textwrap.dedent(code)
    try:
        comments = [token for token in tokenize.generate_tokens(io.StringIO(dedented).readline) if token.type == tokenize.COMMENT]
    except (tokenize.TokenError, SyntaxError):
        return dedented
    lines = dedented.split("\n")
    for token in comments:
        row, column = token.start
        lines[row - 1] = lines[row - 1][:column].rstrip()
    return "\n".join(line for number, line in enumerate(lines) if line.strip() or number not in {token.start[0] - 1 for token in comments})
