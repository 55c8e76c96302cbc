"""The part of the corpus that needs two logical devices, which a process can only set up before it does anything else."""

from __future__ import annotations

import json
import os
import pathlib

import pytest

from tests.integration.reasons import scenarios_strategy
from tests.support import fresh, sources


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What went wrong in each scenario; empty where nothing did."""
    answers = tmp_path_factory.mktemp("strategies") / "answers.json"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(sources.ROOT), os.environ.get("PYTHONPATH", "")])}
    result = fresh.run("-m", "tests.integration.reasons.scenarios_strategy", answers, cwd=sources.ROOT, env=environment, timeout=300)
    assert result.returncode == 0, result.stderr[-4000:]
    return dict(json.loads(pathlib.Path(answers).read_text()))


@pytest.mark.parametrize("name", [case.name for case in scenarios_strategy.CORPUS])
def test_reasons_under_a_strategy_are_those_of_tensorflows_cache(name: str, failures: dict[str, str]) -> None:
    assert failures[name] == ""
