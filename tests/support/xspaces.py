"""Profiles as TensorFlow writes them, made and read without TensorFlow and without the code under test."""

from __future__ import annotations

import pathlib
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto
_KINDS = {
    "int64": _FIELD.TYPE_INT64,
    "uint64": _FIELD.TYPE_UINT64,
    "double": _FIELD.TYPE_DOUBLE,
    "bytes": _FIELD.TYPE_BYTES,
}

_MESSAGES: dict[str, list[tuple[str, int, str, bool]]] = {
    "Space": [("planes", 1, "Plane", True), ("errors", 2, "bytes", True), ("warnings", 3, "bytes", True), ("hostnames", 4, "bytes", True)],
    "Plane": [
        ("id", 1, "int64", False),
        ("name", 2, "bytes", False),
        ("lines", 3, "Line", True),
        ("event_metadata", 4, "EventEntry", True),
        ("stat_metadata", 5, "StatEntry", True),
        ("stats", 6, "Stat", True),
    ],
    "EventEntry": [("key", 1, "int64", False), ("value", 2, "Metadata", False)],
    "StatEntry": [("key", 1, "int64", False), ("value", 2, "Metadata", False)],
    "Metadata": [("id", 1, "int64", False), ("name", 2, "bytes", False), ("display_name", 4, "bytes", False)],
    "Line": [
        ("id", 1, "int64", False),
        ("name", 2, "bytes", False),
        ("timestamp_ns", 3, "int64", False),
        ("events", 4, "Event", True),
        ("duration_ps", 9, "int64", False),
        ("display_name", 11, "bytes", False),
    ],
    "Event": [
        ("metadata_id", 1, "int64", False),
        ("offset_ps", 2, "int64", False),
        ("duration_ps", 3, "int64", False),
        ("stats", 4, "Stat", True),
        ("num_occurrences", 5, "int64", False),
    ],
    "Stat": [
        ("metadata_id", 1, "int64", False),
        ("double_value", 2, "double", False),
        ("uint64_value", 3, "uint64", False),
        ("int64_value", 4, "int64", False),
        ("str_value", 5, "bytes", False),
        ("bytes_value", 6, "bytes", False),
        ("ref_value", 7, "uint64", False),
    ],
}


def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="tests/xspaces.proto", package="tests.xspaces", syntax="proto2")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeated in fields:
            label = _FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
            if kind in _KINDS:
                message.field.add(name=field, number=number, type=_KINDS[kind], label=label)
            else:
                message.field.add(name=field, number=number, type=_FIELD.TYPE_MESSAGE, type_name=f".tests.xspaces.{kind}", label=label)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"tests.xspaces.{name}")) for name in _MESSAGES}


_CLASSES = _classes()
Space: Any = _CLASSES["Space"]
Event: Any = _CLASSES["Event"]


class SpaceFile:
    """A profile in the making. Times are in nanoseconds since the profile's start."""

    def __init__(self, start_unix_ns: int | None = None, duration_ns: int = 1_000_000) -> None:
        self.space = Space()
        if start_unix_ns is not None:
            environment = self.space.planes.add(name=b"Task Environment")
            for name, value in (("profile_start_time", start_unix_ns), ("profile_stop_time", start_unix_ns + duration_ns)):
                environment.stats.add(metadata_id=self._metadata(environment.stat_metadata, name), uint64_value=value)

    def line(self, plane: str, name: str, timestamp_ns: int = 0) -> Any:
        """Adds a line: what :meth:`event` takes."""
        found = next((known for known in self.space.planes if known.name == plane.encode()), None)
        if found is None:
            found = self.space.planes.add(name=plane.encode())
        return found, found.lines.add(id=len(found.lines), name=name.encode(), timestamp_ns=timestamp_ns)

    def event(self, line: Any, name: str, start_ns: float, duration_ns: float, /, **stats: int | str | float) -> None:
        """Adds an event."""
        plane, lane = line
        event = lane.events.add(
            metadata_id=self._metadata(plane.event_metadata, name),
            offset_ps=round(start_ns * 1000) - lane.timestamp_ns * 1000,
            duration_ps=round(duration_ns * 1000),
        )
        for key, value in stats.items():
            stat = event.stats.add(metadata_id=self._metadata(plane.stat_metadata, key))
            if isinstance(value, str):
                stat.str_value = value.encode()
            elif isinstance(value, float):
                stat.double_value = value
            elif value >= 1 << 63:
                stat.uint64_value = value
            else:
                stat.int64_value = value

    def call(self, line: Any, name: str, start_ns: int, duration_ns: int, call_id: int, *, recording: str = "ssession-1") -> None:
        """Adds a recorded call's event."""
        self.event(line, name, start_ns, duration_ns, modetrace=recording, call_id=call_id, mode="eager")

    def write(self, base: pathlib.Path, session: str = "2026_01_01_00_00_00", host: str = "h") -> pathlib.Path:
        """Writes it where TensorFlow would."""
        path = base / "plugins" / "profile" / session / f"{host}.xplane.pb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.space.SerializeToString())
        return path

    @staticmethod
    def _metadata(entries: Any, name: str) -> int:
        for entry in entries:
            if entry.value.name == name.encode():
                return int(entry.key)
        entry = entries.add(key=len(entries) + 1)
        entry.value.id = entry.key
        entry.value.name = name.encode()
        return int(entry.key)
