"""Findings about graphs, placement and memory: a program that triggers each, and a near twin that does not."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support import finding_rules, fresh, sources
from tfmodetrace import log
from tfmodetrace.insight import report

pytestmark = pytest.mark.by_the_clock

_BEGIN = """
import sys
import numpy as np
import tensorflow as tf
import tfmodetrace as tmt

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
tf.ones(1)
logdir = sys.argv[1]
"""

_PROGRAMS = {
    "python-loop-unrolled": (
        """
@tmt.traced
@tf.function
def f(x):
    for i in range(24):
        x = tf.sin(x) + 1.0
        x = x * 2.0
    return x
with tmt.record(logdir):
    f(tf.ones(3))
""",
        """
@tmt.traced
@tf.function
def f(x):
    for i in tf.range(24):
        x = tf.sin(x) + 1.0
        x = x * 2.0
    return x
with tmt.record(logdir):
    f(tf.ones(3))
""",
    ),
    "python-op-in-graph": (
        """
@tmt.traced
@tf.function
def f(x):
    return tf.numpy_function(np.sort, [x], tf.float32)
with tmt.record(logdir):
    f(tf.ones(3))
""",
        """
@tmt.traced
@tf.function
def f(x):
    return tf.sort(x)
with tmt.record(logdir):
    f(tf.ones(3))
""",
    ),
    "large-constant": (
        """
table = np.ones((1024, 512), np.float32)
@tmt.traced
@tf.function
def f(x):
    return tf.gather(table, x)
with tmt.record(logdir):
    f(tf.constant([3]))
""",
        """
table = tf.ones((1024, 512))
@tmt.traced
@tf.function
def f(x):
    return tf.gather(table, x)
with tmt.record(logdir):
    f(tf.constant([3]))
""",
    ),
    "float64-input-cast": (
        """
@tmt.traced
@tf.function
def f(x):
    return tf.reduce_sum(tf.cast(x, tf.float32))
with tmt.record(logdir):
    f(np.ones((8, 8)))
""",
        """
@tmt.traced
@tf.function
def f(x):
    return tf.reduce_sum(tf.cast(x, tf.float32))
with tmt.record(logdir):
    f(np.ones((8, 8), np.float16))
""",
    ),
    "graph-memory-growth": (
        """
@tmt.traced
@tf.function
def f(x):
    return tf.cast(x, tf.float32) + np.full((300, 1000), 2.0, np.float32)
with tmt.record(logdir):
    for dtype in ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8"):
        for _ in range(3):  # often enough to be worth a trace
            f(tf.ones(1000, dtype))
""",
        """
@tmt.traced
@tf.function
def f(x, scale):
    return x + np.full((200, 1000), 2.0, np.float32) * scale
with tmt.record(logdir):
    for scale in range(8):
        f(tf.ones(1000), tf.constant(float(scale)))
""",
    ),
    "placement-not-honoured": (
        """
@tmt.traced
@tf.function
def f(x):
    with tf.device("/GPU:0"):
        return tf.sin(x)
with tmt.record(logdir):
    f(tf.ones(3))
""",
        """
@tmt.traced
@tf.function
def f(x):
    with tf.device("/CPU:1"):
        return tf.sin(x)
with tmt.record(logdir):
    f(tf.ones(3))
""",
    ),
    "cross-device-transfers": (
        """
@tmt.traced
@tf.function
def f(x):
    for i in range(5):
        with tf.device(f"/CPU:{i % 2}"):
            x = tf.sin(x)
            y = tf.cos(x)
        x = x + y
    return x
with tmt.record(logdir):
    f(tf.ones((300, 400)))
""",
        """
@tmt.traced
@tf.function
def f(x):
    with tf.device("/CPU:1"):
        for i in range(5):
            x = tf.sin(x) + tf.cos(x)
    return x
with tmt.record(logdir):
    f(tf.ones((300, 400)))
""",
    ),
    "memory-growth": (
        """
kept = []
@tmt.traced
def outer(x):
    return f(x)
@tmt.traced
def f(x):
    kept.append(x * 2.0)
    return 1
with tmt.record(logdir, memory="delta"):
    for _ in range(40):
        outer(tf.ones((1 << 18,)))
""",
        """
kept = {}
@tmt.traced
def outer(x):
    return f(x)
@tmt.traced
def f(x):
    kept["last"] = x * 2.0
    return kept["last"]
with tmt.record(logdir, memory="delta"):
    for _ in range(40):
        outer(tf.ones((1 << 18,)))
""",
    ),
}


def run(program: str, tmp_path: Path) -> dict[str, Any]:
    script = tmp_path / "program.py"
    script.write_text(_BEGIN + program)
    done = fresh.run(script, tmp_path / "log", env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": "1"})
    assert done.returncode == 0, done.stderr
    read = log.read(tmp_path / "log").runs[0]
    finding_rules.check(read, profiled=True)
    told = report.run_report(read)
    return {**told, "findings": [finding for finding in told["findings"] if finding["severity"] != "info"]}


@pytest.mark.parametrize("finding_id", _PROGRAMS)
def test_each_finding_has_a_program_that_triggers_it_and_a_near_twin_that_does_not(finding_id: str, tmp_path: Path) -> None:
    triggers, twin = (tmp_path / name for name in ("triggers", "twin"))
    triggers.mkdir()
    twin.mkdir()
    recorded = run(_PROGRAMS[finding_id][0], triggers)
    found = [finding for finding in recorded["findings"] if finding["id"] == finding_id]
    assert [recorded["functions"][finding["function_id"]]["name"] for finding in found] == ["f"]
    others = run(_PROGRAMS[finding_id][1], twin)["findings"]
    assert [finding["id"] for finding in others] == []
    (finding,) = found
    assert json.dumps(finding)
    source = (triggers / "program.py").read_text().splitlines()

    def line(text: str) -> str:
        (number,) = [number for number, each in enumerate(source, 1) if text in each]
        return f"program.py:{number}"

    evidence = finding["evidence"]
    if finding_id == "python-loop-unrolled":
        assert (evidence["iterations"], evidence["place"]) == (24, line("range(24)"))
        assert finding["fix"] == f"# in place of {line('range(24)')}\nfor i in tf.range(24):"
    elif finding_id == "python-op-in-graph":
        assert evidence["places"] == [line("numpy_function")]
    elif finding_id == "large-constant":
        assert (evidence["bytes"], evidence["place"]) == (1024 * 512 * 4, line("tf.gather"))
    elif finding_id == "float64-input-cast":
        assert (evidence["inputs"], evidence["places"]) == (["x"], [line("tf.cast")])
    elif finding_id == "graph-memory-growth":
        assert evidence["traces"] == 8
        assert evidence["bytes"] >= 8 * 300 * 1000 * 4
    elif finding_id == "placement-not-honoured":
        assert (evidence["no_such_device"], evidence["places"]) == (["/device:GPU:0"], [line("tf.sin")])
    elif finding_id == "cross-device-transfers":
        assert evidence["bytes"] == evidence["transfers"] * 300 * 400 * 4
    elif finding_id == "memory-growth":
        assert evidence["bytes_per_call"] == 1 << 20
        assert evidence["climbed_bytes"] == 32 << 20  # of the 40 calls, the first 8 are a warm-up


def test_memory_that_fills_up_is_no_growth_and_a_leak_at_some_calls_is(tmp_path: Path) -> None:
    program = """
kept = []
@tmt.traced
def f(number):
    if {condition}:
        kept.append(tf.ones((1 << 18,)))
with tmt.record(logdir, memory="delta"):
    for number in range(60):
        f(number)
"""
    for name, condition, expected in (("cache", "number < 30", []), ("leak", "number % 4 == 0", ["memory-growth"])):
        directory = tmp_path / name
        directory.mkdir()
        found = run(program.replace("{condition}", condition), directory)["findings"]
        assert [finding["id"] for finding in found] == expected


def test_repetition_inside_a_loop_of_the_graph_is_no_unrolled_loop(tmp_path: Path) -> None:
    twice = "tf.sin({} + 1.0) * 2.0"
    line = "x"
    for _ in range(40):
        line = twice.format(line)
    program = f"""
@tmt.traced
@tf.function
def f(x):
    for i in tf.range(3):
        x = {line}
    return x
with tmt.record(logdir):
    f(tf.ones(3))
"""
    recorded = run(program, tmp_path)
    assert max(each["repeats"] for each in recorded["traces"][0]["graph"]["source_lines"]) == 40
    assert recorded["findings"] == []


def test_the_suggested_loop_is_one_loop_in_the_graph(tmp_path: Path) -> None:
    before = run(_PROGRAMS["python-loop-unrolled"][0], tmp_path)
    (finding,) = before["findings"]
    fixed = tmp_path / "fixed"
    fixed.mkdir()
    suggested = finding["fix"].splitlines()[1]
    program = _PROGRAMS["python-loop-unrolled"][0].replace("    for i in range(24):", f"    {suggested}")
    after = run(program, fixed)
    assert after["findings"] == []
    assert after["traces"][0]["graph"]["ops"] < before["traces"][0]["graph"]["ops"] / 2


def test_the_example_shows_what_it_says(tmp_path: Path) -> None:
    example = sources.ROOT / "examples" / "two_devices.py"
    done = fresh.run(example, "--logdir", tmp_path, env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": "1"})
    assert done.returncode == 0, done.stderr
    recorded = report.run_report(log.read(tmp_path).runs[0])
    names = {function["function_id"]: function["name"] for function in recorded["functions"]}
    assert {(finding["id"], names[finding["function_id"]]) for finding in recorded["findings"]} == {
        ("python-loop-unrolled", "pipeline"),
        ("placement-not-honoured", "pipeline"),
        ("float64-input-cast", "pipeline"),
        ("memory-growth", "step"),
    }
    assert "unrolled 24 times" in done.stdout
    (unrolled,) = [finding for finding in recorded["findings"] if finding["id"] == "python-loop-unrolled"]
    assert unrolled["fix"].startswith("# in place of two_devices.py:")
    assert unrolled["fix"].endswith("\nfor _ in tf.range(LAYERS):")
    (trace,) = recorded["traces"]
    assert len(trace["placement"]["ops_by_device"]) == 2
    assert trace["placement"]["transfers"] >= 2
