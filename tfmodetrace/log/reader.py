"""The way into the log: a path → a :class:`TraceLog`, once or again and again."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterable

from tfmodetrace import errors
from tfmodetrace.log import files, merge, profiles, states, storage, tail, tracelog, tried
from tfmodetrace.schema import words

_HOW_TO_RECORD = "Record with `with tfmodetrace.record(logdir): …` and give that logdir, or a directory above it."

_WHY_TORN = {states.RECORDING: "is still being written", states.STOPPED: "was cut off", states.COMPLETE: "was cut off"}


def read(path: str | os.PathLike[str]) -> tracelog.TraceLog:
    """Reads every recording at or below a path.

    Args:
        path: A directory, an event file, or a URL that fsspec can open.

    Returns:
        All runs, with a warning for every part that could not be read.

    Raises:
        errors.LogError: If nothing could be read; its message says why and what to do.
    """
    reader = Reader(path)
    reader.poll()
    if reader.problem is not None:
        raise errors.LogError(reader.problem)
    log = reader.log()
    cut_off = {
        run.name: tuple(
            f"{process.path} ends in the middle of a record: it {_WHY_TORN[process.state]}; everything before is shown."
            for process in run.processes
            if process.torn
        )
        for run in log.runs
    }
    runs = tuple(dataclasses.replace(run, warnings=(*run.warnings, *cut_off[run.name])) if cut_off[run.name] else run for run in log.runs)
    return tracelog.TraceLog(
        path=log.path, runs=runs, warnings=(*log.warnings, *(sentence for found in cut_off.values() for sentence in found))
    )


class Reader:
    """Follows every recording at or below a path. Not thread-safe, but the logs it hands out never change.

    Attributes:
        path: What is read.
    """

    def __init__(self, path: str | os.PathLike[str], *, here: states.Reader | None = None) -> None:
        """Prepares reading; nothing is read before :meth:`poll`, and the path need not exist yet.

        Args:
            path: A directory, an event file, or a URL that fsspec can open.
            here: Where and when it is read; this machine, now, if not given.

        Raises:
            errors.LogError: If the path is a URL and what is needed to read it is not installed.
        """
        self.path = os.fspath(path)
        self._place = storage.open_storage(self.path)
        self._here = here or states.here()
        self._tails: dict[str, tail.Tail] = {}
        self._states: dict[str, words.RecordingState] = {}
        self._runs: dict[str, tracelog.Run] = {}
        self._changed_runs: dict[str, int] = {}
        self._profiles: dict[str, profiles.ProfileFile] = {}
        self._profiles_changed = 0
        self._tried: dict[str, tuple[storage.Stamp, tuple[tried.Tried, ...], str | None]] = {}
        self._discovery = files.Discovery(kind="missing", files=(), other_event_files=0, warnings=())
        self._trouble: str | None = None
        self._polls = 0

    def poll(self) -> bool:
        """Reads what is new: new runs, new files, and what was appended. Never raises for what it finds, see :attr:`problem`.

        Returns:
            Whether anything changed, so that :meth:`log` has something new to say.
        """
        self._polls += 1
        try:
            discovery = files.discover(self._place)
            trouble = None
        except OSError as error:
            trouble = f"{self.path} cannot be read: {error.strerror or error}. Check that it is the right path and that you may read it."
            discovery = files.Discovery(kind="missing", files=(), other_event_files=0, warnings=())
        changed = discovery != self._discovery or trouble != self._trouble or self._polls == 1
        self._discovery, self._trouble = discovery, trouble
        present = {file.path for file in discovery.files}
        for path in [path for path in self._tails if path not in present]:
            self._changed_runs[self._tails.pop(path).file.run] = self._polls
            changed = True
        for file in discovery.files:
            following = self._tails.get(file.path)
            if following is None:
                following = self._tails[file.path] = tail.Tail(file)
            if following.poll(self._place):
                self._changed_runs[file.run] = self._polls
                changed = True
        for path, state in self._poll_states().items():
            if self._states.get(path) != state:
                self._states[path] = state
                self._changed_runs[self._tails[path].file.run] = self._polls
                changed = True
        if self._poll_profiles(discovery.profiles):
            self._profiles_changed = self._polls
            changed = True
        for run in self._poll_tried(discovery.tried):
            self._changed_runs[run] = self._polls
            changed = True
        return changed

    def _poll_tried(self, found: tuple[files.EventFile, ...]) -> list[str]:
        """Reads anew what came of fixes; returns the runs of which that has changed."""
        before, self._tried = self._tried, {}
        for file in found:
            with contextlib.suppress(OSError):  # it is gone again
                stamp = self._place.stamp(file.path)
                known = before.get(file.run)
                self._tried[file.run] = known if known is not None and known[0] == stamp else (stamp, *self._read_tried(file.path, stamp))
        return [run for run in {**before, **self._tried} if before.get(run) != self._tried.get(run)]

    def _read_tried(self, path: str, stamp: storage.Stamp) -> tuple[tuple[tried.Tried, ...], str | None]:
        try:
            if stamp.size_bytes > tried.MAX_BYTES:
                raise ValueError("it is too large")
            with self._place.open(path) as opened:
                return tried.parsed(opened.read(tried.MAX_BYTES + 1)), None
        except ValueError as error:
            return (), f"{path}, which tells what came of fixes that were tried, cannot be read: {error}."

    def _poll_states(self) -> dict[str, words.RecordingState]:
        """A process may end without a word: how its recording stands changes without the file."""
        return {
            path: states.state_of(
                following.content.session_start,
                ended=following.content.session_end is not None,
                last_written_unix_ns=following.content.last_written_unix_ns,
                reader=self._here,
            )
            for path, following in self._tails.items()
            if following.content.chunks
        }

    def _poll_profiles(self, found: tuple[profiles.FoundProfile, ...]) -> bool:
        before, self._profiles = self._profiles, {}
        for profile in found:
            try:
                stamp = self._place.stamp(profile.path)
            except OSError:  # it is gone again
                continue
            known = before.get(profile.path)
            same = known is not None and known.stamp == stamp
            self._profiles[profile.path] = known if same and known else profiles.ProfileFile(profile, self._place, stamp)
        return tuple(self._profiles.values()) != tuple(before.values())

    def identities(self) -> dict[str, str]:
        """Returns, without reading any recording, what tells the files of each run from any others, and from what they were before."""
        try:
            found = files.discover(self._place)
            paths = [*(file.path for file in (*found.files, *found.tried)), *(profile.path for profile in found.profiles)]
            stamps = {path: self._place.stamp(path) for path in paths}
        except OSError:
            return {}
        beside = {profile.path: stamps[profile.path] for profile in found.profiles}
        own: dict[str, dict[str, storage.Stamp]] = {}
        for file in (*found.files, *found.tried):
            own.setdefault(file.run, {})[file.path] = stamps[file.path]
        return {run: _identity(of_run, beside) for run, of_run in own.items()}

    def identities_read(self) -> dict[str, str]:
        """Returns the same of what :meth:`poll` has read."""
        beside = {path: profile.stamp for path, profile in self._profiles.items()}
        own: dict[str, dict[str, storage.Stamp]] = {}
        for path, following in self._tails.items():
            if following.stamp is not None:
                own.setdefault(following.file.run, {})[path] = following.stamp
        for file in self._discovery.tried:
            if file.run in self._tried and file.run in own:
                own[file.run][file.path] = self._tried[file.run][0]
        return {run: _identity(of_run, beside) for run, of_run in own.items()}

    def log(self) -> tracelog.TraceLog:
        """Returns what was read so far. A run that did not change is the same object as before."""
        by_run: dict[str, list[tail.Tail]] = {}
        for following in self._tails.values():
            by_run.setdefault(following.file.run, []).append(following)
        runs: dict[str, tracelog.Run] = {}
        warnings = list(self._discovery.warnings)
        for name, tails in sorted(by_run.items()):
            ours = [following for following in tails if following.content.chunks]
            # Other people's event files in our directory are no business of ours unless they are damaged.
            warnings.extend(sentence for following in tails if not following.content.chunks for sentence in following.warnings())
            if not ours:
                continue
            revision = max(self._changed_runs.get(name, 0), self._profiles_changed)
            before = self._runs.get(name)
            beside = profiles.belonging(tuple(self._profiles.values()), name, by_run)
            runs[name] = before if before is not None and before.revision == revision else self._build(name, revision, ours, beside)
            warnings.extend(runs[name].warnings)
        self._runs = runs
        return tracelog.TraceLog(path=self.path, runs=tuple(runs.values()), warnings=tuple(warnings))

    def _build(self, name: str, revision: int, tails: Iterable[tail.Tail], beside: tuple[profiles.ProfileFile, ...]) -> tracelog.Run:
        parts = [
            merge.Part(
                path=following.file.path,
                name=following.file.name,
                content=following.content,
                torn=following.torn,
                warnings=following.warnings(),
                state=self._states[following.file.path],
            )
            for following in tails
        ]
        run = merge.build_run(name, revision=revision, parts=parts)
        _, told, wrong = self._tried.get(name, (None, (), None))
        warnings = run.warnings if wrong is None else (*run.warnings, wrong)
        return dataclasses.replace(run, profiles=beside, tried=told, warnings=warnings)

    @property
    def problem(self) -> str | None:
        """A sentence on why there is nothing to show, and what to do; ``None`` if there is something."""
        found = self._discovery
        if any(following.content.chunks for following in self._tails.values()):
            return None
        if self._trouble is not None:
            return self._trouble
        if found.kind == "missing":
            return f"{self.path} does not exist. {_HOW_TO_RECORD}"
        if found.kind == "other":
            return f"{self.path} is neither a directory nor a file. {_HOW_TO_RECORD}"
        if found.kind == "file":
            return self._problem_of_file(next(iter(self._tails.values())))
        wrong = [*found.warnings, *(sentence for following in self._tails.values() for sentence in following.warnings())]
        if wrong:
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            return f"Nothing below {self.path} could be read. {wrong[0]}{more}"
        if self._tails:
            return f"The event files in the modetrace directories below {self.path} hold no recording (yet). {_HOW_TO_RECORD}"
        if found.other_event_files:
            return f"{self.path} holds {found.other_event_files} event files of other programs, but no recording. {_HOW_TO_RECORD}"
        return f"There is no recording in {self.path}. {_HOW_TO_RECORD}"

    def _problem_of_file(self, following: tail.Tail) -> str:
        if following.not_events:
            return f"{self.path} is a file, but not an event file. {_HOW_TO_RECORD}"
        wrong = following.warnings()
        if wrong:
            return f"{self.path} could not be read. {wrong[0]}"
        return f"The event file {self.path} holds no recording (yet). {_HOW_TO_RECORD}"


def _identity(*stamps: dict[str, storage.Stamp]) -> str:
    facts = [
        [path, stamp.size_bytes, repr(stamp.modified), repr(stamp.identity)] for each in stamps for path, stamp in sorted(each.items())
    ]
    return json.dumps(facts)
