"""The files of TensorFlow's profiler → columns.

A profile has planes (a host, a device), which have lines (a thread, a stream), which have events with a name, a time and stats.

Source: tsl/profiler/protobuf/xplane.proto, and tsl/profiler/utils/xplane_schema.cc for the names of planes and stats.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from google.protobuf import message as protobuf_message

from tfmodetrace.log import wire
from tfmodetrace.schema import xplane_pb2

MAX_PROFILE_BYTES: Final = 256 << 20
"""Larger profiles, of more than some eight million events, are refused: they would take TensorBoard a quarter of a minute and gigabytes."""

_HOST_PLANE: Final = "/host:"
_DEVICE_PLANE: Final = "/device:"
_ENVIRONMENT_PLANE: Final = "Task Environment"
_WITHOUT_EVENTS: Final = ("/host:metadata", "/host:hlo_metadata")
_STRING: Final = 5
_REFERENCE: Final = 7
_NUMBERS: Final = (3, 4)
_OCCURRENCES: Final = 5


class ProfileError(Exception):
    """A profile cannot be read; the message is a sentence."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A thread of a host, or a stream of a device.

    Attributes:
        plane: The name of its plane, such as ``/host:CPU`` or ``/device:GPU:0``.
        name: Its own name.
        first: The number of its first event.
        last: The number after its last event.
    """

    plane: str
    name: str
    first: int
    last: int

    @property
    def is_device(self) -> bool:
        """Whether what happens here happens on a device, beside the program."""
        return self.plane.startswith(_DEVICE_PLANE)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """One stat of all events that have it.

    Attributes:
        event: Their numbers, ascending, shape ``(count,)``.
        value: Its value in each, the bits of which are an ``int64``; of a text, its number in ``texts``.
        is_text: Whether each value is a text.
        texts: The different texts.
    """

    event: npt.NDArray[np.int64]
    value: npt.NDArray[np.int64]
    is_text: npt.NDArray[np.bool_]
    texts: tuple[str, ...]

    def numbers(self, count: int, absent: int = 0) -> npt.NDArray[np.int64]:
        """Returns the value in each of ``count`` events, ``absent`` where there is no number."""
        column = np.full(count, absent, dtype=np.int64)
        column[self.event[~self.is_text]] = self.value[~self.is_text]
        return column

    def text_numbers(self, count: int) -> npt.NDArray[np.int64]:
        """Returns for each of ``count`` events the number of its text, -1 where there is none."""
        column = np.full(count, -1, dtype=np.int64)
        column[self.event[self.is_text]] = self.value[self.is_text]
        return column


_NO_STAT: Final = Stat(event=np.empty(0, np.int64), value=np.empty(0, np.int64), is_text=np.empty(0, np.bool_), texts=())


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Profile:
    """One host's profile. Events are ordered by line, then start, the longer first.

    Attributes:
        lines: The lines that have events.
        names: The different names of events.
        line: Of each event, its line, shape ``(events,)``, as all that follows.
        name: Its name's number.
        start_ns: When it began, since the profile's start.
        end_ns: When it ended.
        stats: By name.
        start_unix_ns: When the profile began, in nanoseconds since 1970; ``None`` if it does not say.
        duration_ns: How long it lasted; what its events span if it does not say.
        warnings: What the profiler itself had to say.
    """

    lines: tuple[Line, ...]
    names: tuple[str, ...]
    line: npt.NDArray[np.int32]
    name: npt.NDArray[np.int32]
    start_ns: npt.NDArray[np.int64]
    end_ns: npt.NDArray[np.int64]
    stats: Mapping[str, Stat]
    start_unix_ns: int | None
    duration_ns: int
    warnings: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.line)

    def stat(self, name: str) -> Stat:
        """Returns a stat; one that no event has if there is none of this name."""
        return self.stats.get(name, _NO_STAT)


def parse(data: bytes, wanted: frozenset[str]) -> Profile:
    """Reads a serialized ``XSpace``.

    Args:
        data: The bytes.
        wanted: The stats to read.

    Raises:
        ProfileError: If it is none, or is damaged; the message completes "… cannot be read: ".
    """
    if not data:
        raise ProfileError("it is empty")
    try:
        space = xplane_pb2.XSpace.FromString(data)
        return _Parser(space, wanted).profile()
    except (protobuf_message.DecodeError, wire.WireError) as error:
        raise ProfileError("it is damaged, cut off, or no profile at all") from error


@dataclasses.dataclass(slots=True, kw_only=True)
class _Columns:
    """Of one plane."""

    line: npt.NDArray[np.int64]
    name: npt.NDArray[np.int64]
    start_ns: npt.NDArray[np.int64]
    end_ns: npt.NDArray[np.int64]
    lines: list[tuple[str, str]]
    stats: dict[str, list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]]]


class _Parser:
    def __init__(self, space: Any, wanted: frozenset[str]) -> None:
        self._space = space
        self._wanted = wanted
        self._names: dict[str, int] = {}
        self._texts: dict[str, dict[str, int]] = {}

    def profile(self) -> Profile:
        planes = [
            self._plane(plane, name)
            for plane in self._space.planes
            if (name := _text(plane.name)).startswith((_HOST_PLANE, _DEVICE_PLANE)) and name not in _WITHOUT_EVENTS
        ]
        first_lines = np.cumsum([0, *(len(plane.lines) for plane in planes)])
        line = _joined([columns.line + first for columns, first in zip(planes, first_lines, strict=False)])
        start, end = _joined([columns.start_ns for columns in planes]), _joined([columns.end_ns for columns in planes])
        names = _joined([columns.name for columns in planes])
        order = np.lexsort((-end, start, line))
        line, start, end = line[order], start[order], end[order]
        labels = [label for plane in planes for label in plane.lines]
        bounds = np.searchsorted(line, np.arange(len(labels) + 1)).tolist()
        start_unix_ns, duration_ns = self._window()
        return Profile(
            lines=tuple(
                Line(plane=plane, name=label, first=bounds[number], last=bounds[number + 1]) for number, (plane, label) in enumerate(labels)
            ),
            names=tuple(self._names),
            line=line.astype(np.int32),
            name=names[order].astype(np.int32),
            start_ns=start,
            end_ns=end,
            stats=self._stats(planes, order),
            start_unix_ns=start_unix_ns,
            duration_ns=duration_ns if duration_ns is not None else int(end.max(initial=0)),
            warnings=tuple(map(_text, (*self._space.errors, *self._space.warnings))),
        )

    def _stats(self, planes: list[_Columns], order: npt.NDArray[np.intp]) -> dict[str, Stat]:
        new_number = np.empty(len(order), dtype=np.int64)
        new_number[order] = np.arange(len(order))
        first_events = np.cumsum([0, *(len(plane.line) for plane in planes)])
        found: dict[str, Stat] = {}
        for name in self._wanted:
            parts = [
                (new_number[event + first], value, is_text)
                for plane, first in zip(planes, first_events, strict=False)
                for event, value, is_text in plane.stats.get(name, ())
            ]
            if not parts:
                continue
            event, value = _joined([part[0] for part in parts]), _joined([part[1] for part in parts])
            by_event = np.argsort(event, kind="stable")
            found[name] = Stat(
                event=event[by_event],
                value=value[by_event],
                is_text=np.concatenate([part[2] for part in parts])[by_event],
                texts=tuple(self._texts.get(name, ())),
            )
        return found

    def _window(self) -> tuple[int | None, int | None]:
        for plane in self._space.planes:
            if _text(plane.name) == _ENVIRONMENT_PLANE:
                facts = {_text(plane.stat_metadata[stat.metadata_id].name): stat.uint64_value or stat.int64_value for stat in plane.stats}
                start, stop = facts.get("profile_start_time"), facts.get("profile_stop_time")
                return start or None, stop - start if start and stop and stop >= start else None
        return None, None

    def _name(self, text: str) -> int:
        return self._names.setdefault(text, len(self._names))

    def _plane(self, plane: Any, plane_name: str) -> _Columns:
        lines = [line for line in plane.lines if line.events]
        events: list[bytes] = []
        for line in lines:
            events.extend(line.events)
        sizes = np.fromiter(map(len, events), dtype=np.int64, count=len(events))
        buffer = wire.Buffer(b"".join(events) + bytes(wire.PADDING_BYTES))
        counts = [len(line.events) for line in lines]
        del events
        end = np.cumsum(sizes)
        metadata = np.zeros(len(sizes), dtype=np.int64)
        offset_ps, duration_ps = np.zeros_like(metadata), np.zeros_like(metadata)
        is_timed = np.ones(len(sizes), dtype=np.bool_)
        stats: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
        for fields in buffer.fields(end - sizes, end):
            for number, column in ((1, metadata), (2, offset_ps), (3, duration_ps)):
                here = (fields.number == number) & (fields.wire_type == wire.VARINT)
                column[fields.message[here]] = fields.value[here].view(np.int64)
            is_timed[fields.message[fields.number == _OCCURRENCES]] = False
            here = (fields.number == 4) & (fields.wire_type == wire.BYTES)
            if here.any():
                begin = fields.value[here].astype(np.int64)
                stats.append((fields.message[here], begin, begin + fields.length[here]))
        line_of = np.repeat(np.arange(len(lines)), counts)
        base_ns = np.array([line.timestamp_ns for line in lines], dtype=np.int64)[line_of] if lines else metadata
        start_ns = base_ns + offset_ps // 1000
        end_ns = base_ns + (offset_ps + np.maximum(duration_ps, 0)) // 1000
        name_of = {number: self._name(_text(entry.name)) for number, entry in plane.event_metadata.items()}
        columns = _Columns(
            line=line_of,
            name=_mapped(metadata, name_of, self._name, ""),
            start_ns=start_ns,
            end_ns=end_ns,
            lines=[(plane_name, _text(line.display_name or line.name)) for line in lines],
            stats=self._plane_stats(plane, buffer, stats),
        )
        return columns if is_timed.all() else _only(columns, is_timed)

    def _plane_stats(
        self, plane: Any, buffer: wire.Buffer, stats: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]]
    ) -> dict[str, list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]]]:
        event = _joined([part[0] for part in stats])
        metadata = np.zeros(len(event), dtype=np.int64)
        kind, value, length = np.zeros_like(metadata), np.zeros_like(metadata), np.zeros_like(metadata)
        for fields in buffer.fields(_joined([part[1] for part in stats]), _joined([part[2] for part in stats])):
            is_metadata = (fields.number == 1) & (fields.wire_type == wire.VARINT)
            metadata[fields.message[is_metadata]] = fields.value[is_metadata].view(np.int64)
            is_value = ~is_metadata
            message = fields.message[is_value]
            kind[message], value[message] = fields.number[is_value], fields.value[is_value].view(np.int64)
            length[message] = fields.length[is_value]
        names = {number: _text(entry.name) for number, entry in plane.stat_metadata.items()}
        found: dict[str, list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]]] = {}
        for number, name in names.items():
            if name not in self._wanted:
                continue
            texts = self._texts.setdefault(name, {})
            here = np.flatnonzero(metadata == number)
            here = here[np.isin(kind[here], (*_NUMBERS, _STRING, _REFERENCE))]
            result = value[here]
            is_text = np.isin(kind[here], (_STRING, _REFERENCE))
            for place in np.flatnonzero(is_text).tolist():
                stat = here[place]
                number_or_place = int(value[stat])
                is_reference = kind[stat] == _REFERENCE
                text = names.get(number_or_place, "") if is_reference else buffer.text(number_or_place, int(length[stat]))
                result[place] = texts.setdefault(text, len(texts))
            found.setdefault(name, []).append((event[here], result, is_text))
        return found


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _joined(parts: list[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _mapped(keys: npt.NDArray[np.int64], values: dict[int, int], number_of: Any, absent: str) -> npt.NDArray[np.int64]:
    """Looks up every key; those that are missing have the value of ``absent``."""
    different, places = np.unique(keys, return_inverse=True)
    found = [values[key] if key in values else number_of(absent) for key in different.tolist()]
    return np.array(found, dtype=np.int64)[places] if len(keys) else keys


def _only(columns: _Columns, kept: npt.NDArray[np.bool_]) -> _Columns:
    """Leaves out events; such as only count something have no time."""
    number = np.cumsum(kept) - 1
    return _Columns(
        line=columns.line[kept],
        name=columns.name[kept],
        start_ns=columns.start_ns[kept],
        end_ns=columns.end_ns[kept],
        lines=columns.lines,
        stats={
            name: [(number[event[kept[event]]], value[kept[event]], is_text[kept[event]]) for event, value, is_text in parts]
            for name, parts in columns.stats.items()
        },
    )
