"""A log together with the answers to it: what ``tfmodetrace.read`` returns."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfmodetrace.insight import answers, first_html, plain, report
from tfmodetrace.log import call_columns, reader, tracelog
from tfmodetrace.schema import words


def read(path: str | os.PathLike[str]) -> TraceLog:
    """Reads every recording at or below a path.

    Args:
        path: A directory, an event file, or a URL that fsspec can open.

    Raises:
        tfmodetrace.LogError: If nothing could be read; its message says why and what to do.
    """
    return TraceLog.of(reader.read(path))


@dataclasses.dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Run(tracelog.Run):
    """A run that can be asked: see ``log.tracelog.Run`` for what it holds."""

    @functools.cached_property
    def answers(self) -> answers.Answers:
        """The answers about it, with what profiles tell."""
        return answers.Answers(self, profiled=True)

    @functools.cached_property
    def findings(self) -> tuple[dict[str, Any], ...]:
        """The findings as in the report, each with the name of its ``run``."""
        return tuple({"run": self.name, **plain.plain(report.finding(self, finding))} for finding in self.answers.findings)

    def to_dict(self) -> dict[str, Any]:
        """Returns the report of the run: one of ``runs`` of :meth:`TraceLog.to_dict`."""
        told: dict[str, Any] = plain.plain(report.of_run(self.answers))
        return told

    def to_pandas(self) -> Any:
        """Returns the calls as a pandas DataFrame: see :meth:`TraceLog.to_pandas`.

        Raises:
            ImportError: If pandas is not installed.
        """
        return _to_pandas((self,), self.calls)

    def _repr_html_(self) -> str:
        return first_html.of_run(report.of_run(self.answers))


@dataclasses.dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class TraceLog(tracelog.TraceLog):
    """A log that can be asked: see ``log.tracelog.TraceLog`` for what it holds. Answers are kept, so asking twice is cheap."""

    runs: tuple[Run, ...]

    @staticmethod
    def of(log: tracelog.TraceLog) -> TraceLog:
        """Makes a log that can be asked of one that only holds."""
        fields = [field.name for field in dataclasses.fields(tracelog.Run)]
        runs = tuple(Run(**{name: getattr(run, name) for name in fields}) for run in log.runs)
        return TraceLog(path=log.path, runs=runs, warnings=log.warnings)

    @functools.cached_property
    def findings(self) -> tuple[dict[str, Any], ...]:
        """The findings of all runs, as in the report, each with the name of its ``run``."""
        return tuple(finding for run in self.runs for finding in run.findings)

    def run(self, name: str) -> Run | None:
        """Returns the run of a name."""
        return next((run for run in self.runs if run.name == name), None)

    def to_dict(self) -> dict[str, Any]:
        """Returns the report: what ``tfmodetrace report --json`` prints."""
        told: dict[str, Any] = plain.plain(report.of_runs([run.answers for run in self.runs]))
        return told

    def to_pandas(self) -> Any:
        """Returns the calls as a pandas DataFrame, one row a call.

        The columns are those of ``calls``, but ``run``, ``function``, ``mode``, ``signature`` and ``thread`` are categories of names,
        and ``parent_id``, ``signature`` and ``trace_id`` are missing values where there is none. Times are nanoseconds since the run's
        start.

        Raises:
            ImportError: If pandas is not installed.
        """
        return _to_pandas(self.runs, self.calls)

    def _repr_html_(self) -> str:
        return "".join(run._repr_html_() for run in self.runs)


def _to_pandas(runs: Sequence[Run], calls: call_columns.Calls) -> Any:
    try:
        pandas: Any = importlib.import_module("pandas")
    except ImportError as error:
        raise ImportError("to_pandas() needs pandas, which is not installed; pip install pandas") from error

    def named(names: list[str], codes: Any) -> Any:
        unique = list(dict.fromkeys(names))
        place = {name: number for number, name in enumerate(unique)}
        # One more, so that code -1 (none) stays -1.
        numbers = np.array([*(place[name] for name in names), -1], dtype=np.int64)
        return pandas.Categorical.from_codes(numbers[codes], categories=unique)

    # The calls of a single run have no number of it.
    run_of = calls.run if len(runs) > 1 else np.zeros(len(calls), dtype=np.int32)

    def named_in_runs(table: str, attribute: str, ids: Any) -> Any:
        names: list[str] = []
        firsts = []
        for run in runs:
            firsts.append(len(names))
            names.extend(getattr(row, attribute) for row in getattr(run, table))
        shifts = np.array(firsts, dtype=np.int64)[run_of]
        return named(names, np.where(ids < 0, -1, ids + shifts))

    columns: dict[str, Any] = {
        "run": named([run.name for run in runs], run_of),
        "process": calls.process,
        "call_id": calls.call_id,
        "parent_id": pandas.arrays.IntegerArray(calls.parent_id.copy(), calls.parent_id < 0),
        "function": named_in_runs("functions", "name", calls.function_id),
        "function_id": calls.function_id,
        "mode": named(list(words.MODES), calls.mode),
        "signature": named_in_runs("signatures", "text", calls.signature_id),
        "trace_id": pandas.arrays.IntegerArray(calls.trace_id.copy(), calls.trace_id < 0),
        "start_ns": calls.start_ns,
        "duration_ns": calls.duration_ns,
        "thread": named_in_runs("threads", "name", calls.thread_id),
        "depth": calls.depth,
        "raised": (calls.flags & int(words.CallFlag.RAISED)) != 0,
        "suspendable": (calls.flags & int(words.CallFlag.SUSPENDABLE)) != 0,
    }
    return pandas.DataFrame(columns)
