"""Files that commands read and write: whole or not at all, and what is wrong in a sentence."""

from __future__ import annotations

import contextlib
import os
import pathlib
import tempfile


class FileError(Exception):
    """A file cannot be read or written; the message is a sentence that says which and why."""


def read_text(path: str, *, at_most: int) -> str:
    """Reads a text.

    Args:
        path: The file.
        at_most: How many bytes it may have.

    Raises:
        FileError: If it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(at_most + 1)
        if len(data) > at_most:
            raise FileError(f"{path} has more than {at_most:,} bytes, and is not read.")
        return data.decode("utf-8")
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise FileError(f"{path} cannot be read: it is no text in UTF-8.") from error


def write_text(path: str, text: str) -> None:
    """Writes a text in the place of what a file holds; if that fails, the file is as it was.

    Pipes and devices, such as ``/dev/stderr``, are written to as they are.

    Raises:
        FileError: If it cannot be written.
    """
    try:
        target = pathlib.Path(path).resolve()
        if target.exists() and not target.is_file():
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            return
        _replace(target, text)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror or error}. What it held is unchanged.") from error


def _replace(target: pathlib.Path, text: str) -> None:
    handle, beside = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, _mode(target))
        os.replace(beside, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise


def _mode(target: pathlib.Path) -> int:
    """The rights that the file has, or a new one gets."""
    with contextlib.suppress(OSError):
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
