"""A process whose memory grows as long as it runs is a finding, and one that fills up, jumps or gives back is none."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

import numpy as np
import pytest

from tests.support import files
from tfmodetrace import log
from tfmodetrace.insight import answers, findings
from tfmodetrace.log import tracelog
from tfmodetrace.schema import codec, words

SECOND = 10**9
MB = 1 << 20

SOURCE = """def train():
    history, names = [], []
    for epoch in range(3):
        for batch in data:
            history.append(step(batch))
        names.append(epoch)
"""


def run_of(logdir: pathlib.Path, held: Sequence[int], *, traces: int = 0, source: str = SOURCE, every_ns: int = 2 * SECOND) -> tracelog.Run:
    """A recording whose process holds so many MB, sample by sample."""
    session = files.SessionFile(logdir)
    session.thread()
    step = session.function("step", kind="tf.function")
    place = session.place(session.sampled_definition("train", source), 5, "python")
    for number, megabytes in enumerate(held):
        at = number * every_ns
        call = session.call(step, at, 1000, mode=words.Mode.GRAPH)
        if number > len(held) - 1 - traces:
            session.trace(
                step, ordinal=number, call_id=call, start_ns=at, signature=session.signature(step, x=files.tensor("float32", number))
            )
        session.sample(at + 2000, place)
        session.chunk.host_memory.time_ns = at
        session.chunk.host_memory.resident_bytes = megabytes * MB
        session.flush()
    session.end(end_ns=len(held) * every_ns)
    (run,) = log.read(logdir).runs
    return run


def growing(run: tracelog.Run) -> list[findings.Finding]:
    return [finding for finding in answers.Answers(run).findings if finding.id == "memory-growth"]


CLIMB = [500, 700, 800, 900, 1000, 1100, 1190, 1300]


def test_a_climb_from_the_first_to_the_last_is_told_with_what_loops_append_to(tmp_path: pathlib.Path) -> None:
    (finding,) = growing(run_of(tmp_path, CLIMB))
    assert (finding.severity, finding.function_ids) == ("low", ())
    assert finding.title == "The process's memory grew all the time, by 524.3 MB in 10 s"  # from the third sample to the last
    assert finding.evidence["how"] == "sampled"
    assert (finding.evidence["first_bytes"], finding.evidence["last_bytes"]) == (800 * MB, 1300 * MB)
    assert "`history`, in the loop at train.py:4; `names`, in the loop at train.py:3" in finding.advice
    assert "--memory delta" in finding.advice
    assert finding.fix is None


def test_loops_that_no_sample_is_in_may_never_have_run_and_are_not_told(tmp_path: pathlib.Path) -> None:
    source = SOURCE + "    for name in names:\n        shown.append(name)\n"
    (finding,) = growing(run_of(tmp_path, CLIMB, source=source))
    assert "`history`" in finding.advice
    assert "`shown`" not in finding.advice


def test_without_lists_the_advice_names_none(tmp_path: pathlib.Path) -> None:
    (finding,) = growing(run_of(tmp_path, CLIMB, source="def train():\n    pass\n"))
    assert finding.advice.startswith("Look for a list, a dict or an attribute")


@pytest.mark.parametrize(
    "held",
    [
        [500, 700, 700, 701, 700, 700, 702, 700],
        [500, 700, 900, 1100, 1300, 1300, 1300, 1300],  # fills up and stays
        [500, 700, 700, 700, 700, 700, 700, 1300],  # one jump
        [500, 700, 1000, 700, 1000, 700, 1000, 1300],  # comes and goes
        [500, 700, 710, 720, 730, 740, 750, 760],  # little
        [5000, 7000, 7040, 7080, 7120, 7160, 7200, 7240],  # a small part
        [500, 800, 1000, 1200],  # short
    ],
)
def test_what_stays_jumps_falls_or_is_little_is_none(held: list[int], tmp_path: pathlib.Path) -> None:
    assert growing(run_of(tmp_path, held)) == []


def test_neither_is_what_grows_for_a_moment(tmp_path: pathlib.Path) -> None:
    assert growing(run_of(tmp_path, CLIMB, every_ns=SECOND // 2)) == []


@pytest.mark.parametrize(("traces", "told"), [(4, 1), (5, 0)])
def test_where_traces_pile_up_they_may_be_what_grows(traces: int, told: int, tmp_path: pathlib.Path) -> None:
    assert len(growing(run_of(tmp_path, CLIMB, traces=traces))) == told


@pytest.mark.parametrize(("seconds", "told"), [(2, 1), (11, 0)])
def test_a_graph_that_takes_long_to_make_takes_memory_meanwhile(seconds: int, told: int, tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    step = session.function("step", kind="tf.function")
    for number, megabytes in enumerate(CLIMB):
        session.chunk.host_memory.time_ns = number * 2 * SECOND
        session.chunk.host_memory.resident_bytes = megabytes * MB
        session.flush()
    # From a sample after the warm-up on.
    call = session.call(step, 4 * SECOND, seconds * SECOND, mode=words.Mode.GRAPH, trace=0)
    session.trace(step, ordinal=1, call_id=call, start_ns=4 * SECOND, signature=session.signature(step, x=files.tensor("float32", 1)))
    session.end(end_ns=16 * SECOND)
    (run,) = log.read(tmp_path).runs
    assert len(growing(run)) == told


def test_what_a_graphs_body_appends_to_is_gone_with_its_trace(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    train = session.function("train", kind="tf.function")  # at line 10
    call = session.call(train, 0, 1000, mode=words.Mode.GRAPH, trace=0)
    session.trace(train, ordinal=1, call_id=call, start_ns=0, signature=session.signature(train, x=files.tensor("float32", 1)))
    place = session.place(session.sampled_definition("train", SOURCE, line=10), 14, "python")
    for number, megabytes in enumerate(CLIMB):
        session.sample(number * 2 * SECOND + 2000, place)
        session.chunk.host_memory.time_ns = number * 2 * SECOND
        session.chunk.host_memory.resident_bytes = megabytes * MB
        session.flush()
    session.end(end_ns=16 * SECOND)
    (run,) = log.read(tmp_path).runs
    (finding,) = growing(run)
    assert finding.advice.startswith("Look for a list, a dict or an attribute")


def test_the_function_that_leaves_memory_behind_is_told_instead_where_that_is_known(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path, options={"memory": "delta"})
    session.thread()
    session.chunk.devices.add(device_id=0, name="/device:CPU:0")
    step = session.function("step", kind="tf.function")
    for number in range(20):
        call = session.call(step, number * SECOND, 1000, mode=words.Mode.GRAPH)
        session.chunk.host_memory.time_ns = number * SECOND
        session.chunk.host_memory.resident_bytes = (500 + 50 * number) * MB
        columns = {"call_id": call, "before_bytes": 50 * number * MB, "after_bytes": 50 * (number + 1) * MB, "peak_bytes": -1}
        every = {**columns, "device_id": 0, "shared": 0}
        session.chunk.memory.append(codec.encode_memory({name: np.array([value]) for name, value in every.items()}))
        session.flush()
    session.end(end_ns=20 * SECOND)
    (run,) = log.read(tmp_path).runs
    (finding,) = growing(run)
    assert finding.title.startswith("Calls of step leave ")
