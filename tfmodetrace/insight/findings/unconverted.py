"""The finding about Python that AutoGraph has not made a part of the graph, and that failed for it."""

from __future__ import annotations

import ast
import collections
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from tfmodetrace.insight import diagnoses, edits, places, sources
from tfmodetrace.insight.diagnoses import code
from tfmodetrace.insight.findings import base
from tfmodetrace.log import error_table, function_table

ORDER: Final = 29
"""Before what tells of failed traces only that they failed."""

_ASKS_FOR_VALUES: Final = frozenset({"symbolic-bool", "symbolic-iteration"})
"""Failures that AutoGraph is there to avoid."""


_ADDRESS: Final = re.compile(r" at 0x[0-9a-f]+")


class _Cause(NamedTuple):
    """Why a function was not converted.

    Attributes:
        kind: ``option``, ``decorator``, ``generator`` or ``failed``.
        name: The function.
        line: Where it is defined; 0 if not known.
        why: Why it was not, to follow its name in a sentence.
        advice: What to do.
    """

    kind: str
    name: str
    line: int
    why: str
    advice: str


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields the bodies that AutoGraph left as they are, where a trace failed for it."""
    failures: dict[tuple[str, int], list[tuple[error_table.Error, _Cause]]] = collections.defaultdict(list)
    for error in evidence.run.errors:
        cause = of_error(evidence, error)
        if cause is not None:
            failures[error.stack[-1].file, error.stack[-1].line].append((error, cause))
    for (file, line), found in failures.items():
        yield _draft(evidence, file, line, found)


def of_error(evidence: base.Evidence, error: error_table.Error) -> _Cause | None:
    """Returns why a failed trace failed, if that is because AutoGraph has not converted the function that raised."""
    function = evidence.run.functions[error.function_id]
    if error.mode != "tracing" or function.kind != "tf.function" or not error.stack:
        return None
    frame = error.stack[-1]
    if diagnoses.diagnose(error, function).id not in _ASKS_FOR_VALUES or not _can_be_converted(frame):
        return None
    name = frame.function
    for left in evidence.run.left_alone:
        if left.file == frame.file and left.name.rpartition(".")[2] == name and left.line <= frame.line:
            return _Cause(
                "failed", name, left.line, f"AutoGraph could not convert {name}: {_sentence(left.cause)}", _instead(left.cause, name)
            )
    decorated = code.Site(frame).function
    if decorated is not None and any("do_not_convert" in ast.unparse(each) for each in decorated.decorator_list):
        return _Cause(
            "decorator",
            name,
            0,
            f"{name} is decorated with do_not_convert, so that AutoGraph leaves its statements to Python",
            f"Take do_not_convert away from {name}, or write what it decides with tf.cond, tf.where or tf.while_loop.",
        )
    if decorated is not None and _yields(decorated):
        return _Cause(
            "generator",
            name,
            0,
            f"{name} is a generator, which AutoGraph leaves to Python",
            f"Return a list from {name} instead of yielding, or write what it decides with tf.cond, tf.where or tf.while_loop.",
        )
    if function.tf_function is not None and not function.tf_function.autograph:
        return _Cause(
            "option",
            name,
            0,
            f"{function.name} was made with autograph=False, so that AutoGraph leaves its statements to Python",
            f"Leave autograph=False away where {function.name} is made, or write what it decides with tf.cond, tf.where or tf.while_loop.",
        )
    return None


def _can_be_converted(frame: error_table.Frame) -> bool:
    """Whether the statement is one that AutoGraph makes a part of the graph: not what lies in a comprehension or a lambda."""
    site = code.Site(frame)
    statement = site.statement
    if isinstance(statement, ast.If | ast.While | ast.For | ast.Assert):
        return True
    if statement is None:
        return False
    parts = site.expressions()
    inner = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, *(() if frame.function == "<lambda>" else (ast.Lambda,)))
    wanted = (ast.IfExp, ast.BoolOp)
    return any(isinstance(part, wanted) for part in parts) and not any(isinstance(part, inner) for part in parts)


def _yields(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(part, ast.Yield | ast.YieldFrom) for each in function.body for part in ast.walk(each))


def _sentence(cause: str) -> str:
    first = _ADDRESS.sub("", cause.strip().partition("\n")[0].partition(". ")[0].strip().rstrip("."))
    return first if len(first) <= 160 else f"{first[:157]}…"


def _instead(cause: str, name: str) -> str:
    if name == "<lambda>":
        return "Write the lambda as a function of its own, with def."
    if "source" in cause.lower():
        return (
            f"Put {name} into a file that Python imports, where AutoGraph can read its source; or write what it decides with tf.cond or "
            "tf.where."
        )
    return f"Take what AutoGraph cannot convert out of {name}, or write what it decides with tf.cond, tf.where or tf.while_loop."


def _draft(evidence: base.Evidence, file: str, line: int, found: Sequence[tuple[error_table.Error, _Cause]]) -> base.Draft:
    errors = [error for error, _ in found]
    error, cause = found[-1]
    function = evidence.run.functions[error.function_id]
    frame = error.stack[-1]
    rows = evidence.attribution.error_rows[[each.error_id for each in errors]]
    diagnosis = diagnoses.diagnose(error, function)
    return base.Draft(
        id="autograph-not-applied",
        functions=tuple(dict.fromkeys(each.function_id for each in errors)),
        title=f"AutoGraph was not applied to {cause.name}: line {line} asks Python for a tensor's value",
        evidence={
            "errors": len(errors),
            "reason": cause.kind,
            "place": places.place(file, line),
            "code": frame.code,
            "diagnosis": diagnosis.id,
        },
        why=f"{cause.why}. `{frame.code.rstrip(':')}` then needs a value while the function is traced, when there is none yet.",
        advice=cause.advice,
        edits=_edits(cause, diagnosis),
        cause=(file, line),
        claims=(base.Claim(rows=rows[rows >= 0]),),
        order=ORDER,
        names=_names(frame),
        at=function_table.Place(file=file, line=line, function=frame.function, code=frame.code),
    )


def _edits(cause: _Cause, diagnosis: diagnoses.Diagnosis) -> tuple[edits.Edit, ...]:
    """Takes the diagnosis's edits, where these are about the cause: they leave ``autograph=False`` away."""
    return diagnosis.edits if cause.kind == "option" else ()


def _names(frame: error_table.Frame) -> frozenset[str]:
    return sources.free_names(frame.source) or frozenset() if frame.source else frozenset()
