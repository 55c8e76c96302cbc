"""What verdicts of ``tfmodetrace.compare`` are worth: ``python -m benchmarks.comparisons [simulated|same|slower|break-even|functions]``.

Simulated: the same measuring code on clocks that go on as a machine's does, which is quick enough for hundreds of repetitions. Same and
slower: real work against itself, and against itself with 3 % more of it, on this machine. Break-even: predicted, then observed with
functions made anew. Functions: verdicts of one short comparison against an independent, longer measurement.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import statistics as means
import textwrap
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.support import comparisons as simulated
from tfmodetrace.insight.comparisons import verdicts

NOISES = {
    "quiet": simulated.Noise(block=0.005, drift=0.0, spikes=0.0),
    "usual": simulated.Noise(),
    "restless": simulated.Noise(block=0.05, drift=0.01, spikes=0.05),
    "drifting": simulated.Noise(block=0.02, drift=0.03, spikes=0.03),
}


def simulate(repetitions: int) -> None:
    """A/A, a slowdown of 3 %, and whether intervals cover."""
    print(f"{'noise':10} {'ratio':>6}  {'slower':>6} {'faster':>6} {'same':>5} {'open':>5}  {'covers':>6}  {'rounds':>6} {'secs':>5}")
    for name, noise in NOISES.items():
        for ratio in (1.0, 1.03, 1.2, 0.25):
            counted: collections.Counter[str] = collections.Counter()
            covered, rounds, spent = 0, [], []
            for seed in range(repetitions):
                found, machine = simulated.measured({"eager": 20_000, "graph": 20_000 * ratio}, seed=seed, noise=noise)
                estimate, control = simulated.estimates(found, "eager", "graph")
                counted[verdicts.verdict(estimate, control)] += 1
                covered += estimate.low is not None and estimate.high is not None and estimate.low <= ratio <= estimate.high
                rounds.append(estimate.rounds)
                spent.append(machine.now_ns / 1e9)
            print(
                f"{name:10} {ratio:6}  {counted['slower']:6} {counted['faster']:6} {counted['same']:5} {counted['undecided']:5}  "
                f"{covered:6}  {means.median(rounds):6.0f} {means.median(spent):5.1f}   of {repetitions}"
            )


def real(repetitions: int, budget_secs: float, built_in: float) -> None:
    """The same measuring of real work in this process: arithmetic of NumPy's on as many numbers as a seed draws, and more of it."""
    import random

    from tfmodetrace.comparing import rounds

    class Work:
        def __init__(self, numbers: Any, size: int) -> None:
            self.numbers = numbers
            self.size = size

        def prepare(self) -> None:
            """Nothing is to be put back."""

        def run(self, calls: int) -> None:
            numbers = self.numbers
            for _ in itertools.repeat(None, calls * self.size):
                np.add(numbers, 1.0)

    counted: collections.Counter[str] = collections.Counter()
    found_each, every = [], []
    for seed in range(repetitions):
        numbers = np.arange(float(np.random.default_rng(seed).integers(300, 3000)))
        work = {"eager": Work(numbers, 100), "graph": Work(numbers, round(100 * built_in))}
        deadline_ns = time.perf_counter_ns() + int(budget_secs * 1e9)
        found = rounds.measure(work, "eager", clock=time.perf_counter_ns, deadline_ns=deadline_ns, shuffle=random.Random(seed))
        estimate, control = simulated.estimates(found, "eager", "graph")
        counted[verdicts.verdict(estimate, control)] += 1
        found_each.append(estimate)
        own, other = found.modes["eager"], found.modes["graph"]
        every.append(np.log(np.array(other.block_ns) / other.calls) - np.log(np.array(own.block_ns) / own.calls))
    long_run = float(np.exp(np.median(np.concatenate(every))))
    covered = {
        ratio: sum(each.low is not None and each.high is not None and each.low <= ratio <= each.high for each in found_each)
        for ratio in (built_in, long_run)
    }
    print(
        f"real, {built_in - 1:.0%} built in: {dict(counted)} of {repetitions}; intervals cover what is built in {covered[built_in]} times, "
        f"and the ratio of all rounds, {long_run:.4f}, {covered[long_run]} times; "
        f"median of rounds {means.median(each.rounds for each in found_each):.0f}, "
        f"of half widths {means.median(each.half_width for each in found_each):.2%}"
    )


BODIES = {
    "twenty_ops": "for _ in range(20):\n    x = tf.tanh(x) * 0.9\nreturn x",
    "sixty_ops": "for _ in range(60):\n    x = tf.tanh(x) + 0.1\nreturn tf.reduce_sum(x)",
    "loop": "t = tf.constant(0.0)\nfor _ in tf.range(15):\n    t += tf.reduce_mean(x)\nreturn t",
    "layers": "for _ in range(6):\n    x = tf.nn.relu(x @ tf.transpose(x) @ x * 1e-3)\nreturn x",
    "gradient": "with tf.GradientTape() as tape:\n    tape.watch(x)\n    y = tf.reduce_sum(tf.nn.softmax(x @ tf.transpose(x)) ** 2)\n"
    "return tape.gradient(y, x)",
}


def _made(name: str, number: int) -> Callable[..., Any]:
    """Makes a function of lines of its own, so that AutoGraph converts it anew, as it does in a program that has it once."""
    import importlib.util
    import pathlib
    import tempfile

    path = pathlib.Path(tempfile.mkdtemp()) / f"made_{number}.py"
    lines = "\n" * number
    path.write_text(f"import tensorflow as tf\n{lines}def {name}(x):\n{textwrap.indent(BODIES[name], '    ')}\n")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[..., Any] = getattr(module, name)
    return function


def break_even() -> None:
    """From which call on a graph pays: predicted, and observed by adding calls up."""
    import tensorflow as tf

    import tfmodetrace as tmt

    x = tf.constant(np.random.default_rng(0).standard_normal((64, 32)), tf.float32)
    for name in BODIES:
        answer = tmt.compare(_made(name, 1), x, modes=("eager", "graph"), budget_secs=4)
        row = answer.row("graph")
        predicted = None if row is None or row.break_even is None else row.break_even
        observed = [_observed(name, number, x) for number in range(2, 7)]
        middle = means.median(observed)
        if predicted is None or predicted.calls is None:
            print(f"{name:12} no prediction, observed {middle}")
            continue
        off = predicted.calls / middle - 1
        print(f"{name:12} predicted {predicted.calls} ({predicted.low} to {predicted.high}), observed {middle} {observed}: {off:+.0%}")


def _observed(name: str, number: int, x: Any) -> int:
    import tensorflow as tf

    eager, made = _made(name, 2 * number), _made(name, 2 * number + 1)
    eager(x)
    graph = tf.function(made)
    spent_eager = spent_graph = 0.0
    for call in range(1, 20_000):
        began = time.perf_counter()
        graph(x)
        between = time.perf_counter()
        eager(x)
        spent_graph += between - began
        spent_eager += time.perf_counter() - between
        if spent_graph <= spent_eager:
            return call
    return 20_000


def functions(budget_secs: float) -> None:
    """Verdicts of one comparison against medians of longer blocks, measured without any of its code."""
    import tensorflow as tf

    import tfmodetrace as tmt
    from benchmarks import compared_functions

    agreed = wrong = undecided = 0
    for name, function, args in compared_functions.all_of_them():
        answer = tmt.compare(function, *args, budget_secs=budget_secs)
        for row in answer.rows:
            if row.verdict is None or row.failure is not None:
                continue
            with_jit = tf.function(function, jit_compile=row.mode == "xla")
            ratio = _longer(function, with_jit, args)
            truth = "slower" if ratio > 1.05 else "faster" if ratio < 0.95 else "near"
            verdict = "agreed" if row.verdict == truth or truth == "near" else "open" if row.verdict == "undecided" else "WRONG"
            agreed += verdict == "agreed"
            undecided += verdict == "open"
            wrong += verdict == "WRONG"
            print(f"{name:16} {row.mode:6} {row.ratio_text:26} {row.verdict_text:28} longer {ratio:7.3g}  {verdict}")
    print(f"{agreed} agreed, {undecided} undecided, {wrong} wrong")


def _longer(eager: Callable[..., Any], other: Callable[..., Any], args: tuple[Any, ...]) -> float:
    """The ratio of the medians of 40 blocks of 20 ms each, one after the other in turn."""
    times: dict[str, list[float]] = {"eager": [], "other": []}
    calls = {}
    for name, function in (("eager", eager), ("other", other)):
        for _ in range(3):
            began = time.perf_counter()
            function(*args)
        calls[name] = max(1, int(0.02 / max(1e-6, time.perf_counter() - began)))
    for _ in range(40):
        for name, function in (("eager", eager), ("other", other)):
            began = time.perf_counter()
            for _ in range(calls[name]):
                function(*args)
            times[name].append((time.perf_counter() - began) / calls[name])
    return means.median(times["other"]) / means.median(times["eager"])


def main() -> None:
    """Measures what is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="*", default=["simulated", "same", "slower", "break-even", "functions"])
    parser.add_argument("--repetitions", type=int, default=100)
    parser.add_argument("--budget", type=float, default=4.0)
    arguments = parser.parse_args()
    parts: dict[str, Callable[[], None]] = {
        "simulated": lambda: simulate(arguments.repetitions),
        "same": lambda: real(arguments.repetitions, min(2.0, arguments.budget), 1.0),
        "slower": lambda: real(arguments.repetitions, min(2.0, arguments.budget), 1.03),
        "break-even": break_even,
        "functions": lambda: functions(arguments.budget),
    }
    for what in arguments.what:
        print(f"--- {what}")
        parts[what]()


if __name__ == "__main__":
    main()
