"""No diagnosis is given for what none is for: not eagerly, not in a graph, not for words that merely look alike."""

from __future__ import annotations

import contextlib
import pathlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tests.integration.diagnoses import unrelated


@pytest.fixture(autouse=True)
def shallow() -> Iterator[None]:
    """Ends a recursion without end sooner: how long AutoGraph takes to tell of it grows with the square of the depth."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit // 2)
    yield
    sys.setrecursionlimit(limit)


def test_there_are_enough() -> None:
    assert len(unrelated.EXCEPTIONS) >= 150


@pytest.mark.parametrize("number", range(len(unrelated.EXCEPTIONS)))
def test_no_diagnosis(number: int, tmp_path: pathlib.Path) -> None:
    fail = unrelated.EXCEPTIONS[number]

    @tmt.traced
    def eagerly() -> Any:
        return fail()

    def symbolically(x: Any, fail: Callable[[], Any]) -> Any:
        fail()
        return x

    with tmt.record(tmp_path, instrument="all"):
        with pytest.raises(Exception) as raised:  # noqa: PT011 - of whatever type it is
            eagerly()
        # What fails eagerly may be fine in a graph.
        for autograph in (True, False):
            with contextlib.suppress(Exception):
                tf.function(symbolically, autograph=autograph)(tf.constant(1.0), fail)
    (run,) = tmt.read(tmp_path).to_dict()["runs"]
    assert run["processes"][0]["internal_faults"] == 0
    assert len(run["errors"]) >= 1, raised.value
    for error in run["errors"]:
        if error["mode"] == "eager" or type(raised.value).__name__ in error["type"]:
            assert error["diagnosis"]["id"] == "unclassified", (error["message"], error["diagnosis"])
