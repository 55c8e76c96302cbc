"""Answers that are kept on disk: found by what the files are, never wrong, never in the way."""

from __future__ import annotations

import os
import pathlib
import threading
from typing import Any

import pytest
import werkzeug.test

from tests.support import files
from tests.unit.tb_plugin.conftest import client_of, make_plugin
from tfmodetrace import log
from tfmodetrace_tb_plugin import index, kept, logdirs


@pytest.fixture
def caches(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """The user's caches, empty at first."""
    caches = tmp_path / "caches"
    monkeypatch.setenv("XDG_CACHE_HOME", str(caches))
    monkeypatch.delenv(kept.OFF)
    monkeypatch.setattr(kept, "_WRITE_AFTER_S", 1e6)
    return caches


class Opened:
    """A TensorBoard's plugin on a log directory, opened anew; answers are written when a test says so."""

    def __init__(self, logdir: pathlib.Path) -> None:
        self.plugin = make_plugin(logdir)
        self.client: werkzeug.test.Client = client_of(self.plugin)

    def get(self, route: str, **query: Any) -> werkzeug.test.TestResponse:
        return self.client.get(f"/data/plugin/modetrace/{route}", query_string=query or None)

    def write(self) -> None:
        self.plugin._index._keeper.write()


ROUTES = ("report", "timeline/lanes", "timeline/events", "timeline/slices")
WINDOW = {"lane": 0, "begin_ns": 0, "end_ns": 1000, "resolution_ns": 1}


def ask_all(opened: Opened, run: str = "run1") -> dict[str, bytes]:
    return {route: opened.get(route, run=run, **(WINDOW if "slices" in route else {})).data for route in ROUTES}


def kept_files(caches: pathlib.Path) -> list[pathlib.Path]:
    return [path for path in caches.rglob("*") if path.is_file()]


def test_what_was_answered_is_answered_alike_while_the_files_are_still_read(
    logdir: pathlib.Path, caches: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Opened(logdir)
    runs = first.get("runs").json["runs"]
    answers = ask_all(first)
    first.write()
    assert len(kept_files(caches)) == 1
    assert not any(path.suffix == ".answers" for path in logdir.glob("run1/**/*"))

    may_read = threading.Event()
    poll = log.Reader.poll

    def slow(reader: log.Reader) -> bool:
        assert may_read.wait(30)
        return poll(reader)

    monkeypatch.setattr(log.Reader, "poll", slow)
    second = Opened(logdir)
    listed = second.get("runs").json
    assert listed["indexing"]
    assert [{**run, "findings": None} for run in listed["runs"]] == runs
    assert listed["runs"][0]["findings"] is not None  # the report was asked for
    assert second.plugin.is_active()
    assert ask_all(second) == answers
    may_read.set()
    # What was not asked for before is made once the files are read, and all that goes by the same revision.
    assert second.get("call", run="run1", process=0, call_id=4).json["function"] == "step"
    assert second.get("runs").json["runs"] == listed["runs"]
    assert ask_all(second) == answers


@pytest.mark.parametrize("change", ["grown", "rewritten", "another beside it", "renamed"])
def test_another_recording_gets_other_answers(logdir: pathlib.Path, caches: pathlib.Path, change: str) -> None:
    first = Opened(logdir)
    revision = first.get("runs").json["runs"][0]["revision"]
    before = ask_all(first)["timeline/lanes"]
    first.write()
    run = "run1"
    if change == "grown":
        [path] = (logdir / "run1").rglob("events*")
        with path.open("ab") as file:
            file.write(b"torn")
    elif change == "rewritten":
        [path] = (logdir / "run1").rglob("events*")
        os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    elif change == "another beside it":
        files.small_run(logdir / "run1", calls=2, start_unix_ns=files.START_UNIX_NS + 1_000_000_000)
    else:
        (logdir / "run1").rename(logdir / "run2")
        run = "run2"
    second = Opened(logdir)
    assert [row["run"] for row in second.get("runs").json["runs"]] == [run]
    assert second.get("runs").json["runs"][0]["revision"] != revision
    assert ask_all(second, run)["timeline/lanes"] != before
    assert second.get("report", run=run).json["runs"][0]["functions"]


def test_a_recording_that_goes_on_is_not_kept(tmp_path: pathlib.Path, caches: pathlib.Path) -> None:
    files.small_run(tmp_path / "logs" / "run1", end=False)
    opened = Opened(tmp_path / "logs")
    ask_all(opened)
    opened.write()
    assert kept_files(caches) == []


def test_nothing_is_shown_before_something_is_known_of_every_run(logdir: pathlib.Path, caches: pathlib.Path) -> None:
    first = Opened(logdir)
    ask_all(first)
    first.write()
    files.small_run(logdir / "run0")
    an_index = index.Index([logdirs.LogDirectory(path=str(logdir))], store=kept.Store(kept.directory()))
    an_index._show_kept(an_index._snapshot)
    assert an_index._snapshot.rows() == []
    (logdir / "run0").rename(logdir.parent / "gone")
    an_index._show_kept(an_index._snapshot)
    assert [row["run"] for row in an_index._snapshot.rows()] == ["run1"]


@pytest.mark.parametrize("damage", [b"", b"tfmodetrace answers 1\n", b"no answers at all", None])
def test_damaged_answers_are_made_anew(logdir: pathlib.Path, caches: pathlib.Path, damage: bytes | None) -> None:
    first = Opened(logdir)
    answers = ask_all(first)
    first.write()
    [path] = kept_files(caches)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]) if damage is None else damage)
    second = Opened(logdir)
    assert ask_all(second) == answers
    second.write()
    assert kept_files(caches) == [path]
    assert kept.Store(path.parent).find(path.stem).keys() == {"report", "lanes", "events", "slices 0 1000 1 [0]", "row"}


@pytest.mark.parametrize("value", ["off", "0", "OFF"])
def test_it_can_be_turned_off(logdir: pathlib.Path, caches: pathlib.Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(kept.OFF, value)
    opened = Opened(logdir)
    ask_all(opened)
    opened.write()
    assert not caches.exists()
    assert kept.directory() is None


def test_it_lies_beside_the_users_other_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.delenv(kept.OFF)
    monkeypatch.setenv("HOME", str(tmp_path))
    for caches in ("", "relative/path"):
        monkeypatch.setenv("XDG_CACHE_HOME", caches)
        assert kept.directory() == tmp_path / ".cache" / "tfmodetrace" / "answers"


def test_a_directory_that_cannot_be_written_is_no_trouble(logdir: pathlib.Path, caches: pathlib.Path) -> None:
    caches.write_text("a file where the directory should be")
    opened = Opened(logdir)
    answers = ask_all(opened)
    opened.write()
    assert ask_all(Opened(logdir)).keys() == answers.keys()


def test_what_was_used_last_stays_when_room_is_made(tmp_path: pathlib.Path) -> None:
    store = kept.Store(tmp_path, most_bytes=3500, most_files=10)
    for number, key in enumerate(("a", "b", "c")):
        store.keep(key, {"report": bytes(1000)})
        os.utime(tmp_path / f"{key}.answers", ns=(number, number))
    assert store.find("a") == {"report": bytes(1000)}
    store.keep("d", {"report": bytes(1000)})
    assert {path.stem for path in tmp_path.iterdir()} == {"a", "c", "d"}
    store.keep("e", {"report": bytes(4000)})  # larger than all together may be
    assert {path.stem for path in tmp_path.iterdir()} == {"a", "c", "d"}
    (tmp_path / ".half.part").write_bytes(b"of a process that was killed")
    os.utime(tmp_path / ".half.part", ns=(0, 0))
    few = kept.Store(tmp_path, most_files=2)
    few.keep("f", {})
    assert {path.stem for path in tmp_path.iterdir()} == {"d", "f"}


def test_answers_are_written_once_for_many(tmp_path: pathlib.Path) -> None:
    written = []

    class Counted(kept.Store):
        def keep(self, key: str, answers: kept.Answers) -> None:
            written.append((key, dict(answers)))

    keeper = kept.Keeper(Counted(tmp_path), after_s=1e6)
    answers: dict[str, bytes] = {}
    for number in range(5):
        answers[str(number)] = b"x"
        keeper.later("run", lambda: answers)
    keeper.write()
    keeper.write()
    assert [(key, len(of_run)) for key, of_run in written] == [("run", 5)]
