"""Calls and the TensorFlow profiler's events, joined, in every way in which a profile can be made."""

from __future__ import annotations

import collections
import json
import os
import pathlib
import socket
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.profiler import reading
from tests.support import fresh
from tfmodetrace import log
from tfmodetrace.insight import profile_join, profile_times, profiles
from tfmodetrace.schema import words

_HERE = pathlib.Path(__file__).parent
_WAYS = ("start", "with", "callback", "outside", "record")


def run_program(name: str, *arguments: object) -> None:
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    result = fresh.run(_HERE / name, *arguments, timeout=300, env=environment)
    assert result.returncode == 0, result.stderr
    assert "AlreadyExistsError" not in result.stderr
    assert "tfmodetrace:" not in result.stderr


@pytest.fixture(scope="module", params=_WAYS)
def profiled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run of the job, profiled in each way: the log directory and the run."""
    logdir = tmp_path_factory.mktemp(request.param)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    run_program("job.py", logdir, request.param, port)
    return logdir, log.read(logdir).runs[0], request.param


def joined_profiles(run: Any) -> dict[str, profile_join.JoinedProfile]:
    return {file.found.path: profile_join.join(run, file.read(profile_join.WANTED_STATS)) for file in run.profiles}


def test_every_way_makes_a_profile_that_is_joined(profiled: Any) -> None:
    _, run, way = profiled
    described = profiles.RunProfiles(run).describe()
    assert len(described) == (3 if way == "record" else 1)
    assert [row["note"] for row in described] == [None] * len(described)
    assert all(row["calls"] > 10 for row in described)
    assert run.processes[0].internal_faults == 0
    assert run.dropped == 0


def test_every_call_has_the_ops_that_it_caused_and_no_others(profiled: Any) -> None:
    _, run, _ = profiled
    check_ops(run)


def test_ops_on_threads_of_their_own(tmp_path: pathlib.Path) -> None:
    run_program("wide.py", tmp_path)
    run = log.read(tmp_path).runs[0]
    check_ops(run)
    names = {function.function_id: function.name for function in run.functions}
    rows = {names[row["function_id"]]: row for row in profiles.RunProfiles(run).by_function() if row["mode"] != "tracing"}
    ops = {name: {entry["name"]: entry["count"] for entry in row["op_types"]} for name, row in rows.items()}
    assert ops["replicated"]["Sin"] == 3 * 2  # in either replica
    assert ops["with_python"]["Cosh"] == ops["with_python"]["Sinh"] == ops["with_python"]["PyFunc"] == 3 * 4
    assert ops["recursive"]["Tan"] == 3 * (4 + 3 * 3)
    assert ops["inside"]["Exp"] == 3 * 4 * 5
    assert ops["fit"]["Dataset"] > 0  # Keras's own functions wait for their data on a thread of the kernel's
    assert "Mul" not in ops["pipeline"]  # the pipeline's own work is nobody's


def check_ops(run: Any) -> None:
    """Compares with what a second reading of the same profiles finds."""
    seen: collections.Counter[int] = collections.Counter()
    for path, joined in joined_profiles(run).items():
        expected, nobodys = reading.ops_by_call(pathlib.Path(path))
        found: dict[int, collections.Counter[str]] = {int(run.calls.call_id[call]): collections.Counter() for call in joined.calls}
        # A generator of which the profile has only some stretches is nobody's: what it did in the others is not known.
        for call_id in set(expected) - set(found):
            assert run.calls.flags[run.calls.index_of(0, call_id)] & int(words.CallFlag.SUSPENDABLE)
            nobodys += sum(expected.pop(call_id).values())
        assert set(found) == set(expected)
        for event in np.flatnonzero(joined.is_op & (joined.call >= 0)).tolist():
            op_type = joined.facts[joined.profile.name[event]].op_type
            found[int(run.calls.call_id[joined.call[event]])][op_type] += 1
        assert found == expected
        assert sum(sum(ops.values()) for ops in found.values()) > 100
        assert np.count_nonzero(joined.is_op & (joined.call < 0)) == nobodys
        assert nobodys > 0  # the job runs ops outside its calls, too
        seen.update(joined.calls.tolist())
    assert set(seen.values()) == {1}  # no call, and so no op, in two profiles


def test_what_calls_of_each_function_did(profiled: Any) -> None:
    _, run, _ = profiled
    (joined, *_) = joined_profiles(run).values()
    names = np.array([function.name for function in run.functions])[run.calls.function_id[joined.calls]]
    for call, name in zip(joined.calls.tolist(), names.tolist(), strict=True):
        ops = np.flatnonzero(joined.is_op & (joined.call == call))
        types = collections.Counter(joined.facts[joined.profile.name[event]].op_type for event in ops.tolist())
        traced = run.calls.trace_id[call] >= 0
        if name == "looped" and not traced:
            assert types["Sin"] == 3
        elif name == "eager":
            assert {"MatMul", "Relu", "Mul", "Mean"} <= set(types)
        elif name == "batches":
            assert types["Cos"] == 3
        elif name == "fails":
            assert types["Exp"] == 1
        elif name == "round":
            assert sum(types.values()) == 0


def test_calls_outside_a_profile_have_nothing(profiled: Any) -> None:
    _, run, way = profiled
    calls = run.calls
    in_profiles: set[int] = set()
    windows, profiled_stretches = [], []
    for joined in joined_profiles(run).values():
        in_profiles.update(joined.calls.tolist())
        windows.append(joined.clock.to_run(np.array([0, joined.profile.duration_ns])).tolist())
        for thread in np.unique(calls.thread_id[joined.calls]):
            seen = joined.calls[calls.thread_id[joined.calls] == thread]
            profiled_stretches.append((thread, calls.start_ns[seen].min(), calls.end_ns[seen].max()))
    for call in range(len(calls)):
        begin, end = int(calls.start_ns[call]), int(calls.end_ns[call])
        if not any(begin < last and end > first for first, last in windows):
            assert call not in in_profiles
        # Nor is any call left out in between.
        if any(calls.thread_id[call] == thread and begin >= first and end <= last for thread, first, last in profiled_stretches):
            assert call in in_profiles
    if way != "record":
        assert len(in_profiles) < len(calls)


def test_parts_add_up_to_every_calls_duration(profiled: Any) -> None:
    _, run, _ = profiled
    for joined in joined_profiles(run).values():
        times = profile_times.CallTimes(run, joined)
        assert (times.parts_ns >= 0).all()
        assert (times.parts_ns.sum(axis=1) == run.calls.duration_ns[times.calls]).all()
        # Not by what is left over being taken for Python: the event of the call says the same within what recording it takes.
        events = np.flatnonzero(joined.is_call & (joined.call >= 0))
        suspendable = (run.calls.flags[joined.call[events]] & int(words.CallFlag.SUSPENDABLE)) != 0
        events = events[~suspendable]
        longer = joined.duration_ns[events] - run.calls.duration_ns[joined.call[events]]
        assert (longer >= 0).all()
        assert np.median(longer) < 20_000


def test_the_clocks_agree(profiled: Any) -> None:
    _, run, _ = profiled
    for joined in joined_profiles(run).values():
        assert joined.clock.residual_ns is not None
        assert joined.clock.residual_ns <= 20_000
        assert joined.clock.calls > 10


def test_memory_and_kernels_of_calls(profiled: Any) -> None:
    _, run, _ = profiled
    names = {function.function_id: function.name for function in run.functions}
    rows = {(names[row["function_id"]], row["mode"]): row for row in profiles.RunProfiles(run).by_function()}
    assert rows["compiled", "xla"]["kernels"][0]["count"] >= rows["compiled", "xla"]["calls"]
    memory = rows["eager", "eager"]["memory"]
    if memory is not None:  # oneDNN's allocator tells of its allocations; where a processor lacks it, none does
        assert memory["allocations"] >= rows["eager", "eager"]["calls"]
        assert memory["largest"][0]["shape"] == "[96,96]"
        assert memory["largest"][0]["bytes"] >= 96 * 96 * 4


def test_xprof_counts_the_same_ops_and_times(profiled: Any) -> None:
    raw_to_tool_data = pytest.importorskip("xprof.convert.raw_to_tool_data")
    _, run, way = profiled
    for path, joined in joined_profiles(run).items():
        answer, _ = raw_to_tool_data.xspace_to_tool_data([path], "framework_op_stats", {})
        table = json.loads(answer)[1]  # without idle time
        columns = [column["id"] for column in table["cols"]]
        theirs: dict[str, list[float]] = collections.defaultdict(lambda: [0, 0.0])
        for row in table["rows"]:
            values = dict(zip(columns, (cell["v"] for cell in row["c"]), strict=True))
            theirs[values["type"]][0] += values["occurrences"]
            theirs[values["type"]][1] += values["total_self_time"]
        # The ops of a graph that one function alone has, all of them in its calls.
        for op_type in ("Sin", "Less"):
            ops = np.array([fact.is_op and fact.op_type == op_type for fact in joined.facts])[joined.profile.name]
            ops &= ~np.array([name.startswith("EagerLocal") for name in joined.profile.names])[joined.profile.name]
            if way == "outside":
                ops &= joined.is_op  # at the edges of the window ops ran for calls that lie across them
            else:
                assert (joined.call[ops] >= 0).all()
            assert np.count_nonzero(ops) == theirs[op_type][0] > 0
            assert joined.op_self_ns[ops].sum() == pytest.approx(theirs[op_type][1] * 1000, rel=0.05)


def test_xprof_knows_the_steps(tmp_path: pathlib.Path) -> None:
    raw_to_tool_data = pytest.importorskip("xprof.convert.raw_to_tool_data")

    @tmt.traced(step=True)
    @tf.function
    def step(x: Any) -> Any:
        return tf.reduce_sum(x @ x)

    with tmt.record(str(tmp_path), profiler=True):
        for number in range(5):
            step(tf.ones((64, 64)))
            with tmt.region("round", step=number):
                tf.reduce_sum(tf.ones((64, 64)))
    (path,) = reading.profiles(tmp_path)
    answer, _ = raw_to_tool_data.xspace_to_tool_data([str(path)], "overview_page", {})
    assert b"No step marker observed" not in answer
    assert b"train round 1" in answer
    assert b"train step" in answer


def test_the_report_says_where_time_goes(profiled: Any) -> None:
    logdir, _, _ = profiled
    (run,) = tmt.read(logdir).to_dict()["runs"]
    assert run["profiles"][0]["clock"]["residual_ns"] <= 20_000
    (eager,) = [function for function in run["functions"] if function["name"] == "eager"]
    modes = {row["mode"]: row for row in eager["profile"]}
    assert sum(modes["eager"]["parts_ns"].values()) == modes["eager"]["duration_ns"]
    assert json.loads(json.dumps(run)) == run
