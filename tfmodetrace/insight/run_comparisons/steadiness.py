"""How sure a difference between the times of two runs' calls is. Pure numbers.

Calls that follow each other are not independent: a machine is slow for a while, a program drifts. So a run's calls are not taken one by
one, but as stretches of its time: the median of each is one observation, and how much stretches differ says how sure their mean is. What
neighbouring stretches still have in common widens that. Where a side has several runs, each run is one observation, too, and the wider of
both intervals counts. Nothing is drawn at random: the same recordings have the same answer.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

LEVEL: Final = 0.95
"""How often all intervals of a comparison together are to cover the truth."""

STRETCHES: Final = 10

LEAST_CALLS: Final = 3 * STRETCHES
"""With fewer steady calls on a side, times are not compared."""

MARGIN: Final = math.log(1.01)
"""What is less than 1 % is no difference that anybody would change a program for."""

ALONE_MARGIN: Final = math.log(1.1)
"""What two runs of the same program may differ by, which one run of each cannot tell: where their memory lies, what the machine did. With
2 % in its place, a third of the pairs of equal runs were told apart on a shared machine (``benchmarks/run_comparisons.py``)."""

SAME: Final = math.log(1.02)
"""Within what all of an interval has to be, for times to be called the same."""

_MOST_LIKENESS: Final = 0.8
_GRID: Final = 4001


@dataclasses.dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Observed:
    """What the steady calls of one run tell.

    Attributes:
        logs: The logarithm of each stretch's median, in nanoseconds.
        calls: How many calls there were.
    """

    logs: Values
    calls: int

    @property
    def mean(self) -> float:
        """What a call takes, as a logarithm."""
        return float(self.logs.mean())

    @property
    def variance(self) -> float:
        """How uncertain that mean is: of independent stretches their variance by their number, and more where neighbours are alike."""
        apart = self.logs - self.logs.mean()
        spread = float((apart**2).sum())
        if spread <= 0:
            return 0.0
        # An estimate from few stretches is too low by about so much.
        likeness = float((apart[1:] * apart[:-1]).sum()) / spread + 1 / len(apart)
        likeness = min(max(likeness, 0.0), _MOST_LIKENESS)
        return spread / (len(apart) - 1) / len(apart) * (1 + likeness) / (1 - likeness)

    @property
    def drift(self) -> float:
        """How far its second half is from its first, as a logarithm: what a run differs from itself by."""
        half = len(self.logs) // 2
        return abs(float(self.logs[half:].mean() - self.logs[:half].mean()))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """How the times of two sides compare, all as logarithms.

    Attributes:
        change: b's time by a's.
        low: The lower end of its interval.
        high: The upper end.
        margin: What a difference has to be beyond.
        drift: How far a run is from itself, if that is what the margin is; else 0.
    """

    change: float
    low: float
    high: float
    margin: float
    drift: float


def observe(duration_ns: npt.NDArray[np.int64]) -> Observed:
    """Takes the durations of a run's steady calls, in the order in which they began; at least ``STRETCHES``."""
    parts = np.array_split(np.maximum(duration_ns, 1).astype(np.float64), STRETCHES)
    return Observed(logs=np.log(np.array([np.median(part) for part in parts])), calls=len(duration_ns))


def estimate(a: Sequence[Observed], b: Sequence[Observed], *, level: float) -> Estimated:
    """Compares two sides of a run or more each.

    Args:
        a: What is compared with.
        b: What is compared.
        level: How often the interval is to cover the truth.
    """
    change = _mean(b) - _mean(a)
    half = _within(a, b, level)
    drift = 0.0
    if len(a) + len(b) > 2:
        half = max(half, _between(a, b, level))
        margin = MARGIN
    else:
        drift = max(a[0].drift, b[0].drift)
        margin = max(ALONE_MARGIN, drift)
    return Estimated(change=change, low=change - half, high=change + half, margin=margin, drift=drift if drift >= margin else 0.0)


def level_of(comparisons: int) -> float:
    """How often each of so many intervals has to cover the truth, so that they do together."""
    return 1 - (1 - LEVEL) / max(1, comparisons)


def t_quantile(level: float, freedom: float) -> float:
    """How many standard errors on either side of a mean cover the truth that often, given the degrees of freedom (Student's t)."""
    # With x = √ν tan θ the density is that of cos^(ν-1) θ, which ends at a right angle.
    angle = np.linspace(0.0, math.pi / 2, _GRID)
    density = np.cos(angle) ** (freedom - 1)
    covered = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return math.sqrt(freedom) * math.tan(float(np.interp(level, covered / covered[-1], angle)))


def _mean(side: Sequence[Observed]) -> float:
    return float(np.mean([run.mean for run in side]))


def _within(a: Sequence[Observed], b: Sequence[Observed], level: float) -> float:
    """Half of the interval that the stretches give (Welch's)."""
    terms = [(run.variance / len(side) ** 2, len(run.logs) - 1) for side in (a, b) for run in side]
    variance = sum(term for term, _ in terms)
    if variance <= 0:
        return 0.0
    freedom = variance**2 / sum(term**2 / own for term, own in terms)
    return t_quantile(level, freedom) * math.sqrt(variance)


def _between(a: Sequence[Observed], b: Sequence[Observed], level: float) -> float:
    """Half of the interval that the runs give, which differ as much on both sides."""
    freedom = len(a) + len(b) - 2
    spread = sum(float(np.var([run.mean for run in side])) * len(side) for side in (a, b))
    return t_quantile(level, freedom) * math.sqrt(spread / freedom * (1 / len(a) + 1 / len(b)))
