"""``GET timeline/window``: what happened in a window of time."""

from __future__ import annotations

import werkzeug

from tfmodetrace.insight import plain, windows
from tfmodetrace_tb_plugin import arguments, errors, index, responses


def handle(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with the totals of a window."""
    name = arguments.text(request, "run")
    begin_ns = arguments.integer(request, "begin_ns")
    end_ns = arguments.integer(request, "end_ns")
    if end_ns < begin_ns:
        raise errors.BadArgumentError(f"The window must not end before it begins, but end_ns is {end_ns} and begin_ns {begin_ns}.")
    view = log_index.settled().run(name)
    described = plain.plain(windows.of(view.answers, begin_ns, end_ns))
    return responses.json_value(request, {"run": view.run.name, "revision": view.revision, **described})
