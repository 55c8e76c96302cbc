from __future__ import annotations

import pathlib
import tempfile

import pytest
import rich.cells
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import files, told
from tfmodetrace.cli import main, screen
from tfmodetrace.insight import answers, plain, report
from tfmodetrace.log import reader

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200)


def record(logdir: pathlib.Path, names: list[str], *, traces: int = 0, errors: int = 0, message_lines: int = 0, again: int = 1) -> None:
    session = files.SessionFile(logdir)
    session.thread()
    at = 0
    for name in names:
        function = session.function(name, kind="tf.function" if traces else "function", parameters=("x", "n"))
        for number in range(traces):
            values = {"x": files.tensor("float32", 32, 8), "n": files.literal(number)}
            signature = session.signature(function, **values)
            call = session.call(function, at, 9 * 10**6, mode=1, signature=signature, trace=number)
            session.trace(
                function,
                ordinal=number + 1,
                call_id=call,
                start_ns=at,
                duration_ns=8 * 10**6,
                signature=signature,
                key=files.arguments(**values),
                called_by=f"{name}(x, n)",
            )
            at += 10**7
        for _ in range(again):
            session.call(function, at, 10**6, mode=1 if again > 1 else 0)
            at += 10**6
        at += 9 * 10**6
        for number in range(errors):
            session.error(function, message=f"{name} " * 30 + f"\n{number}" * message_lines)
    session.end()


def rows(logdir: str | pathlib.Path, *, width: int = 100) -> list[str]:
    (run,) = reader.read(logdir).runs
    return [row.plain for row in screen.rows(report.of_run(answers.Answers(run, profiled=True)), width=width, path=str(logdir))]


@settings(max_examples=40, deadline=None)
@given(names=st.lists(NAMES, max_size=30), traces=st.integers(0, 7), errors=st.integers(0, 3), lines=st.integers(0, 40))
def test_it_fits_whatever_was_recorded(names: list[str], traces: int, errors: int, lines: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        record(pathlib.Path(directory), names, traces=traces, errors=errors, message_lines=lines)
        for width in (80, 100, 120):
            shown = rows(directory, width=width)
            assert len(shown) <= screen.ROWS
            assert max(map(rich.cells.cell_len, shown)) <= width
            assert [row for row in shown if row != row.rstrip()] == []
            assert [row for row in shown if not row.isprintable()] == []


def test_wall_time_and_what_it_was_come_first(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path / "run1")
    session.thread()
    step = session.function("step", kind="tf.function")
    for number in range(90):
        session.call(step, number * 10**7, 10**7, mode=1)
    session.end()
    shown = rows(tmp_path)
    assert shown[0] == "run1  1 s wall time, complete"
    assert shown[1] == "█" * 90 + "▓" * 10
    assert shown[2] == "█ 90% graph execution   ▓ 10% outside recorded calls"
    assert shown[4] == "nothing to mend: 90% of 1 s is graph execution"


def test_what_costs_most_is_told_with_its_fix_before_the_tables(tmp_path: pathlib.Path) -> None:
    record(tmp_path, ["train_step", "other"], traces=7)
    shown = rows(tmp_path)
    titles = [number for number, row in enumerate(shown) if "is traced for every value of n" in row]
    table = next(number for number, row in enumerate(shown) if row.startswith("definition "))
    assert titles
    assert max(titles) < table
    assert any("tf.constant(n" in row for row in shown[titles[0] : table])
    assert "train_step traced again: n 0 → 1 → 2 → … (7)" in shown


def test_what_nobody_has_to_mend_is_told_with_its_fix_where_much_could_be_saved(tmp_path: pathlib.Path) -> None:
    record(tmp_path, ["train_step"], traces=20, again=400)  # each trace is used more than twenty times, which is normal
    shown = rows(tmp_path)
    (title,) = [number for number, row in enumerate(shown) if "could be saved: train_step is traced for every value of n" in row]
    assert shown[title].startswith("nothing has to be mended, but ")
    assert " lost · info · train.py:10 · python-scalar-argument" in shown[title + 1]
    table = next(number for number, row in enumerate(shown) if row.startswith("definition "))
    assert any("tf.constant(n" in row for row in shown[title:table])


def test_columns_that_hold_nothing_are_left_out_and_names_are_cut_in_the_middle(tmp_path: pathlib.Path) -> None:
    record(tmp_path, ["first_" + "x" * 100 + "_last"])
    (heading,) = [row for row in rows(tmp_path, width=80) if row.startswith("definition")]
    assert heading.split() == ["definition", "wall", "time", "share", "eager"]
    (row,) = [row for row in rows(tmp_path, width=80) if row.startswith("first_")]
    assert "…" in row
    assert "_last  " in row


def test_what_is_not_shown_is_counted(tmp_path: pathlib.Path) -> None:
    record(tmp_path, [f"f{number}" for number in range(25)])
    shown = rows(tmp_path)
    assert sum(row.startswith("f") for row in shown) == 10
    assert shown[-1] == "… 15 more definitions, 25 functions: --all"


def test_failures_come_first_with_their_line(tmp_path: pathlib.Path) -> None:
    record(tmp_path, ["load"], errors=2)
    shown = rows(tmp_path)
    (raised,) = [number for number, row in enumerate(shown) if row.startswith("raised ")]
    assert shown[raised] == "raised ValueError × 2 in load (eager)"
    assert "explain" not in shown[-1], "nothing is known of it that could be explained"
    assert raised < next(number for number, row in enumerate(shown) if row.startswith("definition"))
    assert not any("nothing to mend" in row for row in shown)


def test_where_ids_are_shown_the_last_row_says_what_explains_them(tmp_path: pathlib.Path) -> None:
    record(tmp_path, ["train_step"], traces=7)
    assert any(row.endswith("· python-scalar-argument") for row in rows(tmp_path))
    for width in (100, 60):
        assert rows(tmp_path, width=width)[-1].endswith("What an id means: tfmodetrace explain ID")


def test_every_number_is_one_of_the_reports(tmp_path: pathlib.Path) -> None:
    record(tmp_path, ["train_step", "other"], traces=7, errors=1)
    (run,) = reader.read(tmp_path).runs
    allowed = told.numbers_of(plain.plain(report.of_run(answers.Answers(run, profiled=True))))
    assert told.numbers_in("\n".join(rows(tmp_path))) - allowed == set()


def test_the_command_prints_the_screen_and_all_of_it_when_asked(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path, ["train_step", "other"], traces=2)
    assert main.main(["report", str(tmp_path)]) == 0
    screenful = capsys.readouterr().out.splitlines()
    assert "… 2 functions, 4 traces: --all" in screenful
    assert main.main(["report", str(tmp_path), "--function", "train_*"]) == 0
    chosen = capsys.readouterr().out
    assert "train_step" in chosen
    assert "other" not in chosen
    assert main.main(["report", str(tmp_path), "--function", "nothing"]) == 0
    assert "No function recorded in the run . matches nothing." in capsys.readouterr().err
