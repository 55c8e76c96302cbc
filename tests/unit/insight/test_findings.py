"""Findings from recorded keys alone: what triggers each, and a near twin that does not."""

from __future__ import annotations

import dataclasses

import numpy as np

from tests.support import files
from tfmodetrace.insight import answers, findings, limits, plain, report
from tfmodetrace.log import tables, tracelog
from tfmodetrace.schema import keys, words

MS = 1_000_000


def run_of(*traced: keys.Node, calls: int = 100, duration_ns: int = MS, call_ns: int = 10 * MS) -> tracelog.Run:
    """A run of one tf.function: its traces' arguments, and how many calls it had."""
    function = tables.Function(
        function_id=0,
        name="step",
        qualname="step",
        module="m",
        file="train.py",
        line=7,
        kind="tf.function",
        process=0,
        definition_id=0,
        instance=0,
        parameters=(tables.Parameter(name="x", kind="POSITIONAL_OR_KEYWORD", has_default=False),),
        tf_function=tables.TfFunctionOptions(
            jit_compile=False, reduce_retracing=False, autograph=True, has_input_signature=False, input_signature=""
        ),
    )
    traces = tuple(
        tables.Trace(
            trace_id=number,
            function_id=0,
            process=0,
            ordinal=number + 1,
            call_id=number,
            thread_id=0,
            start_ns=number * call_ns,
            duration_ns=duration_ns,
            key=tables.CacheKey(arguments=arguments, scope_type="NO_VARIABLE_CREATION"),
        )
        for number, arguments in enumerate(traced)
    )
    constant = {"parent_id": -1, "function_id": 0, "signature_id": -1, "trace_id": -1, "mode": 1, "flags": 0, "thread_id": 0, "depth": 0}
    columns = {name: np.full(calls, value) for name, value in constant.items()}
    columns |= {"start_ns": np.arange(calls) * call_ns, "duration_ns": np.full(calls, call_ns), "call_id": np.arange(calls)}
    return tracelog.Run(
        name=".",
        revision=1,
        start_unix_ns=0,
        processes=(),
        threads=(tables.Thread(thread_id=0, process=0, name="MainThread", native_id=None),),
        functions=(function,),
        signatures=(),
        traces=traces,
        errors=(),
        calls=tables.Calls.of(columns),
        versions={},
        options={},
    )


def ids(run: tracelog.Run) -> list[str]:
    return [finding.id for finding in findings.find(run)]


def tracing_share(run: tracelog.Run) -> float | None:
    return answers.Answers(run).summary.tracing_share_of_functions


def mixed(count: int) -> list[keys.Node]:
    """Keys that differ in type and shape and structure by turns, so that no one cause has three."""
    kinds = (files.tensor("float32", 3), files.tensor("int32", 3), files.literal("a"), keys.Node(kind=keys.Kind.NONE))
    return [files.arguments(x=kinds[number % 4], y=files.literal(f"mode {number // 4}")) for number in range(count)]


def test_many_traces_of_several_causes_are_a_storm() -> None:
    assert ids(run_of(*mixed(14))) == ["trace-storm"]


def test_a_few_traces_of_several_causes_that_hardly_run_again_are_not_reused() -> None:
    assert ids(run_of(*mixed(6), calls=8)) == ["trace-not-reused"]
    assert ids(run_of(*mixed(6), calls=100)) == []


def test_a_slow_trace_is_found() -> None:
    once = files.arguments(x=files.tensor("float32", 3))
    assert ids(run_of(once, duration_ns=11_000 * MS, calls=5000)) == ["slow-tracing"]
    assert ids(run_of(once, duration_ns=6_000 * MS, calls=5000)) == []
    assert ids(run_of(once, duration_ns=6_000 * MS, calls=1000)) == ["slow-tracing"]


def test_shapes_are_a_finding_from_three_on() -> None:
    sizes = [files.arguments(x=files.tensor("float32", size, 4)) for size in (1, 2, 3)]
    (finding,) = findings.find(run_of(*sizes))
    assert (finding.id, finding.severity) == ("varying-shape", "medium")
    assert "tf.TensorSpec([None, 4], tf.float32),  # x" in finding.fix
    assert finding.lost_ns == 2 * MS
    assert plain.plain(report.finding(finding).what_if) == {"now": 3, "tensor_argument": 3, "reduce_retracing": 2, "input_signature": 1}
    assert ids(run_of(*sizes[:2])) == []


def test_no_signature_is_suggested_where_the_rank_varies() -> None:
    ranks = [files.arguments(x=files.tensor("float32", *shape)) for shape in ((1,), (2, 2), (3, 3, 3))]
    (finding,) = findings.find(run_of(*ranks))
    assert finding.id == "varying-shape"
    assert "TensorSpec" not in finding.fix
    assert "reduce_retracing" not in finding.fix
    assert report.finding(finding).what_if.input_signature is None


def test_numbers_are_a_finding_and_the_values_of_a_flag_are_not() -> None:
    assert ids(run_of(*(files.arguments(x=files.literal(number)) for number in (1, 2, 3)))) == ["python-scalar-argument"]
    assert ids(run_of(*(files.arguments(x=files.literal(flag)) for flag in (True, False)))) == []


def test_the_costliest_finding_comes_first() -> None:
    run = run_of(*(files.arguments(x=files.literal(number)) for number in range(5)), duration_ns=11_000 * MS)
    found = findings.find(run)
    assert [finding.id for finding in found] == ["slow-tracing", "python-scalar-argument"]
    assert found[0].lost_ns > found[1].lost_ns


def test_every_id_is_of_the_closed_list() -> None:
    for finding in findings.find(run_of(*mixed(14), duration_ns=11_000 * MS)):
        assert finding.id in words.FINDING_IDS


def test_a_limit_names_the_traces_beyond_it() -> None:
    run = run_of(*(files.arguments(x=files.literal(number)) for number in range(20)))
    (excess,) = limits.excesses(answers.Answers(run), at_most=2)
    assert excess.text.splitlines()[0] == "step (train.py:7) was traced 20 times, but may be traced at most 2 times."
    assert "  trace 3, 1.0 ms: python-value: x: 1 → 2" in excess.text
    assert "  … and 10 more" in excess.text
    assert limits.excesses(answers.Answers(run), at_most=20) == []
    assert limits.excesses(answers.Answers(run), at_most=2, function="other*") == []


def test_the_share_of_tracing_counts_no_trace_twice() -> None:
    run = run_of(*(files.arguments(x=files.literal(number)) for number in range(5)), calls=10)
    assert tracing_share(run) == 0.05
    inner = dataclasses.replace(run.traces[0], trace_id=5, start_ns=run.traces[4].start_ns + 1, duration_ns=MS // 2)
    assert tracing_share(dataclasses.replace(run, traces=(*run.traces, inner))) == 0.05
    assert tracing_share(dataclasses.replace(run, calls=tables.Calls.empty())) is None
