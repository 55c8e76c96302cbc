"""Which call each trace belongs to, on real programs, against a count that knows nothing of how it is found."""

from __future__ import annotations

import collections
import pathlib
import threading

import keras
import numpy as np
import tensorflow as tf

import tfmodetrace as tmt
from tfmodetrace.insight import attribution
from tfmodetrace.log import tracelog

X = np.ones((64, 4), np.float32)
Y = np.ones((64, 1), np.float32)


def innermost_calls(run: tracelog.Run) -> list[tuple[int, int] | None]:
    """Looks for each trace at every call: those on its thread in whose interval it lies, and of these the shortest."""
    columns = (run.calls.start_ns, run.calls.end_ns, run.calls.thread_id, run.calls.call_id)
    calls = list(zip(*(column.tolist() for column in columns), strict=True))
    found: list[tuple[int, int] | None] = []
    for trace in run.traces:
        begin, end = trace.start_ns, trace.start_ns + (trace.duration_ns or 0)
        inside = [
            (last - first, call_id)
            for first, last, thread, call_id in calls
            if thread == trace.thread_id and first <= begin and end <= last
        ]
        found.append((trace.process, min(inside)[1]) if inside else None)
    return found


def check(logdir: pathlib.Path) -> tuple[tracelog.Run, attribution.Attribution]:
    (run,) = tmt.read(logdir).runs
    assert (run.processes[0].internal_faults, run.processes[0].dropped) == (0, 0)
    attributed = attribution.Attribution(run)
    rows = attributed.trace_rows.tolist()
    ours = [(int(run.calls.process[row]), int(run.calls.call_id[row])) if row >= 0 else None for row in rows]
    assert ours == innermost_calls(run)
    return run, attributed


def functions_of(run: tracelog.Run, attributed: attribution.Attribution) -> collections.Counter[str | None]:
    """How many traces belong to calls of each function."""
    rows = attributed.trace_rows.tolist()
    return collections.Counter(run.functions[int(run.calls.function_id[row])].name if row >= 0 else None for row in rows)


def model() -> keras.Model:
    made = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3), keras.layers.Dropout(0.5), keras.layers.Dense(1)])
    made.compile("adam", "mse")
    return made


def test_every_trace_of_a_fit_belongs_to_a_call_inside_it(tmp_path: pathlib.Path) -> None:
    fitted = model()
    with tmt.record(tmp_path, instrument="all"):
        fitted.fit(X, Y, epochs=2, batch_size=20, validation_data=(X, Y), verbose=0)
    run, attributed = check(tmp_path)
    assert len(run.traces) >= 6
    assert (attributed.trace_rows >= 0).all()
    (fit,) = (function for function in run.functions if function.name == "Model.fit")
    union_ns = attributed.traced[run.traces[0].thread_id].total_ns
    assert attributed.function_tracing_ns[fit.function_id] == union_ns, "all that was traced was traced in fit, once"


def test_the_traces_of_a_predict_loop_belong_to_its_calls(tmp_path: pathlib.Path) -> None:
    fitted = model()
    with tmt.record(tmp_path, instrument="all"):
        for _ in range(12):
            fitted.predict(X[:1], verbose=0)
    run, attributed = check(tmp_path)
    counted = functions_of(run, attributed)
    own = sum(run.functions[trace.function_id].kind == "tf.data" for trace in run.traces)
    assert counted["Model.predict"] == own >= 12
    assert None not in counted


def test_pipelines_built_anew_are_traced_in_the_call_that_builds_them_or_in_none(tmp_path: pathlib.Path) -> None:
    @tmt.traced
    def build(count: int) -> int:
        dataset = tf.data.Dataset.range(count).map(lambda x: x * 2).filter(lambda x: x > 1)
        return len(list(dataset))

    with tmt.record(tmp_path, instrument="all"):
        for count in range(1, 6):
            build(count)
        list(tf.data.Dataset.range(3).map(lambda x: x + 1))
    run, attributed = check(tmp_path)
    counted = functions_of(run, attributed)
    assert counted["build"] == 10
    assert counted[None] == len(run.traces) - 10 >= 1


def test_six_threads_each_have_their_own_traces(tmp_path: pathlib.Path) -> None:
    started = threading.Barrier(6)

    @tmt.traced
    def work(number: int) -> None:
        started.wait()
        step = tf.function(lambda x: x * number)
        for size in range(1, 4):
            step(tf.ones((size,)))
            list(tf.data.Dataset.range(size).map(lambda x: x + number))

    with tmt.record(tmp_path, instrument="all"):
        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    run, attributed = check(tmp_path)
    rows = attributed.trace_rows
    assert (rows >= 0).all()
    assert (run.calls.thread_id[rows] == [trace.thread_id for trace in run.traces]).all()
    per_thread = collections.Counter(trace.thread_id for trace in run.traces)
    assert len(per_thread) == 6
    assert functions_of(run, attributed)["work"] == 6 * 3
    tracing_ns = sum(cover.total_ns for cover in attributed.traced.values())
    (function,) = (function for function in run.functions if function.name.endswith("work"))
    assert attributed.function_tracing_ns[function.function_id] == tracing_ns
