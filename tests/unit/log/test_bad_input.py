"""Must show 6: whatever is wrong with what is read, a sentence says so."""

from __future__ import annotations

import itertools
import os
import pathlib
import subprocess
import sys
import time

import hypothesis
import pytest
from hypothesis import strategies as st

from tests.support import files
from tfmodetrace import errors
from tfmodetrace.insight import report, timeline
from tfmodetrace.log import reader, storage
from tfmodetrace.schema import envelope, events_pb2, framing


def complaint(path: pathlib.Path) -> str:
    with pytest.raises(errors.LogError) as caught:
        reader.read(path)
    return str(caught.value)


def test_a_missing_path(tmp_path: pathlib.Path) -> None:
    assert "no-such does not exist. Record with" in complaint(tmp_path / "no-such")
    (tmp_path / "file").write_text("x")
    assert "does not exist" in complaint(tmp_path / "file" / "below")


def test_an_empty_directory(tmp_path: pathlib.Path) -> None:
    assert complaint(tmp_path).startswith(f"There is no recording in {tmp_path}.")


def test_a_file_that_is_no_event_file(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are notes, and not an event file at all.")
    assert f"{path} is a file, but not an event file" in complaint(path)


@pytest.mark.parametrize("content", [b"", b"short"])
def test_an_empty_or_tiny_file(tmp_path: pathlib.Path, content: bytes) -> None:
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(content)
    assert "holds no recording" in complaint(path)


def test_only_other_peoples_event_files(tmp_path: pathlib.Path) -> None:
    path = files.write_other_events(tmp_path / "train")
    assert "holds 1 event files of other programs, but no recording" in complaint(tmp_path)
    assert "holds no recording" in complaint(path)
    files.write_other_events(tmp_path / "modetrace")
    assert "hold no recording" in complaint(tmp_path)


def test_other_peoples_event_files_beside_ours_are_not_mentioned(tmp_path: pathlib.Path) -> None:
    files.write_other_events(tmp_path / "run")
    files.write_other_events(tmp_path / "run" / "modetrace")
    files.small_run(tmp_path / "run")
    log = reader.read(tmp_path)
    assert [len(run.processes) for run in log.runs] == [1]
    assert log.warnings == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything; the next two tests stand in for this one")
def test_an_unreadable_directory(tmp_path: pathlib.Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    assert "cannot be read" in complaint(tmp_path / "closed")


def test_a_directory_that_cannot_be_listed_is_warned_of(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.small_run(tmp_path / "run")
    (tmp_path / "closed").mkdir()
    really_scan = os.scandir

    def scan(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return really_scan(path)

    monkeypatch.setattr(os, "scandir", scan)
    log = reader.read(tmp_path)
    assert [run.name for run in log.runs] == ["run"]
    assert log.warnings == (f"The directory {tmp_path / 'closed'} cannot be read (Permission denied); what lies in it is not shown.",)
    assert "Nothing below" in complaint(tmp_path / "closed")
    assert "Permission denied" in complaint(tmp_path / "closed")


def test_a_file_that_cannot_be_opened_is_warned_of(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = files.small_run(tmp_path / "a").path
    really_open = storage.Local.open

    def open_(self: storage.Local, path: str) -> object:
        if path == str(closed):
            raise PermissionError(13, "Permission denied")
        return really_open(self, path)

    monkeypatch.setattr(storage.Local, "open", open_)
    assert f"{closed} cannot be read: Permission denied." in complaint(tmp_path)
    files.small_run(tmp_path / "b")
    log = reader.read(tmp_path)
    assert [run.name for run in log.runs] == ["b"]
    assert log.warnings == (f"{closed} cannot be read: Permission denied.",)


def test_a_truncated_file_shows_what_was_written_before(tmp_path: pathlib.Path) -> None:
    session = files.small_run(tmp_path, end=False)
    session.call(1, 10_000, 1)
    session.end()
    data = session.path.read_bytes()
    session.path.write_bytes(data[:-5])
    log = reader.read(tmp_path)
    assert len(log.calls) == 5
    assert not log.runs[0].complete
    assert log.warnings == (f"{session.path} ends in the middle of a record: it was cut off; everything before is shown.",)
    assert log.runs[0].warnings == log.warnings


def three_parts(logdir: pathlib.Path) -> files.SessionFile:
    session = files.small_run(logdir, end=False)
    session.call(1, 10_000, 1)
    session.flush()
    session.call(1, 20_000, 2)
    session.end()
    return session


def test_damage_in_the_middle_costs_only_the_damaged_part(tmp_path: pathlib.Path) -> None:
    session = three_parts(tmp_path)
    offset = files.offsets(session.path)[2]
    files.flip(session.path, [offset + 30])
    log = reader.read(tmp_path)
    assert log.calls.duration_ns.tolist() == [10, 50, 50, 50, 50, 2]
    assert log.runs[0].complete
    assert log.warnings == (f"{session.path} is damaged at byte {offset}: a record does not match its checksum; this part is left out.",)


def test_a_damaged_length_costs_what_follows(tmp_path: pathlib.Path) -> None:
    session = three_parts(tmp_path)
    offset = files.offsets(session.path)[2]
    files.flip(session.path, [offset])
    log = reader.read(tmp_path)
    assert log.calls.duration_ns.tolist() == [10, 50, 50, 50, 50]
    assert f"{session.path} is damaged at byte {offset}: the length of a record" in log.warnings[0]


def test_a_damaged_last_record_is_read_once_it_is_whole(tmp_path: pathlib.Path) -> None:
    session = three_parts(tmp_path)
    whole = session.path.read_bytes()
    files.flip(session.path, [files.offsets(session.path)[3] + 30])
    following = reader.Reader(tmp_path)
    following.poll()
    assert len(following.log().calls) == 6
    assert "the last record does not match its checksum" in following.log().warnings[0]
    session.path.write_bytes(whole)
    os.utime(session.path, ns=(1, 1))
    assert following.poll()
    assert len(following.log().calls) == 7
    assert following.log().warnings == ()


def test_many_damaged_parts_are_counted_instead_of_listed(tmp_path: pathlib.Path) -> None:
    session = files.small_run(tmp_path, end=False)
    for number in range(50):
        session.call(1, 10_000 + number, 1)
        session.flush()
    session.end()
    files.flip(session.path, [offset + 30 for offset in files.offsets(session.path)[2:52]])
    log = reader.read(tmp_path)
    assert len(log.warnings) == 4
    assert "has 47 more damaged parts" in log.warnings[3]


def test_a_batch_that_cannot_be_decoded_costs_only_its_calls(tmp_path: pathlib.Path) -> None:
    session = files.small_run(tmp_path, end=False)
    session.chunk.calls.add(rows=5, payload_bytes=3)
    session.function("later")
    session.call(2, 10_000, 3)
    session.end()
    log = reader.read(tmp_path)
    assert log.calls.duration_ns.tolist() == [10, 50, 50, 50, 50, 3]
    assert "1 batches of calls are left out" in log.warnings[0]
    assert [function.name for function in log.functions] == ["prepare", "step", "later"]


def test_a_newer_schema_is_refused_by_name_and_the_rest_is_shown(tmp_path: pathlib.Path) -> None:
    newer = files.SessionFile(tmp_path / "newer")
    files.append(newer.path, framing.frame(envelope.wrap(events_pb2.Chunk(schema_major=2, schema_minor=1), 1.0)))
    assert "it was recorded with schema 2.1" in complaint(tmp_path)
    assert "install a newer tfmodetrace" in complaint(newer.path)
    files.small_run(tmp_path / "ours")
    log = reader.read(tmp_path)
    assert [run.name for run in log.runs] == ["ours"]
    assert "schema 2.1" in log.warnings[0]


def test_links_in_a_circle_end_and_a_linked_run_goes_by_its_own_name(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path / "z" / "run")
    (tmp_path / "a-link").symlink_to(tmp_path / "z" / "run")
    (tmp_path / "z" / "up").symlink_to(tmp_path)
    (tmp_path / "z" / "self").symlink_to(tmp_path / "z" / "self")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    assert [run.name for run in reader.read(tmp_path).runs] == ["z/run"]


def test_a_run_that_is_only_linked_to_is_shown(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path / "elsewhere" / "run")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "latest").symlink_to(tmp_path / "elsewhere" / "run")
    assert [run.name for run in reader.read(tmp_path / "logs").runs] == ["latest"]


def test_a_pipe_called_like_an_event_file_does_not_hang(tmp_path: pathlib.Path) -> None:
    (tmp_path / "modetrace").mkdir()
    os.mkfifo(tmp_path / "modetrace" / "events.out.tfevents.1.pipe")
    assert "There is no recording" in complaint(tmp_path)


def test_a_pipe_given_as_the_path_does_not_hang(tmp_path: pathlib.Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "neither a directory nor a file" in complaint(tmp_path / "pipe")


def test_a_writer_that_is_killed_leaves_everything_it_flushed(tmp_path: pathlib.Path) -> None:
    program = (
        "import pathlib, sys, time\n"
        "from tests.support import files\n"
        "session = files.small_run(pathlib.Path(sys.argv[1]), end=False)\n"
        "print('flushed', flush=True)\n"
        "record = session.record() + bytes(1000)\n"
        "files.append(session.path, record[:20])\n"
        "print('torn', flush=True)\n"
        "time.sleep(60)\n"
    )
    root = pathlib.Path(__file__).parents[3]
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], cwd=root, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert [writer.stdout.readline().strip() for _ in range(2)] == ["flushed", "torn"]
        writer.kill()
    log = reader.read(tmp_path)
    assert len(log.calls) == 5
    assert log.runs[0].processes[0].torn
    assert not log.runs[0].complete


@hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture], max_examples=150)
@hypothesis.given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=5), st.integers(0, 200), st.booleans())
def test_any_damage_gives_a_log_or_a_sentence_quickly(
    tmp_path: pathlib.Path, changes: list[tuple[int, int]], cut: int, repair: bool
) -> None:
    session = three_parts(tmp_path)
    data = bytearray(session.path.read_bytes())
    begins = [*files.offsets(session.path), len(data)]
    for position, value in changes:
        data[position % len(data)] = value
    if repair:
        # With right checksums the damage gets past the framing, to the parsers and the codec.
        pieces = [bytes(data[begin + 12 : end - 4]) for begin, end in itertools.pairwise(begins)]
        data = bytearray(b"".join(map(framing.frame, pieces)))
    session.path.write_bytes(bytes(data[: len(data) - cut]))
    began = time.monotonic()
    following = reader.Reader(tmp_path)
    following.poll()
    log = following.log()
    assert len(log.runs) == (following.problem is None)
    assert int(log.calls.function_id.max(initial=-1)) < len(log.functions)
    report.build_report(log)
    for run in log.runs:
        index = timeline.Timeline(run)
        for lane in index.lanes:
            index.slices(lane.lane, index.begin_ns, index.end_ns + 1, 1 << 10)
    assert time.monotonic() - began < 5
