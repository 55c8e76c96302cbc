"""A fleet's tables as DuckDB sees them: views of what is merged, with run, hour and worker."""

from __future__ import annotations

import glob
import os
import pathlib
from collections.abc import Sequence
from typing import Any, Final

from tfmodetrace.fleet import buckets, places, schema

NAMES: Final = (*(schema.PREFIX + name for name in schema.TABLES), f"{schema.PREFIX}versions")
"""What there is to ask."""

_TYPES: Final = {"int64": "bigint", "float64": "double", "bool": "boolean", "string": "varchar"}

_SHOWN_BY: Final = ("file", "function", "mode", "tensorflow", "keras", "python", "code")
_LISTED: Final = ", ".join(_SHOWN_BY)

_VERSIONS: Final = f"""
    with lengths as (
      select {_LISTED}, bucket, sum(calls) as calls, sum(ns) as ns, min(hour) as since
      from fleet_digest where not traced and not raised group by all),
    counted as (
      select *, sum(calls) over (partition by {_LISTED} order by bucket) as up_to, sum(calls) over (partition by {_LISTED}) as whole
      from lengths),
    told as (
      select {_LISTED}, min(since) as since, sum(calls)::bigint as calls, (sum(ns) // sum(calls))::bigint as mean_ns,
        min(bucket) filter (2 * up_to >= whole) as median
      from counted group by all),
    ran as (select {_LISTED}, count(distinct (run, worker)) as workers from fleet_digest where not traced and not raised group by all)
    select told.* exclude (since, calls, mean_ns, median), since, workers, calls, mean_ns,
      case when median = 0 then 0 else {buckets.bound_sql("median")} end as median_from_ns,
      {buckets.bound_sql("median + 1")} as median_below_ns,
      mean_ns / nullif(lag(mean_ns) over before, 0) as times_before
    from told join ran on {" and ".join(f"told.{name} is not distinct from ran.{name}" for name in _SHOWN_BY)}
    window before as (partition by told.file, told.function, told.mode order by since, {", ".join(f"told.{name}" for name in _SHOWN_BY)})"""


def is_fleet(path: str | os.PathLike[str]) -> bool:
    """Returns whether a directory holds what ``tfmodetrace fleet`` has written."""
    return pathlib.Path(path, schema.DIRECTORY, places.MERGED).is_dir()


def add(connection: Any, fleets: Sequence[str | os.PathLike[str]]) -> None:
    """Adds the views to a connection, which may read the files of these directories then, whatever else it may not any more.

    Args:
        connection: DuckDB's connection.
        fleets: The directories.
    """
    roots = [os.path.join(os.path.abspath(fleet), schema.DIRECTORY, places.MERGED) for fleet in fleets]
    connection.execute(f"SET allowed_directories = [{', '.join(_quoted(root + os.sep) for root in roots)}]")
    for name, columns in schema.TABLES.items():
        patterns = [os.path.join(glob.escape(root), name, "*", "*", places.WORKERS_FILE) for root in roots]
        # DuckDB may look for nothing itself any more where a name of a directory has to be escaped.
        found = sorted(file for pattern in patterns for file in glob.glob(pattern))
        shown = [*schema.PARTITIONS, *columns]
        if found:
            types = "{'run': varchar, 'hour': varchar}"
            files = ", ".join(map(_quoted, found))
            source = (
                f"read_parquet([{files}], hive_partitioning = true, hive_types = {types}, union_by_name = {str(len(roots) > 1).lower()})"
            )
            told = f"select {', '.join(column.name for column in shown)} from {source}"
        else:
            told = f"select {', '.join(f'null::{_TYPES[column.kind]} as {column.name}' for column in shown)} where false"
        connection.execute(f"create view {schema.PREFIX}{name} as {told}")
    connection.execute(f"create view {schema.PREFIX}versions as {_VERSIONS}")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
