"""What the numbers of a comparison mean: whether a mode is slower or faster, when enough was measured, from which call on it pays."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Final, Literal

from tfmodetrace.insight.comparisons import statistics

Verdict = Literal["faster", "slower", "same", "undecided"]
"""How a mode compares with the reference: its interval lies on one side of 1, beyond any doubt the control leaves; inside of that
doubt and of 2 %; or neither."""

MARGIN: Final = math.log(1.01)
"""What is less than 1 % is no difference that anybody would change a program for."""

SAME: Final = math.log(1.02)
"""Beyond what is called no difference, whatever doubt the control leaves: on a busy machine more may be there, unseen."""

COARSE: Final = 0.02
_FINE: Final = 0.005
_OF_DIFFERENCE: Final = 4.0


def verdict(found: statistics.Estimate, control: statistics.Estimate) -> Verdict:
    """Judges a mode.

    Args:
        found: Its time by the reference's.
        control: The reference's time by its own, from the same rounds: what it is off 1 is not the modes' doing.
    """
    if found.low is None or found.high is None or control.low is None:
        return "undecided"
    margin = max(MARGIN, control.reach)
    low, high = math.log(found.low), math.log(found.high)
    if low > margin:
        return "slower"
    if high < -margin:
        return "faster"
    return "same" if max(-low, high) <= min(margin, SAME) else "undecided"


def is_enough(found: Sequence[statistics.Estimate], control: statistics.Estimate) -> bool:
    """Whether measuring may end: a ratio is known to ± 2 %, and where it is near 1 as well as its verdict needs."""
    wanted = [min(COARSE, max(_FINE, abs(math.log(each.ratio)) / _OF_DIFFERENCE)) for each in found if each.ratio > 0]
    return all(each.half_width <= width for each, width in zip(found, wanted, strict=True)) and control.half_width <= min(
        wanted, default=COARSE
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """From which call on a mode has paid for its tracing, compiling and first run.

    Attributes:
        calls: The call; ``None`` if there is none.
        low: The least that it may be; ``None`` if it is never.
        high: The most; ``None`` if it may be never.
    """

    calls: int | None
    low: int | None
    high: int | None


def break_even(*, one_off_ns: Sequence[int], reference_ns: float, found: statistics.Estimate) -> BreakEven | None:
    """Finds from which call on a mode pays; ``None`` where the interval does not tell.

    Args:
        one_off_ns: What the mode costs once more than the reference does: the first time, and each time that it was made anew.
        reference_ns: What a call of the reference takes.
        found: The mode's time by the reference's.
    """
    if found.low is None or found.high is None or not one_off_ns:
        return None

    def calls(once_ns: int, ratio: float) -> int | None:
        if once_ns <= 0:
            return 1 if ratio < 1 else None
        return math.ceil(once_ns / (reference_ns * (1 - ratio))) if ratio < 1 else None

    return BreakEven(
        calls=calls(one_off_ns[0], found.ratio), low=calls(min(one_off_ns), found.low), high=calls(max(one_off_ns), found.high)
    )
