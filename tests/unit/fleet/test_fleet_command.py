"""``tfmodetrace fleet``: what it writes, what is found there in SQL, and what it says when it cannot."""

from __future__ import annotations

import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator

import pyarrow.parquet
import pytest

import tfmodetrace as tmt
from tests.support import files, fleets, sources
from tfmodetrace.cli import main
from tfmodetrace.fleet import schema, views
from tfmodetrace.schema import words


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    logdir = tmp_path_factory.mktemp("fleet") / "logs"
    for number in range(3):
        fleets.record(logdir / "old" / "x", worker=f"worker:{number}", pid=number + 1, hours=2, seed=number)
    fleets.record(logdir / "new", worker="worker:0", pid=9, seed=9, tensorflow="2.22.0", slower=3.0)
    return logdir


@pytest.fixture(scope="module")
def fleet(logdir: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    out = tmp_path_factory.mktemp("out") / "fleet"
    assert made(logdir, out) == 0
    return out


def made(logdir: pathlib.Path, out: pathlib.Path, *more: str) -> int:
    return main.main(["fleet", str(logdir), "--out", str(out), "--runner-option", "workers=1", *more])


def contents(out: pathlib.Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


# --- What is written ---------------------------------------------------------------------------------------------------------------------


def test_each_worker_has_a_file_an_hour_and_all_of_them_one_more(fleet: pathlib.Path) -> None:
    written = contents(fleet)
    assert len(written) == 5 * (3 * 2 + 1) + 5 * (2 + 1)
    for name, columns in schema.TABLES.items():
        file = fleet / f"fleet/v1/{name}/run=old%2Fx/hour=2023-11-14T22/worker=worker%3A1/digest.parquet"
        assert pyarrow.parquet.ParquetFile(file).schema_arrow.names == [column.name for column in columns]
        merged = pyarrow.parquet.ParquetFile(fleet / f"fleet/v1/merged/{name}/run=old%2Fx/hour=2023-11-14T22/workers.parquet")
        assert set(merged.read(["worker"]).column("worker").to_pylist()) == {"worker:0", "worker:1", "worker:2"}


def test_several_processes_give_the_same_bytes(logdir: pathlib.Path, fleet: pathlib.Path, tmp_path: pathlib.Path) -> None:
    script = "import sys\nfrom tfmodetrace.cli import main\nif __name__ == '__main__':\n    sys.exit(main.main(sys.argv[1:]))\n"
    (tmp_path / "run.py").write_text(script)
    command = [
        sys.executable,
        str(tmp_path / "run.py"),
        "fleet",
        str(logdir),
        "--out",
        str(tmp_path / "out"),
        "--runner-option",
        "workers=2",
    ]
    ran = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    assert ran.stdout.startswith("567 calls of 4 workers in 2 runs digested to ")
    assert contents(tmp_path / "out") == contents(fleet)


def test_what_is_digested_again_is_made_anew_and_the_rest_stays(logdir: pathlib.Path, fleet: pathlib.Path, tmp_path: pathlib.Path) -> None:
    # A directory of one run at a time, and one of them twice.
    for part in ("new", "old", "new"):
        assert main.main(["fleet", str(logdir / part), "--out", str(tmp_path), "--runner-option", "workers=1"]) == 0
    told = "select sum(calls)::bigint, count(distinct run) from fleet_digest"
    assert tmt.query(tmp_path, told).rows == tmt.query(fleet, told).rows == ((567, 2),)


def test_a_recording_that_goes_on_counts_once(tmp_path: pathlib.Path) -> None:
    growing = fleets.record(tmp_path / "logs" / "run", end=False)
    assert made(tmp_path / "logs", tmp_path / "out") == 0
    growing.call(0, 10**9, 5, mode=words.Mode.GRAPH)
    growing.end(end_ns=2 * 10**9)
    assert made(tmp_path / "logs", tmp_path / "out") == 0
    assert tmt.query(tmp_path / "out", "select sum(calls)::bigint from fleet_digest").rows == ((82,),)


def test_two_attempts_of_an_hour_are_merged_even_if_the_first_is_no_longer_there(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs, asked = (
        tmp_path / "logs",
        "select (select sum(calls)::bigint from fleet_digest), (select count(*) from fleet_clocks)",
    )
    first = fleets.record(logs / "run", pid=1)
    fleets.record(logs / "run", pid=2, seed=1)
    assert made(logs, tmp_path / "both") == 0
    assert tmt.query(tmp_path / "both", asked).rows == ((162, 2),)
    kept = first.path.read_bytes()
    first.path.unlink()
    assert made(logs, tmp_path / "out") == 0
    (second,) = (logs / "run" / words.EVENTS_DIRECTORY).iterdir()
    away = tmp_path / second.name
    shutil.move(second, away)
    first.path.write_bytes(kept)
    assert made(logs, tmp_path / "out") == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "both")
    # Of what has merged, one cannot be made anew without the other.
    capsys.readouterr()
    assert made(logs, tmp_path / "out") == 0
    assert "is left as it was: it holds recordings that are no longer there, with some that are." in capsys.readouterr().err
    assert contents(tmp_path / "out") == contents(tmp_path / "both")


def test_a_copy_of_a_recording_counts_once(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = fleets.record(tmp_path / "logs" / "run")
    shutil.copy(first.path, first.path.with_name(f"{first.path.name}.copy"))
    assert made(tmp_path / "logs", tmp_path / "out") == 0
    assert "A recording of worker:0 is there more than once" in capsys.readouterr().err
    assert tmt.query(tmp_path / "out", "select sum(calls)::bigint from fleet_digest").rows == ((81,),)


# --- What is asked -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", views.NAMES)
def test_every_table_can_be_asked(name: str, fleet: pathlib.Path) -> None:
    told = tmt.query(fleet, f"select * from {name}")
    shown = schema.VERSIONS if name == "fleet_versions" else (*schema.PARTITIONS, *schema.TABLES[name.removeprefix("fleet_")])
    assert list(told.columns) == [column.name for column in shown]
    assert len(told) > 0
    assert all(column is not None for column in told.rows[0][:2])


@pytest.mark.parametrize(
    "sql", re.findall(r"^```sql\n(.*?)^```$", (sources.ROOT / "docs" / "fleet.md").read_text(), re.MULTILINE | re.DOTALL)
)
def test_every_query_of_the_chapter_has_an_answer(sql: str, fleet: pathlib.Path) -> None:
    told = tmt.query(fleet, sql)
    assert len(told) > 0 or "having" in sql  # of workers that have all traced alike there is nothing to tell


def test_a_version_that_is_slower_shows(fleet: pathlib.Path) -> None:
    asked = (
        "select tensorflow, workers, calls, mean_ns, median_from_ns, median_below_ns, times_before "
        "from fleet_versions where function = 'train_step'"
    )
    old, new = sorted(tmt.query(fleet, asked).rows)
    assert (old[0], old[1], old[2]) == ("2.21.0", 3, 3 * 2 * 38)
    assert (new[0], new[1], new[2]) == ("2.22.0", 1, 38)
    for row in (old, new):
        assert row[4] < row[5] <= 1.1 * row[4]
    ratio = new[3] / old[3]
    assert ratio > 2
    assert (old[6], new[6]) in ((None, pytest.approx(ratio)), (pytest.approx(1 / ratio), None))


def test_the_median_lies_in_its_bucket(tmp_path: pathlib.Path) -> None:
    recorded = files.SessionFile(tmp_path / "logs" / "run")
    recorded.thread()
    function = recorded.function("f")
    for took in (1000, 2000, 5000, 7000, 90_000):
        recorded.call(function, 0, took)
    recorded.end()
    assert made(tmp_path / "logs", tmp_path / "out") == 0
    ((low, high, mean),) = tmt.query(tmp_path / "out", "select median_from_ns, median_below_ns, mean_ns from fleet_versions").rows
    assert low <= 5000 < high
    assert mean == 21_000


def test_a_fleet_and_recordings_are_asked_together(fleet: pathlib.Path, logdir: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = "select (select sum(calls) from fleet_digest)::bigint, (select count(*) from calls)"
    assert tmt.query([fleet, logdir], asked).rows == ((567, 567),)
    assert main.main(["query", str(fleet), "select sum(calls)::bigint as n from fleet_digest", "--csv"]) == 0
    assert capsys.readouterr().out.endswith("n\n567\n")
    with pytest.raises(
        tmt.QueryError, match=r"The tables are fleet_digest, fleet_traces, fleet_steps, fleet_clocks, fleet_errors, fleet_versions\."
    ):
        tmt.query(fleet, "select * from calls")


def test_a_question_about_a_fleet_reaches_its_tables_and_no_other_file(fleet: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tmp_path / "secret.csv").write_text("secret\ns3cret\n")
    for name in (tmp_path / "secret.csv", fleet / "fleet/v1/merged/../../../../secret.csv", pathlib.Path("/etc/passwd")):
        with pytest.raises(tmt.QueryError, match=r"disabled|Cannot access"):
            tmt.query(fleet, f"select * from read_text('{name}')")
    with pytest.raises(tmt.QueryError, match="Give one SELECT"):
        tmt.query(fleet, f"copy (select 1) to '{fleet}/fleet/v1/merged/x.csv'")
    assert tmt.query(fleet, "select value from duckdb_settings() where name = 'lock_configuration'").rows == (("true",),)


def test_a_fleet_of_which_nothing_failed_has_no_errors_and_still_the_table(tmp_path: pathlib.Path) -> None:
    recorded = files.SessionFile(tmp_path / "it's [a] *" / "run")
    recorded.thread()
    recorded.call(recorded.function("f"), 0, 5)
    recorded.end()
    assert made(tmp_path / "it's [a] *", tmp_path / "o'ut [b]") == 0
    assert tmt.query(tmp_path / "o'ut [b]", "select * from fleet_errors").rows == ()
    assert len(tmt.query(tmp_path / "o'ut [b]", "select * from fleet_digest")) == 1


# --- What cannot be done -----------------------------------------------------------------------------------------------------------------


def _missing(tmp_path: pathlib.Path) -> list[str]:
    return [str(tmp_path / "none")]


def _empty(tmp_path: pathlib.Path) -> list[str]:
    (tmp_path / "empty").mkdir()
    return [str(tmp_path / "empty")]


def _file(tmp_path: pathlib.Path) -> list[str]:
    (tmp_path / "file").touch()
    return [str(tmp_path / "file")]


def _two_of_one_name(tmp_path: pathlib.Path) -> list[str]:
    for place in ("a", "b"):
        fleets.record(tmp_path / place / "run")
    return [str(tmp_path / "a"), str(tmp_path / "b")]


def _damaged(tmp_path: pathlib.Path) -> list[str]:
    recorded = fleets.record(tmp_path / "bad" / "run")
    recorded.path.write_bytes(b"nothing of ours")
    return [str(tmp_path / "bad")]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (_missing, "none does not exist."),
        (_empty, "There is no recording in "),
        (_file, "file is no directory."),
        (_two_of_one_name, "Two runs are called run: "),
        (_damaged, "Nothing could be digested."),
    ],
)
def test_where_there_is_nothing_to_digest_nothing_is_written(
    given: Callable[[pathlib.Path], list[str]], said: str, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["fleet", *given(tmp_path), "--out", str(tmp_path / "out"), "--runner-option", "workers=1"]) == 1
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.out == ""
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_read_is_warned_of_and_the_rest_digested(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in (1, 2, 3):
        recorded = fleets.record(tmp_path / "logs" / "run", pid=number, worker=f"worker:{number}")
        if number == 1:
            recorded.path.write_bytes(recorded.path.read_bytes()[:-5])
        elif number == 2:
            recorded.path.write_bytes(b"nothing of ours")
    assert made(tmp_path / "logs", tmp_path / "out") == 0
    shown = capsys.readouterr()
    assert "of 2 workers in 1 run digested" in shown.out
    assert "ends in the middle of a record" in shown.err
    assert len(shown.err.splitlines()) == 2


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--runner-option", "workers"], 2, "--runner-option workers is not NAME=VALUE."),
        (["--runner-option", "threads=2"], 1, "has no option threads"),
        (["--runner-option", "workers=none"], 1, "workers=none is no number of processes."),
        (["--runner", "beam"], 1, "pip install 'tfmodetrace[beam]'"),
        (["--runner", "ray"], 1, "pip install 'tfmodetrace[ray]'"),
    ],
)
def test_what_a_runner_does_not_know_is_said(
    options: list[str],
    code: int,
    said: str,
    logdir: pathlib.Path,
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for engine in ("apache_beam", "ray"):
        monkeypatch.setitem(sys.modules, engine, None)
    assert main.main(["fleet", str(logdir), "--out", str(tmp_path / "out"), *options]) == code
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_without_duckdb_it_is_said_what_to_install(
    logdir: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert made(logdir, tmp_path / "out") == 1
    assert "pip install 'tfmodetrace[query]'" in capsys.readouterr().err


def test_a_directory_that_cannot_be_made_or_is_a_file(
    logdir: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    for out, why in (("none/out", "No such file or directory"), ("file", "Not a directory"), ("gs://bucket/out", "it is no directory")):
        given = out if "://" in out else str(tmp_path / out)
        assert main.main(["fleet", str(logdir), "--out", given, "--runner-option", "workers=1"]) == 5
        assert why in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may grow beyond 2500 bytes, as if the disk were full then."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2500, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_is_full_leaves_what_was_there(
    logdir: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    assert made(logdir / "new", tmp_path) == 0
    before = contents(tmp_path)
    capsys.readouterr()
    request.getfixturevalue("small_files")
    assert made(logdir, tmp_path) == 5
    assert (
        capsys.readouterr().err
        == f"{tmp_path} cannot be written: File too large. Nothing was changed there; give another place with --out.\n"
    )
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["fleet"]


def test_an_interruption_leaves_nothing(logdir: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tfmodetrace.fleet.work.finished", interrupted)
    assert made(logdir, tmp_path / "out") == 130
    assert list(tmp_path.iterdir()) == []


def test_the_command_imports_nothing_that_it_does_not_need() -> None:
    heavy = "{'pyarrow', 'duckdb', 'tensorflow', 'ray', 'apache_beam'}"
    code = f"import sys, tfmodetrace.cli.fleet, tfmodetrace.fleet.making; sys.exit(bool({heavy} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
