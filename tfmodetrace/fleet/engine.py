"""DuckDB in this process: Arrow tables go in, one goes out. It reaches nothing else, and gives the same on any machine."""

from __future__ import annotations

import functools
import importlib
import os
import threading
from collections.abc import Mapping
from typing import Any

from tfmodetrace import errors
from tfmodetrace.fleet import schema

_here = threading.local()


def need() -> None:
    """Sees to what tables are made with.

    Raises:
        errors.FleetError: If it is not installed.
    """
    try:
        importlib.import_module("duckdb")
        importlib.import_module("pyarrow")
    except ImportError as error:
        raise errors.FleetError("Digests need DuckDB and pyarrow, which are not installed; pip install 'tfmodetrace[query]'") from error


def select(sql: str, tables: Mapping[str, Any], **values: int) -> Any:
    """Answers one SELECT from Arrow tables.

    Args:
        sql: The query; ``$name`` stands for a value.
        tables: The tables by name.
        values: The values.

    Returns:
        A ``pyarrow.Table``.
    """
    connection = _connection()
    for name, table in tables.items():
        connection.register(name, table)
    try:
        return connection.sql(sql, params=values or None).to_arrow_table()
    finally:
        for name in tables:
            connection.unregister(name)


def _connection() -> Any:
    """This thread's connection, after a fork this process's: to make one takes longer than most queries."""
    if getattr(_here, "process", None) != os.getpid():
        duckdb: Any = importlib.import_module("duckdb")
        _here.connection = duckdb.connect(":memory:", config={"threads": "1"})
        _here.connection.execute("SET temp_directory = ''")
        _here.connection.execute("SET enable_external_access = false")
        _here.process = os.getpid()
    return _here.connection


@functools.cache
def columns(name: str) -> Any:
    """Returns the ``pyarrow.Schema`` of a table of ``schema.TABLES``."""
    pa: Any = importlib.import_module("pyarrow")
    kinds = {"int64": pa.int64(), "bool": pa.bool_(), "string": pa.string()}
    return pa.schema([pa.field(column.name, kinds[column.kind]) for column in schema.TABLES[name]])
