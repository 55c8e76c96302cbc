from __future__ import annotations

import pathlib

from tests.support import files
from tfmodetrace.insight import attribution, first_calls, reuse
from tfmodetrace.log import reader, tracelog
from tfmodetrace.schema import words


def run_in(logdir: pathlib.Path) -> tracelog.Run:
    (run,) = reader.read(logdir).runs
    return run


def first_calls_of(run: tracelog.Run) -> first_calls.FirstCalls:
    return first_calls.FirstCalls(run, attribution.Attribution(run))


def record(tmp_path: pathlib.Path, mode: words.Mode, later_ns: list[int]) -> tracelog.Run:
    """A function that is traced in its first call, of 1000 ns with 300 ns of tracing, with one signature; then called with another."""
    session = files.SessionFile(tmp_path)
    session.thread()
    step = session.function("step", kind="tf.function", parameters=("x",))
    one, two = session.signature(step, x=files.tensor("float32", 2)), session.signature(step, x=files.tensor("float32", 3))
    call = session.call(step, 0, 1000, mode=mode, signature=one, trace=0)
    session.trace(step, ordinal=1, start_ns=100, duration_ns=300, call_id=call, signature=one)
    for number, duration_ns in enumerate(later_ns):
        session.call(step, 2000 + 1000 * number, duration_ns, mode=mode, signature=one)
    call = session.call(step, 9000, 500, mode=mode, signature=two, trace=1)
    session.trace(step, ordinal=2, start_ns=9100, duration_ns=200, call_id=call, signature=two)
    session.call(step, 9600, 7, mode=words.Mode.TRACING, signature=two)
    session.end(end_ns=10_000)
    return run_in(tmp_path)


def test_a_first_call_costs_what_it_took_beyond_the_median_of_later_ones(tmp_path: pathlib.Path) -> None:
    first, other = first_calls_of(record(tmp_path, words.Mode.GRAPH, [90, 100, 400])).calls
    assert (first.trace_ids, first.mode, first.later_calls, first.later_ns) == ((0,), "graph", 3, 100)
    assert (first.cost_ns, first.tracing_ns, first.xla_ns, first.rest_ns) == (900, 300, 0, 600)
    assert (other.later_ns, other.cost_ns, other.xla_ns, other.rest_ns) == (None, None, None, None), "it was never called again"
    assert (other.tracing_ns, other.known_cost_ns) == (200, 200)


def test_beyond_tracing_what_runs_compiled_was_being_compiled(tmp_path: pathlib.Path) -> None:
    first, _ = first_calls_of(record(tmp_path, words.Mode.XLA, [100])).calls
    assert (first.mode, first.cost_ns, first.tracing_ns, first.xla_ns, first.rest_ns) == ("xla", 900, 300, 600, 0)


def test_a_first_call_that_was_no_slower_than_later_ones_cost_nothing_and_never_less(tmp_path: pathlib.Path) -> None:
    first, _ = first_calls_of(record(tmp_path, words.Mode.GRAPH, [2000])).calls
    assert (first.cost_ns, first.rest_ns) == (0, 0)


def test_first_calls_of_five_percent_of_the_wall_time_are_slow(tmp_path: pathlib.Path) -> None:
    found = first_calls_of(record(tmp_path, words.Mode.GRAPH, [100]))
    assert [(slow.call.cost_ns, slow.share) for slow in found.slow({0: 10_000})] == [(900, 0.09)]
    assert len(found.slow({0: 4_000})) == 2
    assert found.slow({0: 0}) == found.slow({0: 18_001}) == ()


def test_what_traces_cost_counts_each_call_once(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    step = session.function("step", kind="tf.function", parameters=("x",))
    signature = session.signature(step, x=files.tensor("float32", 2))
    call = session.call(step, 0, 1000, mode=words.Mode.GRAPH, signature=signature, trace=1)
    session.trace(step, ordinal=1, start_ns=100, duration_ns=300, call_id=call, signature=signature)
    session.trace(step, ordinal=2, start_ns=400, duration_ns=100, call_id=call, signature=signature)
    session.call(step, 2000, 50, mode=words.Mode.GRAPH, signature=signature)
    session.trace(step, ordinal=3, start_ns=3000, duration_ns=70)
    session.end()
    found = first_calls_of(run_in(tmp_path))
    assert [first.trace_ids for first in found.calls] == [(0, 1)]
    assert found.cost_ns([0, 1]) == 950
    assert found.cost_ns([1, 2]) == 950 + 70


def test_calls_whose_signature_was_not_recorded_are_held_against_none(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    step = session.function("step", kind="tf.function")
    call = session.call(step, 0, 1000, mode=words.Mode.GRAPH, trace=0)
    session.trace(step, ordinal=1, start_ns=100, duration_ns=300, call_id=call)
    session.call(step, 2000, 50, mode=words.Mode.GRAPH)
    session.end()
    (first,) = first_calls_of(run_in(tmp_path)).calls
    assert (first.later_calls, first.cost_ns) == (0, None)


def test_a_call_that_traced_something_else_is_no_later_call(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    step, mapped = session.function("step", kind="tf.function", parameters=("x",)), session.function("m", kind="tf.data")
    signature = session.signature(step, x=files.tensor("float32", 2))
    call = session.call(step, 0, 1000, mode=words.Mode.GRAPH, signature=signature, trace=0)
    session.trace(step, ordinal=1, start_ns=100, duration_ns=300, call_id=call, signature=signature)
    session.call(step, 2000, 900, mode=words.Mode.GRAPH, signature=signature)
    session.trace(mapped, ordinal=1, start_ns=2100, duration_ns=0)
    session.call(step, 4000, 50, mode=words.Mode.GRAPH, signature=signature)
    session.end()
    (first,) = first_calls_of(run_in(tmp_path)).calls
    assert (first.later_calls, first.later_ns) == (1, 50)


def test_a_function_object_that_served_twenty_calls_a_trace_is_healthy(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    healthy, hardly, inside = (session.function(name, kind="tf.function") for name in ("healthy", "hardly", "inside"))
    mapped, eager = session.function("m", kind="tf.data"), session.function("eager")
    for function, calls, mode in (
        (healthy, 40, words.Mode.GRAPH),
        (hardly, 39, words.Mode.XLA),
        (inside, 20, words.Mode.TRACING),
        (eager, 99, words.Mode.EAGER),
    ):
        for number in range(calls):
            session.call(function, number, 1, mode=mode)
    for function, traces in ((healthy, 2), (hardly, 2), (inside, 1), (mapped, 1)):
        for ordinal in range(traces):
            session.trace(function, ordinal=ordinal + 1)
    session.end()
    counted = reuse.by_function(run_in(tmp_path))
    assert [(one.traces, one.calls, one.per_trace) for one in counted] == [
        (2, 40, 20.0),
        (2, 39, 19.5),
        (1, 20, 20.0),
        (1, None, None),
        (0, 0, None),
    ]
    assert [one.healthy for one in counted] == [True, False, True, False, False]


def called_once_each(tmp_path: pathlib.Path, durations_ns: list[int], *, widths: list[int | None], alike: bool = True) -> tracelog.Run:
    """A function that is called once with each of some Python numbers, and traced for it, 100 ns each time."""
    session = files.SessionFile(tmp_path)
    session.thread()
    step = session.function("step", kind="tf.function", parameters=("x", "rate"))
    for number, (duration_ns, width) in enumerate(zip(durations_ns, widths, strict=True)):
        key = files.arguments(x=files.tensor("float32", width), rate=files.literal(number))
        signature = session.signature(step, x=files.tensor("float32", width), rate=files.literal(number))
        call = session.call(step, 10_000 * number, duration_ns, mode=words.Mode.GRAPH, signature=signature, trace=number)
        session.trace(step, ordinal=number + 1, start_ns=10_000 * number, duration_ns=100, call_id=call, signature=signature, key=key)
    for number, trace in enumerate(session.chunk.traces):
        session.graph(graph_id=number, traces=[trace])
        session.chunk.graphs[number].op_types[0].ops += 0 if alike else number
    session.end(end_ns=100_000)
    return run_in(tmp_path)


def test_calls_of_graphs_alike_that_never_ran_again_need_no_more_than_the_quickest_of_them(tmp_path: pathlib.Path) -> None:
    found = first_calls_of(called_once_each(tmp_path, [5000, 1100, 3000], widths=[4, 4, 4]))
    assert [(call.later_ns, call.needed_ns, call.known_cost_ns) for call in found.calls] == [
        (None, 1000, 4000),
        (None, 1000, 100),
        (None, 1000, 2000),
    ]
    assert found.cost_ns([0, 1, 2]) == 6100


def test_calls_of_graphs_that_compute_something_else_are_not_held_against_each_other(tmp_path: pathlib.Path) -> None:
    found = first_calls_of(called_once_each(tmp_path, [5000, 1100, 3000], widths=[4, 4, 4], alike=False))
    assert [call.known_cost_ns for call in found.calls] == [100, 100, 100], "the tracing is all that is known"


def test_of_graphs_for_any_size_it_is_not_known_what_they_had_to_compute(tmp_path: pathlib.Path) -> None:
    found = first_calls_of(called_once_each(tmp_path, [5000, 1100], widths=[None, None]))
    assert [call.known_cost_ns for call in found.calls] == [100, 100]


def test_what_computes_with_smaller_tensors_needs_no_more_and_with_larger_ones_it_is_not_known(tmp_path: pathlib.Path) -> None:
    found = first_calls_of(called_once_each(tmp_path, [5000, 1100, 3000], widths=[4, 5, 6]))
    assert [call.known_cost_ns for call in found.calls] == [4000, 100, 100]
