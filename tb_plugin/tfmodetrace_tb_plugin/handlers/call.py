"""``GET call``: everything about one call."""

from __future__ import annotations

import werkzeug

from tfmodetrace.insight import call_costs, calls, plain
from tfmodetrace_tb_plugin import arguments, errors, index, responses


def handle(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with the details of one call, and where the timeline shows it."""
    name = arguments.text(request, "run")
    process = arguments.integer(request, "process")
    call_id = arguments.integer(request, "call_id")
    view = log_index.settled().run(name)
    described = calls.describe_call(view.run, process, call_id, view.answers.attribution)
    place = view.timeline.place_of(process, call_id)
    if described is None or place is None:
        raise errors.NotFoundError(f"Process {process} of the run {name!r} has no call {call_id}, or it has not ended yet.")
    costs = plain.plain(call_costs.of(view.answers, process, call_id))
    return responses.json_value(request, {**plain.plain(described), "lane": place[0], "row": place[1], "costs": costs})
