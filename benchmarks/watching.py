"""What watching values that bodies read from outside costs: ``python -m benchmarks.watching [--pairs N]``.

Two training steps that are alike but for where their numbers come from, both decorated and recorded in one session. In one they are read
from a global, attributes, a container and a closure, which are watched; in the other they are written out, and nothing is watched.
Jobs of both run in interleaved pairs. Beside their ratio stands what a clock in the watch itself counts, of the time of the jobs.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import tensorflow as tf

import tfmodetrace as tmt
from benchmarks import harness, overhead
from tfmodetrace.recorder.traces import outside_state

_SLOWER = harness.Target(0.01, "≤ 0.01")
_SHARE = harness.Target(0.001, "≤ 0.001")
SCALE = 0.9
SETTINGS = {"rate": 0.01, "clip": 5.0}


class _Model:
    def __init__(self) -> None:
        self.decay = 0.999
        self.smoothing = 0.1


def _steps(size: int) -> dict[str, Callable[[Any], Any]]:
    weights = {name: tf.Variable(tf.ones((size, size)) / size) for name in ("watched", "written out")}
    model, power = _Model(), 2

    @tf.function
    def watched(x: Any) -> Any:
        kept = weights["watched"]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.relu(x @ kept * SCALE - model.smoothing) ** power)
        gradient = tf.clip_by_norm(tape.gradient(loss, kept), SETTINGS["clip"])
        kept.assign(kept * model.decay - SETTINGS["rate"] * gradient)
        return loss

    other = weights["written out"]

    @tf.function
    def written_out(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.relu(x @ other * 0.9 - 0.1) ** 2)
        gradient = tf.clip_by_norm(tape.gradient(loss, other), 5.0)
        other.assign(other * 0.999 - 0.01 * gradient)
        return loss

    return {"watched": tmt.traced(watched), "written out": tmt.traced(written_out)}


class _Clocked:
    """Counts what the watch takes of calls, looks included."""

    def __init__(self) -> None:
        self.ns = self.calls = 0
        self._begin = outside_state.Watch.begin

    def __enter__(self) -> _Clocked:
        def begin(watch: Any, *args: Any) -> Any:
            began = time.perf_counter_ns()
            try:
                return self._begin(watch, *args)
            finally:
                self.ns += time.perf_counter_ns() - began
                self.calls += 1

        outside_state.Watch.begin = begin  # type: ignore[method-assign,assignment]
        return self

    def __exit__(self, *_: object) -> None:
        outside_state.Watch.begin = self._begin  # type: ignore[method-assign]


def _measure(size: int, calls: int, pairs: int) -> dict[str, float]:
    steps, x = _steps(size), tf.ones((64, size))

    def job(name: str) -> float:
        step, began = steps[name], time.perf_counter()
        for _ in range(calls):
            step(x)
        return time.perf_counter() - began

    spent: dict[str, list[float]] = {name: [] for name in steps}
    with overhead.recording():
        for name in steps:
            job(name)
        for pair in range(pairs):
            for name in steps if pair % 2 else reversed(steps):
                spent[name].append(job(name))
        with _Clocked() as clocked:
            began = time.perf_counter_ns()
            for _ in range(max(1, pairs // 4)):
                job("watched")
            whole = time.perf_counter_ns() - began
    return {
        "a call, ms": statistics.median(spent["written out"]) / calls * 1e3,
        "slower": harness.median_ratio(spent["watched"], spent["written out"]) - 1,
        "calls that come by": clocked.calls / (max(1, pairs // 4) * calls),
        "share": clocked.ns / whole,
    }


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--pairs", type=int, default=200)
    pairs = parser.parse_args().pairs
    results = {"short steps": _measure(16, 200, pairs), "long steps": _measure(512, 10, pairs)}
    rows = []
    for name, found in results.items():
        rows.append((name, "a call, ms", found["a call, ms"], ""))
        rows.append(("", "slower", found["slower"], harness.verdict(found["slower"], _SLOWER)))
        rows.append(("", "of the calls, come by the watch", found["calls that come by"], ""))
        rows.append(("", "of the time, in the watch", found["share"], harness.verdict(found["share"], _SHARE)))
    harness.show("What watching outside state costs", ("steps", "what", "figure", "target"), rows)
    harness.write("watching", results)


if __name__ == "__main__":
    main()
