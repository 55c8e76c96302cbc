"""What functions did to device memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfmodetrace.log import tracelog


def by_function(run: tracelog.Run) -> Mapping[int, Mapping[str, dict[str, Any]]]:
    """Summarizes what was sampled.

    Returns:
        By function id and device name: ``calls`` that were sampled, how many of them were ``shared_calls``, open while another thread's
        were; the most that one of them left behind (``max_delta_bytes``, negative if each freed some); and, or None where peaks were not
        sampled, the most that was allocated during one (``peak_bytes``) and the most that one needed beyond what it had found
        (``max_need_bytes``).
    """
    memory = run.memory
    if not len(memory):
        return {}
    rows = run.calls.rows_of(memory.process, memory.call_id)
    known = np.flatnonzero(rows >= 0)
    functions = run.calls.function_id[rows[known]]
    found: dict[int, dict[str, dict[str, Any]]] = {}
    pairs = functions.astype(np.int64) * len(run.devices) + memory.device_id[known]
    order = np.argsort(pairs, kind="stable")
    cuts = np.flatnonzero(np.diff(pairs[order])) + 1
    for part in np.split(order, cuts):
        if not len(part):
            continue
        chosen = known[part]
        function, device = divmod(int(pairs[part[0]]), len(run.devices))
        before, after, peak = memory.before_bytes[chosen], memory.after_bytes[chosen], memory.peak_bytes[chosen]
        has_peak = peak >= 0
        figures = found.setdefault(function, {}).setdefault(
            run.devices[device].name, {"calls": 0, "shared_calls": 0, "max_delta_bytes": None, "peak_bytes": None, "max_need_bytes": None}
        )
        figures["calls"] += len(chosen)
        figures["shared_calls"] += int(np.count_nonzero(memory.shared[chosen]))
        figures["max_delta_bytes"] = int((after - before).max())
        if has_peak.any():
            figures["peak_bytes"] = int(peak[has_peak].max())
            figures["max_need_bytes"] = int((peak - before)[has_peak].max())
    return found
