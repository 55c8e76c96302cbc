"""``tfmodetrace report LOGDIR``: what was recorded, as a page or as JSON."""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import json
import sys
from typing import Any

from tfmodetrace.cli import exits, reading, report_page, screen, styled, terminal, verify
from tfmodetrace.insight import answers, limits, plain
from tfmodetrace.insight import report as reports


def add_parser(commands: Any) -> None:
    """Adds the command to the parser's commands."""
    parser = reading.add_command(
        commands,
        "report",
        summary="print what was recorded",
        description="Print which functions ran in which mode, what was traced and why, and what raised.",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON instead")
    parser.add_argument("--all", action="store_true", help="print everything instead of what fits on one screen")
    parser.add_argument("--function", metavar="GLOB", help="print everything about functions whose names match, such as 'train_*'")
    parser.add_argument("--run", metavar="GLOB", default="*", help="only runs whose names match, such as 'train*' (default: all)")
    parser.add_argument("--verify", action="store_true", help="first run the program again, as it was recorded, to try its fixes")
    parser.set_defaults(run_command=run_command)


def run_command(arguments: argparse.Namespace) -> int:
    """Prints the report.

    Returns:
        The exit code.
    """
    log = reading.read_or_complain(arguments.logdir, run=arguments.run)
    if log is None:
        return exits.NOTHING_READ
    runs = tuple(run for run in log.runs if fnmatch.fnmatchcase(run.name, arguments.run))
    if not runs:
        names = ", ".join(run.name for run in log.runs)
        terminal.complain(f"No run in {arguments.logdir} is called {arguments.run}; there are: {names}.")
        return exits.NOTHING_READ
    outcome = exits.OK
    if arguments.verify:
        # What a program that is run again prints is not shown; what came of its fixes is, but not in the middle of JSON.
        with contextlib.redirect_stdout(sys.stderr) if arguments.json else contextlib.nullcontext():
            outcome = max(verify.run_recorded(run, arguments.logdir) for run in runs)
        log = reading.read_or_complain(arguments.logdir, run=arguments.run) or log
        chosen_names = {run.name for run in runs}
        runs = tuple(run for run in log.runs if run.name in chosen_names)
    told = [answers.Answers(run, profiled=True) for run in runs]
    if arguments.json:
        # ASCII, so that no terminal's or pipe's encoding can spoil it.
        json.dump(plain.plain(reports.of_runs(told)), sys.stdout, indent=2, allow_nan=False)
        sys.stdout.write("\n")
        return outcome
    console = styled.Console()
    for number, each in enumerate(told):
        if number:
            console.print()
        if arguments.all or arguments.function is not None:
            chosen = [function.function_id for function in each.run.functions if limits.matches(function, arguments.function)]
            if not chosen and arguments.function is not None:
                terminal.complain(f"No function recorded in the run {each.run.name} matches {arguments.function}.")
                continue
            report_page.print_run(console, reports.of_run(each), chosen)
        else:
            screen.print_screen(console, reports.of_run(each), path=log.path)
    return outcome
