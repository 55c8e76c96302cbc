"""The entry point: which command, and what its exit code means."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final, NoReturn

from tfmodetrace import version
from tfmodetrace.cli import exits, terminal

_COMMANDS: Final = ("run", "report", "explain", "verify", "check", "compare", "export", "query", "fleet", "doctor")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        argv: The arguments without the program's name; those of the process if left out.

    Returns:
        The exit code.
    """
    outcome = _command(list(sys.argv[1:] if argv is None else argv))
    # TensorFlow reads the line of every frame below each op that it runs eagerly or adds to a graph, and the later that line is in its
    # function the longer it takes. So a program runs from here and not from the depths of its command.
    return outcome() if callable(outcome) else outcome


def _command(arguments: list[str]) -> int | Callable[[], int]:
    """Carries a command out; or, if it is to run a program, makes ready what does and returns that."""
    if not arguments or arguments[0] != "run":  # whose program has its own terminal
        terminal.be_lenient_with_encodings()
    try:
        try:
            parsed = _parser(arguments[0] if arguments else "").parse_args(arguments)
        except SystemExit as stop:
            # argparse exits by itself; a caller of main() expects a number.
            return stop.code if isinstance(stop.code, int) else exits.USAGE
        outcome: int | Callable[[], int] = parsed.run_command(parsed)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough. The interpreter would complain when it flushes stdout at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.OK
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    return outcome


class _Parser(argparse.ArgumentParser):
    """Complains of arguments, which may be names of files, like everybody here. Its commands' parsers are of the same class."""

    def error(self, message: str) -> NoReturn:
        """Says what is wrong and exits."""
        super().error(terminal.safe(message))


def _parser(asked: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="tfmodetrace",
        description="What ran eagerly, in a graph or in XLA, what was traced again, and why.",
        epilog=exits.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tfmodetrace {version.VERSION}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    # What a command is made of need not be imported for another: a program that is run should start soon.
    for name in (asked,) if asked in _COMMANDS else _COMMANDS:
        importlib.import_module(f"tfmodetrace.cli.{name}").add_parser(commands)
    return parser
