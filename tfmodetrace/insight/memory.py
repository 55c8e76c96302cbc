"""What functions did to device memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.log import tracelog

MAX_RAISED: Final = 50
"""Calls that raised the memory which are listed."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MemoryFigures:
    """What the sampled calls of a function did to a device's memory.

    Attributes:
        calls: How many there are.
        shared_calls: How many of them were open while another thread's were.
        max_delta_bytes: The most that one of them left behind; negative if each freed some.
        peak_bytes: The most that was allocated during one; ``None`` where peaks were not sampled.
        max_need_bytes: The most that one needed beyond what it had found; ``None`` likewise.
    """

    calls: int
    shared_calls: int
    max_delta_bytes: int
    peak_bytes: int | None
    max_need_bytes: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLine:
    """What a device held over time.

    Attributes:
        samples: How many there are, of which each point is the highest of its stretch of time.
        peak_bytes: ``None`` where peaks were not sampled.
    """

    device: str
    process: int
    samples: int
    time_ns: tuple[int, ...]
    current_bytes: tuple[int, ...]
    peak_bytes: tuple[int, ...] | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HostLine:
    """What a process held over time."""

    process: int
    time_ns: tuple[int, ...]
    resident_bytes: tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RaisingCall:
    """A call after which more was allocated than before.

    Attributes:
        need_bytes: What it needed beyond what it had found; ``None`` where peaks were not sampled.
        peak_bytes: The most that was allocated during it; ``None`` likewise.
        shared: Whether it was open while another thread's sampled call was.
    """

    process: int
    call_id: int
    function_id: int
    function: str
    device: str
    start_ns: int
    duration_ns: int
    delta_bytes: int
    need_bytes: int | None
    peak_bytes: int | None
    shared: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MemoryOverTime:
    """What devices and processes held over time, and the calls that raised it most.

    Attributes:
        mode: What was asked for: ``off``, ``delta`` or ``peak``.
    """

    mode: str
    devices: tuple[DeviceLine, ...]
    host: tuple[HostLine, ...]
    raised: tuple[RaisingCall, ...]


def by_function(run: tracelog.Run) -> Mapping[int, Mapping[str, MemoryFigures]]:
    """Summarizes what was sampled, by function id and device name."""
    memory = run.memory
    if not len(memory):
        return {}
    rows = run.calls.rows_of(memory.process, memory.call_id)
    known = np.flatnonzero(rows >= 0)
    functions = run.calls.function_id[rows[known]]
    found: dict[int, dict[str, MemoryFigures]] = {}
    pairs = functions.astype(np.int64) * len(run.devices) + memory.device_id[known]
    order = np.argsort(pairs, kind="stable")
    cuts = np.flatnonzero(np.diff(pairs[order])) + 1
    for part in np.split(order, cuts):
        if not len(part):
            continue
        chosen = known[part]
        function, device = divmod(int(pairs[part[0]]), len(run.devices))
        before, after, peak = memory.before_bytes[chosen], memory.after_bytes[chosen], memory.peak_bytes[chosen]
        has_peak = peak >= 0
        found.setdefault(function, {})[run.devices[device].name] = MemoryFigures(
            calls=len(chosen),
            shared_calls=int(np.count_nonzero(memory.shared[chosen])),
            max_delta_bytes=int((after - before).max()),
            peak_bytes=int(peak[has_peak].max()) if has_peak.any() else None,
            max_need_bytes=int((peak - before)[has_peak].max()) if has_peak.any() else None,
        )
    return found


def untold(run: tracelog.Run) -> tuple[str, ...]:
    """Returns a sentence if memory was to be sampled and the CPU's allocator told nothing, else none."""
    asked = run.options.get("memory", "off") != "off"
    if not asked or not len(run.calls) or any(device.name.startswith("/device:CPU") for device in run.devices):
        return ()
    told = (
        "Of the CPU's memory nothing is known: TensorFlow's allocator counts it where oneDNN is on, or with TF_CPU_ALLOCATOR_USE_BFC=1 in "
        "the environment, which `tfmodetrace run --memory` sets."
    )
    return (told,)


def over_time(run: tracelog.Run, points: int) -> MemoryOverTime:
    """Tells how much memory devices and processes held when.

    Args:
        run: The run.
        points: How many points a line may have; where there are more samples, a point is the highest of its stretch of time.
    """
    sampled = _Sampled(run)
    return MemoryOverTime(
        mode=run.options.get("memory", "off"),
        devices=tuple(filter(None, (sampled.line(device, points) for device in range(len(run.devices))))),
        host=tuple(filter(None, (_host_line(run, process.process, points) for process in run.processes))),
        raised=tuple(sampled.raised()),
    )


class _Sampled:
    """The samples of a run whose calls are known."""

    def __init__(self, run: tracelog.Run) -> None:
        self._run = run
        memory = run.memory
        rows = run.calls.rows_of(memory.process, memory.call_id)
        known = rows >= 0
        self._rows = rows[known]
        self._device = memory.device_id[known]
        self._before, self._after = memory.before_bytes[known], memory.after_bytes[known]
        self._peak, self._shared = memory.peak_bytes[known], memory.shared[known]

    def line(self, device: int, points: int) -> DeviceLine | None:
        chosen = np.flatnonzero(self._device == device)
        if not len(chosen):
            return None
        calls = self._run.calls
        begins = calls.start_ns[self._rows[chosen]]
        ends = begins + calls.duration_ns[self._rows[chosen]]
        peaks = self._peak[chosen]
        has_peaks = bool((peaks >= 0).any())
        times = np.concatenate([begins, ends])
        current = np.concatenate([self._before[chosen], self._after[chosen]])
        highest = np.maximum(current, np.concatenate([self._before[chosen], peaks]))
        order = np.argsort(times, kind="stable")
        first = _firsts(times[order], points)
        return DeviceLine(
            device=self._run.devices[device].name,
            process=self._run.devices[device].process,
            samples=len(chosen),
            time_ns=tuple(times[order][first].tolist()),
            current_bytes=tuple(np.maximum.reduceat(current[order], first).tolist()),
            peak_bytes=tuple(np.maximum.reduceat(highest[order], first).tolist()) if has_peaks else None,
        )

    def raised(self) -> list[RaisingCall]:
        """Lists the calls after which most more was allocated than before, those first that raised it most."""
        run, calls = self._run, self._run.calls
        deltas = self._after - self._before
        order = np.argsort(-deltas, kind="stable")[:MAX_RAISED]
        return [
            RaisingCall(
                process=int(calls.process[row]),
                call_id=int(calls.call_id[row]),
                function_id=int(calls.function_id[row]),
                function=run.functions[int(calls.function_id[row])].name,
                device=run.devices[int(self._device[place])].name,
                start_ns=int(calls.start_ns[row]),
                duration_ns=int(calls.duration_ns[row]),
                delta_bytes=int(deltas[place]),
                need_bytes=int(self._peak[place] - self._before[place]) if self._peak[place] >= 0 else None,
                peak_bytes=int(self._peak[place]) if self._peak[place] >= 0 else None,
                shared=bool(self._shared[place]),
            )
            for place in order.tolist()
            if deltas[place] > 0
            for row in (int(self._rows[place]),)
        ]


def _host_line(run: tracelog.Run, process: int, points: int) -> HostLine | None:
    chosen = np.flatnonzero(run.host_memory.process == process)
    if not len(chosen):
        return None
    order = chosen[np.argsort(run.host_memory.time_ns[chosen], kind="stable")]
    times = run.host_memory.time_ns[order]
    first = _firsts(times, points)
    return HostLine(
        process=process,
        time_ns=tuple(times[first].tolist()),
        resident_bytes=tuple(np.maximum.reduceat(run.host_memory.resident_bytes[order], first).tolist()),
    )


def _firsts(times: npt.NDArray[np.int64], points: int) -> npt.NDArray[np.int64]:
    """Returns where at most so many stretches of equal time begin in ascending times."""
    if len(times) <= points:
        return np.arange(len(times))
    span = max(1, int(times[-1] - times[0]))
    stretches = (times - times[0]) * points // (span + 1)
    return np.flatnonzero(np.diff(stretches, prepend=-1))
