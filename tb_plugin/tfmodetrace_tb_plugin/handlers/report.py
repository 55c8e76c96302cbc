"""``GET report``: everything the terminal report says about a run."""

from __future__ import annotations

import werkzeug

from tfmodetrace_tb_plugin import arguments, index, responses


def handle(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with the report of one run."""
    name = arguments.text(request, "run")
    return responses.gzipped(request, log_index.settled().run(name).report, "application/json")
