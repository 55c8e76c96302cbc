"""Where exports go: what is there is whole, or it is not there."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator
from typing import BinaryIO

from tfmodetrace import errors, whole_files


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Opens a file for writing that takes the place of ``path`` when all of it is written, and is gone if anything goes wrong.

    Raises:
        errors.ExportError: If it cannot be written; the message says why.
    """
    target = pathlib.Path(path)
    with _told(target):
        if target.is_dir():
            raise errors.ExportError(f"{target} is a directory. Give the name of a file with --output.")
        with whole_files.replacing(target) as file:
            yield file


@contextlib.contextmanager
def replacing_directory(path: str | os.PathLike[str]) -> Iterator[pathlib.Path]:
    """Makes an empty directory whose files go to the directory ``path`` when all are written, and are gone if anything goes wrong.

    Raises:
        errors.ExportError: If they cannot be written; the message says why.
    """
    target = pathlib.Path(path)
    with _told(target):
        if target.exists() and not target.is_dir():
            raise errors.ExportError(f"{target} is a file. Give the name of a directory with --output.")
        made = pathlib.Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp"))
        try:
            yield made
            target.mkdir(exist_ok=True)
            for file in sorted(made.iterdir()):
                os.replace(file, target / file.name)
        finally:
            shutil.rmtree(made, ignore_errors=True)


@contextlib.contextmanager
def _told(target: pathlib.Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, errors.ExportError):
            raise
        what = error.strerror or str(error) or type(error).__name__
        raise errors.ExportError(
            f"{target} cannot be written: {what}. Nothing was changed there; give another place with --output."
        ) from error
