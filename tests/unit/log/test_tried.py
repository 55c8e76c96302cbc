"""What came of fixes is read with the recording, also while somebody writes it, and what is damaged is told."""

from __future__ import annotations

import dataclasses
import pathlib

import pytest

from tests.support import files
from tfmodetrace.log import reader, tried
from tfmodetrace.verify import keeping

_BEFORE = tried.Measured(traces=30, all_traces=31, wall_ns=6_100_000_000, exit_code=0)
_TRIED = tried.Tried(
    session_id="s",
    finding="varying-shape",
    fix="f" * 32,
    before=_BEFORE,
    after=dataclasses.replace(_BEFORE, traces=1),
    output="numbers",
    difference="line 1: 'a' → 'b'",
    helped=True,
)


def test_what_is_written_is_read_back() -> None:
    assert tried.parsed(tried.written([_TRIED]).encode()) == (_TRIED,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": 2, "tried": []}',
        '{"version": 1}',
        '{"version": 1, "tried": [1]}',
        '{"version": 1, "tried": {"a": 1}}',
        tried.written([_TRIED]).replace('"numbers"', '"worse"'),
        tried.written([_TRIED]).replace('"traces": 30', '"traces": "many"'),
        "\x00" * 9,
    ],
)
def test_what_is_damaged_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        tried.parsed(text.encode())


def test_a_reader_that_follows_a_recording_sees_what_is_tried_later(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    session.function("step")
    session.end()
    following = reader.Reader(tmp_path)
    assert following.poll()
    (run,) = following.log().runs
    assert run.tried == ()
    kept = keeping.keep(run, [_TRIED])
    assert following.poll()
    (after,) = following.log().runs
    assert (after.tried, after.revision > run.revision) == ((_TRIED,), True)
    assert not following.poll()
    keeping.keep(run, [dataclasses.replace(_TRIED, helped=False), dataclasses.replace(_TRIED, finding="trace-storm")])
    assert following.poll()
    assert [(each.finding, each.helped) for each in following.log().runs[0].tried] == [("varying-shape", False), ("trace-storm", True)]
    pathlib.Path(kept).unlink()
    assert following.poll()
    assert following.log().runs[0].tried == ()
