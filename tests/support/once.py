"""Files that are costly to make, made once for all the processes that tests run in."""

from __future__ import annotations

import fcntl
import pathlib
import shutil
from collections.abc import Callable

import pytest


class Once:
    """Makes directories below one that is shared by all workers of a test run."""

    def __init__(self, config: pytest.Config, factory: pytest.TempPathFactory) -> None:
        base = factory.getbasetemp()
        self._shared = base.parent if hasattr(config, "workerinput") else base

    def __call__(self, name: str, make: Callable[[pathlib.Path], object]) -> pathlib.Path:
        """Returns the directory of this name, filled by whoever asks for it first."""
        directory, done = self._shared / name, self._shared / f"{name}.done"
        with (self._shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(directory, ignore_errors=True)  # of a worker that failed at it
                directory.mkdir()
                make(directory)
                done.touch()
        return directory
