"""Profiles read by TensorFlow's own messages, and their calls' ops found in the plainest way there is."""

from __future__ import annotations

import collections
import pathlib
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.support import xspaces

ASKS = re.compile(r"FunctionRun|\w+::RunAsync")
WORKS = re.compile(r"ExecutorState::Process|\w+Op::DoCompute")
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
    all_lines = list(lines(path))
    found: dict[int, collections.Counter[str]] = {}
    owned: list[list[tuple[Happening, int]]] = []  # by line, the stretches that belong to a call
    for line in all_lines:
        owned.append([(event, event.stats["call_id"]) for event in line if "modetrace" in event.stats])
        for _, call_id in owned[-1]:
            found.setdefault(call_id, collections.Counter())

    def owner(event: Happening, number: int) -> int | None:
        around = [(stretch, call_id) for stretch, call_id in owned[number] if event.is_in(stretch)]
        return min(around, key=lambda pair: pair[0].end - pair[0].begin)[1] if around else None

    # What was asked for where, until nothing new is found: work that was handed on may hand on work.
    asked: dict[tuple[Any, Any], int] = {}
    while True:
        before = len(asked)
        for number, line in enumerate(all_lines):
            for event in line:
                if ASKS.fullmatch(event.name) and (caller := owner(event, number)) is not None:
                    asked.update(dict.fromkeys(keys(event, "_pt", "_p"), caller))
        if len(asked) == before:
            break
        for number, line in enumerate(all_lines):
            known = {id(stretch) for stretch, _ in owned[number]}
            for event in line:
                callers = [asked[key] for key in keys(event, "_ct", "_c") if key in asked]
                if WORKS.fullmatch(event.name) and callers and id(event) not in known:
                    owned[number].append((event, callers[0]))
    nobodys = 0
    for number, line in enumerate(all_lines):
        functions = [event for event in line if event.name == "EagerExecute" and event.stats.get("is_func") == 1]
        for event in line:
            launches = [function for function in functions if event.is_in(function)] if event.name.startswith("EagerLocalExecute") else []
            innermost = max(launches, key=lambda function: function.begin, default=None)
            is_function = innermost is not None and innermost.stats["eager_op"] == event.name.removeprefix("EagerLocalExecute: ")
            op = op_of(event.name, is_function=is_function)
            if op is None:
                continue
            caller = owner(event, number)
            if caller is None:
                nobodys += 1
            else:
                found[caller][op] += 1
    return found, nobodys


def keys(event: Happening, type_stat: str, id_stat: str) -> list[tuple[Any, Any]]:
    """By what the asking and the doing of work are told to belong together: a context, else an execution's number."""
    context = [(event.stats[type_stat], event.stats[id_stat])] if id_stat in event.stats else []
    return context + ([("execution", event.stats["id"])] if event.stats.get("id", -1) != -1 else [])
