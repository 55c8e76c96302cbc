"""A Keras layer that counts in Python: right when it is called, wrong inside of `fit`, which runs it in a graph.

The wrong way raises nothing. Look at: the finding `python-side-effect` of the first recording, which says how often the body ran; and that
the second one, which counts in a variable, has none.
"""

from __future__ import annotations

import argparse
import pathlib
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import tfmodetrace as tmt


class CountsInPython(keras.layers.Layer):
    """Grows its output with each batch, as Python counts them."""

    batches = 0

    def call(self, x: Any) -> Any:
        """Runs eagerly where the layer is called, and once for a graph inside of fit."""
        self.batches += 1
        return x * (1.0 + 0.01 * self.batches)


class CountsInVariable(keras.layers.Layer):
    """The same with a variable, which each run of a graph changes."""

    def build(self, input_shape: Any) -> None:  # noqa: ARG002 - Keras passes it
        """Makes the variable."""
        self.batches = self.add_weight(shape=(), initializer="zeros", dtype="int64", trainable=False)

    def call(self, x: Any) -> Any:
        """Does the same in each mode."""
        self.batches.assign_add(1)
        return x * (1.0 + 0.01 * tf.cast(self.batches, x.dtype))


def batches_counted(layer: Any, logdir: pathlib.Path) -> int:
    """Trains three epochs of ten batches, and returns what the layer has counted."""
    draw = np.random.default_rng(0)
    x, y = draw.standard_normal((320, 4)).astype(np.float32), draw.standard_normal((320, 1)).astype(np.float32)
    model = keras.Sequential([keras.Input((4,)), layer, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    before = int(layer.batches)
    with tmt.record(logdir, instrument="all"):
        model.fit(x, y, batch_size=32, epochs=3, verbose=0)
    return int(layer.batches) - before


def main() -> None:
    """Counts wrongly, says what tfmodetrace says, and counts rightly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logdir", type=pathlib.Path, default=pathlib.Path("logs/mixed_modes_in_keras"))
    logdir = parser.parse_args().logdir

    print(f"wrong: fit ran 30 batches, and Python counted {batches_counted(CountsInPython(), logdir / 'wrong')}")
    for finding in tmt.read(logdir / "wrong").findings:
        if finding["id"] == "python-side-effect":
            print(f"tfmodetrace: {finding['title']}\n  {finding['advice']}")
    print(f"right: the variable counted {batches_counted(CountsInVariable(), logdir / 'right')}")
    print(f"\ntfmodetrace report {logdir / 'wrong'}")


if __name__ == "__main__":
    main()
