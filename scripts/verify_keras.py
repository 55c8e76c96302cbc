"""Runs Keras's own tests twice, bare and with every ``tf.function`` recorded, and compares the outcome of every single one.

    git clone --branch v3.15.1 https://github.com/keras-team/keras
    python scripts/verify_keras.py keras keras/src/trainers keras/src/callbacks

Exits with 1 if any outcome differs. ``docs/verification.md`` says what came out.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET

_ROOT = pathlib.Path(__file__).resolve().parents[1]


def main() -> int:
    """Runs and compares."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("checkout", type=pathlib.Path, help="a checkout of Keras")
    parser.add_argument("tests", nargs="+", help="test files or directories, relative to it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        bare, bare_s = _run(options.checkout, options.tests, work / "bare.xml", None)
        recorded, recorded_s = _run(options.checkout, options.tests, work / "recorded.xml", work / "logs")
        figures = json.loads((work / "logs" / "figures.json").read_text())
    different = [name for name in sorted(bare.keys() | recorded.keys()) if bare.get(name) != recorded.get(name)]
    outcomes = list(bare.values())
    print(f"{len(bare)} tests: {', '.join(f'{outcomes.count(outcome)} {outcome}' for outcome in sorted(set(outcomes)))}")
    print(f"bare {bare_s:.0f} s, recorded {recorded_s:.0f} s: {figures}")
    for name in different:
        print(f"DIFFERENT {name}: bare {bare.get(name)}, recorded {recorded.get(name)}")
    print("Every outcome is the same." if not different else f"{len(different)} outcomes differ.")
    return 1 if different or not bare else 0


def _run(checkout: pathlib.Path, tests: list[str], report: pathlib.Path, logdir: pathlib.Path | None) -> tuple[dict[str, str], float]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--continue-on-collection-errors", f"--junit-xml={report}"]
    environment = os.environ | {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    if logdir is not None:
        command += ["-p", "record_every_function"]
        environment["PYTHONPATH"] = str(_ROOT / "tests" / "external")
        environment["TFMODETRACE_EVERY_FUNCTION"] = str(logdir)
    start_s = time.monotonic()
    with (pathlib.Path(tempfile.gettempdir()) / f"verify_keras_{report.stem}.log").open("w") as log:
        subprocess.run([*command, *tests], cwd=checkout, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False)
    return _outcomes(report), time.monotonic() - start_s


def _outcomes(report: pathlib.Path) -> dict[str, str]:
    outcomes = {}
    for case in ET.parse(report).iter("testcase"):
        kind = next((child.tag for child in case if child.tag in ("failure", "error", "skipped")), "passed")
        outcomes[f"{case.get('classname')}::{case.get('name')}"] = kind
    return outcomes


if __name__ == "__main__":
    sys.exit(main())
