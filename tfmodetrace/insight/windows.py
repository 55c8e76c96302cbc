"""What happened in a window of time: calls and time by definition and mode, traces, errors, and what lies outside of recorded calls.

Everything is counted from the calls themselves, never from what is drawn of them.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import answers, spans
from tfmodetrace.log import tracelog
from tfmodetrace.schema import words

MOST_ROWS: Final = 200
"""Rows by definition that are told of at most, those with the most time."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ModeInWindow:
    """The calls of one mode in a window.

    Attributes:
        mode: The mode.
        calls: How many of its calls were open in the window.
        self_ns: For how long they were the innermost thing open on their threads, added up over the threads.
        share: The same as a part of what all modes and tracing have together, from 0 to 1.
    """

    mode: words.ModeWord
    calls: int
    self_ns: int
    share: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionInWindow:
    """The calls of one definition in one mode in a window.

    Attributes:
        definition_id: The definition.
        title: What it is called.
        mode: How these calls ran.
        calls: How many of them were open in the window.
        total_ns: How long they were open in it, each call by itself, with what they called.
        self_ns: For how long they were the innermost thing open on their threads.
        share: ``self_ns`` as a part of what all calls and traces have together, from 0 to 1.
    """

    definition_id: int
    title: str
    mode: words.ModeWord
    calls: int
    total_ns: int
    self_ns: int
    share: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What happened in a window of time.

    Attributes:
        begin_ns: When it begins, since the run's start.
        end_ns: When it ends, exclusive.
        duration_ns: How long it is.
        calls: How many calls were open in it.
        traces: How many traces were under way in it.
        errors: How many exceptions left a call in it.
        tracing_ns: How long threads were tracing in it, added up over the threads.
        gaps_ns: How long the main thread of the process that stands for the run was in no recorded call and no trace.
        gaps_share: The same as a part of the window, from 0 to 1; ``None`` where that process has no main thread.
        modes: By mode, those that have calls.
        definitions: By definition and mode, those with the most time of their own first.
        more: How many rows more there are.
    """

    begin_ns: int
    end_ns: int
    duration_ns: int
    calls: int
    traces: int
    errors: int
    tracing_ns: int
    gaps_ns: int | None
    gaps_share: float | None
    modes: tuple[ModeInWindow, ...]
    definitions: tuple[DefinitionInWindow, ...]
    more: int


def rows_in(run: tracelog.Run, begin_ns: int, end_ns: int) -> npt.NDArray[np.int64]:
    """Returns the rows of the calls that were open in a window; a call without duration is open where it is."""
    calls = run.calls
    starts, ends = calls.start_ns, calls.end_ns
    return np.flatnonzero((starts < end_ns) & ((ends > begin_ns) | (starts >= begin_ns)))


def self_ns_in(told: answers.Answers, rows: npt.NDArray[np.int64], begin_ns: int, end_ns: int) -> npt.NDArray[np.int64]:
    """Returns for how long each of some calls was the innermost thing open on its thread in a window, and nothing was traced there.

    Generators and coroutines have 0, as in the budget.

    Args:
        told: The answers about the run.
        rows: All calls that were open in the window.
        begin_ns: When the window begins.
        end_ns: When it ends.
    """
    calls = told.run.calls
    alone = np.zeros(len(rows), dtype=np.int64)
    running = (calls.flags[rows] & int(words.CallFlag.SUSPENDABLE)) == 0
    for thread_id in np.unique(calls.thread_id[rows]).tolist():
        own = np.flatnonzero(running & (calls.thread_id[rows] == thread_id))
        starts = np.clip(calls.start_ns[rows[own]], begin_ns, end_ns)
        ends = np.clip(calls.end_ns[rows[own]], begin_ns, end_ns)
        # Calls that are cut at the same moment lie inside each other as their depths say.
        alone[own] = spans.alone_ns(starts, ends, told.attribution.traced.get(thread_id), calls.depth[rows[own]])
    return alone


def of(told: answers.Answers, begin_ns: int, end_ns: int) -> Window:
    """Answers what happened from one moment to another, since the run's start."""
    run = told.run
    calls = run.calls
    rows = rows_in(run, begin_ns, end_ns)
    alone = self_ns_in(told, rows, begin_ns, end_ns)
    open_ns = np.clip(calls.end_ns[rows], begin_ns, end_ns) - np.clip(calls.start_ns[rows], begin_ns, end_ns)
    tracing_ns = sum(int(cover.inside(*_edges(begin_ns, end_ns))[0]) for cover in told.attribution.traced.values())
    whole_ns = int(alone.sum()) + tracing_ns
    modes = calls.mode[rows].astype(np.int64)
    by_mode = np.bincount(modes, minlength=len(words.MODES))
    keys, places = np.unique(told.definitions.of_calls[rows].astype(np.int64) * len(words.MODES) + modes, return_inverse=True)
    counts, total, own = np.bincount(places, minlength=len(keys)), _sums(places, open_ns, len(keys)), _sums(places, alone, len(keys))
    found = sorted(zip(keys.tolist(), counts.tolist(), total.tolist(), own.tolist(), strict=True), key=lambda row: (-row[3], -row[2]))
    mode_ns = _sums(modes, alone, len(words.MODES))
    return Window(
        begin_ns=begin_ns,
        end_ns=end_ns,
        duration_ns=end_ns - begin_ns,
        calls=len(rows),
        traces=sum(begin_ns < trace.start_ns + (trace.duration_ns or 0) and trace.start_ns < end_ns for trace in run.traces),
        errors=sum(begin_ns <= error.time_ns < end_ns for error in run.errors),
        tracing_ns=tracing_ns,
        gaps_ns=(gaps := _gaps_ns(told, rows, begin_ns, end_ns)),
        gaps_share=None if gaps is None or end_ns <= begin_ns else gaps / (end_ns - begin_ns),
        modes=tuple(
            ModeInWindow(mode=mode, calls=int(by_mode[number]), self_ns=int(mode_ns[number]), share=_share(int(mode_ns[number]), whole_ns))
            for number, mode in enumerate(words.MODES)
            if by_mode[number]
        ),
        definitions=tuple(
            DefinitionInWindow(
                definition_id=key // len(words.MODES),
                title=told.definitions.rows[key // len(words.MODES)].title,
                mode=words.MODES[key % len(words.MODES)],
                calls=count,
                total_ns=open_for,
                self_ns=by_itself,
                share=_share(by_itself, whole_ns),
            )
            for key, count, open_for, by_itself in found[:MOST_ROWS]
        ),
        more=max(0, len(found) - MOST_ROWS),
    )


def _gaps_ns(told: answers.Answers, rows: npt.NDArray[np.int64], begin_ns: int, end_ns: int) -> int | None:
    spent = told.budgets.of_run
    if spent is None or spent.main.thread_id is None:
        return None
    calls, thread_id = told.run.calls, spent.main.thread_id
    own = rows[(calls.thread_id[rows] == thread_id) & ((calls.flags[rows] & int(words.CallFlag.SUSPENDABLE)) == 0)]
    starts, ends = np.clip(calls.start_ns[own], begin_ns, end_ns), np.clip(calls.end_ns[own], begin_ns, end_ns)
    traced = told.attribution.traced.get(thread_id)
    if traced is not None:
        starts = np.concatenate([starts, np.clip(traced.start_ns, begin_ns, end_ns)])
        ends = np.concatenate([ends, np.clip(traced.end_ns, begin_ns, end_ns)])
    return end_ns - begin_ns - spans.Cover(starts, ends).total_ns


def _edges(begin_ns: int, end_ns: int) -> tuple[spans.Times, spans.Times]:
    return np.array([begin_ns], dtype=np.int64), np.array([end_ns], dtype=np.int64)


def _sums(places: npt.NDArray[np.int64], values: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, places, values)
    return sums


def _share(ns: int, whole_ns: int) -> float:
    return ns / whole_ns if whole_ns else 0.0
