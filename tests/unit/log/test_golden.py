"""Recordings that an earlier version made are read as that version read them: the report says the same, and may say more."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import golden
from tfmodetrace.insight import report
from tfmodetrace.log import reader

FOLDER = pathlib.Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What today's version says of the old recordings."""
    logdir = tmp_path_factory.mktemp("golden")
    golden.rebuild(FOLDER, logdir)
    found: dict[str, Any] = json.loads(json.dumps(report.build_report(reader.read(logdir))))
    return found


@pytest.fixture(scope="module")
def told_then() -> dict[str, Any]:
    """What the version that made them said."""
    found: dict[str, Any] = json.loads((FOLDER / "report.json").read_text("utf-8"))
    return found


CONCLUSIONS = ("findings", "fix", "tracing")
"""What is concluded from what was recorded: of old recordings, too, newer versions say it better."""


def differences(old: Any, new: Any, path: str = "report") -> Iterator[str]:
    """Yields where an answer is not what it was, but for fields that were added, and for conclusions."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name, value in old.items():
            if name in new and name in CONCLUSIONS and not path.endswith("calls"):
                continue
            if name in new:
                yield from differences(value, new[name], f"{path}.{name}")
            else:
                yield f"{path}.{name} is missing"
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from differences(before, after, f"{path}[{number}]")
    elif type(old) is not type(new) or old != new:
        yield f"{path}: {old!r} → {new!r}"


# What was recorded is told as it was; answers to it may get better. These have, and how:
ANSWERED_ANEW = {
    r"functions\[\d+\]\.time_ns\.tracing": "traces of other functions belong to the calls in which they happened",
    r"functions\[\d+\]\.definition_id": "numbers the rows of `definitions`, which tell models apart",
    r"findings": "severity is cost, one finding per cause, a fix is code that parses or null",
    r"traces\[\d+\]\.reason\.fix": "that of the finding",
    r"[^:]*: ['\"][^→]*\w+Spec\(": "specifications are written in words, not as TensorFlow writes its own",
}


def test_the_report_says_what_it_said(told: dict[str, Any], told_then: dict[str, Any]) -> None:
    anew = re.compile(r"report\.runs\[\d+\]\.(" + "|".join(ANSWERED_ANEW) + r")")
    assert [found for found in differences(told_then, told) if not anew.match(found)] == []


def test_the_comparison_sees_what_is_missing_or_other_and_permits_what_is_added() -> None:
    assert list(differences({"a": [1, {"b": None}]}, {"a": [1, {"b": None, "c": 2}], "d": 0})) == []
    assert list(differences({"a": 1, "b": [0], "c": 1}, {"b": [0, 1], "c": 1.0})) == [
        "report.a is missing",
        "report.b: [0] → [0, 1]",
        "report.c: 1 → 1.0",
    ]


def test_the_recordings_hold_records_of_every_kind(told_then: dict[str, Any]) -> None:
    runs = {run["run"]: run for run in told_then["runs"]}
    many = runs["many"]
    kinds = {function["kind"] for run in runs.values() for function in run["functions"]}
    assert kinds >= {"function", "tf.function", "method", "generator", "coroutine", "region", "tf.data", "keras-call"}
    modes = {mode for run in runs.values() for function in run["functions"] for mode, calls in function["calls"].items() if calls}
    assert modes >= {"eager", "graph", "xla", "tracing", "v1-graph"}
    assert any(trace["placement"] for trace in many["traces"])
    assert any(error["stack"] for error in many["errors"])
    assert any(function["memory"] for function in many["functions"])
    assert len(runs["forked"]["processes"]) == 2
    assert all(run["findings"] is not None for run in runs.values())


def test_the_recordings_are_text_and_small() -> None:
    sizes = [path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()]
    assert sum(sizes) <= 200_000
    for path in FOLDER.rglob("*"):
        assert path.is_dir() or "\x00" not in path.read_text("utf-8")
