"""Following a function for several steps in every mode, each with variables of its own, to see where the modes drift apart."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from tfmodetrace.comparing import results, state
from tfmodetrace.schema import events_pb2


@dataclasses.dataclass
class Trajectory:
    """One way of taking the steps.

    Attributes:
        mode: The mode.
        told: Where it is told; None of the reference's that began a few ULPs away.
        call: Takes a step.
        values: What the variables hold now.
    """

    mode: str
    told: events_pb2.ComparedMode | None
    call: Callable[[], Any]
    values: list[Any]


def follow(trajectories: Sequence[Trajectory], number: int, kept: state.State) -> None:
    """Takes steps; the first trajectory is what the others are compared with.

    Args:
        trajectories: The trajectories.
        number: How many steps.
        kept: The variables.
    """
    for _ in range(number):
        found = [_step(trajectory, kept) for trajectory in trajectories]
        perturbed = [leaves for trajectory, leaves in zip(trajectories, found, strict=True) if trajectory.told is None]
        for trajectory, leaves in zip(trajectories[1:], found[1:], strict=True):
            if trajectory.told is not None:
                trajectory.told.steps.append(results.compare(found[0], leaves, perturbed))


def _step(trajectory: Trajectory, kept: state.State) -> results.Leaves:
    state.set_mode(trajectory.mode)
    kept.load(trajectory.values)
    result = trajectory.call()
    trajectory.values = kept.values()
    return results.leaves(result, kept.named_values())
