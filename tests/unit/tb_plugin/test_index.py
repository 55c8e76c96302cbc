"""The reading thread and its snapshots."""

from __future__ import annotations

import pathlib
import threading
import time
from collections.abc import Callable

import pytest

from tests.support import files
from tfmodetrace import log
from tfmodetrace.log import tracelog
from tfmodetrace_tb_plugin import errors, index, logdirs


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class FakeReader:
    """Counts polls, and does in them what a test wants."""

    def __init__(self, while_polling: Callable[[], None] = lambda: None) -> None:
        self.polls = 0
        self.while_polling = while_polling
        self.problem: str | None = "nothing here"

    def poll(self) -> bool:
        self.polls += 1
        self.while_polling()
        return True

    def identities(self) -> dict[str, str]:
        return {}

    identities_read = identities

    def log(self) -> tracelog.TraceLog:
        return tracelog.TraceLog(path="x", runs=(), warnings=(f"poll {self.polls}",))


def wait_until(event: threading.Event) -> Callable[[], None]:
    def wait() -> None:
        assert event.wait(30)

    return wait


def index_over(reader: FakeReader, clock: Clock | None = None) -> index.Index:
    return index.Index([logdirs.LogDirectory(path="x")], open_reader=lambda _: reader, monotonic_s=clock or Clock())


def test_nothing_is_read_before_somebody_asks() -> None:
    reader = FakeReader()
    index_over(reader)
    time.sleep(0.05)
    assert reader.polls == 0


def test_peeking_never_waits_and_has_the_log_read() -> None:
    may_end = threading.Event()
    reader = FakeReader(wait_until(may_end))
    an_index = index_over(reader)
    begun_s = time.monotonic()
    assert an_index.peek().indexing
    assert an_index.peek().runs == {}
    assert time.monotonic() - begun_s < 10
    may_end.set()
    assert not an_index.settled().indexing
    assert reader.polls == 1


def test_a_slow_first_reading_is_waited_for_only_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "FRESH_WAIT_S", 0.1)
    may_end = threading.Event()
    an_index = index_over(FakeReader(wait_until(may_end)))
    begun_s = time.monotonic()
    assert an_index.fresh().indexing
    assert time.monotonic() - begun_s < 100
    with pytest.raises(errors.NotFoundError, match="still being read"):
        an_index.peek().run("run1")
    may_end.set()


def test_a_fresh_snapshot_is_not_made_again() -> None:
    reader, clock = FakeReader(), Clock()
    an_index = index_over(reader, clock)
    for _ in range(3):
        assert an_index.fresh().warnings == ("nothing here", "poll 1")
    clock.now_s += index.FRESH_S
    assert an_index.fresh().warnings == ("nothing here", "poll 2")
    assert reader.polls == 2


def test_requests_that_come_together_cause_one_reading() -> None:
    reader = FakeReader(lambda: time.sleep(0.1))
    an_index = index_over(reader)
    threads = [threading.Thread(target=an_index.settled) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reader.polls == 1


def test_a_failure_is_shown_and_survived(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise OSError("disk on fire")

    reader, clock = FakeReader(fail), Clock()
    an_index = index_over(reader, clock)
    [sentence] = an_index.fresh().warnings
    assert "disk on fire" in sentence
    assert "Traceback" in caplog.text
    reader.while_polling = lambda: None
    clock.now_s += index.FRESH_S
    assert an_index.fresh().warnings == ("nothing here", "poll 2")


def test_what_was_read_stays_after_a_failure(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.small_run(tmp_path / "run1")
    clock = Clock()
    an_index = index.Index([logdirs.LogDirectory(path=str(tmp_path))], monotonic_s=clock)
    view = an_index.settled().run("run1")

    def fail(_: log.Reader) -> bool:
        raise OSError("disk on fire")

    monkeypatch.setattr(log.Reader, "poll", fail)
    clock.now_s += index.FRESH_S
    snapshot = an_index.fresh()
    assert "disk on fire" in snapshot.warnings[0]
    assert snapshot.run("run1") is view


def test_a_path_that_cannot_be_opened_is_a_warning_and_the_others_are_read(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path / "run1")

    def open_reader(path: str) -> index.Reader:
        if path.startswith("gs://"):
            raise log.LogError("needs fsspec")
        return log.Reader(path)

    directories = [logdirs.LogDirectory(path="gs://bucket"), logdirs.LogDirectory(path=str(tmp_path))]
    snapshot = index.Index(directories, open_reader=open_reader).settled()
    assert (list(snapshot.runs), snapshot.warnings) == (["run1"], ("needs fsspec",))


def test_two_runs_of_one_name_are_told_apart_by_their_path(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path / "a" / "run1", calls=1)
    files.small_run(tmp_path / "b" / "run1", calls=2)
    directories = [logdirs.LogDirectory(path=str(tmp_path / name)) for name in ("a", "b")]
    snapshot = index.Index(directories).settled()
    assert {name: len(view.run.calls) for name, view in snapshot.runs.items()} == {"run1": 3, f"{tmp_path}/b/run1": 4}
    assert all(name == view.run.name for name, view in snapshot.runs.items())


def test_no_directory_is_a_sentence() -> None:
    [sentence] = index.Index([]).settled().warnings
    assert "--logdir" in sentence


def test_a_view_computes_its_answers_once(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path / "run1")
    view = index.Index([logdirs.LogDirectory(path=str(tmp_path))]).settled().run("run1")
    assert view.report is view.report
    assert view.timeline is view.timeline


def test_a_run_that_did_not_change_keeps_its_view(tmp_path: pathlib.Path) -> None:
    session = files.small_run(tmp_path / "growing", end=False)
    files.small_run(tmp_path / "still")
    clock = Clock()
    an_index = index.Index([logdirs.LogDirectory(path=str(tmp_path))], monotonic_s=clock)
    before = an_index.settled().runs
    session.end()
    clock.now_s += index.FRESH_S
    after = an_index.fresh().runs
    assert after["still"] is before["still"]
    assert after["growing"] is not before["growing"]
