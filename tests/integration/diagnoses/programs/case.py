"""What a failing program is: a function that fails, where, why, and the same function once it is mended."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final, NamedTuple

MARK: Final = "# fails"
"""Ends the line that the diagnosis must name."""


class Mended(NamedTuple):
    """A program mended as its diagnosis says.

    Attributes:
        run: Runs it.
        word: What the mended program says that the failing one does not; may be empty.
    """

    run: Callable[[], Any]
    word: str


class Case:
    """A failing program.

    Args:
        diagnosis: The id of the right diagnosis.
        program: Fails when it is called.
        mode: The mode of the innermost recorded call.
    """

    def __init__(self, diagnosis: str, program: Callable[[], Any], mode: str | None) -> None:
        self.name = program.__name__
        self.diagnosis = diagnosis
        self.run = program
        self.mode = mode
        self.fixed: Mended | None = None

    @property
    def file(self) -> str:
        """The program's file."""
        return self.run.__code__.co_filename

    @property
    def line(self) -> int:
        """The line that is marked."""
        lines, first = inspect.getsourcelines(self.run)
        (marked,) = (number for number, line in enumerate(lines, first) if line.rstrip().endswith(MARK))
        return marked

    def mended(self, word: str) -> Callable[[Callable[[], Any]], Case]:
        """Says how the program runs once its diagnosis's fix is applied."""

        def keep(program: Callable[[], Any]) -> Case:
            assert word in inspect.getsource(program), (self.name, word)
            self.fixed = Mended(program, word)
            return self

        return keep


CASES: Final[list[Case]] = []


def failing(diagnosis: str, *, mode: str | None = None) -> Callable[[Callable[[], Any]], Case]:
    """Makes a failing program of a function."""

    def keep(program: Callable[[], Any]) -> Case:
        case = Case(diagnosis, program, mode)
        assert all(other.name != case.name for other in CASES), case.name
        CASES.append(case)
        return case

    return keep
