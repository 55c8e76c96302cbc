"""Whose a file is: the user's, TensorFlow's, Keras's, another installed package's, Python's, or ours."""

from __future__ import annotations

import functools
import os
import site
import sysconfig
from typing import Final

from tfmodetrace.recorder.tf import autograph, installation


def is_users(file: str, own_file: str) -> bool:
    """Whether a file is the user's: not Python's, TensorFlow's, Keras's, ours, nor of another installed package than the function's own."""
    package = _package_of(file)
    return not package or (package != _NOT_THE_USERS and package == _package_of(own_file))


_NOT_THE_USERS: Final = "-"
_OURS: Final = os.path.join(os.path.abspath(__file__).removesuffix(os.path.join("", "recorder", "support", "owners.py")), "")


@functools.lru_cache(maxsize=4096)
def _package_of(file: str) -> str:
    """Returns the installed package that a file belongs to; empty for one outside any, and a mark for what is never the user's."""
    if not file or file.startswith("<frozen ") or file == autograph.DYNAMIC_CODE_FILENAME:
        return _NOT_THE_USERS
    for directory in _NEVER:
        if file.startswith(directory):
            return _NOT_THE_USERS
    for directory in _INSTALLED:
        if file.startswith(directory):
            return directory + file[len(directory) :].partition(os.sep)[0]
    return _NOT_THE_USERS if file.startswith(_STANDARD_LIBRARY) else ""


def _directories() -> tuple[tuple[str, ...], tuple[str, ...]]:
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), site.getusersitepackages(), *site.getsitepackages()}
    installed = tuple(os.path.join(path, "") for path in paths if path)
    never = [os.path.join(installation.TENSORFLOW_DIRECTORY, ""), _OURS]
    never += [os.path.join(directory, package, "") for directory in installed for package in ("keras", "tf_keras")]
    return installed, tuple(never)


_INSTALLED, _NEVER = _directories()
_STANDARD_LIBRARY: Final = os.path.join(sysconfig.get_path("stdlib"), "")


@functools.lru_cache(maxsize=4096)
def owner_of(file: str) -> str:
    """Names whose a file is: ``tensorflow``, ``keras``, another package's name, ``tfmodetrace``, ``python``; empty for the user's."""
    if file.startswith(os.path.join(installation.TENSORFLOW_DIRECTORY, "")):
        return "tensorflow"
    if file.startswith(_OURS) or file == autograph.DYNAMIC_CODE_FILENAME:
        return "tfmodetrace"
    for directory in _INSTALLED:
        if file.startswith(directory):
            return file[len(directory) :].partition(os.sep)[0].removesuffix(".py")
    return "python" if file.startswith((_STANDARD_LIBRARY, "<frozen ")) else ""
