"""Which problems fail a check, and what is said of it in one sentence."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from tfmodetrace.insight import answers, limits, units
from tfmodetrace.insight.checks import baselines, problems
from tfmodetrace.log import function_table
from tfmodetrace.schema import words

State = Literal["new", "worse", "known"]
Level = Literal["error", "warning", "note"]

_RANKS: Final = {severity: rank for rank, severity in enumerate(words.SEVERITIES)}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A problem, and what it means for the check.

    Attributes:
        problem: The problem.
        state: Whether a baseline knows it; ``new`` without one.
        fails: Whether the check fails for it.
    """

    problem: problems.Problem
    state: State
    fails: bool

    @property
    def level(self) -> Level:
        """How it is to be shown: what fails the check as an error, what costs little as a note."""
        return "error" if self.fails else "note" if self.problem.severity == "low" or self.state == "known" else "warning"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRun:
    """A run that was checked.

    Attributes:
        name: Its name.
        start_unix_ns: When it started, in nanoseconds since 1970; ``None`` if lost.
        wall_ns: Its wall time; ``None`` if there is none.
        script: The program that it is of, as it was started; empty if not known.
        directory: The directory in which that was; empty if not known.
        functions: The functions that were looked at and have no problem, each name once.
        judged: Its problems: what fails first.
    """

    name: str
    start_unix_ns: int | None
    wall_ns: int | None
    script: str
    directory: str
    functions: tuple[function_table.Function, ...]
    judged: tuple[Judged, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check has come to.

    Attributes:
        logdir: What was checked.
        runs: Its runs.
        functions: How many functions were looked at.
        traces: How many traces the runs have.
        fail_on: The severity from which on findings and failures fail it; ``None`` if none does.
        gone: Known problems that no run has any more.
        against_baseline: Whether there was a baseline.
    """

    logdir: str
    runs: tuple[CheckedRun, ...]
    functions: int
    traces: int
    fail_on: words.Severity | None
    gone: tuple[baselines.Entry, ...] = ()
    against_baseline: bool = False

    @property
    def judged(self) -> tuple[Judged, ...]:
        """The problems of all runs."""
        return tuple(judged for run in self.runs for judged in run.judged)

    @property
    def failing(self) -> tuple[Judged, ...]:
        """Those that fail it."""
        return tuple(judged for judged in self.judged if judged.fails)

    @property
    def passed(self) -> bool:
        """Whether none does."""
        return not self.failing

    @property
    def headline(self) -> str:
        """What has come of it, in a sentence."""
        looked_at = f"{units.plural(self.functions, 'function')}, {units.plural(self.traces, 'trace')} in {self.logdir}"
        if not self.passed:
            new = "new " if self.against_baseline and all(judged.state == "new" for judged in self.failing) else ""
            return f"FAILED: {units.plural(len(self.failing), f'{new}problem')}{self._beside}: {looked_at}."
        return f"OK: {looked_at}, {self._kept}{self._beside}."

    @property
    def _kept(self) -> str:
        if self.fail_on is None:
            return "within the limits"
        at_least = {"high": " of high severity", "medium": " of medium or high severity", "low": "", "info": ""}[self.fail_on]
        return f"no {'new ' if self.against_baseline else ''}problem{at_least}"

    @property
    def _beside(self) -> str:
        counted = collections.Counter("known" if judged.state == "known" else "below" for judged in self.judged if not judged.fails)
        told = [f"{units.plural(counted['known'], 'known problem')}"] * bool(counted["known"])
        told += [f"{units.plural(counted['below'], 'problem')} that {_do(counted['below'])} not fail the check"] * bool(counted["below"])
        told += [f"{units.plural(len(self.gone), 'known problem')} that {'is' if len(self.gone) == 1 else 'are'} gone"] * bool(self.gone)
        return f" (beside {', '.join(told)})" if told else ""


def judge(
    logdir: str,
    told: Sequence[answers.Answers],
    held_to: problems.Limits,
    *,
    fail_on: words.Severity | None,
    baseline: baselines.Baseline | None = None,
) -> Verdict:
    """Judges the runs of a log.

    Args:
        logdir: What it is called.
        told: The answers about each run.
        held_to: Its limits.
        fail_on: The severity from which on findings and failures fail the check; ``None`` if none does.
        baseline: What is known, and fails it only if it has become much worse; ``None`` if nothing is.
    """
    runs, functions = [], 0
    for each in told:
        looked_at = [function for function in each.run.functions if limits.matches(function, held_to.function)]
        functions += len(looked_at)
        judged = [_judged(problem, fail_on, baseline) for problem in problems.of_run(each, held_to)]
        runs.append(_run(each, looked_at, sorted(judged, key=lambda judged: not judged.fails)))
    met = {judged.problem.fingerprint for run in runs for judged in run.judged}
    known = () if baseline is None else tuple(entry for entry in baseline.entries.values() if entry.fingerprint not in met)
    return Verdict(
        logdir=logdir,
        runs=tuple(runs),
        functions=functions,
        traces=sum(len(each.run.traces) for each in told),
        fail_on=fail_on,
        # Problems of functions that were not looked at are not gone.
        gone=known if held_to.function is None else (),
        against_baseline=baseline is not None,
    )


def _judged(problem: problems.Problem, fail_on: words.Severity | None, baseline: baselines.Baseline | None) -> Judged:
    state: State = "new"
    if baseline is not None and problem.fingerprint in baseline.entries:
        state = "worse" if baseline.is_worse(problem) else "known"
    matters = problem.kind == "limit" or (fail_on is not None and _RANKS[problem.severity] <= _RANKS[fail_on])
    return Judged(problem=problem, state=state, fails=matters and state != "known")


def _run(told: answers.Answers, looked_at: Iterable[function_table.Function], judged: Sequence[Judged]) -> CheckedRun:
    run, budget = told.run, told.budgets.of_run
    named = {each.problem.function for each in judged}
    programs = {(process.command[0], process.working_directory) for process in run.processes if process.command}
    script, directory = programs.pop() if len(programs) == 1 else ("", "")
    return CheckedRun(
        name=run.name,
        start_unix_ns=run.start_unix_ns,
        wall_ns=None if budget is None else budget.wall_ns,
        script="" if script == "-m" else script,
        directory=directory,
        functions=tuple({(each.file, each.qualname): each for each in looked_at if each.name not in named}.values()),
        judged=tuple(judged),
    )


def _do(number: int) -> str:
    return "does" if number == 1 else "do"
