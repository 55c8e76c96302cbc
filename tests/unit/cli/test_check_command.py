"""``tfmodetrace check``: what it fails on, what it writes where, and what it says of files that it cannot read or write."""

from __future__ import annotations

import errno
import json
import os
import pathlib
from typing import Any

import pytest

from tests.support import checked, files
from tfmodetrace.cli import files as cli_files
from tfmodetrace.cli import main


@pytest.fixture
def logdir(tmp_path: pathlib.Path) -> pathlib.Path:
    checked.retraced(tmp_path / "log")
    return tmp_path / "log"


def check(*arguments: object) -> int:
    return main.main(["check", *map(str, arguments)])


def test_alone_it_fails_on_what_is_of_high_severity(
    logdir: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(logdir) == 3
    assert "(high, python-scalar-argument; 20% of the wall time, 200 ms)" in capsys.readouterr().out
    checked.retraced(tmp_path / "cheap", tracing_ns=10**6)
    assert check(tmp_path / "cheap") == 0
    told = capsys.readouterr().out
    assert "Not failing the check:" in told
    assert told.splitlines()[-1].startswith("OK: 1 function, 3 traces in ")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--fail-on", "low"], 3),
        (["--fail-on", "none"], 0),
        (["--max-traces", "3"], 0),
        (["--max-traces", "3", "--fail-on", "high"], 3),
        (["--max-traces", "2"], 3),
        (["--max-tracing-share", "1"], 0),
        (["--function", "other"], 0),
    ],
)
def test_limits_fail_alone_unless_severities_are_asked_for_too(arguments: list[str], code: int, logdir: pathlib.Path) -> None:
    assert check(logdir, *arguments) == code


@pytest.mark.parametrize(
    ("name", "begins"),
    [("github", "::error "), ("markdown", "### ❌"), ("junit", "<?xml"), ("sarif", "{"), ("text", "/home/me")],
)
def test_each_format_goes_to_stdout_or_into_a_file(
    name: str, begins: str, logdir: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(logdir, "--format", name, "--root", tmp_path) == 3
    printed = capsys.readouterr().out
    assert printed.startswith(begins)
    assert check(logdir, "--format", name, "--root", tmp_path, "--output", tmp_path / "report") == 3
    assert (tmp_path / "report").read_text() == printed
    assert capsys.readouterr().out.startswith("FAILED: 1 problem: ")


def test_a_baseline_is_written_and_then_only_what_is_new_fails(
    logdir: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = tmp_path / "baseline.json"
    assert check(logdir, "--write-baseline", known) == 0
    assert check(logdir, "--baseline", known) == 0
    assert "no new problem of high severity (beside 1 known problem)" in capsys.readouterr().out
    checked.retraced(tmp_path / "more", ("step", "other"), line=50)
    assert check(tmp_path / "more", "--baseline", known) == 3
    assert "1 new problem" in capsys.readouterr().out
    # To write it anew is no way to hide what is new from the same check.
    assert check(tmp_path / "more", "--baseline", known, "--write-baseline", known) == 3
    assert check(tmp_path / "more", "--baseline", known) == 0


def test_where_no_function_is_looked_at_that_is_said(logdir: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(logdir, "--function", "none*") == 0
    assert capsys.readouterr().err == "warning: no recorded function matches 'none*', so nothing was checked.\n"


# --- What cannot be read -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (None, "cannot be read: No such file or directory."),
        (b"\xff\xfe", "cannot be read: it is no text in UTF-8."),
        (b"{", "is no JSON"),
        (b"{}", "is no baseline of tfmodetrace."),
        (b'{"schema": "tfmodetrace-baseline", "schema_version": 7}', "is of version 7, and this tfmodetrace reads version 1"),
    ],
)
def test_what_is_no_baseline_is_a_sentence_and_nothing_is_written(
    data: bytes | None, why: str, logdir: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = tmp_path / "baseline.json"
    if data is not None:
        known.write_bytes(data)
    assert check(logdir, "--baseline", known, "--output", tmp_path / "report", "--write-baseline", tmp_path / "new") == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"The baseline {known} {why}")
    assert told.err.count("\n") == 1
    assert sorted(each.name for each in tmp_path.iterdir()) == (["log"] if data is None else ["baseline.json", "log"])


def test_a_directory_is_no_baseline(logdir: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(logdir, "--baseline", tmp_path) == 2
    assert capsys.readouterr().err == f"The baseline {tmp_path} cannot be read: Is a directory.\n"


def test_a_file_that_is_too_large_is_not_read(tmp_path: pathlib.Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 11)
    with pytest.raises(cli_files.FileError, match="has more than 10 bytes"):
        cli_files.read_text(str(tmp_path / "large"), at_most=10)
    assert cli_files.read_text(str(tmp_path / "large"), at_most=11) == "x" * 11


# --- What cannot be written --------------------------------------------------------------------------------------------------------------


def _full(*_: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _forbidden(*_: Any, **__: Any) -> None:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


@pytest.mark.parametrize("option", ["--output", "--write-baseline"])
@pytest.mark.parametrize(
    ("broken", "how", "why"),
    [
        ("tfmodetrace.whole_files.os.fsync", _full, "No space left on device"),
        ("tfmodetrace.whole_files.tempfile.mkstemp", _forbidden, "Permission denied"),
        ("tfmodetrace.whole_files.os.replace", _forbidden, "Permission denied"),
    ],
)
def test_what_cannot_be_written_leaves_the_file_as_it_was_and_nothing_beside_it(
    option: str,
    broken: str,
    how: Any,
    why: str,
    logdir: pathlib.Path,
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = tmp_path / "out" / "report"
    target.parent.mkdir()
    target.write_text("before")
    monkeypatch.setattr(broken, how)
    assert check(logdir, option, target) == 5
    assert capsys.readouterr().err == f"{target} cannot be written: {why}. What it held is unchanged.\n"
    assert target.read_text() == "before"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("path", ["missing/report", "log"])
def test_a_place_where_no_file_can_be_is_a_sentence(
    path: str, logdir: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(logdir, "--output", tmp_path / path) == 5
    assert " cannot be written: " in capsys.readouterr().err


def test_devices_and_links_stay_what_they_are(logdir: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(logdir, "--output", "/dev/null") == 3
    assert pathlib.Path("/dev/null").is_char_device()
    if pathlib.Path("/dev/full").exists():
        assert check(logdir, "--output", "/dev/full") == 5
        assert "No space left on device" in capsys.readouterr().err
    (tmp_path / "real").write_text("")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert check(logdir, "--format", "sarif", "--output", tmp_path / "link") == 3
    assert (tmp_path / "link").is_symlink()
    assert json.loads((tmp_path / "real").read_text())["version"] == "2.1.0"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o640


def test_names_that_would_steer_a_terminal_do_not(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    session = checked.retraced(tmp_path / "log")
    files.add_escapes(session.path)
    for name in ("text", "github", "markdown", "junit", "sarif"):
        assert check(tmp_path / "log", "--max-traces", "2", "--format", name) == 3
        told = capsys.readouterr()
        assert not set(files.ESCAPES) & set(told.out + told.err) - set("[2J]0;title9b31m"), name
