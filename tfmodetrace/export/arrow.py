"""Tables as Arrow holds them: columns of numpy are not copied."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfmodetrace.export import confidential as confidential_module
from tfmodetrace.export import schema, tables


def joined(parts: Sequence[Any]) -> Any:
    """Joins the tables of several runs; names are in one list then."""
    return parts[0] if len(parts) == 1 else importlib.import_module("pyarrow").concat_tables(parts).unify_dictionaries()


def of_run(name: str, source: tables.Source, *, confidential: confidential_module.Confidential) -> Any:
    """Makes a table of one run.

    Args:
        name: One of ``schema.TABLES``.
        source: The run.
        confidential: What is kept back.

    Returns:
        A ``pyarrow.Table``.
    """
    pa: Any = importlib.import_module("pyarrow")
    made = tables.columns(name, source, confidential)
    rows = len(_first(next(iter(made.values()))))
    values = {"run": tables.Named(np.zeros(rows, dtype=np.int32), [source.name]), **made}
    columns = schema.TABLES[name]
    fields = [pa.field(column.name, _type(pa, column.kind), metadata={"description": column.says}) for column in columns]
    arrays = [_array(pa, column.kind, values[column.name]) for column in columns]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata={"tfmodetrace.schema": str(schema.VERSION)}))


def _first(values: tables.Values) -> Any:
    return values[0] if isinstance(values, tables.Nullable | tables.Named) else values


def _type(pa: Any, kind: schema.Kind) -> Any:
    if kind == "name":
        return pa.dictionary(pa.int32(), pa.string())
    if kind == "list of strings":
        return pa.list_(pa.string())
    return {"int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_(), "string": pa.string()}[kind]


def _array(pa: Any, kind: schema.Kind, values: tables.Values) -> Any:
    kind_of = _type(pa, kind)
    if isinstance(values, tables.Named):
        codes = values.codes.astype(np.int32, copy=False)
        missing = codes < 0
        indices = pa.array(codes, mask=missing) if missing.any() else pa.array(codes)
        return pa.DictionaryArray.from_arrays(indices, pa.array([_text(name) for name in values.names], pa.string()))
    if kind in ("name", "string"):
        return pa.array([_text(value) for value in values], pa.string()).cast(kind_of)
    if isinstance(values, tables.Nullable):
        mask = values.missing if values.missing.any() else None
        return pa.array(values.values.astype(np.int64, copy=False), kind_of, mask=mask)
    if isinstance(values, np.ndarray):
        return pa.array(values.astype(np.int64, copy=False) if kind == "int64" else values, kind_of)
    return pa.array(values, kind_of)


def _text(value: Any) -> str | None:
    # What is no Unicode, as names of files may be, has no place in Arrow.
    return None if value is None else str(value).encode(errors="replace").decode()
