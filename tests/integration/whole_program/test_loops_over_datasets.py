"""What a loop over a dataset takes for itself is input: making its iterator, asking for elements, and TensorFlow letting go of it."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tfmodetrace.insight import answers
from tfmodetrace.recorder.calls import native
from tfmodetrace.recorder.stacks import loops

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(native.HOT_PATH is None, reason="Python between ops is seen at no line without it"),
    pytest.mark.by_the_clock,
]

ROWS: Final = np.ones((40000, 64), np.float32)
PAUSE: Final = 0.004
PAUSES: Final = 150


def shuffled() -> Any:
    """Whose buffer of forty thousand tensors is let go of at each end."""
    return tf.data.Dataset.from_tensor_slices(ROWS).shuffle(len(ROWS)).batch(256).prefetch(2)


def slowly_mapped() -> Any:
    def slowly(number: Any) -> Any:
        time.sleep(0.02)
        return number

    data = tf.data.Dataset.range(1000).map(lambda number: tf.numpy_function(slowly, [number], tf.int64)).prefetch(4)
    return data.take(20)


class Clock:
    """How long loops took beyond their bodies, by the program's own clock."""

    def __init__(self) -> None:
        self.loops = self.bodies = 0.0

    def body(self) -> float:
        began = time.perf_counter()
        time.sleep(0.004)
        self.bodies += time.perf_counter() - began
        return began

    def plain(self, data: Any) -> None:
        for _ in data:
            self.body()

    def empty(self, data: Any) -> None:
        for _ in data:
            pass

    def counted(self, data: Any) -> None:
        for _, _ in enumerate(data):
            self.body()

    def left(self, data: Any) -> None:
        for _ in data:
            self.body()
            if self.loops >= 0:
                break

    def in_a_list(self, data: Any) -> None:
        self.steps = [self.body() for _ in data]


def parts_of(logdir: pathlib.Path) -> dict[str, Any]:
    (run,) = tmt.read(logdir).runs
    budget = answers.Answers(run).budgets.of_run
    assert budget is not None
    return {part.part: part for part in budget.main.parts}


@pytest.mark.parametrize(
    ("loop", "made"),
    [
        (Clock.plain, shuffled),
        (Clock.plain, slowly_mapped),
        (Clock.counted, shuffled),
        (Clock.counted, slowly_mapped),
        (Clock.in_a_list, shuffled),
        (Clock.left, shuffled),
    ],
    ids=lambda each: each.__name__,
)
def test_the_time_of_a_loop_beyond_its_body_is_input(
    loop: Callable[[Clock, Any], None], made: Callable[[], Any], tmp_path: pathlib.Path
) -> None:
    data, clock = made(), Clock()
    with tmt.record(tmp_path, instrument="all"):
        end = time.perf_counter() + 2.5
        while time.perf_counter() < end:
            began = time.perf_counter()
            loop(clock, data)
            clock.loops += time.perf_counter() - began
    found = parts_of(tmp_path)
    truth_ns = (clock.loops - clock.bodies) * 1e9
    assert found["input"].ns == pytest.approx(truth_ns, abs=0.1 * truth_ns + found["input"].plus_minus_ns)
    assert found["python"].ns == pytest.approx(clock.bodies * 1e9, abs=0.1 * clock.bodies * 1e9 + found["python"].plus_minus_ns)


def test_the_end_of_a_loop_over_a_dataset_is_told_at_its_line(tmp_path: pathlib.Path) -> None:
    data, clock = shuffled(), Clock()
    with tmt.record(tmp_path, instrument="all"):
        for _ in range(100):
            clock.empty(data)
    (run,) = tmt.read(tmp_path).runs
    at = [run.samples.places[number] for number in run.samples.place_id.tolist()]
    ends = [place for place in at if place.op == loops.LETS_GO]
    assert {(place.state, place.line) for place in ends} == {("input", Clock.empty.__code__.co_firstlineno + 1)}


def numbers() -> Iterator[int]:
    for number in range(PAUSES):
        time.sleep(PAUSE)
        yield number


def over_a_list(clock: Clock) -> None:
    for _ in [0] * PAUSES:
        time.sleep(PAUSE)


def over_a_generator(clock: Clock) -> None:
    for _ in numbers():
        pass


def over_what_sleeps_in_c(clock: Clock) -> None:
    for _ in map(time.sleep, [PAUSE] * PAUSES):
        pass


def over_a_dataset_and_then_that(clock: Clock) -> None:
    for _ in tf.data.Dataset.range(3):
        pass
    for _ in map(time.sleep, [PAUSE] * PAUSES):
        pass


def in_a_body_at_the_line_of_the_loop(clock: Clock) -> None:
    for _ in tf.data.Dataset.range(PAUSES): time.sleep(PAUSE)  # fmt: skip  # noqa: E701


@pytest.mark.parametrize(
    "program",
    [over_a_list, over_a_generator, over_what_sleeps_in_c, over_a_dataset_and_then_that, in_a_body_at_the_line_of_the_loop],
    ids=lambda program: program.__name__,
)
def test_other_loops_are_not_input(program: Callable[[Clock], None], tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path, instrument="all"):
        began = time.perf_counter()
        for _ in range(3):
            program(Clock())
        wall_ns = (time.perf_counter() - began) * 1e9
    found = parts_of(tmp_path)
    told_ns = found["input"].ns - found["input"].plus_minus_ns if "input" in found else 0
    # A busy machine takes long for the datasets' own steps, which are input; the pauses are not, however long they last.
    at_most_loops_ns = wall_ns - 3 * PAUSES * PAUSE * 1e9
    assert told_ns < at_most_loops_ns + 0.05 * wall_ns
