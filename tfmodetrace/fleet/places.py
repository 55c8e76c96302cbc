"""Where tables lie below the directory that is written, and how they are written."""

from __future__ import annotations

import datetime as dt
import importlib
import io
import json
import pathlib
import urllib.parse
from collections.abc import Sequence
from typing import Any, Final

from tfmodetrace import whole_files

MERGED: Final = "merged"
"""Beside the directories of tables: the same again, all workers of an hour in one file. To open a file takes longer than to read it."""

WORKERS_FILE: Final = "workers.parquet"
PART_FILE: Final = "digest.parquet"

_ABOUT: Final = b"tfmodetrace.fleet"


def hour_key(table: str, run: str, hour: int) -> str:
    """Returns the directory of a table's hour: ``digest/run=a/hour=2026-11-30T16``."""
    began = dt.datetime.fromtimestamp(3600 * hour, tz=dt.UTC)
    return f"{table}/run={_quoted(run)}/hour={began:%Y-%m-%dT%H}"


def table_of(key: str) -> str:
    """Returns the table of such a directory."""
    return key.partition("/")[0]


def worker_file(key: str, worker: str) -> str:
    """Returns the file of a worker's hour."""
    return f"{key}/worker={_quoted(worker)}/{PART_FILE}"


def workers_file(key: str) -> str:
    """Returns the file of all workers of an hour."""
    return f"{MERGED}/{key}/{WORKERS_FILE}"


def packed(table: Any, about: dict[str, Any]) -> bytes:
    """Returns a table as the bytes of a Parquet file: the same for equal tables.

    Args:
        table: The ``pyarrow.Table``.
        about: What is told of it: plain values.
    """
    parquet: Any = importlib.import_module("pyarrow.parquet")
    out = io.BytesIO()
    bare = table.replace_schema_metadata(None)
    with parquet.ParquetWriter(out, bare.schema, compression="zstd", store_schema=False, write_statistics=False) as writer:
        writer.write_table(bare)
        writer.add_key_value_metadata({_ABOUT: json.dumps(about, sort_keys=True)})
    return out.getvalue()


def unpacked(data: bytes) -> tuple[Any, dict[str, Any]]:
    """Returns the table of such bytes, and what is told of it."""
    parquet: Any = importlib.import_module("pyarrow.parquet")
    file = parquet.ParquetFile(io.BytesIO(data))
    return file.read().replace_schema_metadata(None), json.loads(file.metadata.metadata[_ABOUT])


def write(path: pathlib.Path, data: bytes) -> None:
    """Writes a file, and the directories that it lies in, if they are not there.

    Raises:
        OSError: If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_files.replacing(path) as file:
        file.write(data)


def _quoted(name: str) -> str:
    """A name as part of a path; DuckDB and Arrow read it back."""
    return urllib.parse.quote(name.encode(errors="replace").decode(), safe="").replace(".", "%2E") or "%2E"


def joined(tables: Sequence[Any]) -> Any:
    """Puts tables with the same columns below each other."""
    return importlib.import_module("pyarrow").concat_tables(tables)
