"""What a decorated call costs, beside what the peers add to the same call.

Run with ``make bench`` or ``python -m benchmarks.overhead [--rounds N]``. Everything is measured in one process, state after state, round
after round; a cost is the least time of a state minus the least time of the bare function. TraceMe is
``tf.profiler.experimental.Trace("step", step_num=n, _r=1)``, as TensorFlow's documentation writes it, around the bare function; it is
active while a profiler session runs.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf
import viztracer
from opentelemetry.sdk import trace as otel_trace
from opentelemetry.sdk.trace import export as otel_export

import tfmodetrace as tmt
from benchmarks import harness

_ON_TARGETS = {
    "1 tensor": harness.Target(1.0, "≤ 1.0"),
    "8 tensors": harness.Target(1.5, "≤ 1.5"),
    "dict of 10 tensors": harness.Target(4.0, "≤ 4"),
}
_OFF_TARGET = harness.Target(0.4, "≤ 0.4")
_PEAK_TARGET = harness.Target(3.0, "≤ 3")


def bare(*args: Any) -> Any:
    """What is called: nothing that takes time of its own."""
    return args


def traceme(*args: Any) -> Any:
    """The peer: TensorFlow's own annotation around the bare call."""
    with tf.profiler.experimental.Trace("step", step_num=7, _r=1):
        return bare(*args)


def _traceme_name_only(*args: Any) -> Any:
    with tf.profiler.experimental.Trace("step"):
        return bare(*args)


class _Nowhere(otel_export.SpanExporter):
    def export(self, spans: Any) -> otel_export.SpanExportResult:  # noqa: ARG002 - the interface
        return otel_export.SpanExportResult.SUCCESS


_provider = otel_trace.TracerProvider()
_provider.add_span_processor(otel_export.BatchSpanProcessor(_Nowhere()))
_tracer = _provider.get_tracer("benchmark")


def _spanned(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        with _tracer.start_as_current_span("step"):
            return function(*args)

    return call


nothing = contextlib.nullcontext


@contextlib.contextmanager
def recording(**options: Any) -> Iterator[None]:
    """Records into a directory that is then removed."""
    with tempfile.TemporaryDirectory() as logdir, tmt.record(logdir, **options):
        yield


@contextlib.contextmanager
def profiling(*, save: bool = False) -> Iterator[None]:
    """Runs TensorFlow's profiler; without ``save`` what it saw is thrown away unread."""
    with tempfile.TemporaryDirectory() as logdir:
        tf.profiler.experimental.start(logdir)
        try:
            yield
        finally:
            tf.profiler.experimental.stop(save=save)


@contextlib.contextmanager
def debugger_v2() -> Iterator[None]:
    """Dumps debug information as Debugger V2 reads it, in its cheapest mode."""
    with tempfile.TemporaryDirectory() as logdir:
        tf.debugging.experimental.enable_dump_debug_info(logdir, tensor_debug_mode="NO_TENSOR", circular_buffer_size=1000)
        try:
            yield
        finally:
            tf.debugging.experimental.disable_dump_debug_info()


@contextlib.contextmanager
def viztracing() -> Iterator[None]:
    """Runs viztracer, which sees every Python call."""
    tracer = viztracer.VizTracer(verbose=0, tracer_entries=100_000)
    tracer.start()
    try:
        yield
    finally:
        tracer.stop()
        tracer.clear()


def _python_functions(rounds: int) -> dict[str, Any]:
    """The cost of the wrapper alone, for several kinds of arguments."""
    tensor = tf.ones((3, 4))
    subjects = {
        "no argument": (),
        "1 tensor": (tensor,),
        "2 tensors": (tensor, tensor),
        "8 tensors": (tensor,) * 8,
        "1 tensor, 1 int": (tensor, 3),
        "dict of 10 tensors": ({"inputs": {f"feature {index}": tensor for index in range(10)}},),
    }
    traced = tmt.traced(bare)
    states: dict[str, harness.State] = {
        "bare": (nothing, bare),
        "off": (nothing, traced),
        "on": (recording, traced),
        "memory delta": (lambda: recording(memory="delta"), traced),
        "memory peak": (lambda: recording(memory="peak"), traced),
        "TraceMe inactive": (nothing, traceme),
        "TraceMe inactive, name only": (nothing, _traceme_name_only),
        "TraceMe active": (profiling, traceme),
        "TraceMe active, name only": (profiling, _traceme_name_only),
        "OpenTelemetry span": (nothing, _spanned(bare)),
        "viztracer": (viztracing, bare),
    }
    results: dict[str, Any] = {}
    rows: list[tuple[Any, ...]] = []
    for subject, args in subjects.items():
        spent = harness.per_call_ns(states, args, calls=10_000, rounds=rounds)
        costs = {name: harness.added_ns(spent, name, "bare") for name in states if name != "bare"}
        results[subject] = {f"{name}, ns": cost for name, cost in costs.items()}
        active, inactive = costs["TraceMe active"], costs["TraceMe inactive"]
        targets = {"off": _OFF_TARGET, "on": _ON_TARGETS.get(subject), "memory peak": _PEAK_TARGET if subject == "1 tensor" else None}
        for name, cost in costs.items():
            peer = inactive if name in ("off", "TraceMe inactive", "TraceMe inactive, name only") else active
            ratio = cost / peer
            rows.append((subject if name == "off" else "", name, round(cost), ratio, harness.verdict(ratio, targets.get(name))))
    harness.show(
        "A Python function that does nothing: cost per call beyond the bare call",
        ["arguments", "state", "ns", "of a TraceMe (off: of an inactive one)", "target"],
        rows,
    )
    return results


def _small_graph() -> Any:
    @tf.function
    def step(x: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(x * 2.0 + 1.0)

    return step


def _eight_ops(x: tf.Tensor) -> tf.Tensor:
    for _ in range(4):
        x = x * 2.0 + 1.0
    return x


def _nested() -> tuple[Any, Any]:
    def leaf(x: tf.Tensor) -> tf.Tensor:
        return x

    def outer(below: Any) -> Any:
        def middle(x: tf.Tensor) -> Any:
            return below(x), below(x)

        return middle

    bare_middle = outer(leaf)
    traced_leaf = tmt.traced(leaf)
    return outer(bare_middle), tmt.traced(outer(tmt.traced(outer(traced_leaf))))


def _real_calls(rounds: int) -> dict[str, Any]:
    """What is added to calls that do something, beside what the profiler and the debugger add to them."""
    x = tf.ones((8, 8))
    step = _small_graph()
    traced_step = tmt.traced(_small_graph())
    bare_nested, traced_nested = _nested()
    subjects: dict[str, tuple[Any, Any]] = {
        "small tf.function": (step, traced_step),
        "eight eager ops": (_eight_ops, tmt.traced(_eight_ops)),
        "7 nested Python calls": (bare_nested, traced_nested),
    }
    results: dict[str, Any] = {}
    rows: list[tuple[Any, ...]] = []
    for subject, (function, traced) in subjects.items():
        states: dict[str, harness.State] = {
            "bare": (nothing, function),
            "off": (nothing, traced),
            "on": (recording, traced),
            "memory peak": (lambda: recording(memory="peak"), traced),
            "OpenTelemetry span": (nothing, _spanned(function)),
            "TensorFlow profiler": (profiling, function),
            "viztracer": (viztracing, function),
            "Debugger V2": (debugger_v2, function),
        }
        if subject.endswith("Python calls"):  # neither sees these
            del states["TensorFlow profiler"], states["Debugger V2"]
        traced(x)
        spent = harness.per_call_ns(states, (x,), calls=300, rounds=rounds)
        base = min(spent["bare"])
        results[subject] = {"bare, ns": base}
        rows.append((subject, "bare", base / 1e3, "", ""))
        for name in states:
            if name == "bare":
                continue
            added = harness.added_ns(spent, name, "bare")
            results[subject][f"{name}, ns"] = added
            rows.append(("", name, "", added / 1e3, added / harness.added_ns(spent, "on", "bare")))
    harness.show("Calls that do something", ["call", "state", "µs bare", "µs added", "of our own cost"], rows)
    return results


def _threads(rounds: int) -> dict[str, Any]:
    """Eight threads calling at once: Python runs one at a time, so the cost per call must not grow."""
    tensor = tf.ones((3, 4))
    traced = tmt.traced(bare)
    calls = 10_000

    def run(function: Callable[..., Any], threads: int) -> Callable[[], None]:
        def work() -> None:
            for _ in range(calls // threads):
                function(tensor)

        def start() -> None:
            workers = [threading.Thread(target=work) for _ in range(threads)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()

        return start

    states: dict[str, harness.State] = {}
    for threads in (1, 8):
        states[f"bare, {threads}"] = (nothing, run(bare, threads))
        states[f"on, {threads}"] = (recording, run(traced, threads))
    spent = harness.per_call_ns(states, (), calls=1, rounds=rounds)
    costs = {threads: harness.added_ns(spent, f"on, {threads}", f"bare, {threads}") / calls for threads in (1, 8)}
    harness.show(
        "Threads", ["threads", "ns per call", "of one thread's"], [(count, round(cost), cost / costs[1]) for count, cost in costs.items()]
    )
    return {f"{threads} threads, ns": cost for threads, cost in costs.items()}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    tf.get_logger().setLevel(logging.ERROR)
    results = {
        "tensorflow": tf.__version__,
        "python functions": _python_functions(rounds),
        "calls that do something": _real_calls(rounds),
        "threads": _threads(rounds),
    }
    harness.write("overhead", results)


if __name__ == "__main__":
    main()
