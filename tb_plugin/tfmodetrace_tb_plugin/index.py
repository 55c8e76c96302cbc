"""What is known of the recordings: read by a thread of its own, handed to requests as snapshots that never change.

TensorBoard serves every request on a thread and asks ``is_active`` while it builds its first page, so nothing here may take long: a request
wakes the reading thread and takes the newest snapshot. The thread sleeps while nobody asks.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from tfmodetrace import log as modetrace_log
from tfmodetrace.log import tracelog
from tfmodetrace_tb_plugin import errors, kept, logdirs, views

FRESH_S: Final = 1.0
"""A snapshot younger than this is not renewed."""

FIRST_WAIT_S: Final = 5.0
"""How long a request for a run waits while nothing at all is known."""

FRESH_WAIT_S: Final = 0.3
"""How long the list of runs waits for a newer snapshot."""

_logger = logging.getLogger(__name__)


class Reader(Protocol):
    """What the index needs of ``tfmodetrace.log.Reader``."""

    def poll(self) -> bool:
        """Reads what is new."""

    def log(self) -> tracelog.TraceLog:
        """Returns what was read so far."""

    def identities(self) -> dict[str, str]:
        """Returns what tells the files of each run from any others, without reading them."""

    def identities_read(self) -> dict[str, str]:
        """Returns the same of what was read."""

    @property
    def problem(self) -> str | None:
        """Says why there is nothing."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Snapshot:
    """What was known at one moment.

    Attributes:
        indexing: Whether the files are still being read for the first time.
        logdir: What TensorBoard reads, as a person would write it.
        runs: By the name that the page shows.
        kept: While these are not there, the answers about them that were given before; none unless they are known of all runs.
        warnings: A sentence for everything that could not be read, but for what concerns a run, which tells it itself.
    """

    indexing: bool
    logdir: str
    runs: Mapping[str, views.RunView]
    warnings: tuple[str, ...] = ()
    kept: Mapping[str, kept.Answers] = dataclasses.field(default_factory=dict)

    def rows(self) -> list[Any]:
        """Returns what is told of each run in the list of all."""
        return [view.row() for view in self.runs.values()] or [json.loads(answers[views.ROW]) for answers in self.kept.values()]

    def run(self, name: str) -> views.RunView:
        """Returns a run.

        Raises:
            errors.NotFoundError: If there is none of this name.
        """
        view = self.runs.get(name)
        if view is None:
            hint = "its files are still being read" if self.indexing else "it may have been deleted; reload"
            raise errors.NotFoundError(f"There is no recording of a run named {name[:200]!r}: {hint}.")
        return view


class Index:
    """Follows the log directories."""

    def __init__(
        self,
        directories: Sequence[logdirs.LogDirectory],
        *,
        open_reader: Callable[[str], Reader] = modetrace_log.Reader,
        monotonic_s: Callable[[], float] = time.monotonic,
        store: kept.Store | None = None,
    ) -> None:
        """Prepares; nothing is read before somebody asks.

        Args:
            directories: What TensorBoard reads.
            open_reader: Makes the reader of a path.
            monotonic_s: The clock, in seconds.
            store: Where answers are kept from one TensorBoard to the next; nowhere if not given.
        """
        self._directories = tuple(directories)
        self._open_reader = open_reader
        self._monotonic_s = monotonic_s
        self._readers: dict[logdirs.LogDirectory, Reader] = {}
        self._keeper = kept.Keeper(store or kept.Store(None))
        # Part of every revision, so that a page left open over a restart of TensorBoard does not take a new recording for the old.
        self._epoch = f"{time.time_ns():x}"
        self._snapshot = Snapshot(indexing=True, logdir=logdirs.describe(self._directories), runs={})
        self._condition = threading.Condition()
        self._started = False
        self._wanted = False
        self._ended = 0
        self._refreshed_s = float("-inf")

    def peek(self) -> Snapshot:
        """Returns the newest snapshot at once, and has a newer one made."""
        with self._condition:
            self._request()
            return self._snapshot

    def fresh(self) -> Snapshot:
        """Returns a snapshot that is at most ``FRESH_S`` old if it can be had within ``FRESH_WAIT_S``, else the newest there is.

        What is kept about runs that are still being read is new enough.
        """
        with self._condition:
            enough = self._request()
            self._condition.wait_for(lambda: self._ended >= enough or bool(self._snapshot.kept), timeout=FRESH_WAIT_S)
            return self._snapshot

    def settled(self) -> Snapshot:
        """Returns the newest snapshot; only while there is none at all does it wait, for ``FIRST_WAIT_S``."""
        snapshot = self.peek()
        if not snapshot.indexing:
            return snapshot
        with self._condition:
            enough = self._request()
            self._condition.wait_for(lambda: self._ended >= enough, timeout=FIRST_WAIT_S)
            return self._snapshot

    def answer(
        self,
        run: str,
        what: str,
        compute: Callable[[views.RunView], bytes],
        *,
        keep: Callable[[views.RunView], bool] = lambda _: True,
    ) -> bytes:
        """Returns an answer about a run: as it is kept, also while the run is still being read, or made now.

        Args:
            run: The name of the run.
            what: What tells the answer from others about the run.
            compute: Makes it.
            keep: Whether it is worth keeping.

        Raises:
            errors.NotFoundError: If there is no such run.
        """
        snapshot = self.peek()
        if snapshot.indexing and (known := snapshot.kept.get(run, {}).get(what)) is not None:
            return known
        view = self.settled().run(run)
        return view.answer(what, compute) if keep(view) else compute(view)

    def _request(self) -> int:
        """Asks for a snapshot that is not older than ``FRESH_S``; returns how many refreshes will have ended when there is one."""
        if self._monotonic_s() - self._refreshed_s < FRESH_S:
            return self._ended
        if not self._started:
            self._started = True
            threading.Thread(target=self._follow, name="modetrace-index", daemon=True).start()
        self._wanted = True
        self._condition.notify_all()
        return self._ended + 1

    def _follow(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._wanted)
                before = self._snapshot
            begun_s = self._monotonic_s()
            try:
                if before.indexing:
                    self._show_kept(before)
                after = self._read(before)
            except Exception as error:
                _logger.exception("tfmodetrace could not read %s", before.logdir)
                sentence = f"Reading {before.logdir} failed: {error!r}. What is shown may be old; TensorBoard's log has the details."
                after = dataclasses.replace(before, indexing=False, warnings=(sentence,))
            with self._condition:
                self._snapshot = after
                self._refreshed_s = begun_s
                self._wanted = False
                self._ended += 1
                self._condition.notify_all()

    def _show_kept(self, before: Snapshot) -> None:
        """Until the recordings are read, shows what is kept about them, if that is something about each: else others would come first."""
        found: dict[str, kept.Answers] = {}
        try:
            for directory in self._directories:
                for run, identity in sorted(self._reader(directory).identities().items()):
                    name = directory.run_name(run)
                    found[name] = self._keeper.store.find(kept.key_of(identity, name))
        except modetrace_log.LogError:
            return  # which reading tells
        if all(views.ROW in answers for answers in found.values()):
            with self._condition:
                self._snapshot = dataclasses.replace(before, kept=found)
                self._condition.notify_all()

    def _reader(self, directory: logdirs.LogDirectory) -> Reader:
        reader = self._readers.get(directory)
        if reader is None:
            reader = self._readers[directory] = self._open_reader(directory.path)
        return reader

    def _read(self, before: Snapshot) -> Snapshot:
        runs: dict[str, views.RunView] = {}
        warnings: list[str] = []
        if not self._directories:
            warnings.append("TensorBoard was started without --logdir, so there is nowhere to look for recordings; start it with one.")
        for directory in self._directories:
            try:
                reader = self._reader(directory)
            except modetrace_log.LogError as error:
                warnings.append(str(error))
                continue
            reader.poll()
            log = reader.log()
            if not log.runs and reader.problem:
                warnings.append(reader.problem)
            warnings.extend(log.warnings_of_no_run)
            identities = reader.identities_read()
            for run in log.runs:
                name = directory.run_name(run.name)
                if name in runs:
                    name = f"{directory.path.rstrip('/')}/{name}"
                known = before.runs.get(name)
                runs[name] = known if known is not None and known.source is run else self._view(run, name, identities.get(run.name))
        return Snapshot(indexing=False, logdir=before.logdir, runs=runs, warnings=tuple(dict.fromkeys(warnings)))

    def _view(self, run: tracelog.Run, name: str, identity: str | None) -> views.RunView:
        # What is still being recorded, or was stopped, may change without its files.
        if not run.complete or identity is None:
            return views.RunView(run, name=name, revision=f"{self._epoch}.{run.revision}")
        key = kept.key_of(identity, name)

        def keep(view: views.RunView) -> None:
            self._keeper.later(key, view.worth_keeping)

        known = self._keeper.store.find(key)
        view = views.RunView(run, name=name, revision=key[:16], kept=known, on_answer=keep)
        if not known:
            keep(view)
        return view
