"""What a report says of Keras's fit, evaluate and predict."""

from __future__ import annotations

import dataclasses

from tfmodetrace.insight import answers
from tfmodetrace.schema import words


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class KerasPhaseInfo:
    """A part of a call's time: see ``keras_phases.Phase``."""

    kind: words.KerasPhase | words.BetweenPhases
    name: str
    ns: int
    share: float
    count: int
    longest_ns: int | None
    how: words.HowKnown


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class KerasCallInfo:
    """A call of fit, evaluate or predict, or several that are alike: see ``keras_phases.KerasCall``."""

    entry: str
    model: str
    process: int
    thread: int
    calls: int
    within: str | None
    start_ns: int
    ns: int
    phases: tuple[KerasPhaseInfo, ...]
    text: str


def infos(told: answers.Answers) -> tuple[KerasCallInfo, ...]:
    """Describes the calls, those that took longest first."""
    return tuple(
        KerasCallInfo(
            entry=call.entry,
            model=call.model,
            process=call.process,
            thread=call.thread,
            calls=call.calls,
            within=call.within,
            start_ns=call.start_ns,
            ns=call.ns,
            phases=tuple(
                KerasPhaseInfo(
                    kind=phase.kind,
                    name=phase.name,
                    ns=phase.ns,
                    share=phase.share,
                    count=phase.count,
                    longest_ns=phase.longest_ns,
                    how=phase.how,
                )
                for phase in call.phases
            ),
            text=call.text,
        )
        for call in told.keras_phases
    )
