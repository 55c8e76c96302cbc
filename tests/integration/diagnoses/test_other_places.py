"""Keras on ``PYTHONPATH`` instead of among the installed packages: the same diagnoses, at the same lines."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

import keras

ROOT = pathlib.Path(__file__).parents[3]


def test_a_keras_that_was_copied_somewhere_is_not_taken_for_the_users_code(tmp_path: pathlib.Path) -> None:
    copy = tmp_path / "forks" / "keras"
    shutil.copytree(pathlib.Path(keras.__file__).parent, copy, ignore=shutil.ignore_patterns("*_test.py", "__pycache__"))
    path = os.pathsep.join([str(copy.parent), str(ROOT), os.environ.get("PYTHONPATH", "")])
    (tmp_path / "conftest.py").write_text(
        f"import keras\n\ndef pytest_configure():\n    assert keras.__file__.startswith({str(copy)!r}), keras.__file__\n"
    )
    programs = ROOT / "tests" / "integration" / "diagnoses" / "test_programs.py"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "conftest", str(programs), "-k", "test_diagnosis and keras"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), path])},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
