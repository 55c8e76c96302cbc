"""Valid files that hold more than can be told: what is read of them is bounded, and what is left out is counted."""

from __future__ import annotations

import pathlib

import pytest

from tests.support import files
from tfmodetrace import log
from tfmodetrace.insight import report
from tfmodetrace.log import bounds
from tfmodetrace.schema import events_pb2, keys


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is room for little, so that little is enough to fill it."""
    monkeypatch.setattr(bounds, "MOST_UNITS", 300)


def tensors(*sizes: int) -> keys.Node:
    children = tuple(keys.Node(kind=keys.Kind.TENSOR, dtype="float32", shape=(size,)) for size in sizes)
    return keys.Node(kind=keys.Kind.DICT, names=tuple(f"x{number}" for number in range(len(sizes))), children=children)


def test_functions_beyond_measure_are_one_and_their_calls_still_count(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    for number in range(1000):
        session.call(session.function(f"step{number}"), number * 1000, 900)
    session.end()
    [run] = log.read(tmp_path).runs
    assert [function.name for function in run.functions] == [*(f"step{number}" for number in range(60)), "unknown"]
    assert (run.calls.function_id == 60).sum() == 940
    told = report.run_report(run, full=False)
    assert told["summary"]["calls"]["total"] == 1000
    assert len(told["functions"]) == 61
    assert any("holds 1,000 functions" in warning and "all but the first 60" in warning for warning in told["warnings"])


def test_traces_beyond_measure_are_counted_and_left_out(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    step = session.function("step")
    for number in range(500):
        trace = session.trace(step, ordinal=number + 1, start_ns=number * 1000, duration_ns=100, key=tensors(number + 1))
        session.call(step, number * 1000, 900, trace=trace)
    session.end()
    [run] = log.read(tmp_path).runs
    told = report.run_report(run, full=False)
    # Five units are the function, six each trace with a key of two parts.
    assert len(told["traces"]) == (300 - 5) // 6
    assert told["summary"]["calls"]["total"] == 500
    assert any("holds 500 traces" in warning and "the last 451 are left out" in warning for warning in told["warnings"])


def test_keys_that_are_too_wide_leave_traces_whose_reasons_are_not_known(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    step = session.function("step")
    for number in range(4):
        session.trace(step, ordinal=number + 1, start_ns=number * 1000, duration_ns=100, key=tensors(*range(number, number + 100)))
    session.end()
    [run] = log.read(tmp_path).runs
    told = report.run_report(run, full=False)
    assert [trace["reason"]["kinds"] for trace in told["traces"]] == [["first-trace"], ["shape"], ["unknown"], ["unknown"]]
    assert any("why 2 of its traces happened is not known" in warning for warning in told["warnings"])


def test_signatures_that_are_too_wide_are_not_known(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    step = session.function("step")
    for number in range(3):
        session.call(step, number * 1000, 900, signature=session.signature(step, x=tensors(*range(500))))
    session.end()
    [run] = log.read(tmp_path).runs
    assert run.calls.signature_id.tolist() == [0, 1, -1]
    assert any("one of 1 others is not known" in warning for warning in run.warnings)


def test_a_recording_that_fits_has_nothing_left_out(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path)
    assert log.read(tmp_path).warnings == ()


def test_long_literals_are_cut_as_on_writing_and_still_told_apart() -> None:
    def read(text: str) -> keys.Node:
        message = events_pb2.Node()
        keys.to_proto(keys.Node(kind=keys.Kind.LITERAL, type_name="str", text=text), message)
        return keys.from_proto(message)

    long = "a" * 10_000
    assert len(read(long).text) == keys.MAX_TEXT
    assert read(long) == read(long)
    assert read(long) != read(long + "b")
    assert read("short").text == "short"
    assert read("short").token == 0
