"""Eager time by definition, line and op, as samples tell: of code that nobody has decorated, too."""

from __future__ import annotations

import collections
import dataclasses
import functools
from collections.abc import Mapping
from typing import Final

import numpy as np

from tfmodetrace.insight import budget, samples, sources
from tfmodetrace.log import function_table, tracelog
from tfmodetrace.log import samples as log_samples

MAX_DEFINITIONS: Final = 100
"""Definitions that are told of at most."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A time that samples tell.

    Attributes:
        ns: How long.
        plus_minus_ns: By how much that may be wrong; see ``samples``.
        samples: How many samples it rests on.
    """

    ns: int
    plus_minus_ns: int
    samples: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The eager time of a line; ``code`` is its text, empty if that is not known."""

    line: int
    code: str
    spent: Spent


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EagerDefinition:
    """A definition of the user's that ran eager ops.

    Attributes:
        definition: The definition.
        thread_id: The thread that spent most eager time in it, of which all times are.
        eager: Its eager time.
        whole: All the time in it that samples split: eager ops, other Python, input, waiting.
        share: ``eager`` as a part of the wall time.
        lines: The eager time by line, the longest first.
        ops: The same by op, by its function's name in TensorFlow's Python; what lies around ops is in none.
        function: The recorded function that it is the definition of; ``None`` if it is of none.
        calls: How many calls that has; ``None`` likewise.
    """

    definition: log_samples.Definition
    thread_id: int
    eager: Spent
    whole: Spent
    share: float
    lines: tuple[Line, ...]
    ops: tuple[tuple[str, Spent], ...]
    function: function_table.Function | None
    calls: int | None


def as_function(definition: log_samples.Definition) -> function_table.Function:
    """Returns a sampled definition in the form in which sources are read; of a script, from its first line on."""
    name = definition.qualname.rpartition(".")[2]
    return function_table.Function(
        function_id=-1,
        name=name,
        qualname=definition.qualname,
        module="",
        file=definition.file,
        line=1 if name == "<module>" else definition.line,
        kind="function",
        process=definition.process,
        definition_id=-1,
        instance=0,
        source=definition.source,
        source_truncated=definition.source_truncated,
    )


class EagerTime:
    """Answers where a run's eager time was. Each answer is computed when it is first asked for; one object a run is enough."""

    def __init__(self, run: tracelog.Run, budgets: budget.Budgets) -> None:
        """Takes the run and its budgets; neither is copied."""
        self._run = run
        self._budgets = budgets

    @functools.cached_property
    def definitions(self) -> tuple[EagerDefinition, ...]:
        """The definitions that ran eager ops, those that took most time first."""
        most: dict[int, tuple[float, int]] = {}
        for thread_id, split in self._budgets.splits.items():
            eager = split.is_part("eager-ops")
            ids = self.definition_ids[split.rows]
            sums = np.bincount(ids[eager & (ids >= 0)], weights=split.ns[eager & (ids >= 0)])
            for number in np.flatnonzero(sums).tolist():
                most[number] = max(most.get(number, (0.0, -1)), (float(sums[number]), thread_id))
        found = sorted(most.items(), key=lambda item: -item[1][0])[:MAX_DEFINITIONS]
        return tuple(self._definition(number, thread_id) for number, (_, thread_id) in found)

    @functools.cached_property
    def definition_ids(self) -> samples.Ints:
        """The sampled definition of each sample, by row; -1 for none."""
        by_place = [-1 if place.definition_id is None else place.definition_id for place in self._run.samples.places]
        return np.array(by_place, dtype=np.int64)[self._run.samples.place_id]

    @functools.cached_property
    def line_numbers(self) -> samples.Ints:
        """The line of each sample, by row."""
        return np.array([place.line for place in self._run.samples.places], dtype=np.int64)[self._run.samples.place_id]

    @functools.cached_property
    def _functions(self) -> Mapping[tuple[int, str, int], function_table.Function]:
        """The first recorded function of each place."""
        return {(function.process, function.file, function.line): function for function in reversed(self._run.functions) if function.file}

    @functools.cached_property
    def _calls(self) -> collections.Counter[int]:
        """Calls by definition."""
        counts = np.bincount(self._run.calls.function_id, minlength=len(self._run.functions)).tolist()
        counted: collections.Counter[int] = collections.Counter()
        for function in self._run.functions:
            counted[function.definition_id] += counts[function.function_id]
        return counted

    def function_of(self, definition: log_samples.Definition) -> function_table.Function | None:
        """Returns the first recorded function that was made from a sampled definition."""
        return self._functions.get((definition.process, definition.file, definition.line))

    def _definition(self, number: int, thread_id: int) -> EagerDefinition:
        split = self._budgets.splits[thread_id]
        own = self.definition_ids[split.rows] == number
        eager = own & split.is_part("eager-ops")
        definition = self._run.samples.definitions[number]
        lines, places = self.line_numbers[split.rows], self._run.samples.place_id[split.rows]
        ops = [self._run.samples.places[place].op for place in places[eager].tolist()]
        named = np.full(len(own), "", dtype=object)
        named[eager] = ops
        function = self.function_of(definition)
        text = sources.numbered_lines(as_function(definition))
        by_line = [
            Line(line=line, code=text.get(line, "").strip(), spent=spent_in(split, eager & (lines == line)))
            for line in np.unique(lines[eager]).tolist()
        ]
        by_op = [(op, spent_in(split, eager & (named == op))) for op in dict.fromkeys(filter(None, ops))]
        spent = spent_in(split, eager)
        wall_ns = self._budgets.wall_ns[definition.process]
        return EagerDefinition(
            definition=definition,
            thread_id=thread_id,
            eager=spent,
            whole=spent_in(split, own),
            share=spent.ns / wall_ns if wall_ns else 0.0,
            lines=tuple(sorted(by_line, key=lambda line: -line.spent.ns)),
            ops=tuple(sorted(by_op, key=lambda op: -op[1].ns)),
            function=function,
            calls=None if function is None else self._calls[function.definition_id],
        )


def spent_in(split: samples.Split, chosen: samples.Flags) -> Spent:
    """Adds up the time of some samples of a thread."""
    return Spent(ns=round(float(split.ns[chosen].sum())), plus_minus_ns=split.plus_minus_ns(chosen), samples=int(np.count_nonzero(chosen)))
