from __future__ import annotations

import os
import pathlib

import numpy as np
import pytest

from tests.support import files
from tfmodetrace import log
from tfmodetrace.insight import report
from tfmodetrace.log import call_columns, function_table, reader, storage
from tfmodetrace.schema import codec, words


def test_a_run_is_read_with_everything_in_it(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path / "run1")
    log = reader.read(tmp_path)
    (run,) = log.runs
    assert (run.name, run.start_unix_ns, run.complete, run.dropped) == ("run1", files.START_UNIX_NS, True, 0)
    assert run.versions == files.VERSIONS
    assert [function.name for function in run.functions] == ["prepare", "step"]
    assert run.functions[0].tf_function is None
    assert run.functions[1].tf_function is not None
    assert run.functions[1].parameters == (function_table.Parameter(name="x", kind="POSITIONAL_OR_KEYWORD", has_default=False),)
    assert [signature.text for signature in run.signatures] == ["(x: float32[32, 8])", "(x: float32[17, 8])"]
    assert [(trace.ordinal, trace.call_id, trace.duration_ns, trace.outputs) for trace in run.traces] == [
        (1, 1, 20, "float32[]"),
        (2, 4, 30, None),
    ]
    assert [(error.type, error.call_id, error.mode) for error in run.errors] == [("ValueError", 0, "eager")]
    assert run.calls.mode.tolist() == [0, 1, 1, 1, 1]
    assert run.calls.start_ns.tolist() == [0, 100, 200, 300, 400]
    assert run.calls.trace_id.tolist() == [-1, 0, -1, -1, 1]
    assert log.warnings == ()
    for name, dtype in call_columns.CALL_DTYPES.items():
        assert getattr(run.calls, name).dtype == dtype


def test_runs_are_named_relative_to_what_is_read(tmp_path: pathlib.Path) -> None:
    session = files.small_run(tmp_path / "a" / "b")
    assert [run.name for run in reader.read(tmp_path).runs] == ["a/b"]
    assert [run.name for run in reader.read(tmp_path / "a").runs] == ["b"]
    for path in (tmp_path / "a" / "b", session.path.parent, session.path):
        assert [run.name for run in reader.read(path).runs] == ["."], path
    assert reader.read(str(tmp_path) + os.sep).runs[0].name == "a/b"


def test_a_log_directory_that_is_itself_called_modetrace_is_read(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path / "modetrace" / "run1")
    files.small_run(tmp_path / "modetrace")
    assert [run.name for run in reader.read(tmp_path / "modetrace").runs] == [".", "run1"]


def test_processes_of_a_run_are_merged_in_order_of_their_starts(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path, pid=5, start_unix_ns=files.START_UNIX_NS + 1000)
    files.small_run(tmp_path, pid=9, start_unix_ns=files.START_UNIX_NS, calls=1, end=False)
    (run,) = reader.read(tmp_path).runs
    assert [(process.pid, process.start_ns, process.complete) for process in run.processes] == [(9, 0, False), (5, 1000, True)]
    assert not run.complete
    assert run.start_unix_ns == files.START_UNIX_NS
    assert [function.function_id for function in run.functions] == [0, 1, 2, 3]
    assert [function.process for function in run.functions] == [0, 0, 1, 1]
    assert len({function.definition_id for function in run.functions}) == 4
    assert [signature.function_id for signature in run.signatures] == [1, 1, 3, 3]
    assert [(trace.trace_id, trace.function_id, trace.signature_id, trace.start_ns) for trace in run.traces] == [
        (0, 1, 0, 100),
        (1, 1, 1, 200),
        (2, 3, 2, 1100),
        (3, 3, 3, 1400),
    ]
    assert [(error.error_id, error.time_ns, error.process) for error in run.errors] == [(0, 10, 0), (1, 1010, 1)]
    assert [thread.thread_id for thread in run.threads] == [0, 1]
    calls = run.calls
    assert calls.process.tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
    assert calls.function_id.tolist() == [0, 1, 1, 2, 3, 3, 3, 3]
    assert calls.trace_id.tolist() == [-1, 0, 1, -1, 2, -1, -1, 3]
    assert calls.signature_id.tolist() == [-1, 0, 1, -1, 2, 2, 2, 3]
    assert calls.start_ns.tolist() == [0, 100, 200, 1000, 1100, 1200, 1300, 1400]
    assert calls.index_of(0, 1) == 1
    assert calls.index_of(1, 1) == 4
    assert calls.index_of(0, 4) is None
    assert calls.index_of(2, 0) is None


def test_different_versions_of_processes_are_all_named(tmp_path: pathlib.Path) -> None:
    for pid, version in ((1, "2.20.0"), (2, "2.21.0"), (3, "2.21.0")):
        files.SessionFile(tmp_path, pid=pid, versions={"tensorflow": version}).end()
    assert reader.read(tmp_path).runs[0].versions == {"tensorflow": "2.20.0, 2.21.0"}


def test_calls_of_several_runs_say_which_run_they_belong_to(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path / "b", calls=1)
    files.small_run(tmp_path / "a", calls=2)
    log = reader.read(tmp_path)
    assert [run.name for run in log.runs] == ["a", "b"]
    assert log.calls.run.tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert log.calls.index_of(0, 2, run=1) == 6
    assert log.calls.parent_rows.tolist() == [-1] * 7
    assert [function.run for function in log.functions] == ["a", "a", "b", "b"]


def test_parents_are_found_by_process_and_never_form_a_circle(tmp_path: pathlib.Path) -> None:
    for pid in (1, 2):
        session = files.SessionFile(tmp_path, pid=pid, start_unix_ns=files.START_UNIX_NS + pid)
        session.thread()
        function = session.function("f")
        session.call(function, 10, 5, call_id=3, parent=2)
        session.call(function, 0, 100, call_id=2, parent=3)
        session.call(function, 20, 5, call_id=4, parent=99)
        session.call(function, 30, 5, call_id=10**9, parent=4)
        session.end()
    assert reader.read(tmp_path).calls.parent_rows.tolist() == [1, -1, -1, 2, 5, -1, -1, 6]


def test_a_file_is_followed_while_it_is_written_byte_by_byte(tmp_path: pathlib.Path) -> None:
    session = files.small_run(tmp_path / "whole", end=False)
    session.call(1, 10_000, 5)
    session.end()
    data, path = session.path.read_bytes(), tmp_path / "live" / "modetrace" / session.path.name
    path.parent.mkdir(parents=True)
    boundaries = [*files.offsets(session.path)[1:], len(data)]
    path.write_bytes(b"")
    following, seen, changes = reader.Reader(tmp_path / "live"), [], 0
    following.poll()
    for position in range(len(data)):
        files.append(path, data[position : position + 1])
        changed = following.poll()
        runs = following.log().runs
        calls = len(runs[0].calls) if runs else 0
        if not seen or calls != seen[-1]:
            seen.append(calls)
        changes += changed
        if runs:
            assert runs[0].processes[0].torn == (position + 1 not in boundaries)
            assert runs[0].warnings == ()
    assert seen == [0, 5, 6]
    assert changes <= 2 * len(boundaries) + 1
    assert following.log().runs[0].complete
    np.testing.assert_array_equal(following.log().calls.start_ns, reader.read(tmp_path / "whole").calls.start_ns)


def test_polling_says_whether_anything_changed_and_keeps_what_did_not(tmp_path: pathlib.Path) -> None:
    session = files.small_run(tmp_path / "a", end=False)
    files.small_run(tmp_path / "b")
    following = reader.Reader(tmp_path)
    assert following.poll()
    before = following.log()
    assert not following.poll()
    assert following.log().runs == before.runs
    session.call(1, 10_000, 7)
    session.flush()
    assert following.poll()
    after = following.log()
    assert after.runs[1] is before.runs[1]
    assert after.runs[0].revision > before.runs[0].revision
    assert len(before.runs[0].calls) == 5
    assert after.runs[0].calls.duration_ns.tolist() == [10, 50, 50, 50, 50, 7]


def test_what_was_handed_out_does_not_change_when_more_is_read(tmp_path: pathlib.Path) -> None:
    session = files.small_run(tmp_path, end=False)
    following = reader.Reader(tmp_path)
    logs = []
    for number in range(20):
        session.call(1, 10_000 + number, 7)
        session.flush()
        following.poll()
        logs.append(following.log().runs[0].calls)
    for number, calls in enumerate(logs):
        assert calls.start_ns.tolist() == [0, 100, 200, 300, 400, *range(10_000, 10_001 + number)]


def test_a_column_that_held_one_value_goes_on_with_others(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    first, second = session.function("first"), session.function("second")
    flags, functions = [0, 0, int(words.CallFlag.RAISED), 0, 0], [first, first, first, first, second]
    following, seen = reader.Reader(tmp_path), []
    for number, (flag, function) in enumerate(zip(flags, functions, strict=True)):
        session.call(function, 100 * number, 7, flags=flag)
        if number == 1:
            session.call(function, 0, -5)  # impossible, so that the others of its batch are taken one by one
        session.flush()
        following.poll()
        seen.append(following.log().runs[0].calls)
    for number, calls in enumerate(seen, 1):
        assert (calls.flags.tolist(), calls.function_id.tolist()) == (flags[:number], functions[:number])
        assert {name: getattr(calls, name).dtype for name in call_columns.CALL_DTYPES} == call_columns.CALL_DTYPES


def test_a_new_run_appears_and_a_deleted_one_goes(tmp_path: pathlib.Path) -> None:
    following = reader.Reader(tmp_path / "logs")
    following.poll()
    assert following.log().runs == ()
    assert "does not exist" in str(following.problem)
    session = files.small_run(tmp_path / "logs" / "a")
    assert following.poll()
    assert following.problem is None
    assert [run.name for run in following.log().runs] == ["a"]
    session.path.unlink()
    assert following.poll()
    assert following.log().runs == ()


def test_a_file_that_was_replaced_is_read_from_its_start(tmp_path: pathlib.Path) -> None:
    session = files.small_run(tmp_path, calls=20)
    following = reader.Reader(tmp_path)
    following.poll()
    for calls in (2, 40):
        other = files.small_run(tmp_path / "elsewhere", calls=calls, pid=calls)
        session.path.write_bytes(other.path.read_bytes())
        other.path.unlink()
        assert following.poll()
        (run,) = following.log().runs
        assert len(run.calls) == calls + 2
        assert run.processes[0].pid == calls


def test_a_file_that_shrank_is_read_from_its_start(tmp_path: pathlib.Path) -> None:
    session = files.small_run(tmp_path, end=False)
    size = session.path.stat().st_size
    session.call(1, 10_000, 7)
    session.flush()
    following = reader.Reader(tmp_path)
    following.poll()
    assert len(following.log().calls) == 6
    os.truncate(session.path, size)
    assert following.poll()
    assert len(following.log().calls) == 5


def test_a_file_that_did_not_change_is_not_even_opened(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.small_run(tmp_path, end=False)
    following = reader.Reader(tmp_path)
    following.poll()
    monkeypatch.setattr(storage.Local, "open", None)
    assert not following.poll()
    assert following.log().warnings == ()


def test_what_points_nowhere_is_shown_as_unknown_with_a_warning(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    known = session.function("known")
    session.call(known, 0, 1)
    session.call(77, 10, 1, signature=5, trace=6, thread=8)
    session.call(-5, 20, 1, signature=2**40)
    session.trace(99, ordinal=1, signature=44, thread=3)
    session.error(98)
    session.end()
    log = reader.read(tmp_path)
    (run,) = log.runs
    assert [function.name for function in run.functions] == ["known", "unknown"]
    assert run.calls.function_id.tolist() == [0, 1, 1]
    assert run.calls.signature_id.tolist() == [-1, -1, -1]
    assert run.calls.trace_id.tolist() == [-1, -1, -1]
    assert [thread.name for thread in run.threads] == ["MainThread", "unknown"]
    assert run.calls.thread_id.tolist() == [0, 1, 0]
    assert (run.traces[0].function_id, run.traces[0].signature_id, run.traces[0].thread_id) == (1, None, 1)
    assert run.errors[0].function_id == 1
    assert "point to what is not in the file" in log.warnings[0]


def test_gaps_between_ids_are_closed(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    for name in ("a", "lost", "c"):
        session.function(name)
    del session.chunk.functions[1]
    session.call(0, 0, 1)
    session.call(1, 1, 1)
    session.call(2, 2, 1)
    session.end()
    (run,) = reader.read(tmp_path).runs
    assert [(function.function_id, function.name) for function in run.functions] == [(0, "a"), (1, "c"), (2, "unknown")]
    assert run.calls.function_id.tolist() == [0, 2, 1]


@pytest.mark.parametrize(
    "values",
    [{"mode": 9}, {"mode": -1}, {"duration_ns": -1}, {"duration_ns": 2**62}, {"start_ns": 2**62}, {"call_id": -2}, {"call_id": 2**60}],
)
def test_a_call_with_impossible_values_is_left_out_with_a_warning(tmp_path: pathlib.Path, values: dict[str, int]) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    function = session.function("f")
    session.call(function, 5, 1, call_id=0)
    bad = {"start_ns": 0, "duration_ns": 1, "call_id": 1, **values}
    session.call(function, bad.pop("start_ns"), bad.pop("duration_ns"), **bad)
    session.end()
    log = reader.read(tmp_path)
    assert log.calls.start_ns.tolist() == [5]
    assert "1 calls with impossible values are left out" in log.warnings[0]


def test_flags_of_a_newer_version_are_ignored(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    session.call(session.function("f"), 0, 1, flags=64 | words.CallFlag.RAISED)
    session.end()
    assert reader.read(tmp_path).calls.flags.tolist() == [words.CallFlag.RAISED]


def test_dropped_calls_faults_and_missing_parts_are_told(tmp_path: pathlib.Path) -> None:
    session = files.small_run(tmp_path, end=False)
    session.dropped_calls, session.internal_faults = 7, 2
    session.sequence += 3
    session.end()
    log = reader.read(tmp_path)
    assert log.runs[0].dropped == 7
    assert log.runs[0].processes[0].internal_faults == 2
    assert any("3 parts of the recording are missing" in warning for warning in log.warnings)
    assert any("2 faults inside tfmodetrace" in warning for warning in log.warnings)


def test_a_file_whose_beginning_is_lost_is_still_read(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path, session=False)
    session.thread()
    session.call(session.function("f"), 3, 4)
    session.end()
    log = reader.read(tmp_path)
    (run,) = log.runs
    assert run.start_unix_ns is None
    assert (run.processes[0].host, run.processes[0].pid, run.processes[0].start_unix_ns) == (None, None, None)
    assert run.calls.start_ns.tolist() == [3]
    assert "the beginning of the recording is lost" in log.warnings[0]


def test_a_session_in_an_impossible_year_does_not_shift_the_others(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path, pid=1)
    session = files.SessionFile(tmp_path, pid=2)
    session.chunk.session_start.start_unix_ns = -(2**63)
    session.thread()
    session.call(session.function("f"), 3, 4)
    session.end()
    (run,) = reader.read(tmp_path).runs
    assert run.start_unix_ns == files.START_UNIX_NS
    assert run.calls.start_ns.tolist() == [0, 100, 200, 300, 400, 3]


def test_a_definitions_source_is_that_of_all_its_functions_also_in_later_chunks_and_other_processes(tmp_path: pathlib.Path) -> None:
    for pid in (1, 2):
        session = files.SessionFile(tmp_path, pid=pid, start_unix_ns=files.START_UNIX_NS + pid)
        for number in range(3):
            session.function("step", instance=number)
            session.chunk.functions[-1].definition_id = 0
            if number == 0:
                session.chunk.functions[-1].source = f"def step(): return {pid}"
                session.chunk.functions[-1].source_truncated = pid == 2
            session.flush()
        session.function("other")
        session.end()
    (run,) = reader.read(tmp_path).runs
    first, second = ("def step(): return 1", False), ("def step(): return 2", True)
    assert [(function.source, function.source_truncated) for function in run.functions] == [
        *[first] * 3,
        (None, False),
        *[second] * 3,
        (None, False),
    ]


def test_what_calls_found_in_device_memory_is_read_with_its_devices(tmp_path: pathlib.Path) -> None:
    files.varied_run(tmp_path / "one")
    (run,) = log.read(tmp_path).runs
    assert [(device.device_id, device.name) for device in run.devices] == [(0, "/device:CPU:0")]
    assert len(run.memory) == 200
    assert run.memory.call_id.tolist()[:3] == [0, 3, 6]
    assert run.memory.after_bytes.tolist()[:3] == [8, 1008, 2008]
    assert (run.calls.function_id[run.calls.rows_of(run.memory.process, run.memory.call_id)] == 0).all()
    (outer, *others) = report.run_report(run)["functions"]
    assert outer["memory"] == {
        "/device:CPU:0": {"calls": 200, "shared_calls": 0, "max_delta_bytes": 8, "peak_bytes": 245_000, "max_need_bytes": 196_000}
    }
    assert [function["memory"] for function in others] == [None, None]


def test_memory_of_several_processes_keeps_each_ones_devices(tmp_path: pathlib.Path) -> None:
    for pid in (1, 2):
        session = files.SessionFile(tmp_path, pid=pid, start_unix_ns=files.START_UNIX_NS + pid)
        session.thread()
        session.call(session.function("step"), 0, 10)
        session.chunk.devices.add(device_id=0, name="/device:CPU:0")
        session.chunk.devices.add(device_id=1, name="/device:GPU:0")
        columns = {name: np.array([pid]) for name in ("before_bytes", "after_bytes", "peak_bytes")}
        columns |= {"call_id": np.array([0]), "device_id": np.array([1]), "shared": np.array([0])}
        session.chunk.memory.append(codec.encode_memory(columns))
        session.end()
    (run,) = log.read(tmp_path).runs
    assert [(device.process, device.name) for device in run.devices] == [
        (0, "/device:CPU:0"),
        (0, "/device:GPU:0"),
        (1, "/device:CPU:0"),
        (1, "/device:GPU:0"),
    ]
    assert run.memory.device_id.tolist() == [1, 3]
    assert run.memory.process.tolist() == [0, 1]


def test_impossible_memory_is_left_out_and_said_so(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    session.call(session.function("step"), 0, 10)
    session.chunk.devices.add(device_id=0, name="/device:CPU:0")
    rows = {
        "call_id": [0, 0, 0, -1],
        "device_id": [0, 7, 0, 0],
        "before_bytes": [1, 1, -5, 1],
        "after_bytes": [1] * 4,
        "peak_bytes": [-1] * 4,
        "shared": [0] * 4,
    }
    session.chunk.memory.append(codec.encode_memory({name: np.array(column) for name, column in rows.items()}))
    session.end()
    (run,) = log.read(tmp_path).runs
    assert run.memory.call_id.tolist() == [0]
    assert "3 calls with impossible values" in " ".join(run.warnings)
