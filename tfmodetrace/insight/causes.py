"""What the retraces of each function come from."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Mapping, Sequence

from tfmodetrace.insight import reasons
from tfmodetrace.log import tracelog
from tfmodetrace.schema import words


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The retraces of a function in which the same kinds of things had changed.

    Attributes:
        kinds: What had changed.
        retraces: How many there are.
        tracing_ns: How long they took together, as far as that is known.
    """

    kinds: tuple[words.ChangeKind, ...]
    retraces: int
    tracing_ns: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class KindCount:
    """How many traces had a kind of change among others."""

    kind: words.ChangeKind
    traces: int


def by_function(run: tracelog.Run, explained: Sequence[reasons.Reason]) -> Mapping[int, tuple[Cause, ...]]:
    """Groups the retraces of every function that has any, the cause that took most time first.

    Args:
        run: The run.
        explained: The reasons of its traces.
    """
    counts: dict[tuple[int, tuple[words.ChangeKind, ...]], list[int]] = collections.defaultdict(lambda: [0, 0])
    for trace, reason in zip(run.traces, explained, strict=True):
        if trace.ordinal > 1:
            count = counts[trace.function_id, reason.kinds]
            count[0] += 1
            count[1] += trace.duration_ns or 0
    found: dict[int, list[Cause]] = collections.defaultdict(list)
    for (function_id, kinds), (retraces, tracing_ns) in counts.items():
        found[function_id].append(Cause(kinds=kinds, retraces=retraces, tracing_ns=tracing_ns))
    return {function_id: tuple(sorted(own, key=lambda cause: (-cause.tracing_ns, cause.kinds))) for function_id, own in found.items()}


def count_kinds(explained: Sequence[reasons.Reason]) -> tuple[KindCount, ...]:
    """Counts the traces that had each kind of change, the most frequent first."""
    counts = collections.Counter(kind for reason in explained for kind in reason.kinds)
    return tuple(KindCount(kind=kind, traces=traces) for kind, traces in sorted(counts.items(), key=lambda item: (-item[1], item[0])))
