"""Calls of Keras's fit, evaluate and predict, and what they did with their time."""

from __future__ import annotations

import dataclasses

from tfmodetrace.schema import words


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What a call did again and again; phases do not overlap.

    Attributes:
        kind: What.
        name: Of a callback, its class; else empty.
        count: How often.
        total_ns: How long.
        longest_ns: How long the longest was.
        first_ns: How long the first was.
    """

    kind: words.KerasPhase
    name: str
    count: int
    total_ns: int
    longest_ns: int
    first_ns: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A transformation of a pipeline, as tf.data counts it.

    Attributes:
        name: As tf.data calls it, such as ``ParallelMapV2``.
        ends: How many last steps of epochs are in that, but for the first step of all.
        ends_ns: How long these took.
        elements: How many elements it has made.
        processing_ns: How long that took in itself, not in those before it; of parallel ones the sum.
        parallelism: How many of its elements are made at a time; 0 where it is not parallel.
    """

    name: str
    elements: int
    processing_ns: int
    parallelism: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class KerasCall:
    """A call of fit, evaluate or predict.

    Attributes:
        keras_call_id: Its number within the run.
        process: Whose.
        thread_id: On which thread.
        entry: ``fit``, ``evaluate`` or ``predict``.
        model: The model's name.
        start_ns: When it began, since the run's start.
        duration_ns: How long it took; so far, if it has not ended.
        ended: Whether its end was seen.
        within: The one that has called it; ``None`` if none has.
        within_callback: Whether a callback of that one has.
        phases: What it did.
        loop_ns: From the first step's begin to the last one's end; of several epochs the sum.
        elements: How many elements of its data tf.data has counted; 0 where that is not known.
        gaps: Of how many of these it is known how long the steps took until they asked for the next.
        gaps_ns: How long these took.
        first_gap_ns: How long the first of these took.
        waits: How often its steps waited for what the workers of a PyDataset make; 0 if it reads from no such one.
        waited_ns: How long.
        stages: The transformations of the pipeline that it reads from, from the last to the first; none where they are not known.
    """

    keras_call_id: int
    process: int
    thread_id: int
    entry: str
    model: str
    start_ns: int
    duration_ns: int
    ended: bool
    within: int | None
    within_callback: bool
    phases: tuple[Phase, ...]
    loop_ns: int
    ends: int
    ends_ns: int
    elements: int
    gaps: int
    gaps_ns: int
    first_gap_ns: int
    waits: int = 0
    waited_ns: int = 0
    stages: tuple[Stage, ...] = ()
