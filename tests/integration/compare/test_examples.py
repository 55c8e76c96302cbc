"""The examples keep what they claim: the wrong way is wrong, tfmodetrace says so, and the right way is right."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest

import tfmodetrace as tmt
from tests.support import fresh, sources

pytestmark = pytest.mark.by_the_clock


def run(name: str, *words: object) -> str:
    done = fresh.run(sources.ROOT / "examples" / f"{name}.py", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def report(logdir: pathlib.Path) -> dict[str, Any]:
    (told,) = tmt.read(logdir).to_dict()["runs"]
    return told


def test_a_layer_that_counts_in_python_counts_once_in_a_graph(tmp_path: pathlib.Path) -> None:
    out = run("mixed_modes_in_keras", "--logdir", tmp_path)
    assert "wrong: fit ran 30 batches, and Python counted 1\n" in out
    assert "right: the variable counted 30\n" in out
    (finding,) = [finding for finding in report(tmp_path / "wrong")["findings"] if finding["id"] == "python-side-effect"]
    assert finding["severity"] == "high"
    assert f"tfmodetrace: {finding['title']}" in out
    assert "python-side-effect" not in {finding["id"] for finding in report(tmp_path / "right")["findings"]}


def test_an_error_inside_of_fit_is_told_with_the_users_line_and_mode(tmp_path: pathlib.Path) -> None:
    out = run("errors_inside_fit", "--logdir", tmp_path)
    told = report(tmp_path / "wrong")
    (failure,) = told["failures"]
    error = told["errors"][failure["error_id"]]
    assert (error["mode"], error["diagnosis"]["id"]) == ("tracing", "symbolic-to-numpy")
    assert error["diagnosis"]["source"]["code"].strip() == "largest = tf.reduce_max(x).numpy()"
    assert "called eagerly: it works" in out
    assert "[symbolic-to-numpy]" in out
    assert out.count("right: trained") == 1
    assert report(tmp_path / "right")["failures"] == []


def test_with_eager_execution_disabled_calls_add_to_a_graph_and_compute_nothing(tmp_path: pathlib.Path) -> None:
    out = run("eager_disabled", "--disabled", "--logdir", tmp_path) + run("eager_disabled", "--eager", "--logdir", tmp_path)
    assert out.splitlines()[-1] == "  what a call returns: EagerTensor"
    for name, mode in (("wrong", "v1-graph"), ("right", "eager")):
        (function,) = report(tmp_path / name)["functions"]
        assert function["calls"][mode] == function["calls"]["total"] == 3


def test_what_is_worth_a_graph_is_known_beforehand() -> None:
    out = run("eager_used_well", "--budget", "0.3")
    step, rate, loss = out.split("\n\n\n") if "\n\n\n" in out else re.split(r"\n(?=learning_rate|report_loss)", out)
    assert "A call in eager dispatches 39 ops." in step
    assert "A call in eager dispatches 1 op." in rate
    assert "[symbolic-to-numpy]" in loss
    assert all("identical" in part for part in (step, rate))


def test_one_timed_call_of_a_graph_shows_mostly_tracing() -> None:
    out = run("eager_cost", "--budget", "0.3")
    shares = [int(share) for share in re.findall(r"of whose first call (\d+)% is tracing and set-up", out)]
    assert len(shares) == 3
    assert shares[0] > 50
    assert shares[1] > 50
    assert len(re.findall("wrong: one timed call of", out)) == 3
