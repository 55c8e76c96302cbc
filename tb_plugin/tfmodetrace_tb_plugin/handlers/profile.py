"""``GET profile``: what TensorFlow's profiler says of a run, and ``GET profile/call``: what it says of one call."""

from __future__ import annotations

import dataclasses
import importlib.util
from typing import Any

import werkzeug

from tfmodetrace.insight import plain, profile_events, report
from tfmodetrace_tb_plugin import arguments, index, responses, views


def handle(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with the profiles of a run, where the time of its functions goes, and the lanes of ops."""
    view = log_index.settled().run(arguments.text(request, "run"))
    profiles = view.answers.profiles
    return responses.gzipped(
        request,
        responses.compressed(
            responses.json_bytes(
                {
                    "run": view.run.name,
                    "revision": view.revision,
                    "xprof": importlib.util.find_spec("xprof") is not None,
                    "parts": list(profile_events.PARTS),
                    "profiles": [{**described, "xprof_run": _xprof_run(view, described)} for described in profiles.describe()],
                    "functions": profiles.by_function(),
                    "findings": [
                        plain.plain(report.finding(view.run, finding, view.answers.attribution))
                        for finding in view.answers.profile_findings
                    ],
                    "lanes": [dataclasses.asdict(lane) for lane in profiles.lanes],
                    "names": list(profiles.names),
                }
            )
        ),
        "application/json",
    )


def handle_call(request: werkzeug.Request, log_index: index.Index) -> werkzeug.Response:
    """Answers with where the time of one call went; ``times`` is null if it is in no profile."""
    view = log_index.settled().run(arguments.text(request, "run"))
    times = view.answers.profiles.of_call(arguments.integer(request, "process"), arguments.integer(request, "call_id"))
    return responses.json_value(request, {"run": view.run.name, "revision": view.revision, "times": times})


def _xprof_run(view: views.RunView, described: dict[str, Any]) -> str | None:
    """Returns what XProf calls a profile; ``None`` where it does not find it, as with several log directories."""
    if view.run.name != view.source.name:
        return None
    session, base = described["session"], described["base"]
    return session if base == "." else f"{base}/{session}"
