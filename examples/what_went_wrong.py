"""Makes the mistakes that everybody makes once, on scikit-learn's digits, and records what each means: nothing here is decorated.

Look at: *Errors*, which tells each failure by what it means in its mode, with the line at fault and what to change; the notes that
`explain_errors=True` adds to the exceptions, printed here; and *Timeline*, where "Timeline" on a failure shows the call that raised.
"""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import traceback
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

import tfmodetrace as tmt


def make_model(classes: int = 10) -> Any:
    """Two dense layers."""
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(classes)], name="digits")
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


@contextlib.contextmanager
def mistake(title: str) -> Iterator[None]:
    """Prints how a mistake ends, without TensorFlow's part of it."""
    try:
        yield
    except Exception as error:
        last = traceback.format_exception_only(error)
        note = next((line for line in last if line.startswith("tfmodetrace:")), "tfmodetrace: not known; see the Errors view\n")
        print(f"{title}\n  {note.splitlines()[0]}")


@tf.function
def mean_loss(model: Any, x: Any, y: Any) -> Any:
    """Takes a value out of a graph that has none yet."""
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, model(x)))
    return loss.numpy()


@tf.function
def clipped(x: Any) -> Any:
    """Has a value in one branch only."""
    if tf.reduce_max(x) > 1.0:
        y = x / tf.reduce_max(x)
    return y


@tf.function
def scaled(x: Any, factor: Any) -> Any:
    """Multiplies float32 by whatever it is given."""
    return x * factor


@tf.function(input_signature=[tf.TensorSpec([None, 64]), tf.TensorSpec([None, 64])])
def distances(x: Any, y: Any) -> Any:
    """Compares row by row, so that both must have as many."""
    return tf.norm(x - y, axis=1)


@tf.function
def parse(record: Any, fields: dict[str, int]) -> Any:
    """Fails of its own accord."""
    return record[:, fields["lable"]]


def main() -> None:
    """Makes them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logdir", type=pathlib.Path, default=pathlib.Path("logs/what_went_wrong"))
    logdir = parser.parse_args().logdir

    x, y = load_digits(return_X_y=True)
    x, y = x.astype(np.float32), y.astype(np.int32)
    model = make_model()

    with tmt.record(logdir, instrument="all", explain_errors=True):
        model.fit(x, y, batch_size=64, epochs=2, verbose=0)
        with mistake("The value of a loss inside a graph:"):
            mean_loss(model, x, y)
        with mistake("A variable of one branch:"):
            clipped(tf.constant(x))
        for _ in range(3):
            with mistake("float32 times float64:"):
                scaled(tf.constant(x), tf.constant(np.linspace(0.0, 1.0, 64)))
        with mistake("Two batches of different length:"):
            distances(tf.constant(x[:32]), tf.constant(x[:31]))
        with mistake("Ten labels for nine classes, inside fit:"):
            make_model(classes=9).fit(x, y, batch_size=64, verbose=0)
        with mistake("Rows of another width, inside fit:"):
            model.fit(x[:, :32], y, batch_size=64, verbose=0)
        with mistake("A misspelt key:"):
            parse(tf.constant(x), {"label": 3})

    print(f"\ntfmodetrace report {logdir}\ntensorboard --logdir {logdir}  # then open the Mode Trace tab, and Errors")


if __name__ == "__main__":
    main()
