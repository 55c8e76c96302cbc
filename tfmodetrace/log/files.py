"""Which files below a directory hold recordings, and which run each belongs to."""

from __future__ import annotations

import dataclasses
import posixpath
from typing import Final

from tfmodetrace.log import profiles, tried
from tfmodetrace.log import storage as storages
from tfmodetrace.schema import words

EVENT_FILE_PREFIX: Final = "events.out.tfevents."


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EventFile:
    """An event file that may hold a recording.

    Attributes:
        run: The run it belongs to: its log directory relative to the directory that is read, "." for itself.
        path: The path that opens it.
        name: Its name, without directories.
    """

    run: str
    path: str
    name: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What lies below a path.

    Attributes:
        kind: What the path itself is.
        files: The event files that may hold recordings, by run and name.
        profiles: The profiles of TensorFlow's, by path.
        other_event_files: How many event files lie outside ``modetrace`` directories: somebody else's.
        warnings: A sentence for everything that could not be looked into.
        tried: The files that tell what came of fixes.
    """

    kind: storages.PathKind
    files: tuple[EventFile, ...]
    other_event_files: int
    warnings: tuple[str, ...]
    profiles: tuple[profiles.FoundProfile, ...] = ()
    tried: tuple[EventFile, ...] = ()


def discover(storage: storages.Storage) -> Discovery:
    """Finds every event file inside a directory named ``modetrace`` at or below the storage's root; a root that is a file is taken as one.

    Raises:
        OSError: If it cannot be found out what lies at the root.
    """
    kind = storage.kind()
    if kind != "directory":
        name = storage.root_name()
        files = (EventFile(run=".", path=storage.root, name=name),) if kind == "file" else ()
        return Discovery(kind=kind, files=files, other_event_files=0, warnings=())
    found: list[EventFile] = []
    found_profiles: list[profiles.FoundProfile] = []
    found_tried: list[EventFile] = []
    warnings: list[str] = []
    others = 0
    for directory in storage.directories(warnings.append):
        names = [name for name in directory.files if name.startswith(EVENT_FILE_PREFIX)]
        found_profiles.extend(profiles.find(directory, storage))
        run = _run_of(directory.relative, storage.root_name())
        if run is None:
            others += len(names)
        else:
            found.extend(EventFile(run=run, path=storage.join(directory.path, name), name=name) for name in names)
            own = [name for name in directory.files if name == tried.FILE_NAME]
            found_tried.extend(EventFile(run=run, path=storage.join(directory.path, name), name=name) for name in own)
    found.sort(key=lambda file: (file.run, file.name))
    found_profiles.sort(key=lambda profile: profile.path)
    return Discovery(
        kind=kind,
        files=tuple(found),
        other_event_files=others,
        warnings=tuple(warnings),
        profiles=tuple(found_profiles),
        tried=tuple(sorted(found_tried, key=lambda file: file.run)),
    )


def _run_of(relative: str, root_name: str) -> str | None:
    if relative == ".":
        return "." if root_name == words.EVENTS_DIRECTORY else None
    if posixpath.basename(relative) != words.EVENTS_DIRECTORY:
        return None
    return posixpath.dirname(relative) or "."
