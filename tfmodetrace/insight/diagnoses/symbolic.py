"""Symbolic tensors that are used as if they had values."""

from __future__ import annotations

import ast
import re
from typing import Final

from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.insight.diagnoses import spelling
from tfmodetrace.insight.diagnoses.base import Edits, Failure, Match

_VALUES: Final = ("numpy", "item", "tolist")
_SYMBOLIC: Final = r"(?:[\w.]*\.)?(?:Symbolic|Keras)?Tensor"
_REDUCTIONS: Final = ("sum", "mean", "max", "min", "any", "all", "prod")


_GIVES_TO: Final = frozenset({"append", "appendleft", "extend", "add", "insert", "write", "info", "debug"})
"""Methods that keep or show what they are given, once."""


def applies_gradients(site: code_module.Site) -> bool:
    """Whether all that a line calls for values is an optimizer."""
    methods = {node.func.attr for node in site.expressions() if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
    return bool(methods & {"apply_gradients", "apply"}) and "numpy" not in methods


def value_of_symbolic(failure: Failure) -> Match | None:
    """``.numpy()`` and the like."""
    match = failure.search(rf"^'{_SYMBOLIC}' object has no attribute '(\w+)'")
    if match is not None and match[1] in _VALUES and failure.is_a("AttributeError"):
        method, what = match[1], "a symbolic tensor"
    elif (
        failure.is_a("NotImplementedError")
        and failure.raised_in("numpy")
        and failure.text.startswith("numpy() is only available")
        and not applies_gradients(failure.site)
    ):
        method, what = "numpy", "a variable while a graph is built"
    else:
        return None
    kept = _kept_in(failure.site)
    if kept is not None:
        return Match(
            id="symbolic-to-numpy",
            title=f".{method}() of {what}, which has no value yet",
            edits=(),
            advice=f"Return the tensor from the function, and give what .{method}() makes of it to {kept} after the call: in the function, "
            "that would happen only while it is traced.",
        )
    return Match(
        id="symbolic-to-numpy",
        title=f".{method}() of {what}, which has no value yet",
        edits=_in_session(failure.site, method) if failure.mode == "v1-graph" else _without_method(failure.site, method),
        advice=f"Leave .{method}() away and go on with the tensor; or return the tensor and call .{method}() on what the function returns.",
    )


def _kept_in(site: code_module.Site) -> str | None:
    """What a statement does no more than to give something to, as ``history.append``; ``None`` for any other statement."""
    statement = site.statement
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in _GIVES_TO):
        return None
    return site.text(call.func)


def _in_session(site: code_module.Site, method: str) -> Edits:
    """Has a session of TensorFlow 1 compute the value, where nothing has to be given to it, nor initialized in it."""
    calls = [node for node in site.expressions() if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    asked = [node for node in calls if node.func.attr == method and not node.args]  # type: ignore[attr-defined]
    needs = ("placeholder", "placeholder_with_default", "Variable", "get_variable", "Session", "InteractiveSession")
    if any(isinstance(node, ast.Attribute) and node.attr in needs for node in site.walk()) or len(asked) != 1 or method != "numpy":
        return ()
    (call,) = asked
    return site.rewritten({call: f"tf.compat.v1.Session().run({site.text(call.func.value)})"})  # type: ignore[attr-defined]


def _printed(site: code_module.Site, method: str) -> Edits:
    """Prints with ``tf.print``, which does so whenever the graph runs, and writes tensors' values."""
    call = site.statement.value if isinstance(site.statement, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print" and call.args):
        return ()
    if any(key.arg not in ("sep", "end") for key in call.keywords):
        return ()
    parts: list[str] = []
    keywords = [f"{key.arg}={site.text(key.value)}" for key in call.keywords]
    for argument in call.args:
        if not isinstance(argument, ast.JoinedStr):
            tensor = _asked(argument, method)
            # Of anything else around it, nobody knows whether it can do with a tensor.
            if tensor is None and any(_asked(inner, method) is not None for inner in ast.walk(argument)):
                return ()
            parts.append(site.text(argument if tensor is None else tensor))
            continue
        pieces = argument.values
        if len(call.args) > 1 or call.keywords:
            return ()
        for piece in pieces:
            if isinstance(piece, ast.FormattedValue):
                if piece.format_spec is not None or piece.conversion != -1:
                    return ()
                tensor = _asked(piece.value, method)
                if tensor is None and any(_asked(inner, method) is not None for inner in ast.walk(piece.value)):
                    return ()
                parts.append(ast.unparse(piece.value if tensor is None else tensor))
            else:
                parts.append(ast.unparse(piece))
        keywords = ['sep=""'] if len(parts) > 1 else []
    return site.rewritten({call: f"tf.print({', '.join([*parts, *keywords])})"})


def _asked(node: ast.AST, method: str) -> ast.expr | None:
    """The tensor whose method an expression calls, if it does nothing else."""
    call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method and not node.args
    return node.func.value if call and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None


def _without_method(site: code_module.Site, method: str) -> Edits:
    if printed := _printed(site, method):
        return printed
    for call in site.expressions():
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == method and not call.args):
            continue
        tensor = site.text(call.func.value)
        above = site.parent(call)
        further = None if above is None else site.parent(above)
        if isinstance(above, ast.Attribute) and isinstance(further, ast.Call) and above.attr in _REDUCTIONS and further.func is above:
            arguments = [site.text(part) for part in further.args] + [f"{key.arg}={site.text(key.value)}" for key in further.keywords]
            return changed(site, further, f"tf.reduce_{above.attr}({', '.join([tensor, *arguments])})")
        if isinstance(above, ast.Call) and isinstance(above.func, ast.Name) and above.func.id in ("float", "int") and len(above.args) == 1:
            return changed(site, above, f"tf.cast({tensor}, tf.{above.func.id}32)")
        return changed(site, call, tensor)
    return ()


def changed(site: code_module.Site, node: ast.expr, code: str) -> Edits:
    """Writes an expression anew where what stands around it can do with a tensor."""
    return site.rewritten({node: code}) if spelling.takes_tensor(site, node) else ()


def number_of_symbolic(failure: Failure) -> Match | None:
    """``float(x)`` and ``int(x)``, which AutoGraph would have converted."""
    match = failure.search(
        r"^(float|int)\(\) argument must be a string(?:, a bytes-like object)? or a real number, not '(?:SymbolicTensor|ResourceVariable)'$"
    )
    if match is None or not failure.is_a("TypeError"):
        return None
    site = failure.site
    calls = [
        node for node in site.expressions() if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == match[1]
    ]
    if not calls or isinstance(site.statement, ast.Raise):
        return None
    call = calls[0]
    code = f"tf.cast({site.text(call.args[0])}, tf.{match[1]}32)" if len(call.args) == 1 else ""
    return Match(
        id="symbolic-to-numpy",
        title=f"{match[1]}() of a symbolic tensor, which has no value yet",
        edits=changed(site, call, code) if code else (),
        advice=f"Use tf.cast in place of {match[1]}(); or return the tensor and call {match[1]}() on what the function returns.",
    )


def numpy_of_symbolic(failure: Failure) -> Match | None:
    """NumPy's and Python's functions on symbolic tensors."""
    numpy = failure.is_a("NotImplementedError") and failure.raised_in("__array__", "numpy") and "symbolic tf.Tensor" in failure.text
    variable = failure.is_a("NotImplementedError") and failure.raised_in("numpy", "__array__") and "numpy() is only" in failure.text
    variable = variable and not applies_gradients(failure.site)
    number = failure.is_a("TypeError") and failure.search(r"^must be real number, not (?:SymbolicTensor|ResourceVariable)")
    index = failure.is_a("TypeError") and failure.search(
        r"^(?:'SymbolicTensor' object cannot be interpreted as an integer"
        r"|expected a sequence of integers or a single integer, got '<tf\.Tensor)"
    )
    site = failure.site
    call = spelling.outermost_call(site)
    if not numpy and not number and not variable and not (index and call is not None and _takes_shape(call)):
        return None
    code = None if call is None else spelling.in_tensorflow(site, call)
    called = None if call is None else ast.unparse(call.func)
    return Match(
        id="numpy-in-graph",
        title="NumPy needs the value of a symbolic tensor" if called is None else f"{called} of a symbolic tensor, which has no value yet",
        edits=() if call is None or code is None else changed(site, call, code),
        advice="Use TensorFlow's function in place of NumPy's; what TensorFlow cannot do, tf.numpy_function runs when the graph runs.",
    )


def _takes_shape(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in (
        "zeros",
        "ones",
        "full",
        "empty",
        "rand",
        "randn",
        "normal",
        "uniform",
    )


def truth_of_symbolic(failure: Failure) -> Match | None:
    """A symbolic tensor where Python needs True or False."""
    keras = (
        failure.is_a("TypeError")
        and failure.comes_from("keras")
        and failure.text.startswith("A symbolic KerasTensor cannot be used as a b")
    )
    if not keras and not (failure.is_a("OperatorNotAllowedInGraphError") and "as a Python `bool`" in failure.text):
        return None
    site = failure.site
    edits = () if keras else _with_autograph(failure) or asked(site)
    return Match(
        id="symbolic-bool",
        title="A symbolic tensor was asked whether it is true, which is not known before the graph runs",
        edits=edits,
        advice="Choose with tf.where or tf.cond, check with tf.debugging, and combine conditions with tf.logical_and, tf.logical_or, "
        "tf.logical_not.",
    )


def asked(site: code_module.Site) -> Edits:
    """Writes what asks a symbolic tensor whether it is true as an op that the graph can run."""
    statement = site.statement
    if isinstance(statement, ast.Assert):
        message = "" if statement.msg is None else site.text(statement.msg)
        return site.replaced(statement, f"tf.debugging.Assert({condition(site, statement.test)}, [{message or repr('assertion failed')}])")
    if isinstance(statement, ast.If):
        return chosen(site, statement, "cond")
    for node in site.expressions():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "bool" and len(node.args) == 1:
            return changed(site, node, site.text(node.args[0]))
        if isinstance(node, ast.IfExp):
            test, yes, no = condition(site, node.test), site.text(node.body), site.text(node.orelse)
            return changed(site, node, f"tf.cond({test}, lambda: {yes}, lambda: {no})")
        if (code := _truth(site, node)) is not None:
            return changed(site, node, code)
    return ()


def _truth(site: code_module.Site, node: ast.expr) -> str | None:
    """Writes what Python asks tensors for, one after the other, as one op; ``None`` if it is nothing of the kind."""
    if isinstance(node, ast.BoolOp):
        name = "and" if isinstance(node.op, ast.And) else "or"
        joined = condition(site, node.values[0])
        for value in node.values[1:]:
            joined = f"tf.logical_{name}({joined}, {condition(site, value)})"
        return joined
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "bool" and len(node.args) == 1:
        return condition(site, node.args[0])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return f"tf.logical_not({condition(site, node.operand)})"
    if isinstance(node, ast.Compare) and len(node.ops) > 1:
        # Python asks the first comparison whether to make the second.
        sides = [site.text(side) for side in (node.left, *node.comparators)]
        parts = [f"{first} {_operator(op)} {second}" for first, op, second in zip(sides, node.ops, sides[1:], strict=False)]
        joined = parts[0]
        for part in parts[1:]:
            joined = f"tf.logical_and({joined}, {part})"
        return joined
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
        found = f"tf.reduce_any(tf.equal({site.text(node.left)}, {site.text(node.comparators[0])}))"
        return found if isinstance(node.ops[0], ast.In) else f"tf.logical_not({found})"
    return None


def condition(site: code_module.Site, node: ast.expr) -> str:
    """Writes a condition, so that it asks no tensor before the graph runs."""
    return _truth(site, node) or site.text(node)


def _operator(node: ast.cmpop) -> str:
    return ast.unparse(ast.Compare(left=ast.Name("a"), ops=[node], comparators=[ast.Name("b")]))[2:-2]


def chosen(site: code_module.Site, statement: ast.If, function: str) -> Edits:
    """Writes an ``if`` whose branches return one expression each, or give it one name, as a choice of ``tf.where`` or ``tf.cond``."""
    after = site.siblings(statement)
    place = after.index(statement) if statement in after else -1
    following = after[place + 1] if 0 <= place < len(after) - 1 else None
    last: ast.stmt = statement
    (first, *more), other = statement.body, statement.orelse
    if not other and isinstance(following, ast.Return):
        other, last = [following], following
    if more or len(other) != 1:
        return ()
    (second,) = other
    head = ""
    if isinstance(first, ast.Return) and isinstance(second, ast.Return):
        head = "return "
    elif isinstance(first, ast.Assign) and isinstance(second, ast.Assign) and len(first.targets) == len(second.targets) == 1:
        names = {ast.unparse(target) for target in (first.targets[0], second.targets[0])}
        if len(names) != 1 or not isinstance(first.targets[0], ast.Name):
            return ()
        head = f"{names.pop()} = "
    if not head or not isinstance(first, ast.Return | ast.Assign) or not isinstance(second, ast.Return | ast.Assign):
        return ()
    if first.value is None or second.value is None or isinstance(first.value, ast.Tuple) or isinstance(second.value, ast.Tuple):
        return ()
    test, yes, no = condition(site, statement.test), site.text(first.value), site.text(second.value)
    code = f"tf.where({test}, {yes}, {no})" if function == "where" else f"tf.cond({test}, lambda: {yes}, lambda: {no})"
    return site.replaced(statement, head + code, last=last)


def _with_autograph(failure: Failure) -> Edits:
    """Leaves ``autograph=False`` away, where that is why a statement was not converted."""
    site = failure.site
    if not isinstance(site.statement, ast.If | ast.While | ast.For) or site.function is None:
        return ()
    for decorator in site.function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).rpartition(".")[2] == "function":
            rest = [f"{key.arg}={site.text(key.value)}" for key in decorator.keywords if key.arg != "autograph"]
            if len(rest) < len(decorator.keywords) and not decorator.args:
                name = ast.unparse(decorator.func)
                return site.rewritten({decorator: f"{name}({', '.join(rest)})" if rest else name})
    return ()


def iteration_of_symbolic(failure: Failure) -> Match | None:
    """A symbolic tensor where Python needs something to iterate over, or to count with."""
    number = failure.is_a("TypeError") and failure.search(r"^'SymbolicTensor' object cannot be interpreted as an integer")
    iterated = failure.is_a("OperatorNotAllowedInGraphError") and failure.text.startswith("Iterating over a symbolic")
    keras = (
        failure.is_a("TypeError", "ValueError", "NotImplementedError")
        and failure.comes_from("keras")
        and "Iterating over a symbolic K" in failure.text
    )
    if not number and not iterated and not keras:
        return None
    title = (
        "A symbolic tensor was used to count with"
        if number
        else "Python cannot iterate over a symbolic tensor, whose rows are not there yet"
    )
    return Match(
        id="symbolic-iteration",
        title=title,
        edits=() if keras else _with_autograph(failure) or (() if number else _unstacked(failure)),
        advice="Take steps with slices, x[:, i], or keras.ops.unstack where their number is known; or call one layer for all of them, as "
        "TimeDistributed does."
        if keras
        else "Compute with the whole tensor, tf.map_fn, or tf.unstack where the first dimension is known; in a function that AutoGraph "
        "converts, `for i in tf.range(n)` becomes a loop in the graph.",
    )


def _unstacked(failure: Failure) -> Edits:
    site, statement = failure.site, failure.site.statement
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Tuple | ast.List):
        if any(isinstance(target, ast.Starred) for target in statement.targets[0].elts):
            return ()
        if isinstance(statement.value, ast.Tuple):
            return ()
        return site.rewritten({statement.value: f"tf.unstack({site.text(statement.value)}, num={len(statement.targets[0].elts)})"})
    loops = [statement.iter] if isinstance(statement, ast.For) else []
    loops += [
        part.iter
        for node in site.expressions()
        if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp)
        for part in node.generators
    ]
    if not loops:
        loops = [
            part.value for node in site.expressions() if isinstance(node, ast.Call) for part in node.args if isinstance(part, ast.Starred)
        ]
    changes: dict[ast.expr, str] = {}
    for loop in loops:
        calls_over = isinstance(loop, ast.Call) and isinstance(loop.func, ast.Name) and loop.func.id in ("zip", "enumerate", "reversed")
        for tensor in loop.args if calls_over and isinstance(loop, ast.Call) else [loop]:
            kind = site.kind(tensor)
            if kind is not None and kind.symbolic and kind.shape and kind.shape[0] is not None:
                changes[tensor] = f"tf.unstack({site.text(tensor)})"
    return site.rewritten(changes) if changes else ()


def refused_by_python(failure: Failure) -> Match | None:
    """A function of Python's, or of another package, that wants a text, a path or a number, and is given a symbolic tensor."""
    if failure.core.type != "TypeError" or not failure.in_graph or isinstance(failure.site.statement, ast.Raise):
        return None
    # Python says so in one short sentence.
    said = failure.text[:500]
    if not re.search(r"\b(?:not|got|but|found)\W{1,4}(?:of type |type |<class ')?(?:\w+\.)*SymbolicTensor\b|SymbolicTensor found", said):
        return None
    if not re.search(r"\b(?:expected|must be|requires?|argument)\b", said):
        return None
    calls = [node for node in failure.site.expressions() if isinstance(node, ast.Call)]
    given = [node for node in calls if any((kind := failure.site.kind(each)) is not None and kind.symbolic for each in node.args)]
    # What the program raises itself is a raise in its innermost line; else the line has called what has raised it, in C or elsewhere.
    if failure.comes_from("tensorflow", "keras") or not calls or (failure.variables and not given):
        return None
    name = f"{ast.unparse(given[0].func)}()" if given else "A function of Python's"
    return Match(
        id="symbolic-to-numpy",
        title=f"{name} wants a value, and is given a symbolic tensor, which has none yet",
        difference="Eagerly there is a value: x.numpy() gives it, and some functions ask for it themselves.",
        advice="Use TensorFlow's function for it, such as tf.io.read_file for open and tf.strings for texts; what TensorFlow cannot do, "
        "tf.py_function or tf.numpy_function runs when the graph runs.",
    )


RULES: Final = (
    value_of_symbolic,
    numpy_of_symbolic,
    number_of_symbolic,
    truth_of_symbolic,
    iteration_of_symbolic,
    refused_by_python,
)
