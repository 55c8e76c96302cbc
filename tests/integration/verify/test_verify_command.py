"""``tfmodetrace verify`` as a person uses it: what it prints, keeps and leaves behind, and what it says when it cannot."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable

import pytest

import tfmodetrace as tmt
from tests.integration.verify import trying
from tests.support import fresh
from tfmodetrace.cli import exits, main
from tfmodetrace.verify import programs

pytestmark = pytest.mark.by_the_clock

_TRAIN = """
import pathlib
import sys
import tensorflow as tf
import shop.loss

print(pathlib.Path("here.txt").read_text(), (pathlib.Path(__file__).parent / "beside.txt").read_text(), sys.argv[1:])
shop.loss.main(int(sys.argv[1]))
"""

_LOSS = """
import tensorflow as tf

print("reading", __name__, __file__.endswith("loss.py"))


@tf.function
def scale(loss, rate):
    return loss * rate


def main(count):
    for epoch in range(1, count):
        loss = scale(tf.constant(2.0), 1.0 / epoch)
    print("loss", float(loss))
"""

Verify = Callable[..., int]


@pytest.fixture
def verify(monkeypatch: pytest.MonkeyPatch) -> Verify:
    """Runs the command in this process, and its programs in forked ones."""
    monkeypatch.setattr(programs, "run", trying.run)
    return lambda logdir, *words: main.main(["verify", str(logdir), *map(str, words)])


@pytest.fixture
def project(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A script with a package beside it, and data that is found by the working directory and by ``__file__``."""
    source = tmp_path / "src"
    (source / "shop").mkdir(parents=True)
    (source / "train.py").write_text(_TRAIN)
    (source / "shop" / "loss.py").write_text(_LOSS)
    (source / "beside.txt").write_text("data beside")
    (tmp_path / "here.txt").write_text("data here")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def record(*words: object) -> None:
    done = fresh.run("-m", "tfmodetrace", "run", "--logdir", "log", *words)
    assert done.returncode == 0, done.stderr


def texts(directory: pathlib.Path) -> dict[str, bytes]:
    """All files of a project but what was recorded, and what Python itself keeps."""
    own = {"log", "__pycache__"}
    return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file() and not own.intersection(path.parts)}


def test_the_fix_of_an_imported_module_is_tried_kept_and_told(
    project: pathlib.Path, verify: Verify, capsys: pytest.CaptureFixture[str]
) -> None:
    record("src/train.py", 9)
    before = texts(project)
    assert verify("log", "--", "python", "src/train.py", 9) == exits.OK
    told = capsys.readouterr().out
    assert "finding 1: scale is traced for every value of rate" in told
    assert "loss = scale(tf.constant(2.0), tf.constant(1.0 / epoch, tf.float32))" in told
    assert "tried: 8 → 1 traces, " in told
    assert "same output" in told
    assert texts(project) == before
    assert not list(project.rglob("*.pyc")) or not any(b"constant(1.0 / epoch" in path.read_bytes() for path in project.rglob("*.pyc"))
    (finding, *_) = tmt.read("log").to_dict()["runs"][0]["findings"]
    assert (finding["verified"]["helped"], finding["verified"]["output"]) == (True, "same")
    assert (finding["verified"]["before"]["traces"], finding["verified"]["after"]["traces"]) == (8, 1)
    assert main.main(["report", "log"]) == exits.OK
    assert finding["verified"]["text"] in capsys.readouterr().out


def test_a_report_tries_the_fixes_by_the_command_that_was_recorded_where_that_was_given(
    project: pathlib.Path, verify: Verify, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    record("src/train.py", 9)
    (process,) = tmt.read("log").runs[0].processes
    assert (process.command, process.working_directory) == (("src/train.py", "9"), str(project))
    before = texts(project)
    (project / "elsewhere").mkdir()
    monkeypatch.chdir(project / "elsewhere")
    assert main.main(["report", "../log", "--verify"]) == exits.OK
    told = capsys.readouterr().out
    assert told.count("tried: 8 → 1 traces, ") == 2  # as it is tried, and in the report
    assert texts(project) == before
    assert main.main(["report", "../log", "--verify", "--json"]) == exits.OK
    printed = capsys.readouterr()
    assert json.loads(printed.out)["runs"][0]["findings"][0]["verified"]["helped"]
    assert "tried: 8 → 1 traces, " in printed.err


def test_a_report_of_a_program_that_recorded_itself_says_what_to_type(
    project: pathlib.Path, verify: Verify, capsys: pytest.CaptureFixture[str]
) -> None:
    loss = project / "src" / "shop" / "loss.py"
    loss.write_text(_LOSS.replace("import tensorflow as tf", "import tensorflow as tf\nimport tfmodetrace as tmt\ntmt.start('log')"))
    assert fresh.run("src/train.py", 9).returncode == 0
    assert main.main(["report", "log", "--verify"]) == exits.LIMIT_EXCEEDED
    told = capsys.readouterr()
    assert "tfmodetrace verify log -- python train.py" in told.err
    assert "tried" not in told.out


def test_a_module_is_run_as_python_runs_it(project: pathlib.Path, verify: Verify, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "alone.py").write_text(_LOSS + "\nif __name__ == '__main__':\n    main(9)\n")
    record("-m", "alone")
    assert verify("log", "--finding", 1, "--", sys.executable, "-m", "alone") == exits.OK
    assert "tried: 8 → 1 traces" in capsys.readouterr().out


def test_a_program_that_fails_without_a_fix_is_no_matter_of_the_fix(
    project: pathlib.Path, verify: Verify, capsys: pytest.CaptureFixture[str]
) -> None:
    record("src/train.py", 9)
    (project / "here.txt").unlink()
    assert verify("log", "--", "src/train.py", 9) == exits.PROGRAM_FAILED
    told = capsys.readouterr()
    assert "fails without any fix, with exit code 1: FileNotFoundError" in told.err
    assert "here.txt" in told.err
    assert not (project / "log" / "modetrace" / "verified.json").exists()


def test_other_arguments_than_were_recorded_are_told(project: pathlib.Path, verify: Verify, capsys: pytest.CaptureFixture[str]) -> None:
    record("src/train.py", 9)
    loss = project / "src" / "shop" / "loss.py"
    loss.write_text(_LOSS.replace("def main(count):", "def main(count):\n    return"))
    assert verify("log", "--", "src/train.py", 9) == exits.LIMIT_EXCEEDED
    assert "no longer what was recorded" in capsys.readouterr().out
    loss.write_text(_LOSS + "\n\nmain = print\n")
    assert verify("log", "--", "src/train.py", 9) == exits.LIMIT_EXCEEDED
    assert "were these its arguments?" in capsys.readouterr().out.replace("\n", " ")


def test_a_fix_that_breaks_the_program_or_changes_what_it_prints_is_told(
    project: pathlib.Path, verify: Verify, capsys: pytest.CaptureFixture[str]
) -> None:
    rates = "RATES = {1.0 / n: n for n in range(1, 99)}\n\n\ndef of(rate):\n    return RATES.get(rate, 'none')\n"
    (project / "src" / "shop" / "rates.py").write_text(rates)
    loss = project / "src" / "shop" / "loss.py"
    loss.write_text("import shop.rates\n" + _LOSS.replace("return loss * rate", "return loss * shop.rates.of(rate)"))
    record("src/train.py", 9)
    assert verify("log", "--", "src/train.py", 9) == exits.LIMIT_EXCEEDED
    assert "With the fix the program fails, with exit code 1: " in capsys.readouterr().out
    loss.write_text(_LOSS.replace("return loss * rate", "print('rate', type(rate).__name__)\n    return loss * rate"))
    record("--logdir", "log2", "src/train.py", 9)
    assert verify("log2", "--", "src/train.py", 9) == exits.OK
    told = capsys.readouterr().out
    assert "other output" in told
    assert "printed otherwise: line 3: 'rate float' → 'rate SymbolicTensor'" in told


def test_a_fix_that_changes_nothing_did_not_help(
    project: pathlib.Path, verify: Verify, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    record("src/train.py", 9)
    run = trying.run
    monkeypatch.setattr(programs, "run", lambda what, *, overlay, **more: run(what, overlay=None, **more))
    assert verify("log", "--", "src/train.py", 9) == exits.LIMIT_EXCEEDED
    told = capsys.readouterr().out
    assert "did not help: 8 → 8 traces, " in told
    assert "tried" not in told
    assert main.main(["report", "log"]) == exits.OK
    assert "did not help: 8 → 8 traces, " in capsys.readouterr().out


def test_a_finding_without_code_has_its_advice(project: pathlib.Path, verify: Verify, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "src" / "shop" / "loss.py").write_text(_LOSS.replace("return loss * rate", "return tf.fill([int(rate * 9)], loss)[0]"))
    record("src/train.py", 9)
    assert verify("log", "--", "src/train.py", 9) == exits.OK
    told = capsys.readouterr().out
    assert "cannot be applied by machine" in told
    assert "needs a graph of its own" in told
    assert verify("log", "--finding", 1, "--", "src/train.py", 9) == exits.LIMIT_EXCEEDED  # it was asked for
    assert "needs a graph of its own" in capsys.readouterr().out


def test_usage_is_checked_before_anything_runs(project: pathlib.Path, verify: Verify, capsys: pytest.CaptureFixture[str]) -> None:
    record("src/train.py", 9)
    for words, code, said in (
        ((), exits.USAGE, "python train.py"),
        (("--", "python"), exits.USAGE, "Give the program after --"),
        (("--finding", 7, "--", "src/train.py"), exits.USAGE, "There is no finding 7"),
        (("--run", "x", "--", "src/train.py"), exits.NOTHING_READ, "No run in log is called x"),
    ):
        assert verify("log", *words) == code
        assert said in capsys.readouterr().err
    assert verify(project / "nowhere", "--", "src/train.py") == exits.NOTHING_READ


def test_a_damaged_file_of_what_came_of_fixes_is_warned_of_and_written_anew(
    project: pathlib.Path, verify: Verify, capsys: pytest.CaptureFixture[str]
) -> None:
    record("src/train.py", 9)
    kept = project / "log" / "modetrace" / "verified.json"
    for text in ("{", '{"version": 99}', '{"version": 1, "tried": [{}]}', "[]"):
        kept.write_text(text)
        (run,) = tmt.read("log").runs
        assert "cannot be read" in " ".join(run.warnings)
        assert run.tried == ()
    assert verify("log", "--", "src/train.py", 9) == exits.OK
    assert len(json.loads(kept.read_text())["tried"]) == 1
    assert verify("log", "--", "src/train.py", 9) == exits.OK  # of one fix, the newest
    assert len(json.loads(kept.read_text())["tried"]) == 1
    capsys.readouterr()


_ENDLESS = """
import os, pathlib, subprocess, sys, time
if "wait" in os.environ:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    pathlib.Path("pids").write_text(f"{os.getpid()} {child.pid}")
    time.sleep(600)
import tensorflow as tf

@tf.function
def scale(rate):
    return 2.0 * rate

for n in range(5):
    scale(n / 8)
"""


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.slow
@pytest.mark.parametrize("end", ["SIGINT", "SIGTERM", "timeout"])
def test_nothing_is_left_of_what_it_started(end: str, project: pathlib.Path) -> None:
    (project / "endless.py").write_text(textwrap.dedent(_ENDLESS))
    record("endless.py")
    temporary = project / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "tfmodetrace", "verify", "log", "--timeout", "2" if end == "timeout" else "600", "--"]
    verifying = subprocess.Popen(
        [*command, sys.executable, "endless.py"],
        env={**os.environ, "wait": "1", "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (pids := project / "pids").exists() or not pids.read_text():
        assert verifying.poll() is None
        time.sleep(0.05)
    started = [int(pid) for pid in pids.read_text().split()]
    if end != "timeout":
        assert all(map(is_alive, started))
        verifying.send_signal(getattr(signal, end))
    said = verifying.communicate(timeout=60)[1]
    if end == "timeout":
        assert "did not end in 2 s, without any fix" in said
    assert verifying.returncode == (exits.PROGRAM_FAILED if end == "timeout" else exits.INTERRUPTED)
    assert not any(map(is_alive, started))
    assert list(temporary.iterdir()) == []
