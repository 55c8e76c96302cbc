"""What ``limit_traces`` adds to a call of a tf.function that finds its trace in TensorFlow's cache: at most 0.05 µs.

Run with ``make bench BENCH=limits`` or ``python -m benchmarks.limits [--seconds S]``. Such a call takes some 30 µs and never quite the
same, so that the difference is told from pairs that follow one another, half of them the other way round, with an interval for its median.
That a cached call goes the same way with and without, function by function, is tested: ``tests/integration/testing/test_limit.py``.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import time
from typing import Any

import numpy as np
import tensorflow as tf

import tfmodetrace as tmt
from benchmarks import harness

_MOST_NS = 50
_CALLS = 200
_WARM_CALLS = 10


@tf.function
def step(x: Any) -> Any:
    """What is called: a small graph."""
    return x + 1.0


def _bare_ns(x: Any) -> float:
    for _ in range(_WARM_CALLS):
        step(x)
    start_ns = time.perf_counter_ns()
    for _ in range(_CALLS):
        step(x)
    return (time.perf_counter_ns() - start_ns) / _CALLS


def _limited_ns(x: Any) -> float:
    with tmt.limit_traces(1):
        return _bare_ns(x)


def _interval(values: list[float]) -> tuple[float, float]:
    """An interval for the median, by drawing the pairs again."""
    draws = np.random.default_rng(0).choice(np.array(values), (2000, len(values)))
    low, high = np.percentile(np.median(draws, axis=1), (2.5, 97.5))
    return float(low), float(high)


def _verdict(low: float, high: float) -> str:
    return f"≤ {_MOST_NS} {'met' if high <= _MOST_NS else 'MISSED' if low > _MOST_NS else 'not decided: the interval is too wide'}"


def _measured(seconds: float, x: Any) -> tuple[list[float], list[float]]:
    bare: list[float] = []
    added: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        order = (_bare_ns, _limited_ns) if len(bare) % 2 else (_limited_ns, _bare_ns)
        spent = {function: function(x) for function in order}
        bare.append(spent[_bare_ns])
        added.append(spent[_limited_ns] - spent[_bare_ns])
    return bare, added


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    tf.get_logger().setLevel(logging.ERROR)
    x = tf.ones((4,))
    _measured(1.0, x)  # warm
    bare, added = _measured(seconds, x)
    low, high = _interval(added)
    median = statistics.median(added)
    row = (f"{statistics.median(bare) / 1e3:.1f}", round(median), f"{low:.0f} to {high:.0f}", _verdict(low, high))
    harness.show("A cached call inside limit_traces", ["µs bare", "ns added", "95 %", "target"], [row])
    harness.write("limits", {"bare, ns": statistics.median(bare), "added, ns": median, "interval, ns": [low, high], "pairs": len(bare)})


if __name__ == "__main__":
    main()
