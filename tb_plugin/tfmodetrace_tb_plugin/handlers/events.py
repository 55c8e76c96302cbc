"""``GET timeline/events``: what stands out on the timeline of a run."""

from __future__ import annotations

import werkzeug

from tfmodetrace_tb_plugin import arguments, index, responses


def handle(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with where there are many calls, with traces, errors and first runs, and with the longest calls."""
    view = log_index.settled().run(arguments.text(request, "run"))
    return responses.gzipped(request, view.events, "application/json")
