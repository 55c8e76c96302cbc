"""What AutoGraph cannot turn into a graph, where that is known."""

from __future__ import annotations

import ast
import textwrap
from typing import Final

from tfmodetrace.insight.diagnoses import code as code_module
from tfmodetrace.insight.diagnoses import symbolic
from tfmodetrace.insight.diagnoses.base import Edits, Failure, Match
from tfmodetrace.log import error_table

_CONTROL_FLOW: Final = "autograph/operators/control_flow.py"


def exit_of_loop(failure: Failure) -> Match | None:
    """``break`` and ``return`` in a loop that cannot have them."""
    if not failure.is_a("NotImplementedError") or not _is_of(failure.core.origin, _CONTROL_FLOW):
        return None
    site = failure.site
    if failure.text.startswith("a return statement cannot be placed inside"):
        return Match(
            id="autograph-limitation",
            title="A loop of the graph has a `return` in it, and the function is to return something else after it, or nothing",
            advice="Give the result a name with a value of the same dtype and shape before the loop, set it in the loop, `break`, and "
            "return it after the loop.",
        )
    if not failure.text.startswith("break and return statements which depend on a TF condition"):
        return None
    return Match(
        id="autograph-limitation",
        title="A loop of Python's, which is unrolled while tracing, is to end by a condition on a tensor",
        edits=_counted_in_graph(site),
        advice="Make it a loop of the graph: `for i in tf.range(n)` in place of range(n), or a loop over a tensor in place of a list.",
    )


def _counted_in_graph(site: code_module.Site) -> Edits:
    """Counts with ``tf.range`` where the loop's variable is used for nothing, so that its type does not matter."""
    loop = site.statement
    if not isinstance(loop, ast.For) or not isinstance(loop.target, ast.Name) or not isinstance(loop.iter, ast.Call):
        return ()
    count, name = loop.iter.func, loop.target.id
    ranged = isinstance(count, ast.Name) and count.id == "range"
    used = any(isinstance(node, ast.Name) and node.id == name for part in loop.body for node in ast.walk(part))
    first_known = {name.id for name in ast.walk(site.scope()) if isinstance(name, ast.Name) and name.lineno < loop.lineno}
    made = {node.id for part in loop.body for node in ast.walk(part) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    returns = any(isinstance(node, ast.Return) for part in loop.body for node in ast.walk(part))
    if not ranged or used or returns or made - first_known:
        return ()
    return site.rewritten({count: "tf.range"})


def not_converted(failure: Failure) -> Match | None:
    """A condition or loop on a tensor in a function that AutoGraph has given up, or that has no source."""
    if not failure.is_a("OperatorNotAllowedInGraphError") or failure.mode != "tracing":
        return None
    given_up = next((raised for raised in failure.further if _is_of(raised.origin, "/autograph/") and raised.relation == "context"), None)
    site = failure.site
    if given_up is None or not _would_be_converted(site):
        return None
    refused = given_up.message if given_up.type.endswith("UnsupportedLanguageElementError") else ""
    edits: Edits = ()
    unknown = next((words for words in _UNKNOWN if words in refused), None)
    if unknown is not None:
        what, instead = _UNKNOWN[unknown]
        title, advice = f"AutoGraph does not know {what}, and has left the function as it is", f"{instead[0].upper()}{instead[1:]}."
        edits = _after_loop(site)
    elif "lambda" in refused:
        title = "There are several lambdas on the line, and AutoGraph cannot tell which one it is to convert"
        alone = sum(isinstance(node, ast.IfExp | ast.BoolOp) for node in site.expressions()) == 1
        edits, advice = symbolic.asked(site) if alone else (), "Write each lambda on a line of its own, or as a function with def."
    else:
        title = "AutoGraph could not convert the function, and has left it as it is"
        advice = "Write the function in simpler Python, without match and `:=`, or use tf.cond and tf.while_loop in it."
    return Match(id="autograph-limitation", title=title, edits=edits, advice=advice)


def _after_loop(site: code_module.Site) -> Edits:
    """Writes the else of a loop that nothing breaks out of, and which always runs therefore, after the loop."""
    loop = site.statement
    if not isinstance(loop, ast.For | ast.While) or not loop.orelse or any(isinstance(node, ast.Break) for node in ast.walk(loop)):
        return ()
    lines = textwrap.dedent(" " * loop.col_offset + site.text(loop)).split("\n")
    ends = (loop.body[-1].end_lineno or loop.lineno) - loop.lineno + 1
    begins = loop.orelse[0].lineno - loop.lineno
    if begins <= ends:
        return ()
    return site.replaced(loop, "\n".join([*lines[:ends], textwrap.dedent("\n".join(lines[begins:]))]))


_FLAG: Final = "set a flag in the loop, and ask it afterwards with `if`"
_UNKNOWN: Final = {
    "for/else": ("the else of a `for`", _FLAG),
    "while/else": ("the else of a `while`", _FLAG),
    "generators": ("`yield`", "write the tensors into a tf.TensorArray, or return a list of them"),
    "mangled names": ("names that begin with two underscores", "call it with one underscore"),
}
"""By what TensorFlow 2.20 and 2.21 say of them: each with its name, and what to write."""


def _would_be_converted(site: code_module.Site) -> bool:
    """Whether the line is of what AutoGraph converts, where it can."""
    if isinstance(site.statement, ast.If | ast.While | ast.For | ast.Match | ast.Assert):
        return True
    return any(
        isinstance(node, ast.IfExp | ast.BoolOp)
        or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))
        or (isinstance(node, ast.Compare) and len(node.ops) > 1)
        for node in site.expressions()
    )


def _is_of(origin: error_table.Frame | None, part: str) -> bool:
    return origin is not None and origin.owner == "tensorflow" and part in origin.file.replace("\\", "/")


def returns_no_tensors(failure: Failure) -> Match | None:
    """A function that is traced and returns what a graph has no place for."""
    if not failure.is_a("TypeError") or not failure.comes_from("tensorflow"):
        return None
    found = failure.search(r"^To be compatible with tf\.function, Python functions must return [\s\S]*found return value of type (\w+)")
    if found is None:
        return None
    kinds = {"generator": "a generator: it has a `yield` in it", "coroutine": "a coroutine: it is defined with async"}
    if found[1] in kinds:
        return Match(
            id="autograph-limitation",
            title=f"The function that was to be traced is {kinds[found[1]]}",
            advice="Let the function return its tensors, as a list or out of a tf.TensorArray; generators are for from_generator.",
        )
    return Match(
        id="unsupported-data",
        title=f"A function that was traced returns a {found[1]}, which is no tensor",
        advice="Return tensors, in tuples, lists and dicts as deep as you like, or make the class a tf.experimental.ExtensionType.",
    )


def lost_object(failure: Failure) -> Match | None:
    """A method of an object that is gone: graphs hold it weakly, and the line that calls it has made it only for that."""
    missing = failure.is_a("AttributeError") and failure.search(r"^'(?:NoneType|super)' object has no attribute '\w+'$")
    site, callers = failure.site, failure.stack[:-1]
    if not missing or failure.mode != "tracing" or site.method_of is None or site.function is None or not callers:
        return None
    outside = code_module.Site(callers[-1])
    called = [node for node in outside.walk() if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    made_there = any(
        isinstance(node.func, ast.Attribute) and node.func.attr == site.function.name and isinstance(node.func.value, ast.Call)
        for node in called
    )
    if not made_there:
        return None
    return Match(
        id="autograph-limitation",
        title=f"The {site.method_of.name} whose {site.function.name} is traced is gone: nothing but the call has held it",
        advice=f"Keep the object in a variable: obj = {site.method_of.name}(…), then obj.{site.function.name}(…).",
        place=callers[-1],
    )


def caught_in_graph(failure: Failure) -> Match | None:
    """An op that fails when the graph runs, in a ``try`` of Python's, which was over by then."""
    if not failure.is_op_error or not (failure.mode in ("graph", "xla") or failure.text.startswith("Graph execution error")):
        return None
    site = failure.site
    if site.statement is None or site.function is None:
        return None
    inside: ast.AST = site.statement
    for outer in site.around(site.statement):
        if outer is site.function:
            return None
        if isinstance(outer, ast.Try) and inside in outer.body and any(_catches(handler, failure) for handler in outer.handlers):
            break
        inside = outer
    else:
        return None
    kind = failure.core.type.rpartition(".")[2]
    return Match(
        id="autograph-limitation",
        title=f"`try` cannot catch {kind} here: the op fails when the graph runs, and not while it is traced",
        advice="Ask before whether the op may run, with tf.cond; loop over a dataset with `for`, which ends by itself; or catch the error "
        "where the function is called.",
    )


def _catches(handler: ast.ExceptHandler, failure: Failure) -> bool:
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(failure.is_a(name) or name in ("Exception", "BaseException") for name in (ast.unparse(k).rpartition(".")[2] for k in kinds))


def raised_in_branch(failure: Failure) -> Match | None:
    """A ``raise`` of the program's in a branch on a tensor: both branches are traced, so it always comes."""
    site, place = failure.site, failure.place
    statement = site.statement
    if failure.mode != "tracing" or not isinstance(statement, ast.Raise) or place is None or not place.in_branch:
        return None
    branch = site.parent(statement)
    negated = isinstance(branch, ast.If) and statement in branch.body and len(branch.body) == 1 and not branch.orelse
    edits: Edits = ()
    if isinstance(branch, ast.If) and negated and not isinstance(branch.test, ast.NamedExpr):
        raised = statement.exc.args[0] if isinstance(statement.exc, ast.Call) and statement.exc.args else None
        message = (
            site.text(raised) if isinstance(raised, ast.Constant) and isinstance(raised.value, str) else '"the condition does not hold"'
        )
        test = symbolic.condition(site, branch.test)
        edits = site.replaced(branch, f"tf.debugging.Assert(tf.logical_not({test}), [{message}])")
    return Match(
        id="autograph-limitation",
        title="`raise` in a branch on a tensor: both branches are traced, so that it is raised whatever the tensor's value is",
        edits=edits,
        advice="Check values when the graph runs, with tf.debugging.assert_positive and the like, or tf.debugging.Assert.",
    )


RULES: Final = (exit_of_loop, not_converted, returns_no_tensors, lost_object, raised_in_branch)
LAST: Final = (caught_in_graph,)
