"""``%load_ext tfmodetrace`` and ``%%modetrace``: a cell is recorded, and below it stands what there is to mend."""

from __future__ import annotations

import datetime as dt
import linecache
import os
import pathlib
import sys
import types
from collections.abc import Mapping
from typing import Any, Final

import rich.text
from IPython.core import display_functions, magic, magic_arguments
from IPython.core import error as usage

from tfmodetrace import options, starting
from tfmodetrace.cli import screen
from tfmodetrace.errors import LogError, RecordingError, SessionActiveError
from tfmodetrace.insight import report, tracelog

LOGS: Final = "modetrace-logs"
"""Where cells are recorded if they do not say where: a directory a cell."""

_WIDTH: Final = 110


class Shown:
    """A log as a cell's output: HTML in a notebook, the terminal's first screen elsewhere.

    Attributes:
        log: The log.
        cells: What files are called that are cells: ``{"3257580063.py": "In[2]"}``.
    """

    def __init__(self, log: tracelog.TraceLog, cells: Mapping[str, str]) -> None:
        self.log = log
        self.cells = cells

    def __repr__(self) -> str:
        rows: list[rich.text.Text] = []
        for run in self.log.runs:
            rows += screen.rows(report.of_run(run.answers), width=_WIDTH, path=self.log.path)
        return self._named("\n".join(row.plain for row in rows))

    def _repr_html_(self) -> str:
        return self._named(self.log._repr_html_())

    def _named(self, text: str) -> str:
        for file, cell in self.cells.items():
            text = text.replace(file, cell)
        return text


@magic.magics_class
class Magics(magic.Magics):
    """The magics that ``%load_ext tfmodetrace`` brings."""

    @magic_arguments.magic_arguments()
    @magic_arguments.argument("logdir", nargs="?", help=f"where to record; a new directory in {LOGS}/ if it is not given")
    @magic_arguments.argument("--memory", choices=options.MEMORY, default="off", help="what is sampled of device memory around every call")
    @magic_arguments.argument("--decorated", action="store_true", help="record decorated functions only")
    @magic_arguments.argument("--layers", type=int, default=1, help="how deep Keras layers are recorded")
    @magic.cell_magic
    def modetrace(self, line: str, cell: str) -> None:
        """Runs the cell, records it, and shows what there is to mend.

        The cell runs as it does without this: what it prints, shows, assigns and raises is the same.
        """
        arguments: Any = magic_arguments.parse_argstring(self.modetrace, line)
        logdir = arguments.logdir or _new_directory()
        told = options.Options(
            memory=arguments.memory,
            instrument="decorated" if arguments.decorated else "all",
            layers=arguments.layers,
        )
        try:
            session = starting.start(logdir, told)
        except (RecordingError, SessionActiveError) as error:
            raise usage.UsageError(f"The cell was not run, since it cannot be recorded. {error}") from error
        raised: BaseException | None = None
        try:
            done = self.shell.run_cell(cell, store_history=False)
            raised = done.error_before_exec or done.error_in_exec
        finally:
            if raised is not None:
                starting.ended_by(raised)
            starting.stop(session)
        try:
            log = tracelog.read(logdir)
        except LogError as error:
            sys.stdout.write(f"tfmodetrace: {error}\n")
            return
        display_functions.display(Shown(log, _cells(self.shell, cell)))
        sys.stdout.write(f"Recorded into {logdir}: %load_ext tensorboard, %tensorboard --logdir {logdir}\n")


def load(shell: Any) -> None:
    """Brings the magics into a shell."""
    shell.register_magics(Magics)


def _cells(shell: Any, cell: str) -> dict[str, str]:
    """Returns what a notebook calls the files that its cells are, by their last names.

    Args:
        shell: The shell.
        cell: The code that a cell has just had run: some versions of IPython take it for the next one.
    """
    named = {}
    for file in list(linecache.cache):  # where IPython keeps the cells' sources
        code_name = shell.compile.format_code_name(file)
        if code_name is not None:
            named[os.path.basename(file)] = code_name[1]
    own = shell.compile.get_code_name(cell, shell.transform_cell(cell), shell.execution_count)
    frame: types.FrameType | None = sys._getframe()
    while frame is not None:
        code_name = shell.compile.format_code_name(frame.f_code.co_filename)
        if code_name is not None:
            named[os.path.basename(own)] = code_name[1]
            break
        frame = frame.f_back
    return named


def _new_directory() -> str:
    """Names a directory that does not exist yet."""
    base = pathlib.Path(LOGS) / f"{dt.datetime.now().astimezone():%Y-%m-%d-%H-%M-%S}"
    path, number = base, 1
    while os.path.lexists(path):
        number += 1
        path = base.with_name(f"{base.name}-{number}")
    return str(path)
