"""What TensorBoard itself asks of a plugin."""

from __future__ import annotations

import importlib.metadata
import pathlib
import time

import pytest
from tensorboard.plugins import base_plugin

from tests.support import files
from tests.unit.tb_plugin.conftest import make_plugin
from tfmodetrace_tb_plugin import loader, plugin


def test_the_tab_has_a_name_and_an_entry_that_is_a_route() -> None:
    made = make_plugin("/nowhere")
    described = made.frontend_metadata()
    assert (made.plugin_name, described.tab_name) == ("modetrace", "Mode Trace")
    assert described.es_module_path in made.get_plugin_apps()


def test_it_becomes_active_once_a_run_is_known(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path / "run1")
    made = make_plugin(tmp_path)
    deadline = time.monotonic() + 10
    while not made.is_active():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_is_not_active_without_a_recording(tmp_path: pathlib.Path) -> None:
    files.write_other_events(tmp_path / "run1")
    made = make_plugin(tmp_path)
    made._index.settled()
    assert made.is_active() is False


def test_the_entry_point_names_a_loader_that_makes_the_plugin() -> None:
    [entry] = importlib.metadata.entry_points(group="tensorboard_plugins", name="modetrace")
    made = entry.load()().load(base_plugin.TBContext(logdir="/nowhere"))
    assert isinstance(made, plugin.ModeTracePlugin)


def test_a_plugin_that_cannot_be_made_is_left_out_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ImportError("no numpy")

    monkeypatch.setattr(plugin, "ModeTracePlugin", broken)
    assert loader.Loader().load(base_plugin.TBContext()) is None
    assert "tab is missing, because tfmodetrace cannot be loaded (no numpy)" in caplog.text
