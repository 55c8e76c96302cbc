"""A log together with the answers to it: what ``tfmodetrace.read`` returns."""

from __future__ import annotations

import dataclasses
import importlib
import os
from typing import Any

import numpy as np

from tfmodetrace.insight import report
from tfmodetrace.log import reader, tracelog
from tfmodetrace.schema import words


def read(path: str | os.PathLike[str]) -> TraceLog:
    """Reads every recording at or below a path.

    Args:
        path: A directory, an event file, or a URL that fsspec can open.

    Raises:
        tfmodetrace.log.LogError: If nothing could be read; its message says why and what to do.
    """
    return TraceLog.of(reader.read(path))


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class TraceLog(tracelog.TraceLog):
    """A log that can be asked: see ``log.tracelog.TraceLog`` for what it holds."""

    @staticmethod
    def of(log: tracelog.TraceLog) -> TraceLog:
        """Makes a log that can be asked of one that only holds."""
        return TraceLog(path=log.path, runs=log.runs, warnings=log.warnings)

    @property
    def findings(self) -> tuple[dict[str, Any], ...]:
        """The findings of all runs, as in the report, each with the name of its ``run``."""
        return tuple({"run": run["run"], **finding} for run in self.to_dict()["runs"] for finding in run["findings"])

    def to_dict(self) -> dict[str, Any]:
        """Returns the report: what ``tfmodetrace report --json`` prints."""
        return report.build_report(self)

    def to_pandas(self) -> Any:
        """Returns the calls as a pandas DataFrame, one row a call.

        The columns are those of ``calls``, but ``run``, ``function``, ``mode``, ``signature`` and ``thread`` are categories of names,
        and ``parent_id``, ``signature`` and ``trace_id`` are missing values where there is none. Times are nanoseconds since the run's
        start.

        Raises:
            ImportError: If pandas is not installed.
        """
        try:
            pandas: Any = importlib.import_module("pandas")
        except ImportError as error:
            raise ImportError("to_pandas() needs pandas, which is not installed; pip install pandas") from error
        calls = self.calls
        columns: dict[str, Any] = {
            "run": self._names(pandas, [run.name for run in self.runs], calls.run),
            "process": calls.process,
            "call_id": calls.call_id,
            "parent_id": pandas.arrays.IntegerArray(calls.parent_id.copy(), calls.parent_id < 0),
            "function": self._run_names(pandas, "functions", "name", calls.function_id),
            "function_id": calls.function_id,
            "mode": self._names(pandas, list(words.MODES), calls.mode),
            "signature": self._run_names(pandas, "signatures", "text", calls.signature_id),
            "trace_id": pandas.arrays.IntegerArray(calls.trace_id.copy(), calls.trace_id < 0),
            "start_ns": calls.start_ns,
            "duration_ns": calls.duration_ns,
            "thread": self._run_names(pandas, "threads", "name", calls.thread_id),
            "depth": calls.depth,
            "raised": (calls.flags & int(words.CallFlag.RAISED)) != 0,
            "suspendable": (calls.flags & int(words.CallFlag.SUSPENDABLE)) != 0,
        }
        return pandas.DataFrame(columns)

    def _run_names(self, pandas: Any, table: str, attribute: str, ids: Any) -> Any:
        names: list[str] = []
        firsts = []
        for run in self.runs:
            firsts.append(len(names))
            names.extend(getattr(row, attribute) for row in getattr(run, table))
        shifts = np.array(firsts, dtype=np.int64)[self.calls.run]
        return self._names(pandas, names, np.where(ids < 0, -1, ids + shifts))

    @staticmethod
    def _names(pandas: Any, names: list[str], codes: Any) -> Any:
        unique = list(dict.fromkeys(names))
        place = {name: number for number, name in enumerate(unique)}
        # One more, so that code -1 (none) stays -1.
        numbers = np.array([*(place[name] for name in names), -1], dtype=np.int64)
        return pandas.Categorical.from_codes(numbers[codes], categories=unique)
