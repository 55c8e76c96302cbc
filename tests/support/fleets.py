"""Recordings of many hours of many workers, made without TensorFlow, and what is counted of them one call after the other."""

from __future__ import annotations

import bisect
import collections
import operator
import pathlib
import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.support import files
from tfmodetrace.fleet import buckets, recordings
from tfmodetrace.schema import words

HOUR_NS = recordings.HOUR_NS


def record(
    logdir: pathlib.Path,
    *,
    worker: str = "worker:0",
    pid: int = 1,
    hours: int = 1,
    calls: int = 40,
    seed: int = 0,
    tensorflow: str = "2.21.0",
    slower: float = 1.0,
    end: bool = True,
) -> files.SessionFile:
    """Writes the recording of one worker: steps that nest a helper, two traces, an exception, and both clocks each hour."""
    drawn = random.Random(seed)
    versions = {**files.VERSIONS, "tensorflow": tensorflow}
    made = files.SessionFile(logdir, host=f"host{pid}", pid=pid, worker=worker, versions=versions, start_unix_ns=files.START_UNIX_NS + pid)
    made.thread()
    step = made.function("train_step", kind="tf.function", parameters=("x",))
    helper = made.function("helper")
    made.chunk.functions[0].source = "def train_step(x):\n    return helper(x)\n"
    for hour in range(hours):
        now = hour * HOUR_NS
        for number in range(calls):
            took = int(drawn.lognormvariate(15, 1) * slower)
            traced = number < 2
            call = made.call(step, now, took, mode=words.Mode.GRAPH, trace=2 * hour + number if traced else -1)
            if traced:
                key = files.arguments(x=files.tensor("float32", 32 + number, 8))
                made.trace(step, ordinal=2 * hour + number + 1, start_ns=now, duration_ns=took // 2, call_id=call, key=key)
            made.call(helper, now + 1, took // 3, parent=call, depth=1)
            now += took + drawn.randrange(10**6)
        raised = made.call(helper, now, 5, flags=words.CallFlag.RAISED)
        made.error(helper, call_id=raised, time_ns=now + 4, message="no such digit")
        made.chunk.clock.time_ns, made.chunk.clock.unix_ns = now, files.START_UNIX_NS + pid + now + 1000 * (hour + 1)
        made.flush()
    if end:
        made.end(end_ns=hours * HOUR_NS - 1)
    return made


def bucket_of(value: int) -> int:
    """The bucket of a length of time, by whole numbers only."""
    return bisect.bisect_right(buckets.BOUNDS, max(1, value)) - 1


def added(rows: Iterable[Mapping[str, Any]], keys: Iterable[str], values: Mapping[str, str]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Merges rows one after the other, as anybody would.

    Args:
        rows: The rows.
        keys: What tells them apart.
        values: What becomes of the other columns: ``sum``, ``min`` or ``max``.
    """
    names = list(keys)
    found: dict[tuple[Any, ...], dict[str, Any]] = collections.defaultdict(dict)
    how: dict[str, Callable[[Any, Any], Any]] = {"sum": operator.add, "min": min, "max": max}
    for row in rows:
        own = found[tuple(row[name] for name in names)]
        for name, role in values.items():
            if row[name] is not None:
                own[name] = row[name] if own.get(name) is None else how[role](own[name], row[name])
            else:
                own.setdefault(name, None)
    return dict(found)
