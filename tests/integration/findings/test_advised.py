"""What ``eager-hot-function`` advises, done: the definition runs as a graph, and the program computes the same.

How much is gained is measured by ``benchmarks.advised``.
"""

from __future__ import annotations

import pathlib
import re
from typing import Any, Final

import pytest

import tfmodetrace as tmt
from benchmarks import advised_programs
from tests.support import finding_rules, fresh
from tfmodetrace.insight import edits
from tfmodetrace.recorder.calls import native

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(native.HOT_PATH is None, reason="Python between ops is seen at no line without it"),
    pytest.mark.by_the_clock,
]

TURNS: Final = {"scalar ops": 400, "RNN by hand": 300, "metric": 1000, "augmentation": 400}
BY_HAND: Final = {"metric": "`float(", "augmentation": "ake a function of what the loop at program.py:"}
AFTER: Final = 20


def ran(directory: pathlib.Path, text: str, turns: int) -> tuple[Any, float]:
    """Runs and records a program; returns the run, and what the program has computed."""
    directory.mkdir()
    (directory / "program.py").write_text(text)
    done = fresh.run("-m", "tfmodetrace", "run", "--logdir", directory / "logs", directory / "program.py", turns, taken_apart=False)
    assert done.returncode == 0, done.stderr
    (run,) = tmt.read(directory / "logs").runs
    return run, float(re.findall(r"^-?[\d.e+-]+$", done.stdout, re.MULTILINE)[-1])


@pytest.mark.parametrize("name", TURNS)
def test_what_is_advised_makes_a_graph_that_computes_the_same(name: str, tmp_path: pathlib.Path) -> None:
    program = advised_programs.PROGRAMS[name]
    before, expected = ran(tmp_path / "before", program.script(), TURNS[name])
    (finding,) = [finding for finding in finding_rules.check(before) if finding.id == "eager-hot-function"]
    if program.after:
        assert finding.fix is None
        assert BY_HAND[name] in finding.advice
        text = program.script(advised=True)
    else:
        text = edits.applied(program.script(), finding.edits)
    after, computed = ran(tmp_path / "after", text, AFTER)
    (function,) = tmt.read(tmp_path / "after" / "logs").to_dict()["runs"][0]["functions"]
    assert (function["calls"]["total"], function["calls"]["graph"], function["traces"]) == (AFTER, AFTER, 1)
    assert computed == pytest.approx(expected, rel=1e-4)
    assert [found for found in finding_rules.check(after) if found.id == "eager-hot-function"] == []
