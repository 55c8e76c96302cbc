"""What is told of a run first: how long it took, what that time was, which findings matter, or that there is nothing to mend.

The terminal's first lines and the page's are these, word by word.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final

from tfmodetrace.insight import budget, findings, keras_phases, outermost, stretches, units
from tfmodetrace.schema import words

COSTLY: Final = 0.1
"""The part of the wall time from which on also what nobody has to mend is worth a word."""

MATTER: Final = 3
"""How many findings are told at once."""

KERAS: Final = 0.1
"""From which part of the wall time on calls of Keras's fit, evaluate or predict are told of."""

KERAS_TOLD: Final = 2

_NAMES: Final = {
    "tracing": "tracing",
    "compiling": "first runs of graphs",
    "graph": "graph execution",
    "xla": "XLA execution",
    "eager-ops": "eager calls",
    "input": "waiting for input",
    "keras": "Keras around its steps",
    "python": "named regions",
    "idle": "outside recorded calls",
}

_SAMPLED_NAMES: Final = {
    "tracing": "tracing",
    "graph": "graph execution",
    "eager-ops": "eager ops",
    "input": "input",
    "keras": "Keras's and TensorFlow's Python",
    "python": "other Python",
    "idle": "waiting",
}
"""What parts are that samples tell of."""

_MADE_OF: Final[Mapping[words.BudgetPart, str]] = {
    "input": "input: datasets that are begun and ended, and batches that are fetched, none for long",
    "eager-ops": "eager calls and ops, which ran once, few in a row, or long each",
}
"""Parts of which more has to be said where they are the longest and nothing is to be mended."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A part of the wall time, as the bar shows it.

    Attributes:
        part: Which part of the budget it is.
        name: The same in few words.
        ns: How long it is.
        share: Which part of the wall time that is, from 0 to 1.
        text: The share in words: ``92 %``.
        how: How it is known.
        plus_minus: By how much a share that samples tell may be wrong, in words: ``± 2 %``; ``None`` for one that is measured.
        longest: Its longest stretch, to look at; ``None`` where nothing measured tells of one.
    """

    part: words.BudgetPart
    name: str
    ns: int
    share: float
    text: str
    how: words.HowKnown
    plus_minus: str | None
    longest: stretches.Stretch | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FirstLines:
    """What is told first.

    Attributes:
        wall_ns: The wall time of the process that stands for the run.
        wall: The same as a text.
        process: That process.
        bar: What the time of its main thread was, the longest first; what took no time is left out. The parts sum to ``wall_ns``.
        sentence: The same as one line.
        outermost: What the main thread was in, from outside, the longest first.
        outermost_text: The same as one line: ``92% Model.predict (200 calls) · 6% train_step``; empty if there is none.
        keras: What Keras's fit, evaluate and predict did with their time, a line for each that took much of it, and for a slow callback.
        workers: Of a run with several workers, how they have traced, and how their clocks stand to each other: a line each.
        matter: The findings that matter, as places in the list of findings; at most ``MATTER``.
        more: How many findings matter beside these.
        nothing_to_mend: A sentence, if no finding matters and nothing failed; else ``None``.
        could_save: The finding that this sentence names, since so much could be saved by its fix, as a place in the list of findings; else
            ``None``.
        ended_by: ``ended by ValueError at train.py:12``, if an exception has ended the program or the recorded block; else ``None``.
    """

    wall_ns: int
    wall: str
    process: int
    bar: tuple[Slice, ...]
    sentence: str
    outermost: tuple[outermost.Outermost, ...]
    outermost_text: str
    keras: tuple[str, ...]
    workers: tuple[str, ...]
    matter: tuple[int, ...]
    more: int
    nothing_to_mend: str | None
    could_save: int | None
    ended_by: str | None


def of_run(
    spent: budget.ProcessBudget,
    found: Sequence[findings.Finding],
    keras_calls: Sequence[keras_phases.KerasCall],
    *,
    failures: int,
    ended_by: str | None,
    ran: tuple[outermost.Outermost, ...] = (),
    longest: Mapping[words.BudgetPart, stretches.Stretch] | None = None,
    workers: tuple[str, ...] = (),
) -> FirstLines:
    """Chooses what is told first.

    Args:
        spent: The budget that stands for the run.
        found: The findings, those that cost most time first.
        keras_calls: What Keras did, likewise.
        failures: How many failures there were.
        ended_by: How an exception has ended the program, if one did.
        ran: What its main thread was in, from outside.
        longest: The longest stretch of each part.
        workers: What is told of several workers.
    """
    stretch_of = longest or {}
    slices = [_slice(part, spent.wall_ns, stretch_of.get(part.part)) for part in spent.main.parts if part.ns > 0]
    bar = tuple(sorted(slices, key=lambda each: -each.ns))
    wall = units.duration(spent.wall_ns)
    # A failed trace is told as the failure that it is.
    matter = [place for place, finding in enumerate(found) if finding.severity != "info" and finding.id != "failed-trace"]
    sentence = f"{wall}: " + ", ".join(f"{each.text} {each.name}" for each in bar) if bar else wall
    of_keras = [call for call in keras_calls if call.within is None and call.process == spent.process and call.ns >= KERAS * spent.wall_ns]
    slow = [told for call in of_keras[:KERAS_TOLD] if (told := call.slow_callback) is not None]
    fine = not matter and not failures and not slow
    could_save = _could_save(found) if fine else None
    return FirstLines(
        wall_ns=spent.wall_ns,
        wall=wall,
        process=spent.process,
        bar=bar,
        sentence=sentence,
        outermost=ran,
        outermost_text=" · ".join(each.text for each in ran),
        keras=(*(call.text for call in of_keras[:KERAS_TOLD]), *slow),
        workers=workers,
        matter=tuple(matter[:MATTER]),
        more=len(matter[MATTER:]),
        nothing_to_mend=_nothing_to_mend(bar, wall, None if could_save is None else found[could_save]) if fine else None,
        could_save=could_save,
        ended_by=ended_by,
    )


def name_of(part: words.BudgetPart, *, sampled: bool) -> str:
    """Returns what a part of the budget is called; what samples tell of is told apart less finely."""
    return _SAMPLED_NAMES.get(part, _NAMES[part]) if sampled else _NAMES[part]


def _slice(part: budget.Part, wall_ns: int, longest: stretches.Stretch | None) -> Slice:
    share = part.ns / wall_ns
    sampled = part.how == "sampled"
    # Samples split calls and what lies between them: the longest of these is of one kind only where it was measured.
    return Slice(
        part=part.part,
        name=name_of(part.part, sampled=sampled),
        ns=part.ns,
        share=share,
        text=units.share(share),
        how=part.how,
        plus_minus=f"± {units.share((part.plus_minus_ns or 0) / wall_ns)}" if sampled else None,
        longest=None if sampled else longest,
    )


def _could_save(found: Sequence[findings.Finding]) -> int | None:
    """What is normal, and costs much all the same in so short a run."""
    places = [place for place, each in enumerate(found) if each.trace_ids and each.id != "slow-first-call" and each.share >= COSTLY]
    return max(places, key=lambda place: found[place].share, default=None)


def _nothing_to_mend(bar: Sequence[Slice], wall: str, costly: findings.Finding | None) -> str:
    if costly is not None:
        return f"nothing has to be mended, but {units.share(costly.share)} of {wall} could be saved: {costly.title}"
    if bar and bar[0].part == "idle" and bar[0].how == "measured":  # of which nothing is known, so that nothing is said of it
        return f"nothing to mend in what was recorded; {bar[0].text} of {wall} is outside of it"
    if bar and bar[0].part in _MADE_OF:
        return f"nothing to mend was found; the longest part, {bar[0].text} of {wall}, is {_MADE_OF[bar[0].part]}"
    return f"nothing to mend: {bar[0].text} of {wall} is {bar[0].name}" if bar else "nothing to mend"
