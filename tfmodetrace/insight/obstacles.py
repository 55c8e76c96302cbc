"""What in a piece of source keeps it from being a graph, or would mean something else in one: read as Python reads it, with ``ast``."""

from __future__ import annotations

import ast
import collections
from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

_NUMBERS: Final = frozenset({"float", "int", "bool"})
_SEEN_ONCE: Final = frozenset({"print", "input", "open", "next", "breakpoint"})
_GROWING: Final = frozenset(
    {"append", "appendleft", "extend", "insert", "add", "update", "setdefault", "pop", "popleft", "remove", "clear", "write"}
)
_MODULES: Final = {
    "np": "NumPy",
    "numpy": "NumPy",
    "time": "the clock",
    "random": "Python's random",
    "math": "Python's numbers",
    "logging": "logs",
    "wandb": "logs",
    "plt": "plots",
    "os": "files",
    "pickle": "files",
    "json": "files",
}
"""What modules work on, by the names under which everybody imports them."""

_MAKERS: Final = frozenset({"tf.Variable", "Variable"})
_MADE_MODULES: Final = frozenset({"layers", "optimizers", "metrics", "models", "losses"})
WHOLE_LOOPS: Final = frozenset({"fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch"})


class Obstacle(NamedTuple):
    """Something that has to go before code can be a graph.

    Attributes:
        line: Its line, counted from the first of what was given.
        code: What stands there.
        why: What is wrong with it, to follow the code in a sentence.
    """

    line: int
    code: str
    why: str


def in_body(statements: Sequence[ast.stmt], own_names: frozenset[str]) -> list[Obstacle]:
    """Finds what keeps statements from being the body of a graph's function, the first of each line.

    Args:
        statements: The body.
        own_names: Names that the body gives to something itself: what it does to those is nobody else's business.
    """
    found: dict[tuple[int, str], Obstacle] = {}
    counters = _counters(statements)
    for statement in statements:
        for node in _walk(statement):
            for code, why in _of(node, own_names, counters):
                text = ast.unparse(code).partition("\n")[0]
                found.setdefault((code.lineno, why), Obstacle(code.lineno, text if len(text) <= 60 else f"{text[:57]}…", why))
    return sorted(found.values())


def _walk(statement: ast.AST) -> Iterator[ast.AST]:
    """Walks through what runs where the statement does: not through definitions in it."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        return
    yield statement
    for child in ast.iter_child_nodes(statement):
        yield from _walk(child)


def _counters(statements: Sequence[ast.stmt]) -> frozenset[str]:
    """The names that statements give to nothing but the numbers of Python's ``range``.

    AutoGraph goes through a ``range`` of a tensor in the graph, so only what is surely none counts. Numbers that are assigned do not: in a
    branch or loop of the graph they become tensors.
    """
    bound: collections.Counter[str] = collections.Counter()
    counting: collections.Counter[str] = collections.Counter()
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                bound[node.id] += 1
            if isinstance(node, ast.For | ast.comprehension) and isinstance(node.target, ast.Name) and _is_range(node.iter):
                counting[node.target.id] += 1
    return frozenset(name for name, times in counting.items() if bound[name] == times)


def _is_range(node: ast.expr) -> bool:
    if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "range" and node.args):
        return False
    return all(map(_is_python, node.args))


def _of(node: ast.AST, own: frozenset[str], counters: frozenset[str]) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    if isinstance(node, ast.Call):
        why = _of_call(node, own, counters)
        if why:
            yield node, why
    elif isinstance(node, ast.Global | ast.Nonlocal):
        yield node, "changes a variable from outside, which a graph does only while it is traced"
    elif isinstance(node, ast.Yield | ast.YieldFrom | ast.Await):
        yield node, "cannot be in a graph"
    elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Attribute | ast.Subscript) and _root(target) not in own:
                yield node, "changes a Python object, which a graph does only while it is traced"


def _of_call(node: ast.Call, own: frozenset[str], counters: frozenset[str]) -> str:
    name = ast.unparse(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else ""
    bare, first = name.rpartition(".")[2], name.partition(".")[0]
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("numpy", "item", "tolist") and not node.args:
        return "asks for a tensor's value, which a graph has not got while it is traced"
    if name in _NUMBERS and node.args and not _is_python(node.args[0], counters):
        if name == "bool":
            return "asks for a Python number, which a graph has not got while it is traced"
        return "is a tensor there and no Python number, if what it is given is a tensor"  # AutoGraph casts
    if name in _SEEN_ONCE:
        return "happens only while the function is traced" + (": use tf.print" if name == "print" else "")
    if first in _MODULES and first not in own and name != first:
        return f"is {_MODULES[first]} of the moment in which the function is traced"
    if name in _MAKERS or (bare[:1].isupper() and name.rpartition(".")[0].rpartition(".")[2] in _MADE_MODULES):
        return "makes something anew in each call, which a graph may do in its first only"
    if isinstance(node.func, ast.Attribute) and bare in WHOLE_LOOPS:
        return "is a loop with a graph of its own"
    if isinstance(node.func, ast.Attribute) and bare in _GROWING and _root(node.func) not in own | {"tf"}:
        return "changes a Python object, which a graph does only while it is traced"
    return ""


def _is_python(node: ast.expr, counters: frozenset[str] = frozenset()) -> bool:
    """Whether an expression is a Python number whatever tensors there are."""
    if isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id in counters):
        return True
    text = ast.unparse(node)
    if "shape" in text:
        return "tf.shape" not in text
    if isinstance(node, ast.BinOp):
        return _is_python(node.left, counters) and _is_python(node.right, counters)
    if isinstance(node, ast.UnaryOp):
        return _is_python(node.operand, counters)
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("len", "range", "round")


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


_MAKES_ANEW: Final = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.Call)


def own_names(statements: Sequence[ast.stmt]) -> frozenset[str]:
    """The names of containers that statements make themselves, by assigning a new one."""
    made = set()
    for statement in statements:
        for node in _walk(statement):
            if isinstance(node, ast.Assign) and isinstance(node.value, _MAKES_ANEW):
                made |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(made)


_APPENDING: Final = frozenset({"append", "extend", "insert"})


def gathered(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Obstacle]:
    """Finds where a body goes through an argument with ``for`` and appends to a list of its own in each turn.

    Where that argument is a tensor, the loop is the graph's: its body is traced once, and what it has appended is not there after it. What
    the body calls, or asks for attributes that no tensor has, is no element of one.
    """
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    given = {each.arg for each in arguments} - {
        each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    }
    for statement in node.body:
        for loop in _walk(statement):
            if not (isinstance(loop, ast.For) and isinstance(loop.iter, ast.Name) and loop.iter.id in given):
                continue
            targets = {each.id for each in ast.walk(loop.target) if isinstance(each, ast.Name)}
            inside = [each for part in loop.body for each in _walk(part)]
            if any(_is_no_tensor(each, targets) for each in inside):
                continue
            for each in inside:
                if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr in _APPENDING:
                    why = f"is done once for all turns of its loop where {loop.iter.id} is a tensor: use tf.map_fn, or a tf.TensorArray"
                    yield Obstacle(each.lineno, ast.unparse(each), why)
                    break


def _is_no_tensor(node: ast.AST, names: Collection[str]) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in names
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in names
        and node.attr not in ("shape", "dtype", "numpy", "get_shape")
    )


_PYTHONS: Final = frozenset({"zip", "enumerate", "map", "list", "tuple", "reversed", "sorted", "iter", "filter"})


def iterations(statements: Sequence[ast.stmt]) -> Iterator[Obstacle]:
    """Finds where Python itself goes through something element by element, which it cannot where that is a tensor of a graph.

    AutoGraph has ``for`` go through a tensor, but not what Python's own functions are given. Only what does nothing else on its line is
    found, so that an op on that line is its.
    """
    for statement in statements:
        for node in _walk(statement):
            taken = node.iter if isinstance(node, ast.For) else None
            if isinstance(taken, ast.Call) and isinstance(taken.func, ast.Name) and taken.func.id in _PYTHONS and not _runs_ops(taken):
                yield Obstacle(taken.lineno, ast.unparse(taken), "goes through a tensor in Python: let `for` do so by itself")


def _runs_ops(node: ast.AST) -> bool:
    """Whether there is something in an expression that may run ops whatever goes through it."""
    inner = list(ast.walk(node))[1:]
    return any(isinstance(each, ast.Subscript | ast.BinOp | ast.Compare) for each in inner) or any(
        isinstance(each, ast.Call) and not (isinstance(each.func, ast.Name) and each.func.id in _PYTHONS) for each in inner
    )


_DEEPEST: Final = 4


def in_called(tree: ast.Module, first: int, last: int | None) -> list[Obstacle]:
    """Finds what keeps functions from being part of a graph that a piece of a script calls, and those that these call.

    Only functions of the script itself are looked at, and methods that are called on ``self``: what else a name stands for is not known.

    Args:
        tree: The script.
        first: The line at which the piece begins: that of a function's definition, or of a loop.
        last: The last line of a loop; ``None`` for a function.
    """
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    methods = {node.name: {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)} for node in classes}
    begins, within = _piece(tree, first, last)
    found: list[Obstacle] = []
    seen: set[int] = set()
    waiting = [(statement, within, 0) for statement in begins]
    while waiting:
        statement, kind, depth = waiting.pop(0)
        for node in _walk(statement):
            if not isinstance(node, ast.Call):
                continue
            called, owner = None, ""
            if isinstance(node.func, ast.Name):
                called = functions.get(node.func.id)
            elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and node.func.value.id == "self":
                called, owner = methods.get(kind, {}).get(node.func.attr), kind
            if called is None or called.lineno in seen or called.decorator_list or depth >= _DEEPEST:
                continue
            seen.add(called.lineno)
            found += in_body(called.body, own_names(called.body))
            waiting += [(each, owner, depth + 1) for each in called.body]
    return found


def _piece(tree: ast.Module, first: int, last: int | None) -> tuple[list[ast.stmt], str]:
    """The statements of a loop or function that begins at a line, and the class that it is in."""
    for node, within in _with_classes(tree, ""):
        if last is None and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno == first:
            return node.body, within
        if last is not None and isinstance(node, ast.For | ast.While) and node.lineno == first:
            return node.body, within
    return [], ""


def _with_classes(node: ast.AST, within: str) -> Iterator[tuple[ast.AST, str]]:
    for child in ast.iter_child_nodes(node):
        yield child, within
        yield from _with_classes(child, child.name if isinstance(child, ast.ClassDef) else within)
