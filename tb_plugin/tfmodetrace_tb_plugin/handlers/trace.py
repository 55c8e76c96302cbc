"""``GET trace``: everything about one trace."""

from __future__ import annotations

import werkzeug

from tfmodetrace.insight import report
from tfmodetrace_tb_plugin import arguments, errors, index, responses


def handle(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with one trace, its graph line by line and its placement op by op."""
    name = arguments.text(request, "run")
    trace_id = arguments.integer(request, "trace_id")
    told = log_index.settled().run(name).answers
    if not 0 <= trace_id < len(told.run.traces):
        raise errors.NotFoundError(f"The run {name!r} has no trace {trace_id}.")
    return responses.json_value(request, report.trace_report(told, trace_id))
