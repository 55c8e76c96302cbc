"""Where the wall time went: for each thread, split without overlap into parts that sum to it exactly.

At each moment the innermost thing that was open on the thread counts: a trace before the calls around and inside it, then the innermost
call. What kind of call that was says which part it is; samples of the thread's stack split what that does not tell, and what is not known
separately stays in the part that it is known to be in.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection, Mapping
from typing import Final, get_args

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import attribution as attribution_module
from tfmodetrace.insight import first_calls as first_calls_module
from tfmodetrace.insight import keras_phases, model_identity, spans
from tfmodetrace.insight import samples as samples_module
from tfmodetrace.log import call_columns, function_table, process_table, tracelog
from tfmodetrace.schema import words

PARTS: Final[tuple[words.BudgetPart, ...]] = get_args(words.BudgetPart)
"""The parts of a budget, in the order in which they are told. A part that nothing recorded can tell, as ``input`` without samples, is
left out."""

LABELS: Final[Mapping[words.BudgetPart, str]] = {
    "tracing": "running Python bodies symbolically, to make graphs of them",
    "compiling": "first runs of graphs, beyond what a later run takes: optimizing and placing them, and XLA's compiling",
    "graph": "running graphs",
    "xla": "running what XLA has compiled",
    "eager-ops": "eager calls: their ops, one by one, and the Python between them",
    "input": "waiting for input",
    "keras": "Keras's fit, evaluate and predict, outside the steps: setting up and awaiting input, callbacks, metrics",
    "python": "named regions, outside the calls in them",
    "idle": "outside recorded calls: imports, other Python, waiting",
}
"""What is in each part, in words."""

SAMPLED_LABELS: Final[Mapping[words.BudgetPart, str]] = {
    "tracing": "running Python bodies symbolically, to make graphs of them",
    "graph": "running graphs",
    "eager-ops": "eager ops: running them one by one, and TensorFlow's and Keras's Python around them",
    "input": "waiting for input, and making it",
    "keras": "Keras's and TensorFlow's Python that runs no ops: setting up, callbacks, saving",
    "python": "other Python: the program's own, and that of other packages",
    "idle": "waiting for other threads, processes and files",
}
"""What is in those that samples tell of."""

_NO_ROWS: Final = np.empty(0, dtype=np.int64)

STILL_OPEN: Final = "outside recorded calls, or in calls that had not ended when the recording broke off"
"""What ``idle`` is of a recording without an end."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a thread's time.

    Attributes:
        part: One of ``PARTS``.
        ns: How long.
        how: How that is known.
        plus_minus_ns: By how much it may be wrong; ``None`` where no more than the clock is.
        label: What is in it, in words.
    """

    part: words.BudgetPart
    ns: int
    how: words.HowKnown = "measured"
    plus_minus_ns: int | None = None
    label: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ThreadBudget:
    """One thread's split of its process's wall time.

    Attributes:
        thread_id: The thread; ``None`` for a main thread on which nothing was recorded.
        name: Its name.
        main: Whether it is the main thread.
        parts: The parts, which sum to the wall time; in the order of ``PARTS``.
    """

    thread_id: int | None
    name: str
    main: bool
    parts: tuple[Part, ...]

    @property
    def recorded_ns(self) -> int:
        """How much of the time something recorded was open."""
        return sum(part.ns for part in self.parts if part.part != "idle")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProcessBudget:
    """The wall time of one process and what its threads did in it.

    Attributes:
        process: Its number.
        begin_ns: When the recording began, since the run's start.
        end_ns: When it ended; without an end, the last that is known of it.
        complete: Whether the end was seen.
        main: The main thread's split.
        others: The splits of its other threads, those with the most recorded time first. They happened at the same time: they are never
            to be added to the main thread's or to each other.
    """

    process: int
    begin_ns: int
    end_ns: int
    complete: bool
    main: ThreadBudget
    others: tuple[ThreadBudget, ...]

    @property
    def wall_ns(self) -> int:
        """From the recording's start to its end, by the clock."""
        return self.end_ns - self.begin_ns


class Budgets:
    """Answers where the time of a run went. Each answer is computed when it is first asked for; one object a run is enough.

    Attributes:
        samples: What the run's samples are of.
    """

    def __init__(self, run: tracelog.Run, attribution: attribution_module.Attribution, first_calls: first_calls_module.FirstCalls) -> None:
        """Takes the run and the answers that this one rests on; none is copied."""
        self._run = run
        self._attribution = attribution
        self._first_calls = first_calls
        self.samples = samples_module.Samples(run, attribution)

    @functools.cached_property
    def processes(self) -> tuple[ProcessBudget, ...]:
        """The budget of every process, by its number."""
        return tuple(self._process(process) for process in self._run.processes)

    @functools.cached_property
    def of_run(self) -> ProcessBudget | None:
        """The budget that stands for the run: that of the process whose main thread has the most recorded time, of equal ones the first.

        A launcher that only starts the others does not stand for them, and what lies between two recordings counts for neither.
        ``None`` if there is no process.
        """
        return max(self.processes, key=lambda process: process.main.recorded_ns, default=None)

    @functools.cached_property
    def wall_ns(self) -> Mapping[int, int]:
        """The wall time of every process."""
        return {number: end - begin for number, (begin, end) in enumerate(self.bounds)}

    @functools.cached_property
    def main_threads(self) -> tuple[int | None, ...]:
        """The id of every process's main thread; ``None`` where nothing was recorded on it."""
        return tuple(_main_thread(process, self._run.threads) for process in self._run.processes)

    @functools.cached_property
    def alone_ns(self) -> npt.NDArray[np.int64]:
        """For how long each call, by row, was the innermost thing open on its thread, and nothing was traced there.

        Generators and coroutines have 0, since they lie suspended for a part of their time that is not known.
        """
        calls = self._run.calls
        alone = np.zeros(len(calls), dtype=np.int64)
        for thread_id, rows in self.rows_by_thread.items():
            begin, end = self.bounds[self._run.threads[thread_id].process]
            starts, ends = np.clip(calls.start_ns[rows], begin, end), np.clip(calls.end_ns[rows], begin, end)
            alone[rows] = spans.alone_ns(starts, ends, self._attribution.traced.get(thread_id), calls.depth[rows])
        return alone

    @functools.cached_property
    def waited_ns(self) -> npt.NDArray[np.int64]:
        """How much of that each call's graph waited for its input, which Keras's steps fetch in their graphs."""
        return keras_phases.waited_in_graphs_ns(self._run, self.alone_ns)

    @functools.cached_property
    def rows_by_thread(self) -> Mapping[int, call_columns.Rows]:
        """The rows of the calls of every thread, without generators and coroutines, by thread id."""
        calls = self._run.calls
        running = (calls.flags & int(words.CallFlag.SUSPENDABLE)) == 0
        if running.all():
            return dict(call_columns.small_rows_by_group(calls.thread_id))
        rows = np.flatnonzero(running)
        return {thread_id: rows[members] for thread_id, members in call_columns.small_rows_by_group(calls.thread_id[rows])}

    @functools.cached_property
    def bounds(self) -> tuple[tuple[int, int], ...]:
        """When each process's recording began and ended, since the run's start; without an end, the last that is known of it."""
        return tuple((process.start_ns, max(process.start_ns, self._end_ns(process))) for process in self._run.processes)

    def _end_ns(self, process: process_table.Process) -> int:
        if process.end_ns is not None:
            return process.end_ns
        run, number = self._run, process.process
        known = [trace.start_ns + (trace.duration_ns or 0) for trace in run.traces if trace.process == number]
        known += [error.time_ns for error in run.errors if error.process == number]
        known += run.host_memory.time_ns[run.host_memory.process == number].tolist()
        ends = run.calls.end_ns if len(run.processes) == 1 else run.calls.end_ns[run.calls.process == number]
        return max([*known, int(ends.max(initial=process.start_ns))])

    @functools.cached_property
    def call_parts(self) -> npt.NDArray[np.int8]:
        """Which part each call's time is, by row, as a place in ``PARTS``."""
        calls = self._run.calls
        by_mode = np.empty((len(words.MODES), max(1, len(self._run.functions))), dtype=np.int8)
        by_mode[int(words.Mode.GRAPH)] = PARTS.index("graph")
        by_mode[int(words.Mode.XLA)] = PARTS.index("xla")
        by_mode[list(words.SYMBOLIC_MODES)] = PARTS.index("tracing")
        for function in self._run.functions:
            by_mode[int(words.Mode.EAGER), function.function_id] = PARTS.index(_eager_part(function))
        return by_mode[calls.mode, calls.function_id]

    @functools.cached_property
    def first_runs(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """First calls: their rows, what each took by itself beyond a later one, and how uncertain that is."""
        rows, beyond, unsure = [], [], []
        for group in self._first_calls.groups:
            if len(group.later):
                later = self.alone_ns[group.later]
                low, median, high = np.percentile(later, (25, 50, 75)).astype(np.int64)
                rows.append(group.firsts)
                beyond.append(np.maximum(self.alone_ns[group.firsts] - median, 0))
                unsure.append(np.full(len(group.firsts), (high - low) // 2 if len(later) > 1 else median))
        empty = np.empty(0, dtype=np.int64)
        return np.concatenate([empty, *rows]), np.concatenate([empty, *beyond]), np.concatenate([empty, *unsure])

    def _process(self, process: process_table.Process) -> ProcessBudget:
        begin, end = self.bounds[process.process]
        main_id = self.main_threads[process.process]
        threads = [
            self._thread(thread, process, main=thread.thread_id == main_id)
            for thread in self._run.threads
            if thread.process == process.process
        ]
        nothing = _parts(self._measured(-1, begin, end)[0], {}, (), complete=process.complete)
        silent = ThreadBudget(thread_id=None, name="MainThread", main=True, parts=nothing)
        others = sorted((thread for thread in threads if not thread.main), key=lambda thread: -thread.recorded_ns)
        return ProcessBudget(
            process=process.process,
            begin_ns=begin,
            end_ns=end,
            complete=process.complete,
            main=next((thread for thread in threads if thread.main), silent),
            others=tuple(others),
        )

    def _thread(self, thread: process_table.Thread, process: process_table.Process, *, main: bool) -> ThreadBudget:
        begin, end = self.bounds[process.process]
        spent, unsure = self._measured(thread.thread_id, begin, end)
        split = self.splits.get(thread.thread_id)
        sampled: set[words.BudgetPart] = set()
        for pool in () if split is None else samples_module.POOLS:
            if split is not None and split.has(pool):
                spent[pool] -= split.pool_ns[pool]
                for name, ns in split.part_ns(pool).items():
                    spent[name] = spent.get(name, 0) + ns
                    sampled.add(name)
                sampled.add(pool)
        waited = min(int(self.waited_ns[self.rows_by_thread.get(thread.thread_id, _NO_ROWS)].sum()), spent["graph"])
        if waited:
            spent["graph"] -= waited
            spent["input"] = spent.get("input", 0) + waited
        for name in sampled if split is not None else ():
            chance_ns = split.plus_minus_ns(split.is_part(name)) if split is not None else 0
            unsure[name] = round((unsure.get(name, 0) ** 2 + chance_ns**2) ** 0.5)
        return ThreadBudget(
            thread_id=thread.thread_id, name=thread.name, main=main, parts=_parts(spent, unsure, sampled, complete=process.complete)
        )

    def _measured(self, thread_id: int, begin: int, end: int) -> tuple[dict[words.BudgetPart, int], dict[words.BudgetPart, int]]:
        """What is measured of a thread's time: the parts, which sum to the wall time, and by how much some may be wrong."""
        spent: dict[words.BudgetPart, int] = dict.fromkeys((name for name in PARTS if name != "input"), 0)
        unsure: dict[words.BudgetPart, int] = {}
        cover = self._attribution.traced.get(thread_id)
        if cover is not None:
            spent["tracing"] += int(cover.inside(np.array([begin]), np.array([end]))[0])
        rows = self.rows_by_thread.get(thread_id, _NO_ROWS)
        parts, alone = self.call_parts[rows], self.alone_ns[rows]
        for number, name in enumerate(PARTS):
            if name in spent:
                spent[name] += int(alone[parts == number].sum())
        first_rows, beyond, uncertain = self.first_runs
        own = self._run.calls.thread_id[first_rows] == thread_id
        for row, ns, error_ns in zip(first_rows[own].tolist(), beyond[own].tolist(), uncertain[own].tolist(), strict=True):
            ran = PARTS[self.call_parts[row]]
            spent[ran] -= ns
            spent["compiling"] += ns
            both: tuple[words.BudgetPart, ...] = (ran, "compiling")
            for name in both:
                unsure[name] = unsure.get(name, 0) + error_ns
        spent["idle"] = end - begin - sum(spent.values())
        return spent, unsure

    @functools.cached_property
    def splits(self) -> Mapping[int, samples_module.Split]:
        """How samples split the time of each thread that has any, by thread id."""
        if not self.samples:
            return {}
        by_part = np.full(len(PARTS), -1, dtype=np.int8)
        for number, pool in enumerate(samples_module.POOLS):
            by_part[PARTS.index(pool)] = number
        by_part[PARTS.index("idle")] = -1
        pools = by_part[self.call_parts]
        found: dict[int, samples_module.Split] = {}
        for thread in self._run.threads:
            spent, _ = self._measured(thread.thread_id, *self.bounds[thread.process])
            pool_ns = {pool: spent[pool] for pool in samples_module.POOLS}
            main = thread.thread_id == self.main_threads[thread.process]
            split = self.samples.split(thread.thread_id, pool_ns, pools, main=main)
            if split is not None:
                found[thread.thread_id] = split
        return found


def _parts(
    spent: Mapping[words.BudgetPart, int],
    unsure: Mapping[words.BudgetPart, int],
    sampled: Collection[words.BudgetPart],
    *,
    complete: bool,
) -> tuple[Part, ...]:
    labels = {**(LABELS if complete else {**LABELS, "idle": STILL_OPEN}), **{name: SAMPLED_LABELS[name] for name in sampled}}
    found = []
    for name in PARTS:
        if name in spent:
            how: words.HowKnown = "sampled" if name in sampled else "measured"
            found.append(Part(part=name, ns=spent[name], how=how, plus_minus_ns=unsure.get(name), label=labels[name]))
    return tuple(found)


def _eager_part(function: function_table.Function) -> str:
    """Says which part the time of a function's eager calls is."""
    if function.kind == "region":
        # Our own regions for Keras's epochs stand at no line.
        return "python" if function.file else "keras"
    return "keras" if model_identity.is_entry(function) else "eager-ops"


def _main_thread(process: process_table.Process, threads: tuple[process_table.Thread, ...]) -> int | None:
    own = [thread for thread in threads if thread.process == process.process]
    # Linux gives a process's first thread the process's number, whatever the program calls it.
    by_number = [thread for thread in own if thread.native_id is not None and thread.native_id == process.pid]
    by_name = [thread for thread in own if thread.name == "MainThread"]
    found = by_number or by_name
    return found[0].thread_id if found else None
