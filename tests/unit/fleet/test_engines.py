"""Beam and Ray give what this machine's processes give, to the byte.

Each runs in an environment that has the extra, of its own: ``pip install '.[beam]' pytest hypothesis`` and ``python -m pytest`` of this
file. Beam holds protobuf below what TensorFlow may bring, so that no one environment has everything.
"""

from __future__ import annotations

import pathlib

import pytest

from tests.support import fleets
from tfmodetrace import errors
from tfmodetrace.fleet import making

pytestmark = pytest.mark.filterwarnings("default")  # engines warn about their own insides


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    logdir = tmp_path_factory.mktemp("engines") / "logs"
    for number in range(4):  # the last two are one worker's attempts
        fleets.record(logdir / "a", worker=f"worker:{min(number, 2)}", pid=number + 1, hours=2, seed=number)
    fleets.record(logdir / "b", pid=9, seed=9, tensorflow="2.22.0")
    return logdir


def contents(out: pathlib.Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(("runner", "module"), [("beam", "apache_beam"), ("ray", "ray.data")])
def test_an_engine_gives_the_same_bytes(runner: str, module: str, logdir: pathlib.Path, tmp_path: pathlib.Path) -> None:
    pytest.importorskip(module, exc_type=ImportError)
    one = making.make([str(logdir)], str(tmp_path / "local"), options={"workers": "1"})
    other = making.make([str(logdir)], str(tmp_path / runner), runner=runner, options={"num_cpus": "2"} if runner == "ray" else {})
    assert contents(tmp_path / runner) == contents(tmp_path / "local")
    assert one == other
    assert (one.runs, one.workers, one.hours, one.calls) == (2, 4, 9, 9 * 81)


@pytest.mark.parametrize(("runner", "module"), [("beam", "apache_beam"), ("ray", "ray.data")])
def test_what_an_engine_cannot_do_is_a_sentence_and_leaves_nothing(
    runner: str, module: str, logdir: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(module, exc_type=ImportError)
    option = {"runner": "NoSuchRunner"} if runner == "beam" else {"no_such_option": "1"}
    with pytest.raises(errors.FleetError, match=rf"The runner {runner} could not finish: .* Nothing was changed in "):
        making.make([str(logdir)], str(tmp_path / "out"), runner=runner, options=option)
    assert list(tmp_path.iterdir()) == []
