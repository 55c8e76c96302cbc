"""What one call cost: what its time was made of, how it compares with the others of its function, and what it called."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np

from tfmodetrace.insight import answers, units

MOST_CHILDREN: Final = 12
"""Rows of what it called that are told of at most."""

_BINS: Final = 24


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A part of a call's duration, as ``4.5 s tracing``."""

    name: str
    ns: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """How long the calls of the same function in the same mode took.

    Attributes:
        calls: How many there are, this one among them.
        median_ns: Their median.
        text: How this one compares: ``2,140 × the median of 99 calls``.
        edges_ns: Where the bins of the histogram begin, and where the last ends.
        counts: How many calls fell into each.
        own: Which of these this call is in.
    """

    calls: int
    median_ns: int
    text: str
    edges_ns: tuple[int, ...]
    counts: tuple[int, ...]
    own: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """The calls of one definition that a call made itself; ``share`` is the part of its duration that they took, from 0 to 1."""

    definition_id: int
    title: str
    calls: int
    ns: int
    share: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CallCosts:
    """What one call cost.

    Attributes:
        terms: What its duration is the sum of, if it traced and did anything else; none otherwise.
        terms_text: The same in words: ``5.36 s = 4.5 s tracing + 860 ms first run``; empty likewise.
        others: The calls of its function in its mode; ``None`` if there is no other.
        children: What it called itself, the longest first.
        more_children: How many rows more there are.
        called_at: The user's line that had led to a trace in it; ``None`` where that is not known.
    """

    terms: tuple[Term, ...]
    terms_text: str
    others: Others | None
    children: tuple[Child, ...]
    more_children: int
    called_at: str | None


def of(told: answers.Answers, process: int, call_id: int) -> CallCosts | None:
    """Answers what a call cost; ``None`` if there is no such call."""
    run = told.run
    row = run.calls.index_of(process, call_id)
    if row is None:
        return None
    terms = _terms(told, row)
    children = _children(told, row)
    sites = [run.traces[number].called_at for number in told.attribution.traces_of(row)]
    site = next((site for site in sites if site is not None), None)
    whole = units.duration(int(run.calls.duration_ns[row]))
    return CallCosts(
        terms=terms,
        terms_text=f"{whole} = " + " + ".join(f"{units.duration(term.ns)} {term.name}" for term in terms) if terms else "",
        others=_others(told, row),
        children=children[:MOST_CHILDREN],
        more_children=len(children[MOST_CHILDREN:]),
        called_at=None if site is None else f"{site.file}:{site.line}",
    )


def _terms(told: answers.Answers, row: int) -> tuple[Term, ...]:
    tracing_ns = int(told.attribution.call_tracing_ns[row])
    if tracing_ns == 0:
        return ()
    duration_ns = int(told.run.calls.duration_ns[row])
    first = next((call for call in told.first_calls.calls if call.row == row), None)
    if first is None:
        found = [("tracing", tracing_ns), ("all else", duration_ns - tracing_ns)]
    elif first.cost_ns is None:
        found = [("tracing", tracing_ns), ("first run", duration_ns - tracing_ns)]
    else:
        beyond_ns = min((first.xla_ns or 0) + (first.rest_ns or 0), duration_ns - tracing_ns)
        found = [("tracing", tracing_ns), ("first run beyond a later one", beyond_ns), ("a run", duration_ns - tracing_ns - beyond_ns)]
    terms = tuple(Term(name=name, ns=ns) for name, ns in found if ns > 0)
    return terms if len(terms) > 1 else ()


def _others(told: answers.Answers, row: int) -> Others | None:
    calls = told.run.calls
    alike = np.flatnonzero((calls.function_id == calls.function_id[row]) & (calls.mode == calls.mode[row]))
    if len(alike) < 2:
        return None
    durations = calls.duration_ns[alike]
    own, median = int(calls.duration_ns[row]), int(np.median(durations))
    low, high = max(1, int(durations.min())), max(2, int(durations.max()) + 1)
    edges = np.unique(np.round(np.geomspace(low, high, _BINS + 1)).astype(np.int64))
    edges[0], edges[-1] = min(int(durations.min()), int(edges[0])), high
    counts, _ = np.histogram(durations, bins=edges)
    return Others(
        calls=len(alike),
        median_ns=median,
        text=f"{_times(own, median)} the median of {units.plural(len(alike), 'call')}",
        edges_ns=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
        own=min(int(np.searchsorted(edges, own, side="right")) - 1, len(counts) - 1),
    )


def _times(own_ns: int, median_ns: int) -> str:
    if median_ns <= 0:
        return f"{units.duration(own_ns)} against"
    times = own_ns / median_ns
    digits = 0 if times >= 100 else 1 if times >= 10 else 2
    text = f"{times:,.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if digits else text} ×"


def _children(told: answers.Answers, row: int) -> tuple[Child, ...]:
    calls = told.run.calls
    rows = np.flatnonzero((calls.parent_id == calls.call_id[row]) & (calls.process == calls.process[row]))
    if not len(rows):
        return ()
    numbers, places = np.unique(told.definitions.of_calls[rows], return_inverse=True)
    sums = np.zeros(len(numbers), dtype=np.int64)
    np.add.at(sums, places.reshape(-1), calls.duration_ns[rows])
    counts = np.bincount(places.reshape(-1), minlength=len(numbers))
    duration_ns = int(calls.duration_ns[row])
    found = [
        Child(
            definition_id=number,
            title=told.definitions.rows[number].title,
            calls=count,
            ns=ns,
            share=ns / duration_ns if duration_ns else 0.0,
        )
        for number, count, ns in zip(numbers.tolist(), counts.tolist(), sums.tolist(), strict=True)
    ]
    return tuple(sorted(found, key=lambda child: -child.ns))
