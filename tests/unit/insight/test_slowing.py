"""Calls that take longer and longer, and those that only seem to."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Final

import numpy as np
import pytest

from tests.support import files
from tfmodetrace.insight import answers, findings
from tfmodetrace.log import reader
from tfmodetrace.schema import words

MS: Final = 1_000_000
NOISE: Final = np.random.default_rng(0).normal(1.0, 0.15, 400)


def found(
    logdir: pathlib.Path, duration_ms: Callable[[int], float], *, beside_ms: Callable[[int], float] | None = None, size: int = 0
) -> list[findings.Finding]:
    """Records 400 calls, and as many of another function that run between them; their tensors grow where a size is given."""
    session = files.SessionFile(logdir)
    session.thread()
    step, other = session.function("step"), session.function("other")
    signatures = [session.signature(step, x=files.tensor("float32", 8 + size * number)) for number in range(400 if size else 1)]
    now = 0
    for number in range(400):
        for function, took in ((step, duration_ms), (other, beside_ms)):
            if took is not None:
                duration_ns = int(max(0.01, took(number) * NOISE[number]) * MS)
                signature = signatures[number if size else 0] if function == step else -1
                session.call(function, now, duration_ns, mode=words.Mode.EAGER, signature=signature)
                now += duration_ns
    session.flush()
    (run,) = reader.read(logdir).runs
    return [finding for finding in answers.Answers(run).findings if finding.id == "slows-down"]


SLOWER: Final[dict[str, Callable[[int], float]]] = {
    "steadily": lambda number: 1 + number / 100,
    "faster and faster": lambda number: 1 + (number / 100) ** 2,
    "less and less": lambda number: (number + 20) ** 0.5,
    "with every twentieth call long": lambda number: 1 + number / 80 + (20 if number % 20 == 0 else 0),
}

NOT_SLOWER: Final[dict[str, Callable[[int], float]]] = {
    "steady": lambda _: 2.0,
    "warm-up": lambda number: 20.0 if number < 15 else 1.0,
    "at once": lambda number: 1.0 if number < 200 else 3.0,
    "for a while": lambda number: 3.0 if 150 < number < 250 else 1.0,
    "long at times": lambda number: 30.0 if number % 37 == 0 else 1.0,
    "a little": lambda number: 1.0 + number / 2000,
    "up and down": lambda number: 2.0 + np.sin(number / 20),
}


@pytest.mark.parametrize("how", SLOWER)
def test_calls_that_grow_longer_are_told(how: str, tmp_path: pathlib.Path) -> None:
    (finding,) = found(tmp_path, SLOWER[how])
    assert finding.title.startswith("Calls of step grew from ")
    assert finding.evidence["last_ns"] >= 1.5 * finding.evidence["first_ns"]
    assert finding.lost_ns > 0


@pytest.mark.parametrize("how", NOT_SLOWER)
def test_calls_that_do_not_are_not(how: str, tmp_path: pathlib.Path) -> None:
    assert found(tmp_path, NOT_SLOWER[how]) == []


def test_a_machine_that_slows_down_everything_is_not_told(tmp_path: pathlib.Path) -> None:
    assert found(tmp_path, lambda number: 1 + number / 100, beside_ms=lambda number: 1 + number / 100) == []
    assert len(found(tmp_path / "beside", lambda number: 1 + number / 100, beside_ms=lambda _: 1.0)) == 1


def test_calls_with_more_and_more_to_compute_with_are_not_told(tmp_path: pathlib.Path) -> None:
    assert found(tmp_path, lambda number: 1 + number / 100, size=1) == []
