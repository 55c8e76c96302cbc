"""What a report says of functions."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from tfmodetrace.insight import answers, causes, counts, memory, shown_at
from tfmodetrace.insight import devices as devices_module
from tfmodetrace.insight.report import profiles
from tfmodetrace.log import function_table, tracelog
from tfmodetrace.schema import words


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FunctionTimes:
    """Nanoseconds in all calls of a function, without the recorded calls inside, and while it was traced."""

    total: int
    self: int
    tracing: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SignatureInfo:
    """What a function was called with, how often, and how many traces that caused."""

    signature_id: int
    text: str
    calls: int
    traces: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FunctionInfo:
    """One traced function object: see ``log.function_table.Function``.

    Attributes:
        made_at: The user's line that made it; ``None`` if not known.
        model: The Keras model that Keras made it for; ``None`` for any other function.
        steps_per_call: How many steps of training one of its calls is.
        devices: On which devices its calls left their results; ``None`` if that is not known.
        call_devices: On which devices they found their tensors and left their results; ``None`` likewise.
        memory: By device; ``None`` where memory was not sampled.
        profile: Where the time of its profiled calls went; ``None`` where there are none, or profiles were not asked for.
        causes: What its retraces come from, the costliest first.
        longest_call: The longest of its calls; ``None`` if none was recorded.
        call_shares: Which part of its calls ran in each mode, from 0 to 1.
        graph_ops: The ops of the graphs of all its traces together, as far as they were recorded.
    """

    function_id: int
    name: str
    file: str | None
    line: int | None
    kind: str
    process: int
    qualname: str
    module: str
    definition_id: int
    instance: int
    made_at: function_table.Place | None
    model: function_table.Model | None
    steps_per_call: int
    calls: counts.CallCounts
    traces: int
    errors: int
    time_ns: FunctionTimes
    signatures: tuple[SignatureInfo, ...]
    devices: Mapping[str, int] | None
    call_devices: tuple[devices_module.CallDevices, ...] | None
    memory: Mapping[str, memory.MemoryFigures] | None
    profile: tuple[profiles.FunctionProfile, ...] | None
    causes: tuple[causes.Cause, ...]
    longest_call: shown_at.CallReference | None
    call_shares: Mapping[words.ModeWord, float]
    graph_ops: int


def infos(told: answers.Answers, *, profiled: bool) -> tuple[FunctionInfo, ...]:
    """Describes every function of a run; ``profiled``: with what profiles tell, too."""
    run = told.run
    total, alone, tracing = (array.tolist() for array in (told.times.total_ns, told.times.self_ns, told.times.tracing_ns))
    traces = collections.Counter(trace.function_id for trace in run.traces)
    errors = collections.Counter(error.function_id for error in run.errors)
    graph_ops: collections.Counter[int] = collections.Counter()
    for trace in run.traces:
        graph_ops[trace.function_id] += trace.graph.ops if trace.graph is not None else 0
    signatures, sampled = _signatures(run), memory.by_function(run)
    profile = profiles.by_function(told) if profiled else {}
    longest = shown_at.longest_calls(run, run.calls.function_id, len(run.functions))
    left_on, call_devices = devices_module.of_results(run, told.call_counts), devices_module.of_calls(run)
    return tuple(
        FunctionInfo(
            function_id=number,
            name=function.name,
            file=function.file or None,
            line=function.line or None,
            kind=function.kind,
            process=function.process,
            qualname=function.qualname,
            module=function.module,
            definition_id=told.definitions.of_function(number).definition_id,
            instance=function.instance,
            made_at=function.made_at,
            model=function.model,
            steps_per_call=function.steps_per_call,
            calls=told.call_counts[number],
            traces=traces[number],
            errors=errors[number],
            time_ns=FunctionTimes(total=total[number], self=alone[number], tracing=tracing[number]),
            signatures=tuple(signatures[number]),
            devices=left_on.get(number),
            call_devices=call_devices.get(number),
            memory=sampled.get(number),
            profile=profile.get(number),
            causes=told.causes.get(number, ()),
            longest_call=longest[number],
            call_shares=told.call_counts[number].shares,
            graph_ops=graph_ops[number],
        )
        for number, function in enumerate(run.functions)
    )


def _signatures(run: tracelog.Run) -> Sequence[Sequence[SignatureInfo]]:
    recorded = run.calls.signature_id[run.calls.signature_id >= 0]
    calls = np.bincount(recorded, minlength=len(run.signatures)).tolist()
    traces = collections.Counter(trace.signature_id for trace in run.traces)
    by_function: list[list[SignatureInfo]] = [[] for _ in run.functions]
    for signature in run.signatures:
        number = signature.signature_id
        by_function[signature.function_id].append(
            SignatureInfo(signature_id=number, text=signature.text, calls=calls[number], traces=traces[number])
        )
    return by_function
