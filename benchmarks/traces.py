"""10,000 distinct shapes into one function: what a trace costs to record, in time and memory, and to explain.

Run with ``make bench`` or ``python -m benchmarks.traces [--traces N]``. Prints a table and writes ``benchmarks/results/traces.json``. The
cost of recording a trace is the time inside the trace hook, and for its graph that of looking at every op, too; both are compared with the
trace's own time, measured by TensorFlow running without us in the same process.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import logging
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

import tfmodetrace as tmt
from benchmarks import harness
from tfmodetrace import log
from tfmodetrace.insight import answers
from tfmodetrace.recorder.traces import op_lines
from tfmodetrace.recorder.traces import traces as traces_module

_TRACES_FOR_MEMORY = 1_000  # tracemalloc makes tracing many times slower
_TRACES_BY_KIND = 200


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--traces", type=int, default=10_000)
    count = parser.parse_args().traces
    tf.get_logger().setLevel(logging.ERROR)
    kinds = _kinds_of_arguments()
    results = _measure(count)
    share, graph_share = harness.Target(0.02, "≤ 0.02"), harness.Target(0.05, "≤ 0.05")
    targets = {
        "memory of ours per trace, bytes": harness.Target(2048, "≤ 2048"),
        "explain all, s": harness.Target(2, "≤ 2"),
        "recording share of a trace": share,
        "graph's share of a trace": graph_share,
    }
    harness.show(
        f"{count} traces of one function",
        ["measure", "value", "target"],
        [(name, value, harness.verdict(value, targets.get(name))) for name, value in results.items()],
    )
    harness.show(
        "Recording a trace, by its argument",
        ["argument", "a trace without us, ms", "recording it, ms", "share", "target", "its graph, ms", "share", "target"],
        [
            (
                *(name, bare_ms, key_ms, key_ms / bare_ms, harness.verdict(key_ms / bare_ms, share)),
                *(graph_ms, graph_ms / bare_ms, harness.verdict(graph_ms / bare_ms, graph_share)),
            )
            for name, (bare_ms, key_ms, graph_ms) in kinds.items()
        ],
    )
    shares = {name: {"key": key_ms / bare_ms, "graph": graph_ms / bare_ms} for name, (bare_ms, key_ms, graph_ms) in kinds.items()}
    harness.write("traces", {"tensorflow": tf.__version__, **results, "shares by argument": shares})


def _make() -> Any:
    @tf.function
    def step(x: tf.Tensor) -> tf.Tensor:
        y = tf.nn.relu(x * 2.0 + 1.0)
        return tf.reduce_sum(y * y) + tf.reduce_max(y) - tf.reduce_mean(tf.abs(y))

    return step


def _sum_function() -> Any:
    @tf.function
    def step(x: Any) -> tf.Tensor:
        return tf.add_n([tf.reduce_sum(tf.cast(value, tf.float32)) for value in tf.nest.flatten(x, expand_composites=True)])

    return step


def _kinds_of_arguments() -> dict[str, tuple[float, float, float]]:
    """Median milliseconds of a trace without us, of recording it, and of describing its graph, for arguments of several kinds."""
    makers: dict[str, Callable[[int], Any]] = {
        "tensor": tf.ones,
        "ragged tensor": lambda size: tf.RaggedTensor.from_row_splits(tf.ones((3, size)), [0, 1, 3]),
        "sparse tensor": lambda size: tf.sparse.from_dense(tf.ones((size, 2))),
        "dict of 10 tensors": lambda size: {f"feature {index}": tf.ones(size) for index in range(10)},
        "list of 20 ints": lambda size: [size, *range(19)],
        "int and tensor": lambda size: (size, tf.ones(2)),
    }
    measured = {}
    for name, make in makers.items():
        arguments = [make(size) for size in range(1, _TRACES_BY_KIND + 1)]
        bare, traced = _sum_function(), tmt.traced(_sum_function())
        bare(make(_TRACES_BY_KIND + 1))
        bare_ns = []
        with tempfile.TemporaryDirectory() as logdir, _hook_timed() as spent, tmt.record(logdir):
            for argument in arguments:
                start_ns = time.perf_counter_ns()
                bare(argument)
                bare_ns.append(time.perf_counter_ns() - start_ns)
                traced(argument)
        bare_ms, key_ms, graph_ms = (float(np.median(values)) / 1e6 for values in (bare_ns, spent.key, spent.graph))
        measured[name] = bare_ms, key_ms, graph_ms
    return measured


class _Spent:
    """Nanoseconds that every trace of a recording took of ours: for its key and all else that is told of it, and for its graph."""

    def __init__(self) -> None:
        self.key: list[int] = []
        self.graph: list[int] = []
        self._spent = {"all": 0, "graph inside": 0, "ops": 0}

    def add(self, what: str, spent_ns: int) -> None:
        self._spent[what] += spent_ns

    def end_trace(self) -> None:
        spent = self._spent
        self.key.append(spent["all"] - spent["graph inside"])
        self.graph.append(spent["graph inside"] + spent["ops"])
        self._spent = dict.fromkeys(spent, 0)


@contextlib.contextmanager
def _hook_timed() -> Iterator[_Spent]:
    """Measures everything that happens at a trace, and at every op that it makes."""
    spent = _Spent()
    recorder, lines = traces_module.TraceRecorder, op_lines.OpLines
    places: list[tuple[Any, str, str]] = [
        (recorder, "_begin", "all"),
        (recorder, "_added", "all"),
        (recorder, "_graph", "graph inside"),
        (recorder, "_expect_placement", "graph inside"),
        (lines, "_made", "ops"),
    ]
    originals = [(owner, name, getattr(owner, name), what) for owner, name, what in places]

    def timed(name: str, original: Any, what: str) -> Any:
        def call(*args: Any) -> Any:
            start_ns = time.perf_counter_ns()
            result = original(*args)
            spent.add(what, time.perf_counter_ns() - start_ns)
            if name == "_added":
                spent.end_trace()
            return result

        return call

    for owner, name, original, what in originals:
        setattr(owner, name, timed(name, original, what))
    try:
        yield spent
    finally:
        for owner, name, original, _ in originals:
            setattr(owner, name, original)


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
        with _hook_timed() as spent, tmt.record(logdir):
            for size in range(1, count + 1):
                step(tf.ones(size))
                control_ns.append(_control_ns())
        run = log.read(logdir).runs[0]
    assert len(run.traces) == step.experimental_get_tracing_count() == count
    start_s = time.perf_counter()
    told = answers.Answers(run)
    explained = told.reasons
    explain_s = time.perf_counter() - start_s
    assert told.findings
    find_s = time.perf_counter() - start_s - explain_s
    assert all("unknown" not in reason.kinds for reason in explained)
    costs, tenth = np.array(spent.key), max(1, count // 10)
    took = np.array([trace.duration_ns or 0 for trace in run.traces])
    hook_ns = float(np.median(costs))
    return {
        "traces": count,
        "a trace without us, ms": bare_ns / 1e6,
        "recording a trace, ms": hook_ns / 1e6,
        "recording share of a trace": hook_ns / bare_ns,
        "describing its graph, ms": float(np.median(spent.graph)) / 1e6,
        "graph's share of a trace": float(np.median(spent.graph)) / bare_ns,
        "recording, last tenth against first": float(np.median(costs[-tenth:]) / np.median(costs[:tenth])),
        "the same of work that is constant": float(np.median(control_ns[-tenth:]) / np.median(control_ns[:tenth])),
        "tracing itself, last tenth against first": float(np.median(took[-tenth:]) / np.median(took[:tenth])),
        "memory of ours per trace, bytes": _memory_per_trace(min(count, _TRACES_FOR_MEMORY)),
        "explain all, s": explain_s,
        "find all, s": find_s,
    }


if __name__ == "__main__":
    main()
