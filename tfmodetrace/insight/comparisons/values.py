"""What is told of a comparison, as values."""

from __future__ import annotations

import dataclasses
from typing import Literal

from tfmodetrace.insight.comparisons import verdicts
from tfmodetrace.schema import words

Agreement = Literal["identical", "rounding", "mismatch", "random", "not-deterministic"]
"""How a mode's results compare with the reference's: bit by bit the same; other by no more than rounding explains; by more; not to be
compared, since the function draws random numbers; or since one of the modes differs from itself."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ResultsAnswer:
    """Whether a mode computes what the reference does.

    Attributes:
        agreement: How its results, and the variables after a call, compare with the reference's.
        max_ulps: The representable numbers that lie between two floating results at most; ``None`` if none differ.
        text: The same in words.
        differing: What differs by more than rounding explains, in words, what differs most first.
    """

    agreement: Agreement
    max_ulps: int | None
    text: str
    differing: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ModeFailure:
    """Why a mode cannot run the function.

    Attributes:
        type: The exception's type.
        message: Its message.
        id: What it means.
        title: One line.
        why: Why it happens in this mode.
        advice: What to do, in a sentence.
        fix: Code to paste; ``None`` if none can be given.
        file: The user's file to look at; ``None`` if none is known.
        line: The line there.
    """

    type: str
    message: str
    id: words.DiagnosisId
    title: str
    why: str
    advice: str
    fix: str | None
    file: str | None
    line: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ModeRow:
    """What one mode does. Of one that fails, everything but ``failure`` is ``None``, 0 or empty.

    Attributes:
        mode: The mode.
        failure: Why it fails; ``None`` if it does not.
        call_ns: What a call takes once everything is made: the reference's median over the blocks, times the ratio.
        calls: Calls that this rests on.
        rounds: Rounds that the ratio rests on.
        outliers: How many of them lie far outside; they count all the same.
        steady: Whether blocks agreed before measuring began.
        calls_until_steady: Calls until they did, or that were made without.
        ratio: Its time by the reference's; ``None`` of the reference.
        ratio_low: The lower end of the ratio's interval; ``None`` if there were too few rounds.
        ratio_high: The upper end, likewise.
        ratio_text: The three in one.
        verdict: Whether it is faster or slower than the reference; ``None`` of the reference.
        verdict_text: The same in words.
        tracing_ns: What tracing took the first time; ``None`` where nothing is traced.
        first_call_ns: What the call after it took, with XLA's compilation.
        one_off_ns: What tracing, compiling and the first run cost once.
        break_even: From which call on it pays; ``None`` where that cannot be told, and of the reference.
        break_even_text: The same in words.
        peak_bytes: What a call allocates at most; ``None`` where no allocator tells.
        dispatched_ops: Ops that a call dispatches from Python; ``None`` if not counted.
        deterministic: Whether a second call, from the same variables, does what the first did.
        results: Whether it computes what the reference does; ``None`` of the reference.
        drift_step: After how many steps it is elsewhere than the reference by more than rounding explains; ``None`` if it is not.
        drift_text: The same in words; ``None`` if no steps were followed.
    """

    mode: words.ModeWord
    failure: ModeFailure | None = None
    call_ns: int | None = None
    calls: int = 0
    rounds: int = 0
    outliers: int = 0
    steady: bool = False
    calls_until_steady: int = 0
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    ratio_text: str = ""
    verdict: verdicts.Verdict | None = None
    verdict_text: str = ""
    tracing_ns: int | None = None
    first_call_ns: int | None = None
    one_off_ns: int | None = None
    break_even: verdicts.BreakEven | None = None
    break_even_text: str | None = None
    peak_bytes: int | None = None
    dispatched_ops: int | None = None
    deterministic: bool | None = None
    results: ResultsAnswer | None = None
    drift_step: int | None = None
    drift_text: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonInfo:
    """One function in several modes, as reports tell of it.

    Attributes:
        name: The function.
        file: Where it is defined; empty if that is not known.
        line: The line there.
        signature: What it was called with.
        process: Number of the process.
        time_ns: When it was compared, since the run's start.
        duration_ns: How long that took.
        reference: The mode that the others are compared with; ``None`` if all have failed.
        rows: One a mode, in the order that was asked for.
        control_low: The lower end of the interval of the reference by itself; ``None`` if there were too few rounds.
        control_high: The upper end, likewise. What is off 1 here is not the modes' doing.
        variables: Variables that were put back before each block.
        other_resources: Other resources, such as tables, that were not.
        notes: What limits the answer, in sentences.
        summary: The verdicts in one line.
        definition_id: The definition in its run; ``None`` if no call of it was recorded.
    """

    name: str
    file: str
    line: int
    signature: str
    process: int
    time_ns: int
    duration_ns: int
    reference: words.ModeWord | None
    rows: tuple[ModeRow, ...]
    control_low: float | None
    control_high: float | None
    variables: int
    other_resources: int
    notes: tuple[str, ...]
    summary: str
    definition_id: int | None = None

    def row(self, mode: str) -> ModeRow | None:
        """Returns the row of a mode."""
        return next((row for row in self.rows if row.mode == mode), None)
