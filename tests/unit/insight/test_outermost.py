"""What the first screen says of a run beside findings: what it was in from outside, where to look, and what the time of definitions was."""

from __future__ import annotations

import pathlib

import pytest

from tests.support import files
from tfmodetrace.insight import answers, report, units
from tfmodetrace.log import reader
from tfmodetrace.schema import words

MS = 10**6


@pytest.fixture
def told(tmp_path: pathlib.Path) -> answers.Answers:
    """One second: ten calls of fit, 60 ms each, with a step in each that was traced in the first; then eager code that nobody recorded."""
    session = files.SessionFile(tmp_path)
    session.thread()
    fit, step, idle = session.function("fit"), session.function("step", kind="tf.function"), session.function("never")
    session.trace(step, ordinal=1, start_ns=6 * MS, duration_ns=2 * MS, call_id=1)
    trace = session.trace(step, ordinal=2, start_ns=10 * MS, duration_ns=30 * MS, call_id=1)
    for number in range(10):
        outer = session.call(fit, number * 60 * MS, 60 * MS, call_id=2 * number)
        session.call(
            step,
            (number * 60 + 5) * MS,
            (50 if number == 0 else 20) * MS,
            mode=words.Mode.GRAPH,
            parent=outer,
            depth=1,
            trace=trace if number == 0 else -1,
            call_id=2 * number + 1,
        )
    assert idle == 2
    script, eager = session.sampled_definition("<module>", file="/home/me/main.py"), session.sampled_definition("main.<locals>.update")
    running, waiting, inside = (
        session.place(eager, 3, "op", op="add"),
        session.place(script, 9, "idle"),
        session.place(eager, 4, "input"),
    )
    for time in range(5, 1000, 5):
        in_step = time < 600 and 5 < time % 60 < 25
        place = running if 600 <= time < 900 else waiting if time >= 900 else inside
        if not in_step:
            session.sample(time * MS, place, call=2 * (time // 60) if time < 600 else -1)
    session.end(end_ns=1000 * MS)
    return answers.Answers(reader.read(tmp_path).runs[0])


def test_what_the_main_thread_was_in_does_not_overlap(told: answers.Answers) -> None:
    first = told.first_lines
    assert first is not None
    fit, update = first.outermost
    assert (fit.name, fit.calls, fit.ns, fit.how) == ("fit", 10, 600 * MS, "measured")
    assert fit.text == "60% fit (10 calls)"
    assert (update.name, update.calls, update.how, update.definition_id) == ("update", None, "sampled", None)
    assert update.ns == pytest.approx(300 * MS, rel=0.02)
    assert update.text.startswith(f"{units.share(update.share)} ± ")
    assert first.outermost_text == f"{fit.text} · {update.text}"


def test_each_measured_part_leads_to_its_longest_stretch(told: answers.Answers) -> None:
    first = told.first_lines
    assert first is not None
    longest = {each.part: each.longest for each in first.bar}
    assert longest["tracing"] is not None
    assert (longest["tracing"].begin_ns, longest["tracing"].end_ns) == (10 * MS, 40 * MS)
    assert longest["graph"] is not None
    assert (longest["graph"].end_ns - longest["graph"].begin_ns) in (20 * MS, 50 * MS)
    assert longest["eager-ops"] is None, "what samples tell is in no one place"


def test_the_parts_of_a_definition_sum_to_its_wall_time(told: answers.Answers) -> None:
    described = report.of_run(told)
    rows = {row.name: row for row in described.definitions}
    assert all(sum(part.ns for part in row.parts) == row.wall_ns for row in described.definitions)
    assert {part.part: part.ns for part in rows["step"].parts} == {"tracing": 32 * MS, "graph": 198 * MS}
    inside = {part.part: part.ns for part in rows["fit"].parts}
    assert inside == {"tracing": 32 * MS, "graph": 198 * MS, "input": 370 * MS}
    assert rows["never"].parts == ()
    assert sum(part.share for part in rows["fit"].parts) == pytest.approx(rows["fit"].share)


def test_functions_definitions_and_findings_name_a_call_to_look_at(told: answers.Answers) -> None:
    described = report.of_run(told)
    functions = {function.name: function for function in described.functions}
    assert functions["step"].longest_call is not None
    assert functions["step"].longest_call.call_id == 1
    assert functions["fit"].longest_call is not None
    assert functions["fit"].longest_call.call_id == 0, "of equally long ones the first"
    assert functions["never"].longest_call is None
    for finding in described.findings:
        if finding.function_id == functions["step"].function_id:
            assert finding.call == functions["step"].longest_call


def test_a_definition_that_calls_itself_has_its_time_once(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    walk = session.function("walk")
    outer = session.call(walk, 0, 100 * MS, call_id=0)
    inner = session.call(walk, 10 * MS, 50 * MS, parent=outer, depth=1, call_id=1)
    session.call(walk, 20 * MS, 10 * MS, parent=inner, depth=2, call_id=2)
    session.end()
    (row,) = report.of_run(answers.Answers(reader.read(tmp_path).runs[0])).definitions
    assert [(part.part, part.ns) for part in row.parts] == [("eager-ops", 100 * MS)]
