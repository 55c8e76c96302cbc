"""``tfmodetrace export LOGDIR --to …``: a recording in the format of another tool."""

from __future__ import annotations

import argparse
import fnmatch
from typing import Any, Final

from tfmodetrace import errors
from tfmodetrace.cli import exits, reading, terminal
from tfmodetrace.export import confidential as confidential_module
from tfmodetrace.export import files, gzipping, perfetto, sources, speedscope, tables
from tfmodetrace.insight import units

_SUFFIXES: Final = {"perfetto": ".perfetto-trace.gz", "speedscope": ".speedscope.json", "parquet": "-parquet"}
_OPEN_WITH: Final = {
    "perfetto": "Open it in https://ui.perfetto.dev (Open trace file); nothing is sent there.",
    "speedscope": "Open it in https://www.speedscope.app (Browse); nothing is sent there.",
    "parquet": "One file a table: pandas.read_parquet, polars.read_parquet, or DuckDB's `from 'calls.parquet'` read them.",
}


def add_parser(commands: Any) -> None:
    """Adds the command to the parser's commands."""
    parser = reading.add_command(
        commands,
        "export",
        summary="write a recording for other tools",
        description="Write a recording for Perfetto or speedscope, or as tables in Parquet files.",
    )
    parser.add_argument("--to", metavar="FORMAT", choices=list(_SUFFIXES), required=True, help=f"one of {', '.join(_SUFFIXES)}")
    parser.add_argument("--output", metavar="PATH", help="the file to write, for parquet the directory (default: called as the run, here)")
    parser.add_argument("--run", metavar="GLOB", default="*", help="only runs whose names match, such as 'train*' (default: all)")
    parser.add_argument(
        "--confidential",
        metavar="WHAT",
        choices=confidential_module.LEVELS,
        default="none",
        help="what is left out: none (the default), source (and messages and sentences, which may quote it), or values (of arguments, too)",
    )
    parser.set_defaults(run_command=run_command)


def run_command(arguments: argparse.Namespace) -> int:
    """Writes the export.

    Returns:
        The exit code.
    """
    log = reading.read_or_complain(arguments.logdir, run=arguments.run)
    if log is None:
        return exits.NOTHING_READ
    found = sources.of([log])
    chosen = [source for source in found if fnmatch.fnmatchcase(source.name, arguments.run)]
    names = ", ".join(source.name for source in found)
    if not chosen:
        terminal.complain(f"No run in {arguments.logdir} is called {arguments.run}; there are: {names}.")
        return exits.NOTHING_READ
    if len(chosen) > 1 and arguments.to != "parquet":
        terminal.complain(f"{arguments.logdir} holds several runs; a file for {arguments.to} has one. Choose with --run from {names}.")
        return exits.USAGE
    target = arguments.output or f"{sources.file_name(chosen)}{_SUFFIXES[arguments.to]}"
    try:
        _WRITERS[arguments.to](chosen, target, confidential_module.Confidential(arguments.confidential))
    except errors.ExportError as error:
        terminal.complain(str(error))
        return exits.NOT_WRITTEN
    calls = sum(len(source.told.run.calls) for source in chosen)
    terminal.tell(f"{units.plural(len(chosen), 'run')} with {units.plural(calls, 'call')} written to {target}. {_OPEN_WITH[arguments.to]}")
    return exits.OK


def _perfetto(chosen: list[tables.Source], target: str, confidential: confidential_module.Confidential) -> None:
    with files.replacing(target) as file:
        if not target.endswith(".gz"):
            perfetto.write(chosen[0].told, file.write, confidential=confidential)
            return
        with gzipping.GzipWriter(file) as compressed:
            perfetto.write(chosen[0].told, compressed.write, confidential=confidential)


def _speedscope(chosen: list[tables.Source], target: str, _: confidential_module.Confidential) -> None:
    calls = len(chosen[0].told.run.calls)
    if calls > speedscope.MOST_CALLS:
        terminal.complain(
            f"warning: {calls:,} calls make a file that speedscope cannot open; it takes up to about {speedscope.MOST_CALLS:,}. "
            "Perfetto takes them: --to perfetto."
        )
    with files.replacing(target) as file:
        speedscope.write(chosen[0].told, file.write, name=sources.file_name(chosen))


def _parquet(chosen: list[tables.Source], target: str, confidential: confidential_module.Confidential) -> None:
    from tfmodetrace.export import parquet

    parquet.write(chosen, target, confidential=confidential)


_WRITERS: Final = {"perfetto": _perfetto, "speedscope": _speedscope, "parquet": _parquet}
