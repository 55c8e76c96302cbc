"""Limits on tracing, and what to say when one is exceeded: every trace beyond it with its reason, and the fix."""

from __future__ import annotations

import collections
import dataclasses
import fnmatch
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from tfmodetrace.insight import answers, findings, reasons, units, whatif
from tfmodetrace.log import function_table, trace_table
from tfmodetrace.schema import words

_SHOWN: Final = 8

_ADVICE: Final[Mapping[words.ChangeKind, str]] = {
    "variable-creation": "A function that makes variables is traced twice by its first call: let it, or make the variables outside.",
    "shape": "Give {path} one shape, or let one graph serve several: tf.function(reduce_retracing=True), or an input_signature.",
    "rank": "Give {path} one rank.",
    "dtype": "Give {path} one dtype.",
    "python-value": "Pass {path} as a tensor, unless the function needs its value in Python.",
    "python-type": "Give {path} one type.",
    "tensor-vs-python": "Pass {path} as a tensor always.",
    "composite-spec": "Give {path} elements of one shape and dtype.",
    "object-identity": "Make the object that is passed as {path} once, and pass that one always.",
    "structure": "Give {path} one structure.",
    "new-function-object": "Make the function once, and call that one.",
}
"""What to do about a change of each kind, as far as that is known without more."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """A function that was traced more often than it may be.

    Attributes:
        function: The function.
        traces: How often it was traced.
        at_most: How often it may be.
        lines: Every trace beyond the limit, as far as they are shown, a line each.
        finding: The costliest finding about traces beyond the limit; ``None`` if there is none.
        reason: Why it was traced the first time that was too often.
    """

    function: function_table.Function
    traces: int
    at_most: int
    lines: tuple[str, ...]
    finding: findings.Finding | None
    reason: reasons.Reason

    @property
    def told(self) -> str:
        """What is wrong, without the function's name."""
        return f"was traced {self.traces} times, but may be traced at most {'once' if self.at_most == 1 else f'{self.at_most} times'}"

    @property
    def text(self) -> str:
        """Several lines that explain every trace beyond the limit and say what to do."""
        place = f" ({self.function.file}:{self.function.line})" if self.function.file else ""
        lines = [f"{self.function.name}{place} {self.told}.", *(f"  {line}" for line in self.lines)]
        if self.finding is not None:
            lines.append(f"Why: {self.finding.why}")
            lines.append(f"What to do: {self.finding.advice}")
            if self.finding.fix is not None:
                lines.append("Fix:")
                lines.extend(f"  {line}" for line in self.finding.fix.splitlines())
            if self.finding.what_if is not None:
                lines.append(whatif.told(self.finding.what_if.options))
        return "\n".join(lines)


def matches(function: function_table.Function, pattern: str | None) -> bool:
    """Whether a glob such as ``train_*`` or ``Model.call`` means a function: by its name, its qualified name or the last part of it."""
    return is_named(function.name, function.qualname, pattern)


def is_named(name: str, qualname: str, pattern: str | None) -> bool:
    """Whether a glob means a function of these names."""
    names = {name, qualname, qualname.rpartition(".")[2], qualname.rpartition("<locals>.")[2]}
    return pattern is None or any(fnmatch.fnmatchcase(each, pattern) for each in names)


def advice(reason: reasons.Reason) -> str:
    """Says what to do about a trace of which no finding tells."""
    for change in reason.changes:
        if change.kind in _ADVICE:
            return _ADVICE[change.kind].format(path=change.path)
    return "Look at what changed from one trace to the next, and pass it so that one trace serves."


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
    counted: dict[int, list[trace_table.Trace]] = collections.defaultdict(list)
    for trace in run.traces if traces is None else traces:
        counted[trace.function_id].append(trace)
    found = []
    for function_id, own in counted.items():
        traced, beyond = run.functions[function_id], own[at_most:]
        if beyond and matches(traced, function):
            numbers = {trace.trace_id for trace in beyond}
            found.append(
                Excess(
                    function=traced,
                    traces=len(own),
                    at_most=at_most,
                    lines=tuple(_beyond(beyond, told.reasons)),
                    finding=next((finding for finding in told.findings if numbers.intersection(finding.trace_ids)), None),
                    reason=told.reasons[beyond[0].trace_id],
                )
            )
    return found


def _beyond(traces: Sequence[trace_table.Trace], explained: Sequence[reasons.Reason]) -> Iterator[str]:
    for trace in traces[:_SHOWN]:
        reason = explained[trace.trace_id]
        took = "" if trace.duration_ns is None else f", {units.duration(trace.duration_ns)}"
        yield f"trace {trace.ordinal}{took}: {', '.join(reason.kinds)}: {reason.summary}"
    if len(traces) > _SHOWN:
        yield f"… and {len(traces) - _SHOWN} more"
