"""``tfmodetrace query LOGDIR… "select …"``: one question in SQL about any number of runs."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from tfmodetrace import errors
from tfmodetrace.cli import exits, reading, terminal


def add_parser(commands: Any) -> None:
    """Adds the command to the parser's commands."""
    parser = commands.add_parser(
        "query",
        help="ask recordings in SQL",
        description=(
            "Answer one SELECT over the tables runs, calls, traces, definitions, errors, findings and samples of all runs that are given, "
            "or over the tables fleet_digest, fleet_traces, fleet_steps, fleet_clocks, fleet_errors and fleet_versions of what "
            "tfmodetrace fleet has written. Needs the extra [query]."
        ),
        epilog=exits.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "logdir",
        metavar="LOGDIR",
        nargs="+",
        help="what was given to tfmodetrace.record(), a directory above it, or the --out of tfmodetrace fleet",
    )
    parser.add_argument("sql", metavar="SELECT", help="the query, such as 'select mode, count(*) from calls group by mode'")
    written = parser.add_mutually_exclusive_group()
    written.add_argument("--csv", action="store_true", help="print CSV instead of a table")
    written.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run_command=run_command)


def run_command(arguments: argparse.Namespace) -> int:
    """Asks and prints the answer.

    Returns:
        The exit code.
    """
    from tfmodetrace.fleet import views

    fleets = [logdir for logdir in arguments.logdir if views.is_fleet(logdir)]
    logs = [reading.read_or_complain(logdir) for logdir in arguments.logdir if logdir not in fleets]
    if any(log is None for log in logs):
        return exits.NOTHING_READ
    from tfmodetrace import querying
    from tfmodetrace.export import sources

    try:
        told = querying.answer(sources.of([log for log in logs if log is not None]), arguments.sql, fleets=fleets)
    except errors.QueryError as error:
        for line in str(error).splitlines():
            terminal.complain(line)
        return exits.USAGE
    if arguments.json:
        json.dump(told.to_dict(), sys.stdout, indent=2, allow_nan=False)
        sys.stdout.write("\n")
    elif arguments.csv:
        sys.stdout.write(told.to_csv())
    else:
        terminal.tell(str(told))
    return exits.OK
