"""``tfmodetrace explain``."""

from __future__ import annotations

import pytest

from tfmodetrace.cli import main
from tfmodetrace.insight import explanations


@pytest.fixture(autouse=True)
def _columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")


def test_an_id_in_any_case_is_explained_in_all_its_sections(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["explain", "PYTHON-scalar-argument"]) == 0
    told = capsys.readouterr().out
    text = explanations.read("findings", "python-scalar-argument")
    assert told.startswith("python-scalar-argument  finding\n")
    for part in (text.title, text.why, text.mended, text.not_told, text.looks_like):
        assert " ".join((part or "").split()) in " ".join(told.split())
    for code in (text.wrong, text.right):
        assert "".join(f"  {line}\n" if line else "\n" for line in (code or "").splitlines()) in told
    sentences = [line for line in told.splitlines() if not line.startswith("  ")]
    assert max(map(len, sentences)) <= 60
    assert "\x1b" not in told


def test_an_id_that_is_a_finding_and_a_reason_is_explained_as_both(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["explain", "object-identity"]) == 0
    told = capsys.readouterr().out
    assert "object-identity  finding\n" in told
    assert "object-identity  reason of a trace\n" in told


def test_without_an_id_all_are_listed_each_with_its_title(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["explain"]) == 0
    told = capsys.readouterr().out
    words = " ".join(told.split())
    for group in explanations.GROUPS:
        for name in explanations.IDS[group]:
            assert f"{name} {explanations.read(group, name).title}" in words
    assert max(map(len, told.splitlines())) <= 60


def test_an_unknown_id_is_a_wrong_usage_and_the_nearest_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["explain", "varying-shapes"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        "There is no finding, diagnosis or reason 'varying-shapes'. Is varying-shape meant? `tfmodetrace explain` lists all of them.\n"
    )
    assert main.main(["explain", "\x1b[31m"]) == 2
    assert "\x1b" not in capsys.readouterr().err
