"""What tests of several folders share."""

from __future__ import annotations

import gc
import os
import pathlib
from typing import Final

import hypothesis
import pytest

from tests.support import fresh, sources
from tests.support import once as once_module

# What a TensorBoard of a test answers must not depend on another's, nor fill the caches of whoever runs the tests.
os.environ["TFMODETRACE_CACHE"] = "off"

# How quickly examples are made and tried is a matter of what else the machine does.
hypothesis.settings.register_profile("tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("tests")


_TRIES_MORE: Final = 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Has the files with slow tests go first, which leaves the quick ones to fill up the workers' time at the end.

    What is said by the clock, or by samples, is what the machine was busy with, too: that fails only if it fails each time.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
    for item in items:
        if item.get_closest_marker("by_the_clock"):
            item.add_marker(pytest.mark.flaky(reruns=_TRIES_MORE))


def pytest_collection_finish() -> None:
    """Keeps TensorFlow's objects, of which there are half a million, out of all collections of garbage that tests make."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    fresh.close()


@pytest.fixture(scope="session")
def once(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> once_module.Once:
    """Makes what is costly once for all workers."""
    return once_module.Once(pytestconfig, tmp_path_factory)


@pytest.fixture(scope="session")
def digits_logdir(once: once_module.Once) -> pathlib.Path:
    """A log directory with the run ``digits``: a real training job, recorded once for all tests, with what it has printed."""

    def record(logdir: pathlib.Path) -> None:
        result = fresh.run(sources.ROOT / "examples" / "digits_training.py", "--logdir", logdir / "digits", timeout=300)
        assert result.returncode == 0, result.stderr
        (logdir / "digits" / "printed.txt").write_text(result.stdout)

    return once("recordings", record)
