"""``GET memory``: what devices and processes held over time."""

from __future__ import annotations

from typing import Final

import werkzeug

from tfmodetrace.insight import memory, plain
from tfmodetrace_tb_plugin import arguments, errors, index, responses

_FEWEST: Final = 10
_MOST: Final = 5000
_USUAL: Final = 1000


def handle(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with the memory of a run over time."""
    view = log_index.settled().run(arguments.text(request, "run"))
    points = arguments.integer(request, "points") if "points" in request.args else _USUAL
    if not _FEWEST <= points <= _MOST:
        raise errors.BadArgumentError(f"The argument `points` must be {_FEWEST} to {_MOST}, not {points}.")
    told = plain.plain(memory.over_time(view.run, points))
    return responses.json_value(request, {"run": view.run.name, "revision": view.revision, **told})
