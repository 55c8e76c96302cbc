"""Eager execution is disabled, by a line that older programs begin with: nothing has a value any more until a session runs it.

Look at: the modes of the calls. With that line they are `v1-graph`: each adds to one graph and computes nothing. Without, they are `eager`.
"""

from __future__ import annotations

import argparse
import pathlib
import subprocess
import sys
from typing import Any

import tensorflow as tf

import tfmodetrace as tmt


@tmt.traced
def mean_square(x: Any) -> Any:
    """Computes a number, or so it seems."""
    return tf.reduce_mean(x * x)


def run(logdir: pathlib.Path) -> None:
    """Calls the function three times."""
    with tmt.record(logdir):
        for number in range(3):
            result = mean_square(tf.constant([1.0, 2.0]) * float(number))
    print(f"  what a call returns: {type(result).__name__}")


def main() -> None:
    """Runs with eager execution disabled, says what tfmodetrace says, and runs without that line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logdir", type=pathlib.Path, default=pathlib.Path("logs/eager_disabled"))
    parser.add_argument("--disabled", action="store_true", help="only the wrong way")
    parser.add_argument("--eager", action="store_true", help="only the right way")
    arguments = parser.parse_args()
    logdir = arguments.logdir
    if arguments.disabled:
        tf.compat.v1.disable_eager_execution()
        run(logdir / "wrong")
        return
    if arguments.eager:
        run(logdir / "right")
        return
    print("wrong: tf.compat.v1.disable_eager_execution()", flush=True)
    # In a process of its own, since what is disabled stays so.
    subprocess.run([sys.executable, __file__, "--logdir", str(logdir), "--disabled"], check=True)
    print("right: without that line")
    run(logdir / "right")
    for name in ("wrong", "right"):
        (function,) = tmt.read(logdir / name).to_dict()["runs"][0]["functions"]
        modes = {mode: number for mode, number in function["calls"].items() if number and mode != "total"}
        print(f"tfmodetrace: {name}: calls of {function['name']} by mode: {modes}")
    print(f"\ntfmodetrace report {logdir}")


if __name__ == "__main__":
    main()
