"""``GET timeline/flame``: where the time of a window went, as a tree and bottom up."""

from __future__ import annotations

import werkzeug

from tfmodetrace.insight import flame, plain
from tfmodetrace_tb_plugin import arguments, errors, index, responses


def handle(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with the tree of a window; of the whole recording where none is given."""
    name = arguments.text(request, "run")
    view = log_index.settled().run(name)
    spent = view.answers.budgets.of_run
    begin_ns, end_ns = (spent.begin_ns, spent.end_ns) if spent is not None else (view.timeline.begin_ns, view.timeline.end_ns)
    if "begin_ns" in request.args or "end_ns" in request.args:
        begin_ns, end_ns = arguments.integer(request, "begin_ns"), arguments.integer(request, "end_ns")
    if end_ns < begin_ns:
        raise errors.BadArgumentError(f"The window must not end before it begins, but end_ns is {end_ns} and begin_ns {begin_ns}.")
    described = plain.plain(flame.of(view.answers, begin_ns, end_ns))
    return responses.json_value(request, {"run": view.run.name, "revision": view.revision, **described})
