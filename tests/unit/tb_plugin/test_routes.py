"""What each route answers; ``docs/http_api.md`` is the contract."""

from __future__ import annotations

import argparse
import dataclasses
import gzip
import json
import pathlib
import struct
from typing import Any

import numpy as np
import pytest
from tensorboard.plugins import base_plugin

from tests.support import files, xspaces
from tests.unit.tb_plugin.conftest import Get, client_of, make_plugin
from tfmodetrace import log
from tfmodetrace.insight import explanations, report
from tfmodetrace_tb_plugin import plugin
from tfmodetrace_tb_plugin.handlers import profile as profile_handler

WINDOW = {"run": "run1", "lane": 0, "begin_ns": 0, "end_ns": 1000, "resolution_ns": 1}


def decode(body: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Reads slices as a browser does, one after another."""
    [length] = struct.unpack_from("<I", body)
    header = json.loads(body[4 : 4 + length])
    begin = 4 + length
    count = header["count"]
    columns: dict[str, Any] = {}
    for column in header["columns"]:
        at = begin + column["offset"]
        planes = [body[at + place * count : at + (place + 1) * count] for place in range(column["bytes"])]
        values = [column["base"] + sum(plane[slot] << 8 * place for place, plane in enumerate(planes)) for slot in range(count)]
        columns[column["name"]] = values
    begins, call_id = [], 0
    lanes = [lane["lane"] for lane in header["lanes"] for _ in range(lane["count"])]
    for slot in range(count):
        same = slot > 0 and (lanes[slot], columns["row"][slot]) == (lanes[slot - 1], columns["row"][slot - 1])
        begins.append(columns["start_ns"][slot] + (begins[-1] + columns["duration_ns"][slot - 1] if same else header["begin_ns"]))
        call_id = columns["call_id"][slot] = columns["call_id"][slot] + call_id
    columns["start_ns"] = begins
    types = {column["name"]: column["type"] for column in header["columns"]}
    return header, {name: np.array(values, dtype=types[name]) for name, values in columns.items()}


def test_runs_lists_every_run_with_its_processes(get: Get) -> None:
    answer = get("runs").json
    [run] = answer["runs"]
    assert (answer["schema_version"], answer["indexing"], answer["warnings"]) == (1, False, [])
    assert isinstance(run.pop("revision"), str)
    state = {"complete": True, "state": "complete", "last_written_unix_ns": files.START_UNIX_NS, "dropped": 0}
    assert run == {
        "run": "run1",
        "calls": 5,
        "errors": 1,
        "findings": None,
        "start_unix_ns": files.START_UNIX_NS,
        "processes": [{"host": "h", "pid": 1, "worker": None, **state}],
        **state,
        "dropped_text": None,
    }


def test_runs_of_an_empty_directory_says_how_to_record(tmp_path: pathlib.Path) -> None:
    answer = client_of(make_plugin(tmp_path)).get("/data/plugin/modetrace/runs").json
    assert answer["runs"] == []
    assert "tfmodetrace.record(logdir)" in answer["warnings"][0]


def test_a_missing_directory_is_a_warning_until_it_appears(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfmodetrace_tb_plugin.index.FRESH_S", 0.0)
    client = client_of(make_plugin(tmp_path / "later"))
    assert "does not exist" in client.get("/data/plugin/modetrace/runs").json["warnings"][0]
    files.small_run(tmp_path / "later" / "run1")
    answer = client.get("/data/plugin/modetrace/runs").json
    assert ([run["run"] for run in answer["runs"]], answer["warnings"]) == (["run1"], [])


def test_a_damaged_file_is_a_warning_beside_the_runs(tmp_path: pathlib.Path) -> None:
    session = files.small_run(tmp_path / "run1", end=False)
    session.call(0, 5000, 10)
    session.flush()
    session.end()
    files.flip(session.path, [files.offsets(session.path)[2] + 30])
    answer = client_of(make_plugin(tmp_path)).get("/data/plugin/modetrace/runs").json
    assert [run["run"] for run in answer["runs"]] == ["run1"]
    assert answer["warnings"] == [], "another run is not concerned"
    report = client_of(make_plugin(tmp_path)).get("/data/plugin/modetrace/report?run=run1").json
    assert any(str(session.path) in sentence for sentence in report["runs"][0]["warnings"])


def test_a_run_that_grows_gets_another_revision_and_new_answers(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfmodetrace_tb_plugin.index.FRESH_S", 0.0)
    session = files.small_run(tmp_path / "run1", end=False)
    files.small_run(tmp_path / "run2")
    client = client_of(make_plugin(tmp_path))

    def state() -> tuple[dict[str, str], int]:
        runs = client.get("/data/plugin/modetrace/runs").json["runs"]
        answer = client.get("/data/plugin/modetrace/report?run=run1").json
        assert answer["revision"] == runs[0]["revision"]
        return {run["run"]: run["revision"] for run in runs}, answer["runs"][0]["functions"][0]["calls"]["total"]

    before, calls_before = state()
    assert state() == (before, calls_before)
    session.call(0, 5000, 10)
    session.flush()
    after, calls_after = state()
    assert calls_after == calls_before + 1
    assert after["run1"] != before["run1"]
    assert after["run2"] == before["run2"]


def test_report_is_the_command_lines_report_of_one_run(get: Get, logdir: pathlib.Path) -> None:
    answer = get("report", run="run1").json
    revision = answer.pop("revision")
    assert revision == get("runs").json["runs"][0]["revision"]
    expected = json.loads(json.dumps(report.build_report(log.read(logdir))))
    expected["runs"][0]["profiles"] = None  # which `profile` has
    for error in expected["runs"][0]["errors"]:
        error["chain"] = None  # which may be long
    assert answer == expected


def test_report_of_a_run_that_is_the_directory_itself(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path)
    answer = client_of(make_plugin(tmp_path)).get("/data/plugin/modetrace/report?run=.").json
    assert [run["run"] for run in answer["runs"]] == ["."]


def test_lanes_are_the_threads(get: Get) -> None:
    answer = get("timeline/lanes", run="run1").json
    lane = {"lane": 0, "process": 0, "thread_id": 0, "label": "MainThread", "suspendable": False, "rows": 1, "calls": 5}
    assert isinstance(answer.pop("revision"), str)
    assert answer == {"run": "run1", "start_unix_ns": files.START_UNIX_NS, "begin_ns": 0, "end_ns": 450, "lanes": [lane]}


def test_slices_are_columns_of_the_types_that_a_browser_makes_of_them(get: Get) -> None:
    response = get("timeline/slices", **WINDOW)
    assert response.content_type == "application/octet-stream"
    header, columns = decode(response.data)
    types = ["float64"] * 3 + ["int32"] * 3 + ["uint16", "uint8", "uint8"]
    assert [column["type"] for column in header["columns"]] == types
    assert header["count"] == 5
    assert columns["start_ns"].tolist() == [0, 100, 200, 300, 400]
    assert columns["duration_ns"].tolist() == [10, 50, 50, 50, 50]
    assert columns["mode"].tolist() == [0, 1, 1, 1, 1]
    assert columns["trace_id"].tolist() == [-1, 0, -1, -1, 1]
    assert columns["flags"].tolist() == [1, 0, 0, 0, 0]


def test_slices_are_merged_as_the_resolution_asks(get: Get) -> None:
    _, columns = decode(get("timeline/slices", **{**WINDOW, "resolution_ns": 1024}).data)
    assert columns["calls"].tolist() == [5]
    assert columns["duration_ns"].tolist() == [450]


def test_several_lanes_come_in_one_answer_as_each_by_itself(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path / "run1")
    session.function("step")
    for thread in range(3):
        session.thread(f"thread {thread}")
    randomly = np.random.default_rng(0)
    call_id = 0
    for thread in (0, 1, 2):
        starts = np.cumsum(randomly.integers(1, 10 ** (thread + 2), 50))
        for start, depth in zip(starts.tolist(), randomly.integers(0, 3, 50).tolist(), strict=True):
            session.call(0, start, 10 ** (4 * thread), thread=thread, depth=depth, call_id=call_id)
            call_id += int(randomly.integers(1, 300))
    session.end()
    client = client_of(make_plugin(tmp_path))

    def slices(*lanes: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        query = {"run": "run1", "lane": lanes, "begin_ns": 64, "end_ns": 100_000, "resolution_ns": 8}
        return decode(client.get("/data/plugin/modetrace/timeline/slices", query_string=query).data)

    header, together = slices(2, 0, 1, 0)
    alone = [slices(lane)[1] for lane in (2, 0, 1)]
    assert header["lanes"] == [{"lane": lane, "count": len(part["row"])} for lane, part in zip((2, 0, 1), alone, strict=True)]
    for name, column in together.items():
        assert column.tolist() == [value for part in alone for value in part[name].tolist()], name
    [run] = log.read(tmp_path).runs
    shown, calls = alone[1], run.calls
    assert int(shown["calls"].sum()) == int(((calls.thread_id == 0) & (calls.end_ns > 64)).sum())
    own = shown["calls"] == 1
    rows = [calls.index_of(0, int(call_id)) for call_id in shown["call_id"][own]]
    assert calls.start_ns[rows].tolist() == shown["start_ns"][own].tolist()
    assert calls.duration_ns[rows].tolist() == shown["duration_ns"][own].tolist()


def test_a_long_screen_of_slices_is_a_few_bytes_each(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path / "run1")
    session.thread()
    session.function("step")
    randomly = np.random.default_rng(0)
    at = 0
    for _ in range(4000):
        took = int(randomly.integers(2_000, 40_000))
        session.call(0, at, took)
        at += took + int(randomly.integers(300, 3_000))
    session.end()
    client = client_of(make_plugin(tmp_path))
    query = {"run": "run1", "lane": 0, "begin_ns": 0, "end_ns": at, "resolution_ns": 1}
    answer = client.get("/data/plugin/modetrace/timeline/slices", query_string=query, headers={"Accept-Encoding": "gzip"})
    header, _ = decode(gzip.decompress(answer.data))
    assert header["count"] == 4000
    assert len(answer.data) < 6 * 4000  # two bytes of duration, nearly two of gap, and hardly more


def test_slices_travel_compressed_to_those_who_ask(logdir: pathlib.Path) -> None:
    client = client_of(make_plugin(logdir))
    address = "/data/plugin/modetrace/timeline/slices"
    plain = client.get(address, query_string=WINDOW)
    packed = client.get(address, query_string=WINDOW, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data


def test_call_tells_everything_about_one_call(get: Get) -> None:
    answer = get("call", run="run1", process=0, call_id=4).json
    assert (answer["function"], answer["mode"], answer["signature"]) == ("step", "graph", "(x: float32[17, 8])")
    assert (answer["start_ns"], answer["duration_ns"], answer["trace_ids"]) == (400, 50, [1])
    assert answer["error"] is None
    assert get("call", run="run1", process=0, call_id=0).json["error"]["message"] == "no such digit"


def test_source_is_the_text_of_a_definition_for_every_function_made_from_it(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path / "run1")
    for number in range(2):
        session.function("step")
        session.chunk.functions[-1].definition_id = 0
        session.chunk.functions[-1].instance = number
    session.chunk.functions[0].source = "@tf.function\ndef step(x):\n    return '<b>'"
    session.chunk.functions[0].source_truncated = True
    session.end()
    client = client_of(make_plugin(tmp_path))
    for number in range(2):
        assert client.get(f"/data/plugin/modetrace/source?run=run1&function_id={number}").json == {
            "function_id": number,
            "function": "step",
            "file": "train.py",
            "line": 10 + number,
            "text": "@tf.function\ndef step(x):\n    return '<b>'",
            "truncated": True,
        }
    assert "return" not in client.get("/data/plugin/modetrace/report?run=run1").text


def test_an_id_is_explained_in_each_group_that_has_it(get: Get) -> None:
    told = get("explanation", id="Object-Identity").json["explanations"]
    assert [each["group"] for each in told] == ["findings", "reasons"]
    assert {each["id"] for each in told} == {"object-identity"}
    assert set(told[0]) == {field.name for field in dataclasses.fields(explanations.Explanation)}
    assert told[0]["wrong"].startswith("import tensorflow as tf\n")


@pytest.mark.parametrize(
    ("route", "query", "words"),
    [
        ("report", {}, "`run` exactly once, not 0 times"),
        ("report", {"run": ["run1", "run1"]}, "`run` exactly once, not 2 times"),
        ("timeline/lanes", {}, "`run`"),
        ("call", {"run": "run1", "process": 0}, "`call_id`"),
        ("call", {"run": "run1", "process": "zero", "call_id": 0}, "`process` must be an integer"),
        ("call", {"run": "run1", "process": 0, "call_id": "1" * 30}, "`call_id` must be an integer"),
        ("call", {"run": "run1", "process": 0, "call_id": 2**63}, "`call_id` must be an integer"),
        ("call", {"run": "run1", "process": 0, "call_id": "²"}, "`call_id` must be an integer"),
        ("explanation", {}, "`id` exactly once"),
        ("source", {"run": "run1"}, "`function_id`"),
        ("source", {"run": "run1", "function_id": "step"}, "`function_id` must be an integer"),
        ("timeline/slices", {**WINDOW, "lane": ""}, "`lane` must be an integer"),
        ("timeline/slices", {**WINDOW, "begin_ns": "1e3"}, "`begin_ns` must be an integer"),
        ("timeline/slices", {**WINDOW, "begin_ns": 9, "end_ns": 8}, "must not end before it begins"),
        ("timeline/slices", {**WINDOW, "resolution_ns": 3}, "power of two"),
        ("timeline/slices", {**WINDOW, "resolution_ns": 0}, "power of two"),
        ("timeline/slices", {**WINDOW, "resolution_ns": -1}, "power of two"),
        ("timeline/window", {"run": "run1", "begin_ns": 9, "end_ns": 8}, "must not end before it begins"),
        ("timeline/window", {"run": "run1", "begin_ns": 9}, "`end_ns`"),
        ("timeline/flame", {"run": "run1", "begin_ns": 9}, "`end_ns`"),
        ("timeline/flame", {"run": "run1", "begin_ns": 9, "end_ns": 8}, "must not end before it begins"),
        ("timeline/events", {}, "`run`"),
        ("timeline/find", {"run": "run1", "text": "step", "after_ns": 0, "step": 2}, "`step` must be 1 or -1"),
        ("timeline/find", {"run": "run1", "after_ns": 0, "step": 1}, "`text`"),
    ],
)
def test_a_bad_argument_is_answered_with_a_sentence(get: Get, route: str, query: dict[str, Any], words: str) -> None:
    response = get(route, **query)
    assert response.status_code == 400
    assert words in response.json["error"]


@pytest.mark.parametrize(
    ("route", "query", "words"),
    [
        ("report", {"run": "nope"}, "'nope'"),
        ("report", {"run": "../run1"}, "'../run1'"),
        ("timeline/lanes", {"run": ""}, "''"),
        ("timeline/slices", {**WINDOW, "run": "nope"}, "'nope'"),
        ("timeline/slices", {**WINDOW, "lane": 1}, "no lane 1"),
        ("timeline/slices", {**WINDOW, "lane": -1}, "no lane -1"),
        ("timeline/window", {"run": "nope", "begin_ns": 0, "end_ns": 1}, "'nope'"),
        ("timeline/flame", {"run": "nope"}, "'nope'"),
        ("timeline/events", {"run": "nope"}, "'nope'"),
        ("timeline/find", {"run": "nope", "text": "a", "after_ns": 0, "step": 1}, "'nope'"),
        ("nothing/index.js", {}, "no file"),
        ("call", {"run": "nope", "process": 0, "call_id": 0}, "'nope'"),
        ("call", {"run": "run1", "process": 0, "call_id": 99}, "no call 99"),
        ("call", {"run": "run1", "process": 0, "call_id": -1}, "no call -1"),
        ("call", {"run": "run1", "process": 7, "call_id": 0}, "Process 7"),
        ("explanation", {"id": "varying-shapes"}, "no finding, diagnosis or reason 'varying-shapes'"),
        ("source", {"run": "nope", "function_id": 0}, "'nope'"),
        ("source", {"run": "run1", "function_id": 2}, "no function 2"),
        ("source", {"run": "run1", "function_id": -1}, "no function -1"),
        ("source", {"run": "run1", "function_id": 1}, "The source of step was not recorded"),
    ],
)
def test_what_does_not_exist_is_answered_with_a_sentence(get: Get, route: str, query: dict[str, Any], words: str) -> None:
    response = get(route, **query)
    assert response.status_code == 404
    assert words in response.json["error"]


def test_a_window_outside_the_run_or_at_the_edge_of_the_integers_is_empty(get: Get) -> None:
    far = 2**63 - 1
    for begin_ns, end_ns in [(5000, 6000), (-far, -far), (far, far), (-far, -1)]:
        header, _ = decode(get("timeline/slices", **{**WINDOW, "begin_ns": begin_ns, "end_ns": end_ns}).data)
        assert header["count"] == 0
    header, _ = decode(get("timeline/slices", **{**WINDOW, "begin_ns": -far, "end_ns": far, "resolution_ns": 2**62}).data)
    assert header["count"] > 0
    whole = get("timeline/window", run="run1", begin_ns=-far, end_ns=far).json
    assert whole["calls"] == 5
    assert get("timeline/window", run="run1", begin_ns=far, end_ns=far).json["calls"] == 0
    assert get("timeline/flame", run="run1", begin_ns=-far, end_ns=far).json["nodes"][0]["total_ns"] > 0
    assert get("timeline/flame", run="run1", begin_ns=far, end_ns=far).json["nodes"] == []
    assert get("timeline/find", run="run1", text="step", after_ns=far, step=1).json["number"] == 1


@pytest.mark.parametrize(
    "route",
    [
        "runs",
        "report?run=run1",
        "timeline/lanes?run=run1",
        "timeline/events?run=run1",
        "timeline/flame?run=run1",
        "index.js",
        "report",
        "nothing.js",
    ],
)
def test_every_answer_has_the_headers_that_tensorboard_demands(get: Get, route: str) -> None:
    response = get(route)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Type"]
    assert "no-cache" in response.headers["Cache-Control"]


def test_only_reading_is_possible(logdir: pathlib.Path) -> None:
    response = client_of(make_plugin(logdir)).post("/data/plugin/modetrace/runs")
    assert response.status_code == 405
    assert "use GET" in response.json["error"]


def test_an_error_of_ours_is_answered_and_logged(get: Get, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("the cause")

    monkeypatch.setattr("tfmodetrace.insight.calls.describe_call", broken)
    response = get("call", run="run1", process=0, call_id=0)
    assert response.status_code == 500
    assert "the cause" in response.json["error"]
    assert "Traceback" in caplog.text


@pytest.fixture
def get_varied(tmp_path: pathlib.Path) -> Get:
    """Requests a route of the plugin on a run with graphs, placements and memory."""
    files.varied_run(tmp_path / "run1")
    client = client_of(make_plugin(tmp_path))

    def request(route: str, **query: Any) -> Any:
        return client.get(f"/data/plugin/modetrace/{route}", query_string={"run": "run1", **query})

    return request


def test_report_has_the_numbers_of_graphs_and_placements_and_trace_has_the_lists(get_varied: Get, tmp_path: pathlib.Path) -> None:
    whole = report.run_report(log.read(tmp_path).runs[0])["traces"][3]
    short = get_varied("report").json["runs"][0]["traces"][3]
    assert short["graph"] == {
        "ops": 12,
        "own_ops": 9,
        "op_types": {"MatMul": 2, "EagerPyFunc": 10},
        "functions": 1,
        "python_ops": 10,
        "constants": 2,
        "constant_bytes": 2_000_000,
        "resource_captures": 0,
        "tensor_captures": 0,
        "tensor_capture_bytes": 0,
        "definition_bytes": 4096,
    }
    devices = {"/device:CPU:0": 5, "/device:GPU:0": 7}
    assert short["placement"] == {"ops_by_device": devices, "transfers": 300, "not_honoured_ops": 1, "compiled": False}
    answer = get_varied("trace", trace_id=3).json
    assert (answer["function"], answer["calls"]) == ("load", None)  # no call of a signature caused it
    assert {name: answer[name] for name in whole if name != "graph"} == {name: whole[name] for name in whole if name != "graph"}
    assert answer["graph"].items() >= whole["graph"].items()
    assert [(line["number"], line["ops"], line["of_most"], line["repeats"]) for line in answer["graph"]["own_lines"]] == [(14, 10, 1.0, 5)]
    assert [line["shown_types"] for line in answer["graph"]["by_tensorflow"]] == [[{"type": "MatMul", "ops": 2}]]
    assert answer["graph"]["shown_types"] == [{"type": "EagerPyFunc", "ops": 10}, {"type": "MatMul", "ops": 2}]
    assert answer["graph"].items() >= short["graph"].items()
    assert answer["graph"]["source_lines"] == [
        {
            "file": None,
            "line": None,
            "own_line": None,
            "ops": 2,
            "op_types": {"MatMul": 2},
            "repeats": 1,
            "in_loop": False,
            "code": None,
        },
        {
            "file": "/home/me/lib.py",
            "line": 3,
            "own_line": 14,
            "ops": 10,
            "op_types": {"EagerPyFunc": 10},
            "repeats": 5,
            "in_loop": True,
            "code": "y = f(x)",
        },
    ]
    place = {"file": "/home/me/train.py", "line": 13}
    assert answer["graph"]["large_constants"] == [{"op": "Const", "dtype": "float32", "shape": [500, 1000], "bytes": 2_000_000, **place}]
    assert answer["graph"]["control_flow"] == [{"type": "While", **place, "line": 15, "own_line": 15}]
    assert answer["graph"]["input_casts"] == [{"input": "x", "from_dtype": "float64", "to_dtype": "float32", **place, "line": 14}]
    first, second = answer["placement"]["transfer_list"]
    assert (first["shape"], first["bytes"], first["file"], first["line"]) == ([1000, None], 4_000_000, "a.py", 7)
    assert (second["shape"], second["bytes"], second["file"], second["line"]) == (None, None, None, None)
    assert answer["placement"]["not_honoured"] == [
        {
            "op": "AddV2",
            "name": "add",
            "requested": "/device:GPU:1",
            "actual": "/device:CPU:0",
            "no_such_device": True,
            "file": "a.py",
            "line": 9,
        }
    ]


def test_a_trace_that_is_not_there_is_not_found(get: Get) -> None:
    for trace_id in (2, -1, 2**62):
        answer = get("trace", run="run1", trace_id=trace_id)
        assert answer.status_code == 404
        assert f"no trace {trace_id}" in answer.json["error"]


def test_placement_sums_up_a_run(get_varied: Get) -> None:
    answer = get_varied("placement").json
    assert (answer["devices"], answer["traces"], answer["placed"]) == (["/device:CPU:0", "/device:GPU:0"], 8, 8)
    # A function is shown by its largest graph, here that of its first trace.
    row = {
        "traces": 4,
        "ops_by_device": {"/device:CPU:0": 5, "/device:GPU:0": 8},
        "transfers": 300,
        "not_honoured_ops": 1,
        "compiled": False,
        "shares_by_device": {"/device:CPU:0": 5 / 13, "/device:GPU:0": 8 / 13},
    }
    assert answer["functions"] == [{"function_id": number, "function": name, **row} for number, name in ((1, "step"), (2, "load"))]
    assert answer["flows"] == [
        {"from": "/device:CPU:0", "to": "/device:GPU:0", "transfers": 2, "bytes": 8_000_000, "unknown": 0},
        {"from": "/device:GPU:0", "to": "/device:CPU:0", "transfers": 2, "bytes": 0, "unknown": 2},
    ]
    # Further traces of a function repeat nothing.
    assert [(each["function_id"], each["op"]) for each in answer["transfers"]] == [(1, "MatMul"), (1, "Sum"), (2, "MatMul"), (2, "Sum")]
    assert [(each["function_id"], each["name"]) for each in answer["not_honoured"]] == [(1, "add"), (2, "add")]


def test_a_run_without_placements_has_none(get: Get) -> None:
    answer = get("placement", run="run1").json
    assert {name: answer[name] for name in ("devices", "functions", "flows", "transfers", "not_honoured", "placed")} == {
        "devices": [],
        "functions": [],
        "flows": [],
        "transfers": [],
        "not_honoured": [],
        "placed": 0,
    }


def test_memory_tells_the_highest_of_every_stretch(get_varied: Get) -> None:
    whole, short = (get_varied("memory", points=points).json for points in (1000, 10))
    [line], [brief] = whole["devices"], short["devices"]
    assert (line["device"], line["samples"], len(line["time_ns"])) == ("/device:CPU:0", 200, 400)
    assert len(brief["time_ns"]) <= 10
    assert brief["time_ns"] == sorted(brief["time_ns"])
    for name in ("current_bytes", "peak_bytes"):
        assert max(brief[name]) == max(line[name])
    assert max(line["current_bytes"]) == 49_008
    assert max(line["peak_bytes"]) == 245_000
    assert [call["delta_bytes"] for call in whole["raised"]] == [8] * 50
    assert whole["raised"][0] == {
        "process": 0,
        "call_id": 0,
        "function_id": 0,
        "function": "outer",
        "device": "/device:CPU:0",
        "start_ns": 0,
        "duration_ns": 900,
        "delta_bytes": 8,
        "need_bytes": 0,
        "peak_bytes": 0,
        "shared": False,
    }
    assert whole["host"] == [{"process": 0, "time_ns": [0, 50_000, 100_000, 150_000], "resident_bytes": [10**8 + n for n in range(4)]}]


def test_memory_that_was_not_sampled_is_empty_and_bad_points_are_refused(get: Get) -> None:
    answer = get("memory", run="run1").json
    assert (answer["devices"], answer["host"], answer["raised"], answer["mode"]) == ([], [], [], "off")
    for points in ("9", "5001", "x", "-1"):
        assert get("memory", run="run1", points=points).status_code == 400


# --- Profiles ---------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def profiled(tmp_path: pathlib.Path) -> pathlib.Path:
    """A log directory with a run ``run1`` and a profile of its first two calls of ``step``."""
    files.small_run(tmp_path / "run1")
    space = xspaces.SpaceFile(files.START_UNIX_NS, 400)
    thread, worker = space.line("/host:CPU", "python"), space.line("/host:CPU", "tf_Compute/1")
    for call_id in (1, 2):
        begin = 100 * call_id
        space.call(thread, "step", begin - 1, 52, call_id)
        space.event(thread, "FunctionRun", begin + 5, 5, _pt=2, _p=call_id)
        space.event(worker, "ExecutorState::Process", begin + 10, 30, _ct=2, _c=call_id)
        space.event(worker, "dense/MatMul:MatMul", begin + 12, 20)
    space.write(tmp_path / "run1")
    return tmp_path


def test_profile_says_where_time_goes(profiled: pathlib.Path) -> None:
    client = client_of(make_plugin(profiled))
    answer = client.get("/data/plugin/modetrace/profile?run=run1").json
    (profile,) = answer["profiles"]
    assert (profile["note"], profile["calls"], profile["events"], profile["attached_events"]) == (None, 2, 8, 8)
    assert (profile["session"], profile["host"], profile["xprof_run"]) == ("2026_01_01_00_00_00", "h", "run1/2026_01_01_00_00_00")
    assert (profile["begin_ns"], profile["end_ns"]) == (0, 400)
    (step,) = answer["functions"]
    assert (step["mode"], step["calls"], step["duration_ns"], step["ops"]) == ("graph", 2, 100, 2)
    assert step["op_types"] == [{"name": "MatMul", "count": 2, "self_ns": 40}]
    assert sum(step["parts_ns"].values()) == 100
    assert list(step["parts_ns"]) == answer["parts"]
    (lane,) = answer["lanes"]
    assert (lane["label"], lane["thread_id"], lane["own_thread"], lane["device"], lane["events"]) == ("tf_Compute/1", 0, False, False, 2)
    query = f"run=run1&lane={lane['lane']}&begin_ns=0&end_ns=400&resolution_ns=1"
    header, columns = decode(client.get(f"/data/plugin/modetrace/timeline/slices?{query}").data)
    assert header["count"] == 2
    assert columns["start_ns"].tolist() == [112, 212]
    assert columns["call_id"].tolist() == [1, 2]
    assert [answer["names"][name] for name in columns["function_id"]] == ["MatMul dense/MatMul"] * 2
    assert [answer["parts"][part] for part in columns["mode"]] == ["ops"] * 2


def test_profile_tells_whether_xprof_is_there(profiled: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(make_plugin(profiled))
    for spec, expected in ((object(), True), (None, False)):
        monkeypatch.setattr(profile_handler.importlib.util, "find_spec", lambda name, found=spec: found if name == "xprof" else None)
        assert client.get("/data/plugin/modetrace/profile?run=run1").json["xprof"] is expected


def test_profile_of_one_call(profiled: pathlib.Path) -> None:
    client = client_of(make_plugin(profiled))
    times = client.get("/data/plugin/modetrace/profile/call?run=run1&process=0&call_id=2").json["times"]
    assert (times["profile"], times["duration_ns"], times["ops"]) == (0, 50, 1)
    assert client.get("/data/plugin/modetrace/profile/call?run=run1&process=0&call_id=3").json["times"] is None
    assert client.get("/data/plugin/modetrace/profile/call?run=run1&process=0&call_id=x").status_code == 400


def test_profile_of_a_run_without_one(get: Get) -> None:
    answer = get("profile", run="run1").json
    assert (answer["profiles"], answer["functions"], answer["lanes"], answer["names"]) == ([], [], [], [])
    assert get("timeline/slices", **{**WINDOW, "lane": 1 << 20}).status_code == 404


def test_a_profile_that_cannot_be_read_is_a_sentence_and_nothing_else_is_lost(profiled: pathlib.Path) -> None:
    (profiled / "run1" / "plugins" / "profile" / "2026_01_01_00_00_00" / "h.xplane.pb").write_bytes(b"no profile")
    client = client_of(make_plugin(profiled))
    answer = client.get("/data/plugin/modetrace/profile?run=run1").json
    assert "is damaged, cut off, or no profile at all" in answer["profiles"][0]["note"]
    assert answer["functions"] == []
    assert client.get("/data/plugin/modetrace/report?run=run1").json["runs"][0]["functions"]


def test_xprof_is_not_told_of_where_it_does_not_look(profiled: pathlib.Path) -> None:
    context = base_plugin.TBContext(logdir="", flags=argparse.Namespace(logdir_spec=f"name:{profiled}"))
    answer = client_of(plugin.ModeTracePlugin(context)).get("/data/plugin/modetrace/profile?run=name/run1").json
    assert answer["profiles"][0]["xprof_run"] is None
