"""What the recorder's tests share: recording into a temporary directory and reading it back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tfmodetrace as tmt

Recorder = Callable[[], contextlib.AbstractContextManager[dict[str, Any]]]


@pytest.fixture
def recording(tmp_path: Path) -> Recorder:
    """Returns a context manager that records a block and afterwards holds its run's report."""

    @contextlib.contextmanager
    def record() -> Iterator[dict[str, Any]]:
        report: dict[str, Any] = {}
        logdir = tmp_path / f"run{len(list(tmp_path.iterdir()))}"
        with tmt.record(logdir):
            yield report
        (run,) = tmt.read(logdir).to_dict()["runs"]
        report.update(run)

    return record


def function_named(report: dict[str, Any], name: str) -> dict[str, Any]:
    """Returns the one function of a report whose name ends so."""
    (function,) = [function for function in report["functions"] if function["name"].split(".")[-1] == name]
    return function
