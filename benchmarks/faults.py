"""File systems that fail while a program records: are its results right, is what was flushed still there, is loss counted?

Run with ``make bench`` or ``python -m benchmarks.faults [--faults N] [--seed N]``. Prints a table and writes
``benchmarks/results/faults.json``. A failing file system stands between the recorder and the operating system, or TensorFlow: from a random
record on and for a random number of writes, a write fails with a full disk, an input/output error or a read-only file system, after a
random part of its bytes or none; or somebody removes the log directory.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import errno
import logging
import os
import pathlib
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from typing import Any
from unittest import mock

import numpy as np
import tensorflow as tf

import tfmodetrace as tmt
from benchmarks import harness
from tfmodetrace import log
from tfmodetrace.recorder.calls import states
from tfmodetrace.recorder.session import process, record_files

KINDS = {"full disk": errno.ENOSPC, "input/output error": errno.EIO, "read-only": errno.EROFS, "directory removed": 0, "bucket gone": 0}
_MUST_NOT_BE = ("programs that failed", "wrong results", "flushed calls missing", "losses not counted", "twice")
_FEW_ROWS = 512
_STEPS = 60


@tmt.traced
def eager(value: int) -> int:
    return 3 * value + 1


@tmt.traced
@tf.function
def graph(value: Any) -> Any:
    return tf.reduce_sum(value * value)


@tmt.traced
def fails(value: int) -> None:
    raise ValueError(value)


class Disk:
    """Fails as it is told to; what it does not name is the operating system's.

    Attributes:
        sound: How many writes it still takes before it fails.
        failing: How many it then refuses before it recovers.
        failed: How many it has refused.
    """

    def __init__(self, error: int, chance: random.Random) -> None:
        self._error = error
        self._chance = chance
        self.sound = chance.randrange(2, 20)  # the first two make the file
        self.failing = chance.choice([1, 2, 5, 20, 10**9])
        self.failed = 0
        # A full disk often has room for a little more.
        self._room = chance.choice([0, 300]) if error == errno.ENOSPC else 0

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def write(self, descriptor: int, data: memoryview) -> int:
        if (self.sound == 0 and len(data) <= self._room) or self._takes_it():
            return os.write(descriptor, data)
        part = self._chance.choice([0, self._chance.randrange(len(data))])
        if part:
            os.write(descriptor, data[:part])
        raise OSError(self._error, os.strerror(self._error))

    def ftruncate(self, descriptor: int, length: int) -> None:
        if self.failed and self.failing and self._chance.random() < 0.5:
            self.failed += 1
            raise OSError(self._error, os.strerror(self._error))
        os.ftruncate(descriptor, length)

    def write_record(self, original: Any, file: Any, payload: bytes) -> None:
        """Stands for ``RemoteFile.write``."""
        if not self._takes_it():
            raise tf.errors.UnavailableError(None, None, "the bucket is gone")
        original(file, payload)

    def _takes_it(self) -> bool:
        if self.sound:
            self.sound -= 1
            return True
        if not self.failing:
            return True
        self.failing -= 1
        self.failed += 1
        return False


def main() -> None:
    """Lets file systems fail and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    start_s = time.perf_counter()
    found: dict[str, collections.Counter[str]] = {kind: collections.Counter() for kind in KINDS}
    chances = random.Random(options.seed)
    for number in range(options.faults):
        kind = tuple(KINDS)[number % len(KINDS)]
        while not (tried := _try_out(kind, random.Random(chances.random())))["failures"]:
            pass  # the recording was over before it came to that
        found[kind] += tried
    whole = sum(found.values(), collections.Counter())
    none = harness.Target(0, "0")
    columns = ["recordings", "failures", *_MUST_NOT_BE, "complete", "incomplete", "calls made", "calls read", "calls counted as dropped"]
    rows = []
    for column in columns:
        verdict = harness.verdict(whole[column], none if column in _MUST_NOT_BE else None)
        rows.append((column, *(found[kind][column] for kind in KINDS), whole[column], verdict))
    harness.show(f"{options.faults} file systems that fail, {time.perf_counter() - start_s:.0f} s", ["", *KINDS, "all", "target"], rows)
    results = {kind: {column: found[kind][column] for column in columns} for kind in KINDS}
    harness.write("faults", {"tensorflow": tf.__version__, "seed": options.seed, **results})


def _try_out(kind: str, chance: random.Random) -> collections.Counter[str]:
    """Records a program's run while the file system fails, and examines what is left."""
    found: collections.Counter[str] = collections.Counter({"recordings": 1})
    disk = Disk(KINDS[kind], chance)
    with tempfile.TemporaryDirectory() as place, _standing_between(disk, kind, chance):
        recording = Recording(place, kind)
        removed_at = chance.randrange(_STEPS) if kind == "directory removed" else -1
        made = readable = 0
        try:
            with tmt.record(recording.logdir, flush_secs=1000):
                for step in range(_STEPS):
                    if step == removed_at:
                        recording.remove()
                    count = chance.randrange(2_000) if chance.random() < 0.1 else chance.randrange(40)
                    found["wrong results"] += _wrong_results(count)
                    made += count + 3
                    if chance.random() < 0.3:
                        failed_before = disk.failed
                        _flush()
                        now, counted = recording.calls()
                        sound = disk.failed == failed_before and process.active() is not None and not recording.removed
                        found["flushed calls missing"] += max(0, made - counted - now if sound else readable - now)
                        readable = now
        except Exception:
            found["programs that failed"] += 1
            found["failures"] += 1
            return found
        run = recording.run()
        (recorded,) = run.processes
        calls = len(run.calls)
        found["flushed calls missing"] += max(0, readable - calls)
        found["complete" if run.complete else "incomplete"] += 1
        found["failures"] += disk.failed + recording.removed
        found["calls made"] += made
        found["calls read"] += calls
        found["calls counted as dropped"] += recorded.dropped
        # An incomplete recording says itself that its end is missing.
        found["losses not counted"] += run.complete and calls + recorded.dropped != made
        found["twice"] += len(set(run.calls.call_id.tolist())) != calls
    return found


def _wrong_results(count: int) -> int:
    """Runs part of the program, with that many calls and three more, and counts what comes out wrong."""
    wrong = sum(eager(number) != 3 * number + 1 for number in range(count))
    size = count % 5 + 1
    wrong += float(graph(tf.constant(np.arange(size, dtype=np.float32)))) != float(np.sum(np.arange(size, dtype=np.float32) ** 2))
    for _ in range(2):
        try:
            fails(count)
            wrong += 1
        except ValueError as error:
            wrong += error.args != (count,)
    return wrong


class Recording:
    """Where a program records, and what can be read of it.

    Attributes:
        logdir: The log directory.
        removed: Whether it was removed; then what lay there before counts.
    """

    def __init__(self, place: str, kind: str) -> None:
        self._copies = pathlib.Path(place, "copies")
        self._remote = kind == "bucket gone"
        self.logdir = f"ram://{place}/run" if self._remote else f"{place}/run"
        self.removed = False

    def remove(self) -> None:
        """Removes the log directory, as somebody might who clears up."""
        self._copy()
        shutil.rmtree(self.logdir)
        self.removed = True

    def run(self) -> Any:
        """Reads what is there."""
        if not self._remote and not self.removed:
            return log.read(self.logdir).runs[0]
        if self._remote:
            self._copy()
        return log.read(self._copies).runs[0]

    def calls(self) -> tuple[int, int]:
        """Counts the calls that can be read, and those that the recording says it has dropped."""
        run = self.run()
        return len(run.calls), sum(recorded.dropped for recorded in run.processes)

    def _copy(self) -> None:
        shutil.rmtree(self._copies, ignore_errors=True)
        target = self._copies / "modetrace"
        target.mkdir(parents=True)
        for file in tf.io.gfile.glob(f"{self.logdir}/modetrace/*"):
            tf.io.gfile.copy(file, str(target / os.path.basename(file)))


@contextlib.contextmanager
def _standing_between(disk: Disk, kind: str, chance: random.Random) -> Iterator[None]:
    write = record_files.RemoteFile.write

    def write_through(file: record_files.RemoteFile, payload: bytes) -> None:
        disk.write_record(write, file, payload)

    with contextlib.ExitStack() as patches:
        if KINDS[kind]:
            patches.enter_context(mock.patch.object(record_files, "os", disk))
        if kind == "bucket gone":
            patches.enter_context(mock.patch.object(record_files.RemoteFile, "write", write_through))
        if chance.random() < 0.5:
            patches.enter_context(mock.patch.object(states, "MAX_WAITING_ROWS_OF_THREAD", _FEW_ROWS))
        yield


def _flush() -> None:
    process.flush()


if __name__ == "__main__":
    logging.getLogger("tfmodetrace").setLevel(logging.ERROR)
    main()
