"""Tables → one table: the same whatever is merged first, and in whichever order."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterable
from typing import Any

from tfmodetrace.fleet import engine, schema


def merge(name: str, tables: Iterable[Any]) -> Any:
    """Merges tables, digests or what was merged of them: rows whose keys are equal become one.

    It is a sum of whole numbers, so that it does not matter in which order or in which groups tables are merged; no table is the same as
    an empty one.

    Args:
        name: One of ``schema.TABLES``.
        tables: ``pyarrow.Table`` objects with its columns.

    Returns:
        A ``pyarrow.Table`` with the same columns, sorted by its keys.
    """
    pa: Any = importlib.import_module("pyarrow")
    wanted = engine.columns(name)
    parts = [table.select(wanted.names).cast(wanted) for table in tables]
    joined = pa.concat_tables(parts) if parts else wanted.empty_table()
    return engine.select(sql(name), {"parts": joined.replace_schema_metadata(None)}).cast(wanted)


@functools.cache
def sql(name: str) -> str:
    """Writes the query that merges tables."""
    keys = ", ".join(schema.keys_of(name))
    # A sum that is too large for the column is refused and never wrong.
    values = ", ".join(f"{column.role}({column.name})::bigint as {column.name}" for column in schema.TABLES[name] if column.role != "key")
    return f"select {keys}, {values} from parts group by {keys} order by {keys}"
