"""Runs as tables: what the log and the report say, read by what people read Parquet with."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet
import pytest

from tests.support import exported
from tfmodetrace.export import confidential, parquet, schema, sources
from tfmodetrace.insight import plain, report
from tfmodetrace.insight import tracelog as asked
from tfmodetrace.schema import words


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    logdir = tmp_path_factory.mktemp("tables")
    exported.session(logdir / "a", pid=7)
    exported.session(logdir / "a", pid=8, seed=1)
    exported.session(logdir / "b", pid=9, seed=2, calls=20)
    return logdir


@pytest.fixture(scope="module")
def log(logdir: pathlib.Path) -> asked.TraceLog:
    return asked.read(logdir)


@pytest.fixture(scope="module")
def directory(log: asked.TraceLog, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    directory = tmp_path_factory.mktemp("parquet")
    parquet.write(sources.of([log]), directory, confidential=confidential.Confidential())
    return directory


def rows(directory: pathlib.Path, table: str) -> list[dict[str, Any]]:
    return pyarrow.parquet.read_table(directory / f"{table}.parquet").to_pylist()


def test_every_table_has_the_columns_that_its_schema_names_and_describes(directory: pathlib.Path) -> None:
    assert {file.name for file in directory.iterdir()} == {f"{name}.parquet" for name in schema.TABLES}
    for name, columns in schema.TABLES.items():
        fields = pyarrow.parquet.read_schema(directory / f"{name}.parquet")
        assert fields.names == [column.name for column in columns]
        assert [fields.field(column.name).metadata[b"description"].decode() for column in columns] == [column.says for column in columns]
        assert fields.metadata[b"tfmodetrace.schema"] == b"1"


def test_calls_are_those_of_the_log(directory: pathlib.Path, log: asked.TraceLog) -> None:
    table = pd.read_parquet(directory / "calls.parquet")
    calls = log.calls
    assert len(table) == len(calls) > 600
    for column in ("process", "call_id", "function_id", "start_ns", "duration_ns", "thread_id", "depth"):
        assert np.array_equal(table[column], getattr(calls, column)), column
    for column in ("parent_id", "trace_id"):
        assert np.array_equal(table[column].fillna(-1), getattr(calls, column)), column
        assert table[column].isna().any()
    expected = log.to_pandas()
    for column in ("run", "function", "mode", "signature", "thread", "raised", "suspendable"):
        assert table[column].astype(object).where(table[column].notna(), None).tolist() == (
            expected[column].astype(object).where(expected[column].notna(), None).tolist()
        ), column
    definition_of = [{number: row.definition_id for row in run.answers.definitions.rows for number in row.functions} for run in log.runs]
    assert table["definition_id"].tolist() == [
        definition_of[run][function] for run, function in zip(calls.run.tolist(), calls.function_id.tolist(), strict=True)
    ]


def test_traces_errors_findings_and_definitions_are_those_of_the_report(directory: pathlib.Path, log: asked.TraceLog) -> None:
    told = [plain.plain(report.of_run(run.answers)) for run in log.runs]
    for table, ours in (
        ("traces", ["trace_id", "function_id", "ordinal", "call_id", "inside_call_id", "start_ns", "duration_ns", "signature", "executed"]),
        ("errors", ["error_id", "function_id", "call_id", "time_ns", "mode", "type", "message", "first_error_id", "ended_program"]),
        ("findings", ["severity", "function_id", "definition_id", "title", "place", "lost_ns", "share", "why", "advice", "fix"]),
        (
            "definitions",
            ["definition_id", "name", "file", "line", "kind", "traces", "wall_ns", "tracing_ns", "share", "threads", "changes"],
        ),
    ):
        expected = [{"run": run["run"], **{name: each[name] for name in ours}} for run in told for each in run[table]]
        assert expected, table
        assert [{name: row[name] for name in ("run", *ours)} for row in rows(directory, table)] == expected, table
    reasons = [each["reason"] for run in told for each in run["traces"]]
    assert [(row["kinds"], row["reason"], row["nearest_trace_id"], row["fix"]) for row in rows(directory, "traces")] == [
        (each["kinds"], each["summary"], each["nearest_trace_id"], each["fix"]) for each in reasons
    ]
    graphs = [each["graph"] for run in told for each in run["traces"]]
    assert [(row["ops"], row["constant_bytes"]) for row in rows(directory, "traces")] == [
        (each["ops"], each["constant_bytes"]) for each in graphs
    ]
    diagnoses = [each["diagnosis"] for run in told for each in run["errors"]]
    assert [(row["diagnosis"], row["title"], row["advice"]) for row in rows(directory, "errors")] == [
        (each["id"], each["title"], each["advice"]) for each in diagnoses
    ]
    found = [each for run in told for each in run["findings"]]
    assert [(row["finding"], json.loads(row["evidence"])) for row in rows(directory, "findings")] == [
        (each["id"], each["evidence"]) for each in found
    ]
    for row, each in zip(rows(directory, "definitions"), [each for run in told for each in run["definitions"]], strict=True):
        assert row["calls"] == each["calls"]["total"]
        assert row["repeated"] == each["repeated"]["total"]
        assert row["functions"] == len(each["functions"])
        assert [row[mode.replace("-", "_")] for mode in words.MODES] == [each["calls"][mode] for mode in words.MODES]


def test_runs_and_samples(directory: pathlib.Path, log: asked.TraceLog, logdir: pathlib.Path) -> None:
    first, second = rows(directory, "runs")
    assert (first["run"], second["run"]) == ("a", "b")
    assert first["path"] == str(logdir)
    assert (first["processes"], first["hosts"], first["calls"], first["traces"]) == (2, ["host7", "host8"], len(log.runs[0].calls), 4)
    assert (first["state"], first["tensorflow"]) == ("complete", "2.21.0")
    assert first["wall_ns"] == log.runs[0].to_dict()["wall_ns"]
    samples = rows(directory, "samples")
    assert len(samples) == 18
    assert {(row["state"], row["op"], row["definition"], row["line"], row["thread"]) for row in samples} == {
        ("op", "matmul", "main", 2, "MainThread"),
        ("python", None, "main", None, "MainThread"),
    }
    assert [row["call_id"] for row in samples[:6]] == [0, 0, 0, None, None, None]


def test_polars_and_duckdb_read_the_same(directory: pathlib.Path, log: asked.TraceLog) -> None:
    file = str(directory / "calls.parquet")
    by_mode = pl.read_parquet(file).group_by("run", "mode").agg(pl.len(), pl.col("duration_ns").sum()).rows()
    asked_of_duckdb = duckdb.sql(f"select run, mode, count(*), sum(duration_ns)::bigint from '{file}' group by all").fetchall()
    assert sorted(by_mode) == sorted(asked_of_duckdb)
    assert sum(count for _, _, count, _ in by_mode) == len(log.calls)


def test_a_run_of_nothing_has_tables_without_rows(tmp_path: pathlib.Path) -> None:
    from tests.support import files

    files.SessionFile(tmp_path / "log").end()
    parquet.write(sources.of([asked.read(tmp_path / "log")]), tmp_path / "out", confidential=confidential.Confidential())
    assert {name: len(rows(tmp_path / "out", name)) for name in schema.TABLES} == {name: int(name == "runs") for name in schema.TABLES}
