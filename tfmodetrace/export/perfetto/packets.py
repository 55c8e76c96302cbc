"""Perfetto's packets: the few kinds that are written here, with their field numbers.

Everything on one track is a *sequence*: a number, and at its beginning the clock, the track and the names that its packets mean. A packet
then says only how many nanoseconds have passed since the one before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tfmodetrace.export.perfetto import wire

BEGIN: Final = 1
END: Final = 2
INSTANT: Final = 3
COUNTER: Final = 4

MAIN_SEQUENCE: Final = 1
"""What describes tracks, and single events."""

_PACKET: Final = 1  # Trace.packet
_CLOCK_SNAPSHOT: Final = 6  # of TracePacket, like those that follow
_TIMESTAMP: Final = 8
_SEQUENCE: Final = 10
_TRACK_EVENT: Final = 11
_INTERNED: Final = 12
_FLAGS: Final = 13
_DEFAULTS: Final = 59
_DESCRIPTOR: Final = 60

_CATEGORY_IIDS: Final = 3  # of TrackEvent, like those that follow
_ANNOTATION: Final = 4
_TYPE: Final = 9
_NAME_IID: Final = 10
_TRACK: Final = 11
_CATEGORY: Final = 22
_NAME: Final = 23
_COUNTER_VALUE: Final = 30
_FLOW: Final = 47
_LAST_OF_FLOW: Final = 48

_REALTIME: Final = 1
_BOOTTIME: Final = 6
_SINCE_LAST: Final = 64
"""A clock of a sequence's own, that counts from its packet before."""

_BYTES: Final = 3
"""``CounterDescriptor.UNIT_SIZE_BYTES``."""

_ROWS_AT_ONCE: Final = 1 << 18
_END_TIME_BYTES: Final = 3
"""How long times of ends are at least: most calls take more than 16 µs and less than 2 ms, and what has one length compresses better."""


def process_track(uuid: int, *, pid: int, name: str) -> bytes:
    """Describes a process."""
    return _described(wire.number(1, uuid), wire.message(3, wire.number(1, pid), wire.text(6, name)))


def thread_track(uuid: int, *, pid: int, tid: int, name: str) -> bytes:
    """Describes a thread."""
    return _described(wire.number(1, uuid), wire.message(4, wire.number(1, pid), wire.number(2, tid), wire.text(5, name)))


def track(uuid: int, *, parent: int, name: str) -> bytes:
    """Describes a track below another."""
    return _described(wire.number(1, uuid), wire.number(5, parent), wire.text(2, name))


def counter_track(uuid: int, *, parent: int, name: str) -> bytes:
    """Describes a counter of bytes below a process."""
    return _described(wire.number(1, uuid), wire.number(5, parent), wire.text(2, name), wire.message(8, wire.number(3, _BYTES)))


def clocks(unix_ns: int) -> bytes:
    """Says that the file's clock is that of the wall."""
    both = [wire.message(1, wire.number(1, clock), wire.number(2, unix_ns)) for clock in (_BOOTTIME, _REALTIME)]
    return _packet(MAIN_SEQUENCE, wire.message(_CLOCK_SNAPSHOT, *both))


def beginning(sequence: int, *, track: int, unix_ns: int, names: Sequence[str] = (), categories: Sequence[str] = ()) -> bytes:
    """Begins a sequence.

    Args:
        sequence: Its number.
        track: What its events are on.
        unix_ns: When it begins; the first event counts from there.
        names: What its events may be called, by number, from 1.
        categories: Their categories, likewise.
    """
    since_last = wire.message(1, wire.number(1, _SINCE_LAST), wire.number(2, 0), wire.number(3, 1))
    now = wire.message(1, wire.number(1, _BOOTTIME), wire.number(2, unix_ns))
    defaults = wire.message(_DEFAULTS, wire.number(58, _SINCE_LAST), wire.message(11, wire.number(_TRACK, track)))
    interned = wire.message(_INTERNED, *_numbered(1, categories), *_numbered(2, names))
    return _packet(sequence, wire.message(_CLOCK_SNAPSHOT, since_last, now)) + _packet(
        sequence, wire.number(_FLAGS, 1), defaults, interned if names or categories else b""
    )


def annotation(name: str, value: str | int) -> bytes:
    """Writes a field of an event that says something about it."""
    said = wire.number(4, value) if isinstance(value, int) else wire.text(6, value)
    return wire.message(_ANNOTATION, wire.text(10, name), said)


def flow(number: int) -> bytes:
    """Writes a field of an event from which a flow goes on."""
    return wire.fixed64(_FLOW, number)


def end_of_flow(number: int) -> bytes:
    """Writes a field of an event at which a flow ends."""
    return wire.fixed64(_LAST_OF_FLOW, number)


def event(kind: int, *, track: int, unix_ns: int, name: str = "", category: str = "", fields: Iterable[bytes] = ()) -> bytes:
    """Writes a single event, outside of the sequences with their own clocks."""
    named = wire.text(_NAME, name) + wire.text(_CATEGORY, category) if name else b""
    body = wire.message(_TRACK_EVENT, wire.number(_TYPE, kind), wire.number(_TRACK, track), named, *fields)
    return _packet(MAIN_SEQUENCE, wire.number(_TIMESTAMP, unix_ns), body)


class Slices(NamedTuple):
    """Begins and ends of one track in order, as columns.

    Attributes:
        since_last_ns: Nanoseconds since the one before, of the first since the sequence's beginning; none is negative.
        begins: Whether it is a begin.
        name: The number of its name; of ends, anything.
        category: That of its category, likewise.
        fields: What else some of them say, by place.
    """

    since_last_ns: npt.NDArray[np.int64]
    begins: npt.NDArray[np.bool_]
    name: npt.NDArray[np.int64]
    category: npt.NDArray[np.int64]
    fields: Mapping[int, bytes]


def slices(sequence: int, rows: Slices) -> Iterable[bytes]:
    """Writes the events of a track."""
    with_fields = np.array(sorted(rows.fields), dtype=np.int64)
    for first in range(0, len(rows.begins), _ROWS_AT_ONCE):
        last = min(first + _ROWS_AT_ONCE, len(rows.begins))
        begins = rows.begins[first:last]
        some = with_fields[slice(*np.searchsorted(with_fields, [first, last]).tolist())]
        pieces = {place - first: rows.fields[place] for place in some.tolist()}
        said: list[wire.Part] = [
            wire.Constant(wire.number(_TYPE, BEGIN) + wire.tag(_NAME_IID, wire.VARINT), begins),
            _where(begins, rows.name[first:last]),
            wire.Constant(wire.tag(_CATEGORY_IIDS, wire.VARINT), begins),
            _where(begins, rows.category[first:last]),
            wire.Constant(wire.number(_TYPE, END), ~begins),
        ]
        if pieces:
            said.append(wire.Pieces(pieces, last - first))
        yield _packets(sequence, said, rows.since_last_ns[first:last], np.where(begins, 1, _END_TIME_BYTES))


def counts(sequence: int, since_last_ns: npt.NDArray[np.int64], values: npt.NDArray[np.int64]) -> Iterable[bytes]:
    """Writes the values ≥ 0 of a counter's track; times as in :class:`Slices`."""
    for first in range(0, len(values), _ROWS_AT_ONCE):
        last = first + _ROWS_AT_ONCE
        some = values[first:last]
        every = np.ones(len(some), dtype=bool)
        said: list[wire.Part] = [
            wire.Constant(wire.number(_TYPE, COUNTER) + wire.tag(_COUNTER_VALUE, wire.VARINT), every),
            _where(every, some),
        ]
        yield _packets(sequence, said, since_last_ns[first:last], np.ones(len(some), dtype=np.int64))


def _packets(
    sequence: int, said: Sequence[wire.Part], since_last_ns: npt.NDArray[np.int64], least_time_bytes: npt.NDArray[np.integer]
) -> bytes:
    every = np.ones(len(since_last_ns), dtype=bool)
    times = since_last_ns.astype(np.uint64)
    body: list[wire.Part] = [
        wire.Constant(wire.number(_SEQUENCE, sequence) + wire.tag(_TRACK_EVENT, wire.BYTES), every),
        wire.length_of(said),
        *said,
        wire.Constant(wire.tag(_TIMESTAMP, wire.VARINT), every),
        wire.Varint(times, np.maximum(wire.varint_widths(times), least_time_bytes)),
    ]
    return wire.written([wire.Constant(wire.tag(_PACKET, wire.BYTES), every), wire.length_of(body), *body])


def _where(rows: npt.NDArray[np.bool_], values: npt.NDArray[np.int64]) -> wire.Varint:
    numbers = values.astype(np.uint64)
    return wire.Varint(numbers, wire.varint_widths(numbers) * rows)


def _numbered(field: int, names: Sequence[str]) -> list[bytes]:
    return [wire.message(field, wire.number(1, number), wire.text(2, name)) for number, name in enumerate(names, 1)]


def _described(*fields: bytes) -> bytes:
    return _packet(MAIN_SEQUENCE, wire.message(_DESCRIPTOR, *fields))


def _packet(sequence: int, *fields: bytes) -> bytes:
    return wire.message(_PACKET, wire.number(_SEQUENCE, sequence), *fields)
