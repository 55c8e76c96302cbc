"""Comparisons in a recording: what the file holds, what the report, its findings and the command tell."""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any

import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.support import fresh
from tfmodetrace.cli import main
from tfmodetrace.recorder.calls import states
from tfmodetrace.recorder.tf import op_counting, random_state, variables

pytestmark = pytest.mark.by_the_clock

X = tf.ones((4, 4))


@tmt.traced
@tf.function
def tiny(x: Any) -> Any:
    return x + 1.0


def differing(x: Any) -> Any:
    return x * (1.0 if tf.executing_eagerly() else 1.01)


def report_of(logdir: pathlib.Path) -> dict[str, Any]:
    (run,) = tmt.read(logdir).to_dict()["runs"]
    return run


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[pathlib.Path, dict[str, Any], list[Any]]:
    logdir = tmp_path_factory.mktemp("compared")
    with tmt.record(logdir, instrument="all"):
        for _ in range(50):
            tiny(X)
        answers = [tmt.compare(tiny, X, budget_secs=1.5, modes=("eager", "graph")), tmt.compare(differing, X, budget_secs=0.05)]
        assert states.STATE.session is not None
        tiny(X)
    return logdir, report_of(logdir), answers


def test_nothing_of_the_calls_is_recorded_and_recording_goes_on(recorded: Any) -> None:
    _, run, _ = recorded
    (function,) = [function for function in run["functions"] if function["name"] == "tiny"]
    assert function["calls"]["total"] == 51
    assert function["traces"] == len(run["traces"]) == 1
    regions = [function["name"] for function in run["functions"] if function["kind"] == "region"]
    assert regions == ["compare tiny", "compare differing"]
    assert len(run["functions"]) == 3
    assert run["processes"][0]["internal_faults"] == 0


def test_the_report_says_what_compare_has_returned(recorded: Any) -> None:
    _, run, answers = recorded
    for told, answer in zip(run["comparisons"], answers, strict=True):
        expected = json.loads(json.dumps(answer.to_dict()))
        for name in ("rows", "name", "signature", "reference", "notes", "summary", "control_low", "duration_ns"):
            assert told[name] == expected[name]
        assert 0 < told["time_ns"] < run["wall_ns"]
    assert [told["definition_id"] for told in run["comparisons"]] == [0, None]


def test_its_findings_are_a_graph_that_does_not_pay_and_modes_that_differ(recorded: Any) -> None:
    _, run, answers = recorded
    found = {finding["id"]: finding for finding in run["findings"]}
    mismatch = found["mode-mismatch"]
    assert mismatch["severity"] == "high"
    assert "differing" in mismatch["title"]
    assert "1.0 → 1.01" in mismatch["why"]
    assert mismatch["fix"] is None
    if answers[0].row("graph").verdict == "slower":  # as one op in a graph always is on a machine that is not too busy to say
        slower = found["graph-slower-than-eager"]
        assert slower["function_id"] == 0
        assert slower["evidence"]["graph_calls"] == 51
        assert slower["lost_ns"] > 0
        assert slower["severity"] != "high"


def test_the_terminal_tells_of_it(recorded: Any, capsys: pytest.CaptureFixture[str]) -> None:
    logdir, _, answers = recorded
    assert main.main(["report", str(logdir)]) == 0
    assert f"tiny compared: {answers[0].summary}"[:60] in capsys.readouterr().out
    assert main.main(["report", "--all", str(logdir)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "differing(x: float32[4, 4]) in several modes" in out
    assert "mode a call ratio verdict" in out


def test_modes_that_differ_are_found_without_any_recorded_call(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    with tmt.record(tmp_path):
        tmt.compare(differing, X, budget_secs=0.02, modes=("eager", "graph"))
    assert [finding["id"] for finding in report_of(tmp_path)["findings"] if finding["severity"] == "high"] == ["mode-mismatch"]
    assert main.main(["report", "--all", str(tmp_path)]) == 0
    assert "several modes" in capsys.readouterr().out


PROGRAM = """
import tensorflow as tf

def step(x, scale=1.0):
    return {"sum": tf.reduce_sum(x * scale)}

def takes_config(x, config):
    return x

class Model:
    weight = 3.0
    @staticmethod
    def apply(x):
        return x * Model.weight
"""


def test_the_command_compares_what_it_is_told(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def compare(*words: str) -> tuple[int, str, str]:
        status = main.main(["compare", *words, "--budget", "0.02", "--modes", "eager,graph"])
        return (status, *capsys.readouterr())

    status, out, _ = compare("program.py:Model.apply", "--args", "float32[8]", "--json", "--logdir", "logs")
    assert status == 0
    assert json.loads(out)["name"] == "Model.apply"
    assert [told["name"] for told in report_of(tmp_path / "logs")["comparisons"]] == ["Model.apply"]
    for words, sentence in (
        (("program:stop", "--args", "1"), "program has no stop."),
        (("nowhere:step",), "There is no module nowhere"),
        (("program:step", "--args", "float31[3]"), "There is no dtype float31."),
        (("program:step", "--args", "x y"), "is no literal of Python's"),
        (("program:step", "--args", "1.0", "--steps", "0"), "compare(steps=…) takes"),
        (("program", "--args", "1.0"), "takes module:function"),
        (("program:Model.weight",), "is no function, but float"),
    ):
        status, _, err = compare(*words)
        assert status == 2
        assert sentence in err
    done = fresh.run("-m", "tfmodetrace", "compare", "program:step", "--args", "float32[8,3]", "2.0", "--budget", "0.02", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("step(x: float32[8, 3], scale: 2.0)")


def test_the_command_takes_arguments_of_a_recorded_signature(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "program_recorded.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    import program_recorded  # type: ignore[import-not-found]

    step, takes_config = tmt.traced(program_recorded.step), tmt.traced(program_recorded.takes_config)
    with tmt.record("logs"):
        step(tf.ones((3, 2)))
        step(tf.ones((5, 2)))
        step(tf.ones((5, 2)))
        takes_config(X, object())

    def compare(name: str) -> int:
        command = ["compare", f"program_recorded:{name}", "--signature-of", f"logs:{name}", "--budget", "0.02", "--modes", "eager,graph"]
        return main.main(command)

    assert compare("step") == 0
    assert "step(x: float32[5, 2], scale: 1.0)" in capsys.readouterr().out
    assert compare("takes_config") == 2
    assert "cannot be made anew: only tensors, numbers and strings can" in capsys.readouterr().err
    assert compare("Model.apply") == 2
    assert "No call of a function Model.apply is recorded" in capsys.readouterr().err


def test_this_tensorflow_has_the_names_that_comparing_rests_on() -> None:
    assert variables.VariableWatch.available
    assert op_counting.available
    assert random_state.kept() is not None


def test_without_them_variables_are_not_put_back_and_ops_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variables.VariableWatch, "available", False)
    monkeypatch.setattr(op_counting, "available", False)
    answer = tmt.compare(lambda x: x + 1.0, X, budget_secs=0.02, modes=("eager", "graph"))
    assert answer.variables == 0
    assert answer.row("eager").dispatched_ops is None
    assert answer.row("graph").results.agreement == "identical"
