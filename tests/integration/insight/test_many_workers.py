"""Two workers of a real MultiWorkerMirroredStrategy, of which one is given a shorter batch: who differs, in what, why, and who waits."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import socket
from typing import Any

import pytest

import tfmodetrace as tmt
from tests.support import fresh
from tests.support import once as once_module

pytestmark = pytest.mark.slow

PROGRAM = pathlib.Path(__file__).with_name("multi_worker_program.py")
STEPS = 40


def train(logdir: pathlib.Path, workers: int, *short: int) -> None:
    """Trains with some workers, of which the second has shorter batches in some steps."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(workers)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    programs = []
    try:
        for index in range(workers):
            task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
            with open(logdir.with_name(f"output{index}"), "wb") as output:
                programs.append(
                    fresh.start(
                        *(PROGRAM, logdir, STEPS, *(short if index == 1 else ())),
                        stdout=output,
                        stderr=output,
                        env={**os.environ, "TF_CONFIG": json.dumps(task)},
                    )
                )
        for index, program in enumerate(programs):
            assert program.wait(100) == 0, logdir.with_name(f"output{index}").read_text(errors="replace")
    finally:
        for program in programs:
            program.kill()


@pytest.fixture(scope="module")
def told(once: once_module.Once) -> dict[str, Any]:
    """The report of the run."""
    logdir = once("many-workers", lambda directory: train(directory / "logs", 2, 20, 30)) / "logs"
    (run,) = tmt.read(logdir).to_dict()["runs"]
    found: dict[str, Any] = run
    return found


def test_each_recording_knows_its_task(told: dict[str, Any]) -> None:
    assert sorted(process["worker_text"] for process in told["processes"]) == ["worker:0 of 2", "worker:1 of 2"]
    assert all(process["complete"] and not process["internal_faults"] for process in told["processes"])


def test_the_worker_that_traced_again_is_told_with_the_reason_and_who_waited(told: dict[str, Any]) -> None:
    assert [group["workers"] for group in told["workers"]["groups"]] == [["worker:0"], ["worker:1"]]
    first = told["traces"][told["workers"]["groups"][1]["first_trace_id"]]
    assert (first["ordinal"], first["reason"]["kinds"]) == (2, ["shape"])
    (finding,) = [finding for finding in told["findings"] if finding["id"] == "worker-divergence"]
    assert finding["evidence"]["groups"] == [["worker:0"], ["worker:1"]]
    assert (finding["evidence"]["traces"], finding["evidence"]["usual_traces"]) == (2, 1)
    waited = finding["evidence"]["waited_ns"]
    # Where other work on the machine has kept steps from ending together, nothing is said of waiting.
    assert waited is None or set(waited) == {"worker:0"}


def test_two_workers_have_no_straggler(told: dict[str, Any]) -> None:
    assert [finding["id"] for finding in told["findings"] if finding["id"] == "straggler"] == []
