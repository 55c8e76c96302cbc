"""``record(profiler=…)``: whose profiler runs when, and what the program notices of it."""

from __future__ import annotations

import logging
import os
import pathlib
import shutil
import time
from typing import Any

import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.profiler import reading
from tests.support import fresh
from tfmodetrace.recorder.session import process, session_profiler
from tfmodetrace.recorder.tf import profiling


@tmt.traced
def work(x: Any) -> Any:
    return tf.reduce_sum(x * 2.0)


def run(times: int = 3) -> None:
    for _ in range(times):
        work(tf.ones((8, 8)))


def calls_in(path: pathlib.Path) -> list[int]:
    """The ids of the recorded calls in a profile."""
    return sorted(event.stats["call_id"] for line in reading.lines(path) for event in line if "modetrace" in event.stats)


def wait_for(condition: Any) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen within 10 s")


def test_the_profile_covers_the_recording(tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path, profiler=True):
        run()
    (path,) = reading.profiles(tmp_path)
    assert calls_in(path) == [0, 1, 2]
    assert not profiling.look_for_profiler()
    assert [entry.name for entry in sorted(tmp_path.iterdir())] == ["modetrace", "plugins"]  # nothing left of making it
    (described,) = tmt.read(tmp_path).to_dict()["runs"][0]["profiles"]
    assert (described["calls"], described["note"]) == (3, None)


def test_each_recording_is_told_from_the_one_before(tmp_path: pathlib.Path) -> None:
    for name in ("first", "second"):
        with tmt.record(tmp_path / name, profiler=True):
            run()
        (described,) = tmt.read(tmp_path / name).to_dict()["runs"][0]["profiles"]
        assert (described["calls"], described["note"]) == (3, None)


def test_without_asking_no_profiler_runs(tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path):
        run()
        assert not profiling.look_for_profiler()
    assert reading.profiles(tmp_path) == []


class _Session:
    """Stands for TensorFlow's session of its profiler, and does what that does."""

    made = profiling._pywrap_profiler.ProfilerSession

    def __init__(self) -> None:
        self._session = self.made()

    def start(self, directory: str, options: Any) -> None:
        self._session.start(directory, options)

    def export_to_tb(self) -> None:
        self._session.export_to_tb()


def test_a_profile_that_takes_long_to_write_is_not_tidied_away(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Session(_Session):
        def export_to_tb(self) -> None:
            super().export_to_tb()
            time.sleep(0.5)  # the writer has many turns meanwhile

    monkeypatch.setattr(profiling._pywrap_profiler, "ProfilerSession", Session)
    with tmt.record(tmp_path, profiler=True, flush_secs=0.05):
        run()
    (path,) = reading.profiles(tmp_path)
    assert calls_in(path) == [0, 1, 2]


def test_options_reach_the_profiler_as_from_tensorflows_own_function(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What becomes of them there is TensorFlow's affair: 2.20 and 2.21 ignore all of them ("expects an i value").
    given: list[Any] = []

    class Session(_Session):
        def start(self, directory: str, options: Any) -> None:
            given.append(options)
            super().start(directory, options)

    options = tf.profiler.experimental.ProfilerOptions(host_tracer_level=3, python_tracer_level=1)
    monkeypatch.setattr(profiling._pywrap_profiler, "ProfilerSession", Session)
    tf.profiler.experimental.start(str(tmp_path / "theirs"), options)
    tf.profiler.experimental.stop()
    for chosen in (options, True):
        with tmt.record(tmp_path, profiler=chosen):
            run()
    assert given[0] == given[1] == options._asdict()
    assert given[2] == {}


def test_a_session_that_somebody_else_holds_is_joined(tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    tf.profiler.experimental.start(str(tmp_path / "theirs"))
    with caplog.at_level(logging.WARNING), tmt.record(tmp_path / "ours", profiler=True, flush_secs=0.1):
        run()
        tf.profiler.experimental.stop()
        wait_for(profiling.look_for_profiler)  # ours, now that theirs is over
        run()
    assert caplog.records == []
    (theirs,), (ours,) = reading.profiles(tmp_path / "theirs"), reading.profiles(tmp_path / "ours")
    assert calls_in(theirs) == [0, 1, 2]
    assert calls_in(ours) == [3, 4, 5]


def test_ours_gives_way_to_whoever_starts_one_and_goes_on_afterwards(tmp_path: pathlib.Path) -> None:
    start = tf.profiler.experimental.start  # as a program may have kept it
    with tmt.record(tmp_path / "ours", profiler=True, flush_secs=0.1):
        run(2)
        start(str(tmp_path / "theirs"))
        run(2)
        with pytest.raises(tf.errors.AlreadyExistsError):
            start(str(tmp_path / "theirs"))  # two of his own are his own affair
        tf.profiler.experimental.stop()
        wait_for(profiling.look_for_profiler)
        run(2)
        with tf.profiler.experimental.Profile(str(tmp_path / "again")):
            run(2)
    assert [calls_in(path) for path in reading.profiles(tmp_path / "theirs")] == [[2, 3]]
    assert [calls_in(path) for path in reading.profiles(tmp_path / "again")] == [[6, 7]]
    ours = [calls_in(path) for path in reading.profiles(tmp_path / "ours")]
    assert [calls for calls in ours if calls] == [[0, 1], [4, 5]]
    assert profiling._profiler_v2._pywrap_profiler is profiling._pywrap_profiler  # everything is as it was
    tf.profiler.experimental.start(str(tmp_path / "later"))
    tf.profiler.experimental.stop()


def test_a_profile_that_cannot_be_written_costs_only_itself(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plugins").write_text("in the way")
    with caplog.at_level(logging.WARNING), tmt.record(tmp_path, profiler=True):
        run()
    assert [record.message for record in caplog.records if "a profile could not be written" in record.message]
    assert len(tmt.read(tmp_path).calls) == 3


def test_a_recording_that_ends_because_its_directory_is_gone_ends_its_profiler(tmp_path: pathlib.Path) -> None:
    logdir = tmp_path / "logs"
    with tmt.record(logdir, profiler=True, flush_secs=0.1):
        run()
        assert profiling.look_for_profiler()
        shutil.rmtree(logdir)
        run()
        wait_for(lambda: not profiling.look_for_profiler())
    assert not logdir.exists()  # nor is it made again for a profile


@pytest.mark.parametrize(("limit", "value"), [("MAX_PROFILED_SECS", 0.3), ("MAX_GROWTH_BYTES", 0)])
def test_a_profiler_is_stopped_before_it_takes_too_much_memory(
    limit: str, value: float, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(session_profiler, limit, value)
    with caplog.at_level(logging.WARNING), tmt.record(tmp_path, profiler=True, flush_secs=0.1):
        run()
        wait_for(lambda: not profiling.look_for_profiler())
        run()
        time.sleep(0.3)  # it does not begin again
        assert not profiling.look_for_profiler()
    (path,) = reading.profiles(tmp_path)
    assert calls_in(path) == [0, 1, 2]
    assert len(tmt.read(tmp_path).calls) == 6
    (record,) = caplog.records
    assert "and is stopped, since it keeps all events in memory" in record.message


def test_what_others_profile_in_between_is_not_counted(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_profiler, "MAX_PROFILED_SECS", 1.0)
    with tmt.record(tmp_path / "ours", profiler=True, flush_secs=0.05):
        run(1)
        with tf.profiler.experimental.Profile(str(tmp_path / "theirs")):
            time.sleep(1.2)
        wait_for(profiling.look_for_profiler)
        run(1)


def test_a_profiler_that_does_not_start_is_a_fault_of_ours(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiling.ProfilerSession, "available", False)
    with tmt.record(tmp_path, profiler=True):
        run()
    log = tmt.read(tmp_path)
    assert len(log.calls) == 3
    assert log.runs[0].processes[0].internal_faults == 1


def test_names_that_the_profiler_would_take_apart(tmp_path: pathlib.Path) -> None:
    @tmt.traced(name="a#b=c,d:e/f")
    def odd() -> None: ...

    @tmt.traced(name="step", step=True)
    def step() -> None: ...

    @tmt.traced(name="training", step=True)
    def training() -> None: ...

    with tmt.record(tmp_path, profiler=True):
        odd()
        for _ in range(2):
            step()
            training()
        with tmt.region("warm up", step=41):
            pass
    (path,) = reading.profiles(tmp_path)
    events = [event for line in reading.lines(path) for event in line if "modetrace" in event.stats]
    assert [event.name for event in events] == ["a_b=c,d.e.f", "train step", "training", "train step", "training", "train warm up"]
    assert [event.stats.get("step_num") for event in events] == [None, 0, 0, 1, 1, 41]
    assert [event.stats["mode"] for event in events] == ["eager"] * 6


@pytest.mark.parametrize("step", ["1", 1.5])
def test_a_step_is_a_whole_number(step: Any) -> None:
    with pytest.raises(TypeError):
        tmt.region("block", step=step)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_leaves_the_profiler_to_its_parent(tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path, profiler=True):
        run(2)
        child = os.fork()
        if child == 0:
            run_child()
        _, status = os.waitpid(child, 0)
        assert status == 0
        run(1)
        assert process.active() is not None
    (path,) = reading.profiles(tmp_path)
    assert len(calls_in(path)) == 3


def run_child() -> None:
    """What a forked child may do with recorded functions: nothing of TensorFlow's, whose threads it does not have."""
    try:
        # Events would pile up in a process in which no profiler ever takes them.
        profiling.TraceMe = lambda _: os._exit(3)  # type: ignore[misc]
        tmt.traced(lambda: 1)()
        os._exit(0)
    finally:
        os._exit(1)


_PROGRAM = """
import ctypes, sys, time
if sys.argv[2] == "hidden":
    # TensorFlow's own variable, as where its library has another name for it.
    class c_int(ctypes.c_int):
        @classmethod
        def in_dll(cls, library, name):
            raise ValueError(name)
    ctypes.c_int = c_int
import tensorflow as tf
import tfmodetrace as tmt
from tfmodetrace.recorder.calls import native
from tfmodetrace.recorder.tf import names
from tfmodetrace.recorder.tf import profiling

@tmt.traced
def work(x):
    return tf.reduce_sum(x * 2.0)

with tmt.record(sys.argv[1], flush_secs=0.1):
    work(tf.ones(3))
    tf.profiler.experimental.start(sys.argv[1])
    time.sleep(1)
    for _ in range(3):
        work(tf.ones(3))
    tf.profiler.experimental.stop()
    time.sleep(1)
    work(tf.ones(3))
print(native.HOT_PATH is not None, names.missing())
"""


@pytest.mark.parametrize(("level", "native"), [("hidden", "1"), ("hidden", "0"), ("found", "0"), ("found", "1")])
def test_a_profiler_is_noticed_in_either_recorder_and_without_tensorflows_variable(tmp_path: pathlib.Path, level: str, native: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM)
    environment = {**os.environ, "TFMODETRACE_NATIVE": native}
    result = fresh.run(program, tmp_path / "logs", level, env=environment)
    assert result.returncode == 0, result.stderr
    assert ("g_trace_level" in result.stdout) == (level == "hidden")
    if native == "0":
        assert result.stdout.startswith("False")
    (path,) = reading.profiles(tmp_path / "logs")
    assert calls_in(path) == [1, 2, 3]
    assert len(tmt.read(tmp_path / "logs").calls) == 5
