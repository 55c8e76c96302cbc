"""Styled text in a terminal: when to use colour, and text from files in it."""

from __future__ import annotations

import rich.console
import rich.text

from tfmodetrace.cli import terminal


class Console(rich.console.Console):
    """A console for stdout: colour only on a terminal and without ``NO_COLOR``, 80 columns where there is none to ask."""

    def __init__(self) -> None:
        super().__init__(highlight=False, markup=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """Leaves a closed pipe to the command line, which ends quietly."""
        raise BrokenPipeError


def text(value: str, style: str = "") -> rich.text.Text:
    """Returns one line of safe text for a table or a line."""
    return rich.text.Text(terminal.safe(value), style=style, overflow="fold")
