"""A file holds all that was written or what it held before, and what is no file stays what it is."""

from __future__ import annotations

import os
import pathlib
import stat
import threading

import pytest

from tfmodetrace import whole_files


def written(path: pathlib.Path, content: bytes) -> None:
    with whole_files.replacing(path) as file:
        file.write(content)


def test_what_is_interrupted_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "kept"
    path.write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt), whole_files.replacing(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["kept"]


def test_a_file_keeps_its_rights_and_a_new_one_has_the_usual_ones(tmp_path: pathlib.Path) -> None:
    kept, new, usual = tmp_path / "kept", tmp_path / "new", tmp_path / "usual"
    kept.write_bytes(b"")
    kept.chmod(0o640)
    usual.write_bytes(b"")
    for path in (kept, new):
        written(path, b"whole")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (kept, new)] == [0o640, stat.S_IMODE(usual.stat().st_mode)]


def test_a_link_goes_on_leading_to_the_file(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_bytes(b"before")
    (tmp_path / "link").symlink_to("file")
    written(tmp_path / "link", b"whole")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"whole"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_is_written_to_as_it_is(tmp_path: pathlib.Path) -> None:
    pipe, read = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    written(pipe, b"whole")
    reader.join()
    assert read == [b"whole"]
    assert pipe.is_fifo()
