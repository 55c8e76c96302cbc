"""Where a body needs a value in Python: where a tensor in its place would fail, or mean something else."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tfmodetrace.insight import called_bodies, sources

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


def use(function: called_bodies.Written, path: str, bodies: called_bodies.CalledBodies | None = None, *, depth: int = 0) -> str | None:
    """Returns the code that needs a value as a Python value, where a tensor would fail or mean something else; ``None`` for none.

    Args:
        function: The function whose source is looked at.
        path: The value as the body names it: ``n``, ``cfg.lr``, ``seed[0]``.
        bodies: What it may hand the value on to.
        depth: How many functions have handed it on already.
    """
    node = sources.definition(function)
    if node is None or depth > _MAX_DEPTH:
        return None
    values = _values_of(node, path)
    if values is None:
        return None
    for part in (found for statement in node.body for found in ast.walk(statement)):
        if needed_in(part, values):
            return ast.unparse(part).partition("\n")[0]
        for callee in _callees(part, function, bodies):
            for parameter in _handed_on(part, values, callee.parameters):
                if (found_use := use(callee.function, parameter, bodies, depth=depth + 1)) is not None:
                    return found_use
    return None


UNKNOWN: Final = "unknown"
"""The dtype of what is known to be calculated with, and no more."""

WHOLE: Final = "int"
"""What stands for the dtype of a whole number of Python's, which a tensor of any dtype can be calculated with."""

_SUMMARIES: Final = ("tf.summary.", "summary.")
"""What writes summaries, each of which takes its step as an int64 and converts no other tensor."""

_ARITHMETIC: Final = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)


def dtype_met(
    function: called_bodies.Written,
    path: str,
    tensors: Mapping[str, str],
    bodies: called_bodies.CalledBodies | None = None,
    *,
    depth: int = 0,
) -> str | None:
    """Returns what a tensor in the place of a number must be for a body to go on calculating with it, since TensorFlow mixes no dtypes.

    Args:
        function: The function whose source is looked at.
        path: The number as the body names it.
        tensors: The dtypes of tensors, as the body names them; ``WHOLE`` of whole numbers.
        bodies: What it may hand the number on to.
        depth: How many functions have handed it on already.

    Returns:
        A dtype; ``UNKNOWN`` where it meets what has one that is not known; ``None`` where it meets nothing but whole numbers.
    """
    node = sources.definition(function)
    if node is None or depth > _MAX_DEPTH:
        return None
    values = _values_of(node, path)
    if values is None:
        return None
    known_dtypes = _dtypes_in(node, tensors)
    found: set[str] = set()
    for part in (inner for statement in node.body for inner in ast.walk(statement)):
        if isinstance(part, ast.BinOp | ast.AugAssign) and isinstance(part.op, _ARITHMETIC):
            sides = (part.left, part.right) if isinstance(part, ast.BinOp) else (part.target, part.value)
            own = [values.made_of(side) for side in sides]
            if isinstance(part, ast.AugAssign):  # what is changed by the number was something else before
                own[0] = ast.unparse(part.target) == path
            if any(own) and isinstance(part.op, ast.Div):
                found.add("float32")
            if own.count(True) == 1:
                other = sides[own.index(False)]
                if isinstance(other, ast.Constant):
                    found |= {"float32"} if isinstance(other.value, float) else set()
                else:
                    dtype = _dtype_of(other, known_dtypes) or UNKNOWN
                    found |= set() if dtype == WHOLE else {dtype}
        if isinstance(part, ast.Call) and any(word.arg == "step" and values.made_of(word.value) for word in part.keywords):
            found |= {"int64"} if ast.unparse(part.func).startswith(_SUMMARIES) else set()
        for callee in _callees(part, function, bodies):
            for parameter in _handed_on(part, values, callee.parameters):
                met = dtype_met(callee.function, parameter, {}, bodies, depth=depth + 1)
                found |= set() if met is None else {met}
    known = found - {UNKNOWN}
    if len(known) > 1 and "int64" not in known:
        known -= {"float32"}  # which a number of Python's also is
    return next(iter(known)) if len(known) == 1 else UNKNOWN if found else None


_KEEP_DTYPES: Final = (
    "tf.reduce_",
    "tf.nn.",
    "tf.math.",
    "tf.linalg.",
    "tf.matmul",
    "tf.reshape",
    "tf.sqrt",
    "tf.square",
    "tf.exp",
    "tf.abs",
)
_OTHER_DTYPES: Final = frozenset({"reduce_any", "reduce_all", "is_nan", "is_finite", "in_top_k", "argmax", "argmin", "count_nonzero"})


def _dtypes_in(node: ast.AST, tensors: Mapping[str, str]) -> dict[str, str]:
    """Adds to known dtypes those of what a body computes of such tensors and gives a name, if it gives it to nothing else."""
    known, several = dict(tensors), set()
    for statement in ast.walk(node):
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
            name, dtype = statement.targets[0].id, _dtype_of(statement.value, known)
            if name in known and known[name] != dtype:
                several.add(name)
            elif dtype is not None:
                known[name] = dtype
    return {name: dtype for name, dtype in known.items() if name not in several}


def _dtype_of(node: ast.expr, known: Mapping[str, str]) -> str | None:
    """The dtype of an expression, as far as it follows from what is in it; ``None`` if not."""
    if isinstance(node, ast.BinOp):
        return _dtype_of(node.left, known) or _dtype_of(node.right, known)
    if isinstance(node, ast.UnaryOp):
        return _dtype_of(node.operand, known)
    if isinstance(node, ast.Call):
        name = sources.dotted(node.func)
        if name == "tf.cast" and len(node.args) == 2:
            dtype = sources.dotted(node.args[1])
            return dtype.removeprefix("tf.") if dtype.startswith("tf.") else None
        if name.startswith(_KEEP_DTYPES) and name.rpartition(".")[2] not in _OTHER_DTYPES and node.args:
            return _dtype_of(node.args[0], known)
        return None
    if isinstance(node, ast.Subscript) and (found := known.get(ast.unparse(node.value))) is not None:
        return found
    return known.get(ast.unparse(node)) if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) else None


def _values_of(node: ast.FunctionDef | ast.AsyncFunctionDef, path: str) -> Values | None:
    """What stands for a value in a body: what is computed of it in Python is Python's, too, however far down."""
    try:
        values = Values(ast.unparse(ast.parse(path.lstrip("*"), mode="eval")))
    except (SyntaxError, ValueError):
        return None
    known = -1
    while known != len(values.texts):
        known = len(values.texts)
        for statement in ast.walk(node):
            values.follow(statement)
    return values


def _callees(node: ast.AST, caller: called_bodies.Written, bodies: called_bodies.CalledBodies | None) -> Sequence[called_bodies.Callee]:
    return bodies.of(caller, ast.unparse(node.func)) if isinstance(node, ast.Call) and bodies is not None else ()


def _handed_on(node: ast.AST, values: Values, parameters: Sequence[str]) -> Iterator[str]:
    """As which parameters a call hands a value on."""
    if not isinstance(node, ast.Call):
        return
    for parameter, argument in zip(parameters, node.args, strict=False):
        if values.made_of(argument):
            yield parameter
    for keyword in node.keywords:
        if keyword.arg in parameters and values.made_of(keyword.value):
            yield str(keyword.arg)


class Values:
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


def needed_in(node: ast.AST, values: Values) -> bool:
    """Whether a part of a body needs a value in Python."""
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
        name = sources.dotted(node.func)
        bare = name.rpartition(".")[2]
        if name in _PYTHON_CALLS or name.partition(".")[0] in _PYTHON_MODULES or (bare[:1].isupper() and "." not in name):
            return values.in_any(node.args) or values.in_any([keyword.value for keyword in node.keywords])
        if bare in _STATIC_FUNCTIONS and values.in_any(node.args[1:] if "." in name else node.args):
            return True
        return any(keyword.arg in _STATIC_KEYWORDS and values.in_any([keyword.value]) for keyword in node.keywords)
    return False


def made_constant(function: called_bodies.Written, path: str) -> str | None:
    """Returns the code that makes a constant of a value, which it cannot of a tensor in its place; ``None`` for none."""
    node = sources.definition(function)
    values = None if node is None else _values_of(node, path)
    if node is None or values is None:
        return None
    calls = (part for part in ast.walk(node) if isinstance(part, ast.Call) and sources.dotted(part.func) == "tf.constant")
    made = next((call for call in calls if values.in_any(call.args[:1])), None)
    return None if made is None else ast.unparse(made).partition("\n")[0]


def is_handed_on(node: ast.AST, values: Values) -> bool:
    """Whether a value is given to a function of which nothing is known."""
    if not isinstance(node, ast.Call) or sources.dotted(node.func).partition(".")[0] == "tf":
        return False
    return values.in_any(node.args) or values.in_any([keyword.value for keyword in node.keywords])


def _tested(test: ast.expr, values: Values) -> bool:
    if isinstance(test, ast.BoolOp):
        return any(_tested(part, values) for part in test.values)
    if isinstance(test, ast.UnaryOp):
        return _tested(test.operand, values)
    if isinstance(test, ast.Compare):
        return values.in_any([test.left, *test.comparators])
    return values.made_of(test)
