"""``tfmodetrace explain ID``: what a finding, a diagnosis or a reason means."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator
from typing import Any, Final

import rich.text

from tfmodetrace.cli import exits, styled, terminal
from tfmodetrace.insight import explanations

HINT: Final = "What an id means: tfmodetrace explain ID"
"""What reports say that show ids."""

_WIDEST: Final = 100
"""In how many columns sentences are written at most: longer lines are hard to read."""

_LISTED: Final = {"findings": "Findings", "diagnoses": "Diagnoses of exceptions", "reasons": "Reasons of traces"}


def add_parser(commands: Any) -> None:
    """Adds the command to the parser's commands."""
    parser = commands.add_parser(
        "explain",
        help="say what a finding, a diagnosis or a reason means",
        description="Say what a finding, a diagnosis or a reason means, with a wrong and a right program; without an ID, list all.",
        epilog=exits.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("id", metavar="ID", nargs="?", help="as the report writes it, such as python-scalar-argument")
    parser.set_defaults(run_command=run_command)


def run_command(arguments: argparse.Namespace) -> int:
    """Prints what an id means, or the list of ids.

    Returns:
        The exit code.
    """
    console = styled.Console()
    if arguments.id is None:
        for line in _listed(console.width):
            console.print(line)
        return exits.OK
    told = explanations.of(arguments.id)
    if not told:
        near = explanations.nearest(arguments.id)
        meant = f" Is {near} meant?" if near else ""
        terminal.complain(f"There is no finding, diagnosis or reason {arguments.id!r}.{meant} `tfmodetrace explain` lists all of them.")
        return exits.USAGE
    for number, each in enumerate(told):
        if number:
            console.print()
        for part in _explained(each, min(console.width, _WIDEST)):
            console.print(part, soft_wrap=True)
    return exits.OK


def _listed(width: int) -> Iterator[rich.text.Text]:
    names = [name for group in explanations.GROUPS for name in explanations.IDS[group]]
    column = max(map(len, names)) + 2
    for group in explanations.GROUPS:
        yield styled.text(_LISTED[group], "bold underline")
        for name in sorted(explanations.IDS[group]):
            title = explanations.read(group, name).title
            indent = " " * (column + 2)
            lines = textwrap.wrap(title, max(20, width - len(indent)))
            yield styled.text(f"  {name:<{column}}", "magenta").append(f"\n{indent}".join(lines), style="not magenta")
        yield rich.text.Text()


def _explained(told: explanations.Explanation, width: int) -> Iterator[rich.text.Text]:
    yield styled.text(told.id, "bold magenta").append(f"  {told.noun}", style="not bold dim")
    yield from _sentences(told.title, width, "bold")
    yield from _code("What it looks like", _wrapped(told.looks_like, width - 2), "dim")
    yield from _section("Why", told.why, width)
    yield from _code("Wrong", told.wrong, "red")
    yield from _code("Right", told.right, "green")
    yield from _section("How to see that it is mended", told.mended, width)
    yield from _section("What is not told", told.not_told, width)
    yield from _heading("In TensorFlow's documentation")
    for page in told.further:
        yield from _sentences(page, width)


def _heading(title: str) -> Iterator[rich.text.Text]:
    yield rich.text.Text()
    yield styled.text(title, "bold underline")


def _section(title: str, sentences: str | None, width: int) -> Iterator[rich.text.Text]:
    if sentences is not None:
        yield from _heading(title)
        yield from _sentences(sentences, width)


def _sentences(sentences: str, width: int, style: str = "") -> Iterator[rich.text.Text]:
    # The backticks of code stay: names and sentences are told apart by them, also without colour.
    yield rich.text.Text(_wrapped(sentences, width), style=style)


def _wrapped(text: str, width: int) -> str:
    return "\n".join(part for line in text.splitlines() for part in textwrap.wrap(line, max(20, width), break_on_hyphens=False))


def _code(title: str, code: str | None, style: str) -> Iterator[rich.text.Text]:
    if code is not None:
        yield from _heading(title)
        yield rich.text.Text(textwrap.indent(code, "  "), style=style)
