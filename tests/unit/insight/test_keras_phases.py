"""What Keras's calls did with their time, of records that were made; and what else a report says of Keras and of processes."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from tests.support import files, finding_rules
from tfmodetrace.insight import answers, keras_phases, report
from tfmodetrace.log import reader, tracelog
from tfmodetrace.schema import words

MS = 1_000_000


@pytest.fixture
def session(tmp_path: pathlib.Path) -> files.SessionFile:
    made = files.SessionFile(tmp_path)
    made.thread()
    return made


def fit(session: files.SessionFile, *, number: int = 0, steps: int = 10, step_ms: int = 30, **options: Any) -> Any:
    """A fit whose steps take 30 ms, the first 100 ms longer, with 10 ms between them."""
    function = step_ms * steps + 100
    call = session.chunk.keras_calls.add(
        keras_call_id=number, entry="fit", model="net", start_ns=0, duration_ns=(function + 10 * steps + 60) * MS, ended=True, **options
    )
    call.loop_ns = (function + 10 * steps) * MS
    call.phases.add(kind="setup", count=1, total_ns=40 * MS, longest_ns=40 * MS)
    call.phases.add(kind="function", count=steps, total_ns=function * MS, longest_ns=(step_ms + 100) * MS, first_ns=(step_ms + 100) * MS)
    call.phases.add(kind="callback", name="Plot", count=2 * steps, total_ns=8 * steps * MS, longest_ns=5 * MS)
    call.phases.add(kind="unheard-of", count=1, total_ns=1)
    return call


def run_of(session: files.SessionFile, logdir: pathlib.Path) -> tracelog.Run:
    session.end(end_ns=1000 * MS)
    (run,) = reader.read(logdir).runs
    return run


def told(session: files.SessionFile, logdir: pathlib.Path) -> tuple[keras_phases.KerasCall, ...]:
    return answers.Answers(run_of(session, logdir)).keras_phases


def test_what_the_last_step_of_an_epoch_takes_is_no_waiting(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    call = fit(session)
    # Nine steps as they were, and the last of them, which traces for a short batch, takes half a second more.
    call.loop_ns += 500 * MS
    call.duration_ns += 500 * MS
    call.phases[1].total_ns += 500 * MS
    call.ends, call.ends_ns = 1, 540 * MS
    call.elements, call.gaps, call.first_gap_ns, call.gaps_ns = 10, 8, 90 * MS, (90 + 40 * 7) * MS
    (fitted,) = told(session, tmp_path)
    waited = next((phase.ns for phase in fitted.phases if phase.kind == "data"), 0)
    assert waited <= 15 * MS


@pytest.mark.parametrize(("gaps", "how"), [(9, "measured"), (4, "sampled")])
def test_what_gaps_leave_of_the_loop_was_waiting(session: files.SessionFile, tmp_path: pathlib.Path, gaps: int, how: str) -> None:
    call = fit(session)
    # The first was long since TensorFlow set itself up; the others are 15 ms of the 40 between two elements.
    call.elements, call.gaps, call.first_gap_ns, call.gaps_ns = 10, gaps, 90 * MS, (90 + 15 * (gaps - 1)) * MS
    (fitted,) = told(session, tmp_path)
    spent: dict[str, Any] = {phase.name: (phase.ns, phase.how) for phase in fitted.phases}
    waited_ns, known = spent["data"]
    assert waited_ns == pytest.approx(250 * MS, rel=0.05)
    assert known == how
    assert spent["train function"] == (400 * MS - waited_ns, how)
    assert spent["Plot"] == (80 * MS, "measured")
    assert sum(phase.ns for phase in fitted.phases) == fitted.ns == 560 * MS
    assert fitted.text.startswith("fit 560 ms: data 4")


def test_without_gaps_waiting_is_not_known(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    fit(session)
    (fitted,) = told(session, tmp_path)
    assert not fitted.knows_data
    assert {phase.kind for phase in fitted.phases} == {"setup", "function", "callback", "between"}


def test_calls_alike_are_one_row_and_those_within_another_are_told_apart(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    fit(session)
    for number in (1, 2, 3):
        within = {"within_number": 1} if number < 3 else {}
        session.chunk.keras_calls.add(keras_call_id=number, entry="evaluate", model="net", duration_ns=10 * MS, ended=True, **within)
    session.chunk.keras_calls.add(keras_call_id=3, entry="evaluate", model="net", duration_ns=20 * MS, ended=True)  # later totals
    found = {(call.entry, call.within): (call.calls, call.ns) for call in told(session, tmp_path)}
    assert found == {("fit", None): (1, 560 * MS), ("evaluate", "fit"): (2, 20 * MS), ("evaluate", None): (1, 20 * MS)}


@pytest.mark.parametrize(("maps", "functions", "named"), [(1, 1, "first"), (2, 2, "first"), (2, 1, None), (1, 2, None)])
def test_the_map_that_a_fit_waits_for_is_named_where_it_is_known_which_it_is(
    session: files.SessionFile, tmp_path: pathlib.Path, maps: int, functions: int, named: str | None
) -> None:
    call = fit(session)
    call.elements, call.gaps, call.first_gap_ns, call.gaps_ns = 10, 9, 15 * MS, 135 * MS
    for stage in range(maps):  # the last first
        call.stages.add(name="ParallelMapV2", elements=320, processing_ns=(200 if stage == maps - 1 else 5) * MS, parallelism=1)
    call.stages.add(name="TensorSlice", elements=320, processing_ns=MS)
    for name in ("first", "second")[:functions]:
        session.function(f"Dataset.map({name})", kind="tf.data")
    found = [finding for finding in finding_rules.check(run_of(session, tmp_path)) if finding.id == "slow-input-step"]
    assert [finding.title.partition(" is ")[0] for finding in found] == ([] if named is None else [f"Dataset.map({named})"])


@pytest.mark.parametrize(
    ("name", "parallelism", "each", "in_parallel"),
    [("MapAndBatch", 1, "a batch", False), ("MapAndBatch", 4, "a batch", True), ("Map", 0, "an element", False)],
)
def test_a_map_that_became_one_with_the_batches_counts_batches(
    session: files.SessionFile, tmp_path: pathlib.Path, name: str, parallelism: int, each: str, in_parallel: bool
) -> None:
    call = fit(session)
    call.elements, call.gaps, call.first_gap_ns, call.gaps_ns = 10, 9, 15 * MS, 135 * MS
    call.stages.add(name=name, elements=10, processing_ns=600 * MS, parallelism=parallelism)
    session.function("Dataset.map(load)", kind="tf.data")
    (finding,) = [finding for finding in finding_rules.check(run_of(session, tmp_path)) if finding.id == "slow-input-step"]
    assert finding.title.endswith(each)
    assert ("num_parallel_calls" in finding.advice) != in_parallel


_READ = "data = tf.data.Dataset.list_files(names).map(load)"


@pytest.mark.parametrize(
    ("code", "ops", "fix"),
    [
        (_READ, ["ReadFile", "DecodeJpeg"], _READ.replace("map(load)", "map(load, num_parallel_calls=tf.data.AUTOTUNE)")),
        (
            _READ.replace("load)", "reading.load, deterministic=True).map(crop)"),
            ["ReadFile"],
            "data = tf.data.Dataset.list_files(names).map(reading.load, deterministic=True, num_parallel_calls=tf.data.AUTOTUNE).map(crop)",
        ),
        (_READ.replace("load)", "crop).map(turn)"), ["ReadFile"], None),  # neither is called load
        (_READ, ["ReadFile", "RandomUniform"], None),
        (_READ, ["AssignAddVariableOp"], None),
        (_READ.replace("load)", "load, num_parallel_calls=1)"), ["ReadFile"], None),
        (_READ.replace("load)", "load, 1)"), ["ReadFile"], None),
        (_READ.replace("load)", "load, **options)"), ["ReadFile"], None),
    ],
)
def test_a_map_that_a_fit_waits_for_works_in_parallel_where_its_order_is_no_matter(
    session: files.SessionFile, tmp_path: pathlib.Path, code: str, ops: list[str], fix: str | None
) -> None:
    call = fit(session)
    call.elements, call.gaps, call.first_gap_ns, call.gaps_ns = 10, 9, 15 * MS, 135 * MS
    maps = code.count(".map(")
    for stage in range(maps):  # the last first
        call.stages.add(name="Map", elements=320, processing_ns=(300 if stage == maps - 1 else 5) * MS)
    load = session.function("Dataset.map(load)", kind="tf.data")
    for _ in range(maps - 1):
        session.function("Dataset.map(other)", kind="tf.data")
    made = session.chunk.functions[load]
    made.source, made.qualname = "def load(name):\n    return tf.io.decode_jpeg(tf.io.read_file(name))\n", "load"
    made.made_at.file, made.made_at.line, made.made_at.function, made.made_at.code = "/home/me/train.py", 40, "main", code
    session.trace(load, ordinal=1)
    session.chunk.traces[0].graph_number = 1
    graph = session.chunk.graphs.add(graph_id=0, ops=len(ops))
    for kind in ops:
        graph.op_types.add(type=kind, ops=1)
    found = [finding for finding in finding_rules.check(run_of(session, tmp_path)) if finding.id == "slow-input-step"]
    assert [finding.fix for finding in found] == [None if fix is None else f"# in place of train.py:40\n{fix}"]


def test_a_report_says_what_memory_processes_had_and_that_of_tf_keras_less_is_known(
    session: files.SessionFile, tmp_path: pathlib.Path
) -> None:
    step = session.function("train_function", kind="tf.function")
    session.chunk.functions[step].module = "tf_keras.src.engine.training"
    session.call(step, 0, 1000, mode=words.Mode.GRAPH)
    for time_ms, resident in ((1, 100), (2, 300), (3, 200)):
        session.chunk.host_memory.time_ns, session.chunk.host_memory.resident_bytes = time_ms * MS, resident
        session.flush()
    run = report.of_run(answers.Answers(run_of(session, tmp_path)))
    (memory,) = run.process_memory
    assert (memory.begin_bytes, memory.end_bytes, memory.most_bytes) == (100, 200, 300)
    assert [warning for warning in run.warnings if warning.startswith("Models of tf_keras")]
