"""What is told of two runs beside each other, as values. ``a`` is what is compared with, ``b`` what is compared.

Where a side is several runs, its numbers are their means, rounded, unless something else is said.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

from tfmodetrace.schema import words

ChangeVerdict = Literal["faster", "slower", "same", "undecided", "not-comparable"]
"""How the calls of b compare with those of a: by more than noise; by less than anybody would care for; neither is certain; or there are too
few that did the same."""

SettingKind = Literal["program", "versions", "options", "devices", "processes", "code", "signatures", "recording"]

FindingState = Literal["gone", "new", "changed", "same"]

CodeState = Literal["same", "differs", "unknown"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ComparedSide:
    """One side: a run, or several that were recorded alike.

    Attributes:
        label: What it is called.
        runs: The names of its runs.
        start_unix_ns: When the first of them began; ``None`` if that is lost.
        wall_ns: Its wall time.
        calls: Recorded calls.
        traces: Traces, in words where runs differ.
    """

    label: str
    runs: tuple[str, ...]
    start_unix_ns: int | None
    wall_ns: int
    calls: int
    traces: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """Something that was not the same before either program ran, so that other differences may come of it.

    Attributes:
        kind: What kind of thing.
        what: Its name.
        a: How it is in a.
        b: How it is in b.
    """

    kind: SettingKind
    what: str
    a: str
    b: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PartChange:
    """A part of the wall time, or of a definition's. All parts' changes sum to the change of the whole.

    Attributes:
        part: Which part.
        name: The same in few words, as the first lines of a report have it.
        a_ns: How long in a.
        b_ns: How long in b.
        delta_ns: ``b_ns - a_ns``.
        a_share: ``a_ns`` as a part of the longer of both wall times, from 0 to 1.
        b_share: ``b_ns`` likewise.
        sampled: Whether samples told it in either.
        delta_text: The change in words, with its sign.
    """

    part: words.BudgetPart
    name: str
    a_ns: int
    b_ns: int
    delta_ns: int
    a_share: float
    b_share: float
    sampled: bool
    delta_text: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TimeChange:
    """What a call of a definition takes in one mode, without those that traced, compiled or raised.

    Attributes:
        mode: The mode.
        a_calls: The calls that this rests on in a, of all its runs.
        b_calls: Those in b.
        a_ns: What one takes in a; ``None`` without any.
        b_ns: What one takes in b.
        ratio: b's time by a's; ``None`` where they are not comparable.
        low: The lower end of the ratio's interval; ``None`` likewise.
        high: The upper end.
        verdict: Whether that is more than noise.
        other_signatures: Whether none of these calls in b has a signature of one in a, so that they need not do the same work.
        ratio_text: The ratio and its interval as changes in percent.
        verdict_text: The verdict in words, with what limits it.
    """

    mode: words.ModeWord
    a_calls: int
    b_calls: int
    a_ns: int | None
    b_ns: int | None
    ratio: float | None
    low: float | None
    high: float | None
    verdict: ChangeVerdict
    other_signatures: bool
    ratio_text: str
    verdict_text: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionChange:
    """One definition in both runs, or in one.

    Attributes:
        name: Its name.
        file: Its file, relative to the program.
        a_line: The line it begins at in a; ``None`` where a does not have it.
        b_line: The line in b.
        code: Whether its source is the same.
        a_calls: Its calls in a; ``None`` where a does not have it.
        b_calls: Those in b.
        a_traces: Its traces and those of other functions in its calls, in words; ``None`` likewise.
        b_traces: Those in b.
        fewer_traces: How many fewer traces b has; negative if it has more; ``None`` where one does not have it.
        a_ns: How long it was open in a; 0 where a does not have it.
        b_ns: How long in b.
        delta_ns: ``b_ns - a_ns``.
        delta_text: That in words, with its sign.
        parts: What these times were; their changes sum to ``delta_ns``.
        parts_text: The same in one line, what changed most first.
        times: What a call takes, by mode.
    """

    name: str
    file: str
    a_line: int | None
    b_line: int | None
    code: CodeState
    a_calls: int | None
    b_calls: int | None
    a_traces: str | None
    b_traces: str | None
    fewer_traces: int | None
    a_ns: int
    b_ns: int
    delta_ns: int
    delta_text: str
    parts: tuple[PartChange, ...]
    parts_text: str
    times: tuple[TimeChange, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MemoryChange:
    """The most memory that something had.

    Attributes:
        what: The process, or a device.
        a_bytes: In a; of several runs the most. ``None`` if that was not recorded.
        b_bytes: In b.
        delta_bytes: ``b_bytes - a_bytes``; ``None`` if one is not known.
        delta_text: That in words, with its sign.
    """

    what: str
    a_bytes: int | None
    b_bytes: int | None
    delta_bytes: int | None
    delta_text: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FindingChange:
    """A finding in both runs, or in one.

    Attributes:
        id: What it is.
        state: Whether it is gone in b, new there, changed in how much it matters, or the same.
        title: Its line, of b where it is there.
        place: The user's line to look at; ``None`` if none is known.
        a_severity: How much it matters in a; ``None`` where a does not have it.
        b_severity: And in b.
        a_lost_ns: The wall time that it costs in a; 0 where a does not have it.
        b_lost_ns: And in b.
        cost_text: What it costs in both, in words.
        runs_text: In how many runs it is, where sides are several and it is not in all of one; else empty.
    """

    id: words.FindingId
    state: FindingState
    title: str
    place: str | None
    a_severity: words.Severity | None
    b_severity: words.Severity | None
    a_lost_ns: int
    b_lost_ns: int
    cost_text: str
    runs_text: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RunComparisonInfo:
    """Two runs, or several runs on either side, beside each other.

    Attributes:
        a: What is compared with.
        b: What is compared.
        summary: What there is to know, in sentences.
        settings: What differs between the runs themselves; none if nothing that is recorded does.
        delta_ns: How much longer b's wall time is.
        delta_text: That in words, with its sign.
        budget: What the wall times were; their changes sum to ``delta_ns``.
        rows: The definitions, those first whose time changed most.
        memory: What memory was had; none where nothing tells.
        findings: The findings: new, gone, changed, the same; of each kind the costliest first.
        notes: What limits the answer, in sentences.
    """

    a: ComparedSide
    b: ComparedSide
    summary: tuple[str, ...]
    settings: tuple[SettingChange, ...]
    delta_ns: int
    delta_text: str
    budget: tuple[PartChange, ...]
    rows: tuple[DefinitionChange, ...]
    memory: tuple[MemoryChange, ...]
    findings: tuple[FindingChange, ...]
    notes: tuple[str, ...]
