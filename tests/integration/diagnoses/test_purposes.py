"""The fix of a diagnosis, applied at its line: the program runs, and does what it is for. Also for a directory of programs of one's own."""

from __future__ import annotations

import collections
import json
import os
import pathlib
from typing import Any

import pytest

import tfmodetrace as tmt
from tests.integration.diagnoses import purposes
from tests.support import fresh
from tfmodetrace.insight import edits


def diagnosis_of(path: pathlib.Path, logdir: pathlib.Path) -> dict[str, Any]:
    """Records a program that fails, and returns what the report says of it."""
    done = fresh.run("-m", "tfmodetrace", "run", "--logdir", logdir, path, taken_apart=False)
    assert done.returncode != 0, done.stdout
    (run,) = tmt.read(logdir).to_dict()["runs"]
    errors = [error for error in run["errors"] if error["first_error_id"] == error["error_id"]] or run["errors"]
    assert errors, done.stderr
    diagnosis: dict[str, Any] = errors[-1]["diagnosis"]
    return diagnosis


def mended(path: pathlib.Path, diagnosis: dict[str, Any], wants: str) -> Any:
    """Runs a program with a fix in its place, and what it is to have done after it."""
    text = edits.applied(path.read_text(), [edits.Edit(**edit) for edit in diagnosis["edits"]])
    fixed = path.with_name(f"mended_{path.name}")
    fixed.write_text(f"{text}\n{wants}\n")
    return fresh.run(fixed, timeout=120.0, taken_apart=False)


@pytest.mark.parametrize("program", purposes.PROGRAMS, ids=lambda program: program.name.replace(" ", "_"))
def test_the_fix_has_the_program_do_what_it_is_for(program: purposes.Program, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(program.text)
    diagnosis = diagnosis_of(path, tmp_path / "log")
    assert diagnosis["id"] == program.diagnosis, diagnosis
    if not program.wants:
        assert diagnosis["fix"] is None
        assert diagnosis["advice"].endswith(".")
        return
    assert diagnosis["fix"] is not None, diagnosis
    done = mended(path, diagnosis, program.wants)
    assert done.returncode == 0, (diagnosis["fix"], done.stderr[-2000:])


@pytest.mark.parametrize(
    ("name", "code", "said", "not_said"),
    [
        ("numbers of names by a dict", "StaticHashTable", "default_value", ".ref()"),
        ("a list that a loop fills", "tf.TensorArray", "tf.TensorArray", "tf.Variable"),
        ("a dataset without batches, and one to validate", ".batch(32)", "batches", "keras.Input"),
        ("images for a model of rows", "np.reshape", "shape of the model's input", "keras.Input"),
    ],
)
def test_the_advice_is_about_the_code_beside_it(name: str, code: str, said: str, not_said: str, tmp_path: pathlib.Path) -> None:
    program = next(each for each in purposes.PROGRAMS if each.name == name)
    path = tmp_path / "program.py"
    path.write_text(program.text)
    diagnosis = diagnosis_of(path, tmp_path / "log")
    assert code in diagnosis["fix"]
    assert said in diagnosis["advice"]
    assert not_said not in diagnosis["advice"]


FIELD = os.environ.get("TFMODETRACE_FIELD", "")
"""A directory of programs that fail; ``field_purposes.json`` has Python that asserts what each of those is for that we know."""


@pytest.mark.slow
@pytest.mark.skipif(not FIELD, reason="TFMODETRACE_FIELD names no directory of programs")
def test_every_fix_of_a_directory_of_programs(tmp_path: pathlib.Path) -> None:
    wants: dict[str, str] = json.loads(pathlib.Path(__file__).with_name("field_purposes.json").read_text())
    counts: collections.Counter[str] = collections.Counter()
    wrong = {}
    for own in sorted(pathlib.Path(FIELD).glob("*.py")):
        path = tmp_path / own.stem / own.name
        path.parent.mkdir()
        path.write_text(own.read_text())
        diagnosis = diagnosis_of(path, path.parent / "log")
        counts["known"] += diagnosis["id"] != "unclassified"
        if diagnosis["fix"] is None:
            continue
        counts["code"] += 1
        counts["purpose"] += own.stem in wants
        done = mended(path, diagnosis, wants.get(own.stem, ""))
        if done.returncode != 0:
            wrong[own.stem] = (diagnosis["fix"], done.stderr[-500:])
    print(f"{counts['code']} of {counts['known']} diagnoses have code, {counts['purpose']} of it held against what its program is for")
    assert not wrong
