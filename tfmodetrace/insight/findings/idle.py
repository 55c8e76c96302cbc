"""The finding about graphs that do not depend on what they are given: an argument, or a gradient, that leads to nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tfmodetrace.insight import executions, fixes, places, sources, subtypes, units
from tfmodetrace.insight.findings import base
from tfmodetrace.log import function_table, graphs, trace_table
from tfmodetrace.schema import keys

CALLS: Final = 3
"""Executions from which on it matters."""

_GRADIENTS: Final = frozenset({"gradient", "jacobian", "batch_jacobian"})
_SUMMARY: Final = re.compile(r"\bsummary\.\w+\(")
_NO_WORK: Final = frozenset({"Const", "ReadVariableOp", "Placeholder", "NoOp"})
"""Types of ops that tell nothing: they are there, or run, whatever becomes of what is computed of them."""


def find(evidence: base.Evidence, told: Iterable[base.Draft]) -> Iterator[base.Draft]:
    """Yields the findings about what makes no difference.

    Args:
        evidence: The evidence.
        told: What else is told: where a body's results are known to be wrong, the cause of that is the one to tell.
    """
    wrong = {_place(evidence.run.functions[number]) for draft in told if draft.wrong for number in draft.functions}
    for function_id, traces in evidence.traces.items():
        function = evidence.run.functions[function_id]
        described = [trace for trace in traces if trace.graph is not None]
        if not described or not _is_executed(evidence, function):
            continue
        if fixes.is_users(function) and _place(function) not in wrong:
            yield from _arguments(evidence, function, described)
        yield from _gradients(evidence, function, described, wrong)


def _place(function: function_table.Function) -> tuple[str, int]:
    return function.file, function.line


def _is_executed(evidence: base.Evidence, function: function_table.Function) -> bool:
    if function.kind == "tf.data":  # of whose elements nobody knows how many there are
        return True
    return executions.of_function(evidence.run, evidence.rows_of, evidence.traces, function).executed >= CALLS


# --- Arguments ----------------------------------------------------------------------------------------------------------------------------


def _arguments(evidence: base.Evidence, function: function_table.Function, traces: base.Traces) -> Iterator[base.Draft]:
    idle = _idle_in_all(traces)
    tensors = _tensor_parameters(traces[-1])
    names = [parameter.name for parameter in function.parameters if parameter.name in idle and parameter.name in tensors]
    if not names:
        return
    computed = [name for name in names if idle[name] and not _is_for_another_branch(function, name, traces)]
    all_idle = set(tensors) <= set(idle)
    same = all(trace.graph is not None and trace.graph.always_the_same for trace in traces)
    instead = _taken_instead(function, names, traces) if all_idle and not computed else None
    if not computed and instead is None and not (all_idle and same and function.kind != "tf.data"):
        return
    if (function.kind == "tf.data" and not all_idle) or (computed and _writes_summaries(evidence, function)):
        return
    calls = evidence.calls_of[function.function_id]
    shown = base.listed(computed or names)
    at = _used_at(function, (computed or names)[0], traces)
    yield base.Draft(
        id="output-independent-of-input",
        functions=(function.function_id,),
        title=_title(function, traces, shown, calls if same and len(traces) == 1 else None)
        if all_idle
        else f"What {function.name} computes of {shown} leads to nothing",
        evidence={
            "arguments": computed or names,
            "of": sorted(tensors),
            "calls": calls,
            "computed_with": bool(computed),
            "always_the_same": same,
            "used_at": None if at is None else places.place(at.file, at.line),
            "taken_instead": instead,
            "changes_results": all_idle and (bool(computed) or instead is not None),
        },
        why=_why(function, shown, computed, instead, at),
        advice=_advice(function, shown, computed, instead, traces),
        cause="arguments",
        at=at,
        normal=not computed and instead is None,
        wrong=all_idle and (bool(computed) or instead is not None),
    )


def _title(function: function_table.Function, traces: base.Traces, shown: str, calls: int | None) -> str:
    if not _returns(traces):
        return f"{function.name} does nothing with {shown}: it returns nothing, and none of its ops has an effect that {shown} leads to"
    if calls:
        return f"{function.name} returned the same in each of {units.plural(calls, 'call')}, whatever {shown} held"
    return f"What {function.name} returns does not depend on the values of {shown}"


def _why(
    function: function_table.Function, shown: str, computed: Sequence[str], instead: str | None, at: function_table.Place | None
) -> str:
    if instead is not None:
        return (
            f"The body of {function.name} never uses {shown}. Its graph computes with a {instead} from outside, which it took when it was "
            f"traced; {shown} is one, too."
        )
    if not computed:
        return f"The graph of {function.name} has no op that computes with {shown}, and what it returns is made of constants."
    line = (
        "" if at is None else f" At {places.place(at.file, at.line)} the body computes with {shown}, but what comes out is used by nothing."
    )
    return f"In its graph no op leads from {shown} to what {function.name} returns or changes.{line} TensorFlow does not compute it."


def _advice(function: function_table.Function, shown: str, computed: Sequence[str], instead: str | None, traces: base.Traces) -> str:
    if instead is not None:
        return f"Use {shown} in the body of {function.name} in place of what it takes from outside, or leave it out of the parameters."
    if not computed:
        return f"Leave {shown} out if it is not needed; if the result was to be made of it, compute it in the body."
    if not _returns(traces):
        return f"Return what {function.name} computes of {shown}, or assign it to a tf.Variable."
    return f"Return or use what {function.name} computes of {shown}; if that is not wanted, leave it out."


def _returns(traces: base.Traces) -> bool:
    return traces[-1].outputs not in (None, "None")


def _idle_in_all(traces: base.Traces) -> dict[str, bool]:
    """The arguments that no trace needs, and whether one computes with them all the same."""
    found: dict[str, bool] | None = None
    for trace in traces:
        own = {} if trace.graph is None else {idle.name: idle.computed_with for idle in trace.graph.idle_arguments}
        found = own if found is None else {name: found[name] or own[name] for name in found if name in own}
    return found or {}


def _tensor_parameters(trace: trace_table.Trace) -> dict[str, keys.Node]:
    arguments = None if trace.key is None else trace.key.arguments
    pairs = () if arguments is None else zip(arguments.names, arguments.children, strict=False)
    return {name: child for name, child in pairs if _has_tensors(child)}


def _has_tensors(node: keys.Node) -> bool:
    return node.kind in subtypes.TENSORS or any(map(_has_tensors, node.children))


def _taken_instead(function: function_table.Function, names: Sequence[str], traces: base.Traces) -> str | None:
    """Returns the type of a tensor that a graph takes from outside, where the body names no argument and one is of that very type."""
    node = sources.definition(function)
    if node is None or _loads(node, names):
        return None
    trace = traces[-1]
    outside = {text for text in trace.captures if ":" not in text}
    for constant in () if trace.graph is None else trace.graph.large_constants:
        outside.add(f"{constant.dtype}[{', '.join(map(str, constant.shape))}]")
    for name, child in _tensor_parameters(trace).items():
        text = keys.render(child)
        if name in names and child.shape and None not in child.shape and text in outside:
            return text
    return None


def _loads(node: ast.AST, names: Sequence[str]) -> list[ast.Name]:
    return [part for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and part.id in names]


def _used_at(function: function_table.Function, name: str, traces: base.Traces) -> function_table.Place | None:
    """Finds the first line that computes with an argument."""
    node = sources.definition(function)
    lines = _lines(function.file, traces)
    for part in sorted(_loads(node, [name]) if node is not None else (), key=lambda part: part.lineno):
        line = part.lineno + function.line - 1
        if (function.file, line) in lines and lines[function.file, line].idle_ops:
            code = sources.lines_of(function, line, line)
            return function_table.Place(file=function.file, line=line, function=function.qualname, code=code)
    return None


def _lines(file: str, traces: base.Traces) -> dict[tuple[str, int], graphs.SourceLine]:
    """The lines of a file that have made ops outside of loops."""
    return {
        (line.file, line.line): line
        for trace in traces
        if trace.graph is not None
        for line in trace.graph.source_lines
        if line.file == file and not line.in_loop
    }


def _made_ops(function: function_table.Function, statements: Sequence[ast.AST], traces: base.Traces) -> bool:
    own = {line for _, line in _lines(function.file, traces)}
    own |= {line.own_line for trace in traces if trace.graph is not None for line in trace.graph.source_lines}
    shift = function.line - 1
    spans = (
        (part.lineno + shift, (part.end_lineno or part.lineno) + shift) for part in statements if isinstance(part, ast.stmt | ast.expr)
    )
    return any(first <= line <= last for first, last in spans for line in own)


def _is_for_another_branch(function: function_table.Function, name: str, traces: base.Traces) -> bool:
    """Whether what comes of a name is used in a branch of Python's that no trace took: whoever takes it needs that."""
    node = sources.definition(function)
    return node is None or _is_used_in_other_branches(function, node, {name}, traces)


def _writes_summaries(evidence: base.Evidence, function: function_table.Function) -> bool:
    """Whether a body, or one that it calls, makes summaries, which are no ops where there is no writer: that is how to switch them off."""
    own = (body.source for body in evidence.run.called_bodies if body.function_id == function.function_id)
    return any(_SUMMARY.search(source or "") for source in (function.source, *own))


def _is_used_in_other_branches(function: function_table.Function, node: ast.AST, names: set[str], traces: base.Traces) -> bool:
    known = 0
    while known != len(names):
        known = len(names)
        for part in ast.walk(node):
            if isinstance(part, ast.Assign | ast.AugAssign | ast.AnnAssign) and part.value is not None and _loads(part.value, list(names)):
                targets = part.targets if isinstance(part, ast.Assign) else [part.target]
                names |= {inner.id for target in targets for inner in ast.walk(target) if isinstance(inner, ast.Name)}
    for part in ast.walk(node):
        if isinstance(part, ast.If):
            branches = [list[ast.AST](part.body), list[ast.AST](part.orelse)]
        elif isinstance(part, ast.IfExp):
            branches = [list[ast.AST]([part.body]), list[ast.AST]([part.orelse])]
        else:
            continue
        for branch in branches:
            if any(_loads(each, list(names)) for each in branch) and not _made_ops(function, branch, traces):
                return True
    return False


# --- Gradients ----------------------------------------------------------------------------------------------------------------------------


def _gradients(
    evidence: base.Evidence, function: function_table.Function, traces: base.Traces, wrong: set[tuple[str, int]]
) -> Iterator[base.Draft]:
    """Finds gradients that are computed and used by nothing, in a body or in a function that was called while it was traced."""
    for owner in _owners(evidence, traces):
        node = sources.definition(owner)
        if node is None or _place(owner) in wrong or not fixes.is_users(owner):
            continue
        lines = _lines(owner.file, traces)
        for call in ast.walk(node):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in _GRADIENTS):
                continue
            first, last = call.lineno + owner.line - 1, (call.end_lineno or call.lineno) + owner.line - 1
            own = [line for (_, number), line in lines.items() if first <= number <= last]
            work = sum(line.ops - sum(line.op_types.get(kind, 0) for kind in _NO_WORK) for line in own)
            idle = sum(line.idle_ops for line in own)
            if not work or idle < work or _is_used_in_other_branches(owner, node, _targets(node, call), traces):
                continue
            if _is_used_in_other_graphs(evidence, owner.file, first, last):
                continue  # by another function that calls the same one, and has a use for them
            code = sources.lines_of(owner, first, first).strip()
            executed = executions.of_function(evidence.run, evidence.rows_of, evidence.traces, function).executed
            yield base.Draft(
                id="output-independent-of-input",
                functions=(owner.function_id,),
                title=f"The gradients that {owner.name} computes at {places.place(owner.file, first)} are used by nothing",
                evidence={
                    "code": code,
                    "place": places.place(owner.file, first),
                    "ops": idle,
                    "calls": executed,
                    "changes_results": True,
                },
                why=f"In the graph of {function.name} no op leads from these gradients to a variable, or to what it returns. TensorFlow "
                f"leaves their computing out: in {units.plural(executed, 'call')} nothing was learnt from them.",
                advice="Give the gradients to the optimizer's apply_gradients in the same function, or add them to tf.Variables with "
                "assign_add; a Python list or attribute keeps nothing from one run of the graph to the next.",
                cause=("gradients", first),
                at=function_table.Place(file=owner.file, line=first, function=owner.qualname, code=code),
                wrong=True,
            )


def _is_used_in_other_graphs(evidence: base.Evidence, file: str, first: int, last: int) -> bool:
    """Whether lines have made ops in some graph that lead to something there."""
    return any(
        line.in_loop or line.ops - sum(line.op_types.get(kind, 0) for kind in _NO_WORK) > line.idle_ops
        for trace in evidence.run.traces
        if trace.graph is not None
        for line in trace.graph.source_lines
        if line.file == file and first <= line.line <= last
    )


def _owners(evidence: base.Evidence, traces: base.Traces) -> list[function_table.Function]:
    """The functions, one of each definition, whose lines made ops that lead to nothing."""
    idle = {
        (line.file, line.line)
        for trace in traces
        if trace.graph is not None
        for line in trace.graph.source_lines
        if line.idle_ops and line.line and not line.in_loop
    }
    found: dict[tuple[str, int], function_table.Function] = {}
    for function in evidence.run.functions if idle else ():
        last = function.line + (function.source or "").count("\n")
        if any(file == function.file and function.line <= line <= last for file, line in idle):
            found.setdefault(_place(function), function)
    return list(found.values())


def _targets(node: ast.AST, call: ast.Call) -> set[str]:
    """The names that what a call returns is given to."""
    for part in ast.walk(node):
        if isinstance(part, ast.Assign) and any(inner is call for inner in ast.walk(part.value)):
            return {inner.id for target in part.targets for inner in ast.walk(target) if isinstance(inner, ast.Name)}
    return set()
