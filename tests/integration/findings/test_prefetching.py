"""What TensorFlow itself does about batches that are not ready: of which the advice about input speaks."""

from __future__ import annotations

import time
from typing import Any

import pytest
import tensorflow as tf


@pytest.mark.parametrize(("switched_on", "ahead"), [(None, True), (True, True), (False, False)])
def test_elements_are_made_ahead_unless_that_is_switched_off(switched_on: bool | None, ahead: bool) -> None:
    made = []

    def element(number: Any) -> Any:
        made.append(number)
        return number

    data = tf.data.Dataset.range(50).map(lambda number: tf.numpy_function(element, [number], tf.int64))
    if switched_on is not None:
        options = tf.data.Options()
        options.experimental_optimization.inject_prefetch = switched_on
        data = data.with_options(options)
    iterator = iter(data)
    next(iterator)
    until = time.monotonic() + (5.0 if ahead else 0.3)
    while len(made) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    assert (len(made) > 1) == ahead
