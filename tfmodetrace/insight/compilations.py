"""What XLA compiled while a profiler listened: TensorFlow itself counts that nowhere a program could ask."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np

from tfmodetrace.insight import profile_join
from tfmodetrace.insight.profile_events import Kind
from tfmodetrace.log import trace_table, tracelog

_COMPILED: Final = "CpuCompiler::RunBackend"
"""Happens once for each program that XLA compiles for a CPU (xla/service/cpu/cpu_compiler.cc)."""

_NUMBER: Final = re.compile(r"_\d+(?=[_.]|$)")
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_.-]")


class Compilation(NamedTuple):
    """A program that XLA compiled.

    Attributes:
        function_id: The function whose trace was compiled; if that is not known, the one in whose call it was.
        program: XLA's name of the program: that of the trace's concrete function, more or less.
        start_ns: When compiling began, in the profile's time.
        duration_ns: How long it took.
        call_row: The row of the innermost recorded call that it happened in, whose part it is.
    """

    function_id: int
    program: str
    start_ns: int
    duration_ns: int
    call_row: int


def find(run: tracelog.Run, joined: profile_join.JoinedProfile) -> Iterator[Compilation]:
    """Yields what XLA compiled in the calls of a profile, in order, line by line."""
    profile = joined.profile
    if _COMPILED not in profile.names:
        return
    compiled = np.flatnonzero((profile.name == profile.names.index(_COMPILED)) & (joined.call >= 0))
    module = profile.stat(profile_join.MODULE_STAT)
    modules = module.text_numbers(len(profile))
    traces = _traces_by_name(run)
    # XLA's passes come before, one after the other, in the same event as this.
    is_step = joined.kind == Kind.COMPILE
    is_step[compiled] = True  # whatever it happens in
    steps = np.flatnonzero(is_step & np.isin(joined.parent, np.unique(joined.parent[compiled])) & (joined.parent >= 0))
    begin_ns: dict[int, int] = {}
    for event in compiled.tolist():
        parent, end_ns = int(joined.parent[event]), int(profile.end_ns[event])
        own = steps[joined.parent[steps] == parent] if parent >= 0 else np.array([event])
        after = begin_ns.get(parent, -1)
        own = own[(profile.start_ns[own] >= after) & (profile.end_ns[own] <= end_ns)]
        begin_ns[parent] = end_ns if parent >= 0 else -1
        name = module.texts[modules[event]] if modules[event] >= 0 else ""
        call = int(joined.call[event])
        trace = _trace_of(name, traces.get(int(run.calls.process[call]), {}))
        yield Compilation(
            int(run.calls.function_id[call]) if trace is None else trace.function_id,
            name.rpartition(".")[0] or name,
            int(profile.start_ns[own].min()),
            int(joined.duration_ns[own].sum()),
            call,
        )


def _traces_by_name(run: tracelog.Run) -> Mapping[int, Mapping[str, trace_table.Trace]]:
    """Traces by process and by the name of their concrete function, as XLA writes it, without what it begins with."""
    found: dict[int, dict[str, trace_table.Trace]] = {}
    for trace in run.traces:
        process = run.functions[trace.function_id].process
        found.setdefault(process, {})[_NOT_IN_NAMES.sub("_", trace.concrete_name).lstrip("_")] = trace
    return found


def _trace_of(module: str, traces: Mapping[str, trace_table.Trace]) -> trace_table.Trace | None:
    """Finds the trace of which a program was made, whose name stands in the program's between other things."""
    name = module[module.find("inference_") :]
    for number in reversed(list(_NUMBER.finditer(name))):
        trace = traces.get(name[: number.end()])
        if trace is not None:
            return trace
    return None
