"""A hundred thousand damaged and hostile recordings: none may crash, hang or exhaust the reader, and no loss may stay unsaid.

Run with ``make bench`` or ``python -m benchmarks.fuzz [--files N]``. Every file is made of a whole recording by one of the mutations of
``tests/support/mutations.py``; its number is the seed, so that any can be made again with ``--first NUMBER --files 1``. The memory that
reading may take is bounded by the process's address space, the time by an alarm.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

from benchmarks import harness
from tests.support import files, reading

_MOST_BYTES = 256 << 20
_MOST_S = 10
_PART = 500


class _TooSlowError(BaseException):
    """A file took longer than it may. Not an Exception: nothing may catch it."""


def _read(first: int, count: int) -> dict[str, Any]:
    _bound_memory()
    signal.signal(signal.SIGPROF, _give_up)
    outcomes: collections.Counter[str] = collections.Counter()
    failures = []
    slowest_s = 0.0
    with tempfile.TemporaryDirectory() as directory:
        whole = files.varied_run(pathlib.Path(directory, "whole")).path.read_bytes()
        for number in range(first, first + count):
            start_s = time.process_time()
            try:
                # The processor's time, not the clock's: a machine with other work must not make a failure of a file.
                signal.setitimer(signal.ITIMER_PROF, _MOST_S)
                try:
                    outcomes[reading.read_mutation(pathlib.Path(directory, str(number)), whole, number)] += 1
                finally:
                    signal.setitimer(signal.ITIMER_PROF, 0)
            except (Exception, _TooSlowError) as error:
                failures.append(f"{number}: {type(error).__name__}: {error}")
            slowest_s = max(slowest_s, time.process_time() - start_s)
            shutil.rmtree(pathlib.Path(directory, str(number)))
    return {"outcomes": outcomes, "failures": failures, "slowest, s": slowest_s}


def _bound_memory() -> None:
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + _MOST_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _give_up(*_: object) -> None:
    raise _TooSlowError


def _read_in_processes(first: int, count: int) -> list[dict[str, Any]]:
    """Reads a share in each of as many processes as there are cores. One that dies takes its share's figures with it, as a failure."""
    share = -(-count // (os.cpu_count() or 1))
    command = [sys.executable, "-m", "benchmarks.fuzz", "--here"]
    begins = range(first, first + count, share)
    processes = [
        subprocess.Popen([*command, f"--first={begin}", f"--files={min(share, first + count - begin)}"], stdout=subprocess.PIPE, text=True)
        for begin in begins
    ]
    found = []
    for begin, process in zip(begins, processes, strict=True):
        printed, _ = process.communicate()
        died = {"outcomes": {}, "failures": [f"the process that began with {begin} died: exit {process.returncode}"], "slowest, s": 0.0}
        found.append(json.loads(printed) if process.returncode == 0 else died)
    return found


def main() -> None:
    """Reads and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--here", action="store_true", help="read them in this process, and print JSON")
    options = parser.parse_args()
    if options.here:
        print(json.dumps(_read(options.first, options.files)))
        return
    start_s = time.perf_counter()
    found = _read_in_processes(options.first, options.files)
    outcomes = sum((collections.Counter(part["outcomes"]) for part in found), collections.Counter())
    failures = [failure for part in found for failure in part["failures"]]
    slowest_s = max(part["slowest, s"] for part in found)
    rows: list[tuple[Any, ...]] = [("files", options.files, "")]
    rows.extend((outcome, count, "") for outcome, count in sorted(outcomes.items()))
    rows.append(("failed", len(failures), harness.verdict(len(failures), harness.Target(0, "0"))))
    rows.append(("slowest, s", slowest_s, harness.verdict(slowest_s, harness.Target(_MOST_S, f"≤ {_MOST_S}"))))
    rows.append(("memory allowed, MB", _MOST_BYTES >> 20, ""))
    rows.append(("all together, s", time.perf_counter() - start_s, ""))
    harness.show("Damaged recordings", ["measure", "value", "target"], rows)
    for failure in failures[:20]:
        print(failure)
    harness.write("fuzz", {"files": options.files, "outcomes": outcomes, "failures": failures[:100], "slowest, s": slowest_s})


if __name__ == "__main__":
    main()
