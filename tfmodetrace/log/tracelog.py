"""A log in memory: runs, and what was recorded in each."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tfmodetrace.log import (
    call_columns,
    comparison_table,
    error_table,
    function_table,
    keras_table,
    process_table,
    profiles,
    sample_columns,
    samples,
    state_table,
    states,
    trace_table,
    tried,
)
from tfmodetrace.schema import keys, words


@dataclasses.dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Run:
    """Everything that was recorded into one log directory. Immutable: reading on makes a new one.

    Attributes:
        name: The log directory relative to the one that was read, with "/" separators; "." for itself.
        revision: Grows whenever anything of the run changes.
        start_unix_ns: When the earliest session started, in nanoseconds since 1970; ``None`` if lost. All other times count from it.
        processes: By number.
        threads: By thread id.
        functions: By function id.
        signatures: By signature id.
        traces: By trace id.
        errors: By error id.
        calls: Columns.
        versions: ``tensorflow``, ``python``, … to version; several, separated by commas, where processes differ.
        options: The recording options that differ from their defaults, likewise.
        devices: By device id; none if no memory was sampled.
        memory: What calls found in device memory: columns.
        host_memory: What the processes themselves had: columns.
        call_devices: On which devices calls found their tensors, of processes with several.
        samples: Where threads were at moments: columns.
        state_changes: Values that graphs go on with although the program has changed them.
        called_bodies: Functions that bodies call while graphs are made.
        keras_calls: Calls of Keras's fit, evaluate and predict, by number.
        comparisons: Functions that were run in several modes and measured.
        left_alone: Functions that AutoGraph could not convert.
        profiles: The profiles of TensorFlow's that may show it, unread.
        tried: What came of fixes that were tried.
        warnings: A sentence for everything that could not be read.
    """

    name: str
    revision: int
    start_unix_ns: int | None
    processes: tuple[process_table.Process, ...]
    threads: tuple[process_table.Thread, ...]
    functions: tuple[function_table.Function, ...]
    signatures: tuple[function_table.Signature, ...]
    traces: tuple[trace_table.Trace, ...]
    errors: tuple[error_table.Error, ...]
    calls: call_columns.Calls
    versions: Mapping[str, str]
    options: Mapping[str, str]
    devices: tuple[process_table.Device, ...] = ()
    memory: sample_columns.Memory = dataclasses.field(default_factory=lambda: sample_columns.Memory.of(()))
    host_memory: sample_columns.HostMemory = dataclasses.field(default_factory=lambda: sample_columns.HostMemory.of(()))
    call_devices: tuple[sample_columns.CallDevices, ...] = ()
    counted_calls: tuple[sample_columns.CountedCalls, ...] = ()
    samples: samples.Samples = dataclasses.field(default_factory=lambda: samples.Samples.of(()))
    state_changes: tuple[state_table.StateChange, ...] = ()
    called_bodies: tuple[function_table.CalledBody, ...] = ()
    keras_calls: tuple[keras_table.KerasCall, ...] = ()
    comparisons: tuple[comparison_table.Comparison, ...] = ()
    left_alone: tuple[state_table.LeftAlone, ...] = ()
    profiles: tuple[profiles.ProfileFile, ...] = ()
    tried: tuple[tried.Tried, ...] = ()
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}: {_sizes((self,))}>"

    @property
    def complete(self) -> bool:
        """Whether every process's session ended; false while one records, or if one was killed."""
        return all(process.complete for process in self.processes)

    @property
    def state(self) -> words.RecordingState:
        """How its recording stands: ``recording`` while one of its processes does, else ``stopped`` if one was, else ``complete``."""
        return states.of_all({process.state for process in self.processes})

    @property
    def last_written_unix_ns(self) -> int | None:
        """When its files were last written, in nanoseconds since 1970; ``None`` if that is not known."""
        return max((process.last_written_unix_ns for process in self.processes if process.last_written_unix_ns is not None), default=None)

    @property
    def dropped(self) -> int:
        """How many calls the processes say they lost."""
        return sum(process.dropped for process in self.processes)

    def trace_signature(self, trace: trace_table.Trace) -> str | None:
        """Returns the signature of the call that caused a trace, or TensorFlow's own key where no call did; ``None`` if not known."""
        if trace.signature_id is not None:
            return self.signatures[trace.signature_id].text
        return keys.render_arguments(trace.key.arguments) if trace.key is not None else None


@dataclasses.dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class TraceLog:
    """All runs below one directory.

    Attributes:
        path: What was read.
        runs: By name.
        warnings: A sentence for everything that could not be read, of all runs and of what belongs to none.
    """

    path: str
    runs: tuple[Run, ...]
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path!r}: {_plural(len(self.runs), 'run')}, {_sizes(self.runs)}>"

    @property
    def warnings_of_no_run(self) -> tuple[str, ...]:
        """Those of ``warnings`` that concern no run; each run has its own."""
        told = {sentence for run in self.runs for sentence in run.warnings}
        return tuple(sentence for sentence in self.warnings if sentence not in told)

    @property
    def functions(self) -> tuple[function_table.Function, ...]:
        """The functions of all runs; ids are unique within a run, whose name each has as ``run``."""
        return tuple(function for run in self.runs for function in run.functions)

    @property
    def traces(self) -> tuple[trace_table.Trace, ...]:
        """The traces of all runs."""
        return tuple(trace for run in self.runs for trace in run.traces)

    @property
    def errors(self) -> tuple[error_table.Error, ...]:
        """The errors of all runs."""
        return tuple(error for run in self.runs for error in run.errors)

    @functools.cached_property
    def calls(self) -> call_columns.Calls:
        """The calls of all runs; the column ``run`` says which element of ``runs`` a call, and the ids in its row, belong to."""
        if len(self.runs) == 1:
            return self.runs[0].calls
        if not self.runs:
            return call_columns.Calls.empty()
        columns: dict[str, npt.NDArray[Any]] = {
            name: np.concatenate([getattr(run.calls, name) for run in self.runs]) for name in call_columns.CALL_DTYPES if name != "run"
        }
        columns["run"] = np.repeat(np.arange(len(self.runs), dtype=np.int32), [len(run.calls) for run in self.runs])
        return call_columns.Calls.of(columns)

    def run(self, name: str) -> Run | None:
        """Returns the run of a name."""
        return next((run for run in self.runs if run.name == name), None)


def _sizes(runs: Sequence[Run]) -> str:
    names = ("function", "call", "trace", "error")
    return ", ".join(_plural(sum(len(getattr(run, f"{name}s")) for run in runs), name) for name in names)


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else f'{noun}s'}"
