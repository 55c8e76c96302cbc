"""Pipelines that are set up anew for every batch, by samples that were made and by what sources show."""

from __future__ import annotations

import pathlib

import pytest

from tests.support import files, finding_rules
from tfmodetrace.insight import findings, iterations
from tfmodetrace.log import function_table, reader
from tfmodetrace.schema import words

MS = 1_000_000

ANEW = {
    "for i in range(9):\n    x = next(iter(data))": (2, "next(iter())"),
    "def get():\n    return next(iter(data.map(f)))": (2, "next(iter())"),
    "for i in range(9):\n    for x in data.skip(i).take(1):\n        step(x)": (2, "take"),
    "while more():\n    for x in data.shard(9, i):\n        step(x)": (2, "take"),
}
TWINS = {
    "it = iter(data)\nfor i in range(9):\n    x = next(it)": 3,
    "for epoch in range(9):\n    for x in data:\n        step(x)": 2,
    "for x in data.skip(9).take(1):\n    step(x)": 1,
    "for i in range(9):\n    for x in data.take(1):\n        step(x)": 3,
    "x = next(iter(range(9)) if a else it)": 2,
}


def script(source: str) -> function_table.Function:
    return function_table.Function(
        function_id=-1,
        name="<module>",
        qualname="<module>",
        module="",
        file="train.py",
        line=1,
        kind="function",
        process=0,
        definition_id=-1,
        instance=0,
        source=source,
        source_truncated=False,
    )


@pytest.mark.parametrize("source", ANEW)
def test_lines_that_begin_a_dataset_anew_are_told_from_their_source(source: str) -> None:
    line, how = ANEW[source]
    assert iterations.begun_anew(script(source), line) == how


@pytest.mark.parametrize("source", TWINS)
def test_lines_that_go_on_with_an_iterator_or_go_through_a_whole_dataset_do_not(source: str) -> None:
    assert iterations.begun_anew(script(source), TWINS[source]) is None


def found_in(tmp_path: pathlib.Path, source: str, *, line: int, batches: int, pipelines: int) -> list[findings.Finding]:
    """A script that spends half of a second with pipelines, a fifth of it in fetching from them."""
    session = files.SessionFile(tmp_path)
    session.thread()
    module = session.sampled_definition("<module>", source)
    step = session.function("step", kind="tf.function")
    for number in range(batches):
        session.call(step, number * (1000 * MS // batches), 1000, mode=words.Mode.GRAPH)
    for number in range(pipelines):
        mapped = session.function("Dataset.map(scale)", kind="tf.data")
        made = session.chunk.functions[mapped]
        made.definition_id = 1
        made.made_at.file, made.made_at.line, made.made_at.function, made.made_at.code = "train.py", line, "<module>", "data = x.map(scale)"
        session.trace(mapped, ordinal=1, start_ns=number * 10 * MS, duration_ns=1000)
    set_up, fetch = session.place(module, line, "kernel", op="map_dataset"), session.place(module, line, "input", op="iterator_get_next")
    python = session.place(module, 9, "python")
    for number in range(1, 1001):
        at = number % 10
        session.sample(number * MS, set_up if at < 3 else fetch if at < 5 else python)
    session.end(end_ns=1000 * MS)
    (run,) = reader.read(tmp_path).runs
    return [finding for finding in finding_rules.check(run) if finding.severity != "info"]


def test_a_pipeline_built_for_each_batch_is_what_all_its_time_is_lost_by(tmp_path: pathlib.Path) -> None:
    (finding,) = found_in(tmp_path, "for i in range(9):\n    data = make(i)", line=2, batches=10, pipelines=10)
    assert (finding.id, round(finding.share, 1)) == ("function-recreated", 0.5)
    assert finding.title == "A tf.data pipeline was built 10 times, about once for each batch, and Dataset.map(scale) traced each time"
    assert "take its batches one after the other" in finding.advice


def test_a_pipeline_built_for_each_epoch_is_not(tmp_path: pathlib.Path) -> None:
    (finding,) = found_in(tmp_path, "for i in range(9):\n    data = make(i)", line=2, batches=100, pipelines=10)
    assert (finding.id, round(finding.share, 2)) == ("input-bound", 0.2), "what it waits for, and not what it sets up"
    assert "also without .prefetch: " in finding.advice


@pytest.mark.parametrize(
    ("maps", "ops", "has_code"),
    [
        (("data = x.map(scale)",), "DecodeJpeg", True),
        (("data = x.map(scale)",), "RandomUniform", False),  # in what order it draws matters
        (("data = x.map(scale, num_parallel_calls=2)",), "DecodeJpeg", False),
        (("data = x.map(scale)", "more = x.map(crop)"), "DecodeJpeg", False),  # which is waited for is not known
    ],
)
def test_the_one_map_that_a_loop_waits_for_works_in_parallel(
    maps: tuple[str, ...], ops: str, has_code: bool, tmp_path: pathlib.Path
) -> None:
    source = "import tensorflow as tf\ndata = make(tf.data)\nmore = make()\nfor i in data:\n    step(i)\n"
    session = files.SessionFile(tmp_path)
    session.thread()
    module = session.sampled_definition("<module>", source)
    step = session.function("step", kind="tf.function")
    for number in range(50):
        session.call(step, number * 20 * MS, 1000, mode=words.Mode.GRAPH)
    for number, code in enumerate(maps):
        mapped = session.function(f"Dataset.map({code.partition('map(')[2][:5]})", kind="tf.data")
        made = session.chunk.functions[mapped].made_at
        session.chunk.functions[mapped].definition_id = 5 + number
        made.file, made.line, made.function, made.code = "train.py", 2 + number, "<module>", code
        session.trace(mapped, ordinal=1, start_ns=number * 10 * MS, duration_ns=1000)
        graph = session.chunk.graphs.add(graph_id=number, ops=2, own_ops=2)
        graph.op_types.add(type=ops, ops=2)
        session.chunk.traces[-1].graph_number = number + 1
    fetch, python = session.place(module, 4, "input", op="iterator_get_next"), session.place(module, 5, "python")
    for number in range(1, 1001):
        session.sample(number * MS, fetch if number % 10 < 5 else python)
    session.end(end_ns=1000 * MS)
    (run,) = reader.read(tmp_path).runs
    (finding,) = [finding for finding in finding_rules.check(run) if finding.severity != "info"]
    assert finding.id == "input-bound"
    assert (finding.fix is not None) == has_code
    if has_code:
        assert "data = x.map(scale, num_parallel_calls=tf.data.AUTOTUNE)" in str(finding.fix)


MAKER = """def encode(name, dataset):
    picked = dataset.map(lambda row: row[name])
    return picked.map(lambda row: row + 1)"""


@pytest.mark.parametrize(
    ("mapped", "line", "advised"), [("row[name]", 2, "once for each `name`,"), ("row + 1", 3, "once, before the loop,")]
)
def test_a_pipeline_that_uses_what_the_function_around_it_is_given_is_built_once_for_each_of_that(
    tmp_path: pathlib.Path, mapped: str, line: int, advised: str
) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    for number in range(5):
        function = session.function("Dataset.map(<lambda>)", kind="tf.data")
        made = session.chunk.functions[function]
        made.definition_id, made.line = 1, line
        made.made_at.file, made.made_at.line, made.made_at.function = "train.py", line, "encode"
        made.made_at.code, made.made_at.source, made.made_at.source_line = mapped, MAKER, 1
        session.trace(function, ordinal=1, start_ns=number * 100 * MS, duration_ns=50 * MS)
    session.end(end_ns=1000 * MS)
    (run,) = reader.read(tmp_path).runs
    (finding,) = [finding for finding in finding_rules.check(run) if finding.severity != "info"]
    assert finding.title == "A tf.data pipeline was built 5 times, and Dataset.map(<lambda>) traced each time"
    assert advised in finding.advice


def test_two_functions_of_one_pipeline_do_not_make_it_two(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    for number in range(10):
        function = session.function("Dataset.map(<lambda>)", kind="tf.data")
        made = session.chunk.functions[function]
        made.definition_id = made.line = made.made_at.line = 2 + number % 2
        made.made_at.file, made.made_at.function = "train.py", "encode"
        session.trace(function, ordinal=1, start_ns=number * 100 * MS, duration_ns=50 * MS)
    session.end(end_ns=1000 * MS)
    (run,) = reader.read(tmp_path).runs
    (finding,) = [finding for finding in finding_rules.check(run) if finding.severity != "info"]
    assert finding.title.startswith("A tf.data pipeline was built 5 times")


def test_a_dataset_that_is_begun_anew_for_each_batch_is_to_be_gone_through_once(tmp_path: pathlib.Path) -> None:
    (finding,) = found_in(tmp_path, "for i in range(9):\n    x = next(iter(data))", line=2, batches=10, pipelines=0)
    assert (finding.id, round(finding.share, 2)) == ("input-bound", 0.5), "setting up is a part of it"
    assert "train.py:2 begins the dataset anew" in finding.why
    assert "iter(dataset.repeat())" in finding.advice
    assert ".prefetch(" not in finding.advice


def test_a_part_of_a_dataset_now_and_then_is_as_it_should_be(tmp_path: pathlib.Path) -> None:
    source = "for i in range(9):\n    for x in data.take(2):\n        step(x)\n    for x in data:\n        step(x)"

    def taking(directory: pathlib.Path, *, whole: int) -> list[findings.Finding]:
        session = files.SessionFile(directory)
        session.thread()
        module, step = session.sampled_definition("<module>", source), session.function("step", kind="tf.function")
        for number in range(100):
            session.call(step, number * 10 * MS, 1000, mode=words.Mode.GRAPH)
        part, rest = session.place(module, 2, "input", op="make_iterator"), session.place(module, 4, "input", op="delete_iterator")
        python = session.place(module, 9, "python")
        for number in range(1, 1001):
            at = number % 100
            session.sample(number * MS, part if at < 20 else rest if at < 20 + whole else python)
        session.end(end_ns=1000 * MS)
        (run,) = reader.read(directory).runs
        return [finding for finding in finding_rules.check(run) if finding.severity != "info"]

    assert taking(tmp_path / "evaluation", whole=30) == []
    (finding,) = taking(tmp_path / "training", whole=0)
    assert finding.advice.startswith("Go through the dataset once")
