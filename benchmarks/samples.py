"""What sampling stacks costs: the share of a core, and how much longer a program takes.

Run with ``make bench BENCH=samples`` or ``python -m benchmarks.samples [--pairs N]``. Eager training steps, graph calls, and threads that
run ops side by side, are recorded with and without samples in interleaved pairs, the first of each pair taking turns; the figure is the
median of the pairs' ratios. The sampler's own time is what its thread used of a core.
"""

from __future__ import annotations

import argparse
import pathlib
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

import tfmodetrace as tmt
from benchmarks import harness
from tfmodetrace.recorder.session import process

_SHARE = harness.Target(0.005, "≤ 0.005")
_SLOWER = harness.Target(0.01, "≤ 0.01")
_THREADS = 24


def _eager() -> Callable[[], Any]:
    net = keras.Sequential([keras.Input((16,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(1)])
    optimizer = keras.optimizers.SGD(0.01)
    x = tf.ones((32, 16))

    def step() -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(net(x) ** 2)
        optimizer.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables, strict=True))

    def run() -> None:
        for _ in range(300):
            step()

    return run


def _graph() -> Callable[[], Any]:
    x = tf.ones((64, 64))
    work = tf.function(lambda value: tf.reduce_sum(value @ value))
    return lambda: [work(x) for _ in range(20000)]


def _threads() -> Callable[[], Any]:
    x = tf.ones((64, 64))

    def work() -> None:
        for _ in range(400):
            tf.reduce_sum(x @ x)

    def run() -> None:
        threads = [threading.Thread(target=work) for _ in range(_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return run


def _timed(work: Callable[[], Any], logdir: pathlib.Path, *, samples: bool) -> tuple[float, float]:
    """Returns for how long something ran recorded, and which share of a core the sampler used."""
    with tmt.record(logdir, instrument="all", samples=samples):
        session = process.active()
        began = time.perf_counter()
        work()
        secs = time.perf_counter() - began
    spent_ns = 0 if session is None else session.sampler.spent_ns
    return secs, spent_ns / 1e9 / secs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=30)
    pairs = parser.parse_args().pairs
    results: dict[str, dict[str, float]] = {}
    for name, make in (("eager training", _eager), ("graph calls", _graph), (f"{_THREADS} threads", _threads)):
        work = make()
        work()
        spent: dict[bool, list[float]] = {True: [], False: []}
        shares = []
        with tempfile.TemporaryDirectory() as directory:
            for pair in range(pairs):
                for samples in (True, False) if pair % 2 else (False, True):
                    secs, share = _timed(work, pathlib.Path(directory, f"{pair}-{samples}"), samples=samples)
                    spent[samples].append(secs)
                    shares += [share] if samples else []
        results[name] = {"share": statistics.median(shares), "slower": harness.median_ratio(spent[True], spent[False]) - 1}
    rows = []
    for name, found in results.items():
        rows.append((name, "share of a core", found["share"], harness.verdict(found["share"], _SHARE)))
        rows.append((name, "more wall time", found["slower"], harness.verdict(found["slower"], _SLOWER)))
    harness.show("What sampling stacks costs", ("program", "what", "figure", "target"), rows)
    harness.write("samples", results)


if __name__ == "__main__":
    main()
