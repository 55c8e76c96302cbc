from __future__ import annotations

import pathlib

import pytest

from tests.support import files
from tfmodetrace.insight import attribution, budget, definitions, first_calls, model_identity, reasons, repeated
from tfmodetrace.log import reader, tracelog
from tfmodetrace.schema import words


def definitions_of(run: tracelog.Run) -> definitions.Definitions:
    attributed = attribution.Attribution(run)
    budgets = budget.Budgets(run, attributed, first_calls.FirstCalls(run, attributed))
    return definitions.Definitions(run, attributed, budgets, reasons.explain(run))


def run_in(logdir: pathlib.Path) -> tracelog.Run:
    (run,) = reader.read(logdir).runs
    return run


def read(logdir: pathlib.Path) -> definitions.Definitions:
    return definitions_of(run_in(logdir))


def made(session: files.SessionFile, name: str, definition: int, instance: int = 0, **fields: str) -> int:
    """A tf.function of a definition."""
    number = session.function(name, kind=fields.pop("kind", "tf.function"), instance=instance, parameters=("x",))
    function = session.chunk.functions[-1]
    function.definition_id = definition
    for field, value in fields.items():
        setattr(function, field, value)
    return number


def of_model(session: files.SessionFile, model: str, instance: int = 0) -> int:
    """What Keras makes for a model's predictions."""
    module = "keras.src.backend.tensorflow.trainer"
    return made(session, f"{model}.predict_function", 50, instance, qualname="Model.predict_function", module=module)


def predict(session: files.SessionFile) -> int:
    module = "keras.src.backend.tensorflow.trainer"
    return made(session, "Model.predict", 60, qualname="TensorFlowTrainer.predict", module=module, kind="method")


def x_of(*values: float) -> list[files.keys.Node]:
    return [files.arguments(x=files.literal(value)) for value in values]


def test_functions_made_anew_of_one_definition_are_one_row(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    for instance in range(200):
        step = made(session, "step", 0, instance)
        call = session.call(step, 100 * instance, 60, mode=words.Mode.GRAPH, trace=instance)
        session.trace(step, ordinal=1, start_ns=100 * instance + 10, duration_ns=30, call_id=call)
    other = made(session, "other", 1)
    session.call(other, 25_000, 5_000, mode=words.Mode.GRAPH)
    session.end(end_ns=40_000)
    found = read(tmp_path)
    step_row, other_row = found.rows
    assert (step_row.name, step_row.file, step_row.line, len(step_row.functions)) == ("step", "train.py", 10, 200)
    assert (step_row.calls["graph"], sum(step_row.calls.values()), step_row.traces) == (200, 200, 200)
    assert (step_row.wall_ns, step_row.tracing_ns, step_row.share) == (200 * 60, 200 * 30, 0.3)
    assert step_row.repeated == repeated.Repeated(made_anew=199)
    assert step_row.changes == "made anew 199 times"
    assert (other_row.traces, other_row.repeated.text, other_row.changes) == (0, "", None)
    assert found.by_wall_time == (step_row, other_row)
    assert found.of_function(150) is step_row
    assert found.of_calls.tolist() == [0] * 200 + [1]
    assert found.repeated.text == "199 repeated: 199 of functions made anew"


def test_repeated_traces_are_counted_as_what_they_are(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    one, two = made(session, "step", 0), made(session, "step", 0, 1)
    shapes = [files.arguments(x=files.tensor("float32", size)) for size in (32, 17, 5)]
    for ordinal, key in enumerate(shapes):
        session.trace(one, ordinal=ordinal + 1, start_ns=ordinal, key=key)
        session.trace(two, ordinal=ordinal + 1, start_ns=ordinal, key=key)
    session.end()
    (row,) = read(tmp_path).rows
    assert row.repeated == repeated.Repeated(made_anew=3, same_function=2, normal=1)
    assert row.repeated.text == "5 repeated: 3 of functions made anew, 1 of the same function, 1 normal"


def test_a_second_trace_that_creates_variables_is_normal(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    step = made(session, "step", 0)
    for ordinal, scope in ((1, "VARIABLE_CREATION"), (2, "NO_VARIABLE_CREATION")):
        session.trace(step, ordinal=ordinal, key=files.arguments(x=files.tensor("float32", 3)))
        session.chunk.traces[-1].key.scope_type = scope
    session.end()
    (row,) = read(tmp_path).rows
    assert row.repeated == repeated.Repeated(same_function=1, normal=1)
    assert row.changes is None


def test_a_function_that_was_traced_before_the_recording_was_traced_again(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    session.trace(made(session, "step", 0), ordinal=4)
    session.end()
    (row,) = read(tmp_path).rows
    assert row.repeated == repeated.Repeated(same_function=1)


def test_what_changed_from_trace_to_trace_is_one_line(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    step = made(session, "step", 0)
    for ordinal, key in enumerate(x_of(1.0, 0.5, 0.33, 0.25, 0.2)):
        session.trace(step, ordinal=ordinal + 1, key=key)
    session.end()
    (row,) = read(tmp_path).rows
    assert row.changes == "x 1.0 → 0.5 → 0.33 → … (5)"


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (["1", "2"], "n 1 → 2"),
        (["1", "2", "1", "2", "3"], "n 1 → 2 → 3"),
        (["1", "2", "3", "4"], "n 1 → 2 → 3 → 4"),
        (["1", "2", "3", "4", "5"], "n 1 → 2 → 3 → … (5)"),
        (["a" * 20 + "b" * 20, "c"], "n aaaaaaaaaaaaaaaa…bbbbbbbbbbbbbbb → c"),
        (
            ["/data/images/of/all/days/1.png", "/data/images/of/all/days/22.png"],
            "n /data/images/of/all/days/1.png → /data/images/of/all/days/22.png",
        ),
        ([f"Spec((Tensor(shape=({size},), dtype=float32)),)" for size in (3, 17)], "n …(shape=(3,), dtyp… → …(shape=(17,), dtyp…"),
    ],
)
def test_a_strip_of_values_is_short_and_says_how_many_there_are(values: list[str], line: str) -> None:
    assert definitions.strip("n", values) == line


def test_wall_time_counts_each_moment_once_on_one_thread(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    session.thread("worker")
    walk, mapped = session.function("walk"), session.function("Dataset.map(f)", kind="tf.data")
    outer = session.call(walk, 0, 100)
    session.call(walk, 20, 30, parent=outer, depth=1)
    session.call(walk, 50, 300, thread=1)
    session.trace(mapped, ordinal=1, start_ns=10, duration_ns=40)
    session.trace(mapped, ordinal=2, start_ns=900, duration_ns=200)
    session.end(end_ns=1000)
    walked, data = read(tmp_path).rows
    assert (walked.wall_ns, walked.thread_id, walked.threads, walked.main_ns, walked.share) == (300, 1, 2, 100, 0.3)
    assert (data.wall_ns, data.tracing_ns, data.thread_id, data.main_ns) == (40 + 100, 140, 0, 140)
    assert walked.traces_inside == 1


def test_a_generators_wall_time_says_that_it_lay_suspended(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    session.call(session.function("batches", kind="generator"), 0, 500, flags=words.CallFlag.SUSPENDABLE)
    session.call(session.function("step"), 0, 50)
    session.end(end_ns=1000)
    assert [(row.wall_ns, row.suspended) for row in read(tmp_path).rows] == [(500, True), (50, False)]


def test_two_models_that_share_kerass_code_are_two_definitions(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    entry, encode, decode = predict(session), of_model(session, "enc"), of_model(session, "dec", 1)
    mapped = made(session, "Dataset.map(f)", 70, kind="tf.data")
    for function, begin in ((encode, 5000), (decode, 6000)):
        session.trace(function, ordinal=1, start_ns=begin + 1)
    for number in range(20):
        call = session.call(entry, 100 * number, 50)
        session.call(decode if number == 10 else encode, 100 * number + 10, 10, mode=words.Mode.GRAPH, parent=call, depth=1)
        session.trace(mapped, ordinal=1 + number, start_ns=100 * number + 1, duration_ns=2)
    session.call(entry, 3000, 7)
    session.end(end_ns=10_000)
    found = read(tmp_path)
    rows = {row.name: row for row in found.rows}
    assert set(rows) == {
        "Model.predict",
        "Model.predict of enc",
        "Model.predict of dec",
        "enc.predict_function",
        "dec.predict_function",
        "Dataset.map(f)",
    }
    assert [rows[name].calls["eager"] for name in ("Model.predict of enc", "Model.predict of dec", "Model.predict")] == [19, 1, 1]
    assert [rows[name].wall_ns for name in ("Model.predict of enc", "Model.predict of dec", "Model.predict")] == [19 * 50, 50, 7]
    assert [rows[name].model for name in ("Model.predict of enc", "enc.predict_function", "Model.predict")] == ["enc", "enc", None]
    assert rows["Model.predict of enc"].traces_inside == 19
    assert rows["enc.predict_function"].repeated == rows["dec.predict_function"].repeated == repeated.Repeated()
    assert found.of_function(entry) is rows["Model.predict of enc"]


def test_a_predict_loop_of_one_model_is_one_row(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    entry, function = predict(session), of_model(session, "sequential")
    for number in range(5):
        call = session.call(entry, 100 * number, 50)
        session.call(function, 100 * number + 10, 10, mode=words.Mode.GRAPH, parent=call, depth=1)
    session.end()
    first, second = read(tmp_path).rows
    assert (first.name, first.model, first.calls["eager"]) == ("Model.predict", "sequential", 5)
    assert (second.name, second.model, second.calls["graph"]) == ("sequential.predict_function", "sequential", 5)


@pytest.mark.parametrize(("alike", "rows"), [(True, 1), (False, 3)])
def test_models_made_anew_are_one_definition_if_they_are_alike(tmp_path: pathlib.Path, alike: bool, rows: int) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    entry = predict(session)
    for number, name in enumerate(("sequential", "sequential_1", "sequential_2")):
        function = of_model(session, name, number)
        call = session.call(entry, 100 * number, 50)
        key = files.arguments(x=files.tensor("float32", 32, 8 if alike else number))
        session.trace(function, ordinal=1, start_ns=100 * number + 11, duration_ns=5, key=key)
        session.call(function, 100 * number + 10, 10, mode=words.Mode.GRAPH, parent=call, depth=1)
    session.graph(graph_id=0, traces=session.chunk.traces)
    session.end()
    found = read(tmp_path)
    assert len([row for row in found.rows if row.name.startswith("Model.predict")]) == rows
    own = [row for row in found.rows if row.name.endswith("predict_function")]
    assert [len(row.functions) for row in own] == [3] * (rows == 1) + [1] * rows * (rows > 1)
    assert own[0].repeated.made_anew == (2 if alike else 0)


def test_layers_that_differ_in_name_are_told_apart(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    for name in ("dense (Dense)", "dense_1 (Dense)"):
        session.call(made(session, name, 0, kind="keras-call"), 0, 10)
    session.end()
    assert [row.name for row in read(tmp_path).rows] == ["dense (Dense)", "dense_1 (Dense)"]


def test_a_model_is_read_from_its_functions_name(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    made(session, "a.b.train_function.one_step", 0, qualname="Model.train_function.one_step")
    made(session, "step", 1, qualname="Model.train_function")
    made(session, "enc.train_function", 2, qualname="train_function")
    session.end()
    assert [model_identity.model_of(function) for function in run_in(tmp_path).functions] == ["a.b", None, None]


def test_processes_have_definitions_of_their_own(tmp_path: pathlib.Path) -> None:
    for pid in (1, 2):
        files.small_run(tmp_path, pid=pid)
    assert [(row.process, row.name) for row in read(tmp_path).rows] == [(0, "prepare"), (0, "step"), (1, "prepare"), (1, "step")]


def test_a_run_without_calls_or_functions_has_no_rows(tmp_path: pathlib.Path) -> None:
    files.SessionFile(tmp_path).end()
    found = read(tmp_path)
    assert (found.rows, found.repeated.total, found.repeated.text) == ((), 0, "")


def test_numbers_are_told_with_the_digits_that_tell_them_apart() -> None:
    assert definitions.strip("factor", ["1.0", "0.5", "0.3333333333333333"]) == "factor 1.0 → 0.5 → 0.333"
    assert definitions.strip("x", ["0.33333333", "0.33333334"]) == "x 0.33333333 → 0.33333334"
