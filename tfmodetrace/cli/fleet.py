"""``tfmodetrace fleet LOGDIR… --out DIR``: many recordings as few numbers."""

from __future__ import annotations

import argparse
from typing import Any

from tfmodetrace import errors
from tfmodetrace.cli import exits, terminal
from tfmodetrace.insight import units


def add_parser(commands: Any) -> None:
    """Adds the command to the parser's commands."""
    parser = commands.add_parser(
        "fleet",
        help="digest many recordings",
        description=(
            "Digest the recordings of many runs and workers, hour by hour, into small tables that merge exactly and that "
            "tfmodetrace query asks. Needs the extra [query]; on Apache Beam [beam], on Ray [ray]."
        ),
        epilog=exits.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("logdir", metavar="LOGDIR", nargs="+", help="what was given to tfmodetrace.record(), or a directory above it")
    parser.add_argument("--out", metavar="DIR", required=True, help="where to; hours that are there already are made anew")
    parser.add_argument("--runner", choices=("local", "beam", "ray"), default="local", help="what does the work (default: local processes)")
    parser.add_argument(
        "--runner-option",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="an option of the runner: workers=N of local, any pipeline option of beam, any argument of ray.init",
    )
    parser.set_defaults(run_command=run_command)


def run_command(arguments: argparse.Namespace) -> int:
    """Makes the digests and says how many.

    Returns:
        The exit code.
    """
    options = {}
    for option in arguments.runner_option:
        name, found, value = option.partition("=")
        if not (found and name):
            terminal.complain(f"--runner-option {option} is not NAME=VALUE.")
            return exits.USAGE
        options[name] = value
    from tfmodetrace.fleet import making

    try:
        made = making.make(arguments.logdir, arguments.out, runner=arguments.runner, options=options)
    except errors.FleetError as error:
        terminal.complain(str(error))
        return exits.NOT_WRITTEN if "cannot be written" in str(error) else exits.NOTHING_READ
    for warning in made.warnings:
        terminal.complain(f"warning: {warning}")
    whose = f"{units.plural(made.workers, 'worker')} in {units.plural(made.runs, 'run')}"
    hours = f"{units.plural(made.hours, 'hour')} of recordings"
    terminal.tell(
        f"{units.plural(made.calls, 'call')} of {whose} digested to {arguments.out}: {hours}. "
        f'Ask them: tfmodetrace query {arguments.out} "select …"'
    )
    return exits.OK
