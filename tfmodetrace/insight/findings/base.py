"""What a finding is, what its makers are given, and what they make."""

from __future__ import annotations

import collections
import dataclasses
import functools
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import attribution as attribution_module
from tfmodetrace.insight import (
    budget,
    called_bodies,
    definitions,
    edits,
    first_calls,
    python_uses,
    sources,
    static_sizes,
    surroundings,
    varying,
    verified,
    whatif,
)
from tfmodetrace.insight import comparisons as comparisons_module
from tfmodetrace.insight import compilations as compilations_module
from tfmodetrace.insight import eager as eager_module
from tfmodetrace.insight import keras_phases as keras_phases_module
from tfmodetrace.insight import reasons as reasons_module
from tfmodetrace.insight import reuse as reuse_module
from tfmodetrace.insight import workers as workers_module
from tfmodetrace.log import call_columns, function_table, trace_table, tracelog
from tfmodetrace.schema import words

Rows = npt.NDArray[np.int64]
Traces = Sequence[trace_table.Trace]


_NUMBERS: Final = {"int": python_uses.WHOLE, "float": "float32"}
"""What numbers of Python's stand for where tensors are calculated with them."""

_FILES: Final = (".py", ".ipynb")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A conclusion with evidence, a cause and a fix.

    Attributes:
        id: What it is.
        severity: How much it matters.
        function_id: The function it is about, the last of several; ``None`` if it is about none.
        function_ids: All functions that it is about.
        definition_id: The definition that these were made from, or that most of them were; ``None`` if it is about none.
        title: One line.
        evidence: Numbers and names it rests on.
        why: What causes it.
        advice: What to do, in a sentence.
        fix: Code the user can paste, each piece with where it goes; ``None`` if no code can be given.
        edits: The same as changes to the user's files; none likewise.
        lost_ns: The wall time that would have been saved; findings are ranked by it.
        share: The part of its process's wall time that this is.
        verified: What came of it when the fix was tried; ``None`` if it was not.
        what_if: Numbers of traces under each option; ``None`` where it is not about traces.
        trace_ids: The traces that the fix would have avoided.
        at: The user's line to look at, where that is not the function's definition.
        about: What tells it from other findings of its id and definition, such as the arguments that it is about; the same in every run.
    """

    id: words.FindingId
    severity: words.Severity
    function_id: int | None
    function_ids: tuple[int, ...]
    definition_id: int | None
    title: str
    evidence: Mapping[str, Any]
    why: str
    advice: str
    fix: str | None
    edits: tuple[edits.Edit, ...]
    lost_ns: int
    share: float
    verified: verified.Verified | None = None
    what_if: whatif.WhatIf | None = None
    trace_ids: tuple[int, ...] = ()
    at: function_table.Place | None = None
    about: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Claim:
    """Wall time that a finding takes for its own, so that none other does.

    Attributes:
        traces: Traces with the first runs of their graphs.
        rows: Calls, by row, from beginning to end.
        times: When samples found a thread at it, by thread id: when each of these times begins, and when it ends.
        needed_ns: What of the claimed time would be needed all the same.
        saved: Which part of the rest would be saved.
    """

    traces: tuple[int, ...] = ()
    rows: Rows = dataclasses.field(default_factory=lambda: np.empty(0, dtype=np.int64))
    times: Mapping[int, tuple[Rows, Rows]] = dataclasses.field(default_factory=dict)
    needed_ns: int = 0
    saved: float = 1.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A finding before its cost is known: see :class:`Finding` for what both have.

    Attributes:
        functions: The functions that it is about.
        cause: What tells it from other findings of its id and definition; drafts of one cause become one finding.
        across_definitions: Whether drafts of that cause become one finding also where their definitions differ.
        claims: What it costs.
        order: Findings of a lower order take their time first: who knows the cause better comes first.
        normal: Whether nobody has to mend it, whatever it costs.
        wrong: Whether results are wrong because of it.
        edits: The fix; it is left out where it is no Python, or names what is not known at its place.
        names: Names that are known at the place where the fix goes, beside those of the functions' sources and of what it replaces.
        process: The process that it is about, where it is about no function.
        at: The user's line to look at, where that is not the function's definition.
    """

    id: words.FindingId
    functions: tuple[int, ...]
    title: str
    evidence: Mapping[str, Any]
    why: str
    advice: str
    edits: tuple[edits.Edit, ...] = ()
    what_if: whatif.WhatIf | None = None
    cause: Hashable = None
    across_definitions: bool = False
    claims: tuple[Claim, ...] = ()
    order: int = 50
    normal: bool = False
    wrong: bool = False
    names: frozenset[str] = frozenset()
    process: int = 0
    at: function_table.Place | None = None

    @property
    def traces(self) -> tuple[int, ...]:
        """The traces that it claims."""
        return tuple(dict.fromkeys(number for claim in self.claims for number in claim.traces))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evidence:
    """A run with the answers that findings rest on, grouped as their makers need them.

    Attributes:
        run: The run.
        reasons: Its traces' reasons, aligned with ``run.traces``.
        attribution: What belongs to its calls.
        first_calls: What its first calls cost.
        budgets: Its wall times.
        eager: Where its eager time was.
        definitions: Its functions, folded.
        reuse: How often each function's traces ran again.
        keras: What Keras's fit, evaluate and predict did with their time.
        compilations: What XLA compiled, as far as profiles tell.
        comparisons: Functions that were run in several modes.
        workers: Its workers one beside the other; ``None`` if there are not several.
    """

    run: tracelog.Run
    reasons: Sequence[reasons_module.Reason]
    attribution: attribution_module.Attribution
    first_calls: first_calls.FirstCalls
    budgets: budget.Budgets
    eager: eager_module.EagerTime
    definitions: definitions.Definitions
    reuse: Sequence[reuse_module.Reuse]
    keras: Sequence[keras_phases_module.KerasCall] = ()
    compilations: Sequence[compilations_module.Compilation] = ()
    comparisons: Sequence[comparisons_module.ComparisonInfo] = ()
    workers: workers_module.Workers | None = None

    @functools.cached_property
    def traces(self) -> Mapping[int, Sequence[trace_table.Trace]]:
        """The traces of each function that has any, in order."""
        grouped: dict[int, list[trace_table.Trace]] = collections.defaultdict(list)
        for trace in self.run.traces:
            grouped[trace.function_id].append(trace)
        return grouped

    @functools.cached_property
    def places(self) -> frozenset[tuple[str, int]]:
        """Where the recorded functions are defined."""
        return frozenset((function.file, function.line) for function in self.run.functions)

    @functools.cached_property
    def texts(self) -> Mapping[str, surroundings.Surroundings]:
        """The user's files that are known whole, by their names."""
        known = {
            each.file: function_table.Around(file=each.file, line=1, text=each.source)
            for each in self.run.samples.definitions
            if each.qualname == "<module>" and each.source and not each.source_truncated and each.line == 1
        }
        told = [*(trace.called_around for trace in self.run.traces), *(function.made_around for function in self.run.functions)]
        known |= {each.file: each for each in told if each is not None and each.line == 1}
        return {file: around for file, each in known.items() if (around := surroundings.read(each)) is not None}

    @functools.cached_property
    def calls_of(self) -> Sequence[int]:
        """How many calls each function has, by function id."""
        counts: list[int] = np.bincount(self.run.calls.function_id, minlength=len(self.run.functions)).tolist()
        return counts

    def rows_of(self, function_id: int) -> Rows:
        """The rows of a function's calls, ascending."""
        return self._rows.get(function_id, np.empty(0, dtype=np.int64))

    @functools.cached_property
    def _rows(self) -> Mapping[int, Rows]:
        return dict(call_columns.rows_by_group(self.run.calls.function_id))

    def wall_ns(self, process: int) -> int:
        """The wall time of a process; 0 if it is not known."""
        return self.budgets.wall_ns.get(process, 0)

    def caused_by(self, function_id: int, kinds: frozenset[words.ChangeKind]) -> list[trace_table.Trace]:
        """The traces of a function of whose changes all are of these kinds."""
        return [trace for trace in self.traces[function_id] if (own := self.reasons[trace.trace_id].kinds) and kinds.issuperset(own)]

    def paths(self, traces: Sequence[trace_table.Trace], kinds: frozenset[words.ChangeKind]) -> list[str]:
        """Where those traces changed, most often first."""
        counted = collections.Counter(
            change.path for trace in traces for change in self.reasons[trace.trace_id].changes if change.kind in kinds
        )
        return [path for path, _ in counted.most_common()]

    def most_variants(self, traces: Sequence[trace_table.Trace], kinds: frozenset[words.ChangeKind]) -> int:
        """How many different things those traces saw in the one place that varied most."""
        variants: dict[str, set[str]] = collections.defaultdict(set)
        for trace in traces:
            for change in self.reasons[trace.trace_id].changes:
                if change.kind in kinds:
                    variants[change.path] |= {change.before, change.after}
        return max(map(len, variants.values()), default=0)

    def inside(self, rows: Rows, functions: Sequence[int]) -> npt.NDArray[np.bool_]:
        """Which of some calls were made, at any depth, in calls of some functions."""
        calls = self.run.calls
        found = np.zeros(len(rows), dtype=np.bool_)
        at = calls.parent_rows[rows]
        while (at >= 0).any():
            found |= (at >= 0) & np.isin(calls.function_id[at], functions)
            at = np.where(at >= 0, calls.parent_rows[at], -1)
        return found

    def is_in_another(self, function: function_table.Function, file: str, line: int) -> bool:
        """Whether a line is part of another recorded function's definition, whose own findings tell of it."""
        own = (function.file, function.line)
        return any(
            first <= line < end and (file, first) != own and not (file == own[0] and own[1] >= first)
            for first, end in self._lines.get(file, ())
        )

    @functools.cached_property
    def _lines(self) -> Mapping[str, Sequence[tuple[int, int]]]:
        """The lines of every traced definition whose text is known, by file."""
        found: dict[str, set[tuple[int, int]]] = collections.defaultdict(set)
        for function_id in self.traces:
            function = self.run.functions[function_id]
            if function.source:
                found[function.file].add((function.line, function.line + function.source.count("\n") + 1))
        return {file: sorted(lines) for file, lines in found.items()}

    @functools.cached_property
    def _size_uses(self) -> dict[int, static_sizes.Use | None]:
        return {}

    @functools.cached_property
    def _what_if(self) -> dict[tuple[int, frozenset[str]], whatif.WhatIf | None]:
        return {}

    def what_if(self, function_id: int, python: Collection[str] = ()) -> whatif.WhatIf | None:
        """How many traces other ways of writing a function would have left; ``python`` as in ``whatif.simulate``."""
        key = (function_id, frozenset(python))
        if key not in self._what_if:
            options = self.run.functions[function_id].tf_function
            reduces = bool(options and options.reduce_retracing)
            dtypes = self._dtypes(function_id, python)
            unknown = {path for path, dtype in dtypes.items() if dtype == python_uses.UNKNOWN}
            simulated = whatif.simulate(
                self.traces[function_id], reduces_retracing=reduces, python=frozenset(python) | unknown, dtypes=dtypes
            )
            if simulated is not None and self.size_use(function_id) is not None:
                # A graph that serves all sizes has no number there.
                simulated = dataclasses.replace(simulated, reduce_retracing=None, input_signature=None, signature=None)
            self._what_if[key] = simulated
        return self._what_if[key]

    @functools.cached_property
    def _bodies(self) -> called_bodies.CalledBodies:
        return called_bodies.CalledBodies(self.run.called_bodies, self.run.functions)

    def python_use(self, function: function_table.Function, path: str) -> str | None:
        """Returns the code that needs a value in Python, in a function or in those that it hands the value on to."""
        return python_uses.use(function, path, self._bodies)

    def size_use(self, function_id: int) -> static_sizes.Use | None:
        """Returns where a function needs a size in Python in which its traces differ; ``None`` if it is not known to."""
        if function_id not in self._size_uses:
            tensors = static_sizes.varying_in([trace.key.arguments for trace in self.traces[function_id] if trace.key is not None])
            self._size_uses[function_id] = static_sizes.use(self.run.functions[function_id], tensors, self._bodies)
        return self._size_uses[function_id]

    def _dtypes(self, function_id: int, python: Collection[str]) -> dict[str, str]:
        """What tensors in the place of a function's numbers have to be; of floating numbers only where it is known to be something else."""
        arguments = [trace.key.arguments for trace in self.traces[function_id] if trace.key is not None]
        if not arguments:
            return {}
        tensors = {
            leaf.path: leaf.node.dtype or _NUMBERS[leaf.node.type_name]
            for name, child in zip(arguments[0].names, arguments[0].children, strict=False)
            for leaf in varying.leaves(child, name)
            if leaf.node.dtype or leaf.node.type_name in _NUMBERS
        }
        found = {}
        for path, value in varying.values(arguments, but=python).items():
            if value.shape == () and value.dtype in ("int32", "float32") and not value.sometimes_tensor:
                met = python_uses.dtype_met(self.run.functions[function_id], path, tensors, self._bodies)
                if met is not None and (value.dtype == "int32" or met != python_uses.UNKNOWN):
                    found[path] = met
        return found

    def is_healthy(self, function_id: int) -> bool:
        """Whether each trace of a function served so many calls that nobody has to mend it."""
        return self.reuse[function_id].healthy

    def names_in(self, functions: Iterable[int]) -> frozenset[str]:
        """The names in the sources of functions."""
        return frozenset().union(*(sources.names_in(self.run.functions[number]) for number in functions))


def named_in(cause: Hashable) -> tuple[str, ...]:
    """Returns the names in a draft's cause: arguments and texts, without files and numbers, which are others after any edit."""
    if isinstance(cause, tuple):
        return tuple(name for part in cause for name in named_in(part))
    is_file = isinstance(cause, str) and (cause.endswith(_FILES) or "/" in cause or "\\" in cause)
    return (cause,) if isinstance(cause, str) and not is_file else ()


def ids(traces: Iterable[trace_table.Trace]) -> tuple[int, ...]:
    """The numbers of traces."""
    return tuple(trace.trace_id for trace in traces)


def tracing_ns(traces: Sequence[trace_table.Trace]) -> int:
    """The time traces took together, as far as it is known."""
    return sum(trace.duration_ns or 0 for trace in traces)


def listed(names: Sequence[str]) -> str:
    """Writes names as a list: the first three, and that there are others."""
    return ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")


def all_listed(names: Sequence[str]) -> str:
    """Writes all names: ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def times(count: int) -> str:
    """Writes how often: ``once``, ``3 times``."""
    return "once" if count == 1 else f"{count:,} times"
