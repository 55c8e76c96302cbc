"""Findings: conclusions with evidence, a cause and a fix, ranked by the wall time that they cost."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Final

from tfmodetrace.insight import edits, fixes, sources, verified, whatif
from tfmodetrace.insight.findings import (
    base,
    casts,
    comparisons,
    compilations,
    costs,
    eager,
    first_calls,
    folding,
    graphs,
    idle,
    input_steps,
    inputs,
    loops,
    memory,
    nested,
    per_example,
    placement,
    predictions,
    process_memory,
    programs,
    recreated,
    retracing,
    scalar_loops,
    silent,
    slowing,
    tracing,
    unconverted,
    workers,
)
from tfmodetrace.schema import words

__all__ = ["Evidence", "Finding", "find", "find_in_profiles"]

Evidence = base.Evidence
Finding = base.Finding

INSIDE: Final = 0.1
"""The part of its time that a finding about traces must have for itself."""

_TRACED_AGAIN: Final = frozenset(
    {"python-scalar-argument", "varying-shape", "object-identity", "function-recreated", "trace-storm", "trace-not-reused"}
)
_OF_SAMPLES: Final[Mapping[words.FindingId, float]] = {"eager-hot-function": 0.5, "input-bound": 0.5}
"""The same of findings that samples tell: most of their time must be told by no other."""

_RANKS: Final = {severity: rank for rank, severity in enumerate(words.SEVERITIES)}
_FAMILIES: Final = (
    *(
        predictions,
        retracing,
        recreated,
        unconverted,
        tracing,
        loops,
        scalar_loops,
        graphs,
        casts,
        placement,
        memory,
        programs,
        compilations,
    ),
    *(silent, nested, per_example, slowing, comparisons, workers),
)
_BY_SAMPLES: Final = (eager, inputs, input_steps)


def find(evidence: Evidence) -> tuple[Finding, ...]:
    """Returns the findings of a run: those that matter most first, and of these the costliest."""
    ledger = costs.Ledger(evidence)
    drafts = [draft for family in (*_FAMILIES, *_BY_SAMPLES) for draft in family.find(evidence)]
    drafts += idle.find(evidence, tuple(drafts))
    drafts += process_memory.find(evidence, drafts)
    found = _told(evidence, ledger, drafts)
    told = frozenset(number for finding in found for number in finding.trace_ids)
    found += _told(evidence, ledger, memory.kept_graphs(evidence, told))
    # Last, since most first calls are what something else has made them.
    found += _told(evidence, ledger, first_calls.find(evidence, ledger))
    return _each_fix_once(_ranked(found))


def find_in_profiles(evidence: Evidence) -> tuple[Finding, ...]:
    """Returns the findings that :func:`find` adds for what XLA compiled, as far as profiles tell."""
    return _ranked(_told(evidence, costs.Ledger(evidence), compilations.in_profiles(evidence)))


def _each_fix_once(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Leaves a fix to the first of the findings that it mends; the others say which that is."""
    told: list[Finding] = []
    firsts: dict[edits.Edit, Finding] = {}
    for finding in found:
        first = firsts.get(finding.edits[0]) if finding.edits else None
        if first is not None and set(finding.edits) <= set(first.edits):
            told.append(_mended_with(finding, first))
            continue
        told.append(finding)
        for edit in finding.edits:
            firsts.setdefault(edit, finding)
    return tuple(told)


def _mended_with(finding: Finding, first: Finding) -> Finding:
    """A finding that another one's fix mends."""
    return dataclasses.replace(
        finding,
        advice=f"The fix of “{first.title}” mends this, too.",
        evidence={**finding.evidence, "mended_with": first.title},
        fix=None,
        edits=(),
        verified=None,
        what_if=_unmarked(finding.what_if),
    )


def _unmarked(what_if: whatif.WhatIf | None) -> whatif.WhatIf | None:
    return None if what_if is None else what_if.with_chosen(None)


def _told(evidence: Evidence, ledger: costs.Ledger, drafts: Iterable[base.Draft]) -> list[Finding]:
    folded = folding.fold(evidence, drafts)
    folded.sort(key=lambda draft: (draft.order, -sum(map(ledger.free_ns, draft.claims))))
    return [_finding(evidence, ledger, draft) for draft in folded if not _is_told(ledger, draft)]


def _is_told(ledger: costs.Ledger, draft: base.Draft) -> bool:
    """Whether what was traced again was traced inside of what another finding tells of: its cause is that one's, then."""
    least = INSIDE if draft.id in _TRACED_AGAIN else _OF_SAMPLES.get(draft.id)
    if least is None:
        return False
    whole_ns = sum(map(costs.Ledger(ledger.evidence).free_ns, draft.claims))
    return whole_ns > 0 and sum(map(ledger.free_ns, draft.claims)) < least * whole_ns


def _finding(evidence: Evidence, ledger: costs.Ledger, draft: base.Draft) -> Finding:
    lost_ns = ledger.take(draft.claims)
    trace_ids = ledger.take_traces(draft.traces)
    function_id = draft.functions[-1] if draft.functions else None
    definition = None if function_id is None else evidence.definitions.of_function(function_id)
    wall_ns = evidence.wall_ns(draft.process if definition is None else definition.process)
    share = lost_ns / wall_ns if wall_ns else 0.0
    replaced = frozenset().union(*(sources.free_names(edit.replaces) or () for edit in draft.edits))
    fix = fixes.usable(edits.told(draft.edits), evidence.names_in(draft.functions) | draft.names | replaced)
    what_if = draft.what_if
    if fix is None:
        what_if = _unmarked(what_if)
    return Finding(
        id=draft.id,
        severity=costs.severity(draft, share),
        function_id=function_id,
        function_ids=draft.functions,
        definition_id=None if definition is None else definition.definition_id,
        title=draft.title,
        evidence=draft.evidence,
        why=draft.why,
        advice=f"Nothing has to be mended. If it shall be all the same: {draft.advice}" if draft.normal and draft.traces else draft.advice,
        fix=fix,
        edits=() if fix is None else draft.edits,
        verified=None if fix is None else _verified(evidence, draft),
        lost_ns=lost_ns,
        share=share,
        what_if=what_if,
        trace_ids=trace_ids,
        at=draft.at,
        about=base.named_in(draft.cause),
    )


def _verified(evidence: Evidence, draft: base.Draft) -> verified.Verified | None:
    run = evidence.run
    return verified.of_finding(run.tried, (process.session_id for process in run.processes), draft.id, draft.edits) if run.tried else None


def _ranked(found: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(found, key=lambda finding: (_RANKS[finding.severity], -finding.lost_ns, finding.function_id or 0, finding.id)))
