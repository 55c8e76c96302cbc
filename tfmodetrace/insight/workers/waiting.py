"""Who waits for whom: what workers do on their own before each step, and how long their steps wait for the last of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight.workers import members, sequences, steps
from tfmodetrace.log import tracelog

LEAST_WORKERS: Final = 3
"""Of two, nobody can say which is slow."""

LEAST_STEPS: Final = 20
"""Steps without tracing from which on a worker is called slow."""

Z_SCORE: Final = 3.5
"""The modified z-score from which on it is (Iglewicz and Hoaglin)."""

FLOOR: Final = 0.01
"""Workers differ by at least this part of a step, also where they seem more alike: 3.5 times that is the least that is told."""

CUT: Final = 0.95
"""What is done once in a while, such as a checkpoint, is none of a step's work: the longest of each worker count as those below them."""

_TO_DEVIATION: Final = 0.6745

Table = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """One worker between steps.

    Attributes:
        worker: Its name.
        process: Its process.
        busy_ns: How long it does its own things before a step, on average, where nobody traces.
        z_score: How far that is from the others'; ``None`` of fewer than three workers, or too few steps.
        last: In which part of the steps it was the last, from 0 to 1.
        tracing_ns: How long it traced in steps and between them.
        waited_ns: How long its steps waited while others traced what it did not.
    """

    worker: str
    process: int
    busy_ns: int
    z_score: float | None
    last: float
    tracing_ns: int
    waited_ns: int


@dataclasses.dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Wait:
    """For how long one worker waited for another.

    Attributes:
        waiting: The number of who waited, among the workers.
        for_whom: The number of whom it waited for.
        start_ns: When each wait began, by its own clock.
        end_ns: When each ended.
        total_ns: How long they were together.
    """

    waiting: int
    for_whom: int
    start_ns: Table
    end_ns: Table
    total_ns: int


def busy(workers: Sequence[members.Worker], taken: steps.Steps, traced_waits: Sequence[Wait]) -> tuple[Busy, ...]:
    """Returns what each worker does between steps."""
    quiet = _quiet(taken)
    own = _cut(taken.busy_ns[:, quiet]) if quiet.any() else np.zeros((len(workers), 0))
    means = own.mean(axis=1) if own.shape[1] else np.zeros(len(workers))
    scores = _scores(means, taken.interval_ns) if len(workers) >= LEAST_WORKERS and own.shape[1] >= LEAST_STEPS else None
    last = np.bincount(taken.busy_ns[:, quiet].argmax(axis=0), minlength=len(workers)) / max(1, int(quiet.sum()))
    waited = dict.fromkeys(range(len(workers)), 0)
    for wait in traced_waits:
        waited[wait.waiting] += wait.total_ns
    return tuple(
        Busy(
            worker=worker.name,
            process=worker.process,
            busy_ns=round(float(means[number])),
            z_score=None if scores is None else round(float(scores[number]), 2),
            last=float(last[number]),
            tracing_ns=int(taken.tracing_ns[number].sum() + taken.between_ns[number].sum()),
            waited_ns=waited[number],
        )
        for number, worker in enumerate(workers)
    )


def for_slowest(taken: steps.Steps, slow: int) -> Wait | None:
    """Returns how long somebody waited for a slow worker beyond the next one, in steps where nobody traced; None if nobody did."""
    quiet = np.flatnonzero(_quiet(taken))
    own = taken.busy_ns[:, quiet]
    beyond = np.maximum(0, own[slow] - np.delete(own, slow, axis=0).max(axis=0))
    # The one who waits longest stands for all of them: they wait at the same time.
    waited = np.minimum(beyond, taken.inside_ns[:, quiet])
    waited[slow] = 0
    return _wait(taken, quiet, waited, slow)


def for_tracing(run: tracelog.Run, taken: steps.Steps, difference: sequences.Difference, number_of: dict[int, int]) -> list[Wait]:
    """Returns how long each of the others waited while the workers of a group traced what they had not.

    Args:
        run: The run.
        taken: The steps.
        difference: How the group differs.
        number_of: The number of each worker, by process.
    """
    extra = [run.traces[number] for number in difference.extra]
    if not extra:
        return []
    tracer = number_of[extra[0].process]
    # A trace belongs to the step during which, or before which, it was made.
    found = np.searchsorted(taken.end_ns[tracer], [trace.start_ns for trace in extra], side="right")
    at = np.unique(found[(found > 0) & (found < taken.count)])
    waits = []
    usual = np.median(taken.inside_ns[:, _quiet(taken)], axis=1) if _quiet(taken).any() else np.zeros(len(number_of))
    for other in range(len(taken.rows)):
        if other != tracer:
            waited = np.maximum(0, taken.inside_ns[other, at] - round(float(usual[other])))
            waited[taken.traced[other, at]] = 0  # it was busy itself
            table = np.zeros((len(taken.rows), len(at)), dtype=np.int64)
            table[other] = waited
            wait = _wait(taken, at, table, tracer)
            if wait is not None:
                waits.append(wait)
    return waits


def _wait(taken: steps.Steps, at: npt.NDArray[np.int64], waited: Table, for_whom: int) -> Wait | None:
    most = int(waited.sum(axis=1).argmax())
    own = waited[most]
    if not own.any():
        return None
    some = np.flatnonzero(own)
    begin = taken.start_ns[most, at[some]] + taken.tracing_ns[most, at[some]]
    return Wait(waiting=most, for_whom=for_whom, start_ns=begin, end_ns=begin + own[some], total_ns=int(own.sum()))


def _quiet(taken: steps.Steps) -> npt.NDArray[np.bool_]:
    """The steps in which, and before which, nobody traced; the first has none before it."""
    return np.asarray(~taken.traced.any(axis=0) & (np.arange(taken.count) > 0))


def _cut(own: Table) -> npt.NDArray[np.float64]:
    most = np.quantile(own, CUT, axis=1, keepdims=True, method="lower")
    return np.minimum(own, most).astype(np.float64)


def _scores(means: npt.NDArray[np.float64], interval_ns: float) -> npt.NDArray[np.float64]:
    middle = np.median(means)
    deviation = max(float(np.median(np.abs(means - middle))), FLOOR * interval_ns * _TO_DEVIATION, 1.0)
    return np.asarray(_TO_DEVIATION * (means - middle) / deviation)
