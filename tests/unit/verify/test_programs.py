"""How the program after ``--`` is read."""

from __future__ import annotations

import sys

import pytest

from tfmodetrace.verify import programs


@pytest.mark.parametrize(
    ("line", "python", "program"),
    [
        ("train.py --epochs 3", [sys.executable], ["train.py", "--epochs", "3"]),
        ("/nowhere/python3.12 -u train.py -u", ["/nowhere/python3.12", "-u"], ["train.py", "-u"]),
        (
            "/nowhere/python -X dev -W error -m shop.train -m x",
            ["/nowhere/python", "-X", "dev", "-W", "error"],
            ["-m", "shop.train", "-m", "x"],
        ),
        ("python3 -u train.py", [sys.executable, "-u"], ["train.py"]),
        ("-m shop", [sys.executable], ["-m", "shop"]),
        ("pythonic.py", [sys.executable], ["pythonic.py"]),
    ],
)
def test_a_command_line_is_an_interpreter_and_a_program(line: str, python: list[str], program: list[str]) -> None:
    command = programs.command(line.split())
    assert (list(command.python), list(command.program)) == (python, program)
    words = programs.words(command, "log", None)
    assert words == [*python, "-m", "tfmodetrace", "run", "--logdir", "log", *program]
    assert "--overlay" in programs.words(command, "log", "o.json")


@pytest.mark.parametrize("line", ["", "python", "python -c pass", "python -m", "python -"])
def test_a_command_line_without_a_program_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="after --"):
        programs.command(line.split())
