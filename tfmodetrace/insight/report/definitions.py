"""What a report says of definitions: functions folded by the lines that they were made from."""

from __future__ import annotations

import dataclasses

from tfmodetrace.insight import answers, counts, definition_parts, repeated, shown_at
from tfmodetrace.insight import definitions as definitions_module


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionInfo:
    """One definition: see ``definitions.Definition``.

    Attributes:
        title: Its name, and how many functions were made from it where these are several: ``step × 30``.
        functions: The ids of these functions.
        all_traces: Its own traces, and those of other functions that belong to its calls.
        wall_ns: How long it was open on the thread that spent most time in it.
        share: The same as a part of the wall time, from 0 to 1.
        parts: What that time was; they sum to ``wall_ns``.
        suspended: Whether that holds time in which its generators or coroutines lay suspended.
        longest_call: The longest of its calls; ``None`` if none was recorded.
        changes: What changed from trace to trace, in one line; ``None`` where it was not traced again or that is not known.
    """

    definition_id: int
    process: int
    name: str
    title: str
    file: str | None
    line: int | None
    kind: str
    functions: tuple[int, ...]
    calls: counts.CallCounts
    traces: int
    traces_inside: int
    all_traces: int
    repeated: repeated.Repeated
    wall_ns: int
    tracing_ns: int
    main_ns: int
    share: float
    parts: tuple[definition_parts.DefinitionPart, ...]
    threads: int
    suspended: bool
    longest_call: shown_at.CallReference | None
    changes: str | None


def infos(told: answers.Answers) -> tuple[DefinitionInfo, ...]:
    """Describes the definitions of a run, by number."""
    rows = told.definitions.rows
    longest = shown_at.longest_calls(told.run, told.definitions.of_calls, len(rows))
    return tuple(_info(*each) for each in zip(rows, told.definition_parts, longest, strict=True))


def _info(
    row: definitions_module.Definition, parts: tuple[definition_parts.DefinitionPart, ...], longest: shown_at.CallReference | None
) -> DefinitionInfo:
    return DefinitionInfo(
        definition_id=row.definition_id,
        process=row.process,
        name=row.name,
        title=row.title,
        file=row.file or None,
        line=row.line or None,
        kind=row.kind,
        functions=row.functions,
        calls=counts.of_modes(row.calls),
        traces=row.traces,
        traces_inside=row.traces_inside,
        all_traces=row.traces + row.traces_inside,
        repeated=row.repeated,
        wall_ns=row.wall_ns,
        tracing_ns=row.tracing_ns,
        main_ns=row.main_ns,
        share=row.share,
        parts=parts,
        threads=row.threads,
        suspended=row.suspended,
        longest_call=longest,
        changes=row.changes,
    )
