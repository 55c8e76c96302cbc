"""Whether a call costs the same after ten million others, and memory stays flat.

Run with ``make bench`` or ``python -m benchmarks.scale [--calls N]``: one session, one thread that calls as fast as Python can.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from typing import Any

import tensorflow as tf

import tfmodetrace as tmt
from benchmarks import harness, throughput

_GROWTH_TARGET = harness.Target(1.1, "≤ 1.1")
_MEMORY_TARGET = harness.Target(64, "≤ 64")
_PART = 10_000


def _bare(x: Any) -> Any:
    return x


def _timed(function: Any, argument: Any, calls: int) -> list[float]:
    """Nanoseconds per call, a value for every ten thousand."""
    parts = []
    for _ in range(max(1, calls // _PART)):
        start_ns = time.perf_counter_ns()
        for _ in range(_PART):
            function(argument)
        parts.append((time.perf_counter_ns() - start_ns) / _PART)
    return parts


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=10_000_000)
    total = parser.parse_args().calls
    argument = tf.ones((3, 4))
    traced = tmt.traced(_bare)
    bare_ns = min(_timed(_bare, argument, 10 * _PART))
    with tempfile.TemporaryDirectory() as logdir, tmt.record(logdir):
        _timed(traced, argument, _PART)
    before_bytes = throughput.resident_bytes()
    rows: list[tuple[Any, ...]] = []
    results = []
    with tempfile.TemporaryDirectory() as logdir, tmt.record(logdir):
        done = 0
        for upto in (10_000, 100_000, 1_000_000, 10_000_000):
            if upto > total:
                break
            parts = sorted(_timed(traced, argument, upto - done))
            done = upto
            median_ns = parts[len(parts) // 2] - bare_ns
            memory = max(0, throughput.resident_bytes() - before_bytes) / 1e6
            results.append({"calls": upto, "ns per call": median_ns, "memory added, MB": memory})
            growth = median_ns / results[0]["ns per call"]
            rows.append(
                (upto, round(median_ns), growth, harness.verdict(growth, _GROWTH_TARGET), memory, harness.verdict(memory, _MEMORY_TARGET))
            )
    columns = ["calls so far", "ns per call, median", "against the first", "target", "memory added, MB", "target"]
    harness.show("Scale", columns, rows)
    harness.write("scale", {"steps": results})


if __name__ == "__main__":
    main()
