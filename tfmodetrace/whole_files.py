"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import pathlib
import tempfile
from collections.abc import Iterator
from typing import BinaryIO, cast


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Opens a file for writing that takes the place of ``path`` when all of it is written, and is gone if anything goes wrong.

    It gets the rights that the file has. Pipes and devices, such as ``/dev/stderr``, are written to as they are.

    Raises:
        OSError: If it cannot be written.
    """
    target = pathlib.Path(path).resolve()
    if target.exists() and not target.is_file():
        with open(target, "wb") as file:
            yield cast(BinaryIO, file)
        return
    handle, beside = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield cast(BinaryIO, file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, _mode(target))
        os.replace(beside, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise


def _mode(target: pathlib.Path) -> int:
    """The rights that a file has, or a new one gets; those of temporary files are for their owner alone."""
    with contextlib.suppress(OSError):
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
