"""What is sampled of device memory, in processes of their own: whether the CPU's allocator tells anything depends on the environment."""

from __future__ import annotations

import json
import os
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support import fresh
from tfmodetrace import log
from tfmodetrace.insight import report

_BEGIN = """
import json, sys, threading
import tensorflow as tf
import tfmodetrace as tmt

MB = 1 << 20
def floats(megabytes): return tf.ones((megabytes, 256, 1024))
def allocated(): return tf.config.experimental.get_memory_info("CPU:0")["current"]
tf.ones(1)
logdir = sys.argv[1]
"""


def run(program: str, logdir: Path, *, tells: bool = True) -> tuple[Any, Any]:
    """Runs a program, and returns what it printed last, as JSON, and the run it recorded."""
    environment = os.environ | {"TF_ENABLE_ONEDNN_OPTS": "1" if tells else "0"}
    done = fresh.run("-c", _BEGIN + textwrap.dedent(program), logdir, env=environment, taken_apart=False)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    return json.loads(printed[-1]) if printed else None, log.read(logdir).runs[0]


def sampled(run: Any, name: str) -> list[tuple[int, int, int]]:
    """Before, after and peak of a function's calls, in the order in which they began."""
    rows = run.calls.rows_of(run.memory.process, run.memory.call_id)
    names = [run.functions[number].name for number in run.calls.function_id[rows]]
    order = run.memory.call_id.argsort()
    before, after, peak = run.memory.before_bytes, run.memory.after_bytes, run.memory.peak_bytes
    return [(int(before[row]), int(after[row]), int(peak[row])) for row in order if names[row] == name]


def test_sizes_agree_with_the_allocators_own_figures(tmp_path: Path) -> None:
    told, recorded = run(
        """
        told = []
        @tmt.traced
        def temporary(megabytes):
            before = allocated()
            held = floats(megabytes)
            told.append([before, before, allocated()])
        @tmt.traced
        def returned(megabytes):
            before = allocated()
            made = floats(megabytes)
            told.append([before, allocated(), allocated()])
            return made
        kept = []
        with tmt.record(logdir, memory="peak"):
            for megabytes in (1, 8, 64):
                temporary(megabytes)
                kept.append(returned(megabytes))
        print(json.dumps(told))
        """,
        tmp_path,
    )
    assert [device.name for device in recorded.devices] == ["/device:CPU:0"]
    rows = [row for pair in zip(sampled(recorded, "temporary"), sampled(recorded, "returned"), strict=True) for row in pair]
    np.testing.assert_allclose(rows, told, rtol=0.05, atol=64 << 10)


def test_what_an_inner_call_resets_is_not_lost_for_the_outer_one(tmp_path: Path) -> None:
    _, recorded = run(
        """
        @tmt.traced
        def inner():
            floats(2)
        @tmt.traced
        def outer():
            kept = floats(4)
            floats(32)
            inner()
            inner()
        with tmt.record(logdir, memory="peak"):
            outer()
        """,
        tmp_path,
    )
    megabyte = 1 << 20
    (outer,) = sampled(recorded, "outer")
    assert outer[2] - outer[0] == pytest.approx(36 * megabyte, rel=0.05)
    assert [peak - before for before, _, peak in sampled(recorded, "inner")] == pytest.approx([2 * megabyte] * 2, rel=0.05)


def test_a_loop_that_leaks_is_seen_call_by_call_in_delta_mode_without_touching_the_peak(tmp_path: Path) -> None:
    peak, recorded = run(
        """
        kept = []
        @tmt.traced
        def leak():
            kept.append(floats(1))
        floats(48)
        with tmt.record(logdir, memory="delta"):
            for _ in range(5):
                leak()
        print(tf.config.experimental.get_memory_info("CPU:0")["peak"])
        """,
        tmp_path,
    )
    assert [(after - before) >> 20 for before, after, _ in sampled(recorded, "leak")] == [1] * 5
    assert {peak_bytes for _, _, peak_bytes in sampled(recorded, "leak")} == {-1}
    assert peak >= 48 << 20
    (function,) = report.run_report(recorded)["functions"]
    assert function["memory"]["/device:CPU:0"] == {
        "calls": 5,
        "shared_calls": 0,
        "max_delta_bytes": 1 << 20,
        "peak_bytes": None,
        "max_need_bytes": None,
    }


def test_calls_that_another_threads_overlap_are_marked(tmp_path: Path) -> None:
    _, recorded = run(
        """
        both = threading.Barrier(2)
        @tmt.traced
        def together():
            both.wait()
            both.wait()
        @tmt.traced
        def alone():
            floats(1)
        with tmt.record(logdir, memory="peak"):
            alone()
            threads = [threading.Thread(target=together) for _ in range(2)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            alone()
        """,
        tmp_path,
    )
    figures = {function["name"]: function["memory"]["/device:CPU:0"] for function in report.run_report(recorded)["functions"]}
    assert (figures["together"]["calls"], figures["together"]["shared_calls"]) == (2, 2)
    assert (figures["alone"]["calls"], figures["alone"]["shared_calls"]) == (2, 0)


def test_a_functions_own_choice_goes_before_the_sessions(tmp_path: Path) -> None:
    _, recorded = run(
        """
        @tmt.traced(memory="peak")
        def watched(): floats(1)
        @tmt.traced(memory="off")
        @tf.function
        def ignored(): return tf.ones(3)
        with tmt.record(logdir, memory="delta"):
            watched(); ignored()
        """,
        tmp_path,
    )
    assert [peak > 0 for _, _, peak in sampled(recorded, "watched")] == [True]
    assert sampled(recorded, "ignored") == []


def test_where_the_allocator_tells_nothing_nothing_is_shown(tmp_path: Path) -> None:
    _, recorded = run(
        """
        @tmt.traced
        def step(): floats(1)
        with tmt.record(logdir, memory="peak"):
            step()
        """,
        tmp_path,
        tells=False,
    )
    assert len(recorded.calls) == 1
    assert recorded.devices == ()
    assert report.run_report(recorded)["functions"][0]["memory"] is None


def test_sampling_does_not_set_up_the_devices_before_the_program_does(tmp_path: Path) -> None:
    program = """
        @tmt.traced
        def configure():
            device = tf.config.list_physical_devices("CPU")[0]
            tf.config.set_logical_device_configuration(device, [tf.config.LogicalDeviceConfiguration()] * 2)
            return len(tf.config.list_logical_devices("CPU"))
        with tmt.record(sys.argv[1], memory="peak"):
            print(configure())
    """
    begin = _BEGIN.replace("tf.ones(1)\n", "")
    done = fresh.run("-c", begin + textwrap.dedent(program), tmp_path)
    assert done.stdout.split() == ["2"], done.stderr
