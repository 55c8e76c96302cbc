"""Programs that a recorded one started: told of where they used the processor and none of them is recorded."""

from __future__ import annotations

import pathlib

import pytest

import tfmodetrace as tmt
from tests.support import files
from tfmodetrace import log
from tfmodetrace.insight import other_programs

S = 10**9


@pytest.mark.parametrize(
    ("used_ns", "wall_ns", "told"),
    [(12 * S, 60 * S, True), (S, 10 * S, True), (S - 1, 10 * S, False), (2 * S, 60 * S, False), (0, S, False), (None, S, False)],
)
def test_what_used_the_processor_is_told(used_ns: int | None, wall_ns: int, told: bool, tmp_path: pathlib.Path) -> None:
    files.SessionFile(tmp_path, pid=7).end(end_ns=wall_ns, children_cpu_ns=used_ns)
    sentences = other_programs.untold(log.read(tmp_path).runs[0])
    assert len(sentences) == told
    if told:
        assert f"Processes that process 7 started took {used_ns // S if used_ns else 0} s of processor time" in sentences[0]
        assert sentences[0] in tmt.read(tmp_path).to_dict()["runs"][0]["warnings"]


def test_where_one_of_them_is_recorded_nothing_is_said(tmp_path: pathlib.Path) -> None:
    files.SessionFile(tmp_path, pid=7).end(end_ns=10 * S, children_cpu_ns=5 * S)
    files.SessionFile(tmp_path, pid=8, start_unix_ns=files.START_UNIX_NS + S).end(end_ns=9 * S, children_cpu_ns=0)
    assert other_programs.untold(log.read(tmp_path).runs[0]) == ()
