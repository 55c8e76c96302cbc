"""What tests of several folders share."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def digits_logdir(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A log directory with the run ``digits``: a real training job, recorded once for all tests."""
    logdir = tmp_path_factory.mktemp("recordings")
    command = [sys.executable, str(ROOT / "examples" / "digits_training.py"), "--logdir", str(logdir / "digits")]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    return logdir
