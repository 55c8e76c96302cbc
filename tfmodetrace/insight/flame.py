"""Where the time of a window went, as a tree: calls by what called them, traces and what samples found inside them, and bottom up.

Calls of one definition that were made along one path are one node. All times are within the window, and those of a node's children are
part of its own.
"""

from __future__ import annotations

import collections
import dataclasses
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import answers, budget, outermost, windows
from tfmodetrace.log import samples as log_samples
from tfmodetrace.schema import words

Kind = Literal["thread", "call", "trace", "sampled", "op"]

MOST_NODES: Final = 2_000
"""Nodes that are told of at most, those with the most time."""

MOST_ROWS: Final = 100
"""Rows of the table bottom up that are told of at most."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node of the tree.

    Attributes:
        node: Its place in the list; a parent comes before its children.
        parent: Its parent's place; ``None`` for a thread.
        kind: What it is: a thread, calls, traces of what these called, a definition or an op that samples found.
        name: What it is called.
        definition_id: The definition of calls; ``None`` of anything else.
        part: Which part of the budget its own time is; ``None`` of a thread.
        calls: How many calls it is; 0 of anything else.
        total_ns: How long it was, with its children.
        self_ns: Without them.
        share: ``total_ns`` as a part of the window, from 0 to 1.
        how: How that is known.
    """

    node: int
    parent: int | None
    kind: Kind
    name: str
    definition_id: int | None
    part: words.BudgetPart | None
    calls: int
    total_ns: int
    self_ns: int
    share: float
    how: words.HowKnown


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OwnTime:
    """A row of the table bottom up: what has one name and is one part of the budget, wherever it was called from.

    Attributes:
        name: What it is called.
        kind: What it is.
        part: Which part of the budget its time is.
        self_ns: How long it was, without what it called.
        share: The same as a part of what all rows have together, from 0 to 1.
        how: How that is known.
    """

    name: str
    kind: Kind
    part: words.BudgetPart | None
    self_ns: int
    share: float
    how: words.HowKnown


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Flame:
    """Where the time of a window went.

    Attributes:
        begin_ns: When it begins, since the run's start.
        end_ns: When it ends.
        nodes: The tree, parents before their children, of siblings those with the most time first.
        left_out: How many nodes with little time are not told of.
        bottom_up: The same by own time, the longest first.
    """

    begin_ns: int
    end_ns: int
    nodes: tuple[Node, ...]
    left_out: int
    bottom_up: tuple[OwnTime, ...]


@dataclasses.dataclass(slots=True, kw_only=True)
class _Draft:
    parent: int
    kind: Kind
    name: str
    definition_id: int | None = None
    part: words.BudgetPart | None = None
    calls: int = 0
    total_ns: float = 0.0
    own_ns: float = 0.0
    how: words.HowKnown = "measured"


def of(told: answers.Answers, begin_ns: int, end_ns: int) -> Flame:
    """Answers where the time from one moment to another went, since the run's start."""
    return _Maker(told, begin_ns, end_ns).made()


class _Maker:
    def __init__(self, told: answers.Answers, begin_ns: int, end_ns: int) -> None:
        self._told, self._begin_ns, self._end_ns = told, begin_ns, end_ns
        self._drafts: list[_Draft] = []
        self._roots: dict[int, int] = {}
        self._below: dict[tuple[int, str, str], int] = {}

    def made(self) -> Flame:
        rows, paths = self._calls()
        self._samples(rows, paths)
        self._total_up()
        return self._told_of()

    def _root(self, thread_id: int) -> int:
        if thread_id not in self._roots:
            self._roots[thread_id] = self._add(_Draft(parent=-1, kind="thread", name=self._told.run.threads[thread_id].name))
        return self._roots[thread_id]

    def _add(self, draft: _Draft) -> int:
        self._drafts.append(draft)
        return len(self._drafts) - 1

    def _calls(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Adds the calls, and what was traced in them; returns the rows of these and the node of each."""
        told, calls = self._told, self._told.run.calls
        rows = windows.rows_in(told.run, self._begin_ns, self._end_ns)
        alone = windows.self_ns_in(told, rows, self._begin_ns, self._end_ns)
        keep = (calls.flags[rows] & int(words.CallFlag.SUSPENDABLE)) == 0
        rows, alone = rows[keep], alone[keep]
        tracing = self._own_tracing(rows)
        parents = calls.parent_rows[rows]
        at = np.minimum(np.searchsorted(rows, parents), max(len(rows) - 1, 0))
        parent = np.where((parents >= 0) & (rows[at] == parents), at, -1) if len(rows) else parents
        keys = told.definitions.of_calls[rows].astype(np.int64) * len(budget.PARTS) + told.budgets.call_parts[rows]
        paths = np.full(len(rows), -1, dtype=np.int64)
        level = np.flatnonzero(parent < 0)
        if len(level):
            paths[level] = self._level(np.array([self._root(thread) for thread in calls.thread_id[rows[level]].tolist()]), keys[level])
        while len(level):
            level = np.flatnonzero((paths < 0) & (paths[parent] >= 0))
            if len(level):
                paths[level] = self._level(paths[parent[level]], keys[level])
        for number, count, own_ns, traced_ns in zip(
            range(len(self._drafts)), *(self._summed(paths, each) for each in (None, alone, tracing)), strict=True
        ):
            draft = self._drafts[number]
            draft.calls, draft.own_ns = int(count), draft.own_ns + float(own_ns)
            if traced_ns > 0 and draft.part == "tracing":
                draft.own_ns += float(traced_ns)
            elif traced_ns > 0:
                self._drafts[self._child(number, "trace", "tracing", "tracing", "measured")].own_ns += float(traced_ns)
        return rows, paths

    def _level(self, above: npt.NDArray[np.int64], keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Adds a node for every different pair of what calls lie in and what they are; returns the node of each call."""
        span = int(keys.max()) + 1
        pairs, places = np.unique(above * span + keys, return_inverse=True)
        first = len(self._drafts)
        for pair in pairs.tolist():
            parent, key = divmod(pair, span)
            number, part = divmod(key, len(budget.PARTS))
            row = self._told.definitions.rows[number]
            self._add(_Draft(parent=parent, kind="call", name=row.title, definition_id=number, part=budget.PARTS[part]))
        nodes: npt.NDArray[np.int64] = first + places.reshape(-1)
        return nodes

    def _summed(self, paths: npt.NDArray[np.int64], values: npt.NDArray[np.int64] | None) -> npt.NDArray[np.float64]:
        return np.bincount(paths, weights=values, minlength=len(self._drafts)).astype(np.float64)

    def _own_tracing(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """How long each call's thread was tracing while it was the innermost one, within the window."""
        calls = self._told.run.calls
        inside = np.zeros(len(calls), dtype=np.int64)
        for thread_id in np.unique(calls.thread_id[rows]).tolist():
            cover = self._told.attribution.traced.get(thread_id)
            if cover is not None:
                own = rows[calls.thread_id[rows] == thread_id]
                edges = (np.clip(each[own], self._begin_ns, self._end_ns) for each in (calls.start_ns, calls.end_ns))
                inside[own] = cover.inside(*edges)
        busy = rows[inside[rows] > 0]
        parents = calls.parent_rows[busy]
        own = inside.copy()
        np.subtract.at(own, parents[parents >= 0], inside[busy[parents >= 0]])
        alone: npt.NDArray[np.int64] = np.maximum(own[rows], 0)
        return alone

    def _samples(self, rows: npt.NDArray[np.int64], paths: npt.NDArray[np.int64]) -> None:
        """Adds what samples found: definitions that nobody recorded, and ops. Calls stay as long as they were measured."""
        run, budgets = self._told.run, self._told.budgets
        found: dict[int, dict[tuple[int, int], float]] = collections.defaultdict(lambda: collections.defaultdict(float))
        for thread_id, split in budgets.splits.items():
            times = run.samples.time_ns[split.rows]
            own = np.flatnonzero((times >= self._begin_ns) & (times < self._end_ns) & ~split.is_part("idle"))
            samples, parts, ns = split.rows[own], split.parts[own].tolist(), split.ns[own].tolist()
            for row, place, part, weight in zip(
                budgets.samples.call_rows[samples].tolist(), run.samples.place_id[samples].tolist(), parts, ns, strict=True
            ):
                at = int(np.searchsorted(rows, row)) if row >= 0 else len(rows)
                node = int(paths[at]) if at < len(rows) and rows[at] == row else self._root(thread_id)
                found[node][place, part] += weight
        for node, by_place in found.items():
            draft, scale = self._drafts[node], 1.0
            if draft.kind == "call":
                told_ns = sum(by_place.values())
                scale = min(1.0, draft.own_ns / told_ns) if told_ns > 0 else 0.0
                draft.own_ns -= told_ns * scale
            for (place, part), ns in by_place.items():
                self._sampled(node, run.samples.places[place], words.BUDGET_PARTS[part], ns * scale)

    def _sampled(self, node: int, place: log_samples.Place, part: words.BudgetPart, ns: float) -> None:
        below = node
        if place.definition_id is not None and not self._is_of(node, place.definition_id):
            definition = self._told.run.samples.definitions[place.definition_id]
            below = self._child(node, "sampled", outermost.name_of(definition.qualname, definition.file), part, "sampled")
        if place.op:
            below = self._child(below, "op", place.op, part, "sampled")
        if below == node:
            below = self._child(node, "sampled", budget.SAMPLED_LABELS.get(part, part), part, "sampled")
        self._drafts[below].own_ns += ns

    def _is_of(self, node: int, definition_id: int) -> bool:
        """Whether a node is of the calls of a sampled definition itself."""
        number = self._drafts[node].definition_id
        function = self._told.eager_time.function_of(self._told.run.samples.definitions[definition_id])
        return number is not None and function is not None and function.function_id in self._told.definitions.rows[number].functions

    def _child(self, parent: int, kind: Kind, name: str, part: words.BudgetPart, how: words.HowKnown) -> int:
        key = (parent, kind, f"{part} {name}")
        if key not in self._below:
            self._below[key] = self._add(_Draft(parent=parent, kind=kind, name=name, part=part, how=how))
        return self._below[key]

    def _total_up(self) -> None:
        # A child is always added after its parent.
        for draft in reversed(self._drafts):
            draft.own_ns = max(0.0, draft.own_ns)
            draft.total_ns += draft.own_ns
            if draft.parent >= 0:
                self._drafts[draft.parent].total_ns += draft.total_ns

    def _told_of(self) -> Flame:
        drafts, window_ns = self._drafts, max(1, self._end_ns - self._begin_ns)
        children: dict[int, list[int]] = collections.defaultdict(list)
        for number in sorted(range(len(drafts)), key=lambda number: -drafts[number].total_ns)[:MOST_NODES]:
            if drafts[number].total_ns >= 1:
                children[drafts[number].parent].append(number)
        nodes: list[Node] = []
        stack: list[tuple[int, int | None]] = [(number, None) for number in reversed(children[-1])]
        while stack:
            number, parent = stack.pop()
            draft = drafts[number]
            nodes.append(
                Node(
                    node=len(nodes),
                    parent=parent,
                    kind=draft.kind,
                    name=draft.name,
                    definition_id=draft.definition_id,
                    part=draft.part,
                    calls=draft.calls,
                    total_ns=round(draft.total_ns),
                    self_ns=round(draft.own_ns),
                    share=draft.total_ns / window_ns,
                    how=draft.how,
                )
            )
            stack += [(child, len(nodes) - 1) for child in reversed(children[number])]
        left_out = sum(draft.total_ns >= 1 for draft in drafts) - len(nodes)
        return Flame(begin_ns=self._begin_ns, end_ns=self._end_ns, nodes=tuple(nodes), left_out=left_out, bottom_up=self._bottom_up())

    def _bottom_up(self) -> tuple[OwnTime, ...]:
        sums: dict[tuple[str, Kind, words.BudgetPart | None, words.HowKnown], float] = collections.defaultdict(float)
        for draft in self._drafts:
            sums[draft.name, draft.kind, draft.part, draft.how] += draft.own_ns
        whole = sum(sums.values())
        found = sorted(((key, ns) for key, ns in sums.items() if ns >= 1), key=lambda item: -item[1])
        return tuple(
            OwnTime(name=name, kind=kind, part=part, self_ns=round(ns), share=ns / whole, how=how)
            for (name, kind, part, how), ns in found[:MOST_ROWS]
        )
