"""How the clocks of workers stand to each other, by the steps that end on all of them at once.

Each machine's wall clock may be off by seconds, and its monotonic clock runs a little faster or slower than another's. The k-th step ends
on two workers at one moment, but for how long each takes to come back from its graph: a straight line through the differences is offset and
drift, and what is left of them says how well that is known. Where the steps do not end together nothing is aligned, and that is said.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import units
from tfmodetrace.insight.workers import members, steps
from tfmodetrace.log import process_table, tracelog

MOST_DRIFT: Final = 1e-3
"""No two clocks run so differently: what drifts more is no clock, but workers that do not wait for each other."""

MOST_SCATTER: Final = 0.5
"""Which part of a step its ends may be apart, if they are to end together."""

LEAST_RATIO: Final = 0.5
"""Of differences that have nothing to do with each other, the mean square of what lies between one and the next is twice their variance
(von Neumann's ratio). Of workers that do not wait for each other, who is behind stays behind, and it is far less."""

_SIGMAS: Final = 2.6
"""How many standard errors an interval reaches to each side: about 99 of 100 hold the truth."""

_TURNS: Final = 25
_AS_MUCH: Final = 0.3
_SEEN: Final = 6
_HUBER: Final = 1.345
_MAD: Final = 1.4826
_SET_NS: Final = 1_000_000

How = Literal["reference", "steps", "same-machine", "none"]
_Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """How one worker's clock stands to that of the first.

    Attributes:
        worker: The worker.
        process: Its process.
        how: ``reference`` of the first; by ``steps``; ``same-machine``, where both read one clock; or ``none``: not aligned.
        offset_ns: By how much what it recorded is late in the middle of the steps; ``None`` if it is not aligned.
        plus_minus_ns: By how much that may be wrong at most, in 99 of 100 cases.
        drift_ppm: How much faster its clock runs, in millionths; ``None`` if no steps tell, or they are too few.
        drift_plus_minus_ppm: By how much that may be wrong at most, likewise.
        middle_ns: The middle of the steps, by the first one's clock, since the run's start.
        residual_ns: How far apart half of the steps' ends still are at most once that is taken away.
        steps: How many steps that rests on.
        set_ns: By how much its wall clock was set while it recorded; 0 if it was not, ``None`` if that was not recorded.
        why_not: Why it is not aligned, if it is not.
    """

    worker: str
    process: int
    how: How
    offset_ns: int | None = None
    plus_minus_ns: int | None = None
    drift_ppm: float | None = None
    drift_plus_minus_ppm: float | None = None
    middle_ns: int | None = None
    residual_ns: int | None = None
    steps: int = 0
    set_ns: int | None = None
    why_not: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The clocks of a run's workers.

    Attributes:
        clocks: One a worker.
        by: The function whose steps they are held against; ``None`` if no function's steps end together.
        text: What is known, in one sentence.
    """

    clocks: tuple[Clock, ...]
    by: str | None
    text: str

    @property
    def aligned(self) -> bool:
        """Whether it is known of all how they stand to each other."""
        return all(clock.how != "none" for clock in self.clocks)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A straight line through differences; times in nanoseconds, ``scatter`` is the standard deviation around it as most lie."""

    offset: float
    drift: float
    middle: float
    span: float
    offset_error: float
    drift_error: float
    scatter: float
    half: float
    ratio: float


def of_run(run: tracelog.Run, workers: Sequence[members.Worker], candidates: Sequence[steps.Steps]) -> tuple[Clocks, steps.Steps | None]:
    """Aligns the clocks of at least two workers.

    Args:
        run: The run.
        workers: The workers.
        candidates: What may be their steps, what took most time first.

    Returns:
        The clocks, and the steps that end together; None if none do.
    """
    fitted = [(candidate, [_line(candidate, worker) for worker in range(1, len(workers))]) for candidate in candidates]
    together = [(candidate, lines) for candidate, lines in fitted if all(_why_not(candidate, line) is None for line in lines)]
    # Who comes late to a function that waits for all is in it for a shorter time. What is called before it or after it may end as evenly.
    waits = [_waits(candidate) for candidate, _ in together]
    chosen, lines = next((both for both, own in zip(together, waits, strict=True) if own <= min(waits) + _AS_MUCH), (None, []))
    why_not = "" if together else _refused(fitted, workers)
    found = [
        Clock(worker=worker.name, process=worker.process, how="reference", offset_ns=0, set_ns=_set_ns(run.processes[worker.process]))
        if not number
        else _clock(run, workers[0], worker, chosen, lines[number - 1] if chosen is not None else None, why_not)
        for number, worker in enumerate(workers)
    ]
    return Clocks(clocks=tuple(found), by=None if chosen is None else chosen.name, text=_text(found, chosen)), chosen


def _clock(
    run: tracelog.Run,
    first: members.Worker,
    worker: members.Worker,
    chosen: steps.Steps | None,
    line: _Line | None,
    why_not: str,
) -> Clock:
    process = run.processes[worker.process]
    alone = Clock(worker=worker.name, process=worker.process, how="none", set_ns=_set_ns(process), why_not=why_not)
    if chosen is not None and line is not None:
        return dataclasses.replace(
            alone,
            how="steps",
            offset_ns=round(line.offset),
            plus_minus_ns=round(line.offset_error),
            drift_ppm=line.drift * 1e6 if line.drift_error < MOST_DRIFT else None,
            drift_plus_minus_ppm=line.drift_error * 1e6 if line.drift_error < MOST_DRIFT else None,
            middle_ns=round(line.middle),
            residual_ns=round(line.half),
            steps=chosen.count,
            why_not="",
        )
    boot, other = process.process_space.partition(" ")[0], run.processes[first.process].process_space.partition(" ")[0]
    if boot and boot == other:
        return dataclasses.replace(alone, how="same-machine", offset_ns=0)
    return alone


def _line(taken: steps.Steps, worker: int) -> _Line:
    """Fits a line to how much later a worker's steps end than the first one's; what a few are late for does not matter."""
    reference, own = taken.end_ns[0, 1:].astype(np.float64), taken.end_ns[worker, 1:]
    late: _Floats = (own - taken.end_ns[0, 1:]).astype(np.float64)
    middle = (reference[0] + reference[-1]) / 2
    times: _Floats = reference - middle
    weights: _Floats = np.ones(len(times))
    offset, drift, scale = float(np.median(late)), 0.0, 0.0
    for _ in range(_TURNS):
        mean_time, mean = float(np.average(times, weights=weights)), float(np.average(late, weights=weights))
        spread = float(np.sum(weights * (times - mean_time) ** 2))
        drift = float(np.sum(weights * (times - mean_time) * (late - mean)) / spread) if spread else 0.0
        offset = mean - drift * mean_time
        rest: _Floats = late - offset - drift * times
        scale = max(1.0, _MAD * float(np.median(np.abs(rest - np.median(rest)))))
        weights = np.minimum(1.0, _HUBER * scale / np.maximum(np.abs(rest), 1.0))
    clipped = np.clip(rest, -_HUBER * scale, _HUBER * scale)
    inliers = float(np.mean(np.abs(rest) <= _HUBER * scale)) or 1.0
    # Of differences that go with the ones before, there are fewer than it seems.
    following = float(np.corrcoef(clipped[1:], clipped[:-1])[0, 1]) if float(np.std(clipped)) > 0 else 0.0
    following = min(0.95, max(0.0, following))
    error = float(np.sqrt(np.mean(clipped**2) * (1 + following) / (1 - following) / len(times))) / inliers
    half = float(np.median(np.abs(rest)))
    variance = float(np.mean(clipped**2))
    return _Line(
        offset=offset,
        drift=drift,
        middle=middle,
        span=float(reference[-1] - reference[0]),
        # Who always comes back from its graph a little later looks as if its clock were late: the scatter says how much that may be.
        offset_error=_SIGMAS * error + half,
        drift_error=_SIGMAS * error / max(1.0, float(np.std(times))),
        scatter=scale,
        half=half,
        ratio=float(np.mean(np.diff(clipped) ** 2)) / variance if variance > 1.0 else 2.0,
    )


def _waits(taken: steps.Steps) -> float:
    """How much the time in a function goes with how late its worker comes there: −1 where all wait for the last, 0 where nobody waits."""
    found = []
    for worker in range(1, len(taken.rows)):
        inside = (taken.inside_ns[worker, 1:] - taken.inside_ns[0, 1:]).astype(np.float64)
        late = (taken.busy_ns[worker, 1:] - taken.busy_ns[0, 1:]).astype(np.float64)
        found.append(float(np.corrcoef(inside, late)[0, 1]) if np.std(inside) > 0 and np.std(late) > 0 else 0.0)
    return float(np.mean(found))


def _why_not(taken: steps.Steps, line: _Line) -> str | None:
    """Why steps do not end together on a worker and the first; None if they do."""
    # Over a short time what seems to be a drift may be scatter.
    if abs(line.drift) > MOST_DRIFT and abs(line.drift) * line.span > _SEEN * line.scatter:
        return "one is ever farther behind"
    if line.scatter > MOST_SCATTER * taken.interval_ns:
        return f"they end {units.duration(round(line.scatter))} apart, of {units.duration(round(taken.interval_ns))} that a step takes"
    if line.ratio < LEAST_RATIO:
        return "who is behind at one step is behind at the next, as where nobody waits"
    return None


def _refused(fitted: Sequence[tuple[steps.Steps, Sequence[_Line]]], workers: Sequence[members.Worker]) -> str:
    for candidate, lines in fitted:
        for number, line in enumerate(lines, 1):
            why = _why_not(candidate, line)
            if why is not None:
                return f"calls of {candidate.name} do not end together on {workers[0].name} and {workers[number].name}: {why}"
    return f"no function was called {steps.LEAST} times or more, and about as often, on every worker"


def _set_ns(process: process_table.Process) -> int | None:
    """By how much a wall clock was set against the monotonic one meanwhile; what reading them one after the other makes is nothing."""
    if len(process.clock) < 2:
        return None
    against = [unix_ns - time_ns for time_ns, unix_ns in process.clock]
    moved = max(against) - min(against)
    return moved if moved >= _SET_NS else 0


def _text(found: Sequence[Clock], chosen: steps.Steps | None) -> str:
    apart = [clock for clock in found if clock.how == "none"]
    reset = [clock for clock in found if clock.set_ns]
    told = ""
    if chosen is not None:
        rest = max(clock.residual_ns or 0 for clock in found)
        told = f"clocks aligned by {units.count(chosen.count)} steps of {chosen.name}, whose ends are then {units.duration(rest)} apart"
    elif apart:
        told = f"clocks not aligned: {apart[0].why_not}"
    else:
        told = "one machine, one clock"
    if reset:
        told += f"; the wall clock of {members.listed(clock.worker for clock in reset)} was set meanwhile"
    return told
