"""Answers that were given before, kept on disk for the next TensorBoard: the page of a long recording is there before that is read again.

They lie beside the user's other caches, never in a log directory: in ``tfmodetrace`` below ``XDG_CACHE_HOME``, or below ``~/.cache``.
``TFMODETRACE_CACHE=off`` keeps and finds nothing. A file that is damaged counts as none and is written anew.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import logging
import os
import pathlib
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from tfmodetrace import insight, log, schema, version
from tfmodetrace.schema import words

OFF: Final = "TFMODETRACE_CACHE"

_MAGIC: Final = b"tfmodetrace answers 1\n"
_CHECKSUM_BYTES: Final = 32
_SUFFIX: Final = ".answers"
_MOST_FILES: Final = 2000
_MOST_BYTES: Final = 256 * 1024 * 1024
_MOST_BYTES_OF_RUN: Final = 32 * 1024 * 1024
_WRITE_AFTER_S: Final = 1.0
_ABANDONED_AFTER_S: Final = 3600.0

_logger = logging.getLogger(__name__)

Answers = Mapping[str, bytes]


def directory() -> pathlib.Path | None:
    """Returns where answers are kept; ``None`` if they are not."""
    if os.environ.get(OFF, "").strip().lower() in ("off", "0", "false", "no"):
        return None
    caches = os.environ.get("XDG_CACHE_HOME", "")
    try:
        # The specification says that what is not absolute counts as not set.
        root = pathlib.Path(caches) if os.path.isabs(caches) else pathlib.Path.home() / ".cache"
    except RuntimeError:  # the user has no home
        return None
    return root / "tfmodetrace" / "answers"


def key_of(identity: str, name: str) -> str:
    """Returns the key of a run's answers.

    Args:
        identity: What tells its files from any others, and from what they were before.
        name: What it is called in the answers.
    """
    return hashlib.sha256(json.dumps([identity, name, _code()]).encode()).hexdigest()


@functools.cache
def _code() -> list[object]:
    """What tells the code that answers from any other: in a source tree it changes without a new version."""
    roots = [pathlib.Path(package).parent for package in (insight.__file__, log.__file__, schema.__file__, __file__) if package]
    newest = max((file.stat().st_mtime_ns for root in roots for file in root.rglob("*.py")), default=0)
    return [words.SCHEMA_MAJOR, words.SCHEMA_MINOR, version.VERSION, newest]


class Store:
    """The files of a directory, one a run. Nothing that goes wrong with them is more than a line in the log."""

    def __init__(self, root: pathlib.Path | None, *, most_bytes: int = _MOST_BYTES, most_files: int = _MOST_FILES) -> None:
        """Prepares; nothing is made before something is kept.

        Args:
            root: The directory; ``None`` keeps nothing.
            most_bytes: What all files take at most; those that were not used for longest go first.
            most_files: How many there are at most.
        """
        self._root = root
        self._most_bytes = most_bytes
        self._most_files = most_files

    def find(self, key: str) -> Answers:
        """Returns the answers that are kept; none if there are none, or they are damaged."""
        if self._root is None:
            return {}
        path = self._root / f"{key}{_SUFFIX}"
        try:
            content = path.read_bytes()
            answers = _unpacked(content)
            os.utime(path)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            _logger.info("tfmodetrace does not use %s (%s); it is made anew.", path, error)
            with contextlib.suppress(OSError):
                path.unlink()
            return {}
        return answers

    def keep(self, key: str, answers: Answers) -> None:
        """Writes answers in place of what was kept under their key, unless they are too many."""
        if self._root is None:
            return
        content = _packed(answers)
        if len(content) > min(_MOST_BYTES_OF_RUN, self._most_bytes):
            return
        try:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._root, prefix=".", suffix=".part", delete=False) as file:
                try:
                    file.write(content)
                    file.close()
                    os.replace(file.name, self._root / f"{key}{_SUFFIX}")
                except BaseException:
                    with contextlib.suppress(OSError):
                        os.unlink(file.name)
                    raise
            self._make_room(self._root)
        except OSError as error:
            _logger.info("tfmodetrace keeps no answers in %s: %s.", self._root, error)

    def _make_room(self, root: pathlib.Path) -> None:
        found = []
        for path in root.glob(f"*{_SUFFIX}"):
            with contextlib.suppress(OSError):  # another TensorBoard makes room, too
                facts = path.stat()
                found.append((facts.st_mtime_ns, facts.st_size, path))
        found.sort(reverse=True)
        total = 0
        for number, (_, size, path) in enumerate(found):
            total += size
            if number >= self._most_files or total > self._most_bytes:
                with contextlib.suppress(OSError):
                    path.unlink()
        for path in root.glob(".*.part"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _ABANDONED_AFTER_S:
                    path.unlink()


class Keeper:
    """Writes answers to a store on a thread of its own, a moment after the first of them was given."""

    def __init__(self, store: Store, *, after_s: float | None = None) -> None:
        """Takes the store, and after how many seconds it is written to."""
        self.store = store
        self._after_s = _WRITE_AFTER_S if after_s is None else after_s
        self._lock = threading.Lock()
        self._waiting: dict[str, Callable[[], Answers]] = {}
        self._writing = threading.Lock()

    def later(self, key: str, answers: Callable[[], Answers]) -> None:
        """Has answers written; ``answers`` is asked for them then."""
        with self._lock:
            alone = not self._waiting
            self._waiting[key] = answers
        if alone:
            timer = threading.Timer(self._after_s, self.write)
            timer.daemon = True
            timer.start()

    def write(self) -> None:
        """Writes what waits."""
        with self._writing:
            with self._lock:
                waiting, self._waiting = self._waiting, {}
            for key, answers in waiting.items():
                self.store.keep(key, answers())


def _packed(answers: Answers) -> bytes:
    names = json.dumps([[name, len(answer)] for name, answer in answers.items()]).encode()
    body = struct.pack("<I", len(names)) + names + b"".join(answers.values())
    return _MAGIC + hashlib.sha256(body).digest() + body


def _unpacked(content: bytes) -> Answers:
    """Reads what :func:`_packed` wrote; ``ValueError`` if it is anything else."""
    begin = len(_MAGIC) + _CHECKSUM_BYTES
    body = content[begin:]
    if not content.startswith(_MAGIC) or hashlib.sha256(body).digest() != content[len(_MAGIC) : begin]:
        raise ValueError("it is damaged")
    (length,) = struct.unpack_from("<I", body)
    answers, at = {}, 4 + length
    for name, size in json.loads(body[4:at]):
        answers[name] = body[at : at + size]
        at += size
    return answers
