"""``GET source``: the text of one function's definition."""

from __future__ import annotations

import werkzeug

from tfmodetrace_tb_plugin import arguments, errors, index, responses


def handle(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with the definition as its file had it when the function was first called."""
    name = arguments.text(request, "run")
    function_id = arguments.integer(request, "function_id")
    functions = log_index.settled().run(name).run.functions
    if not 0 <= function_id < len(functions):
        raise errors.NotFoundError(f"The run {name!r} has no function {function_id}.")
    function = functions[function_id]
    if function.source is None:
        raise errors.NotFoundError(
            f"The source of {function.name} was not recorded: no file held it, or an older tfmodetrace made the recording."
        )
    return responses.json_value(
        request,
        {
            "function_id": function_id,
            "function": function.name,
            "file": function.file,
            "line": function.line,
            "text": function.source,
            "truncated": function.source_truncated,
        },
    )
