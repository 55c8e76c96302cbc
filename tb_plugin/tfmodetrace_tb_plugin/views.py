"""One state of one run, with the costly answers about it kept once they were given."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from tfmodetrace.insight import answers, dropped, plain, timeline_events
from tfmodetrace.insight import report as report_module
from tfmodetrace.insight import timeline as timeline_module
from tfmodetrace.insight.lazily import once
from tfmodetrace.log import tracelog
from tfmodetrace_tb_plugin import responses

ROW: Final = "row"
"""Under which name the run's row in the list of all is kept among its answers."""

_MOST_KEPT: Final = 32
"""Answers of a run that are kept: a report, lanes, events, and what is drawn while most of it is on the screen."""


class RunView:
    """One state of one run. Never changes: a run that grew has another view, and the old one's answers go with it.

    Attributes:
        source: The run as it was read.
        run: The same under the name that the page shows.
        revision: Differs between any two states of the run.
        answers: The answers about it.
    """

    def __init__(
        self,
        source: tracelog.Run,
        *,
        name: str,
        revision: str,
        kept: Mapping[str, bytes] | None = None,
        on_answer: Callable[[RunView], None] = lambda _: None,
    ) -> None:
        """Takes the run.

        Args:
            source: The run as it was read.
            name: What the page calls it.
            revision: Differs between any two states of it.
            kept: Answers about this state that were given before.
            on_answer: Told when another answer is worth keeping.
        """
        self.source = source
        self.run = source if source.name == name else dataclasses.replace(source, name=name)
        self.revision = revision
        self.answers = answers.Answers(self.run)
        self._kept = dict(kept or {})
        self._on_answer = on_answer
        row = json.loads(self._kept[ROW]) if ROW in self._kept else {}
        self._known_findings: int | None = row.get("findings")

    def answer(self, what: str, compute: Callable[[RunView], bytes]) -> bytes:
        """Returns an answer that is kept, or will be.

        Args:
            what: What tells it from all others about the run.
            compute: Makes it.
        """
        known = self._kept.get(what)
        if known is None:
            known = compute(self)
            if len(self._kept) < _MOST_KEPT:
                self._kept[what] = known
                self._on_answer(self)
        return known

    def worth_keeping(self) -> dict[str, bytes]:
        """Returns the answers that were given, and the run's row in the list of all."""
        return {**self._kept, ROW: responses.json_bytes(self.row())}

    def row(self) -> dict[str, Any]:
        """Returns what the list of all runs says of this one."""
        run = self.run
        return {
            "run": run.name,
            "revision": self.revision,
            "calls": len(run.calls),
            "errors": len(run.errors),
            "findings": self._known_findings,
            "start_unix_ns": run.start_unix_ns,
            "complete": run.complete,
            "state": run.state,
            "last_written_unix_ns": run.last_written_unix_ns,
            "dropped": run.dropped,
            "dropped_text": dropped.text_of_run(run),
            "processes": [
                {
                    "host": process.host,
                    "pid": process.pid,
                    "worker": process.worker,
                    "complete": process.complete,
                    "state": process.state,
                    "last_written_unix_ns": process.last_written_unix_ns,
                    "dropped": process.dropped,
                }
                for process in run.processes
            ],
        }

    @once
    def timeline(self) -> timeline_module.Timeline:
        """The run's timeline."""
        return timeline_module.Timeline(self.run, self.answers.attribution)

    @once
    def lanes(self) -> bytes:
        """The answer to ``GET timeline/lanes``: JSON, gzipped."""
        timeline = self.timeline
        return responses.compressed(
            responses.json_bytes(
                {
                    "run": self.run.name,
                    "revision": self.revision,
                    "start_unix_ns": self.run.start_unix_ns,
                    "begin_ns": timeline.begin_ns,
                    "end_ns": timeline.end_ns,
                    "lanes": [dataclasses.asdict(lane) for lane in timeline.lanes],
                }
            )
        )

    @once
    def events(self) -> bytes:
        """The answer to ``GET timeline/events``: JSON, gzipped."""
        found = plain.plain(timeline_events.of(self.answers, self.timeline))
        return responses.compressed(responses.json_bytes({"run": self.run.name, "revision": self.revision, **found}))

    @once
    def report(self) -> bytes:
        """The answer to ``GET report``: JSON, gzipped."""
        # Before this nobody knows how many there are: to find them may take long.
        self._known_findings = self.answers.to_mend
        whole = plain.plain(report_module.of_runs([self.answers], full=False))
        return responses.compressed(responses.json_bytes({**whole, "revision": self.revision}))
