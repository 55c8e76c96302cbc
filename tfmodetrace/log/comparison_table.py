"""Functions that were run in several modes and measured, as ``tfmodetrace.compare`` does: what was seen, and no conclusion."""

from __future__ import annotations

import dataclasses

from tfmodetrace.log import error_table, function_table
from tfmodetrace.schema import keys, words


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LeafDifference:
    """A tensor of a result, or a variable, that differs between two runs.

    Attributes:
        path: Where it is in the result, or which variable it is.
        dtype: Its dtype.
        elements: How many elements it has.
        different: How many of them differ.
        non_finite_different: Of these, those that are finite in one of the two only, or infinite in another way.
        max_ulps: How many representable numbers lie between the two at most; ``None`` of what is no floating number.
        max_difference: The largest difference; infinite where one is not finite.
        scale: The largest finite magnitude in the reference.
        when_perturbed: The largest difference that changing inputs and variables by a few ULPs has made; ``None`` if that was not tried.
        flips_when_perturbed: Whether that has changed what is no floating number, or which elements are finite.
        before: The element of the reference that differs most.
        after: The same of the other.
        index: Which one it is, such as ``[0, 3]``.
    """

    path: str
    dtype: str
    elements: int
    different: int
    non_finite_different: int
    max_ulps: int | None
    max_difference: float
    scale: float
    when_perturbed: float | None
    flips_when_perturbed: bool
    before: str
    after: str
    index: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How what two runs have returned and left in variables differs.

    Attributes:
        structure: What is not built alike, in words.
        leaves: How many tensors and variables were compared.
        differing: Those that differ.
    """

    structure: tuple[str, ...] = ()
    leaves: int = 0
    differing: tuple[LeafDifference, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ComparedMode:
    """What one mode did.

    Attributes:
        mode: The mode.
        error: What left the function in this mode; everything else is empty then. ``None`` if nothing did.
        calls_per_block: Calls in each block.
        warm_up_ns: How long blocks took before the rounds.
        block_ns: How long the block of each round took.
        tracing_ns: How long tracing took: the first time, then for functions made anew.
        first_call_ns: How long the call after it took, likewise.
        peak_bytes: What a call allocated at most; ``None`` where no allocator tells.
        dispatched_ops: Ops that a call dispatched from Python; ``None`` if they were not counted.
        from_reference: How its results differ from the reference's; ``None`` of the reference.
        from_itself: How those of its second call differ from those of its first.
        steps: How they differ from the reference's after each of several calls.
    """

    mode: words.ModeWord
    error: error_table.Error | None = None
    calls_per_block: int = 1
    warm_up_ns: tuple[int, ...] = ()
    block_ns: tuple[int, ...] = ()
    tracing_ns: tuple[int, ...] = ()
    first_call_ns: tuple[int, ...] = ()
    peak_bytes: int | None = None
    dispatched_ops: int | None = None
    from_reference: Difference | None = None
    from_itself: Difference | None = None
    steps: tuple[Difference, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A function that was run in several modes.

    Attributes:
        function: The function; its ids mean nothing.
        arguments: What it was called with.
        process: Number of the process.
        time_ns: When that began, since the run's start.
        duration_ns: How long it took.
        modes: In the order that was asked for; the first without an error is the reference.
        control_ns: How long one more block of the reference took in each round.
        variables: Variables that were put back before each block.
        other_resources: Other resources that a graph of it has, which were not.
        draws_random_numbers: Whether a graph of it draws random numbers.
        coarsest_float: The floating dtype with the fewest digits that its graph computes with; empty if it has none.
        largest_elements: Elements of the largest tensor among what it was given, reads and returns.
    """

    function: function_table.Function
    arguments: keys.Node
    process: int = 0
    time_ns: int
    duration_ns: int
    modes: tuple[ComparedMode, ...]
    control_ns: tuple[int, ...] = ()
    variables: int = 0
    other_resources: int = 0
    draws_random_numbers: bool = False
    coarsest_float: str = ""
    largest_elements: int = 0

    @property
    def reference(self) -> ComparedMode | None:
        """The mode that the others are compared with; ``None`` if all have failed."""
        return next((mode for mode in self.modes if mode.error is None), None)
