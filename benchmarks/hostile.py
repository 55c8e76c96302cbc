"""What valid files cost that hold more than a person could read: processor time and memory from opening one to its report.

Run with ``python -m benchmarks.hostile``. Every figure comes from a process of its own.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, Final

from benchmarks import harness
from tests.support import files
from tfmodetrace.schema import keys

_FLUSH_EVERY: Final = 2_000
_GOALS: Final = {"s": harness.Target(10, "≤ 10"), "MB": harness.Target(1000, "≤ 1000")}


def _tensors(*sizes: int) -> keys.Node:
    children = tuple(keys.Node(kind=keys.Kind.TENSOR, dtype="float32", shape=(size, 8)) for size in sizes)
    return keys.Node(kind=keys.Kind.DICT, names=tuple(f"x{number}" for number in range(len(sizes))), children=children)


def _traces(session: files.SessionFile) -> None:
    step = session.function("step")
    for number in range(100_000):
        session.trace(step, ordinal=number + 1, start_ns=number * 1000, duration_ns=900, key=_tensors(number + 1))
        if number % _FLUSH_EVERY == 0:
            session.flush()


def _wide_keys(session: files.SessionFile) -> None:
    step = session.function("step")
    for number in range(20):
        sizes = range(number, number + 20_000)
        session.trace(step, ordinal=number + 1, start_ns=number * 1000, duration_ns=900, key=_tensors(*sizes))
        session.flush()


def _functions(session: files.SessionFile) -> None:
    for number in range(1_000_000):
        session.call(session.function(f"step{number}"), number * 1000, 900)
        if number % _FLUSH_EVERY == 0:
            session.flush()


def _long_literals(session: files.SessionFile) -> None:
    step = session.function("step")
    for number in range(300):
        literal = keys.Node(kind=keys.Kind.LITERAL, type_name="str", text=str(number) * 40_000)
        key = keys.Node(kind=keys.Kind.DICT, names=("x",), children=(literal,))
        session.trace(step, ordinal=number + 1, start_ns=number * 1000, duration_ns=900, key=key)
        session.flush()


_SUBJECTS: Final[dict[str, Callable[[files.SessionFile], None]]] = {
    "100,000 traces of varying shapes": _traces,
    "20 traces with keys of 20,000 parts": _wide_keys,
    "1,000,000 functions, each called once": _functions,
    "300 literals of 100,000 characters": _long_literals,
}


def _answer(logdir: str) -> dict[str, Any]:
    from tfmodetrace import log
    from tfmodetrace_tb_plugin import views

    before_s, before_mb = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    [run] = log.read(logdir).runs
    report = views.RunView(run, name=run.name, revision="1").report
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return {"s": time.process_time() - before_s, "MB": peak_mb - before_mb, "sent, KB": len(report) / 1e3}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--logdir", help="answer about this recording here, and print JSON")
    options = parser.parse_args()
    if options.logdir:
        print(json.dumps(_answer(options.logdir)))
        return
    results: dict[str, dict[str, Any]] = {}
    for subject, fill in _SUBJECTS.items():
        with tempfile.TemporaryDirectory() as directory:
            session = files.SessionFile(pathlib.Path(directory))
            session.thread()
            fill(session)
            session.end()
            command = [sys.executable, "-m", "benchmarks.hostile", "--logdir", directory]
            results[subject] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    rows = [
        (subject if measure == "s" else "", measure, value, harness.verdict(value, _GOALS.get(measure)))
        for subject, figures in results.items()
        for measure, value in figures.items()
    ]
    harness.show("Valid files that hold more than can be told", ["file", "measure", "value", "target"], rows)
    harness.write("hostile", results)


if __name__ == "__main__":
    main()
