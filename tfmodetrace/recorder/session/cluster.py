"""Which task of a cluster this process is, and which attempt at it, as far as its environment says."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Final

from tfmodetrace.schema import events_pb2

TRAINING: Final = ("chief", "master", "worker")
"""The types of tasks that train together; a parameter server or an evaluator works on its own."""

_ATTEMPTS: Final = {"SLURM_RESTART_COUNT": 0, "AWS_BATCH_JOB_ATTEMPT": 1, "BATCH_TASK_RETRY_ATTEMPT": 0, "CLOUD_RUN_TASK_ATTEMPT": 0}
"""Where schedulers tell how often a task was started, and from what they count."""

_MOST: Final = 1 << 31


def task() -> events_pb2.ClusterTask | None:
    """Returns the task that TF_CONFIG gives this process; None outside a cluster, or where that is no such description."""
    try:
        told = json.loads(os.environ.get("TF_CONFIG", ""))
        own = told["task"]
        index = int(own["index"])
        if not 0 <= index < _MOST:
            return None
        return events_pb2.ClusterTask(type=str(own["type"]), index=index, workers=_workers(told.get("cluster")))
    except (ValueError, KeyError, AttributeError, TypeError, IndexError):
        return None


def _workers(cluster: Any) -> int:
    """How many tasks train; 0 where that is not told. The tasks of a type are a list, or a table by index."""
    if not isinstance(cluster, Mapping):
        return 0
    return sum(len(cluster[kind]) for kind in TRAINING if isinstance(cluster.get(kind), list | dict))


def attempt_number() -> int:
    """Returns 1 for the first attempt at the process's work, 2 for the second, …; 0 where nothing tells."""
    for name, first in _ATTEMPTS.items():
        told = os.environ.get(name, "")
        if told.isascii() and told.isdigit() and len(told) < len(str(_MOST)):
            return max(0, int(told) - first + 1)
    return 0
