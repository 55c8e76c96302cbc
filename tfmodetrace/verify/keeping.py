"""What came of fixes is kept beside the recording, where whoever reads it finds it."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterable

from tfmodetrace import whole_files
from tfmodetrace.log import tracelog, tried


def keep(run: tracelog.Run, new: Iterable[tried.Tried]) -> str:
    """Adds what came of fixes to what is known already of a run; of one fix the newest is kept.

    Returns:
        The file that has it.

    Raises:
        OSError: If it cannot be written there.
    """
    if not run.processes or "://" in run.processes[0].path:
        raise OSError("the recording is not on this machine")
    path = pathlib.Path(run.processes[0].path).with_name(tried.FILE_NAME)
    known: tuple[tried.Tried, ...] = ()
    with contextlib.suppress(FileNotFoundError, ValueError):  # there is none yet, or nothing that could be kept
        known = tried.parsed(path.read_bytes())
    text = tried.written({each.key: each for each in (*known, *new)}.values())
    with whole_files.replacing(path) as file:
        file.write(text.encode("utf-8"))
    return str(path)
