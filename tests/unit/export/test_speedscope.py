"""A run for speedscope: what its format asks for, and what the log says."""

from __future__ import annotations

import collections
import json
from typing import Any

import pytest

from tests.support import exported
from tfmodetrace.export import speedscope
from tfmodetrace.insight import answers
from tfmodetrace.log import reader, tracelog
from tfmodetrace.schema import words


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tracelog.Run:
    logdir = tmp_path_factory.mktemp("speedscope")
    exported.session(logdir, pid=7)
    exported.session(logdir, pid=8, seed=1)
    return reader.read(logdir).runs[0]


def read(run: tracelog.Run) -> dict[str, Any]:
    pieces: list[bytes] = []
    speedscope.write(answers.Answers(run), pieces.append, name="a run")
    return json.loads(b"".join(pieces))


def test_calls_open_and_close_in_order_as_they_nest(run: tracelog.Run) -> None:
    file = read(run)
    frames = file["shared"]["frames"]
    calls = run.calls
    seen: collections.Counter[tuple[Any, ...]] = collections.Counter()
    evented = [profile for profile in file["profiles"] if profile["type"] == "evented"]
    assert [profile["name"] for profile in evented] == [f"{name} of host{pid}:{pid}" for pid in (7, 8) for name in ("MainThread", "worker")]
    for profile in evented:
        assert profile["unit"] == "nanoseconds"
        opened: list[dict[str, Any]] = []
        last = profile["startValue"]
        for event in profile["events"]:
            assert event["at"] >= last
            last = event["at"]
            if event["type"] == "O":
                opened.append(event)
                continue
            begin = opened.pop()
            assert (event["type"], event["frame"]) == ("C", begin["frame"])
            frame = frames[event["frame"]]
            seen[profile["name"], frame["name"], frame["file"], frame["line"], begin["at"], event["at"]] += 1
        assert opened == []
        assert last == profile["endValue"]
    expected: collections.Counter[tuple[Any, ...]] = collections.Counter()
    for row in range(len(calls)):
        if calls.flags[row] & words.CallFlag.SUSPENDABLE:
            continue
        function, thread = run.functions[calls.function_id[row]], run.threads[calls.thread_id[row]]
        process = run.processes[thread.process]
        name = function.name if function.kind == "region" else f"{function.name} [{words.MODES[calls.mode[row]]}]"
        title = f"{thread.name} of {process.host}:{process.pid}"
        expected[title, name, function.file, function.line, int(calls.start_ns[row]), int(calls.end_ns[row])] += 1
    assert seen == expected


def test_samples_are_stacks_that_stand_for_the_time_until_the_next(run: tracelog.Run) -> None:
    file = read(run)
    names = [frame["name"] for frame in file["shared"]["frames"]]
    sampled = [profile for profile in file["profiles"] if profile["type"] == "sampled"]
    assert len(sampled) == 2
    first = sampled[0]
    assert [[names[frame] for frame in stack] for stack in first["samples"]] == [["main", "matmul"], ["main"]] * 3
    assert first["weights"] == [100] * 5 + [0]
    assert len(first["samples"]) == len(first["weights"])


def test_every_frame_that_is_named_exists(run: tracelog.Run) -> None:
    file = read(run)
    assert file["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    frames = len(file["shared"]["frames"])
    for profile in file["profiles"]:
        named = (
            {event["frame"] for event in profile["events"]}
            if profile["type"] == "evented"
            else {frame for stack in profile["samples"] for frame in stack}
        )
        assert named <= set(range(frames))
