"""``GET runs``: what can be shown."""

from __future__ import annotations

import werkzeug

from tfmodetrace_tb_plugin import index, metadata, responses


def handle(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with the runs, and whether there may be more."""
    snapshot = log_index.fresh()
    return responses.json_value(
        request,
        {
            "schema_version": metadata.HTTP_SCHEMA_VERSION,
            "indexing": snapshot.indexing,
            "logdir": snapshot.logdir,
            "warnings": snapshot.warnings,
            "runs": snapshot.rows(),
        },
    )
