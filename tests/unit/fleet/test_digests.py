"""Digests, and what is merged of them: as somebody counts who goes through the calls one after the other, in whatever order."""

from __future__ import annotations

import pathlib
import random

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pytest

from tests.support import files, fleets
from tfmodetrace.fleet import buckets, digesting, engine, identity, merging, recordings, schema
from tfmodetrace.log import reader
from tfmodetrace.schema import keys, words

_START_HOUR = files.START_UNIX_NS // fleets.HOUR_NS


def recording_of(path: pathlib.Path) -> recordings.Recording:
    recording = recordings.of_run(reader.read(path).runs[0])
    assert recording is not None
    return recording


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    logdir = tmp_path_factory.mktemp("digests")
    fleets.record(logdir, hours=3)
    return logdir


# --- What a digest holds -----------------------------------------------------------------------------------------------------------------


def test_a_digest_counts_what_a_naive_count_counts(logdir: pathlib.Path) -> None:
    run = reader.read(logdir).runs[0]
    assert run.start_unix_ns is not None
    recording = recording_of(logdir)
    assert recording.hours == tuple(range(_START_HOUR, _START_HOUR + 3))
    calls = run.calls
    seen = 0
    for hour in recording.hours:
        rows = [row for row in range(len(calls)) if (run.start_unix_ns + int(calls.start_ns[row])) // fleets.HOUR_NS == hour]
        naive = fleets.added(
            (
                {
                    "function": run.functions[calls.function_id[row]].qualname,
                    "mode": words.MODES[calls.mode[row]],
                    "traced": bool(calls.trace_id[row] >= 0),
                    "raised": bool(calls.flags[row] & words.CallFlag.RAISED),
                    "bucket": fleets.bucket_of(int(calls.duration_ns[row])),
                    "calls": 1,
                    "ns": int(calls.duration_ns[row]),
                }
                for row in rows
            ),
            ("function", "mode", "traced", "raised", "bucket"),
            {"calls": "sum", "ns": "sum"},
        )
        told = digesting.digest("digest", recording, hour).to_pylist()
        assert {(row["function"], row["mode"], row["traced"], row["raised"], row["bucket"]): (row["calls"], row["ns"]) for row in told} == {
            key: (row["calls"], row["ns"]) for key, row in naive.items()
        }
        assert {row["tensorflow"] for row in told} == {"2.21.0"}
        seen += len(rows)
    assert seen == len(calls)


def test_steps_are_what_lies_between_calls_of_one_definition(tmp_path: pathlib.Path) -> None:
    made = files.SessionFile(tmp_path, start_unix_ns=_START_HOUR * fleets.HOUR_NS)
    made.thread()
    step, region = made.function("step", kind="tf.function"), made.function("evaluation", kind="region")
    for start, took in ((50, 30), (100, 10), (105, 10), (0, 40), (fleets.HOUR_NS, 7)):  # the fourth was written late, the third overlaps
        made.call(step, start, took, mode=words.Mode.GRAPH)
        made.call(region, start, took)
    made.call(step, 10_000, 5, mode=words.Mode.TRACING)
    made.end(end_ns=2 * fleets.HOUR_NS)
    recording = recording_of(tmp_path)
    first, second = (digesting.digest("steps", recording, hour).to_pylist() for hour in recording.hours)
    assert [(row["function"], row["bucket"], row["steps"], row["busy_ns"], row["inside_ns"]) for row in first] == [
        ("step", 0, 1, 0, 10),
        ("step", fleets.bucket_of(10), 1, 10, 30),
        ("step", fleets.bucket_of(20), 1, 20, 10),
    ]
    assert [(row["steps"], row["busy_ns"]) for row in second] == [(1, fleets.HOUR_NS - 115)]


def test_traces_errors_and_clocks_are_of_their_hours(logdir: pathlib.Path) -> None:
    recording = recording_of(logdir)
    for number, hour in enumerate(recording.hours):
        traces = digesting.digest("traces", recording, hour).to_pylist()
        assert sum(row["traces"] for row in traces) == 2
        assert {row["signature"] for row in traces} == {"(x: float32[32, 8])", "(x: float32[33, 8])"}
        assert [row["repeated"] for row in traces].count(False) == (number == 0)
        (error,) = digesting.digest("errors", recording, hour).to_pylist()
        assert (error["type"], error["function"], error["errors"]) == ("ValueError", "helper", 1)
        assert error["first_unix_ns"] // fleets.HOUR_NS == hour
        (clock,) = digesting.digest("clocks", recording, hour).to_pylist()
        assert (clock["session"], clock["host"], clock["calls"], clock["snapshots"]) == ("session-1", "host1", 81, 1)
        assert clock["least_late_ns"] == clock["most_late_ns"] == 1000 * (number + 1)
        assert clock["begin_unix_ns"] == max(hour * fleets.HOUR_NS, files.START_UNIX_NS + 1)


def test_an_hour_of_which_there_is_nothing_is_empty(logdir: pathlib.Path) -> None:
    recording = recording_of(logdir)
    for name in ("digest", "traces", "steps", "errors"):
        told = digesting.digest(name, recording, _START_HOUR + 7)
        assert told.num_rows == 0
        assert told.schema.equals(engine.columns(name))


def test_of_a_recording_whose_beginning_is_lost_no_hour_is_known(tmp_path: pathlib.Path) -> None:
    made = files.SessionFile(tmp_path, session=False)
    made.thread()
    made.call(made.function("f"), 0, 1)
    made.flush()
    assert recordings.of_run(reader.read(tmp_path).runs[0]) is None


def test_lengths_are_told_exactly_at_every_bound() -> None:
    near = [bound + by for bound in buckets.BOUNDS for by in (-1, 0, 1) if 0 <= bound + by < 2**63]
    drawn = random.Random(0)
    values = [0, 2**63 - 1, *near, *(drawn.getrandbits(drawn.randrange(1, 64)) for _ in range(5000))]
    sql = f"select ns, {buckets.exact_sql()} as bucket from {buckets.guess_sql('ns', 'given')}"
    told = engine.select(sql, {"given": pa.table({"ns": pa.array(values, pa.int64())})}).to_pylist()
    assert [row["bucket"] for row in told] == [fleets.bucket_of(row["ns"]) for row in told]
    assert sorted(row["ns"] for row in told) == sorted(values)


# --- What is called alike ----------------------------------------------------------------------------------------------------------------


def test_keys_are_the_same_in_every_process_and_directory_and_differ_with_the_code(tmp_path: pathlib.Path) -> None:
    told = []
    for number, (file, source, shift) in enumerate(
        (("/a/train.py", "def f(): 1", 0), ("/b/c/train.py", "def f(): 1", 3), ("/a/train.py", "def f(): 2", 0))
    ):
        made = files.SessionFile(tmp_path / str(number), pid=number + 1)
        made.thread()
        for extra in range(shift):  # numbers of functions differ
            made.function(f"other{extra}")
        function = made.function("f", kind="tf.function")
        message = made.chunk.functions[function]
        message.file, message.source, message.line = file, source, 7
        key = files.arguments(
            x=files.keys.Node(kind=keys.Kind.OBJECT, type_name="Config", token=number + 5, text=f"<Config at 0x7f{number}>")
        )
        made.trace(function, ordinal=1, key=key)
        made.end()
        run = reader.read(tmp_path / str(number)).runs[0]
        told.append((identity.definition_of(run.functions[function]), identity.trace_of(run.traces[0])))
    assert told[0] == told[1]
    assert told[0][0].definition != told[2][0].definition
    assert told[0][1] == told[2][1]
    # A contract: what was digested before is to be found again.
    assert told[0][0].definition == "6183069c267d43d0"
    assert told[0][1][0] == "c60f9a2bec850a3d"


# --- Merging -----------------------------------------------------------------------------------------------------------------------------

_FEW = {"int64": st.integers(0, 2), "string": st.sampled_from([None, "a", "b"]), "bool": st.booleans()}


@st.composite
def rows_of(draw: st.DrawFn, name: str) -> list[dict[str, object]]:
    def value(column: schema.Column) -> object:
        if column.role == "key":
            return draw(_FEW[column.kind]) if column.name in schema.keys_of(name)[-3:] else None
        return draw(st.integers(0, 2**55) if column.role == "sum" else st.none() | st.integers(-(2**62), 2**62))

    return [{column.name: value(column) for column in schema.TABLES[name]} for _ in range(draw(st.integers(0, 5)))]


@pytest.mark.parametrize("name", schema.TABLES)
@hypothesis.settings(max_examples=12, deadline=None)
@hypothesis.given(data=st.data())
def test_it_does_not_matter_how_tables_are_merged(name: str, data: st.DataObject) -> None:
    tables = [pa.Table.from_pylist(data.draw(rows_of(name)), schema=engine.columns(name)) for _ in range(3)]
    merged = merging.merge(name, tables)
    rows = [row for table in tables for row in table.to_pylist()]
    own_keys = schema.keys_of(name)
    values = {column.name: column.role for column in schema.TABLES[name] if column.role != "key"}
    naive = fleets.added(rows, own_keys, values)
    assert {tuple(row[key] for key in own_keys): {value: row[value] for value in values} for row in merged.to_pylist()} == naive
    assert merged.num_rows == len(naive)
    first, second, third = tables
    for other in (
        [third, first, second],
        [merging.merge(name, [second, first]), third],
        [first, merging.merge(name, [third, second])],
        [merged],
        [merged, merging.merge(name, [])],
        *([[first, second.slice(0, half), third, second.slice(half)] for half in range(second.num_rows)][:1]),
    ):
        assert merging.merge(name, other).equals(merged)


def test_digests_of_hours_merged_count_all_calls(logdir: pathlib.Path) -> None:
    run, recording = reader.read(logdir).runs[0], recording_of(logdir)
    whole = merging.merge("digest", [digesting.digest("digest", recording, hour) for hour in recording.hours]).to_pylist()
    assert sum(row["calls"] for row in whole) == len(run.calls)
    assert sum(row["ns"] for row in whole) == int(np.sum(run.calls.duration_ns))


def test_a_sum_that_is_too_large_is_refused_and_not_wrong(logdir: pathlib.Path) -> None:
    recording = recording_of(logdir)
    one = digesting.digest("digest", recording, recording.hours[0])
    most = one.set_column(one.schema.get_field_index("ns"), "ns", pa.array([2**62] * one.num_rows))
    with pytest.raises(Exception, match=r"out of range|[Oo]verflow"):
        merging.merge("digest", [most, most])
