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

from tests.support import sources, tensorboards

DEMO = [sys.executable, str(sources.ROOT / "scripts" / "demo.py")]


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Where the demo has recorded once already: the next time replaces it."""
    return tmp_path_factory.mktemp("demo") / "logs"


@pytest.fixture(scope="module")
def printed(logdir: pathlib.Path) -> str:
    """What it printed then."""
    result = subprocess.run(
        [*DEMO, "--logdir", str(logdir), "--no-serve"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    return result.stdout


def the_report_says_what_the_example_counted(logdir: pathlib.Path, printed: str) -> None:
    counted = {
        name: (int(calls), int(traces or 0))
        for name, calls, traces in re.findall(r"  (\w+): called (\d+) times(?:, traced (\d+))?", printed)
    }
    command = pathlib.Path(sys.executable).with_name("tfmodetrace")
    told = subprocess.run([str(command), "report", str(logdir), "--json"], capture_output=True, text=True, timeout=60, check=True).stdout
    [run] = json.loads(told)["runs"]
    reported = {function["name"]: (function["calls"]["total"], function["traces"]) for function in run["functions"]}
    assert counted
    assert {name: reported[name] for name in counted} == counted


def test_the_report_says_what_the_example_counted_itself(logdir: pathlib.Path, printed: str) -> None:
    the_report_says_what_the_example_counted(logdir, printed)


@pytest.mark.usefixtures("printed")
@pytest.mark.skipif(os.name == "nt", reason="process groups and SIGINT are POSIX")
def test_ctrl_c_stops_serving_without_a_traceback_and_leaves_nothing_running(logdir: pathlib.Path, tmp_path: pathlib.Path) -> None:
    log = tmp_path / "demo.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*DEMO, "--logdir", str(logdir)], stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        match = tensorboards.wait_for(lambda: re.search(r"at (http://127\.0\.0\.1:\d+/)#modetrace", log.read_text()), seconds=180)
        assert match is not None
        with urllib.request.urlopen(f"{match.group(1)}data/plugin/modetrace/runs", timeout=30) as response:
            assert [run["run"] for run in json.load(response)["runs"]] == ["digits"]
        the_report_says_what_the_example_counted(logdir, log.read_text())
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=30) == 0
        assert "Traceback" not in log.read_text()
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(match.group(1), timeout=5)
        tensorboards.wait_for(lambda: living_processes_of_session(process.pid) == [], seconds=10)
    finally:
        process.kill()
        process.wait()


def living_processes_of_session(session: int) -> list[str]:
    listed = subprocess.run(["ps", "-e", "-o", "sess=,stat=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return [row[-1] for row in rows if row[0] == str(session) and not row[1].startswith("Z")]
