"""What a report says of profiles."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tfmodetrace.insight import answers, profile_events
from tfmodetrace.schema import words


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ClockInfo:
    """How a profile's clock was aligned with the recording's, and by how many calls."""

    offset_ns: int
    drift_ppm: float
    residual_ns: int | None
    calls: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProfileInfo:
    """One profile of TensorFlow's that lies beside the run.

    Attributes:
        note: A sentence on why nothing of it is shown, or on what is doubtful.
        begin_ns: Where it begins; ``None`` if it is not known when it was made, or nothing of it is shown.
        clock: ``None`` where nothing of it was joined with calls.
    """

    profile: int
    session: str
    host: str
    base: str
    note: str | None
    begin_ns: int | None
    end_ns: int | None
    events: int | None
    attached_events: int | None
    calls: int
    clock: ClockInfo | None
    warnings: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NamedTime:
    """Ops or kernels of one name."""

    name: str
    count: int
    self_ns: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """A large piece of memory that was allocated."""

    bytes: int
    op: str | None
    shape: str | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProfiledMemory:
    """What an allocator told the profiler."""

    allocations: int
    allocated_bytes: int
    freed_bytes: int
    peak_bytes: int | None
    largest: tuple[Allocation, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FunctionProfile:
    """Where the time of a function's profiled calls in one mode went.

    Attributes:
        parts_ns: By part of the time.
        between_ops_ns: The part of it in which no op ran.
        memory: ``None`` where no allocator told the profiler anything.
        parts_share: Which part of the time each part is, from 0 to 1.
        between_ops_share: Which part of it is between ops.
        call_ns: How long a call took on average.
        call_ops: How many ops it ran.
        call_between_ops_ns: How much of its time was between them.
        op_between_ops_ns: How much of it an op has; ``None`` if there are none.
    """

    mode: words.ModeWord
    calls: int
    duration_ns: int
    parts_ns: Mapping[profile_events.Part, int]
    ops: int
    between_ops_ns: int
    op_types: tuple[NamedTime, ...]
    kernels: tuple[NamedTime, ...]
    memory: ProfiledMemory | None
    parts_share: Mapping[profile_events.Part, float]
    between_ops_share: float
    call_ns: int
    call_ops: float
    call_between_ops_ns: int
    op_between_ops_ns: int | None


def infos(told: answers.Answers) -> tuple[ProfileInfo, ...]:
    """Describes every profile of a run."""
    return tuple(
        ProfileInfo(**{**described, "clock": None if described["clock"] is None else ClockInfo(**described["clock"])})
        for described in told.profiles.describe()
    )


def by_function(told: answers.Answers) -> Mapping[int, tuple[FunctionProfile, ...]]:
    """Tells by function id where the time of profiled calls went."""
    found: dict[int, tuple[FunctionProfile, ...]] = {}
    for row in told.profiles.by_function():
        function_id, profile = _of_function(**row)
        found[function_id] = (*found.get(function_id, ()), profile)
    return found


def _of_function(
    *, function_id: int, op_types: list[Any], kernels: list[Any], memory: dict[str, Any] | None, **rest: Any
) -> tuple[int, FunctionProfile]:
    return function_id, FunctionProfile(
        op_types=tuple(NamedTime(**row) for row in op_types),
        kernels=tuple(NamedTime(**row) for row in kernels),
        memory=None if memory is None else ProfiledMemory(**{**memory, "largest": tuple(Allocation(**each) for each in memory["largest"])}),
        **rest,
    )
