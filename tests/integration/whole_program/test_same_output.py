"""What a program prints, and how it ends, is the same whether ``tfmodetrace run`` records it or not."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

import pytest

import tfmodetrace as tmt
from tests.integration.whole_program import output_programs
from tests.support import fresh

_PROGRAMS = {**output_programs.FAILING, **output_programs.ENDING_WELL}

_THE_PROCESS = r'(?m)^  File ".*(zygote\.py|<frozen runpy>)", line .*\n((?!  File ).*\n)*?(?=  File )'
"""Frames that lead to the program in a test, and would not in a shell."""

_TENSORFLOWS_LOG = r"(?m)^(WARNING:tensorflow|WARNING: All log messages|[IWE]0000|\d{4}-\d\d-\d\d).*\n(\t .*\n)*"

_OURS_AT_THE_END = re.compile(r"tfmodetrace: recorded .*\n  tfmodetrace report .*\n  tensorboard .*\n\Z")


def _without_log(text: str) -> str:
    return re.sub(_TENSORFLOWS_LOG, "", text)


def _comparable(text: str) -> str:
    """Leaves out what differs between two runs of one program anyway."""
    text = re.sub(_THE_PROCESS, "", _without_log(text))
    text = re.sub(r"__autograph_generated_file\w+", "__autograph_generated_file", text)
    text = re.sub(r" - \d+s - ", " - 0s - ", text)
    return re.sub(r"\b\d+m?s/step", "ms/step", re.sub(r"\b0x[0-9a-f]+", "0x0", text))


def _both(code: str, directory: pathlib.Path, *options: str) -> list[subprocess.CompletedProcess[str]]:
    (directory / "program.py").write_text(code)
    recorded = fresh.run("-m", "tfmodetrace", "run", "--logdir", "logs", *options, "program.py", cwd=directory)
    return [fresh.run("program.py", cwd=directory), recorded]


@pytest.mark.parametrize("name", _PROGRAMS)
def test_a_recorded_program_prints_what_it_prints_anyway(name: str, tmp_path: pathlib.Path) -> None:
    bare, recorded = _both(_PROGRAMS[name], tmp_path)
    # TensorFlow's own log lines may come from its threads at any time.
    said = _without_log(recorded.stderr)
    assert _OURS_AT_THE_END.search(said), "the one thing of ours: where the recording is, at the very end"
    assert _comparable(_OURS_AT_THE_END.sub("", said)) == _comparable(bare.stderr)
    assert _comparable(recorded.stdout) == _comparable(bare.stdout)
    assert recorded.returncode == bare.returncode
    assert (bare.returncode != 0) == (name in output_programs.FAILING)
    (run,) = tmt.read(tmp_path / "logs").runs
    assert sum(process.internal_faults for process in run.processes) == 0


def test_nothing_at_all_is_said_where_that_is_asked_for(tmp_path: pathlib.Path) -> None:
    bare, recorded = _both(output_programs.ENDING_WELL["plain functions"], tmp_path, "--quiet")
    assert (_comparable(recorded.stdout), recorded.stderr) == (_comparable(bare.stdout), bare.stderr)


def test_a_real_start_of_python_shows_no_frame_of_ours_either(tmp_path: pathlib.Path) -> None:
    (tmp_path / "program.py").write_text(output_programs.ENDING_WELL["a caught failure is printed"])
    command = [sys.executable, "-m", "tfmodetrace", "run", "--logdir", "logs", "--quiet", "program.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True)
    assert "Detected at node" in done.stdout
    stacks = done.stdout + done.stderr
    assert "tfmodetrace" not in stacks
    assert "runpy" not in stacks
