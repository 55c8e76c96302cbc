"""SQL over recordings: DuckDB answers one SELECT from the tables of ``export.schema`` and ``fleet.schema``, and reaches nothing else."""

from __future__ import annotations

import csv
import dataclasses
import importlib
import io
import json
import os
import weakref
from collections.abc import Sequence
from typing import Any, Final

from tfmodetrace import errors
from tfmodetrace.export import arrow, confidential, schema, sources, tables
from tfmodetrace.fleet import views
from tfmodetrace.insight import tracelog

Log = str | os.PathLike[str] | tracelog.TraceLog
Logs = Log | Sequence[Log]

_LOCKED: Final = (
    "SET temp_directory = ''",
    "SET enable_external_access = false",  # no file, address or extension, and no variable of Python's as a table
    "SET lock_configuration = true",
)

_ALL: Final = confidential.Confidential()

_kept: weakref.WeakKeyDictionary[Any, dict[tuple[str, str], Any]] = weakref.WeakKeyDictionary()
"""The tables that were made of a run, by their name and what the run was called."""


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class QueryResult:
    """The answer to a query.

    Attributes:
        columns: The names of its columns.
        rows: Its rows, as tuples of plain values.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def __len__(self) -> int:
        """Returns how many rows there are."""
        return len(self.rows)

    def __repr__(self) -> str:
        return f"<QueryResult: {len(self.columns)} columns, {len(self.rows)} rows>"

    def __str__(self) -> str:
        texts = [["" if value is None else _cell(value) for value in row] for row in self.rows]
        numeric = [all(isinstance(row[place], int | float | None) for row in self.rows) for place in range(len(self.columns))]
        widths = [max(map(len, column)) for column in zip(self.columns, *texts, strict=True)]
        lines = [
            "  ".join(text.rjust(width) if right else text.ljust(width) for text, width, right in zip(row, widths, numeric, strict=True))
            for row in (self.columns, *texts)
        ]
        return "\n".join(line.rstrip() for line in lines)

    def to_dict(self) -> dict[str, Any]:
        """Returns what ``tfmodetrace query --json`` prints."""
        return {"columns": list(self.columns), "rows": [[_json(value) for value in row] for row in self.rows]}

    def to_csv(self) -> str:
        """Returns what ``tfmodetrace query --csv`` prints; what is null is empty."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(
            [["" if value is None else value if isinstance(value, float) else _cell(value) for value in row] for row in self.rows]
        )
        return out.getvalue()

    def to_pandas(self) -> Any:
        """Returns a pandas DataFrame.

        Raises:
            ImportError: If pandas is not installed.
        """
        try:
            pandas: Any = importlib.import_module("pandas")
        except ImportError as error:
            raise ImportError("to_pandas() needs pandas, which is not installed; pip install pandas") from error
        return pandas.DataFrame.from_records(list(self.rows), columns=list(self.columns))


def query(logs: Logs, sql: str) -> QueryResult:
    """See :func:`tfmodetrace.query`."""
    given = [logs] if isinstance(logs, str | os.PathLike | tracelog.TraceLog) else list(logs)
    fleets = [each for each in given if not isinstance(each, tracelog.TraceLog) and views.is_fleet(each)]
    read = [each if isinstance(each, tracelog.TraceLog) else tracelog.read(each) for each in given if each not in fleets]
    return answer(sources.of(read), sql, fleets=fleets)


def answer(runs: Sequence[tables.Source], sql: str, *, fleets: Sequence[str | os.PathLike[str]] = ()) -> QueryResult:
    """Answers a query about runs that are already read, and about fleets.

    Args:
        runs: The runs.
        sql: One SELECT.
        fleets: Directories that ``tfmodetrace fleet`` has written.

    Raises:
        errors.QueryError: If DuckDB is not installed, the query is not one SELECT, or DuckDB cannot answer it.
    """
    try:
        duckdb: Any = importlib.import_module("duckdb")
        importlib.import_module("pyarrow")
    except ImportError as error:
        raise errors.QueryError("Queries need DuckDB and pyarrow, which are not installed; pip install 'tfmodetrace[query]'") from error
    if not runs and not fleets:
        raise errors.QueryError("There is no run to ask. Give a log directory, or several.")
    known = (*(schema.TABLES if runs else ()), *(views.NAMES if fleets else ()))
    with duckdb.connect(":memory:") as connection:
        try:
            if fleets:
                views.add(connection, fleets)
            for setting in _LOCKED:
                connection.execute(setting)
            statements = connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                given = f"{len(statements)} statements" if len(statements) != 1 else f"a statement of the kind {statements[0].type.name}"
                raise errors.QueryError(f"This is {given}. Give one SELECT; its tables are {', '.join(known)}.")
            for name in _named(connection, statements[0].query) if runs else ():
                connection.register(name, _table(name, runs))
            result = connection.execute(statements[0])
            columns = tuple(column[0] for column in result.description or ())
            return QueryResult(columns, tuple(tuple(row) for row in result.fetchall()))
        except duckdb.Error as error:
            raise errors.QueryError(f"DuckDB cannot answer this. {_told(error, known)}") from error


def _named(connection: Any, sql: str) -> list[str]:
    """The tables that a query may name: only these are made, as finding findings takes longer than most queries."""
    try:
        mentioned = {name.lower() for name in connection.get_table_names(sql)}
    except Exception:
        # It also says so of what it only cannot look through.
        return list(schema.TABLES)
    return [name for name in schema.TABLES if name in mentioned or not mentioned]


def _table(name: str, runs: Sequence[tables.Source]) -> Any:
    parts = []
    for run in runs:
        kept = _kept.setdefault(run.told.run, {})
        key = (name, run.name)
        if key not in kept:
            kept[key] = arrow.of_run(name, run, confidential=_ALL)
        parts.append(kept[key])
    return arrow.joined(parts)


def _told(error: Exception, known: Sequence[str]) -> str:
    """What DuckDB says, without its hints to change the configuration, which is locked."""
    text = str(error).strip()
    return f"{text}\nThe tables are {', '.join(known)}." if type(error).__name__ == "CatalogException" else text


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return json.dumps(_json(value)) if isinstance(value, list | dict) else str(value)


def _json(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_json(each) for each in value]
    if isinstance(value, dict):
        return {str(key): _json(each) for key, each in value.items()}
    if isinstance(value, float) and value - value != 0:  # no number of JSON's
        return None
    return value if isinstance(value, str | int | float | None) else str(value)
