"""What digesting a fleet costs: a million calls, a worker's hour, 1 to 100 workers, and asking a thousand workers' day.

Run with ``make bench BENCH=fleets`` or ``python -m benchmarks.fleets [--calls N] [--workers N…]``.
"""

from __future__ import annotations

import argparse
import importlib
import pathlib
import tempfile
import time
from collections.abc import Callable
from typing import Any

import tfmodetrace
from benchmarks import harness, logs
from tfmodetrace.fleet import digesting, making, merging, places, recordings, schema
from tfmodetrace.log import reader

_WORKERS, _HOURS = 1000, 24
_ASKED = "select file, function, mode, tensorflow, sum(calls), sum(ns) / sum(calls) from fleet_digest group by all"
_SLOWEST = "select run, worker, sum(busy_ns) / sum(steps) as busy from fleet_steps where not traced group by all order by busy desc limit 5"


def _least(repeats: int, function: Any, clock: Callable[[], float] = time.perf_counter) -> tuple[float, Any]:
    least, made = float("inf"), None
    for _ in range(repeats):
        start_s = clock()
        made = function()
        least = min(least, clock() - start_s)
    return least, made


def _one(logdir: pathlib.Path, calls: int) -> tuple[dict[str, float], recordings.Recording]:
    core = time.process_time
    read_s, run = _least(3, lambda: reader.read(logdir).runs[0], core)
    tables_s, recording = _least(3, lambda: recordings.of_run(run), core)
    hour = recording.hours[0]
    digest_s, made = _least(5, lambda: {name: digesting.digest(name, recording, hour) for name in schema.TABLES}, core)
    millions = calls / 1e6
    size = sum(len(places.packed(table, {"worker": "worker:0"})) for table in made.values() if table.num_rows)
    figures = {
        "reading, s of a core": read_s / millions,
        "tables of it, s of a core": tables_s / millions,
        "digest, s of a core": digest_s / millions,
        "kB a worker's hour": size / 1e3,
        "rows": float(sum(table.num_rows for table in made.values())),
    }
    return figures, recording


def _many(workers: int, calls: int, directory: pathlib.Path) -> dict[str, float]:
    for number in range(workers):
        logs.write(directory / "logs" / f"worker{number}", calls, seed=number)
    start_s = time.perf_counter()
    making.make([str(directory / "logs")], str(directory / "out"))
    took_s = time.perf_counter() - start_s
    files = [file.stat().st_size for file in (directory / "out").rglob("worker=*/*.parquet")]
    return {"s": took_s, "s a worker": took_s / workers, "kB a worker's hour": sum(files) / workers / 1e3}


def _day(recording: recordings.Recording, directory: pathlib.Path) -> dict[str, float]:
    """A day of a thousand workers, all of whom did the same, written as if it had been digested."""
    pa: Any = importlib.import_module("pyarrow")
    rows = 0
    hours: list[Any] = []
    for name in schema.TABLES:
        own = digesting.digest(name, recording, recording.hours[0])
        if not own.num_rows:
            continue
        worker = pa.array([f"worker:{number}" for number in range(_WORKERS) for _ in range(own.num_rows)])
        whole = pa.concat_tables([own] * _WORKERS).append_column("worker", worker)
        data = places.packed(whole, {})
        for hour in range(_HOURS):
            key = places.hour_key(name, "run", recording.hours[0] + hour)
            places.write(directory / schema.DIRECTORY / places.workers_file(key), data)
        if name == "digest":
            hours = [whole] * _HOURS
            rows = whole.num_rows * _HOURS
    merge_s, _ = _least(2, lambda: merging.merge("digest", hours))
    asked_s, _ = _least(3, lambda: tfmodetrace.query(directory, _ASKED))
    slowest_s, _ = _least(3, lambda: tfmodetrace.query(directory, _SLOWEST))
    versions_s, _ = _least(2, lambda: tfmodetrace.query(directory, "select * from fleet_versions"))
    return {"rows": rows, "merge, s": merge_s, "by function, s": asked_s, "slowest workers, s": slowest_s, "fleet_versions, s": versions_s}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=1_000_000, help="calls of the one recording")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 10, 100])
    parser.add_argument("--worker-calls", type=int, default=100_000, help="calls of each of the workers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory)
        logs.write(place / "one", options.calls)
        one, recording = _one(place / "one", options.calls)
        results: dict[str, dict[str, float]] = {"a million calls": one, "1,000 workers × 24 h": _day(recording, place / "day")}
        for workers in options.workers:
            results[f"{workers} workers"] = _many(workers, options.worker_calls, place / f"of{workers}")
    targets = {
        "digest, s of a core": harness.Target(0.15, "≤ 0.15"),
        "kB a worker's hour": harness.Target(50, "≤ 50"),
        "by function, s": harness.Target(2, "≤ 2"),
    }
    rows = [
        (subject if number == 0 else "", measure, value, harness.verdict(value, targets.get(measure)))
        for subject, figures in results.items()
        for number, (measure, value) in enumerate(figures.items())
    ]
    harness.show("A fleet", ["subject", "measure", "value", "target"], rows)
    harness.write("fleets", {"calls": options.calls, "worker_calls": options.worker_calls, **results})


if __name__ == "__main__":
    main()
