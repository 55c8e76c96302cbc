"""A run for Perfetto, read with the protobufs that Perfetto publishes: counts, times and nesting are the log's."""

from __future__ import annotations

import collections
import pathlib

import pytest

from tests.support import exported, files, perfetto_files
from tfmodetrace.export import confidential, perfetto
from tfmodetrace.insight import answers
from tfmodetrace.log import reader, tracelog
from tfmodetrace.schema import words


def read(run: tracelog.Run) -> perfetto_files.File:
    pieces: list[bytes] = []
    perfetto.write(answers.Answers(run), pieces.append, confidential=confidential.Confidential())
    return perfetto_files.read(b"".join(pieces))


def began(run: tracelog.Run) -> int:
    assert run.start_unix_ns is not None
    return run.start_unix_ns


def recorded(logdir: pathlib.Path) -> tracelog.Run:
    (run,) = reader.read(logdir).runs
    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tracelog.Run:
    logdir = tmp_path_factory.mktemp("perfetto")
    exported.session(logdir, pid=7)
    exported.session(logdir, pid=8, seed=1, native_ids=False)
    return recorded(logdir)


def test_every_call_is_a_slice_with_its_time_mode_and_thread(run: tracelog.Run) -> None:
    file = read(run)
    calls = run.calls
    expected = collections.Counter(
        (
            calls.start_ns[row] + began(run),
            calls.end_ns[row] + began(run),
            run.functions[calls.function_id[row]].name,
            "region" if run.functions[calls.function_id[row]].kind == "region" else words.MODES[calls.mode[row]],
            run.threads[calls.thread_id[row]].name,
            run.threads[calls.thread_id[row]].process,
        )
        for row in range(len(calls))
    )
    seen = collections.Counter(
        (each.start_ns, each.end_ns, each.name, each.category, *thread_of(file, each.track))
        for each in file.slices
        if not of_traces(file, each)
    )
    assert len(calls) > 600
    assert seen == expected


def test_slices_nest_as_the_calls_did(run: tracelog.Run) -> None:
    file = read(run)
    calls = run.calls
    ordinary = [row for row in range(len(calls)) if not calls.flags[row] & words.CallFlag.SUSPENDABLE]
    rows: dict[tuple[str, int], list[int]] = collections.defaultdict(list)
    for row in sorted(ordinary, key=lambda row: int(calls.call_id[row])):
        thread = run.threads[calls.thread_id[row]]
        rows[thread.name, thread.process].append(row)
    checked = 0
    for uuid, track in file.tracks.items():
        if not track.HasField("thread"):
            continue
        ours = rows[thread_of(file, uuid)]
        slices = [number for number, each in enumerate(file.slices) if each.track == uuid]
        # Slices begin in the order in which calls did.
        row_of = dict(zip(slices, ours, strict=True))
        for number in slices:
            parent = file.slices[number].parent
            expected = calls.parent_id[row_of[number]]
            assert (-1 if parent is None else calls.call_id[row_of[parent]]) == expected
            checked += 1
    assert checked == len(ordinary)


def test_what_overlaps_has_tracks_of_its_own_below_its_thread(run: tracelog.Run) -> None:
    file = read(run)
    streams = [each for each in file.slices if each.name == "stream"]
    assert len(streams) == 10
    assert {file.tracks[each.track].name for each in streams} == {"generators and coroutines"}
    assert all(each.parent is None for each in streams)
    assert all(file.tracks[file.tracks[each.track].parent_uuid].thread.thread_name == "worker" for each in streams)


def test_traces_are_slices_with_reasons_and_arrows_to_the_calls_that_ran_them(run: tracelog.Run) -> None:
    file = read(run)
    traces = [each for each in file.slices if of_traces(file, each)]
    expected = [(trace.start_ns + began(run), trace.start_ns + (trace.duration_ns or 0) + began(run)) for trace in run.traces]
    assert sorted((each.start_ns, each.end_ns) for each in traces) == sorted(expected)
    assert [each.name for each in traces[:2]] == ["trace 1 of step", "trace 2 of step"]
    assert traces[1].said["kinds"] == "python-value"
    assert f"'{exported.VALUE}0' → '{exported.VALUE}1'" in traces[1].said["reason"]
    # The second lies inside the first: no call with the first's signature is sure to have run what it made.
    assert traces[0].flows == ()
    assert len(traces[1].flows) == 8
    ended = [each for each in file.slices if each.ended_flows]
    assert len(ended) == 16
    assert {flow for each in ended for flow in each.ended_flows} == {flow for each in traces for flow in each.flows}
    for each in ended:
        assert (each.name, each.category) == ("step", "graph")
        (source,) = (trace for trace in traces if set(trace.flows) & set(each.ended_flows))
        assert source.end_ns <= each.start_ns


def test_the_call_that_traced_says_why(run: tracelog.Run) -> None:
    told = [each for each in read(run).slices if "trace 2 of step" in each.said]
    assert len(told) == 2
    assert told[0].said["call_id"] == 0
    assert told[0].said["signature"].startswith(f"(x: float32[17, 8], mode: '{exported.VALUE}17'")


def test_errors_are_instants_on_their_thread(run: tracelog.Run) -> None:
    file = read(run)
    assert [(each.name, each.start_ns - began(run), thread_of(file, each.track)) for each in file.instants] == [
        ("ValueError", 10_004, ("MainThread", 0)),
        ("ValueError", 11_004, ("MainThread", 1)),
    ]
    assert exported.MESSAGE in file.instants[0].said["message"]


def test_memory_is_a_counter_where_it_changes(run: tracelog.Run) -> None:
    file = read(run)
    counters = {file.tracks[uuid].name: values for uuid, values in file.counters.items() if process_of(file, uuid) == 0}
    assert set(counters) == {"memory of /device:CPU:0", "resident memory"}
    resident = [(time_ns - began(run), value) for time_ns, value in counters["resident memory"]]
    assert resident == [(0, 1000), (900, 3000)]
    values = [value for _, value in counters["memory of /device:CPU:0"]]
    assert values[0] == 10
    assert set(values) == {10, 20, 30}
    assert all(file.tracks[uuid].counter.unit == 3 for uuid in file.counters)


def test_processes_that_have_one_number_on_two_machines_are_two(tmp_path: pathlib.Path) -> None:
    for host in ("a", "b"):
        made = files.SessionFile(tmp_path, pid=7, host=host)
        made.chunk.session_start.session_id = host
        made.thread()
        made.call(made.function("f"), 0, 10)
        made.end()
    file = read(recorded(tmp_path))
    processes = [track.process for track in file.tracks.values() if track.HasField("process")]
    assert [process.process_name for process in processes] == ["a:7", "b:7"]
    assert processes[0].pid == 7
    assert processes[1].pid != 7
    threads = [track.thread for track in file.tracks.values() if track.HasField("thread")]
    assert [thread.pid for thread in threads] == [process.pid for process in processes]
    assert len({thread.tid for thread in threads}) == 2


def test_a_run_without_calls_is_a_file_with_its_processes(tmp_path: pathlib.Path) -> None:
    files.SessionFile(tmp_path).end()
    file = read(recorded(tmp_path))
    assert file.slices == []
    assert [track.process.process_name for track in file.tracks.values()] == ["h:1"]


def test_calls_whose_surroundings_are_lost_still_nest(tmp_path: pathlib.Path) -> None:
    made = files.SessionFile(tmp_path)
    made.thread()
    function = made.function("f")
    # Depths 3, 5, 4, 4, 1: what lay around them had not ended when the process was killed.
    for start_ns, duration_ns, depth in ((0, 10, 3), (1, 2, 5), (4, 1, 4), (5, 2, 4), (10, 0, 1)):
        made.call(function, start_ns, duration_ns, depth=depth)
    made.flush()
    file = read(recorded(tmp_path))
    assert [each.parent for each in file.slices] == [None, 0, 0, 0, None]
    assert [(each.start_ns - files.START_UNIX_NS, each.end_ns - files.START_UNIX_NS) for each in file.slices] == [
        (0, 10),
        (1, 3),
        (4, 5),
        (5, 7),
        (10, 10),
    ]


def test_long_pauses_and_long_names_are_kept(tmp_path: pathlib.Path) -> None:
    made = files.SessionFile(tmp_path)
    made.thread("ünï \udce9".encode(errors="replace").decode())
    numbers = [made.function(f"f{number}" + "x" * 300) for number in range(200)]
    week_ns = 7 * 24 * 3600 * 10**9
    for number in numbers:
        made.call(number, number * week_ns, week_ns // 2)
    made.end()
    file = read(recorded(tmp_path))
    assert [each.start_ns - files.START_UNIX_NS for each in file.slices] == [number * week_ns for number in numbers]
    assert {len(each.name) for each in file.slices} == {302, 303, 304}
    assert file.slices[-1].end_ns - file.slices[-1].start_ns == week_ns // 2


def thread_of(file: perfetto_files.File, uuid: int) -> tuple[str, int]:
    """The name of a track's thread, and its process's number."""
    track = file.tracks[uuid]
    thread = track if track.HasField("thread") else file.tracks[track.parent_uuid]
    return thread.thread.thread_name, process_of(file, uuid)


def process_of(file: perfetto_files.File, uuid: int) -> int:
    track = file.tracks[uuid]
    while not (track.HasField("process") or track.HasField("thread")):
        track = file.tracks[track.parent_uuid]
    pids = [each.process.pid for each in file.tracks.values() if each.HasField("process")]
    return pids.index(track.process.pid if track.HasField("process") else track.thread.pid)


def of_traces(file: perfetto_files.File, each: perfetto_files.Slice) -> bool:
    return file.tracks[each.track].name == "traces"
