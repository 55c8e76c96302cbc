"""Ray Data: on this machine, or on a cluster of Ray's."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from typing import Any

from tfmodetrace import errors
from tfmodetrace.fleet import runners


def run(jobs: Sequence[str], digest: runners.Digest, finish: runners.Finish, options: dict[str, str]) -> None:
    """Digests and finishes in one dataset.

    Args:
        jobs: The recordings.
        digest: What makes digests.
        finish: What merges and writes them.
        options: What ``ray.init`` takes: ``address`` of a cluster, ``num_cpus``, …

    Raises:
        errors.FleetError: If Ray is not installed.
    """
    try:
        ray: Any = importlib.import_module("ray")
        data: Any = importlib.import_module("ray.data")
        pa: Any = importlib.import_module("pyarrow")
    except ImportError as error:
        raise errors.FleetError("The runner ray needs Ray Data, which is not installed; pip install 'tfmodetrace[ray]'") from error
    began = not ray.is_initialized()
    if began:
        data.DataContext.get_current().enable_progress_bars = False
        ray.init(**{"log_to_driver": False, "logging_level": "ERROR", **{name: _value(value) for name, value in options.items()}})

    def digests(row: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"key": key, "data": made} for key, made in digest(row["item"])]

    def finished(group: Any) -> Any:
        key = group.column("key")[0].as_py()
        finish(key, group.column("data").to_pylist())
        return pa.table({"key": [key]})

    try:
        rows = data.from_items(list(jobs)).flat_map(digests).materialize()
        if rows.count():
            rows.groupby("key").map_groups(finished, batch_format="pyarrow").materialize()
    finally:
        if began:
            ray.shutdown()


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
