"""Programs that fail in every way there is a diagnosis for, and some others: the right id, the right line, a fix that runs."""

from __future__ import annotations

import ast
import importlib
import pathlib

import pytest

import tfmodetrace as tmt
from tests.integration.diagnoses import pasting
from tests.integration.diagnoses.programs import case

for _module in (
    "symbolic",
    "state",
    "shapes",
    "control_flow",
    "keras_programs",
    "runtime",
    "older",
    "usage",
    "limits",
    "migrated",
    "origins",
    "calls",
    "values",
):
    importlib.import_module(f"tests.integration.diagnoses.programs.{_module}")


def test_there_are_enough() -> None:
    assert len(case.CASES) >= 60


@pytest.mark.parametrize("program", case.CASES, ids=lambda program: program.name)
def test_diagnosis(program: case.Case, tmp_path: pathlib.Path) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011, SIM117 - of whatever type it is
        with tmt.record(tmp_path, instrument="all"):
            program.run()
    report = tmt.read(tmp_path).to_dict()
    (run,) = report["runs"]
    assert run["processes"][0]["internal_faults"] == 0
    errors = [error for error in run["errors"] if error["first_error_id"] == error["error_id"]]
    assert errors, f"{raised.value!r} was not recorded"
    error = errors[-1]
    diagnosis = error["diagnosis"]
    assert diagnosis["id"] == program.diagnosis, (error["type"], error["message"], diagnosis)
    assert diagnosis["source"] is not None, error
    assert (diagnosis["source"]["file"], diagnosis["source"]["line"]) == (program.file, program.line), (diagnosis, error["stack"])
    assert diagnosis["source"]["code"].endswith(case.MARK)
    if program.mode is not None:
        assert error["mode"] == program.mode
    if program.diagnosis == "unclassified":
        assert program.fixed is None
        assert diagnosis["fix"] is None
    else:
        assert program.fixed is not None
        assert diagnosis["title"]
        assert diagnosis["why"]
        if error["mode"] in ("graph", "xla"):  # it ran, so tracing had gone well
            assert not (diagnosis["difference"] or "").endswith("in a graph while it is traced.")
    assert diagnosis["advice"].endswith(".")
    assert (diagnosis["fix"] is None) == (diagnosis["edits"] == [])
    _WITH_CODE[program.name] = diagnosis["fix"] is not None
    if diagnosis["fix"] is not None:
        assert any(map(_parses, (diagnosis["fix"], diagnosis["fix"] + "\n    ..."))), diagnosis["fix"]
        assert all(line in diagnosis["fix"] for edit in diagnosis["edits"] for line in edit["code"].splitlines())
        copy = pasting.mended(program, pasting.edits_of(diagnosis), tmp_path)
        with tmt.record(tmp_path / "mended", instrument="all"):
            copy.run()
        (run,) = tmt.read(tmp_path / "mended").to_dict()["runs"]
        assert run["errors"] == []


_WITH_CODE: dict[str, bool] = {}
"""Whether the diagnosis of each program that was run has code."""


def test_enough_fixes_are_code(capsys: pytest.CaptureFixture[str]) -> None:
    if len(_WITH_CODE) < len(case.CASES):
        pytest.skip("not all programs were run in this process")
    known = {program.name for program in case.CASES if program.diagnosis != "unclassified"}
    share = sum(_WITH_CODE[name] for name in known) / len(known)
    with capsys.disabled():
        print(f"\n{share:.0%} of the diagnoses have code, and all of that runs")
    assert share >= 0.4


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


@pytest.mark.parametrize("program", [program for program in case.CASES if program.fixed is not None], ids=lambda program: program.name)
def test_fixed_program_runs(program: case.Case, tmp_path: pathlib.Path) -> None:
    assert program.fixed is not None
    with tmt.record(tmp_path, instrument="all"):
        program.fixed.run()
    (run,) = tmt.read(tmp_path).to_dict()["runs"]
    assert run["processes"][0]["internal_faults"] == 0
    assert run["errors"] == []


def test_a_symbolic_tensor_is_not_proposed_for_what_keeps_it_beyond_the_trace(tmp_path: pathlib.Path) -> None:
    # That would run, and keep a tensor that never has a value.
    (program,) = [each for each in case.CASES if each.name == "value_kept_in_a_list"]
    with pytest.raises(AttributeError), tmt.record(tmp_path, instrument="all"):
        program.run()
    diagnoses = [error["diagnosis"] for error in tmt.read(tmp_path).to_dict()["runs"][0]["errors"]]
    assert {diagnosis["fix"] for diagnosis in diagnoses} == {None}
    assert all("history.append after the call" in diagnosis["advice"] for diagnosis in diagnoses)
