"""Questions in SQL: what they are answered, and what they cannot reach."""

from __future__ import annotations

import csv
import io
import json
import pathlib
import sys

import pytest

import tfmodetrace as tmt
from tests.support import exported
from tfmodetrace import querying
from tfmodetrace.cli import main
from tfmodetrace.export import arrow, schema


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    logdir = tmp_path_factory.mktemp("query")
    exported.session(logdir / "a", pid=7)
    exported.session(logdir / "b", pid=9, seed=2, calls=20)
    return logdir


def test_one_question_about_several_runs(logdir: pathlib.Path) -> None:
    log = tmt.read(logdir)
    told = tmt.query(logdir, "select run, count(*) as calls, sum(duration_ns)::bigint as ns from calls group by run order by run")
    assert told.columns == ("run", "calls", "ns")
    assert told.rows == tuple((run.name, len(run.calls), int(run.calls.duration_ns.sum())) for run in log.runs)
    assert len(told) == 2


def test_runs_of_several_logs_are_called_after_where_they_were_read(logdir: pathlib.Path) -> None:
    ours = "select run, count(*) from calls group by run order by run"
    told = tmt.query([logdir / "a", logdir / "b"], ours)
    assert [run for run, _ in told.rows] == [str(logdir / "a"), str(logdir / "b")]
    # What is in a directory and in one above it is not counted twice.
    assert tmt.query([logdir / "a", logdir / "b", logdir, f"{logdir}/./b"], ours).rows == told.rows
    with pytest.raises(tmt.QueryError, match="There is no run to ask"):
        tmt.query([], ours)
    assert tmt.query(logdir / "a", "select run from runs").rows == ((".",),)


@pytest.mark.parametrize("name", schema.TABLES)
def test_every_table_can_be_asked_and_joined_with_the_runs(name: str, logdir: pathlib.Path) -> None:
    told = tmt.query(tmt.read(logdir), f"SELECT t.* FROM {name.upper()} AS t JOIN (SELECT run AS r FROM runs) ON t.run = r")
    assert list(told.columns) == [column.name for column in schema.TABLES[name]]
    assert len(told) > 0


def test_a_log_that_is_asked_again_is_not_made_into_tables_again(logdir: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmt.read(logdir)
    made: list[str] = []
    of_run = arrow.of_run

    def counted(name, source, **options):
        made.append(name)
        return of_run(name, source, **options)

    monkeypatch.setattr(arrow, "of_run", counted)
    for _ in range(2):
        tmt.query(log, "with mine as (select * from calls) select count(*) from mine")
    assert made == ["calls", "calls"]  # one a run, and nothing that was not asked for
    tmt.query(logdir, "select count(*) from calls")
    assert len(made) == 4


@pytest.mark.parametrize(
    "sql",
    [
        "select 1; select 2",
        "",
        ";",
        "copy calls to '{file}'",
        "copy (select 1) to '{file}' (format parquet)",
        "attach '{file}' as other",
        "create table mine as select 1",
        "create view calls as select 1",
        "insert into calls select * from calls",
        "delete from calls",
        "update calls set mode = 'x'",
        "drop view calls",
        "install httpfs",
        "load httpfs",
        "pragma version",
        "call pragma_version()",
        "set threads = 1",
        "set enable_external_access = true",
        "reset lock_configuration",
        "export database '{file}'",
        "import database '{file}'",
        "checkpoint",
        "vacuum",
        "begin",
        "prepare mine as select 1",
        "explain analyze select 1",
        "use memory",
    ],
)
def test_what_is_not_one_select_is_refused(sql: str, logdir: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with pytest.raises(tmt.QueryError, match=r"Give one SELECT; its tables are runs, calls, traces"):
        tmt.query(logdir, sql.format(file=tmp_path / "written"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('{file}')",
        "select * from read_text('{file}')",
        "select * from read_blob('{file}')",
        "select * from read_json('{file}')",
        "select * from read_parquet('{file}')",
        "select * from '{file}'",
        '''select * from "{file}"''',
        "select * from glob('{directory}/*')",
        "select * from sniff_csv('{file}')",
        "select * from read_csv('https://example.com/x.csv')",
        "select * from 'https://example.com/x.csv'",
        "select * from query('select * from read_text(''{file}'')')",
        "select * from query_table(['{file}'])",
        "with x as (copy calls to '{file}') select * from x",
        "with x as (insert into calls select * from calls returning run) select * from x",
        "select getenv('HOME')",
        "select * from secret_variable",
        "select * from duckdb_secrets()",
    ],
)
def test_a_select_reaches_no_file_address_variable_or_setting(sql: str, logdir: pathlib.Path, tmp_path: pathlib.Path) -> None:
    import pandas as pd

    secret_variable = pd.DataFrame({"secret": ["s3cret"]})  # DuckDB would find it by its name
    file = tmp_path / "secret.csv"
    file.write_text("secret\ns3cret\n")
    with pytest.raises(tmt.QueryError) as raised:
        tmt.query(logdir, sql.format(file=file, directory=tmp_path))
    assert "s3cret" not in str(raised.value).replace(str(file), "")
    assert len(secret_variable) == 1
    assert file.read_text() == "secret\ns3cret\n"
    assert list(tmp_path.iterdir()) == [file]


def test_settings_cannot_be_changed_by_what_a_select_calls(logdir: pathlib.Path) -> None:
    locked = "select name, value from duckdb_settings() where name in ('enable_external_access', 'lock_configuration') order by name"
    assert tmt.query(logdir, locked).rows == (("enable_external_access", "false"), ("lock_configuration", "true"))


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select nothing from calls", 'Referenced column "nothing" not found'),
        ("select * from callz", "The tables are runs, calls, traces, definitions, errors, findings, samples."),
        ("selekt 1", 'syntax error at or near "selekt"'),
        ("select 1 / 'a'", "DuckDB cannot answer this."),
    ],
)
def test_a_mistake_is_told_in_words(sql: str, said: str, logdir: pathlib.Path) -> None:
    with pytest.raises(tmt.QueryError) as raised:
        tmt.query(logdir, sql)
    assert said in str(raised.value)


def test_without_duckdb_it_is_said_what_to_install(logdir: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for missing in ("duckdb", "pyarrow"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, missing, None)
            with pytest.raises(tmt.QueryError, match=r"pip install 'tfmodetrace\[query\]'"):
                tmt.query(logdir, "select 1")


# --- The command -------------------------------------------------------------------------------------------------------------------------

_ASKED = "select mode, count(*) as calls, avg(duration_ns) as mean, null as nothing from calls where run = 'a' group by mode order by mode"


def test_the_command_prints_a_table(logdir: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["query", str(logdir), _ASKED]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["mode", "calls", "mean", "nothing"]
    assert [line.split()[0] for line in lines[1:]] == ["eager", "graph"]
    assert len({len(line[: line.index("calls") + 5]) for line in lines[:1]}) == 1
    ends = {line.rindex(line.split()[1]) + len(line.split()[1]) for line in lines}
    assert len(ends) == 1  # numbers end in one column


def test_the_command_prints_csv_and_json(logdir: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["query", str(logdir), _ASKED, "--csv"]) == 0
    header, *rows = csv.reader(io.StringIO(capsys.readouterr().out))
    assert main.main(["query", "--json", str(logdir), _ASKED]) == 0
    told = json.loads(capsys.readouterr().out)
    assert header == told["columns"] == ["mode", "calls", "mean", "nothing"]
    assert [row[0] for row in rows] == [row[0] for row in told["rows"]] == ["eager", "graph"]
    assert told["rows"][0][3] is None
    assert rows[0][3] == ""
    assert float(rows[0][2]) == told["rows"][0][2]


def test_what_json_has_no_word_for_is_null_or_text(logdir: pathlib.Path) -> None:
    told = tmt.query(logdir, "select 'nan'::double, [1, 2], {'a': 1}, timestamp '2026-01-02', 1.5::decimal(4, 2), 170::hugeint, true")
    assert told.to_dict()["rows"] == [[None, [1, 2], {"a": 1}, "2026-01-02 00:00:00", "1.50", 170, True]]
    assert json.loads(json.dumps(told.to_dict(), allow_nan=False)) == told.to_dict()
    assert told.to_pandas().shape == (1, 7)


def test_escapes_in_names_do_not_reach_the_terminal(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.support import files

    made = files.small_run(tmp_path)
    files.add_escapes(made.path)
    assert main.main(["query", str(tmp_path), "select distinct function from calls"]) == 0
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("sql", "code", "said"), [("select 1; select 2", 2, "Give one SELECT"), ("select x from calls", 2, '"x" not found')]
)
def test_the_command_says_what_is_wrong(sql: str, code: int, said: str, logdir: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["query", str(logdir), sql]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err


def test_a_missing_run_among_several_ends_the_command(
    logdir: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["query", str(logdir), str(tmp_path / "none"), "select 1"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"{tmp_path / 'none'} does not exist." in shown.err


def test_a_result_shows_itself() -> None:
    told = querying.QueryResult(("name", "n"), (("a", 1), ("bcd", None), (None, 20)))
    assert str(told) == "name   n\na      1\nbcd\n      20"
    assert repr(told) == "<QueryResult: 2 columns, 3 rows>"
    assert str(querying.QueryResult(("name",), ())) == "name"
