"""How long a recording of ten million calls takes to read, to report and to show, and how much memory.

Run with ``make bench`` or ``python -m benchmarks.read [--calls N]``. Every figure comes from a process of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import io
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


def _open(logdir: str) -> dict[str, Any]:
    import tfmodetrace

    start_s = time.perf_counter()
    calls = len(tfmodetrace.read(logdir).calls)
    return {"s": time.perf_counter() - start_s, "calls": calls}


def _report(logdir: str, *options: str) -> dict[str, Any]:
    from tfmodetrace.cli import main as cli

    start_s = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        code = cli.main(["report", logdir, *options])
    return {"s": time.perf_counter() - start_s, "exit": code, "characters": len(printed.getvalue())}


def _timeline(logdir: str) -> dict[str, Any]:
    """The first picture: every lane, the whole time, 1500 pixels wide."""
    import tfmodetrace
    from tfmodetrace.insight import timeline

    run = tfmodetrace.read(logdir).runs[0]
    start_s = time.perf_counter()
    levels = timeline.Timeline(run)
    resolution_ns = 1 << ((levels.end_ns - levels.begin_ns) // 1500).bit_length()
    slices = sum(levels.slices(lane.lane, levels.begin_ns, levels.end_ns, resolution_ns).count for lane in levels.lanes)
    return {"s": time.perf_counter() - start_s, "slices": slices}


_SUBJECTS: dict[str, tuple[Callable[[str], dict[str, Any]], dict[str, harness.Target]]] = {
    "read": (_open, {"s": harness.Target(3, "≤ 3"), "MB": harness.Target(600, "≤ 600")}),
    "report": (_report, {"s": harness.Target(5, "≤ 5")}),
    "report --json": (lambda logdir: _report(logdir, "--json"), {"s": harness.Target(5, "≤ 5")}),
    "the timeline's first picture": (_timeline, {}),
}


def _alone(subject: str, logdir: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.read", "--subject", subject, "--logdir", logdir]
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
        start_s = time.perf_counter()
        path = logs.write(logdir, options.calls)
        encode_ns = (time.perf_counter() - start_s) * 1e9 / options.calls
        bytes_per_call = path.stat().st_size / options.calls
        results = {subject: _alone(subject, str(logdir)) for subject in _SUBJECTS}
    rows: list[tuple[Any, ...]] = [
        ("the recording", "bytes per call", bytes_per_call, harness.verdict(bytes_per_call, harness.Target(12, "≤ 12"))),
        ("", "making and encoding it, ns per call", encode_ns, ""),
    ]
    for subject, figures in results.items():
        targets = _SUBJECTS[subject][1]
        rows.extend(
            (subject if measure == "s" else "", measure, figures[measure], harness.verdict(figures[measure], targets.get(measure)))
            for measure in ("s", "MB")
        )
    harness.show(f"A recording of {options.calls} calls", ["subject", "measure", "value", "target"], rows)
    harness.write("read", {"calls": options.calls, "bytes per call": bytes_per_call, **results})


if __name__ == "__main__":
    main()
