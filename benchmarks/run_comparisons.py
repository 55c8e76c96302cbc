"""What verdicts of ``tfmodetrace.compare_runs`` are worth on a real clock: ``python -m benchmarks.run_comparisons [PAIRS]``.

Records runs, each in a process of its own, in the order of A, B, A, B, …; B runs a function that does 5 % more. Compares each A with the
next A, which is the same program, and each A with the B after it; and again with three runs a side.
"""

from __future__ import annotations

import collections
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence

import tfmodetrace as tmt

PROGRAM = """
import sys, time
import numpy as np
import tfmodetrace as tmt

numbers = np.arange(1000.0)

@tmt.traced
def step(size):
    for _ in range(size):
        np.add(numbers, 1.0)

@tmt.traced
def other():
    for _ in range(100):
        np.add(numbers, 1.0)

with tmt.record(sys.argv[1]):
    for _ in range(int(sys.argv[3])):
        step(int(sys.argv[2]))
        other()
"""

CALLS = 3000


def record(directory: pathlib.Path, name: str, size: int) -> pathlib.Path:
    program = directory / "program.py"
    program.write_text(PROGRAM)
    command = [sys.executable, str(program), str(directory / name), str(size), str(CALLS)]
    subprocess.run(command, check=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}, stderr=subprocess.DEVNULL)
    return directory / name


def compare(a: Sequence[pathlib.Path], b: Sequence[pathlib.Path], counted: collections.Counter[str]) -> None:
    for row in tmt.compare_runs(a, b).rows:
        for time in row.times:
            counted[f"{row.name} {time.verdict}"] += 1


def main(pairs: int) -> None:
    with tempfile.TemporaryDirectory() as made:
        directory = pathlib.Path(made)
        runs = [(record(directory, f"a{number}", 200), record(directory, f"b{number}", 210)) for number in range(pairs + 1)]
        for several in (1, 3):
            same: collections.Counter[str] = collections.Counter()
            slower: collections.Counter[str] = collections.Counter()
            for number in range(pairs + 2 - 2 * several):
                a = [a for a, _ in runs[number : number + several]]
                compare(a, [a for a, _ in runs[number + several : number + 2 * several]], same)
                compare(a, [b for _, b in runs[number : number + several]], slower)
            print(f"{several} a side, the same program: {dict(same)}")
            print(f"{several} a side, step 5 % slower:  {dict(slower)}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
