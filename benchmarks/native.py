"""How far the recorder is from what one written in C could reach, in a tight loop and in the middle of training.

Run with ``make bench BENCH=native`` or ``python -m benchmarks.native``; needs a C compiler. In a tight loop everything that is needed lies
in the processor's caches. In the middle of training it does not: TensorFlow has used them since, and the same steps take several times as
long. That is what a user feels.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import pathlib
import random
import shlex
import statistics
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

import tfmodetrace as tmt
from benchmarks import harness, overhead, training

_SOURCE = pathlib.Path(__file__).with_name("native_prototype.c")


def _build(directory: str) -> Any:
    target = pathlib.Path(directory, f"native_prototype{sysconfig.get_config_var('EXT_SUFFIX')}")
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")
    subprocess.run(
        [*compiler, "-O2", "-shared", "-fPIC", f"-I{sysconfig.get_paths()['include']}", str(_SOURCE), "-o", str(target)], check=True
    )
    specification = importlib.util.spec_from_file_location("native_prototype", target)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _tight(native: Any, rounds: int) -> dict[str, dict[str, float]]:
    tensor = tf.ones((3, 4))
    native.use_tensor_type(type(tensor))
    states: dict[str, harness.State] = {
        "bare": (overhead.nothing, overhead.bare),
        "off": (overhead.nothing, tmt.traced(overhead.bare)),
        "on": (overhead.recording, tmt.traced(overhead.bare)),
        "on, in C": (overhead.nothing, native.traced(overhead.bare)),
        "TraceMe active": (overhead.profiling, overhead.traceme),
    }
    found = {}
    for arguments, count in (("no argument", 0), ("1 tensor", 1), ("8 tensors", 8)):
        spent = harness.per_call_ns(states, (tensor,) * count, calls=10_000, rounds=rounds)
        found[arguments] = {name: harness.added_ns(spent, name, "bare") for name in states if name != "bare"}
    return found


def _in_training(native: Any, steps: int) -> dict[str, float]:
    """Medians of single calls of one training step, in random order, so that each follows any other."""
    step, arguments = training.digits_step()
    calls: Mapping[str, Callable[..., Any]] = {"bare": step, "bare again": step, "on": tmt.traced(step), "on, in C": native.traced(step)}
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
    return {"a step, bare": medians["bare"]} | {name: medians[name] - medians["bare"] for name in calls if name != "bare"}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--steps", type=int, default=4000)
    options = parser.parse_args()
    tf.get_logger().setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as directory:
        native = _build(directory)
        native.record(True)  # noqa: FBT003 - a C function
        tight = _tight(native, options.rounds)
        trained = _in_training(native, options.steps)
    rows = [
        (arguments if place == 0 else "", name, round(ns))
        for arguments, found in tight.items()
        for place, (name, ns) in enumerate(found.items())
    ]
    rows.extend(("in the middle of training" if place == 0 else "", name, round(ns)) for place, (name, ns) in enumerate(trained.items()))
    harness.show("Python and C", ["call", "state", "ns beyond the bare call"], rows)
    harness.write("native", {"tight": tight, "in training": trained})


if __name__ == "__main__":
    main()
