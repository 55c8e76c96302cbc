"""Using eager execution well: leave it where it costs little, put into a graph what dispatches many ops, and know which is which before.

Look at: what `tmt.compare` prints. The train step dispatches dozens of ops, and a graph pays after some calls; the learning rate takes one
op, and a graph is slower for ever. What is in the way of a graph is told in place of a row.
"""

from __future__ import annotations

import argparse
from typing import Any

import tensorflow as tf

import tfmodetrace as tmt

WEIGHTS = [tf.Variable(tf.random.stateless_normal([8, 8], seed=[0, number])) for number in range(4)]


def train_step(x: Any, rate: Any) -> Any:
    """Is worth a graph: many small ops."""
    with tf.GradientTape() as tape:
        y = x
        for weight in WEIGHTS:
            y = tf.tanh(y @ weight)
        loss = tf.reduce_mean(y * y)
    for weight, gradient in zip(WEIGHTS, tape.gradient(loss, WEIGHTS), strict=True):
        weight.assign_sub(rate * gradient)
    return loss


def learning_rate(step: Any) -> Any:
    """Is not: one op."""
    return 0.1 / step


def report_loss(loss: Any) -> str:
    """Cannot be in a graph at all, and need not."""
    return f"loss {loss.numpy():.3f}"


def main() -> None:
    """Compares the three parts of a training loop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget", type=float, default=5.0, help="seconds for each")
    budget = parser.parse_args().budget
    x, one = tf.ones((16, 8)), tf.constant(1.0)
    for function, arguments in ((train_step, (x, one)), (learning_rate, (one,)), (report_loss, (one,))):
        print(tmt.compare(function, *arguments, modes=("eager", "graph"), budget_secs=budget))
        print()


if __name__ == "__main__":
    main()
