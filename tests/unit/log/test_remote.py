from __future__ import annotations

import pathlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import files
from tfmodetrace import errors
from tfmodetrace.log import reader


@pytest.fixture
def memory() -> Iterator[Any]:
    fsspec = pytest.importorskip("fsspec")
    filesystem = fsspec.filesystem("memory")
    filesystem.store.clear()
    yield filesystem
    filesystem.store.clear()


def test_without_fsspec_a_url_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(errors.LogError, match=r"gs://bucket/logs is not a local path.*pip install 'tfmodetrace\[remote\]'"):
        reader.read("gs://bucket/logs")


def test_a_remote_directory_is_read_and_followed(tmp_path: pathlib.Path, memory: Any) -> None:
    session = files.small_run(tmp_path, end=False)
    target = f"/logs/a/run1/modetrace/{session.path.name}"
    memory.pipe_file(target, session.path.read_bytes())
    following = reader.Reader("memory://logs")
    assert following.poll()
    assert [(run.name, len(run.calls)) for run in following.log().runs] == [("a/run1", 5)]
    assert not following.poll()
    session.call(1, 10_000, 7)
    session.end()
    memory.pipe_file(target, session.path.read_bytes())
    assert following.poll()
    assert len(following.log().calls) == 6
    assert [run.name for run in reader.read("memory://logs/a/run1").runs] == ["."]
    assert [run.name for run in reader.read(f"memory:/{target}").runs] == ["."]


def test_remote_paths_without_a_recording_are_told_apart(memory: Any) -> None:
    with pytest.raises(errors.LogError, match="memory://none does not exist"):
        reader.read("memory://none")
    memory.pipe_file("/some/file.txt", b"text")
    with pytest.raises(errors.LogError, match="There is no recording in memory://some"):
        reader.read("memory://some")


def test_an_unknown_scheme_is_a_sentence() -> None:
    pytest.importorskip("fsspec")
    with pytest.raises(errors.LogError, match="no-such-scheme://logs cannot be opened"):
        reader.read("no-such-scheme://logs")


def test_whatever_a_remote_library_raises_becomes_a_sentence(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class CredentialsError(Exception):
        pass

    def fail(*_: object, **__: object) -> None:
        raise CredentialsError("who are you")

    monkeypatch.setattr(type(memory), "isdir", fail)
    with pytest.raises(errors.LogError, match="memory://logs cannot be read: CredentialsError: who are you"):
        reader.read("memory://logs")
    monkeypatch.undo()
    memory.pipe_file("/logs/modetrace/events.out.tfevents.1", b"x" * 100)
    monkeypatch.setattr(type(memory), "open", fail)
    with pytest.raises(errors.LogError, match="cannot be read: CredentialsError: who are you"):
        reader.read("memory://logs")
