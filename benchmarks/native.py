"""What recording costs with the hot path in C and with the one in Python, in a tight loop and in the middle of training.

Run with ``make bench BENCH=native`` or ``python -m benchmarks.native``; needs the hot path compiled. Each is measured in processes of its
own, which take turns. In a tight loop everything that is needed lies in the processor's caches. In the middle of training it does not:
TensorFlow has used them since, and the same steps take several times as long. That is what a user feels.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

import tfmodetrace as tmt
from benchmarks import harness, overhead, training
from tfmodetrace.recorder.calls import native

_PATHS = {"Python": "0", "C": "1"}
_TRACEME = "TraceMe active"
_TARGETS = {"1 tensor": harness.Target(1.0, "≤ 1.0"), "8 tensors": harness.Target(1.5, "≤ 1.5")}


def _tight(rounds: int) -> dict[str, dict[str, float]]:
    """Nanoseconds beyond the bare call."""
    tensor = tf.ones((3, 4))
    traced = tmt.traced(overhead.bare)
    states: dict[str, harness.State] = {
        "bare": (overhead.nothing, overhead.bare),
        "off": (overhead.nothing, traced),
        "on": (overhead.recording, traced),
        _TRACEME: (overhead.profiling, overhead.traceme),
    }
    found = {}
    for arguments, count in (("no argument", 0), ("1 tensor", 1), ("8 tensors", 8)):
        spent = harness.per_call_ns(states, (tensor,) * count, calls=10_000, rounds=rounds)
        found[arguments] = {name: harness.added_ns(spent, name, "bare") for name in states if name != "bare"}
    return found


def _in_training(steps: int) -> dict[str, float]:
    """Medians of single calls of one training step, in random order, so that each follows any other; beyond the bare call but for that."""
    step, arguments = training.digits_step()
    calls: Mapping[str, Callable[..., Any]] = {"bare": step, "bare again": step, "on": tmt.traced(step)}
    spent: dict[str, list[int]] = {name: [] for name in calls}
    order = list(calls)
    chance = random.Random(0)
    with overhead.recording():
        for _ in range(steps):
            chance.shuffle(order)
            for name in order:
                start_ns = time.perf_counter_ns()
                calls[name](*arguments)
                spent[name].append(time.perf_counter_ns() - start_ns)
    medians = {name: statistics.median(values[steps // 10 :]) for name, values in spent.items()}
    return {"bare": medians["bare"]} | {name: medians[name] - medians["bare"] for name in calls if name != "bare"}


def _measure(path: str, rounds: int, steps: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.native", "--measure", f"--rounds={rounds}", f"--steps={steps}"]
    environment = {**os.environ, "TFMODETRACE_NATIVE": _PATHS[path]}
    printed = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    measured: dict[str, Any] = json.loads(printed.splitlines()[-1])
    if measured["native"] != (path == "C"):
        raise SystemExit("The hot path was not compiled; `make` does that where there is a C compiler.")
    return measured


def _compare(processes: int, rounds: int, steps: int) -> None:
    measured: dict[str, list[dict[str, Any]]] = {path: [] for path in _PATHS}
    for _ in range(processes):
        for path, found in measured.items():
            found.append(_measure(path, rounds, steps))

    def median(path: str, place: str, state: str) -> float:
        return statistics.median(found[place][state] for found in measured[path])

    rows: list[tuple[Any, ...]] = []
    results: dict[str, Any] = {}
    for place in (*_TARGETS, "no argument"):
        for state in ("off", "on", _TRACEME):
            ns = {path: median(path, place, state) for path in _PATHS}
            ratio = {path: ns[path] / median(path, place, _TRACEME) for path in _PATHS}
            verdict = harness.verdict(ratio["C"], _TARGETS.get(place)) if state == "on" else ""
            rows.append((place if state == "off" else "", state, round(ns["Python"]), round(ns["C"]), ratio["Python"], ratio["C"], verdict))
            results[f"{place}, {state}"] = ns
    for state in ("bare", "bare again", "on"):
        ns = {path: median(path, "in training", state) for path in _PATHS}
        rows.append(("a training step" if state == "bare" else "", state, round(ns["Python"]), round(ns["C"]), "", "", ""))
        results[f"in training, {state}"] = ns
    columns = ["call", "state", "Python, ns", "C, ns", "Python, of a TraceMe", "C, of a TraceMe", "target"]
    harness.show("Beyond the bare call, with the hot path in Python and in C", columns, rows)
    harness.write("native", results)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--processes", type=int, default=5, help="for each of the two")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--measure", action="store_true", help="only in this process, printed as JSON")
    options = parser.parse_args()
    tf.get_logger().setLevel(logging.ERROR)
    if options.measure:
        found = {"native": native.HOT_PATH is not None, **_tight(options.rounds), "in training": _in_training(options.steps)}
        print(json.dumps(found))
    else:
        _compare(options.processes, options.rounds, options.steps)


if __name__ == "__main__":
    main()
