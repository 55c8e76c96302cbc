"""How many calls the recorder sustains, what its writer thread takes, what reaches the disk, and how much memory it needs.

Run with ``make bench`` or ``python -m benchmarks.throughput [--seconds N]``. One load keeps a steady 100,000 calls a second, the others
call as fast as Python can: one thread, eight threads, and one thread whose every call has a signature of its own.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any

import tensorflow as tf

import tfmodetrace as tmt
from benchmarks import harness

_STEADY_CALLS_PER_S = 100_000
_STEADY_LONGER = 10  # 100 s by default: 10 million calls
_BURST_S = 0.01
_WRITER = "tfmodetrace-writer"
_TARGETS = {
    "steady": {
        "dropped": harness.Target(0, "0"),
        "writer thread, of a core": harness.Target(0.05, "≤ 0.05"),
        "bytes per call": harness.Target(12, "≤ 12"),
    }
}
_MEMORY_TARGET = harness.Target(64, "≤ 64")


@tmt.traced
def leaf(x: Any) -> Any:
    """What most calls are."""
    return x


@tmt.traced
def branch(x: Any, training: bool) -> Any:  # noqa: FBT001 - an ordinary user's function
    """Calls leaf three times: a nested call with a Python value."""
    return leaf(x), leaf(x), leaf(training)


@tmt.traced
def distinct(number: int, text: str) -> str:
    """Has as many signatures as calls, as far as the recorder lets it."""
    return f"{text}{number}"


_distinct_tensors = [tf.zeros((size, 0)) for size in range(1 << 15)]
_tensors = [tf.ones((size, 4)) for size in range(1, 9)]


def _four_calls(step: int) -> None:
    branch(_tensors[step % 8], bool(step % 16))


def _steady(seconds: float) -> int:
    steps = int(_STEADY_CALLS_PER_S * _BURST_S) // 4
    start_s = time.perf_counter()
    bursts = int(seconds / _BURST_S)
    for burst in range(bursts):
        for step in range(steps):
            _four_calls(step)
        time.sleep(max(0.0, start_s + (burst + 1) * _BURST_S - time.perf_counter()))
    return bursts * steps * 4


def _flat_out(seconds: float) -> int:
    end_s = time.perf_counter() + seconds
    calls = 0
    while time.perf_counter() < end_s:
        for step in range(1000):
            _four_calls(step)
        calls += 4000
    return calls


def _eight_threads(seconds: float) -> int:
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(_flat_out(seconds))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


def _many_signatures(seconds: float) -> int:
    end_s = time.perf_counter() + seconds
    calls = 0
    while time.perf_counter() < end_s:
        for tensor in _distinct_tensors:
            leaf(tensor)
            distinct(calls, str(calls % 1000))
            calls += 2
    return calls


def resident_bytes() -> int:
    """This process's resident memory; 0 where /proc does not tell."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def _writer_cpu_s() -> float:
    for thread in threading.enumerate():
        if thread.name == _WRITER and thread.ident is not None:
            return time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
    return 0.0


class _PeakMemory:
    """Samples this process's resident memory from a thread of its own."""

    def __init__(self) -> None:
        self.most_bytes = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def __enter__(self) -> _PeakMemory:
        self.before_bytes = resident_bytes()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(0.05):
            self.most_bytes = max(self.most_bytes, resident_bytes())


def _measure(load: Callable[[float], int], seconds: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as logdir:
        with _PeakMemory() as memory:
            tmt.start(logdir)
            start_s = time.perf_counter()
            calls = load(seconds)
            took_s = time.perf_counter() - start_s
            writer_s = _writer_cpu_s()
            tmt.stop()
        size = sum(path.stat().st_size for path in pathlib.Path(logdir).rglob("events*"))
        run = tmt.read(logdir).runs[0]
        dropped = sum(process.dropped for process in run.processes)
        kept = len(run.calls)
    assert kept + dropped == calls, (kept, dropped, calls)
    return {
        "calls": calls,
        "calls per second": calls / took_s,
        "dropped": dropped,
        "writer thread, of a core": writer_s / took_s,
        "writer thread, ns per call": writer_s * 1e9 / calls,
        "bytes per call": size / kept,
        "memory added at most, MB": max(0, memory.most_bytes - memory.before_bytes) / 1e6,
    }


_LOADS = {"steady": _steady, "flat out": _flat_out, "flat out, 8 threads": _eight_threads, "flat out, many signatures": _many_signatures}


def _measure_alone(load: str, seconds: float) -> dict[str, float]:
    """Measures in a process of its own, whose memory no other load has touched."""
    command = [sys.executable, "-m", "benchmarks.throughput", "--seconds", str(seconds), "--load", load]
    figures: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return figures


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--load", choices=_LOADS, help="measure this one here, and print JSON")
    options = parser.parse_args()
    if options.load:
        with tempfile.TemporaryDirectory() as logdir, tmt.record(logdir):  # what is loaded and allocated once
            _flat_out(0.2)
        print(json.dumps(_measure(_LOADS[options.load], options.seconds)))
        return
    results = {name: _measure_alone(name, options.seconds * (_STEADY_LONGER if name == "steady" else 1)) for name in _LOADS}
    rows: list[tuple[Any, ...]] = []
    for name, figures in results.items():
        targets = {**_TARGETS.get(name, {}), "memory added at most, MB": _MEMORY_TARGET}
        for index, (measure, value) in enumerate(figures.items()):
            rows.append((name if index == 0 else "", measure, value, harness.verdict(value, targets.get(measure))))
    harness.show("Throughput", ["load", "measure", "value", "target"], rows)
    harness.write("throughput", results)


if __name__ == "__main__":
    main()
