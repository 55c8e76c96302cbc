"""What Keras's fit, evaluate and predict did with their time: phases that do not overlap and sum to it.

What callbacks, steps and validation took is measured. Where Keras's function fetches its data itself, the time that it waits there is what
tf.data tells: a loop of steps is, but for waiting, the times between two elements. All of these are known where there were few of them or
tf.data was asked often enough; else those that are known stand for the others.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import units
from tfmodetrace.log import keras_table, tracelog
from tfmodetrace.schema import words

LEAST_SHARE: Final = 0.1
"""From which part of a call on one of its callbacks is worth a word."""

_LEAST_TOLD: Final = 0.02
_MOST_TOLD: Final = 5
_ALL_KNOWN: Final = 0.9
"""The part of the times between elements that must be known for what follows from them to be measured."""

_LEAST_GAPS: Final = 3

_NAMES: Final = {
    "setup": "setting up",
    "data": "data",
    "validation": "validation",
    "nested": "other calls of Keras",
    "callback": "callbacks",
    "end": "ending",
    "between": "Keras between",
}
_FUNCTIONS: Final = {"fit": "train function", "evaluate": "test function", "predict": "predict function"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A part of a call's time.

    Attributes:
        kind: What; ``between`` is what is in no other, Keras's own Python.
        name: The same as people call it; of a callback, its class.
        ns: How long.
        share: That as a part of the call's time, from 0 to 1.
        count: How often; 0 where that says nothing.
        longest_ns: How long the longest was; ``None`` likewise.
        how: How that is known.
    """

    kind: words.KerasPhase | words.BetweenPhases
    name: str
    ns: int
    share: float
    count: int
    longest_ns: int | None
    how: words.HowKnown


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class KerasCall:
    """A call of fit, evaluate or predict, or several that are alike: of one model, called by the same of them, or by none.

    Attributes:
        entry: ``fit``, ``evaluate`` or ``predict``.
        model: The model's name.
        process: Whose.
        thread: On which thread.
        calls: How many there are.
        within: What has called them: ``fit``, … ; ``None`` if it was the program.
        start_ns: When the first began, since the run's start.
        ns: How long they took.
        phases: What they did, the longest first; the parts sum to ``ns``.
        text: All that as one line.
        knows_data: Whether it is known how long steps waited for data that they fetch themselves.
        stages: The transformations of the pipelines that they read from, of each from the last to the first.
    """

    entry: str
    model: str
    process: int
    thread: int
    calls: int
    within: str | None
    start_ns: int
    ns: int
    phases: tuple[Phase, ...]
    text: str
    knows_data: bool
    stages: tuple[tuple[keras_table.Stage, ...], ...]

    def phase(self, kind: words.KerasPhase) -> Phase | None:
        """The phase of a kind of which there is one."""
        return next((phase for phase in self.phases if phase.kind == kind), None)

    @property
    def slow_callback(self) -> str | None:
        """A sentence about the callback that takes most, if that is worth a word."""
        told = [phase for phase in self.phases if phase.kind == "callback" and phase.share >= LEAST_SHARE]
        slow = max(told, key=lambda phase: phase.ns, default=None)
        if slow is None:
            return None
        longest = "" if slow.longest_ns is None else f", at most {units.duration(slow.longest_ns)} at a time"
        return f"The callback {slow.name} takes {units.duration(slow.ns)} of {self.entry}, {units.share(slow.share)}{longest}."


def of_run(run: tracelog.Run) -> tuple[KerasCall, ...]:
    """Tells what the calls of a run did, those that took longest first."""
    alike: dict[tuple[object, ...], list[keras_table.KerasCall]] = {}
    for call in run.keras_calls:
        within = None if call.within is None else run.keras_calls[call.within].entry
        alike.setdefault((call.process, call.thread_id, call.entry, call.model, within), []).append(call)
    told = [_told(calls, within) for (*_, within), calls in alike.items()]
    return tuple(sorted(told, key=lambda each: -each.ns))


def waited_in_graphs_ns(run: tracelog.Run, alone_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Returns how long each call's graph waited for the data that it fetches itself, by row, as far as that is known of Keras's steps.

    It is known of all steps of a call of Keras's together, and each has the part of it that its time is.

    Args:
        run: The run.
        alone_ns: For how long each call, by row, was the innermost thing open on its thread.
    """
    calls, found = run.calls, np.zeros(len(run.calls), dtype=np.int64)
    for call in run.keras_calls:
        waited, _ = _waited_ns(call)
        if not waited:
            continue
        # What a call that traced took is mostly not its steps'.
        steps = np.flatnonzero(
            (calls.thread_id == call.thread_id)
            & (calls.mode == int(words.Mode.GRAPH))
            & (calls.trace_id < 0)
            & (calls.start_ns >= call.start_ns)
            & (calls.end_ns <= call.start_ns + call.duration_ns)
        )
        left = alone_ns[steps] - found[steps]
        if (whole := int(left.sum())) > 0:
            found[steps] += (left * min(1.0, waited / whole)).astype(np.int64)
    return found


def _told(calls: Sequence[keras_table.KerasCall], within: object) -> KerasCall:
    first = min(calls, key=lambda call: call.start_ns)
    whole = sum(call.duration_ns for call in calls)
    sums: dict[tuple[words.KerasPhase, str], list[int]] = {}
    how: words.HowKnown = "measured"
    for call in calls:
        waited, known = _waited_ns(call)
        how = "sampled" if known == "sampled" else how
        for phase in call.phases:
            total = sums.setdefault((phase.kind, phase.name), [0, 0, 0])
            total[0] += phase.total_ns - (waited if phase.kind == "function" else 0)
            total[1] += phase.count
            total[2] = max(total[2], phase.longest_ns)
        if waited:
            sums.setdefault(("data", ""), [0, 0, 0])[0] += waited
    phases = [
        Phase(
            kind=kind,
            name=name or _name(first.entry, kind),
            ns=ns,
            share=ns / whole if whole else 0.0,
            count=count,
            longest_ns=longest or None,
            how=how if kind in ("data", "function") else "measured",
        )
        for (kind, name), (ns, count, longest) in sums.items()
    ]
    rest = max(0, whole - sum(phase.ns for phase in phases))
    phases.append(
        Phase(
            kind="between",
            name=_NAMES["between"],
            ns=rest,
            share=rest / whole if whole else 0.0,
            count=0,
            longest_ns=None,
            how="measured",
        )
    )
    phases.sort(key=lambda phase: -phase.ns)
    return KerasCall(
        entry=first.entry,
        model=first.model,
        process=first.process,
        thread=first.thread_id,
        calls=len(calls),
        within=within if isinstance(within, str) else None,
        start_ns=first.start_ns,
        ns=whole,
        phases=tuple(phases),
        text=_text(first.entry, len(calls), whole, phases),
        knows_data=any(call.gaps >= _LEAST_GAPS or call.waits for call in calls),
        stages=tuple(call.stages for call in calls if call.stages),
    )


def _name(entry: str, kind: words.KerasPhase) -> str:
    if kind == "function":
        return _FUNCTIONS.get(entry, "function")
    return _NAMES[kind]


def _text(entry: str, calls: int, whole: int, phases: Sequence[Phase]) -> str:
    told = [phase for phase in phases if phase.share >= _LEAST_TOLD][:_MOST_TOLD]
    times = f" × {units.count(calls)}" if calls > 1 else ""
    return f"{entry}{times} {units.duration(whole)}: " + ", ".join(f"{phase.name} {units.share(phase.share)}" for phase in told)


def _waited_ns(call: keras_table.KerasCall) -> tuple[int, words.HowKnown]:
    """How long the steps of a call waited for their data, and how that is known; 0 where it is not.

    The first step traces and sets up before it asks for its data, and what the last of an epoch does with its own, such as tracing for a
    short batch, no later element tells: these are taken to have waited as the others did.
    """
    function = next((phase for phase in call.phases if phase.kind == "function"), None)
    if function is not None and call.waits:
        return min(call.waited_ns, function.total_ns), "measured"
    if function is None or function.count < 2 or call.gaps < _LEAST_GAPS or call.elements < 2:
        return 0, "measured"
    between = (call.gaps_ns - call.first_gap_ns) / (call.gaps - 1)
    steps = function.count - 1 - call.ends
    if steps < 1:
        return 0, "measured"
    waited = call.loop_ns - function.first_ns - call.ends_ns - between * call.elements * steps / function.count
    whole = min(round(waited * function.count / steps), function.total_ns)
    return max(0, whole), "measured" if call.gaps >= _ALL_KNOWN * (call.elements - 1 - call.ends) else "sampled"
