"""The findings of both runs: which are gone, new, changed or the same."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final

from tfmodetrace.insight import answers, findings, units
from tfmodetrace.insight.report import findings as reported
from tfmodetrace.insight.run_comparisons import matching, sides, values
from tfmodetrace.schema import words

_ORDER: Final[Mapping[values.FindingState, int]] = {"new": 0, "gone": 1, "changed": 2, "same": 3}
_SEVERITIES: Final = ("high", "medium", "low", "info")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    told: answers.Answers
    run: int
    finding: findings.Finding


def of(both: sides.Sides, rows: Sequence[matching.Matched]) -> tuple[values.FindingChange, ...]:
    """Matches findings by what they are and the definition that they are about, and tells what became of them.

    Args:
        both: The runs.
        rows: Their definitions.
    """
    place_of = {
        (number, definition.definition_id): place
        for place, row in enumerate(rows)
        for number, one in enumerate(row)
        for definition in (() if one is None else one.rows)
    }
    found: dict[tuple[object, ...], list[_Found]] = collections.defaultdict(list)
    for number, told in enumerate(both.runs):
        for finding in told.findings:
            about = None if finding.definition_id is None else place_of.get((number, finding.definition_id), -1)
            found[finding.id, about].append(_Found(told=told, run=number, finding=finding))
    changes = [_change(of_one, len(both.a.runs), len(both.runs)) for of_one in found.values()]
    return tuple(sorted(changes, key=_rank))


def _rank(change: values.FindingChange) -> tuple[int, int, int]:
    severity = min(_SEVERITIES.index(each) for each in (change.a_severity, change.b_severity) if each is not None)
    return _ORDER[change.state], severity, -max(change.a_lost_ns, change.b_lost_ns)


def _change(found: Sequence[_Found], runs_of_a: int, runs: int) -> values.FindingChange:
    a = [each for each in found if each.run < runs_of_a]
    b = [each for each in found if each.run >= runs_of_a]
    severity_a, severity_b = _severity(a), _severity(b)
    if severity_a is None or severity_b is None:
        state: values.FindingState = "gone" if severity_b is None else "new"
    else:
        state = "same" if severity_a == severity_b else "changed"
    shown = (b or a)[0]
    info = reported.info(shown.told.run, shown.finding, shown.told.attribution)
    lost_a, lost_b = _lost(a, runs_of_a), _lost(b, runs - runs_of_a)
    in_a, in_b = len({each.run for each in a}), len({each.run for each in b})
    partly = in_a not in (0, runs_of_a) or in_b not in (0, runs - runs_of_a)
    return values.FindingChange(
        id=shown.finding.id,
        state=state,
        title=info.title,
        place=info.place,
        a_severity=severity_a,
        b_severity=severity_b,
        a_lost_ns=lost_a,
        b_lost_ns=lost_b,
        cost_text=_cost(lost_a, lost_b, state),
        runs_text=f"in {in_a} of {runs_of_a} and in {in_b} of {runs - runs_of_a} runs" if partly else "",
    )


def _severity(found: Sequence[_Found]) -> words.Severity | None:
    return min((each.finding.severity for each in found), key=_SEVERITIES.index, default=None)


def _lost(found: Sequence[_Found], runs: int) -> int:
    return round(sum(each.finding.lost_ns for each in found) / runs)


def _cost(a_ns: int, b_ns: int, state: values.FindingState) -> str:
    if state == "new":
        return units.duration(b_ns)
    if state == "gone":
        return units.duration(a_ns)
    return f"{units.duration(a_ns)} → {units.duration(b_ns)}"
