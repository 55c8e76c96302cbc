"""The problems of a run, as a check tells them: findings, failures, and limits that are exceeded."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from tfmodetrace.insight import answers, diagnoses, failures, finding_places, findings, limits, units
from tfmodetrace.insight.checks import fingerprints
from tfmodetrace.log import function_table, tracelog
from tfmodetrace.schema import words

Kind = Literal["limit", "failure", "finding"]

MAX_TRACES: Final = "max-traces"
"""The id of a limit on traces."""

MAX_TRACING_SHARE: Final = "max-tracing-share"
"""The id of a limit on the time that tracing takes."""

LIMITS: Final = {
    MAX_TRACES: "A function was traced more often than it may be",
    MAX_TRACING_SHARE: "Tracing took more of the time than it may",
}
"""The ids of limits, and what is wrong where one is exceeded."""

_NOWHERE: Final = function_table.Place(file="", line=0, function="")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a check holds a log to.

    Attributes:
        max_traces: Traces that each function may have; ``None`` for any number.
        max_tracing_share: The part of the time in traced functions that tracing may take; ``None`` for any.
        function: A glob; only functions that it matches are looked at, and what is about them.
    """

    max_traces: int | None = None
    max_tracing_share: float | None = None
    function: str | None = None

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return self.max_traces is not None or self.max_tracing_share is not None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that a check tells.

    Attributes:
        kind: What it is.
        id: The finding's or the diagnosis's id; of a limit, the option's name.
        severity: How much it matters: a limit that is exceeded ``high``; a failure ``high`` if it ended the program, else ``medium``.
        run: The name of the run.
        function: The name of the function that it is about; empty if it is about none.
        place: The user's line to look at; without a file if none is known.
        title: One line.
        why: What causes it; empty if nothing is to be said beside the title.
        advice: What to do, in a sentence.
        fix: Code to paste, each piece with where it goes; ``None`` if none can be given.
        evidence: Lines that show it, such as the traces beyond a limit.
        cost: What it costs, in words; empty where that has no measure.
        amount: How much it is, to be compared with an earlier one of the same fingerprint: the share of the wall time that is lost, the
            number of traces, or how often it happened.
        fingerprint: What it is known by from one run to the next.
    """

    kind: Kind
    id: str
    severity: words.Severity
    run: str
    function: str
    place: function_table.Place
    title: str
    why: str
    advice: str
    fix: str | None
    evidence: tuple[str, ...] = ()
    cost: str = ""
    amount: float
    fingerprint: str

    @property
    def is_explained(self) -> bool:
        """Whether ``tfmodetrace explain`` knows its id."""
        return self.kind != "limit"


def of_run(told: answers.Answers, held_to: Limits) -> tuple[Problem, ...]:
    """Returns the problems of a run: limits that are exceeded first, then what failed, then findings, the costliest first.

    Args:
        told: The answers about the run.
        held_to: Its limits.
    """
    found = [*_excesses(told, held_to), *_failures(told, held_to), *_findings(told, held_to)]
    apart = fingerprints.numbered(problem.fingerprint for problem in found)
    return tuple(dataclasses.replace(problem, fingerprint=each) for problem, each in zip(found, apart, strict=True))


def _excesses(told: answers.Answers, held_to: Limits) -> Iterator[Problem]:
    run = told.run
    if held_to.max_traces is not None:
        for excess in limits.excesses(told, at_most=held_to.max_traces, function=held_to.function):
            function, finding = excess.function, excess.finding
            yield Problem(
                kind="limit",
                id=MAX_TRACES,
                severity="high",
                run=run.name,
                function=function.name,
                place=finding_places.of_function(function) or _NOWHERE,
                title=f"{function.name} {excess.told}",
                why="" if finding is None else finding.why,
                advice=limits.advice(excess.reason) if finding is None else finding.advice,
                fix=None if finding is None else finding.fix,
                evidence=excess.lines,
                amount=excess.traces,
                fingerprint=fingerprints.of(
                    MAX_TRACES, file=function.file, function=function.qualname, code=fingerprints.code_of(function)
                ),
            )
    share = told.summary.tracing_share_of_functions
    if held_to.max_tracing_share is not None and share is not None and share > held_to.max_tracing_share:
        yield Problem(
            kind="limit",
            id=MAX_TRACING_SHARE,
            severity="high",
            run=run.name,
            function="",
            place=_NOWHERE,
            title=f"{units.share(share)} of the time in traced functions went into tracing, but at most "
            f"{units.share(held_to.max_tracing_share)} may",
            why="",
            advice="`tfmodetrace report` lists the traces with their reasons and times.",
            fix=None,
            amount=share,
            fingerprint=fingerprints.of(MAX_TRACING_SHARE, file="", function=""),
        )


def _failures(told: answers.Answers, held_to: Limits) -> Iterator[Problem]:
    for group in told.failures:
        if _is_about(told.run, (group.function_id, *group.left), held_to):
            yield _failure(told, group)


def _failure(told: answers.Answers, group: failures.FailureGroup) -> Problem:
    run = told.run
    diagnosis, function = told.diagnoses[group.error_id], run.functions[group.function_id]
    raised = diagnoses.core_of(run.errors[group.error_id])
    ended = any(error.ended_program for error in run.errors if error.first_error_id in group.error_ids)
    source = diagnosis.source
    place = (
        finding_places.of_function(function) or _NOWHERE
        if source is None
        else function_table.Place(file=source.file, line=source.line, function=source.function, code=source.code)
    )
    times = "" if group.count == 1 else f", {group.count:,} times"
    return Problem(
        kind="failure",
        id=group.diagnosis_id,
        severity="high" if ended else "medium",
        run=run.name,
        function=function.name,
        place=place,
        title=f"{group.title}{times}{', which ended the program' if ended else ''}",
        why=diagnosis.why,
        advice=diagnosis.advice,
        fix=diagnosis.fix,
        evidence=(f"{raised.type.rpartition('.')[2]}: {(raised.message.strip().splitlines() or [''])[0]}",),
        amount=group.count,
        fingerprint=fingerprints.of(group.diagnosis_id, file=place.file, function=function.qualname, about=(raised.type,), code=place.code),
    )


def _findings(told: answers.Answers, held_to: Limits) -> Iterator[Problem]:
    for finding in told.findings:
        if finding.severity != "info" and _is_about(told.run, finding.function_ids, held_to):
            yield _finding(told.run, finding)


def _finding(run: tracelog.Run, finding: findings.Finding) -> Problem:
    function = None if finding.function_id is None else run.functions[finding.function_id]
    place = finding_places.of_finding(run, finding) or _NOWHERE
    code = finding.at.code if finding.at is not None else "" if function is None else fingerprints.code_of(function)
    return Problem(
        kind="finding",
        id=finding.id,
        severity=finding.severity,
        run=run.name,
        function=place.function if function is None else function.name,
        place=place,
        title=finding.title,
        why=finding.why,
        advice=finding.advice,
        fix=finding.fix,
        cost=f"{units.share(finding.share)} of the wall time, {units.duration(finding.lost_ns)}" if finding.lost_ns else "",
        amount=finding.share,
        fingerprint=fingerprints.of(
            finding.id,
            file=place.file,
            function=place.function if function is None else function.qualname,
            about=finding.about,
            code=code,
        ),
    )


def _is_about(run: tracelog.Run, function_ids: Iterable[int], held_to: Limits) -> bool:
    return held_to.function is None or any(limits.matches(run.functions[number], held_to.function) for number in function_ids)
