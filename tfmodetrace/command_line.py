"""The program that ``tfmodetrace run`` was given, so that its recording can say how to run it again. No TensorFlow."""

from __future__ import annotations

import os
from collections.abc import Sequence

_command: tuple[str, ...] = ()
_directory = ""


def give(command: Sequence[str]) -> None:
    """Keeps a program and where it is run, before it may change either.

    Args:
        command: The script, or ``-m`` and the module, and its arguments.
    """
    global _command, _directory
    try:
        _command, _directory = tuple(word.encode(errors="replace").decode() for word in command), os.getcwd()
    except OSError:  # the directory is gone: the program cannot be run there again
        _command, _directory = (), ""


def given() -> tuple[str, ...]:
    """Returns the program; empty if none was given: the process records itself, or another has started it."""
    return _command


def working_directory() -> str:
    """Returns where it was run; empty if none was given."""
    return _directory
