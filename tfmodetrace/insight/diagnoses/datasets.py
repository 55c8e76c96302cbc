"""Datasets whose functions and elements do not go together, and ragged tensors whose rows do not."""

from __future__ import annotations

import ast
import re
from typing import Final

from tfmodetrace.insight.diagnoses.base import Failure, Match


def ragged(failure: Failure) -> Match | None:
    """Rows of ragged tensors that do not fit, or lengths and splits that make none."""
    found = failure.search(r"do not form a valid RaggedTensor|Unable to broadcast: dimension size mismatch in dimension")
    # Two ragged operands are compared by their splits, and what is said of those says nothing of rows.
    operands = failure.raised_in("_binary_assert") and _are_ragged(failure)
    unequal = operands and failure.search(r"^Condition x == y did not hold")
    if not (found or unequal) or not failure.is_a("InvalidArgumentError", "ValueError") or not failure.comes_from("tensorflow"):
        return None
    made = "valid RaggedTensor" in failure.text
    return Match(
        id="shape-mismatch",
        title="The lengths, limits or splits of the rows do not make up the values"
        if made
        else "The rows of the ragged tensors are not equally long",
        advice="Let lengths sum up to, and the last split be, the number of values."
        if made
        else "Print a.row_lengths() and b.row_lengths(): rows beside each other are to be equally long.",
    )


def _are_ragged(failure: Failure) -> bool:
    """Whether two ragged tensors are the operands of an operator in the line."""
    pairs = [(node.left, node.right) for node in failure.site.expressions() if isinstance(node, ast.BinOp)]
    kinds = [[failure.site.kind(side) for side in pair] for pair in pairs]
    return any(all(kind is not None and kind.of == "RaggedTensor" for kind in pair) for pair in kinds)


_ALWAYS_TRACED: Final = "The function of a dataset is always traced, also where the program runs eagerly."


def predicate(failure: Failure) -> Match | None:
    """A filter of a dataset that says yes or no for each number, and not for each element."""
    found = failure.search(r"^Invalid `predicate`\. `predicate` must return a `tf\.bool` scalar tensor|^`predicate` return type must be")
    if not found or not failure.is_a("ValueError", "TypeError") or not failure.comes_from("tensorflow"):
        return None
    return Match(
        id="condition-not-scalar",
        title="A dataset's filter is to return one truth for each element",
        why="A filter keeps an element or leaves it away, so that its function must return one True or False.",
        difference=_ALWAYS_TRACED,
        advice="Make one of them, with tf.reduce_all or tf.reduce_any, or by a comparison of one number.",
    )


def reduced_state(failure: Failure) -> Match | None:
    """A dataset's reduce or scan whose state changes."""
    found = failure.search(r"(types|classes|shapes|dtypes) for the (?:new|initial) state must match")
    if not found or not failure.is_a("ValueError", "TypeError") or not failure.comes_from("tensorflow"):
        return None
    return Match(
        id="loop-invariant",
        title=f"The {found[1]} of a dataset's state change from element to element",
        difference=_ALWAYS_TRACED,
        advice="Begin with a state of the dtype and structure that the function returns: tf.constant(0, tf.int64) beside Dataset.range.",
    )


def joined_datasets(failure: Failure) -> Match | None:
    """Datasets of different elements, one after the other or mixed."""
    found = failure.search(r"^Incompatible (?:dataset elements|input datasets)")
    if not found or not failure.is_a("ValueError", "TypeError") or not failure.comes_from("tensorflow"):
        return None
    first, _, second = failure.text.partition(" vs.")
    types = [re.findall(r"dtype=tf\.(\w+)", text) for text in (first, second)]
    other = types[0] != types[1] and len(types[0]) == len(types[1])
    return Match(
        id="dtype-mismatch" if other else "shape-mismatch",
        title="The datasets' elements have other dtypes" if other else "The datasets' elements have other shapes or structures",
        advice="Bring both to one element_spec first, as with dataset.map(lambda x: tf.cast(x, tf.float32)).",
    )


def window_as_tensor(failure: Failure) -> Match | None:
    """A window of a dataset, which is a dataset, used as a tensor."""
    found = failure.search(
        r"^'_VariantDataset' object is not subscriptable|unsupported operand type\(s\) for [^\n]*'_VariantDataset'"
        r"|^(?:Failed to convert elements of|Attempt to convert a value \()<_VariantDataset"
    )
    if not found or not failure.is_a("TypeError", "ValueError") or isinstance(failure.site.statement, ast.Raise):
        return None
    site, statement = failure.site, failure.site.statement
    windows = [
        node
        for node in ast.walk(site.scope())
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "window" and node.args
    ]
    value = statement.value if isinstance(statement, ast.Assign) else None
    source = value.func.value if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) else None
    named = isinstance(source, ast.Name) and len(windows) == 1 and statement is not None
    code = (
        f"{site.text(source)} = {site.text(source)}.flat_map(lambda window: window.batch({site.text(windows[0].args[0])}))"
        if named and source
        else ""
    )
    return Match(
        id="unsupported-data",
        title="A window of a dataset is used as a tensor, and is a dataset itself",
        why="dataset.window makes a dataset of its elements for each window.",
        difference="The function of a dataset is always traced, also where the program runs eagerly.",
        edits=site.before(statement, code) if code and statement is not None else (),
        advice="Make a tensor of each window first: dataset.flat_map(lambda window: window.batch(size)).",
    )


RULES: Final = (window_as_tensor, ragged, predicate, reduced_state, joined_datasets)
