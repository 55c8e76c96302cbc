"""``tfmodetrace report LOGDIR``: what was recorded, as a page or as JSON."""

from __future__ import annotations

import argparse
import fnmatch
import json
import sys
from typing import Any

from tfmodetrace.cli import exits, reading, report_page, styled, terminal
from tfmodetrace.insight import report as reports
from tfmodetrace.log import tracelog


def add_parser(commands: Any) -> None:
    """Adds the command to the parser's commands."""
    parser = reading.add_command(
        commands,
        "report",
        summary="print what was recorded",
        description="Print which functions ran in which mode, what was traced and why, and what raised.",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON instead of a page")
    parser.add_argument("--run", metavar="GLOB", default="*", help="only runs whose names match, such as 'train*' (default: all)")
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
    report = reports.build_report(tracelog.TraceLog(path=log.path, runs=runs, warnings=log.warnings))
    if arguments.json:
        # ASCII, so that no terminal's or pipe's encoding can spoil it.
        json.dump(report, sys.stdout, indent=2, allow_nan=False)
        sys.stdout.write("\n")
    else:
        report_page.print_report(styled.Console(), report)
    return exits.OK
