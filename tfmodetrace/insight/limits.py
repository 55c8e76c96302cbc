"""Limits on tracing, and what to say when one is exceeded: every trace beyond it with its reason, and the fix."""

from __future__ import annotations

import collections
import dataclasses
import fnmatch
from collections.abc import Iterable, Sequence
from typing import Final

from tfmodetrace.insight import answers, findings, reasons, units, whatif
from tfmodetrace.log import function_table, trace_table

_SHOWN: Final = 8


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """A function that was traced more often than it may be.

    Attributes:
        function: The function.
        traces: How often it was traced.
        at_most: How often it may be.
        text: Several lines that explain every trace beyond the limit and say what to do.
    """

    function: function_table.Function
    traces: int
    at_most: int
    text: str


def matches(function: function_table.Function, pattern: str | None) -> bool:
    """Whether a glob such as ``train_*`` or ``Model.call`` means a function: by its name, its qualified name or the last part of it."""
    if pattern is None:
        return True
    names = {function.name, function.qualname, function.qualname.rpartition(".")[2], function.qualname.rpartition("<locals>.")[2]}
    return any(fnmatch.fnmatchcase(name, pattern) for name in names)


def excesses(
    told: answers.Answers, *, at_most: int, function: str | None = None, traces: Iterable[trace_table.Trace] | None = None
) -> list[Excess]:
    """Finds the functions of a run that were traced more often than a limit.

    Args:
        told: The answers about the run.
        at_most: Traces that each function may have, counted as TensorFlow counts them.
        function: A glob; only functions that it matches are looked at.
        traces: The traces that count; all of the run if not given.
    """
    run = told.run
    by_function = {function_id: finding for finding in reversed(told.findings) for function_id in finding.function_ids}
    counted: dict[int, list[trace_table.Trace]] = collections.defaultdict(list)
    for trace in run.traces if traces is None else traces:
        counted[trace.function_id].append(trace)
    found = []
    for function_id, own in counted.items():
        traced = run.functions[function_id]
        if len(own) > at_most and matches(traced, function):
            text = _explain(traced, own, at_most, told.reasons, by_function.get(function_id))
            found.append(Excess(function=traced, traces=len(own), at_most=at_most, text=text))
    return found


def _explain(
    function: function_table.Function,
    traces: Sequence[trace_table.Trace],
    at_most: int,
    explained: Sequence[reasons.Reason],
    finding: findings.Finding | None,
) -> str:
    place = f" ({function.file}:{function.line})" if function.file else ""
    times = "once" if at_most == 1 else f"{at_most} times"
    lines = [f"{function.name}{place} was traced {len(traces)} times, but may be traced at most {times}."]
    beyond = traces[at_most:]
    for trace in beyond[:_SHOWN]:
        reason = explained[trace.trace_id]
        took = "" if trace.duration_ns is None else f", {units.duration(trace.duration_ns)}"
        lines.append(f"  trace {trace.ordinal}{took}: {', '.join(reason.kinds)}: {reason.summary}")
    if len(beyond) > _SHOWN:
        lines.append(f"  … and {len(beyond) - _SHOWN} more")
    if finding is not None:
        lines.append(f"Why: {finding.why}")
        lines.append(f"What to do: {finding.advice}")
        if finding.fix is not None:
            lines.append("Fix:")
            lines.extend(f"  {line}" for line in finding.fix.splitlines())
        if finding.what_if is not None:
            lines.append(whatif.told(finding.what_if.options))
    return "\n".join(lines)
