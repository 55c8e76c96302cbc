"""Fixes that are tried, with recordings in the place of programs: what is about no recorded function is known by its place, and by time."""

from __future__ import annotations

import os
import pathlib

import pytest

from tests.support import files
from tfmodetrace.insight import answers
from tfmodetrace.log import reader
from tfmodetrace.verify import programs, trials

MS = 1_000_000
SCRIPT = "import tensorflow as tf\nw = tf.ones(3)\ndef step(x):\n    return w * x\nfor x in data:\n    step(x)\n"


def recording(logdir: pathlib.Path, script: pathlib.Path, *, eager: bool, wall_ns: int) -> None:
    session = files.SessionFile(logdir)
    session.thread()
    module = session.sampled_definition("<module>", SCRIPT, file=str(script))
    step = session.sampled_definition("step", "def step(x):\n    return w * x", line=3, file=str(script))
    op = session.place(step, 4, "op", op="mul", caller=module, caller_line=6)
    place = op if eager else session.place(module, 6, "python")
    for number in range(1, 100):
        session.sample(number * 10 * MS, place)
    session.end(end_ns=wall_ns)


@pytest.mark.parametrize(
    ("eager", "wall_ns", "helped"), [(False, 500 * MS, True), (False, 1100 * MS, False), (True, 900 * MS, False), (True, 700 * MS, True)]
)
def test_a_graph_of_what_ran_eagerly_has_to_take_less_time(eager: bool, wall_ns: int, helped: bool, tmp_path: pathlib.Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)

    def run(what: programs.Command, *, directory: str, overlay: str | None, timeout_s: float) -> programs.Ended:
        logdir = os.path.join(directory, "log")
        recording(pathlib.Path(logdir), script, eager=eager or overlay is None, wall_ns=1000 * MS if overlay is None else wall_ns)
        return programs.Ended(exit_code=0, timed_out=False, wall_ns=wall_ns, printed=b"", last_words="", logdir=logdir)

    recording(tmp_path / "log", script, eager=True, wall_ns=1000 * MS)
    (told,) = reader.read(tmp_path / "log").runs
    (finding,) = [each for each in answers.Answers(told).findings if each.id == "eager-hot-function"]
    with trials.Trials(programs.command([str(script)]), timeout_s=1, runner=run) as tries:
        assert tries.tried(told, finding).helped == helped
