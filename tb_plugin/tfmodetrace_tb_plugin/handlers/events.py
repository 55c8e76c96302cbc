"""``GET timeline/events``: what stands out on the timeline of a run."""

from __future__ import annotations

import werkzeug

from tfmodetrace_tb_plugin import arguments, index, responses


def handle(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with where there are many calls, with traces, errors and first runs, and with the longest calls."""
    answer = log_index.answer(arguments.text(request, "run"), "events", lambda view: view.events)
    return responses.gzipped(request, answer, "application/json")
