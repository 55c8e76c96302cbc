from __future__ import annotations

import json
import pathlib
import sys

import pytest

from tests.support import files
from tfmodetrace import insight
from tfmodetrace.insight import answers, calls, plain, report
from tfmodetrace.log import reader, tracelog
from tfmodetrace.schema import words


def run_in(logdir: pathlib.Path) -> tracelog.Run:
    (run,) = reader.read(logdir).runs
    return run


def test_the_report_is_the_json_of_the_design(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path / "run1")
    built = report.build_report(reader.read(tmp_path))
    assert json.loads(json.dumps(built, allow_nan=False)) == built
    assert built["schema_version"] == 1
    (run,) = built["runs"]
    assert run["run"] == "run1"
    process = run["processes"][0]
    assert {name: process[name] for name in ("host", "pid", "worker", "complete", "dropped")} == {
        "host": "h",
        "pid": 1,
        "worker": None,
        "complete": True,
        "dropped": 0,
    }
    assert run["versions"] == files.VERSIONS
    prepare, step = run["functions"]
    assert step["calls"] == {"eager": 0, "graph": 4, "xla": 0, "tracing": 0, "v1-graph": 0, "total": 4}
    assert {name: step[name] for name in ("function_id", "name", "file", "line", "kind", "traces", "errors", "time_ns", "signatures")} == {
        "function_id": 1,
        "name": "step",
        "file": "train.py",
        "line": 11,
        "kind": "tf.function",
        "traces": 2,
        "errors": 0,
        "time_ns": {"total": 200, "self": 200, "tracing": 50},
        "signatures": [
            {"signature_id": 0, "text": "(x: float32[32, 8])", "calls": 3, "traces": 1},
            {"signature_id": 1, "text": "(x: float32[17, 8])", "calls": 1, "traces": 1},
        ],
    }
    assert (step["devices"], step["memory"]) == (None, None)
    assert (prepare["calls"]["eager"], prepare["errors"], prepare["signatures"]) == (1, 1, [])
    first, second = run["traces"]
    assert first["reason"]["kinds"] == ["first-trace"]
    assert second == {
        **second,
        "trace_id": 1,
        "function_id": 1,
        "ordinal": 2,
        "call_id": 4,
        "thread": 0,
        "start_ns": 400,
        "duration_ns": 30,
        "signature_id": 1,
        "signature": "(x: float32[17, 8])",
        "outputs": None,
        "captures": ["float32[3]"],
        "graph": None,
        "placement": None,
    }
    assert second["reason"]["nearest_trace_id"] == 0
    assert second["reason"]["changes"] == [{"kind": "shape", "path": "x", "before": "float32[32, 8]", "after": "float32[17, 8]"}]
    assert set(second["reason"]) == {"kinds", "nearest_trace_id", "summary", "changes", "fix", "more_changes"}
    (error,) = run["errors"]
    assert error == {
        **error,
        "error_id": 0,
        "function_id": 0,
        "call_id": 0,
        "mode": "eager",
        "type": "ValueError",
        "message": "no such digit",
    }
    assert error["core"] == {"type": "ValueError", "message": "no such digit"}
    assert (error["first_error_id"], error["stack"], error["made_at"], error["chain"]) == (0, [], [], [])
    assert set(error["diagnosis"]) == {"id", "title", "why", "difference", "fix", "edits", "advice", "source"}
    assert error["diagnosis"]["id"] == "unclassified"
    assert run["findings"] == []


def test_recursion_is_not_counted_twice(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    walk, visit = session.function("walk"), session.function("visit")
    # walk(0..100) → visit(10..60) → walk(20..50) → walk(30..40); then walk(200..210) by itself.
    outer = session.call(walk, 0, 100)
    middle = session.call(visit, 10, 50, parent=outer, depth=1)
    inner = session.call(walk, 20, 30, parent=middle, depth=2)
    session.call(walk, 30, 10, parent=inner, depth=3)
    session.call(walk, 200, 10)
    session.end()
    built = report.run_report(run_in(tmp_path))
    assert [function["time_ns"] for function in built["functions"]] == [
        {"total": 110, "self": (100 - 50) + (30 - 10) + 10 + 10, "tracing": 0},
        {"total": 50, "self": 20, "tracing": 0},
    ]


def test_a_coroutine_takes_from_its_parent_only_what_lies_within_it(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    spawn, work = session.function("spawn"), session.function("work", kind="coroutine")
    parent = session.call(spawn, 0, 100)
    session.call(work, 80, 1000, parent=parent, depth=1, flags=words.CallFlag.SUSPENDABLE)
    busy = session.call(spawn, 2000, 10)
    for _ in range(3):
        session.call(work, 2000, 10, parent=busy, depth=1, flags=words.CallFlag.SUSPENDABLE)
    session.call(work, 5000, 10, parent=busy, depth=1, flags=words.CallFlag.SUSPENDABLE)
    session.end()
    spawned, worked = report.run_report(run_in(tmp_path))["functions"]
    assert spawned["time_ns"] == {"total": 110, "self": 80, "tracing": 0}
    assert worked["time_ns"] == {"total": 1040, "self": 1040, "tracing": 0}


def test_times_beyond_what_a_double_holds_are_exact(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    function = session.function("f")
    session.call(function, 0, 2**60)
    session.call(function, 0, 1)
    session.end()
    assert report.run_report(run_in(tmp_path))["functions"][0]["time_ns"]["total"] == 2**60 + 1


def test_a_run_without_calls_has_a_report(tmp_path: pathlib.Path) -> None:
    files.SessionFile(tmp_path).flush()
    built = report.run_report(run_in(tmp_path))
    assert (built["functions"], built["traces"], built["errors"]) == ([], [], [])


def test_a_recording_without_its_beginning_has_a_report_of_nulls(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path, session=False)
    session.thread()
    session.call(3, 0, 1)
    session.end()
    built = report.run_report(run_in(tmp_path))
    assert (built["start_unix_ns"], built["processes"][0]["host"], built["processes"][0]["pid"]) == (None, None, None)
    assert built["functions"][0] == {**built["functions"][0], "name": "unknown", "file": None, "line": None}
    assert built["warnings"]


def nested(logdir: pathlib.Path) -> tracelog.Run:
    session = files.SessionFile(logdir)
    session.thread("MainThread")
    train, step = session.function("train"), session.function("step", kind="tf.function")
    signature = session.signature(step, x=files.tensor("float32", 32, 8), n=files.literal(3))
    step_call = session.call(step, 100, 50, call_id=5, parent=2, depth=1, mode=words.Mode.GRAPH, signature=signature, trace=1, flags=1)
    for ordinal in (1, 2):
        session.trace(step, ordinal=ordinal, call_id=step_call)
    session.error(step, call_id=step_call, mode=words.Mode.GRAPH, message="bad")
    session.call(train, 110, 1, call_id=6, parent=5, depth=2)
    session.call(train, 120, 1, call_id=7, parent=5, depth=2, flags=words.CallFlag.SUSPENDABLE)
    session.flush()
    return run_in(logdir)


def test_a_call_is_described_with_everything_around_it(tmp_path: pathlib.Path) -> None:
    assert plain.plain(calls.describe_call(nested(tmp_path), 0, 5)) == {
        "call_id": 5,
        "process": 0,
        "thread_id": 0,
        "thread": "MainThread",
        "function_id": 1,
        "function": "step",
        "mode": "graph",
        "start_ns": 100,
        "duration_ns": 50,
        "depth": 1,
        "parent": {"call_id": 2, "function": None},
        "signature": "(x: float32[32, 8], n: 3)",
        "trace_ids": [0, 1],
        "raised": True,
        "suspendable": False,
        "error": {"error_id": 0, "type": "ValueError", "message": "bad"},
        "children": 2,
    }


def test_a_call_inside_another_names_it(tmp_path: pathlib.Path) -> None:
    described = calls.describe_call(nested(tmp_path), 0, 7)
    assert described is not None
    assert described.parent == calls.ParentCall(call_id=5, function="step")
    assert (described.signature, described.error, described.trace_ids) == (None, None, ())
    assert (described.raised, described.suspendable, described.children) == (False, True, 0)
    json.dumps(plain.plain(described), allow_nan=False)


@pytest.mark.parametrize(("process", "call_id"), [(0, 99), (1, 5), (-1, 5), (0, -1), (0, 2**70), (2**70, 5)])
def test_a_call_that_is_not_there_is_none(tmp_path: pathlib.Path, process: int, call_id: int) -> None:
    assert calls.describe_call(nested(tmp_path), process, call_id) is None


def test_read_answers_for_all_runs(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path / "a")
    files.small_run(tmp_path / "b")
    log = insight.read(tmp_path)
    assert log.to_dict() == report.build_report(reader.read(tmp_path))
    assert log.findings == ()
    assert [(trace.run, trace.ordinal) for trace in log.traces] == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert [error.run for error in log.errors] == ["a", "b"]
    assert len(log.calls) == 10


def test_to_pandas_without_pandas_says_what_to_install(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    files.small_run(tmp_path)
    with pytest.raises(ImportError, match="needs pandas, which is not installed"):
        insight.read(tmp_path).to_pandas()


def test_to_pandas_has_a_row_a_call_with_names_and_missing_values(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("pandas")
    files.small_run(tmp_path / "a")
    files.small_run(tmp_path / "b", calls=1)
    frame = insight.read(tmp_path).to_pandas()
    assert len(frame) == 8
    assert frame["run"].tolist() == ["a"] * 5 + ["b"] * 3
    assert frame["function"].tolist() == ["prepare", "step", "step", "step", "step", "prepare", "step", "step"]
    assert frame["mode"].tolist()[:2] == ["eager", "graph"]
    assert frame["signature"].isna().tolist() == [True, False, False, False, False, True, False, False]
    assert frame["signature"].tolist()[7] == "(x: float32[17, 8])"
    assert frame["trace_id"].isna().tolist() == [True, False, True, True, False, True, False, False]
    assert frame["parent_id"].isna().all()
    assert frame["raised"].tolist() == [True, False, False, False, False, True, False, False]
    assert frame.groupby("mode", observed=True)["duration_ns"].sum()["graph"] == 300


def test_a_report_of_very_wide_keys_has_a_part_of_the_changes_and_a_trace_alone_all_of_them(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    step = session.function("step", kind="tf.function")
    for number in range(3):
        key = files.arguments(**{f"a{place}": files.literal(number * place) for place in range(6_000)})
        session.trace(step, ordinal=number + 1, start_ns=number * 10, duration_ns=5, key=key)
    session.end()
    told = answers.Answers(reader.read(tmp_path).runs[0])
    assert all(finding.what_if is None for finding in told.findings), "nothing is simulated that would take a minute"
    cut = report.of_run(told, full=False).traces[1].reason
    whole = report.of_run(told).traces[1].reason
    assert (len(cut.changes), cut.more_changes) == (200, 5_999 - 200)
    assert (len(whole.changes), whole.more_changes) == (5_999, 0)
    assert cut.changes == whole.changes[:200]
    assert cut.summary == whole.summary
    alone = report.trace_report(told, 1)["reason"]
    assert (len(alone["changes"]), alone["more_changes"]) == (5_999, 0)
