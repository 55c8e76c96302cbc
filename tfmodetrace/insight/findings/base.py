"""What a finding is, and what its makers are given."""

from __future__ import annotations

import collections
import dataclasses
import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tfmodetrace.insight import compilations as compilations_module
from tfmodetrace.insight import reasons as reasons_module
from tfmodetrace.insight import whatif
from tfmodetrace.log import tables, tracelog
from tfmodetrace.schema import words

HIGH: Final = "high"
MEDIUM: Final = "medium"
LOW: Final = "low"
INFO: Final = "info"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A conclusion with evidence, a cause and a fix.

    Attributes:
        id: One of ``words.FINDING_IDS``.
        severity: How much it matters.
        function_id: The function it is about; ``None`` if it is about none.
        title: One line.
        evidence: Numbers and names it rests on.
        why: What causes it.
        fix: Code the user can paste, or a sentence where no code can be.
        lost_ns: Time that the fix would have saved; findings are ranked by it.
        what_if: Numbers of traces under each option; ``None`` where it is not about traces.
        trace_ids: The traces that the fix would have avoided.
    """

    id: words.FindingId
    severity: words.Severity
    function_id: int | None
    title: str
    evidence: Mapping[str, Any]
    why: str
    fix: str
    lost_ns: int
    what_if: whatif.WhatIf | None = None
    trace_ids: tuple[int, ...] = ()


class Evidence:
    """A run with its reasons, grouped as the makers of findings need them.

    Args:
        run: The run.
        reasons: Its traces' reasons, aligned with ``run.traces``.
        compilations: What XLA compiled, as far as profiles tell.
    """

    def __init__(
        self, run: tracelog.Run, reasons: Sequence[reasons_module.Reason], compilations: Sequence[compilations_module.Compilation] = ()
    ) -> None:
        self.run = run
        self.reasons = reasons
        self.compilations = compilations
        self._what_if: dict[int, whatif.WhatIf | None] = {}

    @functools.cached_property
    def traces(self) -> Mapping[int, Sequence[tables.Trace]]:
        """The traces of each function that has any, in order."""
        grouped: dict[int, list[tables.Trace]] = collections.defaultdict(list)
        for trace in self.run.traces:
            grouped[trace.function_id].append(trace)
        return grouped

    def caused_by(self, function_id: int, kinds: frozenset[words.ChangeKind]) -> list[tables.Trace]:
        """The traces of a function of whose changes all are of these kinds."""
        return [trace for trace in self.traces[function_id] if (own := self.reasons[trace.trace_id].kinds) and kinds.issuperset(own)]

    def paths(self, traces: Sequence[tables.Trace], kinds: frozenset[words.ChangeKind]) -> list[str]:
        """Where those traces changed, most often first."""
        counted = collections.Counter(
            change.path for trace in traces for change in self.reasons[trace.trace_id].changes if change.kind in kinds
        )
        return [path for path, _ in counted.most_common()]

    def most_variants(self, traces: Sequence[tables.Trace], kinds: frozenset[words.ChangeKind]) -> int:
        """How many different things those traces saw in the one place that varied most."""
        variants: dict[str, set[str]] = collections.defaultdict(set)
        for trace in traces:
            for change in self.reasons[trace.trace_id].changes:
                if change.kind in kinds:
                    variants[change.path] |= {change.before, change.after}
        return max(map(len, variants.values()), default=0)

    def is_in_another(self, function: tables.Function, file: str, line: int) -> bool:
        """Whether a line is part of another recorded function's definition, whose own findings tell of it."""
        own = (function.file, function.line)
        return any(
            first <= line < end and (file, first) != own and not (file == own[0] and own[1] >= first)
            for first, end in self._definitions.get(file, ())
        )

    @functools.cached_property
    def _definitions(self) -> Mapping[str, Sequence[tuple[int, int]]]:
        """The lines of every traced definition whose text is known, by file."""
        found: dict[str, set[tuple[int, int]]] = collections.defaultdict(set)
        for function_id in self.traces:
            function = self.run.functions[function_id]
            if function.source:
                found[function.file].add((function.line, function.line + function.source.count("\n") + 1))
        return {file: sorted(definitions) for file, definitions in found.items()}

    def what_if(self, function_id: int) -> whatif.WhatIf | None:
        """How many traces other ways of writing a function would have left."""
        if function_id not in self._what_if:
            options = self.run.functions[function_id].tf_function
            reduces = bool(options and options.reduce_retracing)
            self._what_if[function_id] = whatif.simulate(self.traces[function_id], reduces_retracing=reduces)
        return self._what_if[function_id]


def ids(traces: Iterable[tables.Trace]) -> tuple[int, ...]:
    """The numbers of traces."""
    return tuple(trace.trace_id for trace in traces)


def tracing_ns(traces: Sequence[tables.Trace]) -> int:
    """The time traces took together, as far as it is known."""
    return sum(trace.duration_ns or 0 for trace in traces)
