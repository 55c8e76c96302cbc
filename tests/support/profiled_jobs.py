"""A recording and a profile of the same calls, made by hand."""

from __future__ import annotations

import pathlib
from typing import Any

from tests.support import files, xspaces
from tfmodetrace import log
from tfmodetrace.insight import profile_join
from tfmodetrace.log import tracelog
from tfmodetrace.schema import words

OFFSET_NS = 500_000
"""The run's time at the profile's start."""


class Job:
    """A recording and a profile of the same calls."""

    def __init__(self, tmp_path: pathlib.Path, *, duration_ns: int = 1_000_000) -> None:
        self.logdir = tmp_path
        self.session = files.SessionFile(tmp_path)
        self.session.thread()
        self.function = self.session.function("step", kind="tf.function")
        self.space = xspaces.SpaceFile(files.START_UNIX_NS + OFFSET_NS, duration_ns)
        self.main = self.space.line("/host:CPU", "python")

    def call(self, start_ns: int, duration_ns: int, *, mode: words.Mode = words.Mode.GRAPH, depth: int = 0, early_ns: int = 2) -> int:
        """A call in both; its event begins and ends ``early_ns`` around it."""
        call_id = self.session.call(self.function, start_ns + OFFSET_NS, duration_ns, mode=mode, depth=depth)
        self.space.call(self.main, "step", start_ns - early_ns, duration_ns + 2 * early_ns, call_id)
        return call_id

    def event(self, name: str, start_ns: int, duration_ns: int, /, *, line: Any = None, **stats: int | str) -> None:
        self.space.event(line or self.main, name, start_ns, duration_ns, **stats)

    def run(self) -> tracelog.Run:
        self.session.flush()
        self.space.write(self.logdir)
        return log.read(self.logdir).runs[0]

    def joined(self) -> tuple[tracelog.Run, profile_join.JoinedProfile]:
        run = self.run()
        return run, profile_join.join(run, run.profiles[0].read(profile_join.WANTED_STATS))
