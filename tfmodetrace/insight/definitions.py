"""Functions folded by definition: the rows that people read, however often a program made the same function anew.

Functions of one process made from the same lines under one name are one row. Keras's own functions belong to a model each, so models are
told apart; models made anew that are alike are one row again.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import attribution as attribution_module
from tfmodetrace.insight import budget, model_identity, spans
from tfmodetrace.insight import reasons as reasons_module
from tfmodetrace.insight import repeated as repeated_module
from tfmodetrace.log import call_columns, trace_table, tracelog
from tfmodetrace.schema import words

_SHAPES: Final = frozenset({"shape", "rank"})
_VARIABLES: Final = frozenset({"variable-creation"})
_SHOWN_VALUES: Final = 3
_MAX_VALUE: Final = 32
_SAME_SHOWN: Final = 8
"""So many characters of what long values have in common are shown before and after where they differ."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One row: functions made from one definition.

    Attributes:
        definition_id: Its number within the run.
        process: The process.
        name: The name to show, without how often it was made.
        file: Where it is; empty if not known.
        line: The line it begins at; 0 if not known.
        kind: One of ``words.FUNCTION_KINDS``.
        made_at: The user's line that made most of its functions; ``None`` if that was not recorded.
        model: The Keras model that it belongs to; ``None`` if to none, or that is not known.
        functions: The ids of its function objects. ``Model.fit`` and its like are in a row for each model.
        calls: Calls by mode.
        traces: Traces of its functions.
        traces_inside: Traces of other functions that belong to its calls, and to no call inside these.
        repeated: What the traces after the first were.
        thread_id: The thread that spent most time in it, of which ``wall_ns`` and ``share`` are; ``None`` if none spent any.
        threads: How many threads spent time in it.
        wall_ns: How long it was open on that thread, each moment once: in its calls, or in traces without one.
        tracing_ns: How much of that was tracing, of whatever function.
        main_ns: ``wall_ns`` on its process's main thread.
        share: ``wall_ns`` as a part of its process's wall time.
        suspended: Whether that holds time in which its generators or coroutines lay suspended.
        changes: What changed from trace to trace, in one line; ``None`` if it was not traced again or that is not known.
    """

    definition_id: int
    process: int
    name: str
    file: str
    line: int
    kind: str
    made_at: Any
    model: str | None
    functions: tuple[int, ...]
    calls: Mapping[str, int]
    traces: int
    traces_inside: int
    repeated: repeated_module.Repeated
    thread_id: int | None
    threads: int
    wall_ns: int
    tracing_ns: int
    main_ns: int
    share: float
    suspended: bool
    changes: str | None

    @property
    def title(self) -> str:
        """Its name, and how many functions were made from it where these are several."""
        return self.name if len(self.functions) == 1 else f"{self.name} × {len(self.functions):,}"


class Definitions:
    """Answers what the functions of a run are, folded. Each answer is computed when it is first asked for; one object a run is enough."""

    def __init__(
        self,
        run: tracelog.Run,
        attribution: attribution_module.Attribution,
        budgets: budget.Budgets,
        reasons: Sequence[reasons_module.Reason],
    ) -> None:
        """Takes the run and the answers that this one rests on.

        Args:
            run: The run; not copied.
            attribution: What belongs to its calls.
            budgets: Its budgets, for the wall time.
            reasons: Its traces' reasons, by trace id.
        """
        self._run = run
        self._attribution = attribution
        self._budgets = budgets
        self._reasons = reasons
        self._models = model_identity.Models(run)

    @functools.cached_property
    def rows(self) -> tuple[Definition, ...]:
        """The rows by definition id."""
        return tuple(self._row(number) for number in range(len(self._folded.members)))

    @functools.cached_property
    def by_wall_time(self) -> tuple[Definition, ...]:
        """The rows that took most wall time first."""
        return tuple(sorted(self.rows, key=lambda row: -row.wall_ns))

    @functools.cached_property
    def repeated(self) -> repeated_module.Repeated:
        """What the repeated traces of the whole run were."""
        return repeated_module.added(row.repeated for row in self.rows)

    def of_function(self, function_id: int) -> Definition:
        """Returns the row of a function; of those of ``Model.fit`` and its like, which are in several, the one that took most time."""
        return max((self.rows[number] for number in self._folded.of_function[function_id]), key=lambda row: row.wall_ns)

    @property
    def of_calls(self) -> npt.NDArray[np.int32]:
        """The definition id of every call, by row."""
        return self._folded.of_calls

    @functools.cached_property
    def _folded(self) -> _Folded:
        return _fold(self._run, self._models)

    def _row(self, number: int) -> Definition:
        run, folded = self._run, self._folded
        members = folded.members[number]
        first = run.functions[members[0]]
        model = folded.models[number]
        several = len(folded.of_function[members[0]]) > 1
        by_thread = self._spent.get(number, {})
        thread_id = max(by_thread, key=lambda thread: by_thread[thread].wall_ns, default=None)
        spent = _NOTHING if thread_id is None else by_thread[thread_id]
        whole_ns = self._budgets.wall_ns[first.process]
        main_id = self._budgets.main_threads[first.process]
        traces = [trace for function_id in members for trace in self._traces.get(function_id, ())]
        repeated = self._repeated(members)
        made_at = collections.Counter(getattr(run.functions[function_id], "made_at", None) for function_id in members)
        return Definition(
            definition_id=number,
            process=first.process,
            name=f"{first.name} of {model}" if several and model is not None else first.name,
            file=first.file,
            line=first.line,
            kind=first.kind,
            made_at=made_at.most_common(1)[0][0],
            model=model,
            functions=members,
            calls=dict(zip(words.MODES, self._calls_by_mode[number].tolist(), strict=True)),
            traces=len(traces),
            traces_inside=int(self._traces_inside[number]),
            repeated=repeated,
            thread_id=thread_id,
            threads=len(by_thread),
            wall_ns=spent.wall_ns,
            tracing_ns=spent.tracing_ns,
            main_ns=0 if main_id is None else by_thread.get(main_id, _NOTHING).wall_ns,
            share=spent.wall_ns / whole_ns if whole_ns else 0.0,
            suspended=number in self._suspended,
            changes=self._changes(members, repeated),
        )

    @functools.cached_property
    def _traces(self) -> Mapping[int, list[trace_table.Trace]]:
        grouped: dict[int, list[trace_table.Trace]] = collections.defaultdict(list)
        for trace in self._run.traces:
            grouped[trace.function_id].append(trace)
        return grouped

    @functools.cached_property
    def _calls_by_mode(self) -> npt.NDArray[np.int64]:
        count, modes = len(self._folded.members), len(words.MODES)
        keys = self._folded.of_calls.astype(np.int64) * modes + self._run.calls.mode
        counted = np.bincount(keys, minlength=count * modes).reshape(count, modes)
        for without_row in self._run.counted_calls:
            counted[self._folded.of_function[without_row.function_id][0], without_row.mode] += without_row.calls
        return counted

    @functools.cached_property
    def _suspended(self) -> frozenset[int]:
        suspendable = (self._run.calls.flags & int(words.CallFlag.SUSPENDABLE)) != 0
        return frozenset(np.unique(self._folded.of_calls[suspendable]).tolist())

    @functools.cached_property
    def _traces_inside(self) -> npt.NDArray[np.int64]:
        others = (self._attribution.trace_rows >= 0) & ~self._attribution.has_own_call
        return np.bincount(self._folded.of_calls[self._attribution.trace_rows[others]], minlength=len(self._folded.members))

    @functools.cached_property
    def _spent(self) -> Mapping[int, Mapping[int, _Spent]]:
        """How long each definition was open on each thread, by definition id and thread id, within the wall time."""
        run, calls, threads = self._run, self._run.calls, max(1, len(self._run.threads))
        pieces: dict[tuple[int, int], list[tuple[spans.Times, spans.Times]]] = collections.defaultdict(list)
        for key, rows in call_columns.rows_by_group(_small(self._folded.of_calls.astype(np.int64) * threads + calls.thread_id)):
            pieces[divmod(key, threads)].append((calls.start_ns[rows], calls.end_ns[rows]))
        traced: dict[tuple[int, int], list[trace_table.Trace]] = collections.defaultdict(list)
        for trace in run.traces:
            if trace.duration_ns is not None:
                traced[self._folded.of_function[trace.function_id][0], trace.thread_id].append(trace)
        for place, traces in traced.items():
            starts = np.array([trace.start_ns for trace in traces], dtype=np.int64)
            pieces[place].append((starts, starts + np.array([trace.duration_ns for trace in traces], dtype=np.int64)))
        spent: dict[int, dict[int, _Spent]] = collections.defaultdict(dict)
        for (number, thread_id), parts in pieces.items():
            bounds = self._budgets.bounds[run.threads[thread_id].process]
            tracing = self._attribution.traced.get(thread_id)
            (starts, ends), *more = parts
            if tracing is None and not more and len(starts) == 1:
                # Of a hundred thousand functions that were called once, arrays would take half a minute.
                begin, end = (min(max(int(each[0]), bounds[0]), bounds[1]) for each in (starts, ends))
                spent[number][thread_id] = _Spent(end - begin, 0)
                continue
            starts, ends = (np.clip(np.concatenate([part[side] for part in parts]), *bounds) for side in (0, 1))
            whole = spans.Cover(starts, ends)
            tracing_ns = 0 if tracing is None else int(tracing.inside(whole.start_ns, whole.end_ns).sum())
            spent[number][thread_id] = _Spent(whole.total_ns, tracing_ns)
        for without_row in run.counted_calls:
            number, thread_id = self._folded.of_function[without_row.function_id][0], without_row.thread_id
            begin, end = self._budgets.bounds[run.threads[thread_id].process]
            known = spent[number].get(thread_id, _Spent(0, 0))
            spent[number][thread_id] = known._replace(wall_ns=min(end - begin, known.wall_ns + without_row.outermost_ns))
        return spent

    def _repeated(self, members: Sequence[int]) -> repeated_module.Repeated:
        traced = sorted((self._traces[function_id] for function_id in members if function_id in self._traces), key=_first_id)
        if not traced:
            return repeated_module.Repeated()
        again = [trace for trace in traced[0] if trace.ordinal > 1]
        kinds = [frozenset(self._reasons[trace.trace_id].kinds) for trace in again]
        variables = sum(bool(kind) and kind <= _VARIABLES for kind in kinds)
        one_more_shape = any(bool(kind) and kind <= _SHAPES for kind in kinds)
        return repeated_module.Repeated(made_anew=sum(map(len, traced[1:])), same_function=len(again), normal=variables + one_more_shape)

    def _changes(self, members: Sequence[int], repeated: repeated_module.Repeated) -> str | None:
        if repeated.total == 0:
            return None
        most = max((self._traces.get(function_id, []) for function_id in members), key=len)
        changes = [change for trace in most if trace.ordinal > 1 for change in self._reasons[trace.trace_id].changes]
        changes = [change for change in changes if change.kind != "variable-creation"]
        if changes:
            path = collections.Counter(change.path for change in changes).most_common(1)[0][0]
            return strip(path, [value for change in changes if change.path == path for value in (change.before, change.after)])
        return f"made anew {repeated.made_anew:,} times" if repeated.made_anew > 1 else None


def strip(path: str, values: Iterable[str]) -> str:
    """Writes what changed in one line: ``factor 1.0 → 0.5 → 0.33 → … (5)``.

    Args:
        path: Where it changed.
        values: What was there, in order; each is written once, and how many there are where not all are.
    """
    distinct = list(dict.fromkeys(values))
    # One more takes no more room than the dots that would stand for it.
    shown = distinct if len(distinct) <= _SHOWN_VALUES + 1 else distinct[:_SHOWN_VALUES]
    line = f"{path} " + " → ".join(_shortened(shown))
    return line if len(shown) == len(distinct) else f"{line} → … ({len(distinct):,})"


def _shortened(values: Sequence[str]) -> list[str]:
    """Cuts long values down to where they differ, and numbers to the digits that tell them apart."""
    rounded = [_LONG_NUMBER.sub(lambda number: f"{float(number[0]):.3g}", value) for value in values]
    if len(set(rounded)) == len(values):
        values = rounded
    if max(map(len, values)) <= _MAX_VALUE:
        return list(values)
    before = max(0, _same(values) - _SAME_SHOWN)
    rest = [value[before:] for value in values]
    after = max(0, _same([value[::-1] for value in rest]) - _SAME_SHOWN)
    return [("…" if before else "") + _cut(value[: len(value) - after]) + ("…" if after else "") for value in rest]


_LONG_NUMBER: Final = re.compile(r"(?<![\w.])-?\d+\.\d{4,}(?:e[-+]?\d+)?(?![\w.])")


def _same(values: Sequence[str]) -> int:
    """Counts the characters with which all values begin."""
    return sum(1 for _ in itertools.takewhile(lambda place: len(set(place)) == 1, zip(*values, strict=False)))


def _cut(value: str) -> str:
    if len(value) <= _MAX_VALUE:
        return value
    half = (_MAX_VALUE - 1) // 2
    return f"{value[: _MAX_VALUE - 1 - half]}…{value[-half:]}"


def _first_id(traces: Sequence[trace_table.Trace]) -> int:
    return traces[0].trace_id


def _small(keys: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    # Numbers of 16 bits are sorted in linear time.
    return keys.astype(np.uint16) if len(keys) and int(keys.max()) <= np.iinfo(np.uint16).max else keys


class _Spent(NamedTuple):
    """How long a definition was open on a thread, and how much of that was tracing."""

    wall_ns: int
    tracing_ns: int


_NOTHING: Final = _Spent(0, 0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Folded:
    """Which functions and calls are of which definition.

    Attributes:
        members: The function ids of each definition.
        models: The model of each definition.
        of_function: The definitions of each function: more than one only where its calls belong to several models.
        of_calls: The definition of each call, by row.
    """

    members: Sequence[tuple[int, ...]]
    models: Sequence[str | None]
    of_function: Sequence[tuple[int, ...]]
    of_calls: npt.NDArray[np.int32]


def _fold(run: tracelog.Run, models: model_identity.Models) -> _Folded:
    numbers: dict[tuple[object, ...], int] = {}
    members: list[list[int]] = []
    model_names: list[str | None] = []

    def definition(key: tuple[object, ...], function_id: int, model: str | None) -> int:
        number = numbers.setdefault(key, len(members))
        if number == len(members):
            members.append([])
            model_names.append(model)
        members[number].append(function_id)
        return number

    called_by: dict[int, dict[str, list[int]]] = collections.defaultdict(lambda: collections.defaultdict(list))
    for row, model in models.by_entry.items():
        called_by[int(run.calls.function_id[row])][model].append(row)
    calls_of = np.bincount(run.calls.function_id, minlength=len(run.functions)).tolist()
    of_function: list[tuple[int, ...]] = []
    moved: dict[int, list[int]] = {}
    for function in run.functions:
        number, own = function.function_id, models.by_function[function.function_id]
        # Where the recorder tells models apart, each of those that are alike has a definition of its own.
        key = (function.process, function.definition_id, function.name) if own is None else (function.process, own, function.qualname)
        by_model = called_by.get(number, {})
        if len(by_model) <= 1:
            of_function.append((definition(key, number, own or next(iter(by_model), None)),))
            continue
        places = []
        if sum(map(len, by_model.values())) < calls_of[number]:
            places.append(definition(key, number, None))
        for model, rows in by_model.items():
            places.append(definition((*key, model), number, model))
            moved[places[-1]] = rows
        of_function.append(tuple(places))
    first = np.array([places[0] for places in of_function], dtype=np.int32)
    of_calls = first[run.calls.function_id] if len(first) else np.zeros(0, dtype=np.int32)
    for number, rows in moved.items():
        of_calls[rows] = number
    return _Folded(members=[tuple(ids) for ids in members], models=model_names, of_function=of_function, of_calls=of_calls)
