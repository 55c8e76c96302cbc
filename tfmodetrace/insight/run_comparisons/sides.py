"""The two sides of a comparison, each a run or several that were recorded alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from tfmodetrace.insight import answers


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side.

    Attributes:
        label: What it is called.
        runs: The answers about its runs, one at least.
    """

    label: str
    runs: tuple[answers.Answers, ...]

    def mean(self, of: Callable[[answers.Answers], float]) -> int:
        """Returns the mean of a number over the runs, rounded."""
        return round(sum(map(of, self.runs)) / len(self.runs))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Both sides: ``a`` is what is compared with, ``b`` what is compared."""

    a: Side
    b: Side

    @property
    def runs(self) -> tuple[answers.Answers, ...]:
        """All runs, those of a first."""
        return (*self.a.runs, *self.b.runs)
