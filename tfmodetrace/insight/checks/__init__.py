"""What ``tfmodetrace check`` says of a log: its problems, which of them are new, and whether they fail the check. Pure functions."""

from tfmodetrace.insight.checks.baselines import Baseline, BaselineError, Entry
from tfmodetrace.insight.checks.problems import Limits, Problem
from tfmodetrace.insight.checks.verdicts import CheckedRun, Judged, Verdict, judge

__all__ = ["Baseline", "BaselineError", "CheckedRun", "Entry", "Judged", "Limits", "Problem", "Verdict", "judge"]
