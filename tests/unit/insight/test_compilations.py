"""What XLA compiled, from profiles made by hand."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from tests.support.profiled_jobs import Job
from tfmodetrace.insight import answers, profiles

COMPILED = "CpuCompiler::RunBackend"


@pytest.fixture
def job(tmp_path: pathlib.Path) -> Job:
    return Job(tmp_path)


def traced(job: Job, name: str) -> int:
    """Adds a function and a trace of it; returns the function."""
    function = job.session.function(name, kind="tf.function")
    job.session.trace(function, ordinal=1)
    job.session.chunk.traces[-1].concrete_name = f"__inference_{name}_17"
    return function


def compiled(job: Job) -> list[tuple[str, str, int, int]]:
    run = job.run()
    return [
        (run.functions[each.function_id].name, each.program, each.start_ns, each.duration_ns)
        for each in profiles.RunProfiles(run).compilations
    ]


def compilation(job: Job, start_ns: int, program: str, *, line: Any = None) -> None:
    """XLA's passes, of 30 and 20 ns, and what follows them, of 40."""
    job.event("HLO passes through layout assignment", start_ns, 30, line=line)
    job.event("HLO passes after layout assignment", start_ns + 30, 20, line=line)
    job.event("algsimp", start_ns + 32, 5, line=line)
    job.event(COMPILED, start_ns + 60, 40, line=line, name=program)
    job.event("CpuCompiler::CompileCpuExecutable", start_ns + 61, 38, line=line)


def test_each_program_takes_what_came_before_it_in_the_same_event(job: Job) -> None:
    traced(job, "one_step_1")
    job.call(100, 900)
    job.event("ExecutorState::Process", 150, 800)
    compilation(job, 200, "a_inference_one_step_1_17__.7")
    compilation(job, 400, "a_inference_one_step_1_17__XlaMustCompile_true_n_007_n_0__.12")
    compilation(job, 600, "cluster_3.9")
    assert compiled(job) == [
        ("one_step_1", "a_inference_one_step_1_17__", 200, 90),
        ("one_step_1", "a_inference_one_step_1_17__XlaMustCompile_true_n_007_n_0__", 400, 90),
        ("step", "cluster_3", 600, 90),
    ]


def test_what_happens_in_no_event_has_its_own_time_only(job: Job) -> None:
    job.call(100, 900)
    job.event("FunctionRun", 150, 10, _pt=8, _p=5)
    pool = job.space.line("/host:CPU", "tf_pool")
    job.event(COMPILED, 300, 40, line=pool, name="a_inference_f_1__.7", _ct=8, _c=5)
    assert compiled(job) == [("step", "a_inference_f_1__", 300, 40)]


def test_what_is_compiled_while_something_is_traced_is_told_too(job: Job) -> None:
    job.call(100, 900)
    job.event("tf.function-graph_building", 150, 800)
    job.event(COMPILED, 300, 40, name="a_inference_f_1__.7")
    assert compiled(job) == [("step", "a_inference_f_1__", 300, 40)]


def test_a_compilation_belongs_to_the_innermost_call_it_happened_in(job: Job) -> None:
    outer = job.call(100, 900)
    inner = job.call(200, 300, depth=1)
    compilation(job, 250, "a_inference_f_1__.7")
    compilation(job, 600, "a_inference_f_1__.8")
    run = job.run()
    found = profiles.RunProfiles(run).compilations
    assert [run.calls.call_id[each.call_row] for each in found] == [inner, outer]


def test_what_was_compiled_in_no_call_is_nobodys(job: Job) -> None:
    job.call(100, 100)
    compilation(job, 300, "a_inference_f_1__.7")
    assert compiled(job) == []


@pytest.mark.parametrize(("times", "devices", "lost_ns"), [(2, 1, None), (3, 0, 180), (3, 1, 180), (4, 2, None), (5, 2, 270)])
def test_the_same_program_compiled_thrice_for_a_device_is_a_finding(job: Job, times: int, devices: int, lost_ns: int | None) -> None:
    traced(job, "<lambda>")
    job.session.chunk.logical_devices.extend(f"/device:CPU:{number}" for number in range(devices))
    traced(job, "other")
    job.call(10, 980)
    for number in range(times):
        job.event("ExecutorState::Process", 50 + 150 * number, 140)
        compilation(job, 60 + 150 * number, "a_inference__lambda__17__.7")
    compilation(job, 850, "a_inference_other_17__.7")
    run = job.run()
    told = answers.Answers(run).profile_findings
    assert [(finding.title, finding.lost_ns) for finding in told] == (
        [] if lost_ns is None else [(f"XLA compiled <lambda> {times} times", lost_ns)]
    )
    assert answers.Answers(run, profiled=True).findings == told
    assert answers.Answers(run).findings == ()
