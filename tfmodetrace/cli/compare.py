"""``tfmodetrace compare module:function``: one function in several modes, measured side by side."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

from tfmodetrace import errors
from tfmodetrace.cli import exits, terminal


def add_parser(commands: Any) -> None:
    """Adds the command to the parser's commands."""
    parser = commands.add_parser(
        "compare",
        help="run a function eagerly, in a graph and with XLA, and measure",
        description="Run one function eagerly, in a graph and with XLA, measure the modes side by side, and compare what they compute.",
        epilog='Arguments are literals of Python (3, 0.5, "text", [1, 2]) or tensors with random values (float32[32,8], int64[]).',
    )
    parser.add_argument("target", metavar="module:function", help="what to compare, such as train:step or train.py:Model.step")
    parser.add_argument("--args", metavar="ARG", nargs="*", default=[], help="what to call it with")
    parser.add_argument("--signature-of", metavar="LOGDIR:NAME", help="call it with random values as a recorded function was called")
    parser.add_argument("--modes", metavar="MODES", default="eager,graph,xla", help="some of eager,graph,xla, which is the default")
    parser.add_argument("--budget", metavar="SECS", type=float, default=10.0, help="for how long to measure; 10 seconds if not given")
    parser.add_argument("--steps", metavar="N", type=int, help="follow so many calls in each mode, to see where the modes drift apart")
    parser.add_argument("--logdir", metavar="DIR", help="record the comparison there, too")
    parser.add_argument("--json", action="store_true", help="print the comparison as JSON instead")
    parser.set_defaults(run_command=run_command)


def run_command(arguments: argparse.Namespace) -> int:
    """Compares and prints what came of it.

    Returns:
        The exit code: 0 also where modes differ.
    """
    if ":" not in arguments.target or os.path.isdir(arguments.target):
        terminal.complain("tfmodetrace compare takes module:function, such as train:step. It does not compare runs yet.")
        return exits.USAGE
    if arguments.args and arguments.signature_of:
        terminal.complain("tfmodetrace compare takes its arguments from --args or from --signature-of, not from both.")
        return exits.USAGE
    from tfmodetrace.comparing import named

    try:
        told = named.compare(
            arguments.target,
            texts=arguments.args,
            signature_of=arguments.signature_of,
            modes=tuple(arguments.modes.split(",")),
            budget_secs=arguments.budget,
            steps=arguments.steps,
            logdir=arguments.logdir,
        )
    except (named.NotComparableError, errors.LogError, errors.RecordingError) as error:
        terminal.complain(str(error))
        return exits.USAGE
    if arguments.json:
        json.dump(told.to_dict(), sys.stdout, indent=2, allow_nan=False)
        sys.stdout.write("\n")
    else:
        terminal.tell(str(told))
    return exits.OK
