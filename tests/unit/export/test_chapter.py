"""What the chapter about exports shows, done: every command, every query, every piece of Python."""

from __future__ import annotations

import pathlib
import re
import shlex

import pytest

import tfmodetrace as tmt
from tests.support import exported, sources
from tfmodetrace.cli import main

_CHAPTER = (sources.ROOT / "docs" / "export.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", _CHAPTER, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    here = tmp_path_factory.mktemp("chapter")
    for number, name in enumerate(("a", "b", "run1")):
        exported.session(here / "logs" / name, pid=number + 1, seed=number, calls=60)
    return here


def test_every_command_does_what_stands_beside_it(
    here: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(here)
    (commands,) = blocks("console")
    for line in commands.splitlines():
        command, _, said = line.partition("#")
        assert main.main(shlex.split(command)[1:]) == 0, line
        if said.strip().startswith("run1."):
            assert (here / said.strip()).is_file()
    assert "logs/a" in capsys.readouterr().out
    (python,) = [block for block in blocks("python") if "read_parquet" in block]
    exec(python, {})
    assert "step" in capsys.readouterr().out


@pytest.mark.parametrize("sql", blocks("sql"))
def test_every_query_has_an_answer(sql: str, here: pathlib.Path) -> None:
    assert len(tmt.query(tmt.read(here / "logs"), sql)) > 0


def test_the_python_that_asks_runs(here: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(here)
    (python,) = [block for block in blocks("python") if "tmt.query" in block]
    exec(python, {})
    assert capsys.readouterr().out.splitlines()[0].split() == ["mode", "calls"]
