"""Which recordings a fleet is made of, and what each run is called."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from tfmodetrace import errors
from tfmodetrace.log import files, storage


class Found(NamedTuple):
    """What is to be digested.

    Attributes:
        run: What the run is called: the directory of the run, relative to the one that was given, or the name of that.
        path: One of its event files.
    """

    run: str
    path: str


def find(logdirs: Sequence[str]) -> tuple[list[Found], list[str]]:
    """Finds the recordings of all runs at or below directories, without reading any.

    Returns:
        They, by run and path, each once; and a sentence for everything that cannot be looked into.

    Raises:
        errors.FleetError: If there are none, or two runs have one name.
    """
    found: dict[str, Found] = {}
    owners: dict[str, str] = {}
    warnings: list[str] = []
    for logdir in logdirs:
        try:
            place = storage.open_storage(logdir)
            below = files.discover(place)
        except errors.LogError as error:
            raise errors.FleetError(str(error)) from error
        except OSError as error:
            raise errors.FleetError(f"{logdir} cannot be read: {error.strerror or error}.") from error
        if below.kind != "directory":
            what = "does not exist" if below.kind == "missing" else "is no directory"
            raise errors.FleetError(f"{logdir} {what}. Give what was given to tfmodetrace.record(), or a directory above it.")
        warnings += below.warnings
        if not below.files:
            raise errors.FleetError(
                f"There is no recording in {logdir}. Give what was given to tfmodetrace.record(), or a directory above it."
            )
        for file in below.files:
            path = file.path if "://" in file.path else os.path.realpath(file.path)
            run = place.root_name() if file.run == "." else file.run
            directory = path.rpartition("/")[0]
            if found.setdefault(path, Found(run, path)).run == run and owners.setdefault(run, directory) != directory:
                raise errors.FleetError(f"Two runs are called {run}: {owners[run]} and {directory}. Give a directory above both.")
    return sorted(found.values()), warnings
