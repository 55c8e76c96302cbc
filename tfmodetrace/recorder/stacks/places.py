"""Where samples found threads, each place once: what the writer needs of them, as plain values."""

from __future__ import annotations

from typing import Final, NamedTuple

from tfmodetrace.recorder.support import sources
from tfmodetrace.schema import events_pb2, words

MAX_PLACES: Final = 1 << 16
"""Places, and definitions, that are told apart; whatever a program generates, no more is kept."""

_UNKNOWN: Final = -1


class _Definition(NamedTuple):
    number: int
    qualname: str
    file: str
    line: int


class Place(NamedTuple):
    """A place.

    Attributes:
        definition: The number of the innermost definition of the user's; -1 if there is none.
        line: The line in it.
        op: The op that is dispatched; empty for none.
        state: What the thread is at.
        in_keras_loop: Whether the line has called Keras's fit, evaluate or predict.
        caller: The number of the definition that has called that one; -1 if there is none.
        caller_line: The line in it.
        outer: The number of the definition that has called the caller; -1 likewise.
        outer_line: The line in it.
    """

    definition: int
    line: int
    op: str
    state: words.SampleState
    in_keras_loop: bool
    caller: int
    caller_line: int
    outer: int
    outer_line: int


class Places:
    """The places of one session, by what they are.

    The sampler's thread finds and makes them, the writer's takes what is new: the one appends, the other takes from the front.
    """

    def __init__(self) -> None:
        self._numbers: dict[Place, int] = {}
        self._definition_numbers: dict[tuple[str, int, str], int] = {}
        self._new_places: list[tuple[int, Place]] = []
        self._new_definitions: list[_Definition] = []

    def definition(self, file: str, line: int, qualname: str) -> int:
        """Finds or makes the number of a definition; -1 when there are too many."""
        key = file, line, qualname
        number = self._definition_numbers.get(key)
        if number is None:
            if len(self._definition_numbers) >= MAX_PLACES:
                return _UNKNOWN
            number = self._definition_numbers[key] = len(self._definition_numbers)
            self._new_definitions.append(_Definition(number, qualname, file, line))
        return number

    def number(self, place: Place) -> int:
        """Finds or makes the number of a place; -1 when there are too many."""
        number = self._numbers.get(place)
        if number is None:
            number = len(self._numbers)
            if number >= MAX_PLACES:
                return _UNKNOWN
            self._numbers[place] = number
            self._new_places.append((number, place))
        return number

    def move_to(self, chunk: events_pb2.Chunk) -> None:
        """Moves what is new into a chunk, and reads the sources of definitions for it; for the writer."""
        places = self._new_places[:]
        del self._new_places[: len(places)]
        definitions = self._new_definitions[:]
        del self._new_definitions[: len(definitions)]
        for definition in definitions:
            source = sources.of_definition(definition.qualname, definition.file, definition.line)
            chunk.sampled_definitions.add(
                definition_id=definition.number,
                qualname=definition.qualname,
                file=definition.file,
                line=definition.line,
                source=source.text,
                source_truncated=source.truncated,
            )
        for number, place in places:
            chunk.sampled_places.add(
                place_id=number,
                definition_number=place.definition + 1,
                line=place.line,
                op=place.op,
                state=place.state,
                in_keras_loop=place.in_keras_loop,
                caller_number=place.caller + 1,
                caller_line=place.caller_line,
                outer_number=place.outer + 1,
                outer_line=place.outer_line,
            )
