"""What eager execution costs, in time and memory: it depends on the function, so it is measured. One timed call shows mostly tracing.

"Eager is up to 40 % slower" is a figure of somebody's program. Look at: the same comparison for three functions, one of which gains
nothing, and what the usual way of timing, one call of each, would have said of them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import tensorflow as tf

import tfmodetrace as tmt


def one_op(x: Any) -> Any:
    """Dispatches one op."""
    return x + 1.0


def many_small_ops(x: Any) -> Any:
    """Dispatches a hundred ops, none of which has much to do."""
    for _ in range(50):
        x = tf.tanh(x) * 0.9
    return x


def few_large_ops(x: Any) -> Any:
    """Has all its time in three products of matrices."""
    large = tf.tile(x, [20, 20])
    return tf.reduce_sum(large @ large @ large)


def one_timed_call(function: Callable[..., Any], *arguments: Any) -> float:
    """Returns milliseconds, as the web measures."""
    began = time.perf_counter()
    function(*arguments)
    return (time.perf_counter() - began) * 1e3


def main() -> None:
    """Times one call of each, and then compares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget", type=float, default=5.0, help="seconds for each function")
    budget = parser.parse_args().budget
    x = tf.ones((32, 32)) / 32.0
    for function in (one_op, many_small_ops, few_large_ops):
        eager, graph = one_timed_call(function, x), one_timed_call(tf.function(function), x)
        print(f"wrong: one timed call of {function.__name__}: eager {eager:.1f} ms, graph {graph:.1f} ms")
        told = tmt.compare(function, x, modes=("eager", "graph"), budget_secs=budget)
        row = told.row("graph")
        if row is not None and row.ratio is not None:
            once = (row.one_off_ns or 0) / ((row.one_off_ns or 0) + (row.call_ns or 0))
            print(f"right: eager takes {1 / row.ratio - 1:+.0%} beside the graph, of whose first call {once:.0%} is tracing and set-up")
        print(f"{told}\n")


if __name__ == "__main__":
    main()
