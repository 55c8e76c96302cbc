"""The text around a line, read as Python reads it: what is around a statement, what changes there, and what can be made once.

What is not seen in the text is taken for something that changes: what is told as made once has to be the same in every turn.
"""

from __future__ import annotations

import ast
import builtins
import collections
import functools
import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from tfmodetrace.insight import call_rewrites, edits, sources
from tfmodetrace.log import function_table

Loop = ast.For | ast.While
Function = ast.FunctionDef | ast.AsyncFunctionDef

_SCOPES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

_HANDED_TO_GRAPHS: Final = frozenset(
    {"assign", "assign_add", "assign_sub", "apply_gradients", "update_state", "reset_state", "reset_states", "fit", "evaluate", "predict"}
)
"""Methods whose objects graphs go on with as they are: what these change are variables."""

_KEEPING: Final = frozenset({"add", "append", "appendleft", "insert", "put", "setdefault"})
"""Methods that keep what they are given, so that it matters whether that is one object or several."""

_LIBRARIES: Final = frozenset({"tf", "tensorflow", "np", "numpy", "keras", "functools", "math", "dataclasses", "collections", "os"})
_NEVER_THE_SAME: Final = frozenset({"random", "Variable", "Module", "layers", "models", "metrics", "optimizers", "Generator", "urandom"})
"""Parts of dotted names whose calls give something else each time, or something with a state of its own."""

# fmt: off
_ALIKE: Final = frozenset({
    "abs", "bool", "bytes", "dict", "float", "frozenset", "int", "len", "list", "max", "min", "partial", "range", "round", "set", "slice",
    "sorted", "str", "sum", "tuple", "zip",
})
"""Functions of Python's that give the same for the same, by their last names."""

_DATASET: Final = frozenset({
    "apply", "batch", "bucket_by_sequence_length", "cache", "concatenate", "enumerate", "filter", "flat_map", "interleave", "map",
    "padded_batch", "prefetch", "repeat", "shuffle", "skip", "take", "unbatch", "window", "with_options", "zip",
})
"""Methods of a dataset's that make another."""
# fmt: on

_PLAIN_BASES: Final = frozenset({"object", "NamedTuple", "Generic", "Protocol", "ABC"})


class Surroundings:
    """The text around a line.

    Args:
        around: The text.
        tree: The same, parsed.
    """

    def __init__(self, around: function_table.Around, tree: ast.Module) -> None:
        self.file = around.file
        self.is_whole = around.line == 1
        self.tree = tree
        self._shift = around.line - 1
        self._lines = around.text.splitlines()
        self._parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}

    # --- Places ---------------------------------------------------------------------------------------------------------------------------

    def line(self, node: ast.stmt) -> int:
        """The line of the file that a statement begins at, its decorators included."""
        decorators: list[ast.expr] = getattr(node, "decorator_list", [])
        return min([node.lineno, *(each.lineno for each in decorators)]) + self._shift

    def text(self, first: ast.stmt, last: ast.stmt) -> str | None:
        """The whole lines of some statements; ``None`` if they share a line with others, or a string goes over several lines."""
        begin, end = self.line(first) - self._shift, last.end_lineno or last.lineno
        lines = self._lines[begin - 1 : end]
        others = [node for node in ast.walk(self.tree) if isinstance(node, ast.stmt) and node is not first and node.lineno == first.lineno]
        inside = {id(node) for part in (first, last) for node in ast.walk(part)}
        alone = all(id(node) in inside for node in others) and not lines[-1].rstrip().endswith(";")
        starts = not lines[0][: first.col_offset].strip() or first.lineno != begin
        long = any(
            isinstance(node, ast.Constant | ast.JoinedStr)
            and node.lineno != node.end_lineno
            and not isinstance(getattr(node, "value", ""), int | float)
            for part in (first, last)
            for node in ast.walk(part)
        )
        return sources.dedented(lines) if alone and starts and not long else None

    def head(self, node: Function) -> str:
        """The lines of a function without decorators up to its first statement."""
        return sources.dedented(self._lines[node.lineno - 1 : self.line(node.body[0]) - self._shift - 1])

    def with_other(self, node: ast.expr, code: str) -> edits.Edit | None:
        """Writes the statement that an expression is in, or its head, with other code in its place; ``None`` if that cannot be done."""
        statement = self.statement(node)
        body = getattr(statement, "body", None)
        if statement is None or (body and self.line(body[0]) - self._shift <= statement.lineno):
            return None
        last = self.line(body[0]) - self._shift - 1 if body else statement.end_lineno or statement.lineno
        text = sources.dedented(self._lines[statement.lineno - 1 : last])
        tree = sources.parsed(text) or sources.parsed(f"{text}\n    ...")
        wanted = ast.dump(node)
        found = [
            each
            for each in ast.walk(tree or ast.Module(body=[], type_ignores=[]))
            if isinstance(each, type(node)) and ast.dump(each) == wanted
        ]
        if len(found) != 1 or tree is None or call_rewrites.has_long_strings(tree):
            return None
        new = call_rewrites.with_other(text, found[0], code)
        return edits.Edit(file=self.file, line=statement.lineno + self._shift, replaces=text, code=new)

    def at(self, line: int) -> ast.stmt | None:
        """The innermost statement that a line of the file is in."""
        own = line - self._shift
        found = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.stmt) and self.line(node) - self._shift <= own <= (node.end_lineno or node.lineno)
        ]
        return max(found, key=lambda node: (self.line(node), -(node.end_lineno or 0)), default=None)

    def parents(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yields what is around a node, from the inside to the outside."""
        while (parent := self._parents.get(node)) is not None:
            yield parent
            node = parent

    def statement(self, node: ast.AST) -> ast.stmt | None:
        """The statement that an expression is a part of."""
        return next((each for each in (node, *self.parents(node)) if isinstance(each, ast.stmt)), None)

    def scope(self, node: ast.AST) -> Function | ast.Module:
        """The function around a node, or the module."""
        return next((each for each in self.parents(node) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)), self.tree)

    def loops(self, node: ast.stmt) -> list[Loop]:
        """The loops around a statement in its function, from the inside; none if it does not run in every turn of the innermost."""
        found: list[Loop] = []
        inner: ast.AST = node
        for parent in self.parents(node):
            if isinstance(parent, _SCOPES) or (not isinstance(parent, ast.For | ast.While | ast.Module) and not found):
                break
            if isinstance(parent, ast.For | ast.While) and inner in parent.body:
                found.append(parent)
            inner = parent
        return found

    def comprehensions(self, node: ast.AST) -> list[ast.AST]:
        """The comprehensions around an expression in its statement, or in the lambda that it is in, whose turns evaluate it."""
        found: list[ast.AST] = []
        inner = node
        for parent in self.parents(node):
            if isinstance(parent, ast.stmt | ast.Lambda):
                break
            if isinstance(parent, _COMPREHENSIONS) and parent.generators[0] is not inner:
                found.append(parent)
            inner = parent
        return found

    def parameters(self, node: ast.AST) -> set[str]:
        """The parameters of the lambdas around an expression in its statement."""
        around = itertools.takewhile(lambda each: not isinstance(each, ast.stmt), self.parents(node))
        return {
            each.arg for parent in around if isinstance(parent, ast.Lambda) for each in ast.walk(parent.args) if isinstance(each, ast.arg)
        }

    def bound_before(self, block: Function | ast.Module, end: ast.stmt | None, but: Collection[ast.stmt] = ()) -> set[str]:
        """The names that a function, or the module, gives something to itself before one of its statements.

        Args:
            block: The function or module.
            end: The statement; ``None``: anywhere.
            but: Statements that are left out.
        """
        found = set() if isinstance(block, ast.Module) else {each.arg for each in ast.walk(block.args) if isinstance(each, ast.arg)}
        body = block.body if end is None else block.body[: block.body.index(end)]
        for node in (part for each in body for part in ast.walk(each)):
            if isinstance(node, ast.stmt | ast.NamedExpr) and node not in but and self._block(node) is block:
                found |= bound(node)
        return found

    def changing_in(self, block: Function | ast.Module) -> set[str]:
        """The names that a function, or the module, gives something several times, or changes in its loops."""
        own = [node for node in ast.walk(block) if isinstance(node, ast.stmt) and self._block(node) is block]
        counted = collections.Counter(name for node in own for name in bound(node))
        found = {name for name, times in counted.items() if times > 1}
        return found.union(*(self.changed(node, ()) for node in own if isinstance(node, ast.For | ast.While)))

    def _block(self, node: ast.AST) -> ast.AST | None:
        """The function, class or module that a statement is in."""
        return next((each for each in self.parents(node) if isinstance(each, (*_SCOPES, ast.Module))), None)

    @functools.cached_property
    def names(self) -> frozenset[str]:
        """Every name in the text."""
        return sources.every_name(self.tree)

    @functools.cached_property
    def modules(self) -> frozenset[str]:
        """Names of modules: what is imported, and what everybody imports."""
        found = {
            (alias.asname or alias.name).partition(".")[0]
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        return _LIBRARIES | found

    def defined(self, name: str) -> ast.stmt | None:
        """The one class or function of a name in the text; ``None`` if there are several."""
        found = [node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name]
        return found[0] if len(found) == 1 else None

    def calls_of(self, name: str) -> list[ast.Call]:
        """The calls of what has a name, whatever it is an attribute of."""
        return [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name | ast.Attribute)
            and (node.func.id if isinstance(node.func, ast.Name) else node.func.attr) == name
        ]

    def given(self, name: str, scope: Function | ast.Module) -> list[ast.stmt]:
        """The statements of a function, or of the module, that give something to a name."""
        return [
            node
            for node in ast.walk(scope)
            if isinstance(node, ast.stmt) and self.scope(node) is scope and name in bound(node) and not isinstance(node, ast.Global)
        ]

    # --- What stays the same --------------------------------------------------------------------------------------------------------------

    def changed(self, block: ast.AST, but: Collection[ast.stmt]) -> set[str]:
        """The names that a block may give something else to, or whose objects it may change."""
        # Of what a function gives something else to from inside, it is not known when it is called.
        found = {name for node in ast.walk(self.tree) if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}
        for node in _within(block, but):
            if isinstance(node, ast.stmt | ast.NamedExpr):
                found |= bound(node)
            if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
                found |= {_root(node)}
            if isinstance(node, ast.Call):
                found |= self._changed_by(node)
        return found - {""}

    def _changed_by(self, call: ast.Call) -> set[str]:
        return self._changed_in(call) | self._changed_receiver(call)

    def _changed_in(self, call: ast.Call) -> set[str]:
        """Which arguments a function whose definition is seen changes."""
        name = call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else ""
        made = self.defined(name)
        if not isinstance(made, ast.FunctionDef):
            return set()
        parameters = [each.arg for each in (*made.args.posonlyargs, *made.args.args)]
        if parameters[:1] in (["self"], ["cls"]):
            parameters = parameters[1:]
        given = [*zip(parameters, call.args, strict=False), *((word.arg or "", word.value) for word in call.keywords)]
        stored = {
            _root(part) for part in ast.walk(made) if isinstance(part, ast.Attribute | ast.Subscript) and not isinstance(part.ctx, ast.Load)
        }
        stored |= {root for part in ast.walk(made) if isinstance(part, ast.Call) for root in self._changed_receiver(part)}
        return {argument.id for parameter, argument in given if parameter in stored and isinstance(argument, ast.Name)}

    def _changed_receiver(self, call: ast.Call) -> set[str]:
        if not isinstance(call.func, ast.Attribute) or call.func.attr in _HANDED_TO_GRAPHS:
            return set()
        if call.func.attr == "shuffle" and call.args:
            return {_root(call.args[0])}
        statement = self._parents.get(call)
        root = _root(call.func)
        if call.func.attr in _KEEPING:
            return {root, *(each.id for each in call.args if isinstance(each, ast.Name))}
        return {root} if isinstance(statement, ast.Expr) and root not in self.modules else set()

    def is_alike(self, nodes: Iterable[ast.AST], also: Collection[str] = ()) -> bool:
        """Whether evaluating some code again gives something that stands for the same, and has no state of its own.

        Args:
            nodes: The code.
            also: Names of functions that do.
        """
        return all(self._call_is_alike(node, also) for part in nodes for node in _evaluated(part) if isinstance(node, ast.Call))

    def _call_is_alike(self, call: ast.Call, also: Collection[str]) -> bool:
        name = sources.dotted(call.func)
        root, last = name.partition(".")[0], name.rpartition(".")[2]
        if last in also:
            return True
        if isinstance(call.func, ast.Attribute) and call.func.attr in _DATASET:
            return not any(word.arg in ("seed", "reshuffle_each_iteration") for word in call.keywords)
        if not name or _NEVER_THE_SAME.intersection(name.split(".")):
            return ".schedules." in name and "optimizers" in name
        if root in _LIBRARIES or (last in _ALIKE and "." not in name):
            return True
        made = self.defined(last)
        return isinstance(made, ast.ClassDef) and self.is_plain(made)

    def is_plain(self, node: ast.ClassDef) -> bool:
        """Whether the instances of a class only keep what they are given."""
        if any(
            sources.dotted(base.value if isinstance(base, ast.Subscript) else base).rpartition(".")[2] not in _PLAIN_BASES
            for base in node.bases
        ):
            return False
        for method in (part for part in node.body if isinstance(part, ast.FunctionDef)):
            if method.name == "__post_init__":
                return False
            stores = [
                part
                for part in ast.walk(method)
                if isinstance(part, ast.Attribute | ast.Subscript) and not isinstance(part.ctx, ast.Load) and _root(part) in ("self", "cls")
            ]
            calls = [part.value for part in ast.walk(method) if isinstance(part, ast.Expr) and isinstance(part.value, ast.Call)]
            if method.name == "__init__":
                own = [part for part in calls if ast.unparse(part) != "super().__init__()"]
                if own or not self.is_alike(part for part in ast.walk(method) if isinstance(part, ast.Assign | ast.AnnAssign)):
                    return False
            elif stores or any(_root(call.func) == "self" for call in calls):
                return False
        return True

    def is_plain_factory(self, node: ast.stmt | None) -> bool:
        """Whether a function only makes others of what it is given."""
        if not isinstance(node, ast.FunctionDef) or node.decorator_list or has_state(node):
            return False
        body = [part for part in node.body if not isinstance(part, ast.FunctionDef)]
        kept = (ast.Return, ast.Assign, ast.Expr)
        return all(isinstance(part, kept) for part in body) and not any(
            isinstance(part, ast.Call) and sources.dotted(part.func).rpartition(".")[2] != "function"
            for each in body
            for part in ast.walk(each)
        )


def read(around: function_table.Around | None) -> Surroundings | None:
    """Reads the text around a line; ``None`` if it is not known, or no Python."""
    tree = None if around is None else sources.parsed(around.text)
    return None if around is None or tree is None else Surroundings(around, tree)


def has_state(node: ast.AST) -> bool:
    """Whether functions in some code give something to names around them, or have a container to fill."""
    return any(
        isinstance(part, ast.Nonlocal | ast.Global)
        or (isinstance(part, ast.Assign) and isinstance(part.value, ast.List | ast.Dict | ast.Set))
        for part in ast.walk(node)
    )


def free_names(nodes: Sequence[ast.AST]) -> set[str]:
    """The names that some code, statement after statement, has from outside of it, those of Python's own left out."""
    found: set[str] = set()
    made: set[str] = set(dir(builtins))
    for node in nodes:
        found |= _loaded(node) - made
        made |= bound(node) if isinstance(node, ast.stmt) else set()
    return found


def targets(comprehension: ast.AST) -> set[str]:
    """Returns the names that a comprehension gives each of its values to."""
    return {
        name.id
        for each in ast.walk(comprehension)
        if isinstance(each, ast.comprehension)
        for name in ast.walk(each.target)
        if isinstance(name, ast.Name)
    }


def _loaded(node: ast.AST) -> set[str]:
    own = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) and (not isinstance(node, ast.stmt) or isinstance(node, _SCOPES)):
            own.add(part.id)
        if isinstance(part, _COMPREHENSIONS):
            own |= {name.id for each in part.generators for name in ast.walk(each.target) if isinstance(name, ast.Name)}
    loaded = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)}
    outer = {name for part in ast.walk(node) if isinstance(part, ast.Global | ast.Nonlocal) for name in part.names}
    return (loaded - own) | outer


def bound(node: ast.AST) -> set[str]:
    """Returns the names that a statement itself, and not one inside of it, gives something to."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    targets: list[ast.AST] = []
    if isinstance(node, ast.Assign | ast.Delete):
        targets += node.targets
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.For | ast.AsyncFor | ast.NamedExpr):
        targets.append(node.target)
    elif isinstance(node, ast.With | ast.AsyncWith):
        targets += [item.optional_vars for item in node.items if item.optional_vars is not None]
    elif isinstance(node, ast.ExceptHandler) and node.name:
        return {node.name}
    return {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)}


def _within(block: ast.AST, but: Collection[ast.stmt]) -> Iterator[ast.AST]:
    """Walks over what runs in a block: not the bodies of functions that are defined in it, nor some statements."""
    waiting: list[ast.AST] = [block]
    while waiting:
        node = waiting.pop()
        if node in but:
            continue
        yield node
        if not isinstance(node, _SCOPES):
            waiting += ast.iter_child_nodes(node)
        else:  # what it gives to names that are not its own
            waiting += [
                part for part in ast.walk(node) if isinstance(part, ast.Attribute | ast.Subscript) and not isinstance(part.ctx, ast.Load)
            ]


def _evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """Walks over what is evaluated when some code is: of functions defined in it, their decorators and defaults."""
    yield node
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        inner: Iterable[ast.AST] = [
            *node.decorator_list,
            *node.args.defaults,
            *(each for each in node.args.kw_defaults if each is not None),
        ]
    else:
        inner = ast.iter_child_nodes(node)
    for part in inner:
        yield from _evaluated(part)


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
