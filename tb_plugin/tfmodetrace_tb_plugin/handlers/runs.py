"""``GET runs``: what can be shown."""

from __future__ import annotations

from typing import Any

import werkzeug

from tfmodetrace.insight import dropped
from tfmodetrace_tb_plugin import index, metadata, responses, views


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
            "runs": [_row(name, view) for name, view in snapshot.runs.items()],
        },
    )


def _row(name: str, view: views.RunView) -> dict[str, Any]:
    run = view.run
    return {
        "run": name,
        "revision": view.revision,
        "calls": len(run.calls),
        "errors": len(run.errors),
        "findings": view.known_findings,
        "start_unix_ns": run.start_unix_ns,
        "complete": run.complete,
        "state": run.state,
        "last_written_unix_ns": run.last_written_unix_ns,
        "dropped": run.dropped,
        "dropped_text": dropped.text_of_run(run),
        "processes": [
            {
                "host": process.host,
                "pid": process.pid,
                "worker": process.worker,
                "complete": process.complete,
                "state": process.state,
                "last_written_unix_ns": process.last_written_unix_ns,
                "dropped": process.dropped,
            }
            for process in run.processes
        ],
    }
