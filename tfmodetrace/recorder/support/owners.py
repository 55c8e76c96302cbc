"""Whose a file is: the user's, TensorFlow's, Keras's, another installed package's, Python's, or ours.

It is asked of what knows: where TensorFlow and Keras lie, their modules say, wherever those were imported from; what is installed beside
them, the metadata say that were installed with it. A library that is installed "editable" lies in a folder that somebody works in, without
metadata, and is the user's code, as is everything else on ``PYTHONPATH`` that nobody has installed there.
"""

from __future__ import annotations

import functools
import os
import re
import site
import sys
import sysconfig
import types
from collections.abc import Iterator
from typing import Final

from tfmodetrace.recorder.tf import autograph, installation


def is_users(file: str, own_file: str) -> bool:
    """Whether a file is the user's: not Python's, TensorFlow's, Keras's, ours, nor of another installed package than the function's own."""
    package = _package_of(file)
    return not package or (package != _NOT_THE_USERS and package == _package_of(own_file))


def is_written_by_the_user(function: object) -> bool:
    """Whether an object is a function that the user has written, and not what AutoGraph has made of one."""
    if type(function) is not types.FunctionType:
        return False
    file = function.__code__.co_filename
    return is_users(file, "") and autograph.AUTOGRAPH_FILE not in file


_NOT_THE_USERS: Final = "-"
_OURS: Final = os.path.join(os.path.abspath(__file__).removesuffix(os.path.join("", "recorder", "support", "owners.py")), "")
_STANDARD_LIBRARY: Final = os.path.join(sysconfig.get_path("stdlib"), "")
_KERASES: Final = ("keras", "tf_keras")


@functools.lru_cache(maxsize=4096)
def _package_of(file: str) -> str:
    """Returns the installed package that a file belongs to; empty for one outside any, and a mark for what is never the user's."""
    if not file or owner_of(file) in ("tensorflow", *_KERASES, "tfmodetrace"):
        return _NOT_THE_USERS
    return _installed(file) or (_NOT_THE_USERS if _is_pythons(file) else "")


@functools.lru_cache(maxsize=4096)
def owner_of(file: str) -> str:
    """Names whose a file is: ``tensorflow``, ``keras``, another package's name, ``tfmodetrace``, ``python``; empty for the user's."""
    if file.startswith(os.path.join(installation.TENSORFLOW_DIRECTORY, "")):
        return "tensorflow"
    if file.startswith(_OURS) or file == autograph.DYNAMIC_CODE_FILENAME:
        return "tfmodetrace"
    for name in _KERASES:
        module_file = getattr(sys.modules.get(name), "__file__", None)
        if module_file and file.startswith(os.path.join(os.path.dirname(module_file), "")):
            return name
    return os.path.basename(_installed(file)).removesuffix(".py") or ("python" if _is_pythons(file) else "")


def _is_pythons(file: str) -> bool:
    # Compiled Cython tells of lines of its sources, which lie wherever it was compiled.
    compiled = file.endswith(_CYTHON) and not os.path.exists(file)
    return compiled or file.startswith((_STANDARD_LIBRARY, "<frozen "))


_CYTHON: Final = (".pyx", ".pxd", ".pxi")


# --- What is installed -------------------------------------------------------------------------------------------------------------------


def _installed(file: str) -> str:
    """Returns the folder, or the file, of the installed package that a file is of; empty if it is of none."""
    for directory in _directories():
        if file.startswith(directory):
            name = file[len(directory) :].partition(os.sep)[0]
            if directory in _FOR_PACKAGES or _is_distributed(directory, name):
                return directory + name
    return ""


def _directories() -> Iterator[str]:
    """Yields where modules are imported from, the inner of nested folders first."""
    paths = {os.path.join(os.path.abspath(path), "") for path in map(str, sys.path)} | _FOR_PACKAGES
    yield from sorted(paths, key=len, reverse=True)


def _for_packages() -> frozenset[str]:
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), site.getusersitepackages(), *site.getsitepackages()}
    return frozenset(os.path.join(path, "") for path in paths if path)


_FOR_PACKAGES: Final = _for_packages()
"""Folders in which nothing lies but what was installed, with metadata or, as by a Linux distribution, without."""


@functools.lru_cache(maxsize=4096)
def _is_distributed(directory: str, name: str) -> bool:
    """Whether the metadata in a folder say that a module or package in it was installed there."""
    try:
        metadata = [entry for entry in os.listdir(directory) if entry.endswith(".dist-info")]
    except OSError:  # not a folder, or none of ours to read
        return False
    if _normal(name.removesuffix(".py")) in {_normal(entry.partition("-")[0]) for entry in metadata}:
        return True
    return any(_lists(os.path.join(directory, entry, "RECORD"), name) for entry in metadata)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


def _lists(record: str, name: str) -> bool:
    """Whether the list of files of a distribution, which may have a hundred thousand lines, names a module or package."""
    try:
        with open(record, "rb") as file:
            content = b"\n" + file.read()
    except OSError:
        return False
    return any(b"\n" + name.encode() + end in content for end in (b"/", b","))
