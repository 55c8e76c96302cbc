"""Findings: conclusions with evidence, a cause and a fix, ranked by the time they cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tfmodetrace.insight import profiles
from tfmodetrace.insight import reasons as reasons_module
from tfmodetrace.insight.findings import base, compilations, graphs, memory, placement, programs, retracing, tracing
from tfmodetrace.log import tracelog
from tfmodetrace.schema import words

__all__ = ["Finding", "find", "find_in_profiles"]

Finding = base.Finding

_RANKS: Final = {severity: rank for rank, severity in enumerate(words.SEVERITIES)}


def find(
    run: tracelog.Run, reasons: Sequence[reasons_module.Reason] | None = None, profiled: profiles.RunProfiles | None = None
) -> tuple[Finding, ...]:
    """Returns the findings of a run, those that cost most time first.

    Args:
        run: The run.
        reasons: Its traces' reasons, if they are already known.
        profiled: Its profiles, if what they tell is to be found, too.
    """
    compiled = () if profiled is None else profiled.compilations
    evidence = base.Evidence(run, reasons_module.explain(run) if reasons is None else reasons, compiled)
    families = (retracing, tracing, graphs, placement, memory, programs, compilations)
    return _ranked(finding for family in families for finding in family.find(evidence))


def find_in_profiles(run: tracelog.Run, profiled: profiles.RunProfiles) -> tuple[Finding, ...]:
    """Returns the findings that :func:`find` would add for a run's profiles."""
    return _ranked(compilations.in_profiles(base.Evidence(run, (), profiled.compilations)))


def _ranked(found: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(found, key=lambda finding: (-finding.lost_ns, _RANKS[finding.severity], finding.function_id or 0)))
