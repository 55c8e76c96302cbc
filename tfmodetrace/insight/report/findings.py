"""What a report says of findings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tfmodetrace.insight import attribution, edits, finding_places, findings, shown_at, verified, whatif
from tfmodetrace.log import tracelog
from tfmodetrace.schema import words


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """How many traces a function has, and would have had, had it been written otherwise; ``None`` where that is impossible."""

    now: int
    tensor_argument: int | None
    reduce_retracing: int | None
    input_signature: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A conclusion with evidence, a cause and a fix.

    Attributes:
        id: What it is.
        severity: How much it matters.
        function_id: The function it is about, the last of several; ``None`` if it is about none.
        function_ids: All functions that it is about.
        definition_id: The definition that these were made from; ``None`` if it is about none.
        title: One line.
        place: The user's line to look at, ``train.py:14``; ``None`` if none is known.
        call: The call that shows it best; ``None`` if none was recorded.
        evidence: Numbers and names it rests on, and ``lost_ns``.
        why: What causes it.
        advice: What to do, in a sentence.
        fix: Code to paste, each piece with where it goes; ``None`` if none can be given.
        edits: The same for programs; none likewise.
        what_if: Numbers of traces under each option; ``None`` where it is not about traces.
        lost_ns: The wall time that would have been saved.
        share: The part of its process's wall time that this is.
        verified: What came of it when the fix was tried; ``None`` if it was not.
        what_if_options: The numbers of ``what_if`` with their labels, in order; ``None`` likewise.
    """

    id: words.FindingId
    severity: words.Severity
    function_id: int | None
    function_ids: tuple[int, ...]
    definition_id: int | None
    title: str
    place: str | None
    call: shown_at.CallReference | None
    evidence: Mapping[str, Any]
    why: str
    advice: str
    fix: str | None
    edits: tuple[edits.Edit, ...]
    what_if: WhatIf | None
    lost_ns: int
    share: float
    verified: verified.Verified | None
    what_if_options: tuple[whatif.WhatIfOption, ...] | None


def info(run: tracelog.Run, finding: findings.Finding, attributed: attribution.Attribution | None = None) -> Finding:
    """Describes a finding of a run; ``attributed`` is what belongs to its calls, if that is already known."""
    what_if = finding.what_if
    return Finding(
        id=finding.id,
        severity=finding.severity,
        function_id=finding.function_id,
        function_ids=finding.function_ids,
        definition_id=finding.definition_id,
        title=finding.title,
        place=_place(run, finding),
        call=shown_at.call_of(run, attributed or attribution.Attribution(run), finding),
        evidence={**finding.evidence, "lost_ns": finding.lost_ns},
        why=finding.why,
        advice=finding.advice,
        fix=finding.fix,
        edits=finding.edits,
        what_if=None
        if what_if is None
        else WhatIf(
            now=what_if.now,
            tensor_argument=what_if.tensor_argument,
            reduce_retracing=what_if.reduce_retracing,
            input_signature=what_if.input_signature,
        ),
        lost_ns=finding.lost_ns,
        share=finding.share,
        verified=finding.verified,
        what_if_options=None if what_if is None else what_if.options,
    )


def _place(run: tracelog.Run, finding: findings.Finding) -> str | None:
    place = finding_places.of_finding(run, finding)
    return None if place is None else f"{_last_part(place.file)}:{place.line}"


def _last_part(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]
