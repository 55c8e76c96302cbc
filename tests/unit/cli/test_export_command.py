"""``tfmodetrace export``: what it writes where, what it keeps back, and what it says when it cannot."""

from __future__ import annotations

import gzip
import json
import os
import pathlib
import re
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support import exported, files, perfetto_files
from tfmodetrace.cli import main
from tfmodetrace.export import parquet, schema
from tfmodetrace.schema import words

FORMATS = ("perfetto", "speedscope", "parquet")


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    logdir = tmp_path_factory.mktemp("export") / "logs"
    exported.session(logdir / "a", pid=7)
    exported.session(logdir / "b", pid=9, seed=2, calls=20)
    return logdir


@pytest.fixture
def here(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(place: pathlib.Path) -> list[bytes]:
    """Everything that lies below a directory, as it is before any compression."""
    found = []
    for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
        if file.suffix == ".parquet":
            import pyarrow.parquet

            table = pyarrow.parquet.read_table(file)
            found.append(json.dumps(table.to_pylist(), default=str).encode() + str(table.schema).encode())
        elif file.is_file():
            data = file.read_bytes()
            found.append(gzip.decompress(data) if file.suffix == ".gz" else data)
    return found


# --- What is written ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "name"), [("perfetto", "a.perfetto-trace.gz"), ("speedscope", "a.speedscope.json"), ("parquet", "a-parquet")]
)
def test_an_export_is_called_as_its_run_and_said_where_to_open(
    to: str, name: str, logdir: pathlib.Path, here: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["export", str(logdir / "a"), "--to", to]) == 0
    assert [each.name for each in here.iterdir()] == [name]
    shown = capsys.readouterr()
    assert shown.out.startswith(f"1 run with 307 calls written to {name}.")
    assert shown.err == ""
    mask = os.umask(0)
    os.umask(mask)
    for file in here.rglob("*"):
        assert stat.S_IMODE(file.stat().st_mode) == (0o777 if file.is_dir() else 0o666) & ~mask


def test_a_file_that_does_not_end_in_gz_is_not_compressed(logdir: pathlib.Path, here: pathlib.Path) -> None:
    for name in ("plain.pftrace", "small.pftrace.gz"):
        assert main.main(["export", str(logdir / "a"), "--to", "perfetto", "--output", name]) == 0
    plain, small = (here / "plain.pftrace").read_bytes(), (here / "small.pftrace.gz").read_bytes()
    assert gzip.decompress(small) == plain
    assert len(perfetto_files.read(plain).slices) == 309


def test_a_run_is_chosen_where_there_are_several(logdir: pathlib.Path, here: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    for to in ("perfetto", "speedscope"):
        assert main.main(["export", str(logdir), "--to", to]) == 2
        assert "Choose with --run from a, b." in capsys.readouterr().err
        assert list(here.iterdir()) == []
    assert main.main(["export", str(logdir), "--to", "perfetto", "--run", "b"]) == 0
    assert main.main(["export", str(logdir), "--to", "parquet"]) == 0
    assert {each.name for each in here.iterdir()} == {"b.perfetto-trace.gz", "logs-parquet"}
    assert {each.name for each in (here / "logs-parquet").iterdir()} == {f"{name}.parquet" for name in schema.TABLES}


def test_what_was_there_is_replaced_and_what_is_not_ours_stays(logdir: pathlib.Path, here: pathlib.Path) -> None:
    (here / "out.json").write_text("old")
    (here / "tables").mkdir()
    (here / "tables" / "calls.parquet").write_text("old")
    (here / "tables" / "mine.txt").write_text("mine")
    assert main.main(["export", str(logdir / "a"), "--to", "speedscope", "--output", "out.json"]) == 0
    assert main.main(["export", str(logdir / "a"), "--to", "parquet", "--output", "tables"]) == 0
    assert json.loads((here / "out.json").read_text())["name"] == "a"
    assert (here / "tables" / "mine.txt").read_text() == "mine"
    assert (here / "tables" / "calls.parquet").read_bytes()[:4] == b"PAR1"


def test_a_recording_that_was_cut_off_is_exported_with_a_warning(
    tmp_path: pathlib.Path, here: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = files.small_run(tmp_path / "log")
    made.path.write_bytes(made.path.read_bytes() + b"\x07\x00\x00")
    assert main.main(["export", str(tmp_path / "log"), "--to", "perfetto", "--output", "out.gz"]) == 0
    assert "ends in the middle of a record" in capsys.readouterr().err
    assert len(perfetto_files.read((here / "out.gz").read_bytes()).slices) == 7


def test_a_run_whose_name_could_lead_elsewhere_stays_here(tmp_path: pathlib.Path, here: pathlib.Path) -> None:
    exported.session(here / "deep" / "er" / "rün: 1", pid=7)
    assert main.main(["export", str(here / "deep"), "--to", "speedscope"]) == 0
    assert (here / "er-rün--1.speedscope.json").exists()


# --- What is kept back -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", FORMATS)
def test_planted_secrets_are_there_unless_they_are_kept_back(to: str, logdir: pathlib.Path, here: pathlib.Path) -> None:
    planted = {"source": exported.SOURCE, "values": exported.VALUE, "message": exported.MESSAGE}
    seen = {}
    for level in ("none", "source", "values"):
        place = here / level
        place.mkdir()
        output = place / {"perfetto": "out.gz", "speedscope": "out.json", "parquet": "out"}[to]
        assert main.main(["export", str(logdir / "a"), "--to", to, "--output", str(output), "--confidential", level]) == 0
        data = written(place)
        assert data
        seen[level] = {name for name, text in planted.items() if any(text.encode() in each for each in data)}
    nothing: set[str] = set()
    if to == "speedscope":  # which has names only
        assert seen == {"none": nothing, "source": nothing, "values": nothing}
    else:
        assert seen == {"none": set(planted), "source": {"values"}, "values": nothing}


@pytest.mark.parametrize("to", FORMATS)
def test_of_what_is_recorded_only_names_are_told_where_values_are_kept_back(to: str, here: pathlib.Path) -> None:
    exported.session(here / "log", pid=7)
    (file,) = (here / "log" / words.EVENTS_DIRECTORY).iterdir()
    assert exported.plant(file) >= {"source", "text", "message", "code", "captures"}
    output = {"perfetto": "out.gz", "speedscope": "out.json", "parquet": "out"}[to]
    assert main.main(["export", str(here / "log"), "--to", to, "--output", output]) == 0
    if to != "speedscope":  # which has names only
        assert any(exported.PLANTED.encode() in each for each in written(here / output))
    assert main.main(["export", str(here / "log"), "--to", to, "--output", output, "--confidential", "values"]) == 0
    assert not any(exported.PLANTED.encode() in each for each in written(here / output))


def test_names_shapes_and_numbers_stay(logdir: pathlib.Path, here: pathlib.Path) -> None:
    assert main.main(["export", str(logdir / "a"), "--to", "perfetto", "--output", "out.gz", "--confidential", "values"]) == 0
    file = perfetto_files.read((here / "out.gz").read_bytes())
    (told,) = [each for each in file.slices if each.name == "trace 2 of step"]
    assert told.said["reason"] == "python-value"
    assert told.said["signature"] == "(x: float32[17, 8], mode: str, options: {…: str})"
    assert file.instants[0].said["diagnosis"]


# --- What cannot be done -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", FORMATS)
def test_where_nothing_can_be_read_nothing_is_written(to: str, here: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["export", str(here / "none"), "--to", to]) == 1
    assert f"{here / 'none'} does not exist." in capsys.readouterr().err
    assert list(here.iterdir()) == []


def test_a_run_that_is_not_there_is_named_with_those_that_are(
    logdir: pathlib.Path, here: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["export", str(logdir), "--to", "parquet", "--run", "c*"]) == 1
    assert "is called c*; there are: a, b." in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--to", "excel"], ["--to", "parquet", "--confidential", "all"]])
def test_a_format_or_level_that_there_is_none_of_is_wrong_usage(
    arguments: list[str], logdir: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["export", str(logdir), *arguments]) == 2
    assert "usage: tfmodetrace export" in capsys.readouterr().err


def test_a_newer_recording_among_others_is_named_and_the_rest_exported(
    logdir: pathlib.Path, tmp_path: pathlib.Path, here: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    exported.session(tmp_path / "log" / "old", pid=7)
    with monkeypatch.context() as patch:
        patch.setattr(words, "SCHEMA_MAJOR", words.SCHEMA_MAJOR + 1)
        files.small_run(tmp_path / "log" / "newer")
    assert main.main(["export", str(tmp_path / "log"), "--to", "parquet", "--output", "out"]) == 0
    shown = capsys.readouterr()
    assert "newer" in shown.err
    assert shown.out.startswith("1 run with 307 calls")


@pytest.mark.parametrize("to", FORMATS)
def test_where_nothing_may_be_written_a_sentence_says_so(
    to: str, logdir: pathlib.Path, here: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for output, why in (("none/out", "No such file or directory"), ("file/out", "Not a directory")):
        (here / "file").write_text("")
        assert main.main(["export", str(logdir / "a"), "--to", to, "--output", output]) == 5
        shown = capsys.readouterr()
        assert shown.out == ""
        assert shown.err == f"{output} cannot be written: {why}. Nothing was changed there; give another place with --output.\n"
        assert [each.name for each in here.iterdir()] == ["file"]


def test_a_directory_is_no_file_and_a_file_no_directory(
    logdir: pathlib.Path, here: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "directory").mkdir()
    (here / "file").write_text("mine")
    assert main.main(["export", str(logdir / "a"), "--to", "perfetto", "--output", "directory"]) == 5
    assert "directory is a directory." in capsys.readouterr().err
    assert main.main(["export", str(logdir / "a"), "--to", "parquet", "--output", "file"]) == 5
    assert "file is a file." in capsys.readouterr().err
    assert (here / "file").read_text() == "mine"


@pytest.mark.parametrize("to", FORMATS)
def test_a_directory_that_may_not_be_written_to(
    to: str, logdir: pathlib.Path, here: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Root may write to any directory but those of the kernel's.
    locked = here / "locked" if os.geteuid() else pathlib.Path("/sys")
    locked.mkdir(mode=0o500, exist_ok=True)
    assert main.main(["export", str(logdir / "a"), "--to", to, "--output", str(locked / "out")]) == 5
    said = capsys.readouterr().err
    assert re.fullmatch(r"\S+/out cannot be written: (Permission denied|Operation not permitted)\. Nothing was changed there; .*\n", said)


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may grow beyond 4 kB, as if the disk were full then. Python leaves the signal alone and the system says EFBIG."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_files")
@pytest.mark.parametrize("to", FORMATS)
def test_a_disk_that_is_full_leaves_what_was_there_and_nothing_half_written(
    to: str, logdir: pathlib.Path, here: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = here / ("out" if to == "parquet" else "out.pftrace")
    if to == "parquet":
        target.mkdir()
        (target / "calls.parquet").write_text("mine")
    else:
        target.write_text("mine")
    before = {path: path.read_text() for path in here.rglob("*") if path.is_file()}
    assert main.main(["export", str(logdir / "a"), "--to", to, "--output", str(target)]) == 5
    assert (
        capsys.readouterr().err
        == f"{target} cannot be written: File too large. Nothing was changed there; give another place with --output.\n"
    )
    assert {path: path.read_text() for path in here.rglob("*") if path.is_file()} == before


def test_an_interruption_leaves_nothing(logdir: pathlib.Path, here: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow.parquet

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pyarrow.parquet, "write_table", interrupted)
    assert main.main(["export", str(logdir / "a"), "--to", "parquet"]) == 130
    monkeypatch.setattr("tfmodetrace.export.speedscope.write", interrupted)
    assert main.main(["export", str(logdir / "a"), "--to", "speedscope"]) == 130
    assert list(here.iterdir()) == []


def test_parquet_without_pyarrow_says_what_to_install(
    logdir: pathlib.Path, here: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert main.main(["export", str(logdir / "a"), "--to", "parquet"]) == 5
    assert "pip install 'tfmodetrace[parquet]'" in capsys.readouterr().err
    assert list(here.iterdir()) == []


def test_more_calls_than_speedscope_opens_are_written_with_a_warning(
    logdir: pathlib.Path, here: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tfmodetrace.export.speedscope.MOST_CALLS", 100)
    assert main.main(["export", str(logdir / "a"), "--to", "speedscope"]) == 0
    assert "307 calls make a file that speedscope cannot open" in capsys.readouterr().err


def test_neither_command_imports_what_it_does_not_need() -> None:
    code = (
        "import sys, tfmodetrace.cli.export, tfmodetrace.cli.query; sys.exit(bool({'pyarrow', 'duckdb', 'tensorflow'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert parquet.write.__module__ == "tfmodetrace.export.parquet"
