"""``kill -9`` at random moments of a program that records: is everything that was flushed still there, and does the reader cope?

Run with ``make bench`` or ``python -m benchmarks.kills [--kills N] [--seed N]``. Prints a table and writes
``benchmarks/results/kills.json``. Each program is forked off this process, which has imported TensorFlow and not used it. It calls eager
functions and tf.functions on two threads, flushes now and then, and says through a pipe after each flush what the recording must hold from
then on.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import itertools
import logging
import os
import pathlib
import random
import select
import signal
import struct
import tempfile
import threading
import time
from typing import Any, NamedTuple

import tensorflow as tf

import tfmodetrace as tmt
from benchmarks import harness
from tfmodetrace import log
from tfmodetrace.recorder.session import process

_REPORT = struct.Struct("<qqq")
_LONGEST_SECS = 0.6
_FLUSH_SECS = 0.005


class Promise(NamedTuple):
    """What a recording must hold: that many calls of the main thread, traces and errors."""

    calls: int
    traces: int
    errors: int


NOTHING = Promise(0, 0, 0)


def main() -> None:
    """Kills and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    start_s = time.perf_counter()
    found: collections.Counter[str] = collections.Counter()
    problems = []
    for number in range(options.kills):
        with tempfile.TemporaryDirectory() as logdir:
            promise = _record_and_kill(logdir, chance)
            try:
                _examine(logdir, promise, found)
            except Exception as error:
                problems.append(f"kill {number}: {type(error).__name__}: {error}")
    none = harness.Target(0, "0")
    results = {
        "programs killed": options.kills,
        "killed before anything was flushed": found["nothing promised"],
        "recordings that end inside a record": found["torn"],
        "calls flushed": found["calls promised"],
        "traces flushed": found["traces promised"],
        "errors flushed": found["errors promised"],
        "calls read": found["calls read"],
        "flushed rows that are missing": found["missing"],
        "recordings shown as complete": found["complete"],
        "recordings with warnings": found["warned"],
        "readers that failed": len(problems),
    }
    must_be_none = ("flushed rows that are missing", "recordings shown as complete", "recordings with warnings", "readers that failed")
    harness.show(
        f"{options.kills} × kill -9, {time.perf_counter() - start_s:.0f} s",
        ["measure", "value", "target"],
        [(name, value, harness.verdict(value, none if name in must_be_none else None)) for name, value in results.items()],
    )
    for problem in problems[:10]:
        print(problem)
    harness.write("kills", {"tensorflow": tf.__version__, "seed": options.seed, **results, "problems": problems})


def _record_and_kill(logdir: str, chance: random.Random) -> Promise:
    """Runs a program for a while, kills it and returns what its recording must hold."""
    reading, writing = os.pipe()
    # One of ten programs is killed while it starts, the others once they have flushed for the first time.
    starting = chance.random() < 0.1
    wait_s, seed = chance.uniform(0, _LONGEST_SECS / 10 if starting else _LONGEST_SECS), chance.getrandbits(32)
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os.close(reading)
            _program(logdir, writing, random.Random(seed))
        os._exit(1)
    os.close(writing)
    if not starting:
        select.select([reading], [], [], 60)
    time.sleep(wait_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the program has ended by itself"
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    whole = len(said) // _REPORT.size * _REPORT.size
    return Promise(*_REPORT.unpack_from(said, whole - _REPORT.size)) if whole else NOTHING


def _program(logdir: str, writing: int, chance: random.Random) -> None:
    """Records until it is killed."""

    @tmt.traced
    def eager(value: Any) -> Any:
        return value

    @tmt.traced
    def fails() -> None:
        raise ValueError("on purpose")

    @tmt.traced
    @tf.function
    def graph(value: Any) -> Any:
        return value + 1

    def beside() -> None:
        while True:
            eager("beside")
            time.sleep(0.0001)

    tmt.start(logdir, flush_secs=_FLUSH_SECS)
    threading.Thread(target=beside, daemon=True).start()
    calls = traces = 0
    for errors in itertools.count(1):
        for _ in range(chance.randrange(5_000) if chance.random() < 0.1 else chance.randrange(50)):
            eager(errors % 100)
            calls += 1
        with contextlib.suppress(ValueError):
            fails()
        calls += 1
        if chance.random() < 0.1 and traces < 20:
            graph(tf.ones(traces + 1))
            calls += 1
            traces += 1
        if chance.random() < 0.5:
            process.flush()
            os.write(writing, _REPORT.pack(calls, traces, errors))


def _examine(logdir: str, promise: Promise, found: collections.Counter[str]) -> None:
    """Reads what a killed program has left."""
    if promise == NOTHING:
        found["nothing promised"] += 1
    try:
        read = log.read(logdir)
    except log.LogError:
        if promise != NOTHING or any(_has_content(file) for file in pathlib.Path(logdir).rglob("events.*")):
            raise
        return
    (run,) = read.runs
    (recorded,) = run.processes
    main_thread = next((thread.thread_id for thread in run.threads if thread.name == "MainThread"), -1)
    calls = int((run.calls.thread_id == main_thread).sum())
    found["torn"] += recorded.torn
    found["complete"] += run.complete
    found["warned"] += bool(run.warnings)
    found["calls promised"] += promise.calls
    found["traces promised"] += promise.traces
    found["errors promised"] += promise.errors
    found["calls read"] += len(run.calls)
    missing = max(0, promise.calls - calls) + max(0, promise.traces - len(run.traces)) + max(0, promise.errors - len(run.errors))
    found["missing"] += missing
    assert len(set(run.calls.call_id.tolist())) == len(run.calls), "a call is there twice"


def _has_content(file: pathlib.Path) -> bool:
    return file.stat().st_size > 200  # more than a header and part of the session's beginning


if __name__ == "__main__":
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    main()
