"""Where in the repository a recorded file is: viewers of continuous integration know files by their paths from its root."""

from __future__ import annotations

import functools
import os
import pathlib
import urllib.parse
from collections.abc import Iterator
from typing import Final

from tfmodetrace.log import function_table

_MARK: Final = ".git"
_MAX_BYTES: Final = 10_000_000


class Repository:
    """The files that a check is about.

    Args:
        root: The root; if not given, that of the git repository that the current directory is in, or the current directory.

    Attributes:
        root: The root.
    """

    def __init__(self, root: str | os.PathLike[str] | None = None) -> None:
        self.root = (_root() if root is None else pathlib.Path(root)).resolve()

    def path(self, place: function_table.Place, directory: str = "") -> str | None:
        """Returns the path of a place's file from the root, with ``/``; ``None`` if it is not in the repository.

        A file that was recorded elsewhere, as in a container or on another machine, is one of the repository's if that ends in the same
        names and has the place's code.

        Args:
            place: The place.
            directory: The directory of the process that it was recorded in, for files that are not named whole.
        """
        return self._path(place.file, place.code, directory) if place.file else None

    def uri(self, place: function_table.Place, directory: str = "") -> str | None:
        """Returns the file as a URI: relative to the root, or whole where it is not in the repository; ``None`` if there is none."""
        path = self.path(place, directory)
        if path is not None:
            return urllib.parse.quote(path)
        file = _named_whole(place.file, directory)
        if not file.startswith("/") and file[1:2] != ":":
            return None
        return f"file://{'' if file.startswith('/') else '/'}{urllib.parse.quote(file, safe='/:')}"

    def shown(self, place: function_table.Place, directory: str = "") -> str:
        """Returns the place as people read it, ``src/train.py:14``; empty if it is not known."""
        if not place.file:
            return ""
        return f"{self.path(place, directory) or place.file}{f':{place.line}' if place.line else ''}"

    @functools.lru_cache(maxsize=1024)  # noqa: B019 - one lives as long as the command
    def _path(self, file: str, code: str, directory: str) -> str | None:
        whole = _named_whole(file, directory)
        try:
            if os.path.isabs(whole) and os.path.lexists(whole):
                inside = pathlib.Path(whole).resolve()
                return inside.relative_to(self.root).as_posix() if inside.is_relative_to(self.root) else None
            return next((path for path in _endings(whole) if self._has(path, code)), None)
        except (OSError, ValueError):  # a name that no file can have
            return None

    def _has(self, path: str, code: str) -> bool:
        file = self.root / path
        if not file.is_file() or not file.resolve().is_relative_to(self.root) or file.stat().st_size > _MAX_BYTES:
            return False
        first = code.partition("\n")[0].strip()
        return bool(first) and first in file.read_text(encoding="utf-8", errors="replace")


def _root() -> pathlib.Path:
    here = pathlib.Path.cwd()
    return next((directory for directory in (here, *here.parents) if (directory / _MARK).exists()), here)


def _named_whole(file: str, directory: str) -> str:
    """A file's name with ``/``, from the directory in which it was recorded."""
    file, directory = file.replace("\\", "/"), directory.replace("\\", "/")
    return os.path.normpath(f"{directory}/{file}") if directory and file and not _is_whole(file) else file


def _is_whole(file: str) -> bool:
    return file.startswith(("/", "<")) or file[1:2] == ":" or "://" in file


def _endings(file: str) -> Iterator[str]:
    """What a path may be from the root: itself without its first folders, the longest first."""
    names = [name for name in file.split("/") if name not in ("", ".")]
    if ".." not in names and not file.startswith("<"):
        for first in range(len(names)):
            yield "/".join(names[first:])
