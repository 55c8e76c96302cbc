"""What is told of one graph beside its function's text: the ops of each line, and the types of ops there are most of."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final

from tfmodetrace.insight import units
from tfmodetrace.insight.report import graphs
from tfmodetrace.log import trace_table

TYPES_OF_GRAPH: Final = 24
"""Types of ops of a graph that are shown by name."""

TYPES_OF_LINE: Final = 12
"""Likewise of a line."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TypeCount:
    """Ops of one type, or of all types that are not shown by name."""

    type: str
    ops: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ShownLine(graphs.SourceLineInfo):
    """Ops that one line of the user's made, as they are shown.

    Attributes:
        of_most: Its ops as a part of those of the line that made most.
        shown_types: Its types of ops, the most frequent first, those beyond the first as one.
    """

    of_most: float
    shown_types: tuple[TypeCount, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OwnLine:
    """A line of the function's own definition, with what it made itself and through the lines that it calls.

    Attributes:
        number: The line in the function's file.
        of_most: Its ops as a part of those of the line that made most.
        repeats: How often the same ops were made by it, as an unrolled loop makes them; 1 for no repetition.
        in_loop: Whether some of them lie in the body of a loop in the graph.
        through: The lines that the ops came through, most ops first.
    """

    number: int
    ops: int
    of_most: float
    repeats: int
    in_loop: bool
    through: tuple[ShownLine, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GraphDetails(graphs.GraphLists):
    """A graph with the ops of each line.

    Attributes:
        own_lines: The lines of the function's definition that made any, ascending.
        elsewhere: Lines outside of it, as of a function that was traced before, most ops first.
        by_tensorflow: Ops that no line made: inputs, captures, outputs.
        shown_types: Its types of ops, the most frequent first, those beyond the first as one.
    """

    own_lines: tuple[OwnLine, ...]
    elsewhere: tuple[ShownLine, ...]
    by_tensorflow: tuple[ShownLine, ...]
    shown_types: tuple[TypeCount, ...]


def of_trace(trace: trace_table.Trace) -> GraphDetails | None:
    """Describes the graph of a trace line by line; ``None`` if it was not recorded."""
    told = graphs.details(trace)
    if told is None:
        return None
    own: dict[int, list[graphs.SourceLineInfo]] = collections.defaultdict(list)
    others = [line for line in told.source_lines if line.own_line is None]
    for line in told.source_lines:
        if line.own_line is not None:
            own[line.own_line].append(line)
    sums = {number: sum(line.ops for line in through) for number, through in own.items()}
    most = max([1, *sums.values(), *(line.ops for line in others)])
    return GraphDetails(
        **{field.name: getattr(told, field.name) for field in dataclasses.fields(told)},
        own_lines=tuple(
            OwnLine(
                number=number,
                ops=sums[number],
                of_most=sums[number] / most,
                repeats=max(line.repeats for line in own[number]),
                in_loop=any(line.in_loop for line in own[number]),
                through=_shown(own[number], most),
            )
            for number in sorted(own)
        ),
        elsewhere=_shown([line for line in others if line.line is not None], most),
        by_tensorflow=_shown([line for line in others if line.line is None], most),
        shown_types=shown_types(told.op_types, TYPES_OF_GRAPH),
    )


def shown_types(counts: Mapping[str, int], shown: int) -> tuple[TypeCount, ...]:
    """Returns types of ops, the most frequent first, those beyond so many as one."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    named = [TypeCount(type=name, ops=ops) for name, ops in ordered[:shown]]
    rest = ordered[shown:]
    if rest:
        named.append(TypeCount(type=units.plural(len(rest), "more type"), ops=sum(ops for _, ops in rest)))
    return tuple(named)


def _shown(lines: Sequence[graphs.SourceLineInfo], most: int) -> tuple[ShownLine, ...]:
    return tuple(
        ShownLine(
            **{field.name: getattr(line, field.name) for field in dataclasses.fields(line)},
            of_most=line.ops / most,
            shown_types=shown_types(line.op_types, TYPES_OF_LINE),
        )
        for line in sorted(lines, key=lambda line: -line.ops)
    )
