"""Files that commands read and write: whole or not at all, and what is wrong in a sentence."""

from __future__ import annotations

from tfmodetrace import whole_files


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

    Raises:
        FileError: If it cannot be written.
    """
    try:
        with whole_files.replacing(path) as file:
            file.write(text.encode("utf-8"))
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror or error}. What it held is unchanged.") from error
