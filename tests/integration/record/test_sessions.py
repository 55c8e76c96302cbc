"""Starting and stopping, refusals, the environment variable, file systems, kills and forks."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.support import fresh


@tmt.traced
def work(x: Any = 1) -> Any:
    return x


def _calls(path: Path) -> int:
    return sum(len(run.calls) for run in tmt.read(path).runs)


def _run(source: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in a process that imports TensorFlow when the program does, or what records it."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        check=False,
    )


def _run_forked(source: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in a process that has TensorFlow already."""
    return fresh.run("-c", textwrap.dedent(source), *arguments, env={**os.environ, **environment})


def test_nothing_is_recorded_outside_a_session(tmp_path: Path) -> None:
    work()
    with tmt.record(tmp_path):
        work()
    work()
    assert _calls(tmp_path) == 1


def test_start_and_stop_record_what_lies_between(tmp_path: Path) -> None:
    tmt.start(tmp_path)
    work()
    tmt.stop()
    work()
    assert _calls(tmp_path) == 1


def test_stopping_without_a_session_only_warns(caplog: pytest.LogCaptureFixture) -> None:
    tmt.stop()
    assert "nothing is being recorded" in caplog.text


def test_two_sessions_one_after_the_other_in_one_directory_are_two_processes_of_one_run(tmp_path: Path) -> None:
    for count in (1, 2):
        with tmt.record(tmp_path):
            for _ in range(count):
                work()
    (run,) = tmt.read(tmp_path).runs
    assert [process.complete for process in run.processes] == [True, True]
    assert len(run.calls) == 3


def test_a_second_session_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with tmt.record(tmp_path / "first"):
        work()
        with pytest.raises(tmt.SessionActiveError, match=r"already recording into .*first"), tmt.record(tmp_path / "second"):
            pass
        work()
    assert _calls(tmp_path / "first") == 2
    assert not (tmp_path / "second").exists()


def test_an_exception_ends_the_block_and_the_recording_is_complete(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), tmt.record(tmp_path):
        work()
        raise ZeroDivisionError
    (run,) = tmt.read(tmp_path).runs
    assert run.complete
    assert len(run.calls) == 1


def test_record_is_a_decorator_too(tmp_path: Path) -> None:
    @tmt.record(tmp_path)
    def job() -> int:
        return int(work(7))

    assert job() == 7
    assert _calls(tmp_path) == 1


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"memory": "lots"}, ValueError, "choose one of 'off', 'delta', 'peak'"),
        ({"instrument": "some"}, ValueError, "choose one of"),
        ({"include": ["f"]}, ValueError, 'add instrument="all"'),
        ({"instrument": "all", "exclude": "f"}, TypeError, "takes a list of patterns"),
        ({"instrument": "all", "layers": -1}, ValueError, "0 or more"),
        ({"explain_errors": 1}, TypeError, "takes True or False"),
        ({"profiler": "yes"}, TypeError, "takes True, False or tf.profiler.experimental.ProfilerOptions, not str"),
        ({"flush_secs": 0}, ValueError, "seconds"),
        ({"flush_secs": "2"}, ValueError, "seconds"),
    ],
)
def test_options_that_make_no_sense_are_refused_with_a_sentence(
    options: dict[str, Any], error: type[Exception], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=sentence):
        tmt.record(tmp_path, **options)
    with pytest.raises(error, match=sentence):
        tmt.start(tmp_path, **options)
    assert list(tmp_path.iterdir()) == []


def test_what_later_versions_add_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="memory='much' is not possible"):
        tmt.traced(memory="much")(work)
    with pytest.raises(tmt.UnavailableError, match="sync"):
        tmt.traced(sync=True)(work)


def test_a_directory_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("here")
    with pytest.raises(tmt.RecordingError, match="Nothing can be recorded into"), tmt.record(blocker):
        pass
    with tmt.record(tmp_path / "good"):
        work()
    assert _calls(tmp_path / "good") == 1


def test_importing_does_not_import_tensorflow() -> None:
    done = _run("import sys, tfmodetrace; assert 'tensorflow' not in sys.modules, 'imported'; tfmodetrace.stop()")
    assert done.returncode == 0, done.stderr


def test_the_environment_variable_records_a_program_that_does_not_mention_it(tmp_path: Path) -> None:
    source = """
        import tfmodetrace as tmt
        @tmt.traced
        def work(): return 1
        for _ in range(5): work()
    """
    done = _run(source, TFMODETRACE_LOGDIR=str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    (run,) = tmt.read(tmp_path).runs
    assert (run.name, len(run.calls), run.complete) == ("run", 5, True)


def test_a_session_of_the_programs_own_joins_that_of_the_environment(tmp_path: Path) -> None:
    source = """
        import sys, tfmodetrace as tmt
        @tmt.traced
        def work(): return 1
        with tmt.record(sys.argv[1]): work()
        work()
    """
    done = _run_forked(source, tmp_path / "own", TFMODETRACE_LOGDIR=str(tmp_path / "environment"))
    assert done.returncode == 0, done.stderr
    assert "recorded from outside, by TFMODETRACE_LOGDIR" in done.stderr
    assert _calls(tmp_path / "environment") == 2
    assert not (tmp_path / "own").exists()


def test_an_environment_that_cannot_be_recorded_into_does_not_stop_the_program(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("here")
    done = _run_forked("import tfmodetrace as tmt; print(tmt.traced(lambda: 'done')())", TFMODETRACE_LOGDIR=str(blocker))
    assert done.stdout == "done\n"
    assert done.returncode == 0
    assert "Nothing can be recorded into" in done.stderr


def test_any_file_system_of_tensorflow_can_be_recorded_into(tmp_path: Path) -> None:
    remote = f"ram://{tmp_path.name}/run"
    with tmt.record(remote):
        work()
    (file,) = tf.io.gfile.glob(f"{remote}/modetrace/*")
    (tmp_path / "modetrace").mkdir()
    tf.io.gfile.copy(file, str(tmp_path / "modetrace" / os.path.basename(file)))
    assert _calls(tmp_path) == 1


def test_what_was_flushed_before_a_kill_can_be_read(tmp_path: Path) -> None:
    source = """
        import sys, time, tfmodetrace as tmt
        @tmt.traced
        def work(index): return index
        tmt.start(sys.argv[1], flush_secs=0.3)
        for index in range(10**9):
            work("same")
            if index % 100 == 0:
                print(index + 1, time.monotonic(), flush=True)
                time.sleep(0.01)
    """
    command = [sys.executable, "-c", textwrap.dedent(source), str(tmp_path)]
    progress = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            count, moment_s = line.split()
            progress.append((int(count), float(moment_s)))
            if progress[-1][1] - progress[0][1] > 2.0:
                break
        killed_s = time.monotonic()
        os.kill(process.pid, signal.SIGKILL)
    flushed = max(count for count, moment_s in progress if moment_s < killed_s - 1.0)
    (run,) = tmt.read(tmp_path).runs
    assert len(run.calls) >= flushed
    assert not run.complete
    assert sorted(run.calls.call_id) == list(range(len(run.calls)))


def test_a_program_that_ends_without_stopping_leaves_a_complete_recording(tmp_path: Path) -> None:
    source = """
        import sys, tfmodetrace as tmt
        @tmt.traced
        def work(): return 1
        tmt.start(sys.argv[1])
        work()
        sys.exit(3)
    """
    assert _run_forked(source, tmp_path).returncode == 3
    (run,) = tmt.read(tmp_path).runs
    assert (run.complete, len(run.calls)) == (True, 1)


def test_a_file_that_can_no_longer_be_written_ends_the_recording_and_not_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from tfmodetrace.recorder.session import event_file

    real_write = event_file.EventFile.write
    written = []

    def write(file: event_file.EventFile, chunk: Any) -> None:
        written.append(chunk)
        if len(written) > 2:
            raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")
        real_write(file, chunk)

    monkeypatch.setattr(event_file.EventFile, "write", write)
    with tmt.record(tmp_path, flush_secs=0.05):
        for index in range(40):
            assert work(index) == index
            time.sleep(0.01)
    assert "cannot be written" in caplog.text
    (run,) = tmt.read(tmp_path).runs
    assert 0 < len(run.calls) < 40


def test_an_exception_of_our_own_never_reaches_the_user_and_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from tfmodetrace.recorder.session import definitions

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("ours")

    monkeypatch.setattr(definitions.Definitions, "intern_signature", fail)
    with tmt.record(tmp_path):
        assert work(1) == 1
        assert work(2) == 2
    assert caplog.text.count("a call could not be recorded") == 1
    (run,) = tmt.read(tmp_path).runs
    assert run.processes[0].internal_faults == 2


def test_an_interrupt_while_a_call_begins_is_the_users_and_leaves_the_recording_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfmodetrace.recorder.session import session

    @tmt.traced
    def interrupted() -> None:
        raise AssertionError("never reached")

    register = session.Session.register

    def interrupt(self: Any, info: Any, args: Any) -> None:
        if info.name == "interrupted":
            raise KeyboardInterrupt
        register(self, info, args)

    monkeypatch.setattr(session.Session, "register", interrupt)
    with tmt.record(tmp_path):
        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert work(1) == 1
    (run,) = tmt.read(tmp_path).runs
    assert run.calls.depth.tolist() == [0]
    assert run.calls.parent_id.tolist() == [-1]


def test_regions_that_end_in_another_order_than_they_began_spoil_no_later_call(tmp_path: Path) -> None:
    def lazily() -> Any:
        with tmt.region("lazy"):
            yield

    with tmt.record(tmp_path):
        steps = lazily()
        next(steps)
        with tmt.region("block"):
            assert next(steps, None) is None
            work(1)
        work(2)
    (run,) = tmt.read(tmp_path).runs
    names = [run.functions[number].name for number in run.calls.function_id]
    depths = dict(
        zip(run.calls.call_id.tolist(), zip(names, run.calls.depth.tolist(), run.calls.parent_id.tolist(), strict=True), strict=True)
    )
    assert depths == {0: ("lazy", 0, -1), 1: ("block", 1, 0), 2: ("work", 2, 1), 3: ("work", 0, -1)}


def test_a_traced_function_called_while_a_call_is_being_recorded_does_no_harm(tmp_path: Path) -> None:
    from collections.abc import Mapping

    class Recursive(Mapping[str, int]):
        def __getitem__(self, name: str) -> int:
            return int(work(1))

        def __iter__(self) -> Any:
            return iter(["a"])

        def __len__(self) -> int:
            return 1

    with tmt.record(tmp_path):
        argument = Recursive()
        assert work(argument) is argument
    assert _calls(tmp_path) == 1


def test_tensorflow_is_as_it_was_after_a_session(tmp_path: Path) -> None:
    from tensorflow.core.function.polymorphism import function_cache
    from tensorflow.python.eager.polymorphic_function import tracing_compilation

    before = (function_cache.FunctionCache.add, tracing_compilation._create_concrete_function)
    with contextlib.suppress(ValueError), tmt.record(tmp_path):
        assert function_cache.FunctionCache.add is not before[0]
        raise ValueError
    assert (function_cache.FunctionCache.add, tracing_compilation._create_concrete_function) == before


def test_the_versions_and_the_place_of_the_process_are_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}))
    with tmt.record(tmp_path):
        work()
    (run,) = tmt.read(tmp_path).to_dict()["runs"]
    assert run["versions"]["tensorflow"] == tf.__version__
    assert run["versions"]["tfmodetrace"] == tmt.__version__
    assert run["processes"][0]["worker"] == "worker:1"
    assert run["processes"][0]["pid"] == os.getpid()


def test_what_may_wait_for_a_slow_disk_is_bounded_over_all_threads_and_the_rest_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfmodetrace.recorder.calls import states
    from tfmodetrace.recorder.session import event_file

    most = 2048
    monkeypatch.setattr(states, "MAX_WAITING_ROWS", most)
    disk_works, writing = threading.Event(), threading.Event()
    write = event_file.EventFile.write

    def write_slowly(self: Any, chunk: Any) -> None:
        if chunk.calls:
            writing.set()
            disk_works.wait()
        write(self, chunk)

    monkeypatch.setattr(event_file.EventFile, "write", write_slowly)
    start = threading.Barrier(4)

    def call_often() -> None:
        work(0)
        start.wait()  # all four have their share now
        for number in range(1000):
            work(number)

    tmt.start(tmp_path, flush_secs=0.01)
    work(0)
    assert writing.wait(30)
    threads = [threading.Thread(target=call_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    disk_works.set()
    tmt.stop()
    (run,) = tmt.read(tmp_path).runs
    dropped = run.processes[0].dropped
    assert len(run.calls) + dropped == 1 + 4 * 1001
    assert 0 < len(run.calls) - 1 <= most


def test_regions_with_ever_new_names_do_not_grow_without_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tfmodetrace.recorder.wrapping import regions

    monkeypatch.setattr(regions, "_MAX_REGIONS", 3)
    monkeypatch.setattr(regions, "_infos", {})
    with tmt.record(tmp_path):
        for step in range(10):
            with tmt.region(f"step {step}"):
                pass
    (run,) = tmt.read(tmp_path).runs
    assert [run.functions[number].name for number in run.calls.function_id] == ["step 0", "step 1", "step 2"] + ["other regions"] * 7


def test_a_process_counts_those_that_it_started_while_it_recorded(tmp_path: Path) -> None:
    busy = [sys.executable, "-S", "-c", "import time\nwhile time.process_time() < 0.2: pass"]
    subprocess.run(busy, check=True)
    for name, times in (("none", 0), ("one", 1)):
        with tmt.record(tmp_path / name):
            for _ in range(times):
                subprocess.run(busy, check=True)
    none, one = (tmt.read(tmp_path / name).runs[0].processes[0].children_cpu_ns for name in ("none", "one"))
    assert none == 0
    assert one is not None
    assert 0.2e9 <= one < 0.4e9
