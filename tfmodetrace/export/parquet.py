"""Runs as Parquet files, one a table."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from typing import Any

from tfmodetrace import errors
from tfmodetrace.export import arrow, files, schema, tables
from tfmodetrace.export import confidential as confidential_module


def write(sources: Sequence[tables.Source], directory: str | os.PathLike[str], *, confidential: confidential_module.Confidential) -> None:
    """Writes every table of :data:`schema.TABLES` to a file of a directory, such as ``calls.parquet``.

    Args:
        sources: The runs.
        directory: Where to; made if it is not there. Files of the same names are replaced, once all are written.
        confidential: What is kept back.

    Raises:
        errors.ExportError: If pyarrow is not installed, or the files cannot be written.
    """
    try:
        importlib.import_module("pyarrow")
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise errors.ExportError("Parquet needs pyarrow, which is not installed; pip install 'tfmodetrace[parquet]'") from error
    with files.replacing_directory(directory) as made:
        for name in schema.TABLES:
            table = arrow.joined([arrow.of_run(name, source, confidential=confidential) for source in sources])
            # Through a file of Python's, whose failures are OSError.
            with (made / f"{name}.parquet").open("wb") as file:
                parquet.write_table(table, file, compression="zstd")
