"""Conditions, branches and loops that cannot become part of a graph, and functions that call themselves."""

from __future__ import annotations

import ast
import collections
import re
import textwrap
from collections.abc import Sequence
from typing import Final

from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.insight.diagnoses import symbolic
from tfmodetrace.insight.diagnoses.base import Edits, Failure, Match

_OF_AUTOGRAPH: Final = re.compile(r"(?:if_body|else_body|loop_body|loop_test|extra_test|get_state|set_state)(?:_\d+)?")
"""What AutoGraph calls the functions that it makes of parts of one."""

_REPEATED: Final = 5
"""Times that a function must be on the stack to be called recursive."""


def condition_not_scalar(failure: Failure) -> Match | None:
    """A condition with more than one element."""
    advice = "Choose element by element with tf.where(condition, x, other), or ask tf.reduce_any or tf.reduce_all for one answer."
    # Neither tf.cond nor what AutoGraph makes of `a if condition else b` checks it. The graph does when it runs, and tells no line.
    runs = failure.search(r"The second input must be a scalar, but it has shape (\[[^\]]*\])") if failure.is_op_error else None
    if runs is not None:
        return Match(
            id="condition-not-scalar",
            title=f"A condition of shape {runs[1]}: `x if condition else y` and tf.cond take one answer",
            edits=() if failure.own_site is None else _choice_in(failure.own_site),
            advice=advice,
            in_function=True,
        )
    if not failure.is_a("ValueError") or not failure.comes_from("tensorflow", "numpy", ""):
        return None
    graph = failure.search(r"^condition of (if statement|while loop) expected to be `tf\.bool` scalar, got .*?shape=(\([^)]*\))")
    eager = failure.search(r"^The truth value of an array with more than one element is ambiguous")
    if graph and not failure.comes_from("tensorflow"):
        return None
    if eager and not failure.raised_in("__bool__", "_py_if_stmt", "_py_while_stmt") and not _asks_tensor(failure):
        return None
    if not graph and not eager:
        return None
    of = f" of shape {graph[2]}" if graph else " of more than one element"
    site, statement = failure.site, failure.site.statement
    found: Edits = ()
    if isinstance(statement, ast.While):
        found = site.rewritten({statement.test: f"tf.reduce_any({site.text(statement.test)})"})
    elif isinstance(statement, ast.If):
        found = symbolic.chosen(site, statement, "where")
    return Match(
        id="condition-not-scalar",
        title=f"A condition{of}: Python's `if` and `while` take one answer",
        edits=found,
        advice=advice,
    )


def _asks_tensor(failure: Failure) -> bool:
    """Whether the line asks a tensor, or what NumPy made of it, and the exception is not raised by the program itself."""
    raised = isinstance(failure.site.statement, ast.Raise)
    origin = failure.core.origin
    in_program = origin is not None and not origin.owner and origin.line == failure.site.line
    return not raised and in_program and any(not kind.of for kind in failure.site.kinds.values())


def _choice_in(site: code_module.Site) -> Edits:
    """Writes the one conditional expression, or ``tf.cond`` of two expressions, of a function as ``tf.where``."""
    conds: list[tuple[ast.expr, tuple[ast.expr, ast.expr, ast.expr]]] = []
    for node in site.walk():
        if isinstance(node, ast.Call) and site.is_of(node.func, "tensorflow") == "cond" and len(node.args) == 3:
            test, yes, no = node.args
            if isinstance(yes, ast.Lambda) and isinstance(no, ast.Lambda):
                conds.append((node, (test, yes.body, no.body)))
    if not conds:
        conds = [(node, (node.test, node.body, node.orelse)) for node in site.walk() if isinstance(node, ast.IfExp)]
    if len(conds) != 1:
        return ()
    ((node, parts),) = conds
    return site.rewritten({node: "tf.where({})".format(", ".join(site.text(part) for part in parts))})


def undefined_in_branch(failure: Failure) -> Match | None:
    """A name, or a return, that only one branch has."""
    if not failure.is_a("ValueError") or not failure.comes_from("tensorflow"):
        return None
    name = failure.search(r"^'(\w+)' must also be initialized in the (main|else) branch")
    nothing = failure.search(r"^'(\w+)' is None at the end of the (main branch|else branch|iteration)")
    returned = failure.search(r"^the (main|else) branch must also have a return statement")
    loop = failure.search(r"^'(\w+)' must be defined before the loop")
    undefined = failure.search(r"^'?(\w+)'? (?:is not allowed to be|may not be) undefined")
    site, statement = failure.site, failure.site.statement
    if name:
        return Match(
            id="undefined-in-branch",
            title=f"{name[1]} has no value in the {name[2]} branch",
            edits=_value_before(site, name[1]),
            advice=f"Give {name[1]} a value before the `if`, of the dtype and shape that it has in the branch.",
        )
    if nothing:
        where = "one turn of the loop" if nothing[2] == "iteration" else f"the {nothing[2]}"
        return Match(
            id="undefined-in-branch",
            title=f"{nothing[1]} is None after {where}, and a graph has no None",
            edits=_like_other_branch(site, nothing[1]),
            advice=f"Give {nothing[1]} a tensor in every branch, of one dtype and shape; say apart, with a tf.bool, whether it holds.",
        )
    if returned:
        edits: Edits = ()
        if isinstance(statement, ast.If) and not statement.orelse and isinstance(statement.body[-1], ast.Return):
            value = statement.body[-1].value
            if value is not None and not isinstance(value, ast.Tuple):
                whole = site.text(statement)
                edits = site.replaced(statement, f"{_dedented(statement, whole)}\nelse:\n    return tf.zeros_like({site.text(value)})")
        return Match(
            id="undefined-in-branch",
            title=f"The {returned[1]} branch returns nothing",
            edits=edits,
            advice="Return a value of the same dtype and shape in both branches.",
        )
    if loop or undefined:
        variable = (loop or undefined)[1]  # type: ignore[index]
        return Match(
            id="undefined-in-branch",
            title=f"{variable} has no value before the loop",
            advice=f"Give {variable} a value before the loop, of the dtype and shape that it has afterwards.",
        )
    return None


def _like_other_branch(site: code_module.Site, name: str) -> Edits:
    """Gives a name zeros like the other branch's value where one branch gives it None."""
    statement = site.statement
    if not isinstance(statement, ast.If):
        return ()
    values = [_given_last(block, name) for block in (statement.body, statement.orelse)]
    nothing = [value for value in values if isinstance(value, ast.Constant) and value.value is None]
    others = [value for value in values if value is not None and value not in nothing]
    if len(nothing) != 1 or len(others) != 1 or isinstance(others[0], ast.Tuple | ast.List | ast.Dict):
        return ()
    return site.rewritten({nothing[0]: f"tf.zeros_like({site.text(others[0])})"})


def _dedented(statement: ast.stmt, text: str) -> str:
    return textwrap.dedent(" " * statement.col_offset + text)


def _value_before(site: code_module.Site, name: str) -> Edits:
    """Gives a name zeros like what it is given in a branch."""
    statement = site.statement
    if not isinstance(statement, ast.If):
        return ()
    values = [
        node.value
        for node in ast.walk(statement)
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
    ]
    own = {inner.id for value in values for inner in ast.walk(value) if isinstance(inner, ast.Name)}
    if len(values) != 1 or name in own or isinstance(values[0], ast.Tuple | ast.List | ast.Dict):
        return ()
    return site.before(statement, f"{name} = tf.zeros_like({site.text(values[0])})")


def branch_mismatch(failure: Failure) -> Match | None:
    """Branches with results of two kinds."""
    if not failure.comes_from("tensorflow"):
        return None
    dtypes = failure.search(r"^'(\w+)' has dtype (\w+) in the main branch, but dtype (\w+) in the else branch")
    nested = failure.search(r"^'(\w+)' must have the same nested structure in the main and else branches")
    cond = failure.search(r"^true_fn and false_fn arguments to tf\.cond must have the same number, type")
    same = "Return as many tensors in both branches, nested alike, of the same dtypes."
    if failure.is_a("TypeError") and dtypes:
        return Match(
            id="branch-mismatch",
            title=f"{dtypes[1]} is {dtypes[2]} in one branch and {dtypes[3]} in the other",
            edits=_cast_in_branch(failure.site, dtypes[1], dtypes[2], dtypes[3]),
            advice=f"Give {dtypes[1]} the same dtype in both branches, with tf.cast or a float constant such as 0.0.",
        )
    if failure.is_a("TypeError", "ValueError") and nested:
        title = f"{nested[1]} is of one structure in one branch and of another in the other"
        return Match(
            id="branch-mismatch",
            title=title,
            advice=f"Give {nested[1]} the same structure in both branches: as many tensors, nested alike.",
        )
    switch = failure.search(r"^branches\[\d+\] and branches\[\d+\] arguments to tf\.\w+ must have the same number, type")
    if failure.is_a("TypeError", "ValueError") and switch:
        return Match(id="branch-mismatch", title="The branches of tf.switch_case or tf.case return different things", advice=same)
    if failure.is_a("TypeError", "ValueError") and cond:
        different = failure.search(r"dtype=(\w+)\)[\s\S]*?dtype=(\w+)\)")
        kinds = f": {different[1]} and {different[2]}" if different and different[1] != different[2] else ""
        return Match(
            id="branch-mismatch",
            title=f"The functions of tf.cond return different things{kinds}",
            edits=_cast_in_cond(failure.site, different[1]) if different and kinds else (),
            advice=same,
        )
    # TensorFlow compares the numbers of their results without a word about it.
    if failure.is_a("AssertionError") and failure.raised_in("_make_indexed_slices_indices_types_match"):
        return Match(id="branch-mismatch", title="The functions of tf.cond return different numbers of tensors", advice=same)
    return None


def _cast_in_branch(site: code_module.Site, name: str, first: str, second: str) -> Edits:
    statement = site.statement
    if not isinstance(statement, ast.If):
        return ()
    main, other = (_given_last(block, name) for block in (statement.body, statement.orelse))
    # Whole numbers become floating ones, not the other way round.
    value, dtype = (
        (main, second) if second.startswith(("float", "bfloat")) and not first.startswith(("float", "bfloat")) else (other, first)
    )
    return () if value is None else site.rewritten({value: f"tf.cast({site.text(value)}, tf.{dtype})"})


def _given_last(block: Sequence[ast.stmt], name: str) -> ast.expr | None:
    values = [
        node.value
        for statement in block
        for node in ast.walk(statement)
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
    ]
    return values[-1] if len(values) == 1 else None


def _cast_in_cond(site: code_module.Site, dtype: str) -> Edits:
    for node in site.expressions():
        if isinstance(node, ast.Call) and site.is_of(node.func, "tensorflow") == "cond" and len(node.args) == 3:
            other = node.args[2]
            if isinstance(other, ast.Lambda) and not isinstance(other.body, ast.Tuple | ast.List | ast.Dict):
                return site.rewritten({other.body: f"tf.cast({site.text(other.body)}, tf.{dtype})"})
    return ()


def loop_invariant(failure: Failure) -> Match | None:
    """A variable of a loop that does not stay what it was."""
    if not failure.is_a("TypeError", "ValueError") or not failure.comes_from("tensorflow"):
        return None
    shape = failure.search(r"^'(\w+)' has shape (\S.*?) before the loop, but shape (\S.*?) after one iteration")
    dtype = failure.search(r"^'(\w+)' has dtype (\w+) before the loop, but dtype (\w+) after one iteration")
    v2 = failure.search(r"^Loop var (\S+) enters the loop with (type|shape) (.+?) but has (?:type|shape) (.+?) after 1 iteration")
    v2 = v2 or failure.search(
        r"^Input tensor [`'](\S+?)[`'] enters the loop with (shape) (\(.*?\)), but has shape (\(.*?\)|<unknown>) after one"
    )
    nested = failure.search(r"^'?(\w+)'?.*(?:does not have the same nested structure after one iteration)")
    site, statement = failure.site, failure.site.statement
    if shape:
        option = (
            f"tf.autograph.experimental.set_loop_options(shape_invariants=[({shape[1]}, tf.TensorShape({_relaxed(shape[2], shape[3])}))])"
        )
        return Match(
            id="loop-invariant",
            title=f"{shape[1]} has shape {shape[2]} before the loop and {shape[3]} after one turn",
            edits=site.before(statement.body[0], option) if isinstance(statement, ast.For | ast.While) else (),
            advice=f"Say first in the loop which dimensions of {shape[1]} change, with set_loop_options, or write into a tf.TensorArray.",
        )
    if dtype:
        return Match(
            id="loop-invariant",
            title=f"{dtype[1]} is {dtype[2]} before the loop and {dtype[3]} after one turn",
            edits=start_with(site, dtype[1], dtype[3]),
            advice=f"Give {dtype[1]} the dtype before the loop that it has afterwards.",
        )
    if v2:
        return Match(
            id="loop-invariant",
            title=f"{v2[1]} enters the loop as {_plain(v2[3])} and leaves it as {_plain(v2[4])}",
            advice="Let the body return each variable with the dtype and shape that it came with, or give shape_invariants.",
        )
    if nested:
        return Match(
            id="loop-invariant",
            title=f"{nested[1]} is of another structure after one turn of the loop",
            advice=f"Give {nested[1]} before the loop the structure that it has afterwards: as many tensors, nested alike.",
        )
    return None


def start_with(site: code_module.Site, name: str, dtype: str) -> Edits:
    """Gives a variable of a loop its first value in another dtype, where that is given once before it."""
    statement = site.statement
    line = None if statement is None else statement.lineno
    before = [node for node in site.assignments(name) if line is not None and node.lineno < line]
    loops = [outer for outer in (site.around(statement) if statement is not None else ()) if isinstance(outer, ast.For | ast.While)]
    before = [node for node in before if not any(loop in site.around(node) for loop in loops)]
    if len(before) != 1 or not isinstance(before[0].targets[0], ast.Name):
        return ()
    value = before[0].value
    if isinstance(value, ast.Constant) and type(value.value) is int and dtype == "float32":
        return site.rewritten({value: f"{float(value.value)}"})
    return site.rewritten({value: f"tf.cast({site.text(value)}, tf.{dtype})"})


def _plain(text: str) -> str:
    return re.sub(r"<dtype: '(\w+)'>", r"\1", text)


def _relaxed(before: str, after: str) -> str:
    first, second = ([part for part in re.split(r",\s*", shape.strip("()")) if part] for shape in (before, after))
    if len(first) != len(second):
        return "None"
    return "[" + ", ".join(a if a == b else "None" for a, b in zip(first, second, strict=True)) + "]"


def recursion(failure: Failure) -> Match | None:
    """A traced function that calls itself until Python gives up: a condition on a tensor does not stop it."""
    deep = any("RecursionError" in (raised.type, *raised.bases) for raised in (failure.core, *failure.further))
    deep = deep or failure.search(r"(?:^|\s)RecursionError: maximum recursion depth") is not None
    # Only of a recursion that a condition on a tensor was to end can be said why it does not.
    if not deep or failure.mode != "tracing" or not _hangs_on_a_tensor(failure):
        return None
    counts = collections.Counter(frame.function for frame in failure.stack)
    counts.update(re.findall(r"line \d+, in (\w+)", failure.text))
    if max(counts.values(), default=0) < _REPEATED:
        return None
    # AutoGraph makes functions of branches and loops, which are on the stack as often, and which the program does not call.
    names = [name for name, times in counts.most_common() if times > 1 and not _OF_AUTOGRAPH.fullmatch(name)] or [""]
    called = [(name, failure.source_line(rf"^(?!\s*(?:def|@)\b).*\b{re.escape(name)}\(")) for name in names]
    name, place = next((each for each in called if each[1] is not None), called[0])
    return Match(
        id="tracing-recursion",
        title=f"{name or 'A function'} calls itself without end while it is traced",
        advice="Write a loop, which becomes part of the graph; or let a Python number end the recursion.",
        place=place,
    )


def _hangs_on_a_tensor(failure: Failure) -> bool:
    """Whether the line of a recursion has a tensor; where its variables had no values yet when Python gave up, the same further out."""
    if failure.variables:
        return failure.variable_of("symbolic") is not None
    counts = collections.Counter((frame.file, frame.function) for frame in failure.stack)
    levels = [frame for frame in failure.further_out if counts[frame.file, frame.function] > 1]
    return any("symbolic" in kind for frame in levels for kind in dict(frame.variables).values())


RULES: Final = (recursion, condition_not_scalar, undefined_in_branch, branch_mismatch, loop_invariant)
