"""Which runs are exported, and what each is called where there are several."""

from __future__ import annotations

import os
from collections.abc import Sequence

from tfmodetrace.export import tables
from tfmodetrace.insight import answers
from tfmodetrace.insight import tracelog as asked
from tfmodetrace.log import tracelog


def of(logs: Sequence[tracelog.TraceLog]) -> list[tables.Source]:
    """Names the runs of logs: as reports do those of one log; those of several after where they were read, too.

    A run that is in several of them, as in a directory and in one above it, is taken once.

    Args:
        logs: What was read.
    """
    found: list[tables.Source] = []
    seen: set[frozenset[str]] = set()
    for log in logs:
        for run in log.runs:
            files = frozenset(process.path if "://" in process.path else os.path.realpath(process.path) for process in run.processes)
            if files in seen:
                continue
            seen.add(files)
            name = run.name if len(logs) == 1 else _joined(log.path, run.name)
            told = run.answers if isinstance(run, asked.Run) else answers.Answers(run, profiled=True)
            found.append(tables.Source(name, log.path, told))
    return found


def file_name(chosen: Sequence[tables.Source]) -> str:
    """Returns what to call a file about runs of one log: the run's name or that of the directory, without what divides directories."""
    (first, *more) = chosen
    name = first.name if not more and first.name != "." else os.path.basename(os.path.abspath(first.path))
    return "".join(char if char.isalnum() or char in "-_." else "-" for char in name).strip("-.") or "run"


def _joined(path: str, name: str) -> str:
    return path.rstrip("/") if name == "." else f"{path.rstrip('/')}/{name}"
