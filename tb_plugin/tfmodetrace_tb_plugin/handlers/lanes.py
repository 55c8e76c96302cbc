"""``GET timeline/lanes``: the threads of a run and the time it spans."""

from __future__ import annotations

import werkzeug

from tfmodetrace_tb_plugin import arguments, index, responses


def handle(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with the lanes of one run."""
    answer = log_index.answer(arguments.text(request, "run"), "lanes", lambda view: view.lanes)
    return responses.gzipped(request, answer, "application/json")
