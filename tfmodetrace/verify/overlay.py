"""Other texts in the place of some of a program's files, in the process that runs it, without touching the files.

A program finds its data and its modules by its working directory, by ``__file__`` and by ``sys.path``: a copy of its folder elsewhere
would have to be whole, and would still not be what an installed package or an absolute path leads to. So nothing is moved. Edited copies
lie in a directory of ours, and where Python reads a module's file, it is given the copy: all names and neighbours are the same.
"""

from __future__ import annotations

import importlib.machinery
import json
import linecache
import os
import types
from typing import Any, Final

_texts: Final[dict[str, str]] = {}


def write(directory: str, texts: dict[str, str]) -> str:
    """Writes what :func:`install` reads.

    Args:
        directory: An empty directory to write it into.
        texts: What is to be read in the place of each file.

    Returns:
        The path to give to :func:`install`.
    """
    path = os.path.join(directory, "overlay.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({os.path.realpath(name): text for name, text in texts.items()}, file)
    return path


def install(path: str) -> None:
    """Lets this process read other texts in the place of some files.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it does not say which.
    """
    with open(path, encoding="utf-8") as file:
        _texts.update(json.load(file))
    loader = importlib.machinery.SourceFileLoader
    compiled, read = loader.get_code, linecache.updatecache

    def get_code(self: Any, fullname: str) -> types.CodeType | None:
        text = text_of(self.path)
        return compiled(self, fullname) if text is None else compile(text, self.path, "exec", dont_inherit=True)

    def updatecache(filename: str, module_globals: Any = None) -> list[str]:
        text = text_of(filename)
        if text is None:
            return read(filename, module_globals)
        lines = text.splitlines(keepends=True)
        linecache.cache[filename] = (len(text), None, lines, filename)  # without a time it is never read again
        return lines

    loader.get_code = get_code  # type: ignore[method-assign]
    linecache.updatecache = updatecache


def text_of(file: str) -> str | None:
    """Returns the text to be read in the place of a file; ``None`` for its own."""
    return _texts.get(os.path.realpath(file)) if _texts else None
