"""An error inside of `fit`: Keras's traceback is long and ends in its own files. Where is the line that is at fault, and in which mode?

Look at: *Errors* of the first recording, which has the line of the user's, the mode, and what to write; and that the second one has none.
"""

from __future__ import annotations

import argparse
import pathlib
import traceback
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import tfmodetrace as tmt


class Wrong(keras.Model):
    """Asks a tensor for its value while it has none."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(1)

    def call(self, x: Any) -> Any:
        """Scales by the batch's largest value."""
        largest = tf.reduce_max(x).numpy()
        return self.dense(x / largest)


class Right(Wrong):
    """Goes on with the tensor."""

    def call(self, x: Any) -> Any:
        """Scales by the batch's largest value."""
        return self.dense(x / tf.reduce_max(x))


def train(model: Any, logdir: pathlib.Path) -> str:
    """Trains for one epoch; returns how that ended."""
    x = np.abs(np.random.default_rng(0).standard_normal((64, 4))).astype(np.float32)
    model.compile("sgd", "mse")
    with tmt.record(logdir, instrument="all"):
        try:
            model.fit(x, x[:, :1], batch_size=32, verbose=0)
        except Exception as error:
            lines = "".join(traceback.format_exception(error)).count("\n")
            return f"{type(error).__name__} after {lines} lines of traceback"
    return "trained"


def main() -> None:
    """Fails, says what tfmodetrace says, and does it rightly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logdir", type=pathlib.Path, default=pathlib.Path("logs/errors_inside_fit"))
    logdir = parser.parse_args().logdir

    eager = Wrong()
    eager(tf.ones((2, 4)))
    print("called eagerly: it works")
    print(f"wrong: inside of fit: {train(Wrong(), logdir / 'wrong')}")
    for run in tmt.read(logdir / "wrong").to_dict()["runs"]:
        for failure in run["failures"]:
            error = run["errors"][failure["error_id"]]
            diagnosis = error["diagnosis"]
            print(f"tfmodetrace: {diagnosis['title']} ({error['mode']}, line {diagnosis['source']['line']}) [{diagnosis['id']}]")
            print(f"  {diagnosis['source']['code']}\n  {diagnosis['advice']}")
    print(f"right: {train(Right(), logdir / 'right')}")
    print(f"\ntfmodetrace report {logdir / 'wrong'}")


if __name__ == "__main__":
    main()
