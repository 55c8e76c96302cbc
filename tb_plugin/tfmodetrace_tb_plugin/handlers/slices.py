"""``GET timeline/slices``: what to draw of some lanes in one window, packed as ``packing`` does."""

from __future__ import annotations

from typing import Final

import werkzeug

from tfmodetrace.insight import profiles
from tfmodetrace.insight import slices as timeline_slices
from tfmodetrace_tb_plugin import arguments, errors, index, packing, responses, views

_MUCH: Final = 4
"""A window of a quarter of a run shows much of it."""


def handle(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with the slices of the lanes that are asked for."""
    name = arguments.text(request, "run")
    lanes = arguments.integers(request, "lane")
    begin_ns = arguments.integer(request, "begin_ns")
    end_ns = arguments.integer(request, "end_ns")
    resolution_ns = arguments.integer(request, "resolution_ns")
    if end_ns < begin_ns:
        raise errors.BadArgumentError(f"The window must not end before it begins, but end_ns is {end_ns} and begin_ns {begin_ns}.")
    lanes = list(dict.fromkeys(lanes))

    def packed(view: views.RunView) -> bytes:
        found = {lane: _of_lane(view, lane, begin_ns, end_ns, resolution_ns) for lane in lanes}
        return responses.compressed(packing.pack(found, begin_ns=begin_ns, revision=view.revision))

    # Only what shows much of a run at once takes long to make, and is asked for whenever somebody comes.
    what = f"slices {begin_ns} {end_ns} {resolution_ns} {lanes}"
    answer = log_index.answer(name, what, packed, keep=lambda view: _is_much(view, begin_ns, end_ns))
    return responses.gzipped(request, answer, "application/octet-stream")


def _is_much(view: views.RunView, begin_ns: int, end_ns: int) -> bool:
    return (end_ns - begin_ns) * _MUCH >= view.timeline.end_ns - view.timeline.begin_ns


def _of_lane(view: views.RunView, lane: int, begin_ns: int, end_ns: int, resolution_ns: int) -> timeline_slices.Slices:
    try:
        lanes = view.timeline if lane < profiles.FIRST_LANE else view.answers.profiles
        return lanes.slices(lane, begin_ns, end_ns, resolution_ns)
    except IndexError as error:
        raise errors.NotFoundError(f"The run {view.run.name!r} has no lane {lane}.") from error
    except ValueError as error:
        raise errors.BadArgumentError(f"The slices cannot be computed: {error}.") from error
