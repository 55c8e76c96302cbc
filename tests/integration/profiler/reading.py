"""Profiles read by TensorFlow's own messages, and their calls' ops found in the plainest way there is."""

from __future__ import annotations

import collections
import pathlib
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.support import xspaces

OP = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*:([A-Z_][a-zA-Z0-9_]*)")


class Happening(NamedTuple):
    """An event with its times in picoseconds since the profile's start."""

    name: str
    begin: int
    end: int
    stats: dict[str, Any]

    def is_in(self, other: Happening) -> bool:
        return other.begin <= self.begin and self.end <= other.end and self is not other


def profiles(logdir: pathlib.Path) -> list[pathlib.Path]:
    """The profiles below a directory, the oldest first."""
    return sorted(logdir.glob("**/plugins/profile/*/*.xplane.pb"))


def lines(path: pathlib.Path) -> Iterator[list[Happening]]:
    """Yields the events of every line of the host."""
    space = xspaces.Space.FromString(path.read_bytes())
    for plane in space.planes:
        if plane.name != b"/host:CPU":
            continue
        names = {entry.key: entry.value.name.decode(errors="replace") for entry in plane.event_metadata}
        stats = {entry.key: entry.value.name.decode() for entry in plane.stat_metadata}
        for line in plane.lines:
            yield [
                Happening(
                    names[event.metadata_id],
                    line.timestamp_ns * 1000 + event.offset_ps,
                    line.timestamp_ns * 1000 + event.offset_ps + event.duration_ps,
                    {stats[stat.metadata_id]: _value(stat, stats) for stat in event.stats},
                )
                for event in line.events
            ]


def _value(stat: Any, names: dict[int, str]) -> Any:
    (field,) = [field.name for field, _ in stat.ListFields() if field.name != "metadata_id"]
    value = getattr(stat, field)
    return names[value] if field == "ref_value" else value.decode(errors="replace") if isinstance(value, bytes) else value


def op_of(name: str, *, is_function: bool) -> str | None:
    """The type of the op that an event is; None if it is none."""
    if name.startswith("EagerLocalExecute: "):
        return None if is_function else name.removeprefix("EagerLocalExecute: ")
    if name.startswith("Iterator::"):
        return "Dataset"
    match = OP.fullmatch(name)
    return match[1] if match else None


def ops_by_call(path: pathlib.Path) -> tuple[dict[int, collections.Counter[str]], int]:
    """Finds by call id the ops that each call caused, how often by type, and how many ops no call caused."""
    found: dict[int, collections.Counter[str]] = {}
    all_lines = list(lines(path))
    calls_by_line = [[event for event in line if "modetrace" in event.stats] for line in all_lines]
    asked: dict[tuple[int, int], int] = {}  # what a call has handed over, to the call

    def call_around(event: Happening, calls: list[Happening]) -> int | None:
        around = [call for call in calls if event.is_in(call)]
        return min(around, key=lambda call: call.end - call.begin).stats["call_id"] if around else None

    for line, calls in zip(all_lines, calls_by_line, strict=True):
        for call in calls:
            found.setdefault(call.stats["call_id"], collections.Counter())
        for event in line:
            if event.name == "FunctionRun" and (caller := call_around(event, calls)) is not None:
                asked[event.stats["_pt"], event.stats["_p"]] = caller
    nobodys = 0
    for line, calls in zip(all_lines, calls_by_line, strict=True):
        work = [event for event in line if event.name == "ExecutorState::Process" and (event.stats["_ct"], event.stats["_c"]) in asked]
        functions = [event for event in line if event.name == "EagerExecute" and event.stats.get("is_func") == 1]
        for event in line:
            launches = [function for function in functions if event.is_in(function)] if event.name.startswith("EagerLocalExecute") else []
            innermost = max(launches, key=lambda function: function.begin, default=None)
            is_function = innermost is not None and innermost.stats["eager_op"] == event.name.removeprefix("EagerLocalExecute: ")
            op = op_of(event.name, is_function=is_function)
            if op is None:
                continue
            caller = call_around(event, calls)
            if caller is None:
                doing = [job for job in work if event.is_in(job)]
                caller = asked[doing[0].stats["_ct"], doing[0].stats["_c"]] if doing else None
            if caller is None:
                nobodys += 1
            else:
                found[caller][op] += 1
    return found, nobodys
