"""Measuring several modes side by side: blocks, rounds, and when it is enough. Knows clocks and what to run, but not TensorFlow."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Protocol

from tfmodetrace.insight.comparisons import statistics, verdicts

LEAST_BLOCK_NS: Final = 1_000_000
_SETTLING_NS: Final = 4_000_000
"""For how long a mode runs before its block: a graph's executor takes some milliseconds of calls to get going after another mode's.

The block itself stays short, so that on a busy machine most blocks are not interrupted.
"""

_TIMER_COSTS: Final = 1_000
_SYNC_COSTS: Final = 50
_SPARE: Final = 1.2
_MOST_CALLS: Final = 1 << 22
_WARM_UP_SHARE: Final = 0.25
_LEAST_ROUNDS: Final = 3
_FIRST_LOOK: Final = 24
_NEXT_LOOK: Final = 1.3


class Runner(Protocol):
    """What a mode does."""

    def prepare(self) -> None:
        """Puts everything that the function changes back to where it was; not timed."""

    def run(self, calls: int) -> None:
        """Makes so many calls, and returns once the devices have done them."""


@dataclasses.dataclass
class Measured:
    """The times of one mode.

    Attributes:
        calls: Calls a block.
        settling: Calls before it that are not timed.
        warm_up_ns: The blocks before the rounds.
        block_ns: One block a round.
    """

    calls: int = 1
    settling: int = 0
    warm_up_ns: list[int] = dataclasses.field(default_factory=list)
    block_ns: list[int] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Rounds:
    """The rounds that were run.

    Attributes:
        modes: By mode.
        control_ns: The second block of the reference in each round.
    """

    modes: dict[str, Measured]
    control_ns: list[int] = dataclasses.field(default_factory=list)


def least_block_ns(clock: Callable[[], int], synchronize: Callable[[], None] | None = None) -> int:
    """Returns how long a block must last so that the timer, and what waits for devices, does not count."""
    cost = min(_difference(clock, lambda: None) for _ in range(50))
    waiting = 0 if synchronize is None else min(_difference(clock, synchronize) for _ in range(5))
    return max(LEAST_BLOCK_NS, _TIMER_COSTS * cost, _SYNC_COSTS * waiting)


def _difference(clock: Callable[[], int], what: Callable[[], None]) -> int:
    began = clock()
    what()
    return clock() - began


def measure(
    runners: Mapping[str, Runner],
    reference: str,
    *,
    clock: Callable[[], int],
    deadline_ns: int,
    shuffle: random.Random,
    least_ns: int = LEAST_BLOCK_NS,
) -> Rounds:
    """Measures modes until their ratios are known well enough or the time is over.

    Args:
        runners: What to run, by mode.
        reference: The mode that the others are compared with.
        clock: Tells nanoseconds.
        deadline_ns: When the time is over; each mode has some blocks all the same.
        shuffle: Draws the order within each round.
        least_ns: How long a block lasts at least.
    """
    found = Rounds({mode: _calibrated(runner, clock, least_ns) for mode, runner in runners.items()})
    _warm_up(runners, found, clock, clock() + int(_WARM_UP_SHARE * max(0, deadline_ns - clock())))
    orders = _orders((*runners, None), shuffle)  # None: the control
    look = _FIRST_LOOK
    rounds = 0
    while rounds < _LEAST_ROUNDS or clock() < deadline_ns:
        for mode in next(orders):
            told = found.modes[mode or reference]
            ns = _block(runners[mode or reference], told, clock)
            (found.control_ns if mode is None else told.block_ns).append(ns)
        rounds += 1
        if rounds >= look:
            if verdicts.is_enough(*_estimates(found, reference)):
                break
            look = int(rounds * _NEXT_LOOK) + 1
    return found


def _estimates(found: Rounds, reference: str) -> tuple[list[statistics.Estimate], statistics.Estimate]:
    own = found.modes[reference]
    base = statistics.log_times(own.block_ns, own.calls)
    others = [told for mode, told in found.modes.items() if mode != reference]
    ratios = [statistics.estimate(statistics.log_times(told.block_ns, told.calls) - base) for told in others]
    return ratios, statistics.estimate(statistics.log_times(found.control_ns, own.calls) - base)


def _orders(modes: Sequence[str | None], shuffle: random.Random) -> Iterator[list[str | None]]:
    """Yields the orders of rounds, drawn at random.

    In as many rounds as there are modes, or twice as many, each mode follows each other one equally often: what one leaves behind, as in
    caches, is to the disadvantage of all alike.
    """
    size = len(modes)
    zigzag = [(number + 1) // 2 if number % 2 else -(number // 2) for number in range(size)]
    while True:
        named = shuffle.sample(list(modes), size)
        rows = [[named[(step + start) % size] for step in zigzag] for start in range(size)]
        if size % 2:
            rows += [row[::-1] for row in rows]
        shuffle.shuffle(rows)
        yield from rows


def _block(runner: Runner, told: Measured, clock: Callable[[], int]) -> int:
    runner.prepare()
    if told.settling:
        runner.run(told.settling)
        runner.prepare()
    began = clock()
    runner.run(told.calls)
    return clock() - began


def _calibrated(runner: Runner, clock: Callable[[], int], least_ns: int) -> Measured:
    """Finds how many calls last long enough."""
    told = Measured(calls=1)
    while told.calls < _MOST_CALLS:
        ns = min(_block(runner, told, clock) for _ in range(2))
        told.settling = int(_SETTLING_NS * told.calls / max(1, ns))
        if ns >= least_ns * _SPARE:
            break
        told.calls = min(told.calls * 16, max(told.calls + 1, int(told.calls * 1.25 * _SPARE * least_ns / max(1, ns))))
    return told


def _warm_up(runners: Mapping[str, Runner], found: Rounds, clock: Callable[[], int], deadline_ns: int) -> None:
    """Runs blocks of each mode until they agree."""
    waiting = dict(runners)
    while waiting:
        for mode, runner in tuple(waiting.items()):
            told = found.modes[mode]
            told.warm_up_ns.append(_block(runner, told, clock))
            if statistics.is_steady(told.warm_up_ns) or (len(told.warm_up_ns) >= statistics.STEADY_BLOCKS and clock() >= deadline_ns):
                del waiting[mode]
