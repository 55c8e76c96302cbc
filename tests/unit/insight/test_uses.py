"""Which calls are said to have run what a trace made: only those that surely did."""

from __future__ import annotations

import pathlib

import pytest

from tests.support import files
from tfmodetrace.insight import uses
from tfmodetrace.log import reader
from tfmodetrace.schema import words

GRAPH, EAGER, XLA = words.Mode.GRAPH, words.Mode.EAGER, words.Mode.XLA


def first_uses(made: files.SessionFile, logdir: pathlib.Path, at_most: int = 10) -> dict[int, list[int]]:
    """The call ids, by trace id."""
    made.end()
    (run,) = reader.read(logdir).runs
    return {trace: run.calls.call_id[rows].tolist() for trace, rows in uses.first_uses(run, at_most=at_most).items()}


@pytest.fixture
def made(tmp_path: pathlib.Path) -> files.SessionFile:
    made = files.SessionFile(tmp_path)
    made.thread()
    for name in ("step", "other"):
        made.function(name, kind="tf.function", parameters=("x",))
    for function in (0, 0, 1):
        made.signature(function, x=files.tensor("float32", made._ids["signature"] + 1))
    return made


def test_calls_after_a_trace_with_its_signature_in_a_graph(made: files.SessionFile, tmp_path: pathlib.Path) -> None:
    causing = made.call(0, 0, 50, mode=GRAPH, signature=0, trace=0)
    made.trace(0, ordinal=1, start_ns=5, duration_ns=20, call_id=causing, signature=0)
    use = made.call(0, 60, 10, mode=GRAPH, signature=0)
    made.call(0, 80, 10, mode=GRAPH, signature=1)  # of another signature
    made.call(1, 90, 10, mode=GRAPH, signature=2)  # of another function
    made.call(0, 100, 10, mode=EAGER, signature=0)  # of no graph
    later = made.call(0, 120, 10, mode=XLA, signature=0)
    assert first_uses(made, tmp_path) == {0: [use, later]}


def test_what_comes_after_the_next_trace_is_not_sure(made: files.SessionFile, tmp_path: pathlib.Path) -> None:
    for ordinal, signature in ((1, 0), (2, 1)):
        start_ns = 100 * ordinal
        causing = made.call(0, start_ns, 50, mode=GRAPH, signature=signature, trace=ordinal - 1)
        made.trace(0, ordinal=ordinal, start_ns=start_ns + 5, duration_ns=20, call_id=causing, signature=signature)
        made.call(0, start_ns + 60, 10, mode=GRAPH, signature=0)
    assert first_uses(made, tmp_path) == {0: [1]}


def test_no_more_than_are_wanted_and_the_first(made: files.SessionFile, tmp_path: pathlib.Path) -> None:
    made.trace(0, ordinal=1, start_ns=5, duration_ns=20, signature=0)
    calls = [made.call(0, 100 - 10 * number, 5, mode=GRAPH, signature=0) for number in range(5)]
    assert first_uses(made, tmp_path, at_most=2) == {0: calls[:2:-1]}


def test_a_trace_whose_signature_or_end_is_not_known_has_none(made: files.SessionFile, tmp_path: pathlib.Path) -> None:
    made.trace(0, ordinal=1, start_ns=5, duration_ns=20)
    made.call(0, 100, 5, mode=GRAPH, signature=0)
    assert first_uses(made, tmp_path) == {}
