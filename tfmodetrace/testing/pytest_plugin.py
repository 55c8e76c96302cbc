"""The pytest plugin: the fixture ``expect_traces`` and the marker ``max_traces``. Nothing heavy is imported before a test asks for it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tfmodetrace.testing import guard

_MARKER = "max_traces"


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(n, function=None): fail if a function decorated with @tfmodetrace.traced is traced more than n times in the test",
    )


@pytest.fixture
def expect_traces() -> Callable[..., guard.expect_traces]:
    """The context manager ``tfmodetrace.expect_traces``."""
    from tfmodetrace.testing import guard

    return guard.expect_traces


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, None]:
    """Runs a marked test inside the guard."""
    marker = item.get_closest_marker(_MARKER)
    if marker is None:
        yield
        return
    from tfmodetrace.testing import guard

    if len(marker.args) != 1 or not set(marker.kwargs) <= {"function"}:
        pytest.fail(f"@pytest.mark.{_MARKER} takes the number of traces, and function='glob' if wanted.", pytrace=False)
    guarded = guard.expect_traces(at_most=marker.args[0], function=marker.kwargs.get("function"))
    guarded.__enter__()
    outcome = yield
    error = outcome.excinfo[1] if outcome.excinfo else None
    try:
        guarded.__exit__(type(error) if error else None, error, None)
    except AssertionError as excess:
        outcome.force_exception(pytest.fail.Exception(str(excess), pytrace=False))
