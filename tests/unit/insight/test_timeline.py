from __future__ import annotations

import itertools
import pathlib
import time
from collections.abc import Iterable
from unittest import mock

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from tests.support import files
from tfmodetrace.insight import levels, timeline
from tfmodetrace.insight import slices as slices_module
from tfmodetrace.log import call_columns, function_table, process_table, reader, tracelog
from tfmodetrace.schema import words

RAISED, SUSPENDABLE = int(words.CallFlag.RAISED), int(words.CallFlag.SUSPENDABLE)


def run_of(rows: Iterable[dict[str, int]], *, threads: int = 1) -> tracelog.Run:
    """A run of calls given as rows; call ids number them."""
    listed = list(rows)
    defaults = {"parent_id": -1, "function_id": 0, "signature_id": -1, "trace_id": -1, "mode": 0, "flags": 0, "thread_id": 0, "depth": 0}
    columns = {
        name: np.array([row.get(name, defaults.get(name, 0)) for row in listed], dtype=np.int64) for name in call_columns.CALL_DTYPES
    }
    columns["call_id"] = np.arange(len(listed))
    functions = tuple(
        function_table.Function(
            function_id=n, name=f"f{n}", qualname="", module="", file="", line=0, kind="function", process=0, definition_id=n, instance=0
        )
        for n in range(5)
    )
    return tracelog.Run(
        name=".",
        revision=1,
        start_unix_ns=0,
        processes=(),
        threads=tuple(process_table.Thread(thread_id=n, process=0, name=f"thread {n}", native_id=None) for n in range(threads)),
        functions=functions,
        signatures=(),
        traces=(),
        errors=(),
        calls=call_columns.Calls.of(columns),
        versions={},
        options={},
    )


def as_rows(slices: slices_module.Slices) -> list[dict[str, float]]:
    return [{name: column[place].item() for name, column in slices.columns.items()} for place in range(slices.count)]


@st.composite
def nested_rows(draw: st.DrawFn) -> list[dict[str, int]]:
    """Calls of one thread that never overlap within a depth, and overlapping generators."""
    rows = []
    for depth in range(draw(st.integers(1, 3))):
        time_ns = draw(st.integers(-5, 20))
        for _ in range(draw(st.integers(0, 12))):
            time_ns += draw(st.integers(0, 9))
            duration = draw(st.integers(0, 20))
            rows.append({"start_ns": time_ns, "duration_ns": duration, "depth": depth})
            time_ns += duration
    rows.extend(
        {"start_ns": draw(st.integers(0, 60)), "duration_ns": draw(st.integers(0, 30)), "flags": SUSPENDABLE}
        for _ in range(draw(st.integers(0, 8)))
    )
    for number, row in enumerate(rows):
        row["function_id"], row["mode"] = draw(st.integers(0, 4)), draw(st.integers(0, 4))
        row["flags"] = row.get("flags", 0) | draw(st.sampled_from([0, RAISED, 4]))
        row["trace_id"] = number if draw(st.booleans()) else -1
    return draw(st.permutations(rows)) if rows else rows


def slow_slices(run: tracelog.Run, row_of: dict[int, int], begin: int, end: int, resolution: int) -> list[dict[str, float]]:
    """The specification of ``slices``, call by call."""
    calls = run.calls
    members = sorted(row_of, key=lambda n: (row_of[n], calls.start_ns[n], calls.duration_ns[n]))
    groups: list[list[int]] = []
    before: tuple[object, ...] | None = None
    for n in members:
        start, duration = int(calls.start_ns[n]), int(calls.duration_ns[n])
        if not (start < end and (start + duration > begin or start >= begin)):
            continue
        group = ("alone", n) if resolution == 1 or duration >= resolution else (row_of[n], start // resolution)
        if group == before:
            groups[-1].append(n)
        else:
            groups.append([n])
        before = group
    found = []
    for group_ in groups:
        longest = max(group_, key=lambda n: int(calls.duration_ns[n]))
        traces = [int(calls.trace_id[n]) for n in group_ if calls.trace_id[n] >= 0]
        flags = 0
        for n in group_:
            flags |= int(calls.flags[n])
        first, last = group_[0], group_[-1]
        found.append(
            {
                "start_ns": float(calls.start_ns[first]),
                "duration_ns": float(calls.start_ns[last] + calls.duration_ns[last] - calls.start_ns[first]),
                "call_id": float(first) if len(group_) == 1 else -1.0,
                "function_id": int(calls.function_id[longest]),
                "trace_id": traces[-1] if traces else -1,
                "calls": len(group_),
                "row": row_of[first],
                "mode": int(calls.mode[longest]),
                "flags": flags,
            }
        )
    return found


@hypothesis.settings(max_examples=300)
@hypothesis.given(nested_rows(), st.integers(0, 7), st.integers(-10, 80), st.integers(0, 90), st.booleans(), st.integers(1, 9))
def test_slices_are_those_of_a_slow_reference(
    rows: list[dict[str, int]], power: int, begin: int, width: int, leveled: bool, block: int
) -> None:
    with (
        mock.patch.object(levels, "FEWEST_CALLS", 1 if leveled else len(rows) + 1),
        mock.patch.object(levels, "PARTS_PER_BUCKET", 1),
        mock.patch.object(levels, "_BLOCK", block),
        mock.patch.object(levels, "_FEW_ROWS", block % 4),
    ):
        _compare_with_the_reference(run_of(rows), rows, power, begin, width)


@pytest.mark.parametrize("power", range(1, 8))
def test_buckets_of_many_calls_are_whole_however_few_calls_are_looked_at_at_once(power: int) -> None:
    rows = [
        {"start_ns": 2 * place, "duration_ns": 1, "depth": depth, "function_id": place % 5, "mode": place % 3, "flags": 0, "trace_id": -1}
        for depth in range(2)
        for place in range(100)
    ]
    with mock.patch.object(levels, "FEWEST_CALLS", 1), mock.patch.object(levels, "_BLOCK", 3):
        _compare_with_the_reference(run_of(rows), rows, power, -10, 500)


def _compare_with_the_reference(run: tracelog.Run, rows: list[dict[str, int]], power: int, begin: int, width: int) -> None:
    index = timeline.Timeline(run)
    assert sum(lane.calls for lane in index.lanes) == len(rows)
    for lane in index.lanes:
        # The reference takes rows from the unmerged slices; that they keep calls apart is tested below.
        plain = as_rows(index.slices(lane.lane, -1000, 1000, 1))
        row_of = {int(row["call_id"]): int(row["row"]) for row in plain}
        assert len(row_of) == lane.calls
        if not lane.suspendable:
            assert all(run.calls.depth[call] == row for call, row in row_of.items())
        assert as_rows(index.slices(lane.lane, begin, begin + width, 1 << power)) == slow_slices(
            run, row_of, begin, begin + width, 1 << power
        )
        assert sum(int(row["calls"]) for row in as_rows(index.slices(lane.lane, -1000, 1000, 1 << power))) == lane.calls


@hypothesis.given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), min_size=1, max_size=30))
def test_suspendable_calls_never_overlap_in_a_row_and_use_as_few_rows_as_possible(intervals: list[tuple[int, int]]) -> None:
    run = run_of({"start_ns": start, "duration_ns": duration, "flags": SUSPENDABLE} for start, duration in intervals)
    index = timeline.Timeline(run)
    (lane,) = index.lanes
    by_row: dict[float, list[tuple[float, float]]] = {}
    for row in as_rows(index.slices(0, -1, 1000, 1)):
        by_row.setdefault(row["row"], []).append((row["start_ns"], row["start_ns"] + row["duration_ns"]))
    for spans in by_row.values():
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
    assert lane.rows == len(by_row)
    if all(duration > 0 for _, duration in intervals):
        assert lane.rows == max(sum(start <= at < start + duration for start, duration in intervals) for at in range(80))


def test_a_thread_and_its_generators_are_two_lanes(tmp_path: pathlib.Path) -> None:
    for pid in (1, 2):
        session = files.SessionFile(tmp_path, pid=pid, start_unix_ns=files.START_UNIX_NS + pid)
        session.thread("MainThread")
        session.thread("Worker")
        function = session.function("f")
        session.call(function, 10, 90, thread=0)
        session.call(function, 20, 5, thread=0, depth=1)
        session.call(function, 20, 500, thread=0, depth=1, flags=SUSPENDABLE)
        if pid == 1:
            session.call(function, 0, 5, thread=1)
        session.end()
    index = timeline.Timeline(reader.read(tmp_path).runs[0])
    facts = [(lane.lane, lane.process, lane.thread_id, lane.label, lane.suspendable, lane.rows, lane.calls) for lane in index.lanes]
    assert facts == [
        (0, 0, 0, "MainThread", False, 2, 2),
        (1, 0, 0, "MainThread", True, 1, 1),
        (2, 0, 1, "Worker", False, 1, 1),
        (3, 1, 2, "MainThread", False, 2, 2),
        (4, 1, 2, "MainThread", True, 1, 1),
    ]
    assert (index.begin_ns, index.end_ns) == (0, 521)


def test_a_run_without_calls_has_no_lanes() -> None:
    index = timeline.Timeline(run_of([]))
    assert (index.lanes, index.begin_ns, index.end_ns) == ((), 0, 0)


def test_a_lane_that_is_not_there_and_an_odd_resolution_are_refused() -> None:
    index = timeline.Timeline(run_of([{"start_ns": 0, "duration_ns": 5}]))
    for lane in (-1, 1):
        with pytest.raises(IndexError, match=f"no lane {lane}"):
            index.slices(lane, 0, 10, 1)
    for resolution in (0, -4, 3):
        with pytest.raises(ValueError, match="power of two"):
            index.slices(0, 0, 10, resolution)


def test_the_columns_have_the_types_that_are_sent() -> None:
    index = timeline.Timeline(run_of([{"start_ns": 0, "duration_ns": 5}]))
    for window in ((0, 10), (100, 200)):
        columns = index.slices(0, *window, 1024).columns
        assert {name: column.dtype for name, column in columns.items()} == {
            name: np.dtype(dtype) for name, dtype in slices_module.SLICE_DTYPES.items()
        }


def test_a_million_calls_are_answered_at_full_width_in_a_tenth_of_a_second() -> None:
    count = 1_000_000
    rng = np.random.default_rng(0)
    zeros = np.zeros(count, dtype=np.int64)
    columns = dict.fromkeys(call_columns.CALL_DTYPES, zeros)
    start = np.arange(count) // 4 * 4000 + np.arange(count) % 4
    columns.update(start_ns=start, duration_ns=3000 - np.arange(count) % 4 * 10, depth=np.arange(count) % 4, call_id=np.arange(count))
    columns.update(parent_id=zeros - 1, trace_id=np.where(rng.random(count) < 0.01, 3, -1), flags=rng.integers(0, 2, count))
    run = run_of([])
    object.__setattr__(run, "calls", call_columns.Calls.of(columns))
    index = timeline.Timeline(run)
    index.slices(0, 0, 1, 1)
    resolution = 1 << ((index.end_ns // 4000).bit_length() - 1)
    took = []
    for _ in range(5):
        began = time.perf_counter()
        slices = index.slices(0, index.begin_ns, index.end_ns, resolution)
        took.append(time.perf_counter() - began)
    assert slices.columns["calls"].sum() == count
    assert slices.count < 40_000
    # The best of five, since other tests may keep the machine busy.
    assert min(took) < 0.1


def test_a_call_is_found_where_it_is_drawn() -> None:
    rows = [
        {"start_ns": 0, "duration_ns": 30, "flags": SUSPENDABLE},
        {"start_ns": 10, "duration_ns": 30, "flags": SUSPENDABLE},
        {"start_ns": 5, "duration_ns": 5, "depth": 3},
    ]
    for row in rows:
        row.update({"function_id": 0, "mode": 0, "trace_id": -1, "flags": row.get("flags", 0)})
    run = run_of(rows)
    index = timeline.Timeline(run)
    drawn = {}
    for lane in index.lanes:
        for slice_ in as_rows(index.slices(lane.lane, -1, 100, 1)):
            drawn[int(slice_["call_id"])] = (lane.lane, int(slice_["row"]))
    assert {call_id: index.place_of(0, call_id) for call_id in range(3)} == drawn
    assert index.place_of(0, 99) is None
    assert index.place_of(1, 0) is None
