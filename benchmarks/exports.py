"""How long exporting and asking a recording of ten million calls takes, and how large what is written is.

Run with ``make bench BENCH=exports`` or ``python -m benchmarks.exports [--calls N]``. Every figure comes from a process of its own; reading
the recording is not in it, but in the memory it is.
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
from typing import Any

from benchmarks import harness, logs

_MOST_FOR_SPEEDSCOPE = 2_000_000
_ASKED = "select function, mode, count(*), sum(duration_ns), max(duration_ns) from calls group by all order by 4 desc"


def _export(logdir: str, to: str, name: str) -> dict[str, Any]:
    from tfmodetrace.cli import export
    from tfmodetrace.export import confidential, sources
    from tfmodetrace.log import reader

    found = sources.of([reader.read(logdir)])
    with tempfile.TemporaryDirectory() as directory:
        target = pathlib.Path(directory, name)
        start_s = time.perf_counter()
        export._WRITERS[to](found, str(target), confidential.Confidential())
        took_s = time.perf_counter() - start_s
        files = target.iterdir() if target.is_dir() else [target]
        size = sum(file.stat().st_size for file in files)
    return {"s": took_s, "bytes per call": size / len(found[0].told.run.calls)}


def _query(logdir: str, *, warm: bool) -> dict[str, Any]:
    import duckdb  # noqa: F401 - as where it was already asked something
    import pyarrow as pa  # noqa: F401

    import tfmodetrace

    log = tfmodetrace.read(logdir)
    if warm:
        tfmodetrace.query(log, _ASKED)
    start_s = time.perf_counter()
    rows = len(tfmodetrace.query(log, _ASKED))
    return {"s": time.perf_counter() - start_s, "rows": rows}


_SUBJECTS: dict[str, tuple[Callable[[str], dict[str, Any]], dict[str, harness.Target]]] = {
    "perfetto, gzipped": (
        lambda logdir: _export(logdir, "perfetto", "out.gz"),
        {"s": harness.Target(20, "≤ 20"), "bytes per call": harness.Target(6, "≤ 6")},
    ),
    "perfetto, plain": (lambda logdir: _export(logdir, "perfetto", "out"), {"s": harness.Target(20, "≤ 20")}),
    "speedscope": (lambda logdir: _export(logdir, "speedscope", "out.json"), {}),
    "parquet": (lambda logdir: _export(logdir, "parquet", "out"), {}),
    "query, the first": (lambda logdir: _query(logdir, warm=False), {}),
    "query, warm": (lambda logdir: _query(logdir, warm=True), {"s": harness.Target(1, "≤ 1")}),
}


def _alone(subject: str, logdir: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.exports", "--subject", subject, "--logdir", logdir]
    figures: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return figures


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=10_000_000)
    parser.add_argument("--subject", choices=_SUBJECTS, help="measure this one here, and print JSON")
    parser.add_argument("--logdir", help="the recording to measure it with")
    options = parser.parse_args()
    if options.subject:
        figures = _SUBJECTS[options.subject][0](options.logdir)
        print(json.dumps(figures | {"MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3}))
        return
    with tempfile.TemporaryDirectory() as directory:
        logdir = pathlib.Path(directory, "run")
        logs.write(logdir, options.calls)
        subjects = [name for name in _SUBJECTS if name != "speedscope" or options.calls <= _MOST_FOR_SPEEDSCOPE]
        results = {subject: _alone(subject, str(logdir)) for subject in subjects}
    rows = [
        (subject if measure == "s" else "", measure, value, harness.verdict(value, _SUBJECTS[subject][1].get(measure)))
        for subject, figures in results.items()
        for measure, value in figures.items()
        if measure != "rows"
    ]
    harness.show(f"A recording of {options.calls} calls", ["subject", "measure", "value", "target"], rows)
    harness.write("exports", {"calls": options.calls, **results})


if __name__ == "__main__":
    main()
