"""``GET timeline/lanes``: the threads of a run and the time it spans."""

from __future__ import annotations

import dataclasses

import werkzeug

from tfmodetrace_tb_plugin import arguments, index, responses


def handle(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with the lanes of one run."""
    name = arguments.text(request, "run")
    view = log_index.settled().run(name)
    timeline = view.timeline
    return responses.json_value(
        request,
        {
            "run": name,
            "revision": view.revision,
            "start_unix_ns": view.run.start_unix_ns,
            "begin_ns": timeline.begin_ns,
            "end_ns": timeline.end_ns,
            "lanes": [dataclasses.asdict(lane) for lane in timeline.lanes],
        },
    )
