"""Damaged and hostile recordings: always an answer or a clear refusal, never silence about a loss. benchmarks/fuzz.py does many more."""

from __future__ import annotations

import gc
import pathlib
import weakref

import numpy as np
import pytest

from tests.support import files, reading
from tfmodetrace import log
from tfmodetrace.insight import report
from tfmodetrace.schema import codec, envelope, events_pb2, framing


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_damaged_recordings_are_read_as_far_as_they_go_or_refused(tmp_path: pathlib.Path, first: int) -> None:
    whole = files.varied_run(tmp_path / "whole").path.read_bytes()
    outcomes = {reading.read_mutation(tmp_path / str(number), whole, number) for number in range(first, first + 50)}
    assert outcomes == {"refused", "partial, and said so", "read whole"}


def test_a_part_that_was_written_twice_counts_once(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    session.call(session.function("step"), 0, 10)
    record = session.record()
    files.append(session.path, record + record)
    session.end()
    found = log.read(tmp_path)
    assert found.calls.call_id.tolist() == [0]
    assert found.warnings == ()


def test_a_file_that_claims_more_calls_than_its_bytes_can_hold_allocates_nothing_for_them(tmp_path: pathlib.Path) -> None:
    session = files.SessionFile(tmp_path)
    session.thread()
    session.call(session.function("step"), 0, 10)
    session.flush()
    rows = codec.MAX_ROWS_PER_BATCH
    regular = np.arange(rows, dtype=np.int64)
    batch = codec.encode_calls(
        dict.fromkeys(codec.COLUMN_NAMES, regular) | {name: np.zeros(rows, dtype=np.int64) for name in ("mode", "flags")}
    )
    chunk = events_pb2.Chunk(schema_major=1, sequence=1, calls=[batch] * 50)
    files.append(session.path, framing.frame(envelope.wrap(chunk, 1.0)))
    found = log.read(tmp_path)
    assert len(found.calls) < 2 * rows
    assert "cannot hold" in " ".join(found.warnings)


def test_a_recording_that_nobody_uses_any_more_is_forgotten(tmp_path: pathlib.Path) -> None:
    files.varied_run(tmp_path)
    gc.collect()
    gc.disable()
    try:
        found = log.read(tmp_path)
        report.build_report(found)
        calls = weakref.ref(found.calls.start_ns)
        del found
        assert calls() is None
    finally:
        gc.enable()
