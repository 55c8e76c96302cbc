"""Comparisons without TensorFlow: modes that only make a clock go on, and what such a comparison is in a log."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping

import numpy as np

from tfmodetrace.comparing import rounds
from tfmodetrace.insight.comparisons import statistics
from tfmodetrace.log import comparison_table, function_table
from tfmodetrace.schema import keys


@dataclasses.dataclass(frozen=True)
class Noise:
    """How restless a machine is.

    Attributes:
        block: The spread of a block's time.
        drift: By how much the speed of the whole machine changes from block to block.
        spikes: The part of the blocks that something else interrupts.
    """

    block: float = 0.02
    drift: float = 0.005
    spikes: float = 0.03


class Machine:
    """A clock that goes on when modes run."""

    def __init__(self, seed: int, noise: Noise) -> None:
        self.now_ns = 0
        self._draw = np.random.default_rng(seed)
        self._noise = noise
        self._level = 0.0

    def clock(self) -> int:
        """Tells the time, which takes 50 ns."""
        self.now_ns += 50
        return self.now_ns

    def spend(self, ns: float) -> None:
        """Lets time pass, more or less."""
        self._level = 0.98 * self._level + self._noise.drift * self._draw.normal()
        ns *= float(np.exp(self._level + self._noise.block * self._draw.normal()))
        if self._draw.random() < self._noise.spikes:
            ns *= 1 + float(self._draw.exponential(2.0))
        self.now_ns += int(ns)


@dataclasses.dataclass
class Mode:
    """A mode of which each call takes some time."""

    machine: Machine
    call_ns: float
    prepared: int = 0

    def prepare(self) -> None:
        """Counts that."""
        self.prepared += 1

    def run(self, calls: int) -> None:
        """Makes calls."""
        self.machine.spend(self.call_ns * calls)


def measured(
    calls_ns: Mapping[str, float], *, seed: int = 0, noise: Noise | None = None, budget_secs: float = 10.0
) -> tuple[rounds.Rounds, Machine]:
    """Measures modes of which calls take so long; the first is the reference."""
    machine = Machine(seed, noise or Noise())
    modes = {mode: Mode(machine, call_ns) for mode, call_ns in calls_ns.items()}
    reference = next(iter(modes))
    deadline_ns = int(budget_secs * 1e9)
    found = rounds.measure(modes, reference, clock=machine.clock, deadline_ns=deadline_ns, shuffle=random.Random(seed))
    return found, machine


def estimates(found: rounds.Rounds, reference: str, mode: str) -> tuple[statistics.Estimate, statistics.Estimate]:
    """Returns a mode's estimate and the control's."""
    own, other = found.modes[reference], found.modes[mode]
    base = statistics.log_times(own.block_ns, own.calls)
    return (
        statistics.estimate(statistics.log_times(other.block_ns, other.calls) - base),
        statistics.estimate(statistics.log_times(found.control_ns, own.calls) - base),
    )


def mode(name: str, call_ns: int, *, rounds: int = 20, **facts: object) -> comparison_table.ComparedMode:
    """A mode that took the same time in every block of ten calls, but for one part in a thousand."""
    blocks = tuple(10 * call_ns + 10 * call_ns * (number % 3) // 1000 for number in range(rounds))
    told = {"mode": name, "calls_per_block": 10, "warm_up_ns": blocks[:3], "block_ns": blocks, "first_call_ns": (call_ns,), **facts}
    return comparison_table.ComparedMode(**told)  # type: ignore[arg-type]


def comparison(*modes: comparison_table.ComparedMode, **facts: object) -> comparison_table.Comparison:
    """A comparison of modes, the first of which is the reference and its own control."""
    function = function_table.Function(
        function_id=0, name="step", qualname="step", module="train", file="train.py", line=3, kind="function", process=0, definition_id=0,
        instance=0,
    )  # fmt: skip
    arguments = keys.Node(kind=keys.Kind.DICT, names=("x",), children=(keys.Node(kind=keys.Kind.TENSOR, dtype="float32", shape=(3,)),))
    told = {
        "function": function, "arguments": arguments, "time_ns": 0, "duration_ns": 10**9, "modes": modes,
        "control_ns": modes[0].block_ns[::-1], **facts,
    }  # fmt: skip
    return comparison_table.Comparison(**told)  # type: ignore[arg-type]


def leaf(**facts: object) -> comparison_table.LeafDifference:
    """A tensor of ten float32 that differs in one by a thousandth of the largest."""
    told = {
        "path": "['loss']", "dtype": "float32", "elements": 10, "different": 1, "non_finite_different": 0, "max_ulps": 8389,
        "max_difference": 0.002, "scale": 2.0, "when_perturbed": 1e-6, "flips_when_perturbed": False, "before": "2.0", "after": "2.002",
        "index": "[3]", **facts,
    }  # fmt: skip
    return comparison_table.LeafDifference(**told)  # type: ignore[arg-type]
