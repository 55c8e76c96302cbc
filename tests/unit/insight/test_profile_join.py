"""Which call caused what, on profiles made by hand; tests/integration/profiler does the same with TensorFlow's own."""

from __future__ import annotations

import pathlib
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from tests.support import files, xspaces
from tests.support.profiled_jobs import OFFSET_NS, Job
from tfmodetrace import log
from tfmodetrace.insight import profile_events, profile_join, profile_times, profiles
from tfmodetrace.insight.profile_events import Kind
from tfmodetrace.log import tracelog, xplane
from tfmodetrace.schema import words


@pytest.fixture
def job(tmp_path: pathlib.Path) -> Job:
    return Job(tmp_path)


def calls_of(run: tracelog.Run, joined: profile_join.JoinedProfile) -> dict[str, list[int | None]]:
    """By name of event, the ids of the calls to which such events belong."""
    found: dict[str, list[int | None]] = {}
    for event in np.flatnonzero(~joined.is_call).tolist():
        name = joined.profile.names[joined.profile.name[event]]
        row = int(joined.call[event])
        found.setdefault(name, []).append(None if row < 0 else int(run.calls.call_id[row]))
    return found


def test_what_happens_within_a_call_on_its_thread(job: Job) -> None:
    outer = job.call(100, 800)
    inner = job.call(300, 200, depth=1)
    job.event("a:A", 150, 20)
    job.event("b:B", 350, 20)
    job.event("c:C", 600, 20)
    job.event("d:D", 950, 20)
    run, joined = job.joined()
    assert calls_of(run, joined) == {"a:A": [outer], "b:B": [inner], "c:C": [outer], "d:D": [None]}


def test_what_another_thread_does_belongs_to_the_call_that_asked_for_it(job: Job) -> None:
    worker, second = (job.space.line("/host:CPU", name) for name in ("worker", "second"))
    first_call, second_call = job.call(100, 100), job.call(300, 100)
    job.event("FunctionRun", 110, 5, _pt=2, _p=2**64 - 5)
    job.event("FunctionRun", 310, 5, _pt=2, _p=77)
    # Later than the call that asked, and while the other one runs.
    job.event("ExecutorState::Process", 320, 50, line=worker, _ct=2, _c=2**64 - 5)
    job.event("a:A", 325, 10, line=worker)
    job.event("ExecutorState::Process", 380, 20, line=worker, _ct=2, _c=77)
    job.event("b:B", 385, 10, line=worker)
    # Handed on from thread to thread.
    job.event("ThreadpoolListener::Record", 326, 0, line=worker, _pt=15, _p=9)
    job.event("ThreadpoolListener::StartRegion", 330, 0, line=second, _ct=15, _c=9)
    job.event("c:C", 332, 10, line=second)
    job.event("ThreadpoolListener::StopRegion", 350, 0, line=second)
    job.event("d:D", 355, 5, line=second)
    # Numbers mean nothing without their type.
    job.event("ExecutorState::Process", 360, 10, line=second, _ct=3, _c=77)
    job.event("e:E", 361, 5, line=second)
    run, joined = job.joined()
    owners = calls_of(run, joined)
    assert {name: owners[name] for name in ("a:A", "b:B", "c:C", "d:D", "e:E")} == {
        "a:A": [first_call],
        "b:B": [second_call],
        "c:C": [first_call],
        "d:D": [None],
        "e:E": [None],
    }


def test_kernels_on_threads_of_their_own_tell_the_execution_they_belong_to(job: Job) -> None:
    own = job.space.line("/host:CPU", "tf_data_iterator_get_next")
    call = job.call(100, 500)
    job.event("FunctionRun", 110, 5, id=2**64 - 77)
    job.event("IteratorGetNextOp::DoCompute", 150, 100, line=own, id=2**64 - 77)
    job.event("Iterator::Root", 160, 80, line=own, id=110)  # an iterator's number, not an execution's
    job.event("IteratorGetNextOp::DoCompute", 300, 100, line=own, id=5)
    job.event("Iterator::Root", 310, 80, line=own, id=110)
    run, joined = job.joined()
    assert calls_of(run, joined)["Iterator::Root"] == [call, None]


def test_a_number_that_two_events_hand_out_tells_nothing(job: Job) -> None:
    worker = job.space.line("/host:CPU", "worker")
    job.call(100, 100)
    job.call(300, 100)
    for start_ns in (110, 310):
        job.event("FunctionRun", start_ns, 5, _pt=2, _p=2**64 - 1)
    job.event("ExecutorState::Process", 320, 50, line=worker, _ct=2, _c=2**64 - 1)
    job.event("a:A", 325, 10, line=worker)
    run, joined = job.joined()
    assert calls_of(run, joined)["a:A"] == [None]


def test_work_of_unknown_origin_on_the_calls_own_thread_is_the_calls(job: Job) -> None:
    call = job.call(100, 100)
    job.event("ExecutorState::Process", 120, 50, _ct=2, _c=2**64 - 1)
    job.event("a:A", 125, 10)
    run, joined = job.joined()
    assert calls_of(run, joined)["a:A"] == [call]


def test_work_that_is_handed_on_many_times(job: Job) -> None:
    call = job.call(100, 800)
    job.event("FunctionRun", 110, 5, _pt=2, _p=100)
    for number in range(12):
        line = job.space.line("/host:CPU", f"worker {number}")
        job.event("ExecutorState::Process", 120 + 10 * number, 8, line=line, _ct=2, _c=100 + number)
        job.event("FunctionRun", 122 + 10 * number, 1, line=line, _pt=2, _p=101 + number)
        job.event("a:A", 124 + 10 * number, 2, line=line)
    run, joined = job.joined()
    assert calls_of(run, joined)["a:A"] == [call] * 12


def test_work_that_was_handed_over_before_any_call_is_its_threads_calls(job: Job) -> None:
    job.event("FunctionRun", 50, 5, _pt=2, _p=7)
    call = job.call(100, 100)
    job.event("ExecutorState::Process", 120, 50, _ct=2, _c=7)
    job.event("a:A", 125, 10)
    run, joined = job.joined()
    assert calls_of(run, joined)["a:A"] == [call]


def test_circles_of_numbers_end(job: Job) -> None:
    one, two = (job.space.line("/host:CPU", name) for name in ("one", "two"))
    job.call(100, 100)
    job.event("p", 110, 20, line=one, _pt=1, _p=1, _ct=1, _c=2)
    job.event("q", 110, 20, line=two, _pt=1, _p=2, _ct=1, _c=1)
    run, joined = job.joined()
    assert calls_of(run, joined) == {"p": [None], "q": [None]}


def test_kernels_belong_to_the_call_that_launched_them(job: Job) -> None:
    stream = job.space.line("/device:GPU:0", "Stream #7")
    first, second = job.call(100, 50), job.call(200, 50)
    job.event("cuLaunchKernel", 110, 5, correlation_id=1)
    job.event("cuLaunchKernel", 210, 5, correlation_id=2)
    job.event("gemm", 400, 100, line=stream, correlation_id=1)
    job.event("gemm", 500, 30, line=stream, correlation_id=2)
    job.event("memset", 600, 30, line=stream, correlation_id=3)
    run, joined = job.joined()
    owners = calls_of(run, joined)
    assert owners["gemm"] == [first, second]
    assert owners["memset"] == [None]
    (times,) = profile_times.CallTimes(run, joined).by_function()
    assert times["kernels"] == [{"name": "gemm", "count": 2, "self_ns": 130}]


def test_calls_of_another_recording_are_not_taken_for_ours(job: Job) -> None:
    call = job.call(100, 300)
    job.space.call(job.main, "theirs", 150, 100, call, recording="sanother")
    job.event("a:A", 160, 10)
    job.event("b:B", 300, 10)
    run, joined = job.joined()
    assert calls_of(run, joined) == {"a:A": [None], "b:B": [call]}


@pytest.mark.parametrize("drift", [0.0, 50e-6, -20e-6])
def test_clocks_that_drift_apart(tmp_path: pathlib.Path, drift: float) -> None:
    job = Job(tmp_path)
    generator = np.random.default_rng(1)
    for number in range(3000):
        at = number * 20_000_000  # a minute
        begin = round(at * (1 + drift)) + OFFSET_NS
        before, after = generator.integers(200, 3_000, 2)  # up to some microseconds, as recording takes
        if number % 7 == 0:
            before += int(generator.integers(0, 5_000_000))  # the thread was interrupted
        call_id = job.session.call(job.function, begin, 1_000_000)
        job.space.call(job.main, "step", at - int(before), 1_000_000 + int(before + after), call_id)
    _, joined = job.joined()
    assert joined.clock.residual_ns is not None
    assert joined.clock.residual_ns < 2_000
    assert joined.clock.drift == pytest.approx(drift, abs=1e-7)
    times = np.array([0, 60_000_000_000])
    assert joined.clock.to_run(times) == pytest.approx(times * (1 + drift) + OFFSET_NS, abs=3_000)


def test_a_clock_that_was_set_while_profiling_is_told(tmp_path: pathlib.Path) -> None:
    job = Job(tmp_path, duration_ns=4_000_000_000)
    for number in range(100):
        at = number * 40_000_000
        call_id = job.session.call(job.function, at + OFFSET_NS, 1_000_000)
        job.space.call(job.main, "step", at + (900_000_000 if number >= 50 else 0), 1_000_100, call_id)
    run = job.run()
    (described,) = profiles.RunProfiles(run).describe()
    assert described["clock"]["residual_ns"] > 100_000_000
    assert "The clocks of the profile" in described["note"]


# --- Where the time goes ------------------------------------------------------------------------------------------------------------------


def parts_of(job: Job) -> list[dict[str, int]]:
    run, joined = job.joined()
    times = profile_times.CallTimes(run, joined)
    assert (times.parts_ns.sum(axis=1) == run.calls.duration_ns[times.calls]).all()
    return [{part: ns for part, ns in zip(profile_events.PARTS, row, strict=True) if ns} for row in times.parts_ns.tolist()]


def test_an_eager_call(job: Job) -> None:
    job.call(100, 400, mode=words.Mode.EAGER)
    job.event("TFE_Py_FastPathExecute_C", 150, 200)
    job.event("EagerExecute", 160, 180, eager_op="MatMul", is_func=0)
    job.event("EagerLocalExecute: MatMul", 165, 170)
    job.event("EagerCopyToDevice", 170, 10)
    job.event("EagerKernelExecute", 190, 120)
    job.event("KernelAndDeviceFunc::Run", 195, 110)
    assert parts_of(job) == [{"python": 200, "dispatch": 70, "ops": 120, "copies": 10}]
    run, joined = job.joined()
    (row,) = profile_times.CallTimes(run, joined).by_function()
    assert row["op_types"] == [{"name": "MatMul", "count": 1, "self_ns": 120}]
    assert (row["ops"], row["between_ops_ns"]) == (1, 270)


def test_a_graph_call_waits_for_other_threads(job: Job) -> None:
    worker, second = (job.space.line("/host:CPU", name) for name in ("worker", "second"))
    job.call(100, 1000)
    job.event("step", 110, 980, tf_function_call="notTraced-nonXla")
    job.event("EagerExecute", 200, 850, eager_op="__inference_step_1", is_func=1)
    job.event("EagerLocalExecute: __inference_step_1", 210, 830)
    job.event("EagerKernelExecute", 220, 800)
    job.event("KernelAndDeviceFunc::Run", 220, 800)
    job.event("FunctionRun", 230, 90, _pt=2, _p=1)
    for line, ops in ((worker, ((300, 100), (500, 50))), (second, ((350, 100),))):
        job.event("ExecutorState::Process", 290, 400, line=line, _ct=2, _c=1)
        for start_ns, duration_ns in ops:
            job.event("a:MatMul", start_ns, duration_ns, line=line)
    # 300 to 450 and 500 to 550 an op ran; the first 20 ns of it before FunctionRun had come back.
    assert parts_of(job) == [{"python": 20, "dispatch": 250, "ops": 200, "idle": 530}]


def test_two_threads_wait_each_for_its_own_ops(job: Job) -> None:
    other = job.session.thread("other")
    lines = {0: job.main, other: job.space.line("/host:CPU", "other")}
    worker, second = (job.space.line("/host:CPU", name) for name in ("worker", "second"))
    for thread, line in lines.items():
        call_id = job.session.call(job.function, 100 + OFFSET_NS, 1000, mode=words.Mode.GRAPH, thread=thread)
        job.space.call(line, "step", 100, 1000, call_id)
        job.event("EagerExecute", 200, 850, line=line, eager_op="__inference_step_1", is_func=1)
        job.event("EagerLocalExecute: __inference_step_1", 200, 850, line=line)
        job.event("EagerKernelExecute", 200, 800, line=line)
        job.event("FunctionRun", 210, 10, line=line, _pt=2, _p=10 + thread)
    for line, context, start_ns, duration_ns in ((worker, 10, 300, 300), (second, 10 + other, 500, 50)):
        job.event("ExecutorState::Process", start_ns, duration_ns, line=line, _ct=2, _c=context)
        job.event("a:MatMul", start_ns, duration_ns, line=line)
    first, second_parts = parts_of(job)
    assert (first["ops"], first["idle"]) == (300, 490)
    assert (second_parts["ops"], second_parts["idle"]) == (50, 740)


def test_what_begins_at_the_same_moment_is_inside_what_lasts_longer(job: Job) -> None:
    job.event("a:MatMul", 100, 30)
    job.event("EagerExecute", 100, 60)
    job.call(100, 200, early_ns=0)
    assert parts_of(job) == [{"python": 140, "dispatch": 30, "ops": 30}]


def test_tracing_takes_in_everything_inside_it(job: Job) -> None:
    job.call(100, 1000)
    job.event("step", 110, 900, tf_function_call="traced-nonXla")
    job.event("tf.function-graph_building", 200, 500)
    job.event("tf.constant", 250, 50)
    job.event("EagerExecute", 260, 20, eager_op="_EagerConst", is_func=0)
    assert parts_of(job) == [{"python": 100, "dispatch": 400, "tracing": 500}]


def test_a_body_that_is_traced_is_tracing(job: Job) -> None:
    job.call(100, 1000)
    job.event("tf.function-graph_building", 200, 500)
    job.call(300, 200, mode=words.Mode.TRACING, depth=1, early_ns=0)
    assert parts_of(job) == [{"python": 500, "tracing": 300, "calls": 200}, {"tracing": 200}]


def test_a_program_of_xlas_compiles_only_where_it_says_so(job: Job) -> None:
    for begin, compiles in ((0, True), (2000, False)):
        job.call(begin + 100, 1000, mode=words.Mode.XLA)
        job.event("EagerExecute", begin + 110, 900, eager_op="__inference_<lambda>_1", is_func=1)
        job.event("EagerLocalExecute: __inference_<lambda>_1", begin + 110, 900)
        job.event("EagerKernelExecute", begin + 120, 880)
        job.event("__inference_<lambda>_1:__inference_<lambda>_1", begin + 120, 880)
        if compiles:
            job.event("CpuCompiler::RunBackend", begin + 300, 200)
        job.event("CpuExecutable::ExecuteAsyncOnStream", begin + 800, 100)
        job.event("wrapped_tanh", begin + 810, 50, hlo_op="wrapped_tanh")
    compiled, cached = parts_of(job)
    assert compiled == {"python": 100, "dispatch": 20, "compile": 780, "ops": 100}
    assert cached == {"python": 100, "dispatch": 800, "ops": 100}
    run, joined = job.joined()
    (row,) = profile_times.CallTimes(run, joined).by_function()
    assert row["kernels"] == [{"name": "wrapped_tanh", "count": 2, "self_ns": 100}]
    assert row["ops"] == 0


def test_a_generator_is_idle_while_it_is_suspended(job: Job) -> None:
    job.event("before", 50, 1)
    job.event("after", 950, 1)
    call_id = job.session.call(job.function, 100 + OFFSET_NS, 800, flags=words.CallFlag.SUSPENDABLE)
    for begin, duration_ns in ((100, 200), (500, 100), (850, 50)):
        job.space.call(job.main, "batches", begin, duration_ns, call_id)
    job.event("a:MatMul", 150, 100)
    job.event("theirs:Add", 400, 50)
    assert parts_of(job) == [{"python": 250, "ops": 100, "idle": 450}]
    run, joined = job.joined()
    (row,) = profile_times.CallTimes(run, joined).by_function()
    assert (row["ops"], row["between_ops_ns"]) == (1, 250)


def test_a_generator_that_began_before_the_profile_is_left_out(job: Job) -> None:
    whole = job.call(100, 100)
    part = job.session.call(job.function, OFFSET_NS + 90, 2000, flags=words.CallFlag.SUSPENDABLE)
    job.space.call(job.main, "batches", 300, 100, part)
    job.event("a:MatMul", 150, 10)
    job.event("b:MatMul", 350, 10)
    run, joined = job.joined()
    assert calls_of(run, joined) == {"a:MatMul": [whole], "b:MatMul": [None]}


@pytest.mark.parametrize(("start_ns", "duration_ns"), [(210, 700), (50, 400)], ids=["after", "before"])
def test_thread_pools_say_nothing_of_when_the_profiler_listened(job: Job, start_ns: int, duration_ns: int) -> None:
    whole = job.call(100, 400)
    part = job.session.call(job.function, OFFSET_NS + start_ns, duration_ns, flags=words.CallFlag.SUSPENDABLE)
    job.space.call(job.main, "batches", 300, 100, part)
    job.event("a:MatMul", 150, 10)
    job.event("b:MatMul", 350, 10)
    pool = job.space.line("/host:CPU", "tf_pool")
    for at in (5, 990):
        job.event("ThreadpoolListener::Record", at, 0, line=pool)
    run, joined = job.joined()
    assert calls_of(run, joined)["a:MatMul"] == [whole]
    assert calls_of(run, joined)["b:MatMul"] == [None]


def test_what_is_not_known_is_other_unless_it_is_part_of_something(job: Job) -> None:
    job.call(100, 1000)
    job.event("SomethingNew", 200, 100)
    job.event("EagerExecute", 400, 100)
    job.event("SomethingElse", 410, 50)
    job.event("train", 600, 100, step_num=4)
    assert parts_of(job) == [{"python": 800, "dispatch": 100, "other": 100}]


def test_allocations_of_a_call(job: Job) -> None:
    call = job.call(100, 1000)
    job.event("a:MatMul", 200, 100)
    for start_ns, size, shape in ((210, 64, "[4,4]"), (220, 1024, "[16,16]")):
        job.event("MemoryAllocation", start_ns, 0, allocation_bytes=size, peak_bytes_in_use=size * 2, tf_op="MatMul", shape=shape)
    job.event("MemoryDeallocation", 290, 0, allocation_bytes=64)
    job.event("MemoryAllocation", 2000, 0, allocation_bytes=1, peak_bytes_in_use=1)
    run = job.run()
    times = profiles.RunProfiles(run).of_call(0, call)
    assert times is not None
    assert times["memory"] == {
        "allocations": 2,
        "allocated_bytes": 1088,
        "freed_bytes": 64,
        "peak_bytes": 2048,
        "largest": [{"bytes": 1024, "op": "MatMul", "shape": "[16,16]"}, {"bytes": 64, "op": "MatMul", "shape": "[4,4]"}],
    }


def test_an_op_that_begins_when_another_ends_is_not_inside_it(job: Job) -> None:
    job.call(100, 1000)
    job.event("a:Sin", 200, 50)
    job.event("b:Cos", 250, 30)
    run, joined = job.joined()
    (row,) = profile_times.CallTimes(run, joined).by_function()
    assert row["op_types"] == [{"name": "Sin", "count": 1, "self_ns": 50}, {"name": "Cos", "count": 1, "self_ns": 30}]


def test_an_op_of_a_graph_that_calls_a_function_takes_all_of_its_time(job: Job) -> None:
    job.call(100, 1000)
    job.event("py:EagerPyFunc", 200, 500)
    job.event("EagerExecute", 250, 200, eager_op="__inference_g_1", is_func=1)
    job.event("EagerLocalExecute: __inference_g_1", 250, 200)
    job.event("EagerKernelExecute", 260, 100)
    run, joined = job.joined()
    (row,) = profile_times.CallTimes(run, joined).by_function()
    assert row["op_types"] == [{"name": "EagerPyFunc", "count": 1, "self_ns": 500}]


def test_an_op_inside_an_op_counts_apart(job: Job) -> None:
    job.call(100, 1000)
    job.event("outer:MapDefun", 200, 500)
    job.event("something", 250, 200)
    job.event("inner:MatMul", 300, 100)
    run, joined = job.joined()
    (row,) = profile_times.CallTimes(run, joined).by_function()
    assert row["op_types"] == [{"name": "MapDefun", "count": 1, "self_ns": 400}, {"name": "MatMul", "count": 1, "self_ns": 100}]


_NAMES = (
    "EagerExecute",
    "EagerLocalExecute: MatMul",
    "EagerLocalExecute: __inference_f_1",
    "EagerKernelExecute",
    "KernelAndDeviceFunc::Run",
    "tf.function-graph_building",
    "__inference_f_1:__inference_f_1",
    "CpuCompiler::RunBackend",
    "CpuExecutable::Execute",
    "a:MatMul",
    "unknown",
    "ExecutorState::Process",
)


@hypothesis.given(st.lists(st.tuples(st.sampled_from(_NAMES), st.integers(0, 1200), st.integers(0, 700)), max_size=25), st.data())
@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_parts_add_up_whatever_is_in_a_profile(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, int, int]], data: st.DataObject
) -> None:
    job = Job(tmp_path_factory.mktemp("job"))
    worker = job.space.line("/host:CPU", "worker")
    job.call(100, 900)
    job.call(300, 200, depth=1)
    for name, start_ns, duration_ns in events:
        context = {"_ct": 2, "_c": 1} if data.draw(st.booleans()) else {"_pt": 2, "_p": 1} if data.draw(st.booleans()) else {}
        job.event(name, start_ns, duration_ns, line=data.draw(st.sampled_from([job.main, worker])), **context)
    for parts, duration_ns in zip(parts_of(job), (900, 200), strict=True):
        assert sum(parts.values()) == duration_ns
        assert min(parts.values(), default=0) >= 0


# --- What the run says of its profiles ---------------------------------------------------------------------------------------------------


def note_of(run: tracelog.Run) -> dict[str, Any]:
    (described,) = profiles.RunProfiles(run).describe()
    return described


def test_a_joined_profile_says_what_it_covers(job: Job) -> None:
    job.call(100, 800)
    job.event("a:A", 150, 20)
    job.event("z:Z", 950, 20)
    described = note_of(job.run())
    assert described["note"] is None
    assert (described["begin_ns"], described["end_ns"]) == (OFFSET_NS, OFFSET_NS + 1_000_000)
    assert (described["calls"], described["events"], described["attached_events"]) == (1, 3, 2)
    assert described["clock"] == {"offset_ns": OFFSET_NS, "drift_ppm": 0.0, "residual_ns": 0, "calls": 1}


def test_a_profile_of_a_tensorflow_that_calls_everything_otherwise(job: Job) -> None:
    job.call(100, 800)
    job.event("NewRuntime::Execute", 150, 500)
    job.event("EagerExecute", 700, 100)
    described = note_of(job.run())
    assert "has names that this version of tfmodetrace does not know" in described["note"]
    assert described["calls"] == 1


def test_a_profile_of_another_recording(tmp_path: pathlib.Path) -> None:
    job = Job(tmp_path)
    job.session.call(job.function, 100, 100)
    job.space.call(job.main, "step", 100, 100, 0, recording="sanother")
    described = note_of(job.run())
    assert "shows calls of another recording" in described["note"]
    assert (described["begin_ns"], described["calls"], described["clock"]) == (None, 0, None)


def test_a_profile_in_which_nothing_recorded_happened_still_has_its_window(tmp_path: pathlib.Path) -> None:
    job = Job(tmp_path)
    job.session.call(job.function, 100, 100)
    job.event("a:A", 150, 20)
    described = note_of(job.run())
    assert "No call that was recorded began and ended" in described["note"]
    assert (described["begin_ns"], described["end_ns"]) == (OFFSET_NS, OFFSET_NS + 1_000_000)


def test_a_profile_of_another_time(tmp_path: pathlib.Path) -> None:
    job = Job(tmp_path)
    job.space = xspaces.SpaceFile(files.START_UNIX_NS + 3_600_000_000_000, 1_000_000)
    job.space.event(job.space.line("/host:CPU", "python"), "a:A", 1, 1)
    job.session.call(job.function, 100, 100)
    described = note_of(job.run())
    assert "was made at another time" in described["note"]
    assert described["begin_ns"] is None


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "it is empty"), (b"\x0a\xff\xff\x03", "it is damaged, cut off, or no profile"), (b"junk", "it is damaged")],
)
def test_a_profile_that_cannot_be_read_costs_nothing_else(job: Job, content: bytes, says: str) -> None:
    call = job.call(100, 800)
    job.event("a:A", 150, 20)
    job.run()
    bad = job.logdir / "plugins" / "profile" / "another" / "h.xplane.pb"
    bad.parent.mkdir()
    bad.write_bytes(content)
    run = log.read(job.logdir).runs[0]
    found = profiles.RunProfiles(run)
    notes = {row["session"]: row["note"] for row in found.describe()}
    assert says in notes["another"]
    assert str(bad) in notes["another"]
    assert notes["2026_01_01_00_00_00"] is None
    assert found.of_call(0, call) is not None


def test_a_profile_that_lies_in_two_places_counts_once(job: Job) -> None:
    job.call(100, 800)
    job.event("a:A", 150, 20)
    job.space.write(job.logdir, session="copy")
    found = profiles.RunProfiles(job.run())
    assert [row["calls"] for row in found.describe()] == [1, 0]
    assert "is the same as" in found.describe()[1]["note"]
    assert found.by_function()[0]["op_types"] == [{"name": "A", "count": 1, "self_ns": 20}]


def test_two_profiles_of_one_recording_add_up(tmp_path: pathlib.Path) -> None:
    job = Job(tmp_path)
    job.call(100, 400)
    job.event("a:A", 150, 20)
    job.event("MemoryAllocation", 160, 0, allocation_bytes=8, peak_bytes_in_use=80)
    job.run()
    job.space = xspaces.SpaceFile(files.START_UNIX_NS + OFFSET_NS, 1_000_000)
    job.main = job.space.line("/host:CPU", "python")
    job.call(600, 300)
    job.event("b:A", 650, 30)
    job.event("c:C", 700, 5)
    job.session.flush()
    job.space.write(job.logdir, session="second")
    found = profiles.RunProfiles(log.read(job.logdir).runs[0])
    (row,) = found.by_function()
    assert (row["calls"], row["duration_ns"], row["ops"]) == (2, 700, 3)
    assert row["op_types"] == [{"name": "A", "count": 2, "self_ns": 50}, {"name": "C", "count": 1, "self_ns": 5}]
    assert sum(row["parts_ns"].values()) == 700
    assert row["memory"]["allocations"] == 1


def test_lanes_hold_what_calls_did_by_thread_and_line(job: Job) -> None:
    worker, stream = job.space.line("/host:CPU", "worker"), job.space.line("/device:GPU:0", "Stream #7")
    call = job.call(100, 800, mode=words.Mode.EAGER)
    job.event("EagerExecute", 150, 200)
    job.event("EagerLocalExecute: MatMul", 150, 200)
    job.event("EagerCopyToDevice", 160, 10)
    job.event("FunctionRun", 400, 10, _pt=2, _p=1)
    job.event("cuLaunchKernel", 420, 10, correlation_id=4)
    job.event("ExecutorState::Process", 500, 100, line=worker, _ct=2, _c=1)
    job.event("a:Add", 510, 20, line=worker)
    job.event("unattached:Add", 700, 20, line=worker)
    job.event("gemm", 600, 50, line=stream, correlation_id=4)
    found = profiles.RunProfiles(job.run())
    lanes = [(lane.label, lane.own_thread, lane.device, lane.rows, lane.events) for lane in found.lanes]
    assert lanes == [("python", True, False, 1, 1), ("worker", False, False, 1, 1), ("GPU:0 Stream #7", False, True, 1, 1)]
    names = []
    for lane in found.lanes:
        drawn = found.slices(lane.lane, 0, 10_000_000, 1)
        assert drawn.columns["call_id"].tolist() == [call]
        assert [profile_events.PARTS[part] for part in drawn.columns["mode"]] == ["ops"]
        names.append((found.names[drawn.columns["function_id"][0]], drawn.columns["start_ns"][0], drawn.columns["duration_ns"][0]))
    assert names == [
        ("MatMul", OFFSET_NS + 150, 200),
        ("Add a", OFFSET_NS + 510, 20),
        ("gemm", OFFSET_NS + 600, 50),
    ]
    with pytest.raises(IndexError, match="no lane"):
        found.slices(profiles.FIRST_LANE + 3, 0, 1, 1)


@pytest.mark.parametrize(
    ("name", "kind", "op_type"),
    [
        ("model/dense/MatMul:MatMul", Kind.OPS, "MatMul"),
        ("scope>x.y-z\\w:_MklMatMul", Kind.OPS, "_MklMatMul"),
        ("KernelAndDeviceFunc::Run", Kind.UNKNOWN, ""),
        ("train:step", Kind.UNKNOWN, ""),
        ("_send_Sink_0:_Send", Kind.UNKNOWN, ""),
        ("send:_Send", Kind.COPIES, "_Send"),
        ("Iterator::Root::Map", Kind.OPS, "Dataset"),
        ("EagerLocalExecute: MatMul", Kind.DISPATCH, "MatMul"),
        ("EagerLocalExecute: __forward_f_3", Kind.FUNCTION, ""),
        ("$train.py:12 fit", Kind.PYTHON, ""),
        ("MemcpyHToD", Kind.COPIES, ""),
    ],
)
def test_what_a_name_says(name: str, kind: Kind, op_type: str) -> None:
    facts = profile_events.facts_of(name)
    assert (facts.kind, facts.op_type, facts.is_op) == (kind, op_type, bool(op_type))


def test_an_empty_profile(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path)
    xspaces.SpaceFile(files.START_UNIX_NS, 10).write(tmp_path)
    run = log.read(tmp_path).runs[0]
    assert "holds no events" in note_of(run)["note"]
    assert isinstance(run.profiles[0].read(profile_join.WANTED_STATS), xplane.Profile)
