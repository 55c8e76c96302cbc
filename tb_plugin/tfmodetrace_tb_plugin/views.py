"""One state of one run, with the costly answers about it kept once they were given."""

from __future__ import annotations

import dataclasses
import functools
import threading

from tfmodetrace.insight import attribution, profiles, report, timeline
from tfmodetrace.log import tracelog
from tfmodetrace_tb_plugin import responses


class RunView:
    """One state of one run. Never changes: a run that grew has another view, and the old one's answers go with it.

    Attributes:
        source: The run as it was read.
        run: The same under the name that the page shows.
        revision: Differs between any two states of the run.
    """

    def __init__(self, source: tracelog.Run, *, name: str, revision: str) -> None:
        self.source = source
        self.run = source if source.name == name else dataclasses.replace(source, name=name)
        self.revision = revision
        self._lock = threading.Lock()
        # Of its own: reading a large profile must not keep the timeline waiting.
        self._profiles_lock = threading.Lock()
        self._profiles: profiles.RunProfiles | None = None

    def get_timeline(self) -> timeline.Timeline:
        """Returns the run's timeline."""
        with self._lock:
            return self._timeline

    def get_attribution(self) -> attribution.Attribution:
        """Returns what belongs to which of the run's calls."""
        with self._lock:
            return self._attribution

    def get_report(self) -> bytes:
        """Returns the answer to ``GET report``: JSON, gzipped."""
        with self._lock:
            return self._report

    def get_profiles(self) -> profiles.RunProfiles:
        """Returns the run's profiles, read and joined with its calls."""
        with self._profiles_lock:
            if self._profiles is None:
                self._profiles = profiles.RunProfiles(self.run)
            return self._profiles

    # Computed under the lock: two requests that come at once wait for one computation instead of doing it twice.
    @functools.cached_property
    def _timeline(self) -> timeline.Timeline:
        return timeline.Timeline(self.run, self._attribution)

    @functools.cached_property
    def _attribution(self) -> attribution.Attribution:
        return attribution.Attribution(self.run)

    @functools.cached_property
    def _report(self) -> bytes:
        whole = report.build_report(tracelog.TraceLog(path="", runs=(self.run,)), full=False)
        return responses.compressed(responses.json_bytes({**whole, "revision": self.revision}))
