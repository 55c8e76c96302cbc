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
from tfmodetrace.schema import keys, words

MS: Final = 1_000_000
NOISE: Final = np.random.default_rng(0).normal(1.0, 0.15, 400)


def quietly(duration_ms: Callable[[int], float]) -> Callable[[int], float]:
    """Returns the same times with a tenth of the noise."""
    return lambda number: duration_ms(number) * (0.9 + 0.1 * NOISE[number]) / NOISE[number]


def tenths(*levels: float) -> Callable[[int], float]:
    """Returns a time for each tenth of the calls that count, which come after the first 20."""
    return lambda number: levels[min(max(number - 20, 0) // 38, 9)]


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
    "by two thirds": lambda number: 1 + number / 500,
    "through three steps": tenths(1, 1, 1, 1.6, 2, 2.4, 3, 3, 3, 3),
    "with every twentieth call long": lambda number: 1 + number / 80 + (20 if number % 20 == 0 else 0),
}

NOT_SLOWER: Final[dict[str, Callable[[int], float]]] = {
    "steady": lambda _: 2.0,
    "warm-up": lambda number: 20.0 if number < 15 else 1.0,
    "at once": lambda number: 1.0 if number < 200 else 3.0,
    "for a while": lambda number: 3.0 if 150 < number < 250 else 1.0,
    "long at times": lambda number: 30.0 if number % 37 == 0 else 1.0,
    "a little": lambda number: 1.0 + number / 2000,
    "by two fifths": quietly(lambda number: 1 + number / 950),
    "through two steps": quietly(tenths(1, 1.001, 1.002, 1.003, 2, 2.4, 3, 3.001, 3.002, 3.003)),
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


BODIES: Final[dict[str, bool]] = {
    "    for _ in range(steps):\n        x = x + 1\n    return x": False,
    "    return unrolled(x, steps)": False,
    "    return x[:steps]": False,
    "    while tf.reduce_sum(x) < steps:\n        x = x + 1\n    return x": False,
    "    for _ in range(horizon):\n        x = x + 1\n    return x": False,
    "    for _ in tf.range(self.horizon):\n        x = x + 1\n    return x": False,
    "    history.append(x)\n    return tf.add_n(history)": True,
    "    history.append(x)\n    if steps % 10 == 0:\n        print(steps)\n    return tf.add_n(history)": True,
    "    history.append(x)\n    for i in range(len(history)):\n        x = x + history[i]\n    return x": True,
    "    history.append(x)\n    for _ in range(3):\n        x = x + tf.add_n(history)\n    return x": True,
}


@pytest.mark.parametrize("numbers", ["literals", "strings", "tensors"])
@pytest.mark.parametrize("body", BODIES)
def test_how_much_there_is_to_do_may_be_told_by_a_number(body: str, numbers: str, tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    step = session.function("step", parameters=("x", "steps"))
    session.chunk.functions[step].source = f"def step(x, steps):\n{body}\n"
    x, now = files.tensor("float32", 8), 0
    for number in range(200):
        steps = {"literals": files.literal(number), "strings": files.literal("a" * number), "tensors": files.tensor("int32")}[numbers]
        if number > 100 and numbers == "literals":  # where the values have become too many
            steps = keys.Node(kind=keys.Kind.OMITTED, type_name="int")
        signature = session.signature(step, x=x, steps=steps)
        duration_ns = int((1 + number / 50) * MS)
        session.call(step, now, duration_ns, mode=words.Mode.EAGER, signature=signature)
        now += duration_ns
    session.flush()
    (run,) = reader.read(tmp_path).runs
    told = [finding.evidence["calls"] for finding in answers.Answers(run).findings if finding.id == "slows-down"]
    assert told == ([190] if BODIES[body] else [])


@pytest.mark.parametrize(
    "x", [keys.Node(kind=keys.Kind.COMPOSITE, type_name="RaggedTensor", text="ragged"), files.tensor("float32", None), None]
)
def test_of_arguments_whose_sizes_are_not_known_nothing_is_told(x: keys.Node | None, tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    step, now = session.function("step"), 0
    known = session.signature(step, x=files.tensor("float32", 1))
    other = known if x is None else session.signature(step, x=x)
    for number in range(200):
        duration_ns = int((1 + number / 50) * MS)
        signature = other if x is not None else known if number < 40 else -1
        session.call(step, now, duration_ns, mode=words.Mode.EAGER, signature=signature)
        now += duration_ns
    session.flush()
    (run,) = reader.read(tmp_path).runs
    assert [finding for finding in answers.Answers(run).findings if finding.id == "slows-down"] == []
