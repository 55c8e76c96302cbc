"""A run in a few numbers: what the page and the terminal say first."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from tfmodetrace.insight import causes, counts, failures, first_lines, reasons, repeated, times
from tfmodetrace.log import tracelog
from tfmodetrace.schema import words


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A run in a few numbers.

    Attributes:
        calls: The calls of all functions by mode.
        call_shares: Which part of the calls ran in each mode, from 0 to 1.
        traces: How many traces there are.
        retraces: How many of them are no function's first.
        retraced_functions: How many functions these belong to.
        repeated: The traces after the first of each definition, which may be of other functions that were made of the same lines.
        repeated_text: What these are in words, or that there are none.
        change_kinds: How many traces had which kind of change.
        failures: How many failures there are; one is an error of every call that it left, and counts once.
        functions_ns: The time in traced functions: how long each thread was in a recorded call or a trace, added up over the threads.
        tracing_ns: The part of it in which a thread was in a trace.
        running_ns: The rest of it.
        tracing_share_of_functions: ``tracing_ns`` as a part of ``functions_ns``, from 0 to 1; ``None`` if no call was recorded.
        first_lines: What is told first; ``None`` if no process is known.
    """

    calls: counts.CallCounts
    call_shares: Mapping[words.ModeWord, float]
    traces: int
    retraces: int
    retraced_functions: int
    repeated: repeated.Repeated
    repeated_text: str
    change_kinds: tuple[causes.KindCount, ...]
    failures: int
    functions_ns: int
    tracing_ns: int
    running_ns: int
    tracing_share_of_functions: float | None
    first_lines: first_lines.FirstLines | None


def of_run(
    run: tracelog.Run,
    call_counts: Sequence[counts.CallCounts],
    explained: Sequence[reasons.Reason],
    failed: Sequence[failures.FailureGroup],
    again: repeated.Repeated,
    first: first_lines.FirstLines | None,
) -> Summary:
    """Sums a run up.

    Args:
        run: The run.
        call_counts: The calls of its functions.
        explained: The reasons of its traces.
        failed: Its failures.
        again: Its repeated traces.
        first: What is told of it first.
    """
    calls = counts.added(call_counts)
    retraces = [trace.function_id for trace in run.traces if trace.ordinal > 1]
    functions_ns, tracing_ns = times.in_functions_ns(run), times.in_traces_ns(run)
    return Summary(
        calls=calls,
        call_shares=calls.shares,
        traces=len(run.traces),
        retraces=len(retraces),
        retraced_functions=len(set(retraces)),
        repeated=again,
        repeated_text=again.text or "none repeated",
        change_kinds=causes.count_kinds(explained),
        failures=sum(group.count for group in failed),
        functions_ns=functions_ns,
        tracing_ns=tracing_ns,
        running_ns=functions_ns - tracing_ns,
        tracing_share_of_functions=tracing_ns / functions_ns if len(run.calls) and functions_ns else None,
        first_lines=first,
    )
