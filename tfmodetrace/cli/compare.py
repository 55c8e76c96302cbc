"""``tfmodetrace compare``: one function in several modes, measured side by side; or two recordings."""

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
        help="compare two runs; or run a function eagerly, in a graph and with XLA, and measure",
        description=(
            "Compare two recordings: what differs between the runs, and what that did to time, traces, memory and findings. "
            "Or run one function eagerly, in a graph and with XLA, measure the modes side by side, and compare what they compute."
        ),
        epilog='Arguments are literals of Python (3, 0.5, "text", [1, 2]) or tensors with random values (float32[32,8], int64[]).',
    )
    parser.add_argument("target", metavar="RUN_A|module:function", help="a run to compare with; or a function, such as train.py:Model.step")
    parser.add_argument("other", metavar="RUN_B", nargs="?", help="the run to compare with it")
    parser.add_argument("--more-a", metavar="RUN", nargs="+", default=[], help="runs that were recorded like RUN_A")
    parser.add_argument("--more-b", metavar="RUN", nargs="+", default=[], help="runs that were recorded like RUN_B")
    parser.add_argument("--args", metavar="ARG", nargs="*", default=[], help="what to call it with")
    parser.add_argument("--signature-of", metavar="LOGDIR:NAME", help="call it with random values as a recorded function was called")
    parser.add_argument("--modes", metavar="MODES", default="eager,graph,xla", help="some of eager,graph,xla, which is the default")
    parser.add_argument("--budget", metavar="SECS", type=float, default=10.0, help="for how long to measure; 10 seconds if not given")
    parser.add_argument("--steps", metavar="N", type=int, help="follow so many calls in each mode, to see where the modes drift apart")
    parser.add_argument("--logdir", metavar="DIR", help="record the comparison there, too")
    written = parser.add_mutually_exclusive_group()
    written.add_argument("--json", action="store_true", help="print the comparison as JSON instead")
    written.add_argument("--markdown", action="store_true", help="print the comparison of two runs as Markdown instead")
    parser.set_defaults(run_command=run_command)


def run_command(arguments: argparse.Namespace) -> int:
    """Compares and prints what came of it.

    Returns:
        The exit code: 0 also where modes or runs differ.
    """
    if arguments.other is not None:
        return _compare_runs(arguments)
    if ":" not in arguments.target or os.path.exists(arguments.target):
        terminal.complain("tfmodetrace compare takes module:function, such as train:step, or two runs, such as logs/a logs/b.")
        return exits.USAGE
    if arguments.markdown or arguments.more_a or arguments.more_b:
        terminal.complain("--markdown, --more-a and --more-b are for two runs; give them as tfmodetrace compare RUN_A RUN_B.")
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


def _compare_runs(arguments: argparse.Namespace) -> int:
    if arguments.args or arguments.signature_of or arguments.logdir or arguments.steps is not None:
        terminal.complain("--args, --signature-of, --steps and --logdir are for module:function; runs are compared as they were recorded.")
        return exits.USAGE
    from tfmodetrace.insight import run_comparisons

    try:
        told = run_comparisons.compare([arguments.target, *arguments.more_a], [arguments.other, *arguments.more_b])
    except errors.LogError as error:
        terminal.complain(str(error))
        return exits.NOTHING_READ
    except run_comparisons.RunChoiceError as error:
        terminal.complain(str(error))
        return exits.USAGE
    if arguments.json:
        json.dump(told.to_dict(), sys.stdout, indent=2, allow_nan=False)
        sys.stdout.write("\n")
    else:
        terminal.tell(told.to_markdown().rstrip() if arguments.markdown else str(told))
    return exits.OK
