"""A real TensorBoard with our tab in it."""

from __future__ import annotations

import os
import pathlib
import sys

import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.support import tensorboards

pytestmark = pytest.mark.by_the_clock

both_loaders = pytest.mark.parametrize("load_fast", ["true", "false"])


def the_tab(tensorboard: tensorboards.TensorBoard) -> dict[str, object]:
    listing = tensorboard.get("plugins_listing")
    assert listing.status == 200
    tab: dict[str, object] = listing.json()["modetrace"]
    return tab


def record_run(directory: pathlib.Path, *, calls: int) -> None:
    @tmt.traced
    def double(x: int) -> int:
        return 2 * x

    with tmt.record(directory):
        for number in range(calls):
            double(number)


@both_loaders
@pytest.mark.parametrize("prefix", ["", "/a/b"])
def test_the_tab_is_shown_and_serves_the_recording(
    load_fast: str, prefix: str, digits_logdir: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    flags = [f"--logdir={digits_logdir}", f"--load_fast={load_fast}", f"--path_prefix={prefix}"]
    with tensorboards.serve(tmp_path, flags, python=None if prefix else sys.executable) as tensorboard:
        assert tensorboard.address.endswith(prefix)
        [run] = tensorboard.runs()["runs"]
        assert (run["run"], run["complete"]) == ("digits", True)
        tab = tensorboards.wait_for(lambda: the_tab(tensorboard), lambda tab: tab["enabled"])
        assert tab["tab_name"] == "Mode Trace"
        assert tab["loading_mechanism"] == {"type": "IFRAME", "module_path": f"{prefix}/data/plugin/modetrace/index.js"}
        script = tensorboard.get("plugin/modetrace/index.js")
        assert (script.status, script.headers["X-Content-Type-Options"]) == (200, "nosniff")
        assert b"render" in script.body
        for path in ("nothing", "nothing/index.js", "timeline", "../modetrace/nothing", "runs/nothing"):
            missing = tensorboard.get(f"plugin/modetrace/{path}")
            assert (missing.status, list(missing.json())) == (404, ["error"]), path
        report = tensorboard.get("plugin/modetrace/report", run="digits").json()
        assert sum(function["calls"]["total"] for function in report["runs"][0]["functions"]) == run["calls"]


@both_loaders
def test_tensorboard_itself_lists_the_run(load_fast: str, digits_logdir: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with tensorboards.serve(tmp_path, [f"--logdir={digits_logdir}", f"--load_fast={load_fast}"], python=None) as tensorboard:
        runs = tensorboards.wait_for(lambda: tensorboard.get("runs").json())
        assert runs == ["digits/modetrace"]


@both_loaders
def test_scalars_keep_updating_while_a_recording_grows_beside_them(load_fast: str, tmp_path: pathlib.Path) -> None:
    @tmt.traced
    def step(x: int) -> int:
        return x + 1

    logdir = tmp_path / "logs"
    with (
        tensorboards.serve(tmp_path, [f"--logdir={logdir}", f"--load_fast={load_fast}"], python=None) as tensorboard,
        tf.summary.create_file_writer(str(logdir / "run1")).as_default(),
        tmt.record(logdir / "run1"),
    ):
        for number in range(1, 4):
            for _ in range(100):
                step(number)
            tf.summary.scalar("loss", number, step=number)
            tf.summary.flush()
            shown = tensorboards.wait_for(lambda: tensorboard.scalars("run1", "loss"), lambda values: len(values) >= number)  # noqa: B023
            assert shown == [1.0, 2.0, 3.0][:number]
            answer = tensorboards.wait_for(
                tensorboard.runs,
                lambda answer: [run["calls"] for run in answer["runs"]] == [100 * number],  # noqa: B023
            )
            assert answer["runs"][0]["complete"] is False
        revision = answer["runs"][0]["revision"]
        tmt.stop()
        finished = tensorboards.wait_for(tensorboard.runs, lambda answer: answer["runs"][0]["complete"])
        assert finished["runs"][0]["revision"] != revision


@both_loaders
def test_without_tensorflow_the_tab_is_shown(load_fast: str, digits_logdir: pathlib.Path, tmp_path: pathlib.Path) -> None:
    environment = tensorboards.without("tensorflow", "keras", directory=tmp_path / "hidden")
    flags = [f"--logdir={digits_logdir}", f"--load_fast={load_fast}"]
    with tensorboards.serve(tmp_path, flags, environment=environment) as tensorboard:
        [run] = tensorboard.runs()["runs"]
        assert run["run"] == "digits"
        assert tensorboards.wait_for(lambda: the_tab(tensorboard), lambda tab: tab["enabled"])
        assert tensorboard.get("plugin/modetrace/report", run="digits").status == 200
        assert "TensorFlow installation not found" in tensorboard.log.read_text()


def test_a_logdir_spec_names_the_runs_as_tensorboard_does(tmp_path: pathlib.Path) -> None:
    record_run(tmp_path / "one", calls=1)
    record_run(tmp_path / "two" / "deep", calls=2)
    record_run(tmp_path / "three" / "deep", calls=3)
    specification = f"first:{tmp_path / 'one'},second:{tmp_path / 'two'},{tmp_path / 'three'}"
    with tensorboards.serve(tmp_path, [f"--logdir_spec={specification}"], python=None) as tensorboard:
        answer = tensorboard.runs()
        assert {run["run"]: run["calls"] for run in answer["runs"]} == {"first": 1, "second/deep": 2, "deep": 3}
        runs = tensorboards.wait_for(lambda: tensorboard.get("runs").json(), lambda runs: len(runs) == 3)
        assert {os.path.normpath(run) for run in runs} == {"first/modetrace", "second/deep/modetrace", "deep/modetrace"}


def test_a_tilde_in_the_logdir_is_expanded(tmp_path: pathlib.Path) -> None:
    record_run(tmp_path / "logs" / "run1", calls=1)
    environment = {**os.environ, "HOME": str(tmp_path)}
    with tensorboards.serve(tmp_path, ["--logdir", "~/logs"], python=None, environment=environment) as tensorboard:
        assert [run["run"] for run in tensorboard.runs()["runs"]] == ["run1"]


def test_an_empty_logdir_shows_no_tab_until_something_is_recorded(tmp_path: pathlib.Path) -> None:
    logdir = tmp_path / "logs"
    logdir.mkdir()
    with tensorboards.serve(tmp_path, [f"--logdir={logdir}"], python=None) as tensorboard:
        answer = tensorboard.runs()
        assert answer["runs"] == []
        assert "no recording" in answer["warnings"][0]
        assert the_tab(tensorboard)["enabled"] is False
        record_run(logdir / "run1", calls=1)
        tensorboards.wait_for(lambda: the_tab(tensorboard), lambda tab: tab["enabled"])


def test_a_broken_installation_costs_the_tab_and_not_tensorboard(tmp_path: pathlib.Path) -> None:
    environment = tensorboards.without("google_crc32c", directory=tmp_path / "hidden")
    with tensorboards.serve(tmp_path, [f"--logdir={tmp_path}"], environment=environment) as tensorboard:
        assert "modetrace" not in tensorboard.get("plugins_listing").json()
        assert "The Mode Trace tab is missing" in tensorboard.log.read_text()
