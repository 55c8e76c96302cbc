"""The profiles of a run, joined with its calls: what each covers, what it says of functions and calls, and what to draw of it."""

from __future__ import annotations

import collections
import dataclasses
import functools
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfmodetrace.insight import compilations, profile_clock, profile_events, profile_join, profile_times, slices, units
from tfmodetrace.insight.profile_events import Kind
from tfmodetrace.log import profiles, tracelog, xplane

FIRST_LANE: Final = 1 << 20
"""The number of the first lane of ops; lanes of calls have lower ones."""

_NO_ALIGNMENT_NS: Final = 10_000_000_000
"""A profile without recorded calls that lies this far outside the recording was not made with it."""

_CLOSE_CLOCK_NS: Final = 1_000_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OpLane:
    """What one thread's calls did on one line of a profile.

    Attributes:
        lane: Its number, from ``FIRST_LANE`` on.
        process: The process of the calls.
        thread_id: The thread of the calls.
        label: The line's name: a thread's, or a device's and a stream's.
        own_thread: Whether the line is that very thread.
        device: Whether it is a device's.
        rows: How many rows it has.
        events: How many events it holds.
    """

    lane: int
    process: int
    thread_id: int
    label: str
    own_thread: bool
    device: bool
    rows: int
    events: int


class RunProfiles:
    """Every profile that may show a run. Reading them may take seconds, so make this once.

    Args:
        run: The run.

    Attributes:
        lanes: What can be drawn.
        names: What the slices' ``function_id`` stands for.
    """

    def __init__(self, run: tracelog.Run) -> None:
        self._run = run
        self._members = [_Member(run, file) for file in run.profiles]
        _leave_out_copies(self._members)
        self._collect_lanes()

    def describe(self) -> list[dict[str, Any]]:
        """Describes every profile, with a sentence on what is wrong with it, for the report."""
        return [member.describe(number) for number, member in enumerate(self._members)]

    def by_function(self) -> list[dict[str, Any]]:
        """Says of every function in every mode where its time went, the longest first."""
        found: dict[tuple[int, str], dict[str, Any]] = {}
        for member in self._members:
            for row in member.times.by_function() if member.times is not None else ():
                key = (row["function_id"], row["mode"])
                found[key] = _added(found[key], row) if key in found else row
        told = [profile_times.with_shares(row, row["calls"]) for row in found.values()]
        return sorted(told, key=lambda row: -row["duration_ns"])

    @functools.cached_property
    def compilations(self) -> tuple[compilations.Compilation, ...]:
        """What XLA compiled in recorded calls, in order."""
        return tuple(found for member in self._members for found in member.compilations())

    def of_call(self, process: int, call_id: int) -> dict[str, Any] | None:
        """Says where the time of one call went; ``None`` if it is in no profile."""
        call = self._run.calls.index_of(process, call_id)
        if call is None:
            return None
        for number, member in enumerate(self._members):
            described = member.times.of_call(call) if member.times is not None else None
            if described is not None:
                return {"profile": number, **profile_times.with_shares(described, 1)}
        return None

    def slices(self, lane: int, begin_ns: int, end_ns: int, resolution_ns: int) -> slices.Slices:
        """Returns what to draw of a lane in a window: ``function_id`` is a place in ``names``, ``mode`` one in ``PARTS``.

        Raises:
            IndexError: If there is no such lane.
            ValueError: If the resolution is not a power of two.
        """
        number = lane - FIRST_LANE
        if not 0 <= number < len(self._indexes):
            raise IndexError(f"there is no lane {lane} of ops")
        return self._indexes[number].slices(begin_ns, end_ns, resolution_ns)

    def _collect_lanes(self) -> None:
        names: dict[str, int] = {}
        groups: dict[tuple[int, bool, bool, str], list[_Spans]] = collections.defaultdict(list)
        for member in self._members:
            for key, spans in member.spans(names):
                groups[key].append(spans)
        threads = {thread.thread_id: thread for thread in self._run.threads}
        lanes: list[OpLane] = []
        self._indexes: list[slices.LaneIndex] = []
        # Of each thread first what it did itself, then other threads, then devices.
        for (thread_id, elsewhere, device, label), parts in sorted(groups.items()):
            spans = _joined(parts)
            index = slices.LaneIndex(spans, np.arange(len(spans.row)), spans.row)
            lanes.append(
                OpLane(
                    lane=FIRST_LANE + len(lanes),
                    process=threads[thread_id].process,
                    thread_id=thread_id,
                    label=label,
                    own_thread=not elsewhere,
                    device=device,
                    rows=index.rows,
                    events=len(spans.row),
                )
            )
            self._indexes.append(index)
        self.lanes = tuple(lanes)
        self.names = tuple(names)


@dataclasses.dataclass(frozen=True, slots=True)
class _Spans:
    """Events to draw, in columns as ``log.call_columns.Calls`` has them, and their rows."""

    start_ns: npt.NDArray[np.int64]
    duration_ns: npt.NDArray[np.int64]
    call_id: npt.NDArray[np.int64]
    function_id: npt.NDArray[np.int32]
    trace_id: npt.NDArray[np.int32]
    mode: npt.NDArray[np.uint8]
    flags: npt.NDArray[np.uint8]
    row: npt.NDArray[np.uint16]


def _joined(parts: list[_Spans]) -> _Spans:
    return _Spans(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in dataclasses.fields(_Spans)))


class _Member:
    """One profile of the run."""

    def __init__(self, run: tracelog.Run, file: profiles.ProfileFile) -> None:
        self._run = run
        self.file = file
        self.joined: profile_join.JoinedProfile | None = None
        self.times: profile_times.CallTimes | None = None
        self.note: str | None = None
        self.window_ns: tuple[int, int] | None = None
        try:
            profile = file.read(profile_join.WANTED_STATS)
            self.joined = joined = profile_join.join(run, profile)
        except xplane.ProfileError as error:
            self.note = str(error)
            return
        begin, end = joined.clock.to_run(np.array([0, profile.duration_ns])).tolist()
        self.window_ns = (begin, end)
        if len(joined.calls):
            self.times = profile_times.CallTimes(run, joined)
            self.note = self._doubt(joined.clock, self.times)
        else:
            self.note = self._why_none(joined, begin, end)
            if joined.marks or self._is_far(begin, end):
                self.window_ns = None

    def compilations(self) -> Iterator[compilations.Compilation]:
        """Yields what XLA compiled in the calls that it shows."""
        if self.joined is not None and self.times is not None:
            yield from compilations.find(self._run, self.joined)

    def leave_out(self, note: str) -> None:
        """Takes nothing from it."""
        self.times, self.window_ns, self.note = None, None, note

    def _doubt(self, clock: profile_clock.Clock, times: profile_times.CallTimes) -> str | None:
        residual = clock.residual_ns or 0
        if residual <= _CLOSE_CLOCK_NS:
            return self._doubt_names(times)
        return (
            f"The clocks of the profile {self.file.found.path} and of the recording differ by up to {units.duration(residual)} after they "
            "were aligned, as when the system's clock was set meanwhile: what is drawn may be that far off; durations are right."
        )

    def _doubt_names(self, times: profile_times.CallTimes) -> str | None:
        parts = times.parts_ns.sum(axis=0)
        of_tensorflow = parts.sum() - parts[Kind.PYTHON] - parts[Kind.CALLS]
        if parts[Kind.OTHER] * 2 <= of_tensorflow:
            return None
        return (
            f"Most of what TensorFlow did in the calls of the profile {self.file.found.path} has names that this version of tfmodetrace "
            "does not know, as in a profile of another version of TensorFlow; it is shown as other."
        )

    def _why_none(self, joined: profile_join.JoinedProfile, begin: int, end: int) -> str:
        path = self.file.found.path
        if not len(joined.profile):
            return f"The profile {path} holds no events: nothing of TensorFlow ran while it was made, or only its end was written."
        if joined.marks:
            return f"The profile {path} shows calls of another recording, not of this one."
        if self._is_far(begin, end):
            return f"The profile {path} was made at another time than this recording."
        return f"No call that was recorded began and ended in the profile {path}; decorate what ran then with @tfmodetrace.traced."

    def _is_far(self, begin: int, end: int) -> bool:
        calls = self._run.calls
        if not len(calls) or self._run.start_unix_ns is None:
            return False
        return begin > int(calls.end_ns.max()) + _NO_ALIGNMENT_NS or end < int(calls.start_ns.min()) - _NO_ALIGNMENT_NS

    def describe(self, number: int) -> dict[str, Any]:
        joined = self.joined
        clock = joined.clock if joined is not None and self.times is not None else None
        return {
            "profile": number,
            "session": self.file.found.session,
            "host": self.file.host,
            "base": self.file.found.base,
            "note": self.note,
            "begin_ns": None if self.window_ns is None else self.window_ns[0],
            "end_ns": None if self.window_ns is None else self.window_ns[1],
            "events": None if joined is None else len(joined.profile),
            "attached_events": None if joined is None or self.times is None else int(np.count_nonzero(joined.call >= 0)),
            "calls": 0 if joined is None or self.times is None else len(joined.calls),
            "clock": None
            if clock is None
            else {
                "offset_ns": round(clock.offset_ns),
                "drift_ppm": round(clock.drift * 1e6, 3),
                "residual_ns": clock.residual_ns,
                "calls": clock.calls,
            },
            "warnings": [] if joined is None else list(joined.profile.warnings),
        }

    def spans(self, names: dict[str, int]) -> list[tuple[tuple[int, bool, bool, str], _Spans]]:
        """Returns the events to draw, by thread of the call, whether on another line, whether on a device, and the line's name."""
        joined = self.joined
        if joined is None or self.times is None:
            return []
        profile, run = joined.profile, self._run
        on_device = profile.on_device
        is_shown = np.array([fact.is_shown for fact in joined.facts], dtype=np.bool_)[profile.name] | on_device
        is_shown[profile.stat("hlo_op").event] = True
        # On other threads only what ops, copies and compilations are; the threads' own bookkeeping is XProf's to show.
        is_shown &= ~joined.is_call & (joined.call >= 0) & (joined.duration_ns > 0)
        shown = np.flatnonzero(is_shown)
        if not len(shown):
            return []
        row = np.minimum(joined.levels.count_around(is_shown), np.iinfo(np.uint16).max).astype(np.uint16)
        numbers = np.array([names.setdefault(fact.label, len(names)) for fact in joined.facts], dtype=np.int32)
        thread = run.calls.thread_id[joined.call[shown]].astype(np.int64)
        elsewhere = ~joined.on_thread[shown]
        start = joined.clock.to_run(profile.start_ns[shown])
        end = joined.clock.to_run(profile.end_ns[shown])
        keys = (thread * 2 + elsewhere) * len(profile.lines) + profile.line[shown]
        found = []
        for key in np.unique(keys).tolist():
            here = np.flatnonzero(keys == key)
            events = shown[here]
            line = profile.lines[key % len(profile.lines)]
            label = f"{line.plane.removeprefix('/device:')} {line.name}" if line.is_device else line.name
            group = (key // len(profile.lines) // 2, bool(elsewhere[here[0]]), line.is_device, label)
            found.append(
                (
                    group,
                    _Spans(
                        start_ns=start[here],
                        duration_ns=end[here] - start[here],
                        call_id=run.calls.call_id[joined.call[events]],
                        function_id=numbers[profile.name[events]],
                        trace_id=np.full(len(events), -1, dtype=np.int32),
                        # An eager op's event is its dispatch and its run.
                        mode=np.where(
                            joined.is_op[events] & (joined.kind[events] == Kind.DISPATCH) | on_device[events],
                            int(Kind.OPS),
                            joined.kind[events],
                        ).astype(np.uint8),
                        flags=np.zeros(len(events), dtype=np.uint8),
                        row=row[events],
                    ),
                )
            )
        return found


def _leave_out_copies(members: list[_Member]) -> None:
    """Sees to it that no call's events count twice where one profile lies in two places."""
    seen: dict[tuple[int, int], str] = {}
    for member in members:
        if member.joined is None or member.times is None:
            continue
        key = (int(member.joined.calls[0]), len(member.joined.profile))
        if key in seen:
            member.leave_out(f"The profile {member.file.found.path} is the same as {seen[key]}.")
        seen.setdefault(key, member.file.found.path)


def _added(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Sums up what two profiles say of one function in one mode."""
    sums = {name: one[name] + other[name] for name in ("calls", "duration_ns", "ops", "between_ops_ns")}
    return {
        **one,
        **sums,
        "parts_ns": {part: one["parts_ns"][part] + other["parts_ns"][part] for part in profile_events.PARTS},
        "op_types": _added_tables(one["op_types"], other["op_types"]),
        "kernels": _added_tables(one["kernels"], other["kernels"]),
        "memory": _added_memory(one["memory"], other["memory"]),
    }


def _added_tables(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> list[dict[str, Any]]:
    counts: collections.Counter[str] = collections.Counter()
    times: collections.Counter[str] = collections.Counter()
    for row in (*one, *other):
        counts[row["name"]] += row["count"]
        times[row["name"]] += row["self_ns"]
    names = sorted(counts, key=lambda name: (-times[name], name))[: profile_times.MOST_OPS]
    return [{"name": name, "count": counts[name], "self_ns": times[name]} for name in names]


def _added_memory(one: dict[str, Any] | None, other: dict[str, Any] | None) -> dict[str, Any] | None:
    if one is None or other is None:
        return one or other
    peaks = [memory["peak_bytes"] for memory in (one, other) if memory["peak_bytes"] is not None]
    largest = sorted([*one["largest"], *other["largest"]], key=lambda row: -row["bytes"])
    return {
        **{name: one[name] + other[name] for name in ("allocations", "allocated_bytes", "freed_bytes")},
        "peak_bytes": max(peaks, default=None),
        "largest": largest[: profile_times.MOST_OPS],
    }
