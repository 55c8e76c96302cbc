"""The files of TensorFlow's profiler → columns.

A profile has planes (a host, a device), which have lines (a thread, a stream), which have events with a name, a time and stats.

Source: tsl/profiler/protobuf/xplane.proto, and tsl/profiler/utils/xplane_schema.cc for the names of planes and stats.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from google.protobuf import message as protobuf_message

from tfmodetrace.log import wire
from tfmodetrace.schema import xplane_pb2

MAX_PROFILE_BYTES: Final = 256 << 20
"""Larger profiles, of more than some eight million events, are refused: they would take TensorBoard a quarter of a minute and gigabytes."""

_BLOCK_EVENTS: Final = 1 << 18
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

    @functools.cached_property
    def on_device(self) -> npt.NDArray[np.bool_]:
        """Of each event, whether it happened on a device, beside the program."""
        is_device = np.array([line.is_device for line in self.lines], dtype=np.bool_)
        answer: npt.NDArray[np.bool_] = is_device[self.line]
        return answer

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


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """Some events of one line; a stat is the events that have it, its values, and which of these are texts."""

    line: int
    name: npt.NDArray[np.int32]
    start_ns: npt.NDArray[np.int64]
    end_ns: npt.NDArray[np.int64]
    stats: Mapping[str, _StatColumns]


_StatColumns = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]


class _Parser:
    def __init__(self, space: Any, wanted: frozenset[str]) -> None:
        self._space = space
        self._wanted = wanted
        self._names: dict[str, int] = {}
        self._texts: dict[str, dict[str, int]] = {name: {} for name in wanted}

    def profile(self) -> Profile:
        labels: list[tuple[str, str]] = []
        blocks: list[_Block] = []
        for plane in self._space.planes:
            plane_name = _text(plane.name)
            if not plane_name.startswith((_HOST_PLANE, _DEVICE_PLANE)) or plane_name in _WITHOUT_EVENTS:
                continue
            names = {number: self._name(_text(entry.name)) for number, entry in plane.event_metadata.items()}
            stat_names = {number: _text(entry.name) for number, entry in plane.stat_metadata.items()}
            for line in plane.lines:
                # Block by block: what decoding takes beside its result must not grow with the profile.
                blocks.extend(
                    self._block(len(labels), line.timestamp_ns, line.events[first : first + _BLOCK_EVENTS], names, stat_names)
                    for first in range(0, len(line.events), _BLOCK_EVENTS)
                )
                if line.events:
                    labels.append((plane_name, _text(line.display_name or line.name)))
        return self._profile(labels, blocks)

    def _profile(self, labels: list[tuple[str, str]], blocks: list[_Block]) -> Profile:
        counts = [len(block.name) for block in blocks]
        line = np.repeat(np.array([block.line for block in blocks], dtype=np.int32), counts)
        name = _joined([block.name for block in blocks], np.int32)
        start, end = _joined([block.start_ns for block in blocks]), _joined([block.end_ns for block in blocks])
        order = np.lexsort((-end, start, line))
        line = line[order]
        bounds = np.searchsorted(line, np.arange(len(labels) + 1)).tolist()
        start_unix_ns, duration_ns = self._window()
        return Profile(
            lines=tuple(
                Line(plane=plane, name=label, first=bounds[number], last=bounds[number + 1]) for number, (plane, label) in enumerate(labels)
            ),
            names=tuple(self._names),
            line=line,
            name=name[order],
            start_ns=start[order],
            end_ns=end[order],
            stats=self._stats(blocks, np.cumsum([0, *counts]), order),
            start_unix_ns=start_unix_ns,
            duration_ns=duration_ns if duration_ns is not None else int(end.max(initial=0)),
            warnings=tuple(map(_text, (*self._space.errors, *self._space.warnings))),
        )

    def _stats(self, blocks: list[_Block], firsts: npt.NDArray[np.int64], order: npt.NDArray[np.intp]) -> dict[str, Stat]:
        new_number = np.empty(len(order), dtype=np.int64)
        new_number[order] = np.arange(len(order))
        found: dict[str, Stat] = {}
        for name in self._wanted:
            parts = [(block.stats[name], first) for block, first in zip(blocks, firsts.tolist(), strict=False) if name in block.stats]
            if not parts:
                continue
            event = new_number[np.concatenate([event + first for (event, _, _), first in parts])]
            by_event = np.argsort(event, kind="stable")
            found[name] = Stat(
                event=event[by_event],
                value=np.concatenate([value for (_, value, _), _ in parts])[by_event],
                is_text=np.concatenate([is_text for (_, _, is_text), _ in parts])[by_event],
                texts=tuple(self._texts[name]),
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

    def _block(self, line: int, timestamp_ns: int, events: list[bytes], names: Mapping[int, int], stat_names: Mapping[int, str]) -> _Block:
        sizes = np.fromiter(map(len, events), dtype=np.int64, count=len(events))
        buffer = wire.Buffer(b"".join(events) + bytes(wire.PADDING_BYTES))
        end = np.cumsum(sizes)
        metadata, offset_ps, duration_ps = (np.zeros(len(sizes), dtype=np.int64) for _ in range(3))
        is_timed = np.ones(len(sizes), dtype=np.bool_)
        stats: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
        for fields in buffer.fields(end - sizes, end):
            for number, column in ((1, metadata), (2, offset_ps), (3, duration_ps)):
                here = (fields.number == number) & (fields.wire_type == wire.VARINT)
                column[fields.message[here]] = fields.value[here].view(np.int64)
            is_timed[fields.message[fields.number == _OCCURRENCES]] = False  # it only counts something
            here = (fields.number == 4) & (fields.wire_type == wire.BYTES)
            if here.any():
                begin = fields.value[here].astype(np.int64)
                stats.append((fields.message[here], begin, begin + fields.length[here]))
        event, begin, end = (_joined([part[place] for part in stats]) for place in range(3))
        kept = is_timed[event]
        new_number = np.cumsum(is_timed) - 1
        return _Block(
            line=line,
            name=self._numbers(metadata[is_timed], names),
            start_ns=timestamp_ns + offset_ps[is_timed] // 1000,
            end_ns=timestamp_ns + (offset_ps + np.maximum(duration_ps, 0))[is_timed] // 1000,
            stats=self._block_stats(buffer, new_number[event[kept]], begin[kept], end[kept], stat_names),
        )

    def _numbers(self, metadata: npt.NDArray[np.int64], names: Mapping[int, int]) -> npt.NDArray[np.int32]:
        different, places = np.unique(metadata, return_inverse=True)
        numbers = [names[key] if key in names else self._name("") for key in different.tolist()]
        return np.array(numbers, dtype=np.int32)[places]

    def _block_stats(
        self,
        buffer: wire.Buffer,
        event: npt.NDArray[np.int64],
        begin: npt.NDArray[np.int64],
        end: npt.NDArray[np.int64],
        names: Mapping[int, str],
    ) -> dict[str, _StatColumns]:
        metadata, kind, value, length = (np.zeros(len(event), dtype=np.int64) for _ in range(4))
        for fields in buffer.fields(begin, end):
            is_metadata = (fields.number == 1) & (fields.wire_type == wire.VARINT)
            metadata[fields.message[is_metadata]] = fields.value[is_metadata].view(np.int64)
            message = fields.message[~is_metadata]
            kind[message], value[message] = fields.number[~is_metadata], fields.value[~is_metadata].view(np.int64)
            length[message] = fields.length[~is_metadata]
        is_told = np.isin(kind, (*_NUMBERS, _STRING, _REFERENCE))
        found: dict[str, _StatColumns] = {}
        for number in np.unique(metadata).tolist():
            name = names.get(number, "")
            if name not in self._wanted:
                continue
            here = np.flatnonzero(is_told & (metadata == number))
            result = value[here]
            is_text = np.isin(kind[here], (_STRING, _REFERENCE))
            texts = self._texts[name]
            for place in np.flatnonzero(is_text).tolist():
                stat = here[place]
                number_or_place = int(value[stat])
                is_reference = kind[stat] == _REFERENCE
                text = names.get(number_or_place, "") if is_reference else buffer.text(number_or_place, int(length[stat]))
                result[place] = texts.setdefault(text, len(texts))
            # Two numbers may stand for one name.
            event_before, value_before, text_before = found.get(name, (event[:0], value[:0], is_text[:0]))
            found[name] = (
                np.concatenate([event_before, event[here]]),
                np.concatenate([value_before, result]),
                np.concatenate([text_before, is_text]),
            )
        return found


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _joined(parts: list[npt.NDArray[Any]], dtype: npt.DTypeLike = np.int64) -> npt.NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, dtype=dtype)
