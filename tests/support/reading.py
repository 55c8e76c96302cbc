"""Reading a damaged recording as everything of ours does, and judging what comes out."""

from __future__ import annotations

import json
import pathlib
import random
from typing import Any, Final

from tests.support import mutations
from tfmodetrace import log
from tfmodetrace.insight import report, timeline
from tfmodetrace.log import tracelog
from tfmodetrace.schema import words

_SHOWN_BY_CHECKSUMS: Final = frozenset(
    {
        "bits flipped",
        "bytes overwritten",
        "end cut off",
        "bytes removed",
        "bytes inserted",
        "a length that lies",
        "records lost or repeated",
    }
)


def read_mutation(logdir: pathlib.Path, whole: bytes, number: int) -> str:
    """Makes a damaged recording, reads it, reports it and lays out its timeline.

    Args:
        logdir: Where to make it; does not exist yet.
        whole: The recording to damage.
        number: Which damage: the seed of all chance.

    Returns:
        ``refused``, ``partial, and said so`` or ``read whole``.

    Raises:
        AssertionError: If calls are missing and nothing says so.
        Exception: Whatever the reader should not have let out.
    """
    kind, data = mutations.mutate(whole, random.Random(number))
    directory = logdir / words.EVENTS_DIRECTORY
    directory.mkdir(parents=True)
    path = directory / "events.out.tfevents.1.h.1.v2"
    path.write_bytes(data)
    try:
        found = log.read(logdir)
    except log.LogError as error:
        assert str(error).endswith((".", ")")), f"{kind}: not a sentence: {error}"
        return "refused"
    finally:
        path.unlink()
    json.dumps(report.build_report(found), allow_nan=False)
    for run in found.runs:
        _lay_out(run)
    said = bool(found.warnings) or any(
        not process.complete or process.torn or process.dropped for run in found.runs for process in run.processes
    )
    if said:
        return "partial, and said so"
    if kind in _SHOWN_BY_CHECKSUMS:
        assert data == whole or _calls(found) == _calls_of(whole, logdir), f"{kind}: calls are missing, and nothing says so"
    return "read whole"


def _lay_out(run: tracelog.Run) -> None:
    levels = timeline.Timeline(run)
    resolution_ns = 1 << max(0, (levels.end_ns - levels.begin_ns) // 1000).bit_length()
    for lane in levels.lanes:
        levels.slices(lane.lane, levels.begin_ns, levels.end_ns, resolution_ns)


def _calls(found: tracelog.TraceLog) -> list[Any]:
    return [sorted(run.calls.call_id.tolist()) for run in found.runs]


def _calls_of(whole: bytes, logdir: pathlib.Path) -> list[Any]:
    path = logdir / words.EVENTS_DIRECTORY / "events.out.tfevents.1.h.1.v2"
    path.write_bytes(whole)
    try:
        return _calls(log.read(logdir))
    finally:
        path.unlink()
