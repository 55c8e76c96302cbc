from __future__ import annotations

import pathlib

import pytest

from tests.support import files
from tfmodetrace.insight import answers, first_lines, sources
from tfmodetrace.log import reader
from tfmodetrace.schema import words


def test_a_failed_trace_is_told_as_the_failure_that_it_is(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    step = session.function("step", kind="tf.function")
    for number in range(3):
        call = session.call(step, number * 10**8, 9 * 10**7, mode=words.Mode.GRAPH, flags=int(words.CallFlag.RAISED))
        session.error(step, call_id=call, mode=words.Mode.TRACING, time_ns=number * 10**8)
    session.end()
    told = answers.Answers(reader.read(tmp_path).runs[0])
    assert [finding.id for finding in told.findings if finding.severity != "info"] == ["failed-trace"]
    assert told.first_lines is not None
    assert told.first_lines.matter == ()
    assert told.first_lines.nothing_to_mend is None


def test_nothing_is_said_of_time_of_which_nothing_is_known(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    session.call(session.function("step", kind="tf.function"), 0, 10**8, mode=words.Mode.GRAPH)
    session.end()
    told = answers.Answers(reader.read(tmp_path).runs[0]).first_lines
    assert told is not None
    assert told.nothing_to_mend == "nothing to mend in what was recorded; 90% of 1 s is outside of it"


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("model.fit(x, y)", True),
        ("history = self.models.first.fit(x)", True),
        ("make_model(classes=9).fit(x)", False),
        ("(a or b).fit(x)", False),
        ("models[0].fit(x)", True),
        ("models[next(numbers)].fit(x)", False),
    ],
)
def test_only_what_has_a_name_is_the_same_object_in_the_line_before(code: str, named: bool) -> None:
    found = sources.call_on(code, "fit")
    assert found is not None
    assert found.is_of_a_name == named


def test_where_input_or_eager_ops_are_the_longest_part_it_is_said_what_that_is() -> None:
    def told(part: words.BudgetPart) -> str | None:
        slices = [first_lines.Slice(part=part, name=part, ns=6, share=0.6, text="60%", how="sampled", plus_minus="± 1%", longest=None)]
        return first_lines._nothing_to_mend(slices, "1 s", None)

    assert told("input") == (
        "nothing to mend was found; the longest part, 60% of 1 s, is input: datasets that are begun and ended, and batches that are "
        "fetched, none for long"
    )
    assert told("eager-ops") == (
        "nothing to mend was found; the longest part, 60% of 1 s, is eager calls and ops, which ran once, few in a row, or long each"
    )
    assert told("graph") == "nothing to mend: 60% of 1 s is graph"
