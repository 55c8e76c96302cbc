"""10,000 distinct shapes into one function: what a trace costs to record, in time and memory, and to explain.

Run with ``make bench`` or ``python -m benchmarks.traces [--traces N]``. Prints a table and writes ``benchmarks/results/traces.json``. The
cost of recording a trace is the time inside the trace hook; it is compared with the trace's own time, measured by TensorFlow running
without us in the same process.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import pathlib
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import rich.console
import rich.table
import tensorflow as tf

import tfmodetrace as tmt
from tfmodetrace import log
from tfmodetrace.insight import findings, reasons
from tfmodetrace.record import traces as traces_module

_TRACES_FOR_MEMORY = 1_000  # tracemalloc makes tracing many times slower
RESULTS = pathlib.Path(__file__).parent / "results" / "traces.json"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--traces", type=int, default=10_000)
    count = parser.parse_args().traces
    results = _measure(count)
    results["date"] = time.strftime("%Y-%m-%d")
    results["tensorflow"] = tf.__version__
    table = rich.table.Table("measure", "value", "target")
    targets = {"memory of ours per trace, bytes": "≤ 2048", "explain all, s": "≤ 2", "recording share of a trace": "≤ 0.02"}
    for name, value in results.items():
        table.add_row(name, f"{value:.4g}" if isinstance(value, float) else str(value), targets.get(name, ""))
    rich.console.Console().print(table)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")


def _make() -> Any:
    @tf.function
    def step(x: tf.Tensor) -> tf.Tensor:
        y = tf.nn.relu(x * 2.0 + 1.0)
        return tf.reduce_sum(y * y) + tf.reduce_max(y) - tf.reduce_mean(tf.abs(y))

    return step


@contextlib.contextmanager
def _hook_timed() -> Iterator[list[int]]:
    """Measures the hook: yields a list that gets its nanoseconds, begin and end of a trace each."""
    spent_ns: list[int] = []
    originals = {name: getattr(traces_module.TraceRecorder, name) for name in ("_begin", "_added")}

    def timed(original: Any) -> Any:
        def call(*args: Any) -> Any:
            start_ns = time.perf_counter_ns()
            result = original(*args)
            spent_ns.append(time.perf_counter_ns() - start_ns)
            return result

        return call

    for name, original in originals.items():
        setattr(traces_module.TraceRecorder, name, timed(original))
    try:
        yield spent_ns
    finally:
        for name, original in originals.items():
            setattr(traces_module.TraceRecorder, name, original)


def _per_trace(spent_ns: list[int]) -> Any:
    return np.array(spent_ns).reshape(-1, 2).sum(axis=1)


def _bare_ns(count: int) -> float:
    step = _make()
    step(tf.ones(1))
    start_ns = time.perf_counter_ns()
    for size in range(2, count + 2):
        step(tf.ones(size))
    return (time.perf_counter_ns() - start_ns) / count


def _own_bytes(snapshot: tracemalloc.Snapshot) -> int:
    own = snapshot.filter_traces([tracemalloc.Filter(inclusive=True, filename_pattern="*/tfmodetrace/*")])
    return sum(statistic.size for statistic in own.statistics("filename"))


def _control_ns() -> int:
    """Times work that does not depend on the number of traces: what it loses is the machine's, whose caches the graphs fill."""
    start_ns = time.perf_counter_ns()
    json.dumps({"shape": [1, 2, 3], "dtype": "float32"})
    return time.perf_counter_ns() - start_ns


def _memory_per_trace(count: int) -> float:
    step = tmt.traced(_make())
    with tempfile.TemporaryDirectory() as logdir:
        tracemalloc.start()
        with tmt.record(logdir):
            before = _own_bytes(tracemalloc.take_snapshot())
            for size in range(1, count + 1):
                step(tf.ones(size))
            gc.collect()
            after = _own_bytes(tracemalloc.take_snapshot())
        tracemalloc.stop()
    return (after - before) / count


def _measure(count: int) -> dict[str, Any]:
    bare_ns = _bare_ns(300)
    control_ns: list[int] = []
    step = tmt.traced(_make())
    with tempfile.TemporaryDirectory() as logdir:
        with _hook_timed() as spent_ns, tmt.record(logdir):
            for size in range(1, count + 1):
                step(tf.ones(size))
                control_ns.append(_control_ns())
        run = log.read(logdir).runs[0]
    assert len(run.traces) == step.experimental_get_tracing_count() == count
    start_s = time.perf_counter()
    explained = reasons.explain(run)
    explain_s = time.perf_counter() - start_s
    findings.find(run, explained)
    find_s = time.perf_counter() - start_s - explain_s
    assert all("unknown" not in reason.kinds for reason in explained)
    costs, tenth = _per_trace(spent_ns), max(1, count // 10)
    took = np.array([trace.duration_ns or 0 for trace in run.traces])
    hook_ns = float(np.median(costs))
    return {
        "traces": count,
        "a trace without us, ms": bare_ns / 1e6,
        "recording a trace, ms": hook_ns / 1e6,
        "recording share of a trace": hook_ns / bare_ns,
        "recording, last tenth against first": float(np.median(costs[-tenth:]) / np.median(costs[:tenth])),
        "the same of work that is constant": float(np.median(control_ns[-tenth:]) / np.median(control_ns[:tenth])),
        "tracing itself, last tenth against first": float(np.median(took[-tenth:]) / np.median(took[:tenth])),
        "memory of ours per trace, bytes": _memory_per_trace(min(count, _TRACES_FOR_MEMORY)),
        "explain all, s": explain_s,
        "find all, s": find_s,
    }


if __name__ == "__main__":
    main()
