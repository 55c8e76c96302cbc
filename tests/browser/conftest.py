"""A real Chromium on a real TensorBoard."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright import sync_api

from tests.support import browsers, tensorboards


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sync_api.BrowserContext]:
    """One for each file: while it runs, so does an event loop, and no test of another folder in the same process could start its own."""
    with browsers.launch(tmp_path_factory.mktemp("chromium"), width=1400, height=900) as context:
        yield context


@pytest.fixture
def page(context: sync_api.BrowserContext) -> Iterator[sync_api.Page]:
    with browsers.new_page(context) as page:
        yield page


@pytest.fixture(scope="session")
def tensorboard(digits_logdir: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tensorboards.TensorBoard]:
    """A TensorBoard on the example's recording, started as most people do."""
    with tensorboards.serve(tmp_path_factory.mktemp("tensorboard"), [f"--logdir={digits_logdir}"]) as served:
        yield served


@pytest.fixture
def tab(page: sync_api.Page, tensorboard: tensorboards.TensorBoard) -> Iterator[browsers.Tab]:
    """The tab, in which nothing may go wrong."""
    tab = browsers.open_tab(page, tensorboard.address)
    yield tab
    assert tab.problems == []


@pytest.fixture(scope="session")
def report(digits_logdir: pathlib.Path) -> dict[str, Any]:
    """What ``tfmodetrace report --json`` says of the example's recording."""
    command = [str(pathlib.Path(sys.executable).with_name("tfmodetrace")), "report", str(digits_logdir), "--json"]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    [run] = json.loads(printed)["runs"]
    described: dict[str, Any] = run
    return described
