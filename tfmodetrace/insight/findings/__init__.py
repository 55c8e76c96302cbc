"""Findings: conclusions with evidence, a cause and a fix, ranked by the time they cost."""

from __future__ import annotations

from collections.abc import Sequence

from tfmodetrace.insight import reasons as reasons_module
from tfmodetrace.insight.findings import base, graphs, memory, placement, programs, retracing, tracing
from tfmodetrace.log import tracelog

__all__ = ["Finding", "find"]

Finding = base.Finding

_SEVERITIES = {base.HIGH: 0, base.MEDIUM: 1, base.LOW: 2, base.INFO: 3}


def find(run: tracelog.Run, reasons: Sequence[reasons_module.Reason] | None = None) -> tuple[Finding, ...]:
    """Returns the findings of a run, those that cost most time first.

    Args:
        run: The run.
        reasons: Its traces' reasons, if they are already known.
    """
    evidence = base.Evidence(run, reasons_module.explain(run) if reasons is None else reasons)
    found = [finding for family in (retracing, tracing, graphs, placement, memory, programs) for finding in family.find(evidence)]
    return tuple(sorted(found, key=lambda finding: (-finding.lost_ns, _SEVERITIES[finding.severity], finding.function_id or 0)))
