"""Totals of windows, trees of time, what stands out and what a call cost: held against what a slow loop counts from the raw calls."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import pathlib
import random

import pytest

from tests.support import files
from tfmodetrace.insight import answers, call_costs, flame, search, timeline, timeline_events, windows
from tfmodetrace.log import reader
from tfmodetrace.schema import words

END_NS = 40_000


@dataclasses.dataclass(frozen=True)
class Call:
    """A call as it was written."""

    call_id: int
    function: int
    mode: int
    thread: int
    depth: int
    begin_ns: int
    end_ns: int
    parent: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Written:
    """What was written, and the answers about what is read of it."""

    calls: list[Call]
    traces: list[tuple[int, int, int]]
    errors: list[int]
    told: answers.Answers


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Some hundred calls, nested at random, on three threads; some were traced in and some raised."""
    chance = random.Random(7)
    session = files.SessionFile(tmp_path_factory.mktemp("windows"))
    functions = [session.function(f"f{number}", kind="tf.function") for number in range(5)]
    calls: list[Call] = []
    traces: list[tuple[int, int, int]] = []
    errors: list[int] = []

    def call(thread: int, begin_ns: int, end_ns: int, depth: int, parent: int) -> None:
        function, mode = chance.choice(functions), chance.choice([words.Mode.EAGER, words.Mode.GRAPH, words.Mode.XLA])
        number = len(calls)
        calls.append(Call(number, function, int(mode), thread, depth, begin_ns, end_ns, parent))
        at = begin_ns
        while depth < 4 and end_ns - at > 20 and chance.random() < 0.8:
            # Some begin with the call around them, some end with it, some take no time at all.
            first = at if chance.random() < 0.3 else chance.randrange(at, end_ns)
            last = end_ns if chance.random() < 0.2 else first if chance.random() < 0.1 else chance.randrange(first, end_ns)
            call(thread, first, last, depth + 1, number)
            at = last + 1
        # A call is written when it ends, after those inside it.
        lasted = end_ns - begin_ns
        session.call(function, begin_ns, lasted, mode=int(mode), parent=parent, thread=thread, depth=depth, call_id=number)
        if chance.random() < 0.1 and end_ns - begin_ns > 10:
            first = chance.randrange(begin_ns, end_ns - 5)
            last = chance.randrange(first + 1, end_ns)
            session.trace(function, ordinal=len(traces) + 1, start_ns=first, duration_ns=last - first, call_id=number, thread=thread)
            traces.append((thread, first, last))
        if chance.random() < 0.05:
            session.error(function, call_id=number, mode=int(mode), time_ns=end_ns, thread=thread)
            errors.append(end_ns)

    for name in ("MainThread", "worker", "another"):
        thread, at = session.thread(name), 0
        while at < END_NS - 50:
            begin_ns = at + chance.randrange(0, 300)
            end_ns = min(END_NS, begin_ns + chance.randrange(1, 900))
            if begin_ns < end_ns:
                call(thread, begin_ns, end_ns, 0, -1)
            at = end_ns + chance.randrange(0, 30)
    session.end(end_ns=END_NS)
    (run,) = reader.read(session.path.parents[1]).runs
    assert len(run.calls) == len(calls) > 300
    assert len(traces) > 20
    assert len(errors) > 5
    return Written(calls=calls, traces=traces, errors=errors, told=answers.Answers(run))


def is_open(begin_ns: int, end_ns: int, from_ns: int, until_ns: int) -> bool:
    return begin_ns < until_ns and (end_ns > from_ns or begin_ns >= from_ns)


def innermost(written: Written, from_ns: int, until_ns: int) -> tuple[dict[int, int], int, int]:
    """How long each call was the innermost one, how long was traced, and the main thread's gaps: interval by interval."""
    own: dict[int, int] = collections.defaultdict(int)
    tracing = gaps = 0
    for thread in range(3):
        calls = [call for call in written.calls if call.thread == thread and is_open(call.begin_ns, call.end_ns, from_ns, until_ns)]
        traces = [(first, last) for of_thread, first, last in written.traces if of_thread == thread]
        edges = {from_ns, until_ns} | {edge for call in calls for edge in (call.begin_ns, call.end_ns)}
        edges |= {edge for trace in traces for edge in trace}
        ordered = sorted(edge for edge in edges if from_ns <= edge <= until_ns)
        for first, last in itertools.pairwise(ordered):
            around = [call for call in calls if call.begin_ns <= first and call.end_ns >= last]
            if any(begin <= first and end >= last for begin, end in traces):
                tracing += last - first
            elif around:
                own[max(around, key=lambda call: call.depth).call_id] += last - first
            elif thread == 0:
                gaps += last - first
    return own, tracing, gaps


def test_the_totals_of_a_thousand_random_windows_are_those_of_the_raw_calls(written: Written) -> None:
    chance = random.Random(3)
    for _ in range(1000):
        begin = chance.randrange(0, END_NS)
        end = min(END_NS, begin + int(10 ** chance.uniform(0, 3.8)))
        told = windows.of(written.told, begin, end)
        calls = [call for call in written.calls if is_open(call.begin_ns, call.end_ns, begin, end)]
        own, tracing, gaps = innermost(written, begin, end)
        assert told.duration_ns == end - begin
        assert told.calls == len(calls)
        assert told.traces == sum(first < end and last > begin for _, first, last in written.traces)
        assert told.errors == sum(begin <= time < end for time in written.errors)
        assert (told.tracing_ns, told.gaps_ns) == (tracing, gaps)
        counts = collections.Counter(call.mode for call in calls)
        assert {words.MODES.index(mode.mode): mode.calls for mode in told.modes} == dict(counts)
        for mode in told.modes:
            assert mode.self_ns == sum(own[call.call_id] for call in calls if words.MODES[call.mode] == mode.mode)
        by_row: dict[tuple[int, int], list[Call]] = collections.defaultdict(list)
        for call in calls:
            by_row[call.function, call.mode].append(call)
        assert told.more == 0
        assert {(row.definition_id, words.MODES.index(row.mode)) for row in told.definitions} == set(by_row)
        for row in told.definitions:
            mine = by_row[row.definition_id, words.MODES.index(row.mode)]
            assert row.calls == len(mine)
            assert row.total_ns == sum(min(call.end_ns, end) - max(call.begin_ns, begin) for call in mine)
            assert row.self_ns == sum(own[call.call_id] for call in mine)
        assert sum(mode.share for mode in told.modes) * (sum(own.values()) + tracing) == pytest.approx(sum(own.values()))


def test_the_tree_of_a_window_adds_up_to_its_calls(written: Written) -> None:
    chance = random.Random(5)
    for _ in range(60):
        begin = chance.randrange(0, END_NS)
        end = min(END_NS, begin + int(10 ** chance.uniform(0, 4.5)))
        told = flame.of(written.told, begin, end)
        own, tracing, _ = innermost(written, begin, end)
        assert told.left_out == 0
        assert sum(node.self_ns for node in told.nodes) == sum(own.values()) + tracing
        assert sum(row.self_ns for row in told.bottom_up) == sum(own.values()) + tracing
        for number, node in enumerate(told.nodes):
            assert node.node == number
            inside = [child for child in told.nodes if child.parent == number]
            assert node.total_ns == node.self_ns + sum(child.total_ns for child in inside)
            assert node.parent is None or node.parent < number
        shown: collections.Counter[int | None] = collections.Counter()
        for node in told.nodes:
            shown[node.definition_id] += node.calls
        spent = (call for call in written.calls if is_open(call.begin_ns, call.end_ns, begin, end) and own[call.call_id])
        assert all(shown[function] >= count for function, count in collections.Counter(call.function for call in spent).items())


def test_every_trace_and_error_is_led_to_in_order_of_time(written: Written) -> None:
    run = written.told.run
    drawn = timeline.Timeline(run, written.told.attribution)
    told = timeline_events.of(written.told, drawn)
    assert list(told.traces.start_ns) == sorted(first for _, first, _ in written.traces)
    assert sorted(told.traces.trace_id) == [trace.trace_id for trace in run.traces]
    assert list(told.errors.time_ns) == sorted(written.errors)
    assert sum(told.density) == len(written.calls)
    places = {call.call_id: (call.thread, call.depth) for call in written.calls}
    for of_kind in (told.traces, told.errors):
        for call_id, lane, row in zip(of_kind.call_id, of_kind.lane, of_kind.row, strict=True):
            assert call_id is not None
            assert (drawn.lanes[lane].thread_id, row) == places[call_id]
            assert drawn.place_of(0, call_id) == (lane, row)
    own, _, _ = innermost(written, 0, END_NS)
    longest = sorted(own.values(), reverse=True)[: timeline_events.LONGEST]
    assert list(told.longest.self_ns) == longest
    assert [own[call_id] for call_id in told.longest.call_id] == longest


def test_a_search_goes_through_all_calls_of_what_it_names_and_begins_anew(written: Written) -> None:
    run = written.told.run
    expected = sorted(call.begin_ns for call in written.calls if call.function == 3)
    at, found = -1, search.find(run, "F3", -1, 1)
    for number in range(1, len(set(expected)) + 1):
        found = search.find(run, "F3", at, 1)
        assert found.call is not None
        assert found.start_ns is not None
        row = run.calls.index_of(found.call.process, found.call.call_id)
        assert row is not None
        at = found.start_ns
        assert at == int(run.calls.start_ns[row])
        assert at == sorted(set(expected))[number - 1]
        assert expected[found.number - 1] == at
    assert (found.functions, found.calls) == (1, len(expected))
    assert search.find(run, "f3", at, 1).number == 1
    assert search.find(run, "f3", expected[0], -1).number == len(expected)
    assert search.find(run, "f", -1, 1).functions == 5
    assert (
        search.find(run, "f3 nothing", -1, 1)
        == search.find(run, " ", -1, 1)
        == search.Found(functions=0, calls=0, number=0, call=None, start_ns=None)
    )


def test_what_a_first_call_cost_is_a_sum_and_a_multiple_of_the_others(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    step, helper = session.function("step", kind="tf.function"), session.function("helper")
    signature = session.signature(step, x=files.tensor("float32", 3))
    trace = session.trace(step, ordinal=1, start_ns=0, duration_ns=4_500_000, call_id=0, signature=signature)
    first = session.call(step, 0, 5_360_000, mode=words.Mode.GRAPH, signature=signature, trace=trace)
    for number in range(9):
        later = session.call(step, 6_000_000 + number * 10_000, 2_000, mode=words.Mode.GRAPH, signature=signature)
        session.call(helper, 6_000_000 + number * 10_000, 500, parent=later, depth=1)
        session.call(helper, 6_000_500 + number * 10_000, 500, parent=later, depth=1)
    session.end()
    told = answers.Answers(reader.read(tmp_path).runs[0])
    costs = call_costs.of(told, 0, first)
    assert costs is not None
    assert costs.terms_text == "5.36 ms = 4.5 ms tracing + 858 µs first run beyond a later one + 2 µs a run"
    assert sum(term.ns for term in costs.terms) == 5_360_000
    assert costs.others is not None
    assert costs.others.text == "2,680 × the median of 10 calls"
    assert sum(costs.others.counts) == costs.others.calls == 10
    assert costs.others.counts[costs.others.own] == 1
    assert costs.others.edges_ns[costs.others.own] <= 5_360_000 < costs.others.edges_ns[costs.others.own + 1]
    assert costs.children == ()
    inner = call_costs.of(told, 0, later)
    assert inner is not None
    assert (inner.terms, inner.terms_text) == ((), "")
    assert [(child.title, child.calls, child.ns, child.share) for child in inner.children] == [("helper", 2, 1_000, 0.5)]
    assert call_costs.of(told, 0, 999) is None
