"""The plugin as TensorBoard makes it, without TensorBoard around it."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import pytest
import werkzeug.test
from tensorboard.backend import application
from tensorboard.plugins import base_plugin

from tests.support import files
from tfmodetrace_tb_plugin import plugin

Get = Callable[..., werkzeug.test.TestResponse]


def make_plugin(logdir: pathlib.Path | str) -> plugin.ModeTracePlugin:
    return plugin.ModeTracePlugin(base_plugin.TBContext(logdir=str(logdir)))


def client_of(made: plugin.ModeTracePlugin) -> werkzeug.test.Client:
    return werkzeug.test.Client(application.TensorBoardWSGI([made]))


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a busy machine take its time."""
    monkeypatch.setattr("tfmodetrace_tb_plugin.index.FRESH_WAIT_S", 30.0)
    monkeypatch.setattr("tfmodetrace_tb_plugin.index.FIRST_WAIT_S", 30.0)


@pytest.fixture
def logdir(tmp_path: pathlib.Path) -> pathlib.Path:
    """Holds the run ``run1``: 5 calls of ``small_run``."""
    files.small_run(tmp_path / "run1")
    return tmp_path


@pytest.fixture
def get(logdir: pathlib.Path) -> Get:
    """Requests a route of the plugin on ``logdir``."""
    client = client_of(make_plugin(logdir))

    def request(route: str, **query: Any) -> werkzeug.test.TestResponse:
        return client.get(f"/data/plugin/modetrace/{route}", query_string=query or None)

    return request
