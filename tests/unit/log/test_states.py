"""How recordings stand that have no end; copies of event files; whose damage is told of which run."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from tests.support import files
from tfmodetrace import machine
from tfmodetrace.insight import report
from tfmodetrace.log import reader, states
from tfmodetrace.schema import events_pb2

START = files.START_UNIX_NS
SECOND = 10**9
NO_PROCESS = machine.Found(exists=False)
NOT_KNOWN = machine.Found(exists=None)


def at(now_unix_ns: int, found: machine.Found = NOT_KNOWN, *, host: str = "h", space: str = "") -> states.Reader:
    return states.Reader(host=host, process_space=space, find_process=lambda _: found, now_unix_ns=lambda: now_unix_ns)


def started(unix_ns: int) -> machine.Found:
    return machine.Found(exists=True, start_unix_ns=unix_ns)


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (at(START + 10 * SECOND, NO_PROCESS), "stopped"),
        (at(START + 10**6 * SECOND, started(START - SECOND)), "recording"),
        (at(START + 10 * SECOND, started(START + 5 * SECOND)), "recording"),
        (at(START + 10**6 * SECOND, started(START + 5 * SECOND)), "stopped"),
        (at(START + 10 * SECOND, machine.Found(exists=True)), "recording"),
        (at(START + 10**6 * SECOND, machine.Found(exists=True)), "stopped"),
        (at(START + 10 * SECOND), "recording"),
        (at(START + 10**6 * SECOND), "stopped"),
        (at(START + 10 * SECOND, NO_PROCESS, host="another"), "recording"),
        (at(START + 10**6 * SECOND, started(START - SECOND), host="another"), "stopped"),
    ],
)
def test_a_recording_without_an_end_goes_on_or_was_stopped(reading: states.Reader, expected: str) -> None:
    start = events_pb2.SessionStart(host="h", pid=7, start_unix_ns=START)
    assert states.state_of(start, ended=False, last_written_unix_ns=START, reader=reading) == expected
    assert states.state_of(start, ended=True, last_written_unix_ns=START, reader=reading) == "complete"


def test_numbers_of_processes_mean_the_same_only_within_one_container() -> None:
    def state(space: str) -> str:
        start = events_pb2.SessionStart(host="h", pid=7, start_unix_ns=START, process_space="boot pid:[1]")
        return states.state_of(start, ended=False, last_written_unix_ns=START, reader=at(START + SECOND, NO_PROCESS, space=space))

    assert [state("boot pid:[1]"), state("boot pid:[2]")] == ["stopped", "recording"]


def test_a_recording_whose_beginning_is_lost_is_judged_by_its_age() -> None:
    assert states.state_of(None, ended=False, last_written_unix_ns=START, reader=at(START + SECOND)) == "recording"
    assert states.state_of(None, ended=False, last_written_unix_ns=None, reader=at(START)) == "stopped"


def test_this_machine_knows_its_processes() -> None:
    own = machine.find_process(os.getpid())
    assert own.exists
    if sys.platform == "linux":
        assert own.start_unix_ns is not None
        assert own.start_unix_ns < time.time_ns() + 2 * SECOND
        assert machine.process_space() == machine.process_space() != ""
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        process.wait()
    assert machine.find_process(process.pid).exists is False


def test_one_that_has_ended_and_was_not_waited_for_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read()  # until it has ended
        deadline_s = time.monotonic() + 10
        while machine.find_process(process.pid).exists and time.monotonic() < deadline_s:
            time.sleep(0.01)
        assert machine.find_process(process.pid).exists is False


def test_a_process_that_goes_is_noticed_although_its_file_stays_as_it_is(tmp_path: pathlib.Path) -> None:
    found = started(START - SECOND)
    here = states.Reader(host="h", process_space="", find_process=lambda _: found, now_unix_ns=lambda: START + SECOND)
    files.small_run(tmp_path, end=False)
    following = reader.Reader(tmp_path, here=here)
    assert following.poll()
    (run,) = following.log().runs
    assert (run.state, run.last_written_unix_ns) == ("recording", START)
    assert not following.poll()
    found = NO_PROCESS
    assert following.poll()
    (stopped,) = following.log().runs
    assert (stopped.state, stopped.complete) == ("stopped", False)
    assert stopped.revision > run.revision
    assert not following.poll()
    described = report.run_report(stopped)
    assert (described["state"], described["last_written_unix_ns"]) == ("stopped", START)
    assert [process["state"] for process in described["processes"]] == ["stopped"]


def test_a_run_of_several_processes_records_while_one_does() -> None:
    assert states.of_all({"complete", "stopped", "recording"}) == "recording"
    assert states.of_all({"complete", "stopped"}) == "stopped"
    assert states.of_all({"complete"}) == "complete"


def _whole(path: pathlib.Path) -> None:
    shutil.copy(path, path.with_name(path.name + ".copy"))


def _half(path: pathlib.Path) -> None:
    # As it was copied before it was whole; it sorts before the original.
    path.with_name("events.out.tfevents.0.copy").write_bytes(path.read_bytes()[: files.offsets(path)[-1]])


@pytest.mark.parametrize("copy", [_whole, _half])
def test_a_copied_event_file_counts_once_and_its_run_says_so(copy: Callable[[pathlib.Path], None], tmp_path: pathlib.Path) -> None:
    session = files.small_run(tmp_path / "copied", end=False)
    session.call(1, 10_000, 1)
    session.end()
    files.small_run(tmp_path / "other", pid=2)
    copy(session.path)
    log = reader.read(tmp_path)
    copied, other = log.runs
    assert (len(copied.processes), len(copied.calls), copied.complete) == (1, 6, True)
    (warning,) = copied.warnings
    assert f"holds the session of {session.path}, too: it is a copy and counts only once" in warning
    assert other.warnings == log.warnings_of_no_run == ()


def test_damage_is_told_of_the_run_that_has_it_alone(tmp_path: pathlib.Path) -> None:
    damaged = files.small_run(tmp_path / "damaged", end=False)
    damaged.call(1, 10_000, 1)
    damaged.flush()
    damaged.end()
    files.flip(damaged.path, [files.offsets(damaged.path)[2] + 30])
    cut = files.small_run(tmp_path / "cut", end=False)
    files.append(cut.path, b"torn")
    files.small_run(tmp_path / "whole")
    runs = {run.name: run for run in reader.read(tmp_path).runs}
    assert runs["whole"].warnings == ()
    assert [str(damaged.path) in warning for warning in runs["damaged"].warnings] == [True]
    assert runs["cut"].warnings == (f"{cut.path} ends in the middle of a record: it was cut off; everything before is shown.",)
