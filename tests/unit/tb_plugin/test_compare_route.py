"""``GET compare``: the same answer as ``tfmodetrace compare``, and sentences for what cannot be compared."""

from __future__ import annotations

import pathlib

import tfmodetrace as tmt
from tests.support import files
from tests.unit.tb_plugin.conftest import client_of, make_plugin

ROUTE = "/data/plugin/modetrace/compare"


def test_the_page_gets_what_the_api_answers(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path / "a", pid=1)
    files.small_run(tmp_path / "b", pid=2, calls=90)
    answer = client_of(make_plugin(tmp_path)).get(ROUTE, query_string={"a": "a", "b": "b"}).json
    told = tmt.compare_runs(tmp_path / "a", tmp_path / "b").to_dict()
    for side in "ab":
        assert isinstance(answer.pop(f"{side}_revision"), str)
        assert answer[side].pop("label") == side
        told[side].pop("label")
        answer[side].pop("runs")
        told[side].pop("runs")
    assert answer == told
    assert answer["delta_ns"] == 0
    assert {row["name"] for row in answer["rows"]} == {"step", "prepare"}


def test_what_cannot_be_compared_is_a_sentence(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path / "a", pid=1)
    empty = files.SessionFile(tmp_path / "empty", pid=3)
    empty.end()
    client = client_of(make_plugin(tmp_path))
    for query, status, words in (
        ({"a": "a", "b": "a"}, 400, "are the same run"),
        ({"a": "a", "b": "empty"}, 400, "Nothing was recorded in empty"),
        ({"a": "a", "b": "gone"}, 404, "There is no recording of a run named 'gone'"),
        ({"a": "a"}, 400, "needs the argument `b`"),
    ):
        answer = client.get(ROUTE, query_string=query)
        assert answer.status_code == status
        assert words in answer.json["error"]


def test_the_list_of_runs_tells_findings_once_they_are_known(tmp_path: pathlib.Path) -> None:
    files.small_run(tmp_path / "a")
    client = client_of(make_plugin(tmp_path))
    (before,) = client.get("/data/plugin/modetrace/runs").json["runs"]
    report = client.get("/data/plugin/modetrace/report", query_string={"run": "a"}).json
    (after,) = client.get("/data/plugin/modetrace/runs").json["runs"]
    wanted = sum(finding["severity"] != "info" for finding in report["runs"][0]["findings"])
    assert (before["findings"], after["findings"]) == (None, wanted)
