from __future__ import annotations

import pathlib

import numpy as np

from tests.support import files
from tfmodetrace.insight import attribution, budget, first_calls
from tfmodetrace.log import call_columns, reader, tracelog
from tfmodetrace.schema import words


def run_in(logdir: pathlib.Path) -> tracelog.Run:
    (run,) = reader.read(logdir).runs
    return run


def budgets_of(run: tracelog.Run) -> budget.Budgets:
    attributed = attribution.Attribution(run)
    return budget.Budgets(run, attributed, first_calls.FirstCalls(run, attributed))


def parts_of(thread: budget.ThreadBudget) -> dict[str, int]:
    return {part.part: part.ns for part in thread.parts if part.ns}


def main_of(tmp_path: pathlib.Path) -> budget.ThreadBudget:
    (process,) = budgets_of(run_in(tmp_path)).processes
    assert sum(part.ns for part in process.main.parts) == process.wall_ns
    return process.main


def keras_function(session: files.SessionFile, name: str, qualname: str, *, kind: str = "method") -> int:
    number = session.function(name, kind=kind)
    function = session.chunk.functions[-1]
    function.qualname, function.module = qualname, "keras.src.trainers.trainer"
    return number


def epoch(session: files.SessionFile) -> int:
    number = session.function("epoch", kind="region")
    session.chunk.functions[-1].file = ""
    return number


def test_the_innermost_thing_open_says_which_part_each_moment_is(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    prepare, step, region = session.function("prepare"), session.function("step", kind="tf.function"), session.function("r", kind="region")
    around = session.call(region, 100, 500)
    work = session.call(prepare, 150, 300, parent=around, depth=1)
    session.call(step, 200, 50, parent=work, depth=2, mode=words.Mode.GRAPH)
    session.call(step, 300, 20, parent=work, depth=2, mode=words.Mode.XLA)
    session.trace(step, ordinal=1, start_ns=700, duration_ns=40)
    session.end(end_ns=1000)
    assert parts_of(main_of(tmp_path)) == {
        "tracing": 40,
        "graph": 50,
        "xla": 20,
        "eager-ops": 300 - 50 - 20,
        "python": 500 - 300,
        "idle": 1000 - 500 - 40,
    }


def test_every_part_that_can_be_known_is_told_in_one_order_with_what_it_is(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path)
    main = main_of(tmp_path)
    assert [part.part for part in main.parts] == [name for name in budget.PARTS if name != "input"]
    assert all(part.label == budget.LABELS[part.part] and part.how == "measured" for part in main.parts)


def test_tracing_counts_before_the_calls_around_it_and_inside_it(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    step, inner, initial = session.function("step", kind="tf.function"), session.function("inner"), session.function("initial")
    call = session.call(step, 0, 100, mode=words.Mode.GRAPH, trace=0)
    session.trace(step, ordinal=1, start_ns=10, duration_ns=60, call_id=call)
    session.trace(inner, ordinal=1, start_ns=20, duration_ns=30)
    session.call(inner, 15, 40, parent=call, depth=1, mode=words.Mode.TRACING)
    session.call(initial, 56, 10, parent=call, depth=1)
    session.end(end_ns=100)
    assert parts_of(main_of(tmp_path)) == {"tracing": 60, "graph": 40}


def test_a_body_that_ran_symbolically_in_an_unrecorded_trace_or_a_failed_one_is_tracing(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    session.call(session.function("body"), 0, 30, mode=words.Mode.TRACING)
    session.call(session.function("step", kind="tf.function"), 50, 20, mode=words.Mode.TRACING, flags=words.CallFlag.RAISED)
    session.call(session.function("old"), 80, 10, mode=words.Mode.V1_GRAPH)
    session.end(end_ns=100)
    assert parts_of(main_of(tmp_path)) == {"tracing": 60, "idle": 40}


def test_kerass_own_time_is_what_lies_between_its_steps(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    fit, train = keras_function(session, "Model.fit", "TensorFlowTrainer.fit"), keras_function(session, "m", "M", kind="tf.function")
    step, layer = keras_function(session, "Model.train_step", "TensorFlowTrainer.train_step"), session.function("d", kind="keras-call")
    outer = session.call(fit, 0, 100)
    inner = session.call(epoch(session), 10, 80, parent=outer, depth=1)
    session.call(train, 20, 30, parent=inner, depth=2, mode=words.Mode.GRAPH)
    eager = session.call(step, 60, 20, parent=inner, depth=2)
    session.call(layer, 65, 5, parent=eager, depth=3)
    session.end(end_ns=100)
    assert parts_of(main_of(tmp_path)) == {"graph": 30, "eager-ops": 20, "keras": 50}


def test_what_a_first_run_took_beyond_a_later_one_is_compiling(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    for mode, begin in ((words.Mode.XLA, 0), (words.Mode.GRAPH, 10_000)):
        step = session.function("step", kind="tf.function", parameters=("x",))
        signature = session.signature(step, x=files.tensor("float32", 2))
        call = session.call(step, begin, 1000, mode=mode, signature=signature, trace=step)
        session.trace(step, ordinal=1, start_ns=begin + 100, duration_ns=300, call_id=call, signature=signature)
        for number, duration_ns in enumerate((100, 120, 140)):
            session.call(step, begin + 2000 + 1000 * number, duration_ns, mode=mode, signature=signature)
    once = session.function("once", kind="tf.function")
    call = session.call(once, 20_000, 500, mode=words.Mode.GRAPH, signature=session.signature(once), trace=2)
    session.trace(once, ordinal=1, start_ns=20_000, duration_ns=100, call_id=call)
    session.end(end_ns=30_000)
    main = main_of(tmp_path)
    assert parts_of(main) == {
        "tracing": 300 + 300 + 100,
        "compiling": 2 * (1000 - 300 - 120),
        "graph": 120 + 360 + 400,  # what ran only once is not known to have been compiled for any part of it
        "xla": 120 + 360,
        "idle": 30_000 - 2000 - 720 - 500,
    }
    assert {part.part: part.plus_minus_ns for part in main.parts if part.plus_minus_ns is not None} == {
        "compiling": 20,
        "graph": 10,
        "xla": 10,
    }


def test_generators_and_coroutines_leave_their_time_to_what_is_around_them(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    batches, step = session.function("batches", kind="generator"), session.function("step", kind="tf.function")
    session.call(batches, 0, 900, flags=words.CallFlag.SUSPENDABLE)
    session.call(step, 100, 50, mode=words.Mode.GRAPH)
    session.end(end_ns=1000)
    assert parts_of(main_of(tmp_path)) == {"graph": 50, "idle": 950}


def test_regions_that_overlap_their_neighbours_do_not_count_twice(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    region, prepare = session.function("r", kind="region"), session.function("prepare")
    session.call(prepare, 0, 100)
    session.call(region, 50, 100)  # opened in a generator that the call has begun, closed after it
    session.call(prepare, 120, 80)
    session.end(end_ns=300)
    assert parts_of(main_of(tmp_path)) == {"eager-ops": 50 + 80, "python": 70, "idle": 100}


def test_other_threads_have_budgets_of_their_own(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path, pid=7)
    session.thread("Thread-1")
    session.thread("renamed")
    session.chunk.threads[-1].native_id = 7
    step = session.function("step", kind="tf.function")
    session.call(step, 0, 600, thread=0, mode=words.Mode.GRAPH)
    session.call(step, 0, 100, thread=1, mode=words.Mode.GRAPH)
    session.end(end_ns=1000)
    (process,) = budgets_of(run_in(tmp_path)).processes
    assert (process.main.name, process.main.thread_id, parts_of(process.main)) == ("renamed", 1, {"graph": 100, "idle": 900})
    (other,) = process.others
    assert (other.name, other.main, parts_of(other)) == ("Thread-1", False, {"graph": 600, "idle": 400})


def test_a_main_thread_on_which_nothing_was_recorded_was_outside_all_the_time(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread("Thread-1")
    session.call(session.function("f"), 0, 600)
    session.end(end_ns=1000)
    (process,) = budgets_of(run_in(tmp_path)).processes
    assert (process.main.thread_id, parts_of(process.main)) == (None, {"idle": 1000})
    assert len(process.others) == 1


def test_without_an_end_the_wall_time_lasts_until_the_last_thing_known(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    step = session.function("step", kind="tf.function")
    session.call(step, 0, 500, mode=words.Mode.GRAPH)
    session.trace(step, ordinal=1, start_ns=600, duration_ns=50)
    session.error(step, time_ns=640)
    session.chunk.host_memory.time_ns = 700
    session.flush()
    (process,) = budgets_of(run_in(tmp_path)).processes
    assert (process.wall_ns, process.complete) == (700, False)
    assert parts_of(process.main) == {"graph": 500, "tracing": 50, "idle": 150}
    assert process.main.parts[-1].label == budget.STILL_OPEN


def test_what_lies_beyond_the_recordings_end_is_not_counted(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    step = session.function("step", kind="tf.function")
    session.call(step, -50, 500, mode=words.Mode.GRAPH)
    session.call(step, 900, 500, mode=words.Mode.GRAPH)
    session.trace(step, ordinal=1, start_ns=980, duration_ns=50)
    session.end(end_ns=1000)
    assert parts_of(main_of(tmp_path)) == {"tracing": 20, "graph": 450 + 80, "idle": 450}


def test_the_process_with_the_most_recorded_time_stands_for_the_run(tmp_path: pathlib.Path) -> None:
    second = 1_000_000_000
    launcher = files.SessionFile(tmp_path, pid=1)
    launcher.thread()
    launcher.call(launcher.function("launch"), 0, 10)
    launcher.end(end_ns=100 * second)
    for pid in (2, 3):
        worker = files.SessionFile(tmp_path, pid=pid, start_unix_ns=files.START_UNIX_NS + 5 * second)
        worker.thread()
        worker.call(worker.function("work"), 0, 3 * second)
        worker.end(end_ns=4 * second)
    budgets = budgets_of(run_in(tmp_path))
    assert [process.wall_ns for process in budgets.processes] == [100 * second, 4 * second, 4 * second]
    assert [sum(part.ns for part in process.main.parts) for process in budgets.processes] == list(budgets.wall_ns.values())
    assert budgets.of_run is budgets.processes[1]
    assert (budgets.of_run.begin_ns, budgets.of_run.end_ns) == (5 * second, 9 * second)


def test_a_run_of_no_process_has_no_budget() -> None:
    run = tracelog.Run(
        name=".",
        revision=0,
        start_unix_ns=None,
        processes=(),
        threads=(),
        functions=(),
        signatures=(),
        traces=(),
        errors=(),
        calls=call_columns.Calls.empty(),
        versions={},
        options={},
    )
    budgets = budgets_of(run)
    assert (budgets.processes, budgets.of_run, len(budgets.alone_ns)) == ((), None, 0)


def test_threads_of_random_calls_and_traces_are_split_as_a_count_moment_by_moment_splits_them(tmp_path: pathlib.Path) -> None:
    random = np.random.default_rng(3)
    session = files.SessionFile(tmp_path)
    for _ in range(3):
        session.thread()
    step, eager = session.function("step", kind="tf.function"), session.function("eager")
    mine: list[tuple[int, int, str]] = []
    for thread in range(3):
        for _ in range(40):
            start, length = int(random.integers(0, 480)), int(random.integers(1, 60))
            part = ("graph", "eager-ops", "tracing")[int(random.integers(0, 3))]
            if any(begin == start for begin, _, _ in mine):
                continue
            if part == "tracing":
                session.trace(step, ordinal=1, start_ns=start, duration_ns=length, thread=thread)
            else:
                session.call(step if part == "graph" else eager, start, length, thread=thread, mode=int(part == "graph"))
            if thread == 0:
                mine.append((start, start + length, part))
    session.end(end_ns=500)
    expected: dict[str, int] = {}
    for moment in range(500):
        inside = [span for span in mine if span[0] <= moment < span[1]]
        tracing = any(part == "tracing" for _, _, part in inside)
        part = "idle" if not inside else "tracing" if tracing else max(inside)[2]
        expected[part] = expected.get(part, 0) + 1
    assert parts_of(main_of(tmp_path)) == expected
