from __future__ import annotations

import pathlib

from tests.support import files
from tfmodetrace.insight import answers, attribution, calls, report, timeline, times
from tfmodetrace.log import reader, tracelog
from tfmodetrace.schema import words


def run_in(logdir: pathlib.Path) -> tracelog.Run:
    (run,) = reader.read(logdir).runs
    return run


def pipeline(tmp_path: pathlib.Path) -> tracelog.Run:
    """``predict`` (0..100) traces two functions of tf.data, one inside the other, then calls ``step`` (50..90), which is traced once.

    On another thread ``load`` (0..1000) is open all the while; before it, tf.data traces something by itself.
    """
    session = files.SessionFile(tmp_path)
    main, other = session.thread(), session.thread("loader")
    predict, step = session.function("predict", kind="method"), session.function("step", kind="tf.function")
    outer, inner = session.function("Dataset.map(f)", kind="tf.data"), session.function("Dataset.map(g)", kind="tf.data")
    load = session.function("load")
    call = session.call(predict, 0, 100, thread=main)
    own = session.call(step, 50, 40, parent=call, depth=1, thread=main, mode=words.Mode.GRAPH, trace=3)
    session.call(load, 10, 1000, thread=other)
    session.trace(outer, ordinal=1, start_ns=10, duration_ns=30, thread=main)
    session.trace(inner, ordinal=1, start_ns=20, duration_ns=10, thread=main)
    session.trace(outer, ordinal=2, start_ns=2, duration_ns=5, thread=other)
    session.trace(step, ordinal=1, start_ns=55, duration_ns=20, call_id=own, thread=main)
    session.trace(inner, ordinal=2, start_ns=300, duration_ns=5, thread=other)
    session.error(outer, time_ns=45, mode=words.Mode.TRACING, thread=main)
    session.error(outer, time_ns=5, mode=words.Mode.TRACING, thread=other)
    session.error(step, time_ns=88, call_id=own, thread=main)
    session.end()
    return run_in(tmp_path)


def test_a_trace_without_a_call_belongs_to_the_innermost_call_open_on_its_thread(tmp_path: pathlib.Path) -> None:
    attributed = attribution.Attribution(pipeline(tmp_path))
    predict, step, load = 0, 1, 2
    assert attributed.trace_rows.tolist() == [predict, predict, -1, step, load]
    assert attributed.has_own_call.tolist() == [False, False, False, True, False]
    assert attributed.error_rows.tolist() == [predict, -1, step]


def test_the_report_says_of_each_trace_in_which_call_it_lies(tmp_path: pathlib.Path) -> None:
    run = pipeline(tmp_path)
    predict, step, load = (int(call_id) for call_id in run.calls.call_id)
    told = report.run_report(run)["traces"]
    assert [trace["call_id"] for trace in told] == [None, None, None, step, None]
    assert [trace["inside_call_id"] for trace in told] == [predict, predict, None, step, load]
    assert report.trace_report(answers.Answers(run), 0)["inside_call_id"] == predict


def test_tracing_counts_once_in_every_call_and_function_it_happened_in(tmp_path: pathlib.Path) -> None:
    run = pipeline(tmp_path)
    assert attribution.Attribution(run).call_tracing_ns.tolist() == [30 + 20, 20, 5]
    predict, step, outer, inner, load = attribution.Attribution(run).function_tracing_ns.tolist()
    assert (predict, step) == (50, 20)
    assert (outer, inner, load) == (30 + 5, 10 + 5, 5), "what was traced outside calls counts for what was traced"
    assert times.self_ns(run).tolist() == [60, 40, 0, 0, 1000], "a trace without a call takes nothing from the call it belongs to"


def test_the_timeline_and_a_calls_details_show_the_traces_that_belong_to_it(tmp_path: pathlib.Path) -> None:
    run = pipeline(tmp_path)
    drawn = timeline.Timeline(run).slices(0, 0, 1000, 1).columns
    assert dict(zip(drawn["call_id"].tolist(), drawn["trace_id"].tolist(), strict=True)) == {0: 1, 1: 3}
    shown = [calls.describe_call(run, 0, call_id) for call_id in range(3)]
    assert [call.trace_ids for call in shown if call is not None] == [(0, 1), (3,), (4,)]


def test_a_suspended_generator_gets_no_trace_because_of_the_time_alone(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    batches, read, mapped = session.function("batches", kind="generator"), session.function("read"), session.function("m", kind="tf.data")
    generator = session.call(batches, 0, 1000, flags=words.CallFlag.SUSPENDABLE)
    session.call(read, 100, 50, parent=generator, depth=1)
    session.trace(mapped, ordinal=1, start_ns=110, duration_ns=20)
    session.trace(mapped, ordinal=2, start_ns=500, duration_ns=20)
    session.end()
    attributed = attribution.Attribution(run_in(tmp_path))
    assert attributed.trace_rows.tolist() == [1, -1]
    assert attributed.call_tracing_ns.tolist() == [20, 20], "what a call made from it traced, it has traced"
    assert attributed.function_tracing_ns.tolist() == [20, 20, 40]


def test_a_call_that_has_not_ended_leaves_its_traces_to_the_call_around(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    outer, step = session.function("outer"), session.function("step", kind="tf.function")
    session.call(outer, 0, 100)
    session.trace(step, ordinal=1, start_ns=10, duration_ns=20, call_id=77)
    session.trace(step, ordinal=2, start_ns=200, duration_ns=20, call_id=78)
    session.flush()
    assert attribution.Attribution(run_in(tmp_path)).trace_rows.tolist() == [0, -1]


def test_a_run_without_anything_has_nothing_to_attribute(tmp_path: pathlib.Path) -> None:
    files.SessionFile(tmp_path).end()
    attributed = attribution.Attribution(run_in(tmp_path))
    assert (attributed.trace_rows.tolist(), attributed.error_rows.tolist(), attributed.function_tracing_ns.tolist()) == ([], [], [])
