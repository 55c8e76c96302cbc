"""Many workers, recorded without TensorFlow: who traces otherwise, how clocks stand to each other, and who is waited for."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest

from tests.support import clusters, files
from tfmodetrace.cli import screen
from tfmodetrace.insight import answers, report
from tfmodetrace.insight.workers import sequences
from tfmodetrace.log import trace_table
from tfmodetrace.schema import keys

MS = clusters.MS


def _told(directory: pathlib.Path, job: clusters.Job) -> answers.Answers:
    clusters.record(directory, job)
    return clusters.read(directory)


def _found(told: answers.Answers, name: str) -> list[Any]:
    return [finding for finding in told.findings if finding.id == name]


def _names(told: answers.Answers) -> list[list[str]]:
    return [[worker.name for worker in group.workers] for group in told.workers.sequences.groups]


# --- What they have traced ---------------------------------------------------------------------------------------------------------------


def test_workers_that_trace_alike_are_one_group_and_nothing_is_told(tmp_path: pathlib.Path) -> None:
    told = _told(tmp_path, clusters.Job(traces={worker: {20: 17} for worker in range(4)}))
    assert _names(told) == [["chief:0", "worker:0", "worker:1", "worker:2"]]
    assert told.workers.lines[0] == "4 workers, all of which traced alike"
    assert [_found(told, name) for name in ("worker-divergence", "straggler")] == [[], []]


def test_a_worker_that_is_traced_again_is_a_group_with_the_first_trace_and_its_reason(tmp_path: pathlib.Path) -> None:
    told = _told(tmp_path, clusters.Job(traces={2: {20: 17, 30: 16}}))
    assert _names(told) == [["chief:0", "worker:0", "worker:2"], ["worker:1"]]
    (difference,) = told.workers.sequences.differences
    assert told.run.traces[difference.first].ordinal == 2
    assert told.run.processes[told.run.traces[difference.first].process].worker == "worker:1"
    (finding,) = _found(told, "worker-divergence")
    assert finding.title == "worker:1 traces train_step 3 times, chief:0, worker:0 and worker:2 once"
    assert "x: float32[32, 8] → float32[17, 8]" in finding.why
    assert finding.evidence["kinds"] == ["shape"]
    assert finding.severity == "high"
    assert finding.fix is None


def test_what_the_others_paid_for_a_trace_is_what_it_took(tmp_path: pathlib.Path) -> None:
    told = _told(tmp_path, clusters.Job(traces={2: {20: 17, 30: 16}}, traces_ns=80 * MS))
    (finding,) = _found(told, "worker-divergence")
    assert set(finding.evidence["waited_ns"]) == {"chief:0", "worker:0", "worker:2"}
    assert all(abs(waited - 160 * MS) < 3 * MS for waited in finding.evidence["waited_ns"].values())
    assert abs(finding.lost_ns - 160 * MS) < 3 * MS


def test_of_two_workers_the_one_with_more_traces_is_the_other_one(tmp_path: pathlib.Path) -> None:
    told = _told(tmp_path, clusters.Job(workers=2, traces={0: {20: 17}}))
    assert _names(told) == [["worker:0"], ["chief:0"]]
    assert _found(told, "worker-divergence")[0].title.startswith("chief:0 traces train_step 2 times, worker:0 once")


def test_workers_that_trace_as_often_for_other_shapes_cost_nobody_anything(tmp_path: pathlib.Path) -> None:
    told = _told(tmp_path, clusters.Job(traces={worker: {40: 17 + worker % 2} for worker in range(4)}))
    assert len(_names(told)) == 2
    assert [finding.severity for finding in _found(told, "worker-divergence")] == ["info"]


def test_what_only_the_chief_calls_is_named_and_makes_no_group(tmp_path: pathlib.Path) -> None:
    told = _told(tmp_path, clusters.Job(chief_calls=("evaluate", "save")))
    assert len(_names(told)) == 1
    (finding,) = _found(told, "worker-divergence")
    assert (finding.severity, finding.evidence["chief_only"]) == ("info", ["evaluate", "save"])
    assert told.workers.lines[0].endswith("only chief:0 calls evaluate and save")


def test_a_trace_is_called_the_same_in_every_process() -> None:
    def key(token: int, alias: int, device: str) -> trace_table.Trace:
        thing = keys.Node(kind=keys.Kind.OBJECT, type_name="Config", token=token, alias=alias, text=f"<Config at {hex(token + 1000)}>")
        arguments = files.arguments(x=files.tensor("float32", 3), config=thing)
        cache_key = trace_table.CacheKey(arguments=arguments, parent_graph=token, device_functions=(device,))
        return trace_table.Trace(
            trace_id=0, function_id=0, process=0, ordinal=1, call_id=None, thread_id=0, start_ns=0, duration_ns=1, key=cache_key
        )

    here, there = key(7, 1, "/job:worker/replica:0/task:0/device:CPU:0"), key(9, 4, "/job:chief/replica:0/task:1/device:CPU:0")
    assert sequences.key_of(here) == sequences.key_of(there)
    assert sequences.key_of(here) != sequences.key_of(key(7, 1, "/device:GPU:0"))


def test_one_process_is_no_cluster_and_neither_is_a_parameter_server_beside_one(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path / "alone")
    assert clusters.read(tmp_path / "alone").workers is None
    for number, task in enumerate(("worker:0", "ps:0", "evaluator:0")):
        file = files.SessionFile(tmp_path / "served", pid=number + 1, worker=task)
        file.flush()
    assert clusters.read(tmp_path / "served").workers is None


def test_a_worker_that_was_started_again_is_told_of_by_its_last_attempt(tmp_path: pathlib.Path) -> None:
    second = 10**9
    for pid, task, begin in ((1, "worker:0", 0), (2, "worker:1", 0), (3, "worker:1", 5 * second), (4, "worker:1", 6 * second)):
        file = files.SessionFile(tmp_path, pid=pid, worker=task, start_unix_ns=files.START_UNIX_NS + begin)
        file.chunk.session_start.attempt_number = 2 if pid == 3 else 0
        file.flush()
        file.end(end_ns=4 * second)
    told = clusters.read(tmp_path)
    # The fourth began while the third was there: its child.
    assert [told.run.processes[worker.process].pid for worker in told.workers.workers] == [1, 3]
    assert [process.worker_text for process in report.of_run(told).processes] == [
        "worker:0",
        "worker:1",
        "worker:1, attempt 2",
        "worker:1",
    ]


# --- Their clocks ------------------------------------------------------------------------------------------------------------------------


def test_skew_and_drift_of_eight_workers_are_found_with_intervals_that_hold_the_truth(tmp_path: pathlib.Path) -> None:
    held, within, drifts = [], [], []
    for seed in range(12):
        random = np.random.default_rng(seed)
        skew = [0, *(random.uniform(-50, 50, size=7) * MS).astype(int).tolist()]
        drift = [0.0, *(random.uniform(-50e-6, 50e-6, size=7)).tolist()]
        late = float(random.choice([0.2, 0.5, 1.0]) * MS)
        job = clusters.Job(workers=8, steps=150, skew_ns=skew, drift=drift, late_ns=late, seed=seed, graph_ns=40 * MS)
        told = _told(tmp_path / str(seed), job)
        for clock in told.workers.clocks.clocks[1:]:
            assert clock.how == "steps"
            worker = [clusters.name_of(number) for number in range(8)].index(clock.worker)
            # The run's start is the earliest session's; the first worker's own skew is 0.
            at_ns = clock.middle_ns + min(skew)
            truth = skew[worker] + at_ns * drift[worker]
            held.append(abs(clock.offset_ns - truth) <= clock.plus_minus_ns)
            drifts.append(abs(clock.drift_ppm - drift[worker] * 1e6) <= clock.drift_plus_minus_ppm)
            within.append((clock.residual_ns or 0) <= MS and abs(clock.offset_ns - truth) <= MS)
    assert all(within)
    assert np.mean(held) >= 0.95
    assert np.mean(drifts) >= 0.95


@pytest.mark.parametrize(("waits", "steps"), [(False, 60), (False, 400), (True, 8)])
def test_what_cannot_be_aligned_is_said_not_to_be(tmp_path: pathlib.Path, waits: bool, steps: int) -> None:
    told = _told(tmp_path, clusters.Job(waits=waits, steps=steps))
    assert not told.workers.clocks.aligned
    assert told.workers.clocks.text.startswith("clocks not aligned: ")
    assert told.workers.steps is None
    assert all(clock.offset_ns is None for clock in told.workers.clocks.clocks[1:])


def test_waiting_is_not_known_where_no_steps_end_together(tmp_path: pathlib.Path) -> None:
    (finding,) = _found(_told(tmp_path, clusters.Job(waits=False, traces={1: {20: 17}})), "worker-divergence")
    assert finding.evidence["waited_ns"] is None
    assert "is not known" in finding.why


def test_processes_of_one_boot_have_one_clock(tmp_path: pathlib.Path) -> None:
    for number in range(2):
        file = files.SessionFile(tmp_path, pid=number + 1, worker=f"worker:{number}")
        file.chunk.session_start.process_space = f"boot pid:[{number}]"
        file.flush()
        file.end()
    told = clusters.read(tmp_path)
    assert [clock.how for clock in told.workers.clocks.clocks] == ["reference", "same-machine"]
    assert told.workers.clocks.text == "one machine, one clock"


def test_a_wall_clock_that_was_set_is_told(tmp_path: pathlib.Path) -> None:
    for number in range(2):
        file = files.SessionFile(tmp_path, pid=number + 1, worker=f"worker:{number}")
        for flush in range(3):
            file.chunk.clock.time_ns = flush * 10**9
            file.chunk.clock.unix_ns = files.START_UNIX_NS + flush * 10**9 + (2 * 10**9 if number and flush == 2 else 0)
            file.flush()
        file.end()
    told = clusters.read(tmp_path)
    assert [clock.set_ns for clock in told.workers.clocks.clocks] == [0, 2 * 10**9]
    assert told.workers.clocks.text.endswith("the wall clock of worker:1 was set meanwhile")


# --- Who is waited for -------------------------------------------------------------------------------------------------------------------


def test_a_worker_that_is_busy_longer_before_every_step_is_a_straggler(tmp_path: pathlib.Path) -> None:
    told = _told(tmp_path, clusters.Job(busy_ns=lambda worker, step: (6 if worker == 3 else 2) * MS))
    (finding,) = _found(told, "straggler")
    assert finding.title == "The others wait for worker:2 before 100% of the steps"
    assert finding.evidence["z_score"] > 3.5
    assert abs(finding.evidence["busy_ns"] - 6 * MS) < 0.2 * MS
    # It was 4 ms later than the others at each of 59 steps, less what the next one varied by.
    assert 3.4 * 59 * MS < finding.evidence["waited_ns"] <= 4.2 * 59 * MS
    assert finding.lost_ns == finding.evidence["waited_ns"]
    assert finding.severity == "high"


def test_who_is_slow_at_times_was_the_last_in_that_part_of_the_steps(tmp_path: pathlib.Path) -> None:
    told = _told(tmp_path, clusters.Job(steps=120, busy_ns=lambda worker, step: (9 if worker == 1 and step % 3 == 0 else 2) * MS))
    (finding,) = _found(told, "straggler")
    assert finding.evidence["worker"] == "worker:0"
    assert 0.33 <= finding.evidence["last"] <= 0.6


@pytest.mark.parametrize(
    "job",
    [
        clusters.Job(),
        clusters.Job(busy_ns=lambda worker, step: (2 + 0.1 * worker) * MS),
        clusters.Job(workers=2, busy_ns=lambda worker, step: (9 if worker else 2) * MS),
        clusters.Job(busy_ns=lambda worker, step: (60 if worker == 0 and step % 30 == 10 else 2) * MS),
        clusters.Job(busy_ns=lambda worker, step: 9 * MS),
        clusters.Job(traces={1: dict.fromkeys(range(5, 15), 17)}),
        clusters.Job(waits=False, busy_ns=lambda worker, step: (9 if worker == 1 else 2) * MS),
        clusters.Job(steps=15, busy_ns=lambda worker, step: (9 if worker == 1 else 2) * MS),
    ],
    ids=["alike", "a-little-slower", "of-two", "checkpoints", "all-slow", "tracing", "nobody-waits", "too-few-steps"],
)
def test_nobody_is_called_slow(tmp_path: pathlib.Path, job: clusters.Job) -> None:
    assert _found(_told(tmp_path, job), "straggler") == []


def test_none_of_forty_healthy_jobs_is_told_of(tmp_path: pathlib.Path) -> None:
    for seed in range(40):
        told = _told(tmp_path / str(seed), clusters.Job(workers=2 + seed % 6, steps=40, late_ns=(seed % 5) * MS / 2, seed=seed))
        assert [finding.id for finding in told.findings if finding.id in ("worker-divergence", "straggler")] == []


# --- Where it is shown -------------------------------------------------------------------------------------------------------------------


def test_the_report_and_the_terminal_say_the_same(tmp_path: pathlib.Path) -> None:
    told = _told(tmp_path, clusters.Job(traces={2: {20: 17}}, skew_ns=(0, 30 * MS, -20 * MS, 0)))
    run = report.of_run(told)
    assert run.workers is not None
    assert [group.workers for group in run.workers.groups] == [("chief:0", "worker:0", "worker:2"), ("worker:1",)]
    assert run.workers.groups[1].first_trace_id == told.workers.sequences.differences[0].first
    assert (run.workers.step, run.workers.steps, run.workers.clocks_aligned) == ("train_step", 60, True)
    assert run.summary.first_lines.workers == (run.workers.text, run.workers.clocks_text)
    rows = [row.plain for row in screen.rows(run, width=200, path=str(tmp_path))]
    assert run.workers.text in rows
    assert rows.index(run.workers.clocks_text) == rows.index(run.workers.text) + 1
