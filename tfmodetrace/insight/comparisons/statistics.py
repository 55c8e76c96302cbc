"""Pure numbers of a comparison: times of blocks → ratios with intervals, outliers, steadiness.

A round runs one block of every mode, so what slows the machine down for a while slows all of a round's blocks down, and leaves their ratios
alone. A mode's ratio is the median of its rounds' log ratios, which a few disturbed rounds do not move. Nothing is thrown away.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

LEVEL: Final = 0.975
"""How often an interval is to cover the truth. Measuring ends when intervals are short enough, which favours those that are too short, so
it is more than 0.95."""

LEAST_ROUNDS: Final = 8
"""Below, no interval is told: the median of fewer rounds may lie anywhere."""

STEADY_BLOCKS: Final = 3
STEADY_WITHIN: Final = 0.05
"""Blocks are steady once so many in a row lie within this part of their smallest."""

_OUTLIER_FENCE: Final = 3.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A ratio of times, and between which bounds it is.

    Attributes:
        ratio: The mode's time by the reference's.
        low: The lower end of the interval; ``None`` if there were too few rounds to tell.
        high: Its upper end; likewise.
        rounds: How many rounds it rests on.
    """

    ratio: float
    low: float | None
    high: float | None
    rounds: int

    @property
    def half_width(self) -> float:
        """Half of the interval, as a part of the ratio; infinite if there is none."""
        return math.inf if self.low is None or self.high is None else math.log(self.high / self.low) / 2

    @property
    def reach(self) -> float:
        """How far from 1 the interval reaches, as a part of it; infinite if there is none."""
        return math.inf if self.low is None or self.high is None else max(abs(math.log(self.low)), abs(math.log(self.high)))


def log_times(block_ns: Sequence[int], calls: int) -> Values:
    """Returns the logarithms of what one call took in each block."""
    return np.log(np.maximum(np.asarray(block_ns, dtype=np.float64), 1.0) / max(1, calls))


def estimate(log_ratios: Values) -> Estimate:
    """Estimates a ratio from the log ratios of rounds."""
    if not len(log_ratios):
        return Estimate(ratio=math.nan, low=None, high=None, rounds=0)
    ratio = math.exp(float(np.median(log_ratios)))
    if len(log_ratios) < LEAST_ROUNDS:
        return Estimate(ratio=ratio, low=None, high=None, rounds=len(log_ratios))
    low, high = median_interval(log_ratios)
    return Estimate(ratio=ratio, low=math.exp(low), high=math.exp(high), rounds=len(log_ratios))


def median_interval(values: Values, level: float = LEVEL) -> tuple[float, float]:
    """Returns the percentile bootstrap interval of a median.

    The median of a sample that is drawn from the values again, with replacement, is one of the values, and how often it is which follows
    from the binomial distribution. So the interval is computed and not drawn: it is the same each time.
    """
    ordered = np.sort(values)
    size = len(ordered)
    tail = (1 - level) / 2
    middle = (size + 1) // 2
    low = _first(size, middle, tail)
    high = size - 1 - _first(size, middle, tail)
    return float(ordered[low]), float(ordered[max(low, high)])


def _first(size: int, middle: int, tail: float) -> int:
    """The last rank, from 0, below which the resampled median falls in at most that part of the cases."""
    low, high = 0, size // 2
    while low < high:
        rank = (low + high + 1) // 2
        if _at_least(size, middle, rank / size) <= tail:
            low = rank
        else:
            high = rank - 1
    return low


def _at_least(size: int, wanted: int, share: float) -> float:
    """The probability that of so many draws, each of which hits with a probability, at least so many hit."""
    if share <= 0:
        return 0.0
    hits = np.arange(wanted, size + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, size + 1)))])
    terms = logs[size] - logs[hits] - logs[size - hits] + hits * math.log(share) + (size - hits) * math.log1p(-share)
    return float(np.exp(terms).sum())


def outliers(log_ratios: Values) -> int:
    """Counts the rounds that lie far outside of the middle half; they are part of the estimate all the same."""
    if len(log_ratios) < LEAST_ROUNDS:
        return 0
    lower, upper = np.percentile(log_ratios, (25, 75))
    fence = _OUTLIER_FENCE * (upper - lower)
    return int(np.count_nonzero((log_ratios < lower - fence) | (log_ratios > upper + fence)))


def is_steady(block_ns: Sequence[int]) -> bool:
    """Whether the last blocks agree."""
    last = block_ns[-STEADY_BLOCKS:]
    return len(last) == STEADY_BLOCKS and max(last) - min(last) <= STEADY_WITHIN * min(last)
