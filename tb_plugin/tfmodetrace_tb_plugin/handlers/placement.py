"""``GET placement``: where the functions of a run ran, and what crossed devices."""

from __future__ import annotations

import werkzeug

from tfmodetrace.insight import placements, plain
from tfmodetrace_tb_plugin import arguments, index, responses


def handle(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with the placement of a run."""
    view = log_index.settled().run(arguments.text(request, "run"))
    return responses.json_value(request, {"run": view.run.name, "revision": view.revision, **plain.plain(placements.of_run(view.run))})
