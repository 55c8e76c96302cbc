"""Which profiles of TensorFlow's lie beside recordings. They may be large, so each is read when it is asked for."""

from __future__ import annotations

import dataclasses
import posixpath
import threading
from collections.abc import Iterable, Sequence
from typing import Final

from tfmodetrace.log import storage as storages
from tfmodetrace.log import xplane
from tfmodetrace.schema import profiles

_MIB: Final = 1 << 20


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FoundProfile:
    """A file that should be a profile.

    Attributes:
        base: The directory in which ``plugins`` lies, relative to the one that is read.
        session: The name of the profile's directory, mostly the time at which it ended.
        path: The path that opens it.
        name: Its name, without directories.
    """

    base: str
    session: str
    path: str
    name: str


def find(directory: storages.Directory, storage: storages.Storage) -> Iterable[FoundProfile]:
    """Finds the profiles in a directory: every ``<base>/plugins/profile/<session>/<host>.xplane.pb``."""
    parent, session = posixpath.split(directory.relative)
    marker = posixpath.join(*profiles.DIRECTORY)
    if parent != marker and not parent.endswith(f"/{marker}"):
        return
    base = parent.removesuffix(marker).rstrip("/") or "."
    for name in directory.files:
        if name.endswith(profiles.FILE_SUFFIX):
            yield FoundProfile(base=base, session=session, path=storage.join(directory.path, name), name=name)


class ProfileFile:
    """One profile. Never changes: a file that was written anew is another one.

    Args:
        found: Where it is.
        storage: What opens it.
        stamp: What tells whether the file changed.

    Attributes:
        found: Where it is.
        stamp: What tells whether the file changed.
    """

    def __init__(self, found: FoundProfile, storage: storages.Storage, stamp: storages.Stamp) -> None:
        self.found = found
        self.stamp = stamp
        self._storage = storage
        self._lock = threading.Lock()
        self._result: xplane.Profile | str | None = None

    @property
    def host(self) -> str:
        """The host, as the profiler names it."""
        return self.found.name.removesuffix(profiles.FILE_SUFFIX)

    def read(self, wanted: frozenset[str]) -> xplane.Profile:
        """Reads it, once.

        Args:
            wanted: The stats to read; the same at every call.

        Raises:
            xplane.ProfileError: If it cannot be read; the message is a sentence.
        """
        with self._lock:
            if self._result is None:
                self._result = self._read(wanted)
            if isinstance(self._result, str):
                raise xplane.ProfileError(self._result)
            return self._result

    def _read(self, wanted: frozenset[str]) -> xplane.Profile | str:
        path, size = self.found.path, self.stamp.size_bytes
        if size > xplane.MAX_PROFILE_BYTES:
            return (
                f"The profile {path} has {size / _MIB:,.0f} MiB, more than the {xplane.MAX_PROFILE_BYTES / _MIB:,.0f} MiB that are joined "
                "with calls; profile fewer steps. XProf shows it all the same."
            )
        try:
            with self._storage.open(path) as stream:
                return xplane.parse(stream.read(), wanted)
        except xplane.ProfileError as error:
            return f"The profile {path} cannot be read: {error}."
        except OSError as error:
            return f"The profile {path} cannot be read: {error.strerror or error}."
        except MemoryError:
            return f"The profile {path} cannot be read: there is not enough memory for its {size / _MIB:,.0f} MiB."


def belonging(files: Sequence[ProfileFile], run: str, all_runs: Iterable[str]) -> tuple[ProfileFile, ...]:
    """Chooses the profiles that may show a run: those in, below or above its directory, and those that are nowhere near any run.

    Args:
        files: All profiles.
        run: The run's name.
        all_runs: The names of all runs.
    """
    names = tuple(all_runs)
    return tuple(
        file for file in files if _is_related(file.found.base, run) or not any(_is_related(file.found.base, other) for other in names)
    )


def _is_related(one: str, other: str) -> bool:
    if one == other or "." in (one, other):
        return True
    return one.startswith(f"{other}/") or other.startswith(f"{one}/")
