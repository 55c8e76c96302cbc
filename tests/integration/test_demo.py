"""What ``make demo`` runs."""

from __future__ import annotations

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

import tfmodetrace as tmt
from tests.support import sources, tensorboards

DEMO = [sys.executable, str(sources.ROOT / "scripts" / "demo.py")]

pytestmark = pytest.mark.by_the_clock


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="process groups and SIGINT are POSIX")
def test_a_mistake_is_found_its_fix_tried_and_shown_and_ctrl_c_leaves_nothing_running(tmp_path: pathlib.Path) -> None:
    log, earlier = tmp_path / "demo.log", tmp_path / "logs" / "digits" / "modetrace" / "events.out.tfevents.1.h.1.v2"
    earlier.parent.mkdir(parents=True)
    earlier.write_bytes(b"of an earlier demo")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*DEMO, "--logdir", str(tmp_path / "logs")], stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        match = tensorboards.wait_for(lambda: re.search(r"at (http://127\.0\.0\.1:\d+/)#modetrace", log.read_text()), seconds=300)
        assert match is not None
        assert not earlier.exists()
        with urllib.request.urlopen(f"{match.group(1)}data/plugin/modetrace/runs", timeout=30) as response:
            assert [run["run"] for run in json.load(response)["runs"]] == ["digits"]
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=30) == 0
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(match.group(1), timeout=5)
        tensorboards.wait_for(lambda: living_processes_of_session(process.pid) == [], seconds=10)
    finally:
        process.kill()
        process.wait()
    printed = log.read_text()
    assert "Traceback" not in printed
    first_screen = printed[printed.rindex("wall time, complete") :]
    assert re.search(r"^\d\d\.?\d*%  train_step is traced for every value of rate$", first_screen, re.M)
    assert " · high · falling_rate.py:" in first_screen
    assert re.search(r"tried: 25 → 1 traces, .*, same output", first_screen)
    assert "loss = train_step(batch, digit, tf.constant(rate, tf.float32))" in first_screen
    assert "triggered tf.function retracing" not in printed  # TensorFlow itself says nothing: no five of ten calls in a row were traced


def living_processes_of_session(session: int) -> list[str]:
    listed = subprocess.run(["ps", "-e", "-o", "sess=,stat=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return [row[-1] for row in rows if row[0] == str(session) and not row[1].startswith("Z")]


def test_the_report_says_what_an_example_counted_itself(digits_logdir: pathlib.Path) -> None:
    printed = (digits_logdir / "digits" / "printed.txt").read_text()
    counted = {
        name: (int(calls), int(traces or 0))
        for name, calls, traces in re.findall(r"  (\w+): called (\d+) times(?:, traced (\d+))?", printed)
    }
    [run] = tmt.read(digits_logdir).to_dict()["runs"]
    reported = {function["name"]: (function["calls"]["total"], function["traces"]) for function in run["functions"]}
    assert counted
    assert {name: reported[name] for name in counted} == counted
