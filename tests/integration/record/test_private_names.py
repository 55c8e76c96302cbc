"""The private names of TensorFlow that recording rests on: all there, and what happens when they are not."""

from __future__ import annotations

from typing import Any

import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.record.conftest import Recorder, function_named
from tfmodetrace.cli import main as cli
from tfmodetrace.recorder.tf import graph_collection, graphs, names, op_stacks, tensors, tracing
from tfmodetrace.recorder.traces import trace_keys


def _step() -> Any:
    @tmt.traced
    @tf.function
    def step(x: Any) -> Any:
        return x + 1

    return step


def test_this_tensorflow_has_every_private_name() -> None:
    assert names.missing() == (), f"TensorFlow {tf.__version__} has changed what recorder/tf rests on"
    assert tracing.TraceHook.available
    assert graphs.OpHook.available
    assert graph_collection.GraphCollection.available
    assert op_stacks.available


def test_shapes_and_dtypes_are_those_of_the_public_properties() -> None:
    for tensor in (tf.ones((2, 3)), tf.constant("a"), tf.zeros((0,), tf.int64)):
        assert tensors.eager_shape(tensor) == tuple(tensor.shape)
        assert tensors.eager_dtype(tensor) == tensor.dtype.as_datatype_enum


def test_without_the_hook_traces_are_counted_and_their_reasons_unknown(
    recording: Recorder, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tracing.TraceHook, "available", False)
    step = _step()
    with recording() as report:
        for size in (1, 2, 2, 3):
            step(tf.ones(size))
    assert len(report["traces"]) == step.experimental_get_tracing_count() == 3
    assert [trace["reason"]["kinds"] for trace in report["traces"]] == [["first-trace"], ["unknown"], ["unknown"]]
    assert [trace["call_id"] for trace in report["traces"]] == [0, 1, 3]
    assert [trace["duration_ns"] for trace in report["traces"]] == [None, None, None]
    assert [trace["signature"] for trace in report["traces"]] == ["(x: float32[1])", "(x: float32[2])", "(x: float32[3])"]
    assert report["findings"] == []
    assert function_named(report, "step")["calls"]["graph"] == 4
    assert report["processes"][0]["internal_faults"] == 0
    assert cli.main(["report", "--all", str(tmp_path)]) == 0
    assert "unknown" in capsys.readouterr().out


def test_a_key_that_cannot_be_read_leaves_the_trace_counted_and_its_reason_unknown(
    recording: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> Any:
        raise AttributeError("_primary")

    monkeypatch.setattr(trace_keys, "cache_key", fail)
    step = _step()
    with recording() as report:
        step(tf.ones(1))
        step(tf.ones(2))
    assert len(report["traces"]) == 2
    assert report["traces"][1]["reason"]["kinds"] == ["unknown"]
    assert report["traces"][1]["duration_ns"] > 0
    assert report["processes"][0]["internal_faults"] == 2


def test_without_the_op_hook_lines_come_from_tensorflows_stacks(recording: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    step = _step()
    with recording() as seen:
        step(tf.ones(3))
    monkeypatch.setattr(graphs.OpHook, "available", False)
    step = _step()
    with recording() as read:
        step(tf.ones(3))
    assert read["traces"][0]["graph"] == seen["traces"][0]["graph"]
    assert [line["ops"] for line in read["traces"][0]["graph"]["source_lines"]] == [2, 2]


def test_without_graph_collection_there_is_no_placement(recording: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    step = _step()
    with recording() as report:
        step(tf.ones(3))
    assert report["traces"][0]["placement"]["ops_by_device"] == {"/device:CPU:0": 4}
    monkeypatch.setattr(graph_collection.GraphCollection, "available", False)
    step = _step()
    with recording() as report:
        step(tf.ones(3))
    assert report["traces"][0]["placement"] is None
    assert report["processes"][0]["internal_faults"] == 0


def test_a_graph_that_cannot_be_read_leaves_the_trace(recording: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> Any:
        raise AttributeError("get_operations")

    monkeypatch.setattr(graphs, "library_functions", fail)
    with recording() as report:
        _step()(tf.ones(3))
    (trace,) = report["traces"]
    assert trace["graph"] is None
    assert trace["placement"] is None
    assert trace["reason"]["kinds"] == ["first-trace"]
    assert report["processes"][0]["internal_faults"] == 1


def test_a_trace_that_no_cache_keeps_leaves_nothing_behind(recording: Recorder) -> None:
    from tensorflow.python.eager.polymorphic_function import tracing_compilation

    @tmt.traced
    def body(x: Any) -> Any:
        return x + 1

    before = tf.Operation._init
    with recording() as report:
        options = tracing_compilation.TracingOptions(python_function=body, name="body")
        concrete = tracing_compilation.trace_function((tf.ones(3),), {}, options)
        assert tf.Operation._init is before
    assert concrete(tf.ones(3)).numpy().tolist() == [2, 2, 2]
    assert report["traces"] == []
    assert function_named(report, "body")["calls"]["tracing"] == 1


def test_who_does_not_collect_graphs_exports_none_of_ours(recording: Recorder) -> None:
    from tensorflow.python.eager import context

    with recording() as report:
        _step()(tf.ones(3))
        assert len(context.context().export_run_metadata().function_graphs) == 0
    assert report["traces"][0]["placement"]["ops_by_device"] == {"/device:CPU:0": 4}
