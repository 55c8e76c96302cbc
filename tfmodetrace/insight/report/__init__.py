"""The report: everything that is told of a recording, as values and as JSON. The terminal and the page show the same.

Each part has a file, with its types and what fills them in from the answers. ``plain.plain`` makes JSON of any of them, and
``frontend/src/api/report.ts`` is generated from them (``make api-types``).
"""

from __future__ import annotations

from typing import Any

from tfmodetrace.insight import answers, plain
from tfmodetrace.insight.report import traces
from tfmodetrace.insight.report.findings import info as finding
from tfmodetrace.insight.report.run import REPORT_VERSION, ProcessInfo, Report, RunReport, of_run, of_runs
from tfmodetrace.log import tracelog

__all__ = [
    "REPORT_VERSION",
    "ProcessInfo",
    "Report",
    "RunReport",
    "build_report",
    "finding",
    "of_run",
    "of_runs",
    "run_report",
    "trace_report",
]


def build_report(log: tracelog.TraceLog, *, full: bool = True) -> dict[str, Any]:
    """Builds the report of all runs of a log: plain values that are safe to write as JSON.

    Args:
        log: The log.
        full: See :func:`run_report`.
    """
    told = [answers.Answers(run, profiled=full) for run in log.runs]
    report: dict[str, Any] = plain.plain(of_runs(told, full=full))
    return report


def run_report(run: tracelog.Run, *, full: bool = True) -> dict[str, Any]:
    """Builds the report of one run. Optional facts that were not recorded are ``None``.

    Args:
        run: The run.
        full: Whether the lists of :func:`of_run` are wanted, and what profiles say, which may take long to read.
    """
    report: dict[str, Any] = plain.plain(of_run(answers.Answers(run, profiled=full), full=full))
    return report


def trace_report(told: answers.Answers, trace_id: int) -> dict[str, Any]:
    """Builds what is told of one trace.

    Args:
        told: The answers about its run.
        trace_id: Its id.
    """
    report: dict[str, Any] = plain.plain(traces.details(told, trace_id))
    return report
