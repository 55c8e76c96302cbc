"""Numbers that Python calls equal though they are of other types run in each other's graphs; near twins of theirs do not."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any, Final

import pytest
import tensorflow as tf

from tests.support import silent_findings

X: Final = tf.constant([1.0, 2.0])


def made() -> Any:
    @tf.function
    def step(x: Any, number: Any = 2, **options: Any) -> Any:
        return x, tf.convert_to_tensor(number[0] if isinstance(number, list | tuple) else number), options

    return step


def an_int_before_a_float() -> None:
    step = made()
    step(X, 1)
    step(X, 1.0)


def a_float_before_an_int() -> None:
    step = made()
    for number in (3.0, 3, 3.0, 3):
        step(X, number)


def a_bool_before_an_int() -> None:
    step = made()
    step(X, True)
    step(X, 1)


def zero_before_false() -> None:
    step = made()
    step(X, number=0)
    step(X, number=False)


def a_default_that_is_an_int() -> None:
    step = made()
    step(X)
    step(X, 2.0)


def inside_of_a_list() -> None:
    step = made()
    step(X, [1, 5])
    step(X, [1.0, 5])


# --- Right -------------------------------------------------------------------------------------------------------------------------------


def numbers_that_differ() -> None:
    step = made()
    step(X, 1)
    step(X, 2.0)
    step(X, False)


def one_type_throughout() -> None:
    step = made()
    for number in (1.0, 2.0, 1.0, 2.0):
        step(X, number)


def tensors() -> None:
    step = made()
    step(X, tf.constant(1))
    step(X, tf.constant(1.0))


def other_tensors_beside_them() -> None:
    step = made()
    step(X, 1)
    step(tf.constant([1, 2]), 1.0)


def other_functions() -> None:
    made()(X, 1)
    made()(X, 1.0)


def a_text_of_the_same_digits() -> None:
    step = made()
    step(X, 1)
    step(X, "1")


COLLIDE: Final = (
    *(an_int_before_a_float, a_float_before_an_int, a_bool_before_an_int, zero_before_false, a_default_that_is_an_int, inside_of_a_list),
)
RIGHT: Final = (numbers_that_differ, one_type_throughout, tensors, other_tensors_beside_them, other_functions, a_text_of_the_same_digits)


def collisions(program: Callable[[], None], logdir: pathlib.Path) -> list[Any]:
    return [finding for finding in silent_findings.told(program, logdir) if finding.id == "literal-type-collision"]


@pytest.mark.parametrize("program", COLLIDE, ids=lambda program: program.__name__)
def test_a_number_that_runs_in_the_graph_of_an_equal_one_is_told(program: Callable[[], None], tmp_path: pathlib.Path) -> None:
    (finding,) = collisions(program, tmp_path)
    assert finding.severity == "high"


@pytest.mark.parametrize("program", RIGHT, ids=lambda program: program.__name__)
def test_nothing_is_said_of_numbers_with_graphs_of_their_own(program: Callable[[], None], tmp_path: pathlib.Path) -> None:
    assert collisions(program, tmp_path) == []
