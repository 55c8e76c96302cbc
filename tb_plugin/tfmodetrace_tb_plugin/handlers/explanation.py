"""``GET explanation``: what an id of a finding, diagnosis or reason means."""

from __future__ import annotations

import werkzeug

from tfmodetrace.insight import explanations, plain
from tfmodetrace_tb_plugin import arguments, errors, index, responses


def handle(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with the explanations of an id, one for each group that has it; they are the same for every run."""
    del log_index
    asked = arguments.text(request, "id")
    told = explanations.of(asked)
    if not told:
        raise errors.NotFoundError(f"There is no finding, diagnosis or reason {asked[:80]!r}.")
    return responses.json_value(request, {"explanations": plain.plain(told)})
