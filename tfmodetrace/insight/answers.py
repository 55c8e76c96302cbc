"""One place for every answer about a run: the terminal, the guard, ``check``, the routes and the page only show what it says."""

from __future__ import annotations

from collections.abc import Mapping

from tfmodetrace.insight import attribution as attribution_module
from tfmodetrace.insight import budget as budget_module
from tfmodetrace.insight import causes as causes_module
from tfmodetrace.insight import comparisons as comparisons_module
from tfmodetrace.insight import counts as counts_module
from tfmodetrace.insight import definition_parts as definition_parts_module
from tfmodetrace.insight import definitions as definitions_module
from tfmodetrace.insight import diagnoses as diagnoses_module
from tfmodetrace.insight import eager as eager_module
from tfmodetrace.insight import failures as failures_module
from tfmodetrace.insight import findings as findings_module
from tfmodetrace.insight import first_calls as first_calls_module
from tfmodetrace.insight import first_lines as first_lines_module
from tfmodetrace.insight import keras_phases as keras_phases_module
from tfmodetrace.insight import outermost, stretches
from tfmodetrace.insight import profiles as profiles_module
from tfmodetrace.insight import reasons as reasons_module
from tfmodetrace.insight import reuse as reuse_module
from tfmodetrace.insight import summary as summary_module
from tfmodetrace.insight import times as times_module
from tfmodetrace.insight import workers as workers_module
from tfmodetrace.insight.lazily import once
from tfmodetrace.log import tracelog


class Answers:
    """The answers about one run, each computed when it is first asked for, and only once. Threads may share it.

    Args:
        run: The run.
        profiled: Whether the findings are to include what only profiles tell, which may take long to read.

    Attributes:
        run: The run.
        profiled: Likewise.
    """

    def __init__(self, run: tracelog.Run, *, profiled: bool = False) -> None:
        self.run = run
        self.profiled = profiled

    @once
    def reasons(self) -> tuple[reasons_module.Reason, ...]:
        """Why each trace happened, in the order of ``run.traces``."""
        return reasons_module.explain(self.run)

    @once
    def causes(self) -> Mapping[int, tuple[causes_module.Cause, ...]]:
        """What the retraces of each function that has any come from, by function id."""
        return causes_module.by_function(self.run, self.reasons)

    @once
    def findings(self) -> tuple[findings_module.Finding, ...]:
        """The findings, those that matter most first, and of these the costliest."""
        return findings_module.find(self._evidence(profiled=self.profiled))

    @once
    def to_mend(self) -> int:
        """How many findings are more than information."""
        return sum(finding.severity != "info" for finding in self.findings)

    @once
    def fixes(self) -> Mapping[int, str]:
        """What would have avoided a trace, by trace id: the fix of the costliest finding that is about it."""
        return {trace_id: finding.fix for finding in reversed(self.findings) if finding.fix is not None for trace_id in finding.trace_ids}

    @once
    def diagnoses(self) -> tuple[diagnoses_module.Diagnosis, ...]:
        """What each error means, in the order of ``run.errors``."""
        return diagnoses_module.of_run(self.run)

    @once
    def failures(self) -> tuple[failures_module.FailureGroup, ...]:
        """The failures, those that are alike together."""
        return failures_module.grouped(self.run, self.diagnoses)

    @once
    def call_counts(self) -> tuple[counts_module.CallCounts, ...]:
        """The calls by mode of each function, by function id."""
        return counts_module.by_function(self.run)

    @once
    def times(self) -> times_module.Times:
        """How long each function ran."""
        return times_module.of_run(self.run, self.attribution)

    @once
    def attribution(self) -> attribution_module.Attribution:
        """To which call each trace, error and compilation belongs."""
        return attribution_module.Attribution(self.run)

    @once
    def first_calls(self) -> first_calls_module.FirstCalls:
        """What the first calls of graphs cost beyond later ones."""
        return first_calls_module.FirstCalls(self.run, self.attribution)

    @once
    def budgets(self) -> budget_module.Budgets:
        """The wall time of each process and what its threads did in it."""
        return budget_module.Budgets(self.run, self.attribution, self.first_calls)

    @once
    def eager_time(self) -> eager_module.EagerTime:
        """Where its eager time was, as samples tell."""
        return eager_module.EagerTime(self.run, self.budgets)

    @once
    def keras_phases(self) -> tuple[keras_phases_module.KerasCall, ...]:
        """What Keras's fit, evaluate and predict did with their time."""
        return keras_phases_module.of_run(self.run)

    @once
    def definitions(self) -> definitions_module.Definitions:
        """The functions folded by definition."""
        return definitions_module.Definitions(self.run, self.attribution, self.budgets, self.reasons)

    @once
    def definition_parts(self) -> tuple[tuple[definition_parts_module.DefinitionPart, ...], ...]:
        """What the time of each definition was, by its number."""
        return definition_parts_module.of_rows(self.run, self.definitions, self.budgets)

    @once
    def comparisons(self) -> tuple[comparisons_module.Comparison, ...]:
        """What came of running functions in several modes, in the order in which that was done."""
        return comparisons_module.of_run(self.run)

    @once
    def workers(self) -> workers_module.Workers | None:
        """The workers of the run one beside the other; ``None`` if there are not several."""
        return workers_module.of_run(self.run, self.attribution, self.reasons)

    @once
    def reuse(self) -> tuple[reuse_module.Reuse, ...]:
        """How often the traces of each function ran again, by function id."""
        return reuse_module.by_function(self.run)

    @once
    def summary(self) -> summary_module.Summary:
        """The run in a few numbers."""
        return summary_module.of_run(self.run, self.call_counts, self.reasons, self.failures, self.definitions.repeated, self.first_lines)

    @once
    def first_lines(self) -> first_lines_module.FirstLines | None:
        """What is told of the run first."""
        spent = self.budgets.of_run
        if spent is None:
            return None
        return first_lines_module.of_run(
            spent,
            self.findings,
            self.keras_phases,
            failures=len(self.failures),
            ended_by=failures_module.ending(self.run, self.diagnoses),
            ran=outermost.of_run(self.run, spent, self.budgets, self.definitions, self.eager_time),
            longest=stretches.longest(self.run, spent, self.budgets, self.attribution),
            workers=() if self.workers is None else self.workers.lines,
        )

    @once
    def profiles(self) -> profiles_module.RunProfiles:
        """The profiles of TensorFlow's that may show the run, read and joined with its calls: this may take seconds."""
        return profiles_module.RunProfiles(self.run)

    @once
    def profile_findings(self) -> tuple[findings_module.Finding, ...]:
        """The findings that only profiles tell."""
        return findings_module.find_in_profiles(self._evidence(profiled=True))

    def _evidence(self, *, profiled: bool) -> findings_module.Evidence:
        return findings_module.Evidence(
            run=self.run,
            reasons=self.reasons,
            attribution=self.attribution,
            first_calls=self.first_calls,
            budgets=self.budgets,
            eager=self.eager_time,
            definitions=self.definitions,
            reuse=self.reuse,
            keras=self.keras_phases,
            comparisons=self.comparisons,
            workers=self.workers,
            compilations=self.profiles.compilations if profiled else (),
        )
