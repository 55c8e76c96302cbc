"""Apache Beam: on this machine, or on whatever runs its pipelines (Dataflow, Flink, Spark)."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from tfmodetrace import errors
from tfmodetrace.fleet import runners


def run(jobs: Sequence[str], digest: runners.Digest, finish: runners.Finish, options: dict[str, str]) -> None:
    """Digests and finishes in one pipeline.

    Args:
        jobs: The recordings.
        digest: What makes digests.
        finish: What merges and writes them.
        options: Options of the pipeline; ``runner`` names what runs it, this machine if not given.

    Raises:
        errors.FleetError: If Beam is not installed, or refuses an option.
    """
    try:
        beam: Any = importlib.import_module("apache_beam")
        fn_api_runner: Any = importlib.import_module("apache_beam.runners.portability.fn_api_runner")
        pipeline_options: Any = importlib.import_module("apache_beam.options.pipeline_options")
    except ImportError as error:
        raise errors.FleetError("The runner beam needs Apache Beam, which is not installed; pip install 'tfmodetrace[beam]'") from error
    flags = [f"--{name}={value}" for name, value in options.items()]
    # What Beam itself would take on one machine fetches a program first.
    chosen = None if "runner" in options else fn_api_runner.FnApiRunner()
    with beam.Pipeline(runner=chosen, options=pipeline_options.PipelineOptions(flags)) as pipeline:
        digests = pipeline | "recordings" >> beam.Create(list(jobs)) | beam.Reshuffle() | "digest" >> beam.FlatMap(digest)
        digests | beam.GroupByKey() | "finish" >> beam.MapTuple(finish)
