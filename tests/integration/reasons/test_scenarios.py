"""The corpus of retraces: every reason is held against TensorFlow's own cache keys."""

from __future__ import annotations

import pathlib

import pytest

from tests.integration.reasons import (
    scenario,
    scenarios_composites,
    scenarios_containers,
    scenarios_context,
    scenarios_functions,
    scenarios_objects,
    scenarios_python,
    scenarios_tensors,
)

CORPORA = (
    scenarios_tensors.CORPUS,
    scenarios_python.CORPUS,
    scenarios_containers.CORPUS,
    scenarios_objects.CORPUS,
    scenarios_composites.CORPUS,
    scenarios_context.CORPUS,
    scenarios_functions.CORPUS,
)
SCENARIOS = [case for corpus in CORPORA for case in corpus]


@pytest.mark.parametrize("case", SCENARIOS, ids=[case.name for case in SCENARIOS])
def test_reasons_are_those_of_tensorflows_cache(case: scenario.Scenario, tmp_path: pathlib.Path) -> None:
    scenario.check(case, tmp_path)
