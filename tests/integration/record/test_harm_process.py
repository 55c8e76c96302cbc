"""Whatever happens to a process, recording changes nothing for its program, and what was flushed can be read."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

import tfmodetrace as tmt
from tests.support import fresh, sources

_PROGRAMS = "tests.integration.record.harm_programs"


class Program:
    """Runs programs in one log directory and reads it."""

    def __init__(self, logdir: pathlib.Path) -> None:
        self.logdir = logdir

    def __call__(self, name: str, *arguments: object) -> str:
        """Runs a program that must end well; returns what it printed."""
        done = self.outcome(name, *arguments)
        assert done.returncode == 0, done
        return done.stdout

    def outcome(self, name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        call = f"import sys, {_PROGRAMS} as programs; programs.{name}(*sys.argv[1:])"
        environment = {name: value for name, value in os.environ.items() if name != "TFMODETRACE_LOGDIR"}
        return fresh.run("-c", call, self.logdir, *arguments, cwd=sources.ROOT, env=environment, timeout=180, imports=(_PROGRAMS,))

    def run(self, logdir: pathlib.Path | None = None) -> Any:
        """The one run that it has recorded, in which nothing is wrong."""
        log = tmt.read(logdir or self.logdir)
        assert log.warnings == ()
        (run,) = log.runs
        return run

    def values(self) -> list[list[str]]:
        """What ``work`` was called with in each process that has called it."""
        return _values(self.run())


@pytest.fixture
def program(tmp_path: pathlib.Path) -> Program:
    return Program(tmp_path / "run")


def _values(run: Any) -> list[list[str]]:
    found: dict[int, list[str]] = {process.process: [] for process in run.processes}
    names = {function.function_id: function.name for function in run.functions}
    for row in range(len(run.calls)):
        if names[int(run.calls.function_id[row])] == "work":
            text = run.signatures[int(run.calls.signature_id[row])].text
            found[int(run.calls.process[row])].append(text.removeprefix("(value: ").removesuffix(")").strip("'"))
    return list(found.values())


def _names_and_depths(run: Any) -> list[tuple[str, int]]:
    names = [run.functions[number].name for number in run.calls.function_id]
    return list(zip(names, run.calls.depth.tolist(), strict=True))


def _by_id(run: Any) -> dict[int, tuple[str, int, int]]:
    calls = run.calls
    names = [run.functions[number].name for number in calls.function_id]
    rows = zip(names, calls.depth.tolist(), calls.parent_id.tolist(), strict=True)
    return dict(zip(calls.call_id.tolist(), rows, strict=True))


# --- Forks -----------------------------------------------------------------------------------------------------------------------------


def test_a_forked_child_has_a_file_of_its_own_and_leaves_its_parents_alone(program: Program) -> None:
    before = int(program("fork_and_exit"))
    run = program.run()
    parent, child = run.processes
    assert parent.pid != child.pid
    assert parent.session_id != child.session_id
    assert (parent.complete, child.complete, parent.dropped, child.dropped) == (True, True, 0, 0)
    assert _values(run) == [["before"] * before + ["parent"], ["child"] * 3]


def test_a_forked_child_that_calls_nothing_has_no_file(program: Program) -> None:
    program("fork_without_calls")
    run = program.run()
    assert (len(run.processes), len(run.calls), run.complete) == (1, 2, True)


def test_a_child_that_leaves_its_parents_block_ends_its_own_recording(program: Program) -> None:
    program("fork_inside_a_block")
    run = program.run()
    assert run.complete
    assert _values(run) == [["both"], ["both"]]


def test_a_call_that_forks_is_its_parents(program: Program) -> None:
    program("fork_inside_a_call")
    run = program.run()
    assert run.complete
    of_parent, of_child = run.calls.process == 0, run.calls.process == 1
    assert _names_and_depths(run) == [("outer", 0), ("work", 1), ("outer", 0), ("work", 1), ("outer", 0)]
    assert (of_parent.sum(), of_child.sum()) == (3, 2)


def test_a_childs_child_has_a_file_of_its_own_too(program: Program) -> None:
    program("fork_a_grandchild")
    run = program.run()
    assert run.complete
    assert sorted(_values(run)) == [["child"], ["grandchild"], ["parent"]]


def test_a_child_waits_for_no_lock_that_a_thread_held_at_the_fork(program: Program) -> None:
    program("fork_while_a_thread_holds_every_lock")
    run = program.run()
    assert run.complete
    assert len(run.processes) == 2


def test_children_are_forked_at_any_moment(program: Program) -> None:
    program("fork_while_threads_hold_locks")
    tmt.read(program.logdir)


def test_a_childs_recording_ends_with_its_parents(program: Program) -> None:
    program("fork_and_end_first")
    run = program.run()
    assert [process.complete for process in run.processes] == [True, True]
    assert _values(run) == [[], ["recorded"]]


def test_a_child_may_record_on_its_own_account(program: Program) -> None:
    program("fork_and_record_elsewhere")
    assert _values(program.run()) == [["parent"], ["inherited"]]
    own = program.run(program.logdir.with_name("run-own"))
    assert own.complete
    assert _values(own) == [["own", "own"]]


def test_a_child_finds_the_log_directory_from_wherever_it_is(program: Program) -> None:
    program("fork_after_changing_the_directory")
    run = program.run()
    assert (len(run.processes), run.complete) == (2, True)


def test_a_child_does_not_bring_a_removed_directory_back(program: Program) -> None:
    assert program("fork_into_a_removed_directory") == "both\nboth\n"


def test_a_child_is_silent_where_only_tensorflow_can_write(program: Program) -> None:
    program("fork_with_a_file_system_of_tensorflows")
    run = program.run()
    assert (len(run.processes), len(run.calls), run.complete) == (1, 1, True)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_multiprocessing_goes_on_as_ever(method: str, program: Program) -> None:
    assert program("multiprocessing_by", method) == "[0, 1, 4, 9, 16, 25, 36, 49, 64, 81] 100\n"
    run = program.run()
    assert run.complete
    own, *children = _values(run)
    # A spawned process imports the program anew and knows nothing of the recording.
    assert own == ["10"]
    assert sorted(value for values in children for value in values) == (sorted([*map(str, range(10)), "3"]) if method == "fork" else [])


def test_other_programs_started_inside_a_call_go_on_as_ever(program: Program) -> None:
    assert program("subprocesses") == "hello\nhello\n"
    run = tmt.read(program.logdir).runs[0]
    assert [name for name, _ in _names_and_depths(run)].count("outer") == 2


def test_what_was_flushed_before_the_process_became_another_program_can_be_read(program: Program) -> None:
    assert program("exec_another_program") == "hello\n"
    run = program.run()
    assert (len(run.calls), run.complete) == (1, False)


def test_a_descriptor_that_was_closed_is_not_written_to_when_it_is_the_programs(program: Program) -> None:
    done = program.outcome("close_every_descriptor")
    assert done.returncode == 0, done
    assert "its descriptor was closed" in done.stderr
    run = program.run()
    assert (len(run.calls), run.complete) == (1, False)


# --- Signals ---------------------------------------------------------------------------------------------------------------------------


def test_an_interrupt_in_a_call_is_the_programs_and_the_recording_is_complete(program: Program) -> None:
    assert program("interrupt_in_a_call") == "interrupted\n"
    run = program.run()
    assert (len(run.calls), run.complete) == (2, True)
    assert [error.type for error in run.errors] == ["KeyboardInterrupt"]


def test_an_interrupt_while_a_recording_ends_is_the_programs_and_the_recording_is_complete(program: Program) -> None:
    assert program("interrupt_the_end") == "interrupted\n"
    run = program.run()
    assert (len(run.calls), run.complete) == (1, True)


def test_what_was_flushed_before_a_termination_can_be_read(program: Program) -> None:
    assert program.outcome("terminate").returncode == -signal.SIGTERM
    run = program.run()
    assert (len(run.calls), run.complete) == (1, False)


def test_a_signal_handler_may_call_traced_functions(program: Program) -> None:
    made, handled = map(int, program("handler_calls_traced_functions").split())
    run = program.run()
    calls = _by_id(run)
    assert len(calls) == len(run.calls)
    # A handler's call that interrupts the recorder itself is not recorded.
    assert made <= len(calls) + run.processes[0].dropped <= made + handled
    assert run.processes[0].internal_faults == 0
    for name, depth, parent in calls.values():
        # The handler's calls may lie inside any other; those of the program lie where it makes them.
        assert (depth == 0) == (parent == -1)
        if parent in calls:
            assert calls[parent][1] == depth - 1, name
    assert calls[max(calls)] == ("work", 0, -1)


@pytest.mark.parametrize("kind", ["timeout", "timeout of the system", "interrupt"])
def test_an_exception_out_of_a_signal_handler_always_arrives(kind: str, program: Program) -> None:
    program("handler_raises", kind)
    (run,) = tmt.read(program.logdir).runs
    assert run.complete
    assert run.processes[0].internal_faults == 0
    assert len(set(run.calls.call_id.tolist())) == len(run.calls)


def test_after_an_exception_out_of_a_signal_handler_calls_have_the_right_parents(program: Program) -> None:
    program("handler_raises", "interrupt")
    (run,) = tmt.read(program.logdir).runs
    region, last_outer, last_work = sorted(_by_id(run).items())[-3:]
    assert (region[1], last_outer[1], last_work[1]) == (("after", 0, -1), ("outer", 1, region[0]), ("work", 2, last_outer[0]))


def test_a_signal_that_the_program_waits_for_reaches_it(program: Program) -> None:
    assert program("wait_for_a_blocked_signal") == "True\n"


def test_a_recording_cannot_be_started_while_one_is_being_started(program: Program) -> None:
    assert "True\n" in program("handler_starts_a_recording")
    assert len(program.run().calls) == 1
    assert not program.logdir.with_name("run-other").exists()


# --- The end of the process ------------------------------------------------------------------------------------------------------------


def test_a_program_ends_with_threads_that_still_call_traced_functions(program: Program) -> None:
    done = program.outcome("end_without_stopping")
    assert (done.returncode, done.stdout) == (3, "")
    assert "Traceback" not in done.stderr
    run = program.run()
    assert run.complete
    assert {"after the main thread", "at exit"} >= set(_values(run)[0]) >= {"after the main thread"}


def test_recursion_goes_as_deep_as_below_a_plain_wrapper(program: Program) -> None:
    program("recurse_deeply")
    run = program.run()
    assert run.complete
    assert 0 < run.calls.depth.max() < 1000
    assert len(run.calls) + run.processes[0].dropped == 11_002
    assert [run.functions[number].name for number in run.calls.function_id[-1:]] == ["work"]


def test_workers_that_are_terminated_lose_a_tenth_of_a_second_at_most(program: Program) -> None:
    pids = {int(word) for word in program("terminate_workers").split()}
    run = program.run()
    workers = [process for process in run.processes if process.pid in pids]
    assert {process.pid for process in workers} == pids
    assert len(run.calls) == 6 * 20
    assert {process.may_miss_ns for process in workers if not process.complete} <= {100_000_000}


def test_an_exit_in_a_thread_ends_only_that(program: Program) -> None:
    program("exit_in_a_thread")
    run = program.run()
    assert (len(run.calls), run.complete) == (2, True)


def test_what_was_flushed_before_an_exit_at_once_can_be_read(program: Program) -> None:
    assert program.outcome("exit_at_once").returncode == 4
    run = program.run()
    assert (len(run.calls), run.complete) == (7, False)


def test_a_file_system_that_does_not_answer_holds_nothing_up_for_ever(program: Program) -> None:
    done = program.outcome("a_file_system_that_does_not_answer")
    assert (done.returncode, done.stdout) == (6, "right\nright still\n")
    assert "does not answer" in done.stderr
    run = program.run()
    assert (len(run.calls), run.complete) == (1, False)


# --- Re-entrancy and exceptions --------------------------------------------------------------------------------------------------------


def test_a_logging_handler_may_call_traced_functions(program: Program) -> None:
    assert program("logging_handler_calls_traced_functions") == "['a signature that makes the recorder fail']\n"
    (run,) = tmt.read(program.logdir).runs
    assert run.complete
    assert run.processes[0].internal_faults == 1
    assert _values(run) == [["hello", "hello again"]]


def test_finalizers_may_call_traced_functions(program: Program) -> None:
    assert program("finalizers_call_traced_functions") == "True\n"
    assert program.run().complete


@pytest.mark.parametrize("thread", ["program", "recorder"])
def test_a_recording_may_be_ended_by_a_finalizer(thread: str, program: Program) -> None:
    program("stop_in_a_finalizer", thread)
    run = program.run()
    assert (len(run.calls), run.complete) == (1, True)


def test_the_recursion_limit_spoils_no_later_call(program: Program) -> None:
    assert program("recursion") == "RecursionError\n" * 3
    (run,) = tmt.read(program.logdir).runs
    assert run.complete
    (*_, last_outer, last_work) = sorted(_by_id(run).items())
    assert (last_outer[1], last_work[1]) == (("outer", 0, -1), ("work", 1, last_outer[0]))


def test_every_exception_leaves_a_call_as_it_was_raised(program: Program) -> None:
    raised = int(program("errors_of_all_kinds"))
    (run,) = tmt.read(program.logdir).runs
    assert run.complete
    # One has arguments that cannot be described.
    assert len(run.calls) == raised + 1
    assert (run.processes[0].dropped, run.processes[0].internal_faults) == (1, 1)
    assert run.calls.depth.tolist()[-2:] == [1, 0]


def test_a_clock_that_stands_still_stops_nothing(program: Program) -> None:
    program("a_clock_that_stands_still")
    assert len(program.run().calls) == 3


def test_a_recording_that_gets_no_thread_is_refused_and_leaves_nothing(program: Program) -> None:
    assert "can't start new thread" in program("no_more_threads")
    run = program.run()
    assert (len(run.processes), len(run.calls), run.complete) == (1, 1, True)


# --- Disks -----------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A disk of 256 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("a small disk can be made only by root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_file_that_must_not_grow_for_a_while_goes_on_later(program: Program) -> None:
    made = int(program("a_file_that_must_not_grow"))
    run = program.run()
    assert (len(run.calls), run.processes[0].dropped, run.complete) == (made, 0, True)


def test_a_recording_goes_on_when_a_full_disk_has_room_again(disk: pathlib.Path) -> None:
    program = Program(disk / "run")
    made = int(program("a_disk_that_is_full", disk))
    run = program.run()
    assert (len(run.calls) + run.processes[0].dropped, run.complete) == (made, True)


def test_what_a_full_disk_has_no_room_for_is_counted(disk: pathlib.Path) -> None:
    program = Program(disk / "run")
    made = int(program("a_disk_that_stays_full", disk))
    (run,) = tmt.read(program.logdir).runs
    assert len(run.calls) >= 10
    assert not run.complete or len(run.calls) + run.processes[0].dropped == made
