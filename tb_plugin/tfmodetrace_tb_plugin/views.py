"""One state of one run, with the costly answers about it kept once they were given."""

from __future__ import annotations

import dataclasses

from tfmodetrace.insight import answers, plain, timeline_events
from tfmodetrace.insight import report as report_module
from tfmodetrace.insight import timeline as timeline_module
from tfmodetrace.insight.lazily import once
from tfmodetrace.log import tracelog
from tfmodetrace_tb_plugin import responses


class RunView:
    """One state of one run. Never changes: a run that grew has another view, and the old one's answers go with it.

    Attributes:
        source: The run as it was read.
        run: The same under the name that the page shows.
        revision: Differs between any two states of the run.
        answers: The answers about it.
    """

    def __init__(self, source: tracelog.Run, *, name: str, revision: str) -> None:
        self.source = source
        self.run = source if source.name == name else dataclasses.replace(source, name=name)
        self.revision = revision
        self.answers = answers.Answers(self.run)
        self._known_findings: int | None = None

    @once
    def timeline(self) -> timeline_module.Timeline:
        """The run's timeline."""
        return timeline_module.Timeline(self.run, self.answers.attribution)

    @once
    def events(self) -> bytes:
        """The answer to ``GET timeline/events``: JSON, gzipped."""
        found = plain.plain(timeline_events.of(self.answers, self.timeline))
        return responses.compressed(responses.json_bytes({"run": self.run.name, "revision": self.revision, **found}))

    @property
    def known_findings(self) -> int | None:
        """How many findings somebody should mend; ``None`` while nobody has asked for the report, since they may take long to find."""
        return self._known_findings

    @once
    def report(self) -> bytes:
        """The answer to ``GET report``: JSON, gzipped."""
        self._known_findings = self.answers.to_mend
        whole = plain.plain(report_module.of_runs([self.answers], full=False))
        return responses.compressed(responses.json_bytes({**whole, "revision": self.revision}))
