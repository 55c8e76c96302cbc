"""What a report says of findings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tfmodetrace.insight import findings, whatif
from tfmodetrace.schema import words


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """How many traces a function has, and would have had, had it been written otherwise; ``None`` where that is impossible."""

    now: int
    tensor_argument: int
    reduce_retracing: int | None
    input_signature: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A conclusion with evidence, a cause and a fix.

    Attributes:
        id: What it is.
        severity: How much it matters.
        function_id: The function it is about; ``None`` if it is about none.
        title: One line.
        evidence: Numbers and names it rests on, and ``lost_ns``.
        why: What causes it.
        fix: What to change.
        what_if: Numbers of traces under each option; ``None`` where it is not about traces.
        lost_ns: Time that the fix would have saved; findings are ranked by it.
        what_if_options: The numbers of ``what_if`` with their labels, in order; ``None`` likewise.
    """

    id: words.FindingId
    severity: words.Severity
    function_id: int | None
    title: str
    evidence: Mapping[str, Any]
    why: str
    fix: str
    what_if: WhatIf | None
    lost_ns: int
    what_if_options: tuple[whatif.Option, ...] | None


def info(finding: findings.Finding) -> Finding:
    """Describes a finding."""
    what_if = finding.what_if
    return Finding(
        id=finding.id,
        severity=finding.severity,
        function_id=finding.function_id,
        title=finding.title,
        evidence={**finding.evidence, "lost_ns": finding.lost_ns},
        why=finding.why,
        fix=finding.fix,
        what_if=None
        if what_if is None
        else WhatIf(
            now=what_if.now,
            tensor_argument=what_if.tensor_argument,
            reduce_retracing=what_if.reduce_retracing,
            input_signature=what_if.input_signature,
        ),
        lost_ns=finding.lost_ns,
        what_if_options=None if what_if is None else what_if.options,
    )
