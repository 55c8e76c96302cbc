from __future__ import annotations

import json
import os
import pathlib
import pty
import subprocess
import sys

import pytest

from tests.support import files, xspaces
from tfmodetrace.cli import main
from tfmodetrace.insight import report
from tfmodetrace.log import reader

ROOT = pathlib.Path(__file__).parents[3]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    command = [sys.executable, "-m", "tfmodetrace", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=60, env={**variables, **environment}, check=False
    )


def page(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main.main(["report", "--all", *arguments]) == 0
    return capsys.readouterr().out


def storm(logdir: pathlib.Path, *, traces: int = 37) -> None:
    session = files.SessionFile(logdir)
    session.thread()
    step = session.function("train_step", kind="tf.function", parameters=("x", "n"))
    for number in range(traces):
        values = {"x": files.tensor("float32", 32, 8), "n": files.literal(number)}
        signature = session.signature(step, **values)
        call = session.call(step, number * 10**7, 9 * 10**6, mode=1, signature=signature, trace=number)
        session.trace(
            step,
            ordinal=number + 1,
            call_id=call,
            start_ns=number * 10**7,
            duration_ns=8 * 10**6,
            signature=signature,
            key=files.arguments(**values),
        )
    session.end()


def test_json_is_exactly_the_report(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    files.small_run(tmp_path / "run1")
    assert json.loads(page(capsys, str(tmp_path), "--json")) == report.build_report(reader.read(tmp_path))


def test_json_survives_a_terminal_that_knows_only_ascii(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path)
    done = run("report", str(tmp_path), "--json", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert json.loads(done.stdout)["runs"][0]["traces"][1]["reason"]["summary"] == "x: float32[32, 8] → float32[17, 8]"
    assert run("report", str(tmp_path), PYTHONIOENCODING="ascii", PYTHONUTF8="0").returncode == 0


def test_the_page_shows_functions_signatures_traces_and_errors(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    files.small_run(tmp_path / "run1")
    text = page(capsys, str(tmp_path))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0].startswith("run run1 recorded 20")
    assert "tensorflow 2.21.0" in lines[1]
    assert "process 0: pid 1 on h, complete" in lines
    assert "step 0 4 0 0 2 0 200 ns 200 ns 50 ns" in lines
    assert "prepare 1 0 0 0 0 1 10 ns 10 ns 0 ns" in lines
    assert "3 1 (x: float32[32, 8])" in lines
    assert "#1 20 ns first-trace (x: float32[32, 8])" in lines
    assert "#2 30 ns shape x: float32[32, 8] → float32[17, 8]" in lines
    assert "ValueError in prepare (eager at 10 ns)" in lines
    assert "no such digit" in lines


def test_many_traces_of_one_function_are_folded(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    storm(tmp_path)
    text = page(capsys, str(tmp_path))
    assert "37 traces, 296 ms" in text
    assert "n: 0 → 1" in text
    assert "33 more traces; all retraces: 36× python-value, 288 ms" in " ".join(text.split())
    assert "n: 30" not in text
    assert "37 traces (36 repeated: 36 of the same function), 0 failures" in " ".join(text.split())
    assert len(text.splitlines()) <= 51


def test_nothing_is_wider_than_80_columns_when_piped(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    function = session.function("a_function_with_a_name_that_is_longer_than_a_line_of_a_terminal_can_be_" * 2, kind="tf.function")
    for number in range(3):
        signature = session.signature(function, x=files.tensor("float32", *range(40)), n=files.literal(number))
        session.call(function, 10**9 * number, 123_456_789, signature=signature, mode=1)
    session.error(function, message="x" * 500)
    session.dropped_calls = 1234567
    session.end()
    done = run("report", "--all", str(tmp_path))
    assert done.returncode == 0
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    assert "\x1b" not in done.stdout
    for expected in ("370 ms", "1,234,567 calls dropped", "tracing"):
        assert expected in done.stdout


def on_a_terminal(*arguments: str, **environment: str) -> str:
    parent, child = pty.openpty()
    try:
        variables = {**{n: v for n, v in os.environ.items() if n not in ("NO_COLOR", "COLUMNS")}, "TERM": "xterm-256color", **environment}
        subprocess.run([sys.executable, "-m", "tfmodetrace", *arguments], cwd=ROOT, stdout=child, env=variables, timeout=60, check=True)
        os.set_blocking(parent, False)
        shown = b""
        try:
            while part := os.read(parent, 65536):
                shown += part
        except BlockingIOError:
            pass
        return shown.decode()
    finally:
        os.close(parent)
        os.close(child)


def test_colour_is_for_terminals_and_no_color_turns_it_off(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path)
    assert "\x1b[" in on_a_terminal("report", str(tmp_path))
    plain = on_a_terminal("report", str(tmp_path), NO_COLOR="1")
    assert "step" in plain
    assert not any(f"\x1b[{colour}m" in plain for colour in range(30, 38))


def test_nothing_in_a_file_can_steer_the_terminal(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    session = files.SessionFile(tmp_path, host="h\x1b[2J", versions={"tensorflow": "\x1b]0;x\x07"})
    session.thread()
    function = session.function("na\x1bme [bold]b[/bold] :smile:\r")
    session.error(function, type_name="E\x1b[31m", message="one\ntw\x1bo\x9b")
    session.call(function, 0, 1)
    session.end()
    text = page(capsys, str(tmp_path))
    assert not set(text) & {"\x1b", "\x07", "\r", "\x9b"}
    assert "[bold]b[/bold]" in "".join(text.split())
    assert ":smile:" in "".join(text.split())


def test_only_matching_runs_are_shown(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("train/1", "train/2", "eval"):
        files.small_run(tmp_path / name)
    shown = json.loads(page(capsys, str(tmp_path), "--json", "--run", "train*"))
    assert [run["run"] for run in shown["runs"]] == ["train/1", "train/2"]
    assert main.main(["report", str(tmp_path), "--run", "test"]) == 1
    assert capsys.readouterr().err == f"No run in {tmp_path} is called test; there are: eval, train/1, train/2.\n"


def test_what_can_be_read_is_printed_and_the_rest_warned_of(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    session = files.small_run(tmp_path)
    files.append(session.path, b"torn")
    assert main.main(["report", str(tmp_path)]) == 0
    shown = capsys.readouterr()
    assert "step" in shown.out
    assert shown.err.startswith(f"warning: {session.path} ends in the middle of a record")


@pytest.mark.parametrize("arguments", [["--json"], []])
def test_where_nothing_can_be_read_a_sentence_and_exit_code_1(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main.main(["report", str(tmp_path), *arguments]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"There is no recording in {tmp_path}.")
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["report"], ["no-such"], ["report", "x", "--no-such"]])
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(arguments) == 2
    assert "usage: tfmodetrace" in capsys.readouterr().err


def test_help_names_the_exit_codes_and_version_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["report", "--help"]) == 0
    assert "nothing could be read" in capsys.readouterr().out
    assert main.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("tfmodetrace 0.")


@pytest.mark.parametrize("option", ["", " --json"])
def test_a_reader_that_stops_early_is_no_error(tmp_path: pathlib.Path, option: str) -> None:
    for number in range(40):
        storm(tmp_path / str(number), traces=20)
    shell = f"{sys.executable} -m tfmodetrace report {tmp_path}{option} | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines()[1] == "0"


def profile_step(logdir: pathlib.Path) -> xspaces.SpaceFile:
    """A profile of the first call of ``step`` in a small run."""
    space = xspaces.SpaceFile(files.START_UNIX_NS, 400)
    thread = space.line("/host:CPU", "python")
    space.call(thread, "step", 99, 52, 1)
    space.event(thread, "dense/MatMul:MatMul", 110, 30)
    space.write(logdir)
    return space


def test_where_time_goes_by_the_profiler(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    files.small_run(tmp_path)
    profile_step(tmp_path)
    (row,) = [line for line in page(capsys, str(tmp_path)).splitlines() if "ops 60%" in line]
    assert row.split() == ["step", "graph", "1", "50", "ns", "ops", "60%,", "python", "40%"]
    answer = json.loads(page(capsys, str(tmp_path), "--json"))["runs"][0]
    (function,) = [function for function in answer["functions"] if function["name"] == "step"]
    assert function["profile"][0]["op_types"] == [{"name": "MatMul", "count": 1, "self_ns": 30}]
    assert [function["profile"] for function in answer["functions"] if function["name"] == "prepare"] == [None]
    assert answer["profiles"][0]["calls"] == 1


def test_a_bad_profile_is_a_line_of_the_report(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    files.small_run(tmp_path)
    profile_step(tmp_path).write(tmp_path).write_bytes(b"junk")
    text = page(capsys, str(tmp_path))
    assert "is damaged, cut off, or no profile at all" in " ".join(text.split())
    assert "Where time goes" not in text
