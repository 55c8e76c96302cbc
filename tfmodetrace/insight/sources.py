"""What the recorded source of functions says, read as Python reads it: with ``ast``, never by lines of text.

A function's source is its definition as its file had it. What cannot be parsed, as a lambda in the middle of an expression, says nothing.
"""

from __future__ import annotations

import ast
import builtins
import functools
import textwrap
from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

from tfmodetrace.insight import called_bodies
from tfmodetrace.log import function_table
from tfmodetrace.schema import lambdas

_Definition = ast.FunctionDef | ast.AsyncFunctionDef

_PYTHON_CALLS: Final = frozenset(
    {"range", "int", "float", "bool", "str", "repr", "len", "round", "divmod", "hash", "open", "print", "getattr", "setattr", "isinstance"}
)
"""Functions of Python's that a tensor would be wrong for, or mean something else for."""

_PYTHON_MODULES: Final = frozenset({"np", "numpy", "math", "random", "os", "json", "time", "pathlib", "itertools", "functools", "logging"})
_STATIC_FUNCTIONS: Final = frozenset({"reshape", "split", "unstack", "transpose", "squeeze", "set_shape", "ensure_shape", "TensorShape"})
"""TensorFlow's functions whose arguments after the first are best known while tracing."""

_STATIC_KEYWORDS: Final = frozenset(
    {"ksize", "strides", "padding", "dilations", "axis", "perm", "shape", "num", "num_or_size_splits", "rank", "name", "dtype", "units"}
    | {"filters", "kernel_size", "pool_size", "num_classes", "parallel_iterations", "maximum_iterations", "buffer_size", "batch_size"}
)


_MAX_DEPTH: Final = 4
"""Functions through which a value is followed."""


class Loop(NamedTuple):
    """A loop of a function's source.

    Attributes:
        line: Its line in the file.
        head: The last line of its head; 0 of what has no head of its own.
        first: The first line of its body.
        last: The last one.
        text: Its first line, as Python writes it, without the colon.
        in_graph: The same as a loop of the graph's, where it counts over ``range`` and its body can do with a tensor for the number;
            ``None`` for any other.
        appends_to: The lists that its body appends to.
    """

    line: int
    head: int
    first: int
    last: int
    text: str
    in_graph: str | None
    appends_to: tuple[str, ...]


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


def loops(function: function_table.Function, tensors: Collection[str] = ()) -> list[Loop]:
    """Finds the loops in a function's source; none if that is not known whole.

    Args:
        function: The function.
        tensors: Names of tensors, which a tensor may index.
    """
    if not function.source or function.source_truncated:
        return []
    tree = parsed(function.source)
    shift = function.line - 1
    found = []
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.For | ast.While):
            first, last = node.body[0].lineno, node.body[-1].end_lineno or node.body[-1].lineno
            appends = tuple(dict.fromkeys(_appends(node)))
            if isinstance(node, ast.For):
                text, in_graph = f"for {ast.unparse(node.target)} in {ast.unparse(node.iter)}", _in_graph(node, tensors)
            else:
                text, in_graph = f"while {ast.unparse(node.test)}", None
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            first, last, appends, in_graph = node.lineno, node.end_lineno or node.lineno, (), None
            text = ast.unparse(node)
        else:
            continue
        end = (node.iter.end_lineno or 0) if isinstance(node, ast.For) else 0
        head = end + shift if node.lineno <= end < first else 0
        found.append(Loop(node.lineno + shift, head, first + shift, last + shift, text, in_graph, appends))
    return found


def python_use(
    function: called_bodies.Written, path: str, bodies: called_bodies.CalledBodies | None = None, *, depth: int = 0
) -> str | None:
    """Returns the code that needs a value as a Python value, where a tensor would fail or mean something else; ``None`` for none.

    Args:
        function: The function whose source is looked at.
        path: The value as the body names it: ``n``, ``cfg.lr``, ``seed[0]``.
        bodies: What it may hand the value on to.
        depth: How many functions have handed it on already.
    """
    node = definition(function)
    if node is None or depth > _MAX_DEPTH:
        return None
    try:
        own = ast.unparse(ast.parse(path.lstrip("*"), mode="eval"))
    except (SyntaxError, ValueError):
        return None
    values = _Values(own)
    # What is computed of it in Python is Python's, too, however far down.
    known = -1
    while known != len(values.texts):
        known = len(values.texts)
        for statement in ast.walk(node):
            values.follow(statement)
    for part in (found for statement in node.body for found in ast.walk(statement)):
        if _needs_python(part, values):
            return ast.unparse(part).partition("\n")[0]
        for callee in _callees(part, function, bodies):
            for parameter in _handed_on(part, values, callee.parameters):
                if (use := python_use(callee.function, parameter, bodies, depth=depth + 1)) is not None:
                    return use
    return None


def _callees(node: ast.AST, caller: called_bodies.Written, bodies: called_bodies.CalledBodies | None) -> Sequence[called_bodies.Callee]:
    return bodies.of(caller, ast.unparse(node.func)) if isinstance(node, ast.Call) and bodies is not None else ()


def _handed_on(node: ast.AST, values: _Values, parameters: Sequence[str]) -> Iterator[str]:
    """As which parameters a call hands a value on."""
    if not isinstance(node, ast.Call):
        return
    for parameter, argument in zip(parameters, node.args, strict=False):
        if values.made_of(argument):
            yield parameter
    for keyword in node.keywords:
        if keyword.arg in parameters and values.made_of(keyword.value):
            yield str(keyword.arg)


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


class _Values:
    """What stands for one value in a function's body."""

    def __init__(self, text: str) -> None:
        self.texts = {text}

    def follow(self, statement: ast.AST) -> None:
        """Adds the names that a statement gives to something computed of the value in Python."""
        if isinstance(statement, ast.Assign) and self.made_of(statement.value):
            self.texts |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
        elif isinstance(statement, ast.AugAssign | ast.AnnAssign | ast.NamedExpr) and isinstance(statement.target, ast.Name):
            self.texts |= {statement.target.id} if statement.value is not None and self.made_of(statement.value) else set()

    def made_of(self, node: ast.AST) -> bool:
        """Whether an expression is the value, or computed of it in Python."""
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and ast.unparse(node) in self.texts:
            return True
        if isinstance(node, ast.BinOp):
            # With anything that may be a tensor, a tensor comes out.
            sides = (node.left, node.right)
            return any(map(self.made_of, sides)) and all(isinstance(side, ast.Constant) or self.made_of(side) for side in sides)
        if isinstance(node, ast.UnaryOp):
            return self.made_of(node.operand)
        if isinstance(node, ast.IfExp):
            return self.made_of(node.body) or self.made_of(node.orelse)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("int", "float", "min", "max", "abs", "round")
        ):
            return any(map(self.made_of, node.args))
        return False

    def in_any(self, nodes: list[ast.expr]) -> bool:
        """Whether an expression, or an element of a list or tuple of them, is made of the value."""
        return any(self.made_of(node) or (isinstance(node, ast.List | ast.Tuple) and self.in_any(node.elts)) for node in nodes)


def _needs_python(node: ast.AST, values: _Values) -> bool:
    if isinstance(node, ast.If | ast.While | ast.IfExp | ast.Assert):
        return _tested(node.test, values)
    if isinstance(node, ast.comprehension):
        return values.made_of(node.iter) or any(_tested(test, values) for test in node.ifs)
    if isinstance(node, ast.For):
        return values.made_of(node.iter)
    if isinstance(node, ast.FormattedValue):
        return values.made_of(node.value)
    if isinstance(node, ast.Subscript):
        part = node.slice
        parts = [part.lower, part.upper, part.step] if isinstance(part, ast.Slice) else [part]
        return values.in_any([part for part in parts if part is not None])
    if isinstance(node, ast.Attribute):
        return ast.unparse(node.value) in values.texts and ast.unparse(node) not in values.texts and values.made_of(node.value)
    if isinstance(node, ast.Call):
        name = dotted(node.func)
        bare = name.rpartition(".")[2]
        if name in _PYTHON_CALLS or name.partition(".")[0] in _PYTHON_MODULES or (bare[:1].isupper() and "." not in name):
            return values.in_any(node.args) or values.in_any([keyword.value for keyword in node.keywords])
        if bare in _STATIC_FUNCTIONS and values.in_any(node.args[1:] if "." in name else node.args):
            return True
        return any(keyword.arg in _STATIC_KEYWORDS and values.in_any([keyword.value]) for keyword in node.keywords)
    return False


def _hands_on(node: ast.AST, values: _Values) -> bool:
    """Whether a value is given to a function of which nothing is known."""
    if not isinstance(node, ast.Call) or dotted(node.func).partition(".")[0] == "tf":
        return False
    return values.in_any(node.args) or values.in_any([keyword.value for keyword in node.keywords])


def _tested(test: ast.expr, values: _Values) -> bool:
    if isinstance(test, ast.BoolOp):
        return any(_tested(part, values) for part in test.values)
    if isinstance(test, ast.UnaryOp):
        return _tested(test.operand, values)
    if isinstance(test, ast.Compare):
        return values.in_any([test.left, *test.comparators])
    return values.made_of(test)


def _in_graph(node: ast.For, tensors: Collection[str]) -> str | None:
    called = node.iter
    if not (isinstance(called, ast.Call) and isinstance(called.func, ast.Name) and called.func.id == "range"):
        return None
    values = _Values(ast.unparse(node.target))
    for part in (found for statement in node.body for found in ast.walk(statement)):
        indexes = isinstance(part, ast.Subscript) and ast.unparse(part.value) in tensors
        if not indexes and (_needs_python(part, values) or _hands_on(part, values)):
            return None
    return f"for {ast.unparse(node.target)} in tf.range({', '.join(map(ast.unparse, called.args))}):"


def _appends(loop: ast.For | ast.While) -> Iterator[str]:
    for node in (found for statement in loop.body for found in ast.walk(statement)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "extend", "insert"):
            yield ast.unparse(node.func.value)


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
