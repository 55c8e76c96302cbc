"""``GET report``: everything the terminal report says about a run."""

from __future__ import annotations

import werkzeug

from tfmodetrace_tb_plugin import arguments, index, responses


def handle(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with the report of one run."""
    answer = log_index.answer(arguments.text(request, "run"), "report", lambda view: view.report)
    return responses.gzipped(request, answer, "application/json")
