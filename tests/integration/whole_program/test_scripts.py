"""``tfmodetrace run`` on training scripts as people write them: the same output and weights, bit for bit, and everything recorded."""

from __future__ import annotations

import dataclasses
import pathlib
import subprocess
import sys
from typing import Any, Final

import pytest

import tfmodetrace as tmt
from tests.support import fresh
from tfmodetrace.insight import attribution, budget, first_calls

SCRIPTS: Final = pathlib.Path(__file__).parent / "scripts"
EPOCHS: Final = 2


@dataclasses.dataclass
class Outcome:
    """What a script printed and wrote."""

    output: str
    weights: bytes
    report: dict[str, Any] | None


def run_script(name: str, directory: pathlib.Path, *, recorded: bool, started_anew: bool) -> Outcome:
    logdir, weights = directory / "logs", directory / ("w.npz" if name == "custom_loop" else "model.weights.h5")
    command = ["-m", "tfmodetrace", "run", "--logdir", str(logdir)] if recorded else []
    command += [str(SCRIPTS / f"{name}.py"), str(weights), str(EPOCHS)]
    if started_anew:
        done = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=300, cwd=directory, check=False)
    else:
        done = fresh.run(*command, timeout=300, cwd=directory, taken_apart=False)
    assert done.returncode == 0, done.stderr
    report = read(logdir) if recorded else None
    return Outcome(done.stdout, weights.read_bytes(), report)


def read(logdir: pathlib.Path) -> dict[str, Any]:
    log = tmt.read(logdir)
    attributed = attribution.Attribution(log.runs[0])
    budgets = budget.Budgets(log.runs[0], attributed, first_calls.FirstCalls(log.runs[0], attributed))
    for process in budgets.processes:
        for thread in (process.main, *process.others):
            assert sum(part.ns for part in thread.parts) == process.wall_ns
            assert min(part.ns for part in thread.parts) >= 0
    report: dict[str, Any] = log.to_dict()["runs"][0]
    return report


def by_name(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {function["name"]: function for function in report["functions"]}


def findings(report: dict[str, Any]) -> list[str]:
    """What has to be mended, but for how long tracing and first calls took, which is a matter of what else the machine does."""
    of_the_machine = ("slow-tracing", "slow-first-call")
    return [finding["id"] for finding in report["findings"] if finding["severity"] != "info" and finding["id"] not in of_the_machine]


def recorded_as_plain(name: str, tmp_path: pathlib.Path, *, started_anew: bool = False) -> dict[str, Any]:
    """Runs a script with and without recording, compares, and returns the report.

    Args:
        name: Which.
        tmp_path: Where it writes.
        started_anew: In processes that import TensorFlow and Keras only when the script does.
    """
    (tmp_path / "same").mkdir()
    directory = tmp_path / "same"  # the same paths in both
    plain = run_script(name, directory, recorded=False, started_anew=started_anew)
    recorded = run_script(name, directory, recorded=True, started_anew=started_anew)
    assert recorded.output == plain.output
    assert recorded.weights == plain.weights
    report = recorded.report
    assert report is not None
    (process,) = report["processes"]
    assert (process["complete"], process["dropped"], process["internal_faults"]) == (True, 0, 0)
    assert report["errors"] == []
    assert report["warnings"] == []
    return report


def test_functional_keras(tmp_path: pathlib.Path) -> None:
    report = recorded_as_plain("functional_keras", tmp_path, started_anew=True)
    functions = by_name(report)
    batches = -(-1347 // 64)
    assert functions["Model.fit"]["calls"]["eager"] == 1
    assert functions["epoch"]["calls"]["eager"] == EPOCHS
    assert functions["digits.train_function"]["calls"]["graph"] == EPOCHS * batches
    assert functions["digits.train_function"]["traces"] == 1
    # fit evaluates after each epoch, in batches of its own size; then evaluate and predict, in batches of 32.
    assert functions["digits.test_function"]["calls"]["graph"] == EPOCHS * -(-450 // 64) + -(-450 // 32)
    assert functions["digits.predict_function"]["calls"]["graph"] == -(-450 // 32)
    # Its body runs as often as it is traced: twice, since the dropout's seed is a variable that is made the first time.
    assert functions["Model.train_step"]["calls"]["tracing"] == functions["digits.train_function.one_step_on_data"]["traces"] == 2
    layers = {name for name, function in functions.items() if function["kind"] == "keras-call"}
    assert {"digits (Functional)", "dense (Dense)", "dense_1 (Dense)", "dense_2 (Dense)", "dropout (Dropout)", "add (Add)"} <= layers
    assert findings(report) == []


def test_subclassed_keras(tmp_path: pathlib.Path) -> None:
    functions = by_name(recorded_as_plain("subclassed_keras", tmp_path))
    assert functions["classifier.train_function"]["calls"]["graph"] == EPOCHS * -(-1797 // 128)
    own_step = functions["Classifier.train_step"]
    assert own_step["calls"]["tracing"] >= 1
    assert own_step["file"].endswith("subclassed_keras.py")
    assert {"classifier (Classifier)", "gated (Gated)", "gated_1 (Gated)"} <= functions.keys()
    assert "dense (Dense)" not in functions, "layers of layers lie deeper than is recorded unless asked"


def test_custom_loop(tmp_path: pathlib.Path) -> None:
    report = recorded_as_plain("custom_loop", tmp_path)
    functions = by_name(report)
    assert functions["train_step"]["calls"]["graph"] == EPOCHS * 18
    assert functions["train_step"]["traces"] == 2  # the last batch is shorter
    assert functions["accuracy"]["calls"]["graph"] == EPOCHS
    assert functions.keys() == {"train_step", "accuracy"}
    assert findings(report) == []


def test_data_pipeline(tmp_path: pathlib.Path) -> None:
    report = recorded_as_plain("data_pipeline", tmp_path)
    functions = by_name(report)
    for name in ("Dataset.map(normalize)", "Dataset.map(augment)", "Dataset.map(<lambda>)", "Dataset.filter(<lambda>)"):
        assert (functions[name]["kind"], functions[name]["traces"]) == ("tf.data", 1)
        assert functions[name]["file"].endswith("data_pipeline.py")
    normalize = functions["Dataset.map(normalize)"]["function_id"]
    (trace,) = [trace for trace in report["traces"] if trace["function_id"] == normalize]
    lines = (SCRIPTS / "data_pipeline.py").read_text().splitlines()
    made = {lines[line["line"] - 1].strip() for line in trace["graph"]["source_lines"] if line["line"]}
    assert {"x = tf.cast(x, tf.float32) / 16.0", "if tf.reduce_mean(x) > 0.3:", "x = x - 0.05"} <= made
    assert functions["sequential.train_function"]["calls"]["graph"] >= EPOCHS * 25


def test_distributed(tmp_path: pathlib.Path) -> None:
    report = recorded_as_plain("distributed", tmp_path)
    functions = by_name(report)
    assert functions["distributed_step"]["calls"]["graph"] == EPOCHS * (1797 // 128)
    step = functions["distributed_step"]["function_id"]
    placed = [trace["placement"]["ops_by_device"] for trace in report["traces"] if trace["function_id"] == step]
    assert [set(ops) for ops in placed] == [{"/device:CPU:0", "/device:CPU:1"}]
    assert functions["sequential.train_function"]["calls"]["graph"] == EPOCHS * -(-1797 // 128)
    assert not [name for name in functions if name.startswith("_")], "TensorFlow's own functions are none of the program's"
    assert [finding for finding in findings(report) if finding == "function-recreated"] == []


@pytest.mark.parametrize("name", ["functional_keras", "subclassed_keras", "custom_loop", "data_pipeline", "distributed"])
def test_scripts_know_nothing_of_us(name: str) -> None:
    assert "tfmodetrace" not in (SCRIPTS / f"{name}.py").read_text()
