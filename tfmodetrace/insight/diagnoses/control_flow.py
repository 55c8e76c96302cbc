"""Conditions, branches and loops that cannot become part of a graph, and functions that call themselves."""

from __future__ import annotations

import collections
import re
from typing import Final

from tfmodetrace.insight.diagnoses.base import Failure, Match

_REPEATED: Final = 5
"""Times that a function must be on the stack to be called recursive."""


def condition_not_scalar(failure: Failure) -> Match | None:
    """A condition with more than one element."""
    # Neither tf.cond nor what AutoGraph makes of `a if condition else b` checks it. The graph does when it runs, and tells no line.
    runs = failure.search(r"The second input must be a scalar, but it has shape (\[[^\]]*\])") if failure.is_op_error else None
    if runs is not None:
        return Match(
            id="condition-not-scalar",
            title=f"A condition of shape {runs[1]}: `x if condition else y` and tf.cond take one answer",
            fix="y = tf.where(condition, x, other)  # element by element\n"
            "# or one answer for all: x if tf.reduce_all(condition) else other",
        )
    if not failure.is_a("ValueError") or not failure.comes_from("tensorflow"):
        return None
    graph = failure.search(r"^condition of (if statement|while loop) expected to be `tf\.bool` scalar, got .*?shape=(\([^)]*\))")
    eager = failure.raised_in("__bool__") and failure.search(r"^The truth value of an array with more than one element is ambiguous")
    if not graph and not eager:
        return None
    condition = re.match(r"(?:if|elif|while) (.+):$", failure.code)
    text = condition[1] if condition else "condition"
    of = f" of shape {graph[2]}" if graph else " of more than one element"
    if failure.code.startswith("while") or (graph and graph[1] == "while loop"):
        fix = f"while tf.reduce_any({text}):  # or tf.reduce_all"
    else:
        fix = f"y = tf.where({text}, x, other)  # element by element\n# or one answer for all: if tf.reduce_all({text}): ..."
    return Match(id="condition-not-scalar", title=f"A condition{of}: Python's `if` and `while` take one answer", fix=fix)


def undefined_in_branch(failure: Failure) -> Match | None:
    """A name, or a return, that only one branch has."""
    if not failure.is_a("ValueError") or not failure.comes_from("tensorflow"):
        return None
    name = failure.search(r"^'(\w+)' must also be initialized in the (main|else) branch")
    returned = failure.search(r"^the (main|else) branch must also have a return statement")
    loop = failure.search(r"^'(\w+)' must be defined before the loop")
    undefined = failure.search(r"^'?(\w+)'? (?:is not allowed to be|may not be) undefined")
    if name:
        fix = f"{name[1]} = tf.zeros_like(x)  # before the `if`, or in the {name[2]} branch, of the same dtype and shape"
        return Match(id="undefined-in-branch", title=f"{name[1]} has no value in the {name[2]} branch", fix=fix)
    if returned:
        fix = "if condition:\n    return x\nelse:\n    return tf.zeros_like(x)"
        return Match(id="undefined-in-branch", title=f"The {returned[1]} branch returns nothing", fix=fix)
    if loop or undefined:
        variable = (loop or undefined)[1]  # type: ignore[index]
        fix = f"{variable} = tf.constant(0.0)  # before the loop, of the dtype and shape that it has afterwards"
        return Match(id="undefined-in-branch", title=f"{variable} has no value before the loop", fix=fix)
    return None


def branch_mismatch(failure: Failure) -> Match | None:
    """Branches with results of two kinds."""
    if not failure.comes_from("tensorflow"):
        return None
    dtypes = failure.search(r"^'(\w+)' has dtype (\w+) in the main branch, but dtype (\w+) in the else branch")
    nested = failure.search(r"^'(\w+)' must have the same nested structure in the main and else branches")
    cond = failure.search(r"^true_fn and false_fn arguments to tf\.cond must have the same number, type")
    if failure.is_a("TypeError") and dtypes:
        zero = " For example 0.0 in place of 0." if "float" in dtypes[2] + dtypes[3] and "int" in dtypes[2] + dtypes[3] else ""
        return Match(
            id="branch-mismatch",
            title=f"{dtypes[1]} is {dtypes[2]} in one branch and {dtypes[3]} in the other",
            fix=f"{dtypes[1]} = tf.cast({dtypes[1]}, tf.{dtypes[2]})  # in the else branch.{zero}",
        )
    if failure.is_a("TypeError", "ValueError") and nested:
        return Match(
            id="branch-mismatch",
            title=f"{nested[1]} is of one structure in one branch and of another in the other",
            fix=f"{nested[1]} = (x, tf.zeros_like(x))  # the same structure in both branches: as many tensors, nested alike",
        )
    if failure.is_a("TypeError", "ValueError") and cond:
        different = failure.search(r"dtype=(\w+)\)[\s\S]*?dtype=(\w+)\)")
        kinds = f": {different[1]} and {different[2]}" if different and different[1] != different[2] else ""
        return Match(
            id="branch-mismatch",
            title=f"The functions of tf.cond return different things{kinds}",
            fix="tf.cond(condition, lambda: x, lambda: tf.zeros([3], x.dtype))  # as many tensors, nested alike, of the same dtypes",
        )
    # TensorFlow compares the numbers of their results without a word about it.
    if failure.is_a("AssertionError") and failure.raised_in("_make_indexed_slices_indices_types_match"):
        return Match(
            id="branch-mismatch",
            title="The functions of tf.cond return different numbers of tensors",
            fix="tf.cond(condition, lambda: (x, y), lambda: (y, x))  # as many tensors, nested alike, of the same dtypes",
        )
    return None


def loop_invariant(failure: Failure) -> Match | None:
    """A variable of a loop that does not stay what it was."""
    if not failure.is_a("TypeError", "ValueError") or not failure.comes_from("tensorflow"):
        return None
    shape = failure.search(r"^'(\w+)' has shape (\S.*?) before the loop, but shape (\S.*?) after one iteration")
    dtype = failure.search(r"^'(\w+)' has dtype (\w+) before the loop, but dtype (\w+) after one iteration")
    v2 = failure.search(r"^Loop var (\S+) enters the loop with (type|shape) (.+?) but has (?:type|shape) (.+?) after 1 iteration")
    nested = failure.search(r"^'?(\w+)'?.*(?:does not have the same nested structure after one iteration)")
    if shape:
        fix = (
            f"tf.autograph.experimental.set_loop_options(shape_invariants=[({shape[1]}, tf.TensorShape({_relaxed(shape[2], shape[3])}))])"
            "  # first in the loop"
        )
        return Match(id="loop-invariant", title=f"{shape[1]} has shape {shape[2]} before the loop and {shape[3]} after one turn", fix=fix)
    if dtype:
        start = "0.0" if "float" in dtype[3] else f"tf.cast({dtype[1]}, tf.{dtype[3]})"
        fix = f"{dtype[1]} = {start}  # before the loop: of the dtype that it has afterwards"
        return Match(id="loop-invariant", title=f"{dtype[1]} is {dtype[2]} before the loop and {dtype[3]} after one turn", fix=fix)
    if v2:
        fix = "body = lambda i, y: (i + 1, tf.cast(y, x.dtype))  # the loop's variables keep dtype and shape"
        if v2[2] == "shape":
            fix = "tf.while_loop(cond, body, loop_vars, shape_invariants=[...])  # None for each dimension that changes"
        return Match(id="loop-invariant", title=f"{v2[1]} enters the loop as {_plain(v2[3])} and leaves it as {_plain(v2[4])}", fix=fix)
    if nested:
        return Match(
            id="loop-invariant",
            title=f"{nested[1]} is of another structure after one turn of the loop",
            fix=f"{nested[1]} = ...  # before the loop: nested as it is afterwards, with as many tensors",
        )
    return None


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
    if not deep or failure.mode != "tracing" or failure.variable_of("symbolic") is None:
        return None
    counts = collections.Counter(frame.function for frame in failure.stack)
    counts.update(re.findall(r"line \d+, in (\w+)", failure.text))
    name, times = counts.most_common(1)[0] if counts else ("", 0)
    if times < _REPEATED:
        return None
    return Match(
        id="tracing-recursion",
        title=f"{name} calls itself without end while it is traced",
        fix="while n > 1:  # a loop becomes part of the graph; a recursion on a tensor has no end, since both branches are traced\n"
        "    result, n = result * n, n - 1",
        place=failure.source_line(rf"^(?!\s*(?:def|@)\b).*\b{re.escape(name)}\("),
    )


RULES: Final = (recursion, condition_not_scalar, undefined_in_branch, branch_mismatch, loop_invariant)
