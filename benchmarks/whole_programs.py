"""What ``tfmodetrace run`` costs whole training programs, unchanged, against running them bare.

The five scripts of the tests, each bare and recorded in processes of their own that run at the same time, so that whatever else slows the
machine down slows both; it needs two cores. The figure is the median of the ratios of wall time, from the start of Python to its end, the
import of the recorder included. Target: at most 3 % more. The distributed script waits in some epochs, bare or recorded, for 150 ms for a
thread of TensorFlow's: its wall times of single pairs differ by some percent.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time

SCRIPTS = pathlib.Path(__file__).resolve().parents[1] / "tests" / "integration" / "whole_program" / "scripts"
EPOCHS = {"functional_keras": 200, "subclassed_keras": 280, "custom_loop": 2400, "data_pipeline": 100, "distributed": 120}
TARGET = 1.03

_COMMAND = os.path.join(sysconfig.get_path("scripts"), "tfmodetrace")


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("scripts", nargs="*", default=list(EPOCHS), help="which")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--epochs", type=float, default=1.0, help="times as many epochs as by default")
    options = parser.parse_args()
    missed = False
    for name in options.scripts:
        epochs = max(1, round(EPOCHS[name] * options.epochs))
        pairs = []
        for number in range(options.pairs):
            bare, recorded = _pair(name, epochs, bare_first=number % 2 == 0)
            pairs.append((bare, recorded))
            print(f"  {bare[0]:.2f} s, {recorded[0] / bare[0]:.3f} ({recorded[1] / bare[1]:.3f})", flush=True)
        wall, processor = (statistics.median(recorded[of] / bare[of] for bare, recorded in pairs) for of in (0, 1))
        bare_s = statistics.median(bare[0] for bare, _ in pairs)
        missed |= wall > TARGET
        print(f"{name}: {epochs} epochs, bare {bare_s:.1f} s, recorded {wall:.3f} of it (processor time {processor:.3f})", flush=True)
    return 1 if missed else 0


_Times = tuple[float, float]
"""Wall time and processor time, in seconds."""


def _pair(name: str, epochs: int, *, bare_first: bool) -> tuple[_Times, _Times]:
    with tempfile.TemporaryDirectory() as directory:
        order = (False, True) if bare_first else (True, False)
        started = {recorded: _start(name, epochs, directory, recorded=recorded) for recorded in order}
        times: dict[bool, _Times] = {}
        while len(times) < len(started):
            pid, status, used = os.wait4(-1, 0)
            now = time.perf_counter()
            for recorded, (process, begin) in started.items():
                if process.pid == pid:
                    if status:
                        raise RuntimeError(f"{name} ended with status {status}")
                    process.returncode = 0
                    times[recorded] = now - begin, used.ru_utime + used.ru_stime
        return times[False], times[True]


def _start(name: str, epochs: int, directory: str, *, recorded: bool) -> tuple[subprocess.Popen[bytes], float]:
    weights = os.path.join(directory, f"{recorded}.npz" if name == "custom_loop" else f"{recorded}.weights.h5")
    command = [sys.executable]
    if recorded:
        command += [_COMMAND, "run", "--logdir", os.path.join(directory, "logs")]
    # As an installed Python does: our modules are compiled once, not at every import.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command += [str(SCRIPTS / f"{name}.py"), weights, str(epochs)]
    begin = time.perf_counter()
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment), begin


if __name__ == "__main__":
    sys.exit(main())
