"""Runs Keras's own tests twice, bare and with all of it recorded, and compares the outcome of every single one.

    git clone --branch v3.15.1 https://github.com/keras-team/keras
    python scripts/verify_keras.py keras keras/src/trainers keras/src/callbacks

Exits with 1 if any outcome differs, anything was dropped, the recorder had a fault of its own, or nothing was recorded.
``docs/verification.md`` says what came out and what the tests need installed.
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
        bare, bare_s = run_suite(options.checkout, options.tests, work / "bare.xml", None)
        recorded, recorded_s = run_suite(options.checkout, options.tests, work / "recorded.xml", work / "logs")
        figures = json.loads((work / "logs" / "figures.json").read_text())
    different = [name for name in sorted(bare.keys() | recorded.keys()) if bare.get(name) != recorded.get(name)]
    outcomes = list(bare.values())
    sound = figures["calls"] > 0 and figures["dropped"] == 0 and figures["internal faults"] == 0
    print(f"{len(bare)} tests: {', '.join(f'{outcomes.count(outcome)} {outcome}' for outcome in sorted(set(outcomes)))}")
    print(f"bare {bare_s:.0f} s, recorded {recorded_s:.0f} s: {figures}")
    for name in different:
        print(f"DIFFERENT {name}: bare {bare.get(name)}, recorded {recorded.get(name)}")
    print("Every outcome is the same." if not different else f"{len(different)} outcomes differ.")
    if not sound:
        print("The recording is not whole, or is empty.")
    return 1 if different or not bare or not sound else 0


def run_suite(
    checkout: pathlib.Path, tests: list[str], report: pathlib.Path, logdir: pathlib.Path | None, *, plugins: tuple[str, ...] = ()
) -> tuple[dict[str, str], float]:
    """Runs a test suite, and records all of it where there is a directory for that.

    Args:
        checkout: Where it is, which is also where it runs.
        tests: Files and directories of tests in there.
        report: Where pytest writes its XML.
        logdir: Where to record; None does not.
        plugins: More plugins of ``tests/external``.

    Returns:
        What became of every test, and how many seconds all of them took.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--continue-on-collection-errors", f"--junit-xml={report}"]
    command += [word for plugin in plugins for word in ("-p", plugin)]
    path = os.pathsep.join(filter(None, [str(_ROOT / "tests" / "external"), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": path}
    if logdir is not None:
        command += ["-p", "record_every_function"]
        environment["TFMODETRACE_EVERY_FUNCTION"] = str(logdir)
    start_s = time.monotonic()
    log_path = pathlib.Path(tempfile.gettempdir()) / f"verify_keras_{report.stem}.log"
    with log_path.open("w") as log:
        status = subprocess.run([*command, *tests], cwd=checkout, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False)
    if not report.exists():
        sys.exit(f"pytest ended with {status.returncode} and without a report: see {log_path}")
    return _outcomes(report), time.monotonic() - start_s


def _outcomes(report: pathlib.Path) -> dict[str, str]:
    """Reads what became of every test: ``passed``, or how it did not pass and the type of what it raised."""
    outcomes: dict[str, str] = {}
    for case in ET.parse(report).iter("testcase"):
        child = next((child for child in case if child.tag in ("failure", "error", "skipped")), None)
        outcome = "passed"
        if child is not None and child.tag == "skipped":
            outcome = "expected failure" if child.get("type") == "pytest.xfail" else "skipped"
        elif child is not None:
            # The rest of a message may hold addresses and directories, which differ from run to run.
            outcome = f"{child.tag} {(child.get('message') or '').partition(':')[0][:80]}".rstrip()
        name = f"{case.get('classname')}::{case.get('name')}"
        outcomes[name if name not in outcomes else f"{name} (again, {len(outcomes)})"] = outcome
    return outcomes


if __name__ == "__main__":
    sys.exit(main())
