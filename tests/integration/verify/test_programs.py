"""Every fix of the examples, and of a directory of programs, tried: it does what its finding is about, and the program runs as before."""

from __future__ import annotations

import os
import pathlib

import pytest

from tests.integration.verify import counting, trying

PROGRAMS = os.environ.get("TFMODETRACE_PROGRAMS", "")
"""A directory of programs that run and have findings."""

EXAMPLES = pathlib.Path(__file__).parents[3] / "examples"

APART = {
    ("c02_factory_step.py", "function-recreated"): "every fold trains a model of its own, whose variables its graph keeps",
    ("c07_generate.py", "function-recreated"): "every object enters itself into a list of the program's",
    ("c10_keep_predictions.py", "memory-growth"): "it keeps all predictions on purpose",
    ("c12_pyfunction_map.py", "python-op-in-graph"): "it parses in Python on purpose",
    ("two_devices.py", "memory-growth"): "it keeps tensors on purpose",
}
"""By program and finding: why no code can mend it."""


@pytest.mark.slow
def test_every_fix_of_an_example_works(tmp_path: pathlib.Path) -> None:
    path = EXAMPLES / "two_devices.py"
    told = trying.all_of(path, tmp_path, ["--logdir", str(tmp_path / "own")])
    counts = counted({path.name: told})
    print(counts)
    assert wrong({path.name: told}) == []
    assert {each.finding.id for each in told if each.tried} == {"python-loop-unrolled", "placement-not-honoured"}


@pytest.mark.slow
@pytest.mark.skipif(not PROGRAMS, reason="TFMODETRACE_PROGRAMS names no directory of programs")
def test_every_fix_of_a_directory_of_programs_works(tmp_path: pathlib.Path) -> None:
    told = {}
    for path in sorted(pathlib.Path(PROGRAMS).glob("*.py")):
        (tmp_path / path.stem).mkdir()
        told[path.name] = trying.all_of(path, tmp_path / path.stem)
    counts = counted(told)
    print(counts)
    assert wrong(told) == []
    assert counts.share >= 0.8


def counted(told: dict[str, list[trying.Told]]) -> counting.Counts:
    counts = counting.Counts(APART)
    for name, own in told.items():
        for each in own:
            counts.add(name, each.finding)
    return counts


def wrong(told: dict[str, list[trying.Told]]) -> list[str]:
    """What fixes did not do what they are for, or make a program end otherwise."""
    tried = [(name, each.finding, each.tried) for name, own in told.items() for each in own if each.tried is not None]
    print(f"{len(tried)} fixes tried")
    return [
        f"{name}: {finding.id}\n{finding.fix}"
        for name, finding, result in tried
        if not result.helped or result.after.exit_code != result.before.exit_code
    ]
