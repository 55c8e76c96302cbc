"""What every command that reads a recording does alike."""

from __future__ import annotations

import argparse
import fnmatch
from typing import Any

from tfmodetrace import errors
from tfmodetrace.cli import exits, terminal
from tfmodetrace.log import reader, tracelog


def add_command(commands: Any, name: str, *, summary: str, description: str) -> argparse.ArgumentParser:
    """Adds a command that reads LOGDIR, with the exit codes at the end of its help."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=description, epilog=exits.EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("logdir", metavar="LOGDIR", help="what was given to tfmodetrace.record(), a directory above it, or an event file")
    return parser


def read_or_complain(logdir: str, *, run: str = "*") -> tracelog.TraceLog | None:
    """Reads a log and writes what could not be read to stderr; ``None`` if that is everything.

    Args:
        logdir: What to read.
        run: Of which runs to complain: a pattern that their names match.
    """
    try:
        log = reader.read(logdir)
    except errors.LogError as error:
        terminal.complain(str(error))
        return None
    of_runs = [warning for found in log.runs if fnmatch.fnmatchcase(found.name, run) for warning in found.warnings]
    for warning in (*log.warnings_of_no_run, *of_runs):
        terminal.complain(f"warning: {warning}")
    return log
