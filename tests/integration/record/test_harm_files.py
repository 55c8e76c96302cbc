"""Whatever the file system does, the program goes on as it would, what was flushed can be read, and what is lost is counted."""

from __future__ import annotations

import errno
import os
import pathlib
import shutil
from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

import tfmodetrace as tmt
from tfmodetrace.recorder.calls import states
from tfmodetrace.recorder.session import chunks, process, record_files, writer

ERRORS = [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT, errno.EFBIG]


@tmt.traced
def work(value: Any = 1) -> Any:
    return value


class Disk:
    """Stands between the recorder and the operating system, and fails as it is told.

    Attributes:
        error: What writes fail with; 0 as long as they do not.
        room: How many bytes of a failing write come through before.
        takes: Records up to this length come through whole, although writes fail.
        cuts: Whether a file can be made shorter while writes fail.
        closes: Whether a file can be closed.
        opens: Whether one can be opened.
    """

    def __init__(self) -> None:
        self.error = 0
        self.room = 0
        self.takes = 0
        self.cuts = True
        self.closes = True
        self.opens = True

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def open(self, path: str, flags: int, mode: int) -> int:
        if not self.opens:
            raise OSError(self.error, os.strerror(self.error), path)
        return os.open(path, flags, mode)

    def write(self, descriptor: int, data: memoryview) -> int:
        if not self.error or len(data) <= self.takes:
            return os.write(descriptor, data)
        if not self.room:
            raise OSError(self.error, os.strerror(self.error))
        written = os.write(descriptor, data[: self.room])
        self.room = 0
        return written

    def ftruncate(self, descriptor: int, length: int) -> None:
        if self.error and not self.cuts:
            raise OSError(self.error, os.strerror(self.error))
        os.ftruncate(descriptor, length)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)
        if not self.closes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    made = Disk()
    monkeypatch.setattr(record_files, "os", made)
    return made


def flush() -> None:
    process.flush()


def call(times: int) -> None:
    for index in range(times):
        assert work(index) == index


def one_run(logdir: pathlib.Path) -> Any:
    (run,) = tmt.read(logdir).runs
    return run


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize(("room", "cuts"), [(0, True), (1, True), (30, True), (30, False)])
def test_a_file_system_that_recovers_costs_nothing(
    error: int, room: int, cuts: bool, disk: Disk, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    with tmt.record(tmp_path, flush_secs=1000):
        call(50)
        flush()
        disk.error, disk.room, disk.cuts = error, room, cuts
        for _ in range(3):
            call(50)
            flush()
            assert len(one_run(tmp_path).calls) == 50
        disk.error = 0
        flush()
        assert len(one_run(tmp_path).calls) == 200
        call(50)
    log = tmt.read(tmp_path)
    assert log.warnings == ()
    (run,) = log.runs
    assert (len(run.calls), run.processes[0].dropped, run.complete) == (250, 0, True)
    assert caplog.text.count(os.strerror(error)) == 1
    assert caplog.text.count("can be written again") == 1


def test_calls_that_find_no_room_meanwhile_are_counted(disk: Disk, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "MAX_WAITING_ROWS_OF_THREAD", 256)
    with tmt.record(tmp_path, flush_secs=1000):
        call(100)
        flush()
        disk.error = errno.ENOSPC
        for _ in range(20):
            call(100)
            flush()
        disk.error = 0
        flush()
        call(100)
    run = one_run(tmp_path)
    assert run.complete
    assert 200 <= len(run.calls) < 2_200
    assert len(run.calls) + run.processes[0].dropped == 2_200
    # What has no row is counted all the same.
    (report,) = tmt.read(tmp_path).to_dict()["runs"]
    (function,) = report["functions"]
    assert (function["calls"]["eager"], function["calls"]["total"]) == (2_200, 2_200)
    assert [definition["calls"]["eager"] for definition in report["definitions"]] == [2_200]
    kept_ns = int(run.calls.duration_ns.sum())
    (without_row,) = run.counted_calls
    assert without_row.calls == run.processes[0].dropped == run.processes[0].counted > 0
    assert function["time_ns"]["total"] == kept_ns + without_row.duration_ns > kept_ns
    (process_,) = report["processes"]
    assert process_["dropped_text"] == f"rows of {without_row.calls:,} calls were dropped; counts and sums are exact"


def test_a_full_thread_waits_for_the_writer_and_not_for_ever(disk: Disk, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "MAX_WAITING_ROWS_OF_THREAD", 256)
    with tmt.record(tmp_path, flush_secs=1000):
        call(20_000)
        flush()
        assert one_run(tmp_path).processes[0].dropped == 0
        disk.error = errno.ENOSPC
        waits = []
        monkeypatch.setattr(states.time, "sleep", waits.append)
        call(2_000)
        assert sum(waits) < 0.2
        disk.error = 0
    (report,) = tmt.read(tmp_path).to_dict()["runs"]
    assert report["functions"][0]["calls"]["total"] == 22_000


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("cuts", [True, False])
def test_a_file_system_that_does_not_recover_leaves_what_was_flushed(
    error: int, cuts: bool, disk: Disk, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    with tmt.record(tmp_path, flush_secs=1000):
        call(50)
        flush()
        disk.error, disk.room, disk.cuts = error, 30, cuts
        call(50)
        flush()
        call(50)
    run = one_run(tmp_path)
    assert (len(run.calls), run.complete) == (50, False)
    assert os.strerror(error) in caplog.text
    assert "the last part" in caplog.text


def test_the_end_says_how_much_is_lost_where_a_little_room_is_left(disk: Disk, tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path, flush_secs=1000):
        call(50)
        flush()
        disk.error, disk.takes = errno.ENOSPC, 250
        call(50)
        flush()
        call(50)
    run = one_run(tmp_path)
    assert (len(run.calls), run.processes[0].dropped, run.complete) == (50, 100, True)


def test_the_recording_ends_when_too_much_waits_that_must_not_be_dropped(
    disk: Disk, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(writer, "MAX_WAITING_DEFINITIONS", 20)
    with tmt.record(tmp_path, flush_secs=1000):
        call(10)
        flush()
        disk.error, disk.takes = errno.ENOSPC, 250
        for number in range(30):
            call(1)
            work(("another signature", number))
            flush()
        assert process.active() is None
        disk.error = 0
        call(10)
    run = one_run(tmp_path)
    assert (len(run.calls), run.complete) == (10, False)
    assert 20 <= run.processes[0].dropped <= 60
    assert "ends, since it cannot be written" in caplog.text


def test_a_removed_directory_ends_the_recording_and_is_not_made_again(tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    with tmt.record(tmp_path / "run", flush_secs=1000):
        call(10)
        flush()
        shutil.rmtree(tmp_path / "run")
        call(10)
        flush()
        assert process.active() is None
        call(10)
    assert not (tmp_path / "run").exists()
    assert "it was removed" in caplog.text
    with tmt.record(tmp_path / "run"):
        call(3)
    assert len(one_run(tmp_path).calls) == 3


def test_a_directory_that_was_moved_is_recorded_into_where_it_is(tmp_path: pathlib.Path) -> None:
    with tmt.record(tmp_path / "run", flush_secs=1000):
        call(10)
        flush()
        (tmp_path / "run").rename(tmp_path / "moved")
        call(10)
    run = one_run(tmp_path / "moved")
    assert (len(run.calls), run.complete) == (20, True)


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("opens", [True, False])
def test_a_place_that_takes_nothing_is_refused_at_the_start_and_left_as_it_was(
    error: int, opens: bool, disk: Disk, tmp_path: pathlib.Path
) -> None:
    disk.error, disk.room, disk.opens = error, 5, opens
    with pytest.raises(tmt.RecordingError, match=os.strerror(error)):
        tmt.start(tmp_path)
    assert list((tmp_path / "modetrace").iterdir()) == []
    assert work(1) == 1
    disk.error, disk.opens = 0, True
    with tmt.record(tmp_path):
        call(3)
    assert len(one_run(tmp_path).calls) == 3


def test_a_file_that_cannot_be_closed_is_the_recorders_problem(
    disk: Disk, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk.closes = False
    with tmt.record(tmp_path):
        call(3)
    assert "cannot be closed" in caplog.text
    run = one_run(tmp_path)
    assert (len(run.calls), run.complete) == (3, True)


def _fails_on(number: int, original: Callable[..., Any], error: Exception) -> Callable[..., Any]:
    """Returns a function that fails the so-many-th time it is called, and from then on."""
    called = 0

    def function(*arguments: Any) -> Any:
        nonlocal called
        called += 1
        if called >= number:
            raise error
        return original(*arguments)

    return function


@pytest.mark.parametrize("method", ["write", "flush", "close"])
@pytest.mark.parametrize("number", [3, 4, 5])
def test_another_file_system_that_fails_ends_the_recording(
    method: str, number: int, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    error = tf.errors.UnavailableError(None, None, "the bucket is gone")
    original = getattr(record_files.RemoteFile, method)
    monkeypatch.setattr(record_files.RemoteFile, method, _fails_on(1 if method == "close" else number, original, error))
    remote = f"ram://{tmp_path}/run"
    with tmt.record(remote, flush_secs=1000):
        for _ in range(5):
            call(10)
            flush()
    (file,) = tf.io.gfile.glob(f"{remote}/modetrace/*")
    (tmp_path / "modetrace").mkdir()
    tf.io.gfile.copy(file, str(tmp_path / "modetrace" / os.path.basename(file)))
    assert "the bucket is gone" in caplog.text
    run = one_run(tmp_path)
    if method == "close":
        assert (len(run.calls), run.complete) == (50, True)
    else:
        # The first record is the file's header, the second the session's beginning.
        assert len(run.calls) >= 10 * (number - 3)
        assert not run.complete


def test_calls_that_cannot_be_encoded_are_counted_and_the_others_kept(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    encode = chunks._batch

    def fail(rows: Any, *arguments: Any) -> Any:
        if len(rows) == 7:
            raise ValueError("seven")
        return encode(rows, *arguments)

    monkeypatch.setattr(chunks, "_batch", fail)
    with tmt.record(tmp_path, flush_secs=1000):
        for times in (3, 7, 5):
            call(times)
            flush()
    run = one_run(tmp_path)
    (process,) = run.processes
    assert (len(run.calls), process.dropped, process.internal_faults, run.complete) == (8, 7, 1, True)
    assert "calls could not be encoded: ValueError: seven" in caplog.text


def test_the_parts_of_a_recording_are_numbered_without_gaps(tmp_path: pathlib.Path) -> None:
    from tfmodetrace.log import records
    from tfmodetrace.schema import envelope

    with tmt.record(tmp_path, flush_secs=1000):
        for _ in range(4):
            call(1)
            flush()
    (file,) = (tmp_path / "modetrace").iterdir()
    with file.open("rb") as stream:
        read = list(records.read_records(stream, offset=0, size_bytes=file.stat().st_size))
    found = [envelope.unwrap(record.payload or b"") for record in read]
    assert [chunk.sequence for chunk in found if chunk is not None] == [0, 1, 2, 3, 4, 5]
