"""Where event files lie: the local disk, or anything that fsspec can open."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import importlib
import io
import os
import stat
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final, Literal, Protocol, cast

from tfmodetrace import errors

PathKind = Literal["missing", "file", "directory", "other"]
OnError = Callable[[str], None]

_REMOTE_BUFFER_BYTES: Final = 1 << 20


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What tells whether a file changed.

    Attributes:
        size_bytes: The length of the file.
        modified: When it was last written, in whatever the storage counts in; only compared.
        identity: Which file this is, so that a replaced file is noticed; ``None`` where the storage has no such thing.
    """

    size_bytes: int
    modified: object
    identity: object


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """One directory below the root.

    Attributes:
        relative: Its path relative to the root with "/" separators, "." for the root.
        path: The path that opens it.
        files: The names of the regular files in it, sorted.
    """

    relative: str
    path: str
    files: tuple[str, ...]


class Storage(Protocol):
    """The few things the log needs of a file system."""

    root: str

    def kind(self) -> PathKind:
        """Says what lies at the root; raises ``OSError`` if that cannot be found out."""

    def root_name(self) -> str:
        """Returns the last component of the root's absolute path."""

    def directories(self, on_error: OnError) -> Iterator[Directory]:
        """Yields the root and every directory below it once; calls ``on_error`` with a sentence for each that cannot be read."""

    def join(self, directory: str, name: str) -> str:
        """Returns the path of a file in a directory."""

    def stamp(self, path: str) -> Stamp:
        """Returns what tells whether a file changed; raises ``OSError``."""

    def open(self, path: str) -> BinaryIO:
        """Opens a file for reading; raises ``OSError``."""


def open_storage(path: str) -> Storage:
    """Chooses the storage for a path.

    Args:
        path: A local path or a URL such as ``gs://bucket/logs``.

    Raises:
        errors.LogError: If a URL is given and what is needed to read it is not installed.
    """
    return Remote(path) if "://" in path else Local(path)


class Local:
    """The local file system."""

    def __init__(self, root: str) -> None:
        self.root = os.path.expanduser(root)

    def kind(self) -> PathKind:
        """See ``Storage``."""
        try:
            mode = os.stat(self.root).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return "missing"
        if stat.S_ISDIR(mode):
            return "directory"
        # Opening a pipe or a device could wait for ever.
        return "file" if stat.S_ISREG(mode) else "other"

    def root_name(self) -> str:
        """See ``Storage``."""
        return os.path.basename(os.path.abspath(self.root))

    def directories(self, on_error: OnError) -> Iterator[Directory]:
        """See ``Storage``."""
        seen: set[tuple[int, int]] = set()
        # Links come last, so that a directory reached by its own name and by a link goes by its own name, and a loop ends.
        real: collections.deque[tuple[str, str]] = collections.deque([(self.root, ".")])
        linked: collections.deque[tuple[str, str]] = collections.deque()
        while real or linked:
            path, relative = real.popleft() if real else linked.popleft()
            try:
                facts = os.stat(path)
                if (facts.st_dev, facts.st_ino) in seen:
                    continue
                seen.add((facts.st_dev, facts.st_ino))
                with os.scandir(path) as scan:
                    entries = sorted(scan, key=lambda entry: entry.name)
            except FileNotFoundError:
                continue
            except OSError as error:
                on_error(f"The directory {path} cannot be read ({error.strerror or error}); what lies in it is not shown.")
                continue
            files = []
            for entry in entries:
                try:
                    if entry.is_dir():
                        below = entry.name if relative == "." else f"{relative}/{entry.name}"
                        (linked if entry.is_symlink() else real).append((entry.path, below))
                    elif entry.is_file():
                        files.append(entry.name)
                except OSError as error:
                    on_error(f"{entry.path} cannot be read ({error.strerror or error}); it is not shown.")
            yield Directory(relative=relative, path=path, files=tuple(files))

    def join(self, directory: str, name: str) -> str:
        """See ``Storage``."""
        return os.path.join(directory, name)

    def stamp(self, path: str) -> Stamp:
        """See ``Storage``."""
        facts = os.stat(path)
        return Stamp(size_bytes=facts.st_size, modified=facts.st_mtime_ns, identity=(facts.st_dev, facts.st_ino))

    def open(self, path: str) -> BinaryIO:
        """See ``Storage``."""
        return open(path, "rb")


class Remote:
    """Any file system that fsspec knows by a ``scheme://``."""

    def __init__(self, root: str) -> None:
        try:
            fsspec: Any = importlib.import_module("fsspec.core")
        except ImportError as error:
            raise errors.LogError(
                f"{root} is not a local path, and reading such paths needs fsspec, which is not installed; "
                "pip install 'tfmodetrace[remote]'"
            ) from error
        self.root = root
        try:
            self._files, self._path = cast("tuple[Any, str]", fsspec.url_to_fs(root))
        except Exception as error:
            # An unknown scheme, a cloud's library that is not installed, credentials that are not there: each raises its own.
            raise errors.LogError(f"{root} cannot be opened: {error}") from error
        self._path = self._path.rstrip("/")

    def kind(self) -> PathKind:
        """See ``Storage``."""
        with _as_os_errors():
            # Listings may be cached, and a recording grows.
            self._files.invalidate_cache()
            if self._files.isdir(self._path):
                return "directory"
            return "file" if self._files.isfile(self._path) else "missing"

    def root_name(self) -> str:
        """See ``Storage``."""
        return self._path.rsplit("/", 1)[-1]

    def directories(self, on_error: OnError) -> Iterator[Directory]:
        """See ``Storage``."""

        def report(error: OSError) -> None:
            if not isinstance(error, FileNotFoundError):
                on_error(f"A directory below {self.root} cannot be read ({error}); what lies in it is not shown.")

        with _as_os_errors():
            found = [(path, sorted(files)) for path, _, files in self._files.walk(self._path, on_error=report)]
        for path, files in found:
            yield Directory(relative=path[len(self._path) :].strip("/") or ".", path=path, files=tuple(files))

    def join(self, directory: str, name: str) -> str:
        """See ``Storage``."""
        return f"{directory.rstrip('/')}/{name}"

    def stamp(self, path: str) -> Stamp:
        """See ``Storage``."""
        with _as_os_errors():
            facts = self._files.info(path)
        modified = facts.get("mtime") or facts.get("LastModified") or facts.get("updated") or facts.get("modified")
        return Stamp(size_bytes=int(facts["size"]), modified=modified, identity=None)

    def open(self, path: str) -> BinaryIO:
        """See ``Storage``."""
        with _as_os_errors():
            return cast(BinaryIO, io.BufferedReader(_RemoteFile(self._files.open(path, "rb")), buffer_size=_REMOTE_BUFFER_BYTES))


class _RemoteFile(io.RawIOBase):
    """A remote file whose failures are ``OSError``, whatever its library raises."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        with _as_os_errors():
            return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def readinto(self, buffer: Any) -> int:
        with _as_os_errors():
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            with _as_os_errors():
                self._file.close()
        super().close()


@contextlib.contextmanager
def _as_os_errors() -> Iterator[None]:
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        # Every cloud's library has exceptions of its own, from wrong credentials to a lost connection.
        raise OSError(f"{type(error).__name__}: {error}") from error
