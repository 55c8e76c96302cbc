"""What a report says of samples: eager time by definition, line and op."""

from __future__ import annotations

import dataclasses

from tfmodetrace.insight import answers, eager


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EagerLineInfo:
    """The eager time of a line; ``code`` is its text, ``None`` if that is not known."""

    line: int
    code: str | None
    eager_ns: int
    plus_minus_ns: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EagerOpInfo:
    """The eager time of an op, called as its function in TensorFlow's Python; what lies around ops is in none."""

    op: str
    eager_ns: int
    plus_minus_ns: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EagerDefinitionInfo:
    """A definition of the program's that ran eager ops, decorated or not: see ``eager.EagerDefinition``.

    Attributes:
        definition_id: Its row of ``definitions``; ``None`` if no call of it was recorded.
        calls: How many calls of it were; ``None`` likewise.
        thread: The thread that spent most eager time in it, of which all times are.
        eager_ns: How long it ran eager ops.
        plus_minus_ns: By how much that may be wrong.
        share: ``eager_ns`` as a part of the wall time, from 0 to 1.
        samples: How many samples that rests on.
        sampled_ns: All the time in it that samples tell of.
    """

    name: str
    file: str
    line: int
    process: int
    thread: int
    definition_id: int | None
    calls: int | None
    eager_ns: int
    plus_minus_ns: int
    share: float
    samples: int
    sampled_ns: int
    lines: tuple[EagerLineInfo, ...]
    ops: tuple[EagerOpInfo, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SamplesInfo:
    """What samples tell; times are ± ``plus_minus_ns``, within which the truth is in 95 of 100 cases.

    Attributes:
        samples: How many there are.
        definitions: Those that ran eager ops, the one that took most time first.
    """

    samples: int
    definitions: tuple[EagerDefinitionInfo, ...]


def info(told: answers.Answers) -> SamplesInfo | None:
    """Describes the samples of a run; ``None`` if there are none."""
    if not len(told.run.samples):
        return None
    return SamplesInfo(samples=len(told.run.samples), definitions=tuple(_definition(told, each) for each in told.eager_time.definitions))


def _definition(told: answers.Answers, found: eager.EagerDefinition) -> EagerDefinitionInfo:
    definition = found.definition
    return EagerDefinitionInfo(
        name=definition.qualname,
        file=definition.file,
        line=definition.line,
        process=definition.process,
        thread=found.thread_id,
        definition_id=None if found.function is None else told.definitions.of_function(found.function.function_id).definition_id,
        calls=found.calls,
        eager_ns=found.eager.ns,
        plus_minus_ns=found.eager.plus_minus_ns,
        share=found.share,
        samples=found.eager.samples,
        sampled_ns=found.whole.ns,
        lines=tuple(
            EagerLineInfo(line=line.line, code=line.code or None, eager_ns=line.spent.ns, plus_minus_ns=line.spent.plus_minus_ns)
            for line in found.lines
        ),
        ops=tuple(EagerOpInfo(op=op, eager_ns=spent.ns, plus_minus_ns=spent.plus_minus_ns) for op, spent in found.ops),
    )
