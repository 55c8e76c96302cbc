"""``tfmodetrace check LOGDIR``: whether a recording keeps its limits, for continuous integration."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from tfmodetrace.cli import exits, reading, terminal
from tfmodetrace.insight import answers, limits, units


def add_parser(commands: Any) -> None:
    """Adds the command to the parser's commands."""
    parser = reading.add_command(
        commands,
        "check",
        summary="fail if functions were traced too often",
        description="Fail if a function was traced too often, or too much time went into tracing; say which, why, and what to do.",
    )
    parser.add_argument("--max-traces", metavar="N", type=_whole_number, help="traces that each function may have")
    parser.add_argument("--function", metavar="GLOB", help="look only at functions whose names match, such as 'train_*'")
    parser.add_argument(
        "--max-tracing-share", metavar="SHARE", type=_share, help="part of the time in traced functions that tracing may take, such as 0.05"
    )
    parser.set_defaults(run_command=run_command)


def run_command(arguments: argparse.Namespace) -> int:
    """Checks the limits and prints what exceeds them.

    Returns:
        The exit code.
    """
    if arguments.max_traces is None and arguments.max_tracing_share is None:
        terminal.complain("tfmodetrace check needs a limit: --max-traces N, --max-tracing-share SHARE, or both.")
        return exits.USAGE
    log = reading.read_or_complain(arguments.logdir)
    if log is None:
        return exits.NOTHING_READ
    complaints = [complaint for run in log.runs for complaint in _complaints(answers.Answers(run), arguments)]
    if complaints:
        terminal.tell("\n\n".join(complaints))
        return exits.LIMIT_EXCEEDED
    functions = [function for run in log.runs for function in run.functions if limits.matches(function, arguments.function)]
    traces = sum(len(run.traces) for run in log.runs)
    if not functions:
        terminal.complain(f"warning: no recorded function matches {arguments.function!r}, so nothing was checked.")
    terminal.tell(
        f"OK: {units.plural(len(functions), 'function')}, {units.plural(traces, 'trace')} in {arguments.logdir}, within the limits."
    )
    return exits.OK


def _complaints(told: answers.Answers, arguments: argparse.Namespace) -> Iterator[str]:
    if arguments.max_traces is not None:
        for excess in limits.excesses(told, at_most=arguments.max_traces, function=arguments.function):
            yield f"Run {told.run.name}: {excess.text}"
    if arguments.max_tracing_share is not None:
        share = told.summary.tracing_share_of_functions
        if share is not None and share > arguments.max_tracing_share:
            yield (
                f"Run {told.run.name}: {units.share(share)} of the time in traced functions went into tracing, but at most "
                f"{units.share(arguments.max_tracing_share)} may. `tfmodetrace report` lists the traces with their reasons and times."
            )


def _whole_number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of traces")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is no share between 0 and 1")
    return share
