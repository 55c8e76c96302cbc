"""Everything about one call."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfmodetrace.insight import attribution
from tfmodetrace.log import tracelog
from tfmodetrace.schema import words


def describe_call(
    run: tracelog.Run, process: int, call_id: int, attributed: attribution.Attribution | None = None
) -> dict[str, Any] | None:
    """Describes one call as ``GET call`` of ``docs/http_api.md`` does.

    Args:
        run: The run it belongs to.
        process: The process it belongs to.
        call_id: Its id within the process.
        attributed: What belongs to the run's calls, if that is already known.

    Returns:
        The description, or ``None`` if there is no such call, as for one that has not ended.
    """
    calls = run.calls
    row = calls.index_of(process, call_id)
    if row is None:
        return None
    function_id = int(calls.function_id[row])
    signature_id = int(calls.signature_id[row])
    flags = int(calls.flags[row])
    thread = run.threads[int(calls.thread_id[row])]
    error = next((error for error in run.errors if error.process == process and error.call_id == call_id), None)
    return {
        "call_id": call_id,
        "process": process,
        "thread_id": thread.thread_id,
        "thread": thread.name,
        "function_id": function_id,
        "function": run.functions[function_id].name,
        "mode": words.MODES[calls.mode[row]],
        "start_ns": int(calls.start_ns[row]),
        "duration_ns": int(calls.duration_ns[row]),
        "depth": int(calls.depth[row]),
        "parent": _parent(run, process, row),
        "signature": run.signatures[signature_id].text if signature_id >= 0 else None,
        "trace_ids": (attributed or attribution.Attribution(run)).traces_of(row),
        "raised": bool(flags & words.CallFlag.RAISED),
        "suspendable": bool(flags & words.CallFlag.SUSPENDABLE),
        "error": {"error_id": error.error_id, "type": error.type, "message": error.message} if error is not None else None,
        "children": int(np.count_nonzero((calls.parent_id == call_id) & (calls.process == process))),
    }


def _parent(run: tracelog.Run, process: int, row: int) -> dict[str, Any] | None:
    parent_id = int(run.calls.parent_id[row])
    if parent_id < 0:
        return None
    parent_row = run.calls.index_of(process, parent_id)
    function = run.functions[int(run.calls.function_id[parent_row])].name if parent_row is not None else None
    return {"call_id": parent_id, "function": function}
