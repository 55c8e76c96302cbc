"""``GET timeline/find``: the next or previous call of functions by name."""

from __future__ import annotations

import werkzeug

from tfmodetrace.insight import plain, search
from tfmodetrace_tb_plugin import arguments, errors, index, responses


def handle(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with a call, and how many there are."""
    name, text = arguments.text(request, "run"), arguments.text(request, "text")
    after_ns, step = arguments.integer(request, "after_ns"), arguments.integer(request, "step")
    if step not in (1, -1):
        raise errors.BadArgumentError(f"The argument `step` must be 1 or -1, not {step}.")
    view = log_index.settled().run(name)
    found = plain.plain(search.find(view.run, text, after_ns, 1 if step > 0 else -1))
    return responses.json_value(request, {"run": view.run.name, "revision": view.revision, **found})
