from __future__ import annotations

import tracemalloc

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from tfmodetrace.schema import codec, events_pb2

INT64 = st.integers(-(2**63), 2**63 - 1)
NARROW = st.integers(-3, 300)


@st.composite
def int64_columns(draw: st.DrawFn, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    rows = draw(st.integers(1, 40))
    return {name: draw(st_numpy.arrays(np.int64, rows, elements=draw(st.sampled_from([INT64, NARROW])))) for name in names}


def columns(rows: int) -> dict[str, np.ndarray]:
    return {name: np.arange(rows, dtype=np.int64) * (number + 1) for number, name in enumerate(codec.COLUMN_NAMES)}


@hypothesis.given(int64_columns(codec.COLUMN_NAMES))
def test_any_int64_columns_survive_the_round_trip(given: dict[str, np.ndarray]) -> None:
    batch = events_pb2.CallBatch.FromString(codec.encode_calls(given).SerializeToString())
    decoded = codec.decode_calls(batch)
    assert set(decoded) == set(codec.COLUMN_NAMES)
    for name, column in given.items():
        np.testing.assert_array_equal(decoded[name], column)
        assert decoded[name].dtype == np.int64


@hypothesis.given(int64_columns(codec.COLUMN_NAMES))
def test_a_column_is_written_into_the_smallest_type_that_has_room_for_it(given: dict[str, np.ndarray]) -> None:
    batch = codec.encode_calls(given)
    for name, column in codec.unpack_calls(batch).items():
        if column.most > np.iinfo(np.int64).max:
            continue  # which a column says that wraps around, as of a damaged file
        assert (column.least, column.most) == (given[name].min(), given[name].max())
        for dtype in (np.uint8, np.uint16, np.int32, np.int64):
            if np.iinfo(dtype).min <= column.least and column.most <= np.iinfo(dtype).max:
                written = np.empty(batch.rows, dtype=dtype)
                column.write(written)
                np.testing.assert_array_equal(written, given[name])


@hypothesis.given(int64_columns(codec.MEMORY_COLUMN_NAMES))
def test_any_memory_columns_survive_the_round_trip(given: dict[str, np.ndarray]) -> None:
    batch = events_pb2.MemoryBatch.FromString(codec.encode_memory(given).SerializeToString())
    decoded = codec.decode_memory(batch)
    assert set(decoded) == set(codec.MEMORY_COLUMN_NAMES)
    for name, column in given.items():
        np.testing.assert_array_equal(decoded[name], column)


@hypothesis.given(int64_columns(codec.SAMPLE_COLUMN_NAMES))
def test_any_sample_columns_survive_the_round_trip(given: dict[str, np.ndarray]) -> None:
    batch = events_pb2.SampleBatch.FromString(codec.encode_samples(given).SerializeToString())
    decoded = codec.decode_samples(batch)
    assert set(decoded) == set(codec.SAMPLE_COLUMN_NAMES)
    for name, column in given.items():
        np.testing.assert_array_equal(decoded[name], column)


def test_a_sample_takes_at_most_twenty_bytes() -> None:
    rng = np.random.default_rng(0)
    rows = 150  # of two seconds
    given = {
        "start_ns": np.cumsum(rng.integers(5_000_000, 25_000_000, rows)) + (1 << 40),
        "thread_id": rng.integers(0, 3, rows),
        "call_id": rng.integers(1 << 30, (1 << 30) + 4000, rows),
        "place_id": rng.integers(0, 400, rows),
    }
    assert codec.encode_samples(given).ByteSize() <= 20 * rows


def test_a_million_rows_are_the_most_a_batch_can_claim() -> None:
    batch = codec.encode_calls(columns(3))
    batch.rows = codec.MAX_ROWS_PER_BATCH + 1
    with pytest.raises(codec.CodecError, match="at most"):
        codec.decode_calls(batch)


@pytest.mark.parametrize("rows", [0, codec.MAX_ROWS_PER_BATCH + 1])
def test_no_rows_or_too_many_cannot_be_encoded(rows: int) -> None:
    with pytest.raises(codec.CodecError, match="a batch holds 1 to"):
        codec.encode_calls({name: np.zeros(rows, dtype=np.int64) for name in codec.COLUMN_NAMES})


def test_a_missing_or_shorter_column_cannot_be_encoded() -> None:
    with pytest.raises(codec.CodecError, match="without the columns depth"):
        codec.encode_calls({name: column for name, column in columns(2).items() if name != "depth"})
    with pytest.raises(codec.CodecError, match="one length"):
        codec.encode_calls({**columns(2), "mode": np.zeros(3, dtype=np.int64)})


def test_a_column_of_a_newer_version_is_skipped() -> None:
    given = columns(5)
    batch = codec.encode_calls(given)
    batch.columns.insert(0, events_pb2.Column(id=99, encoding=events_pb2.Column.CONSTANT, base=7))  # type: ignore[arg-type]
    np.testing.assert_array_equal(codec.decode_calls(batch)["start_ns"], given["start_ns"])


def test_a_column_that_is_not_there_holds_minus_one() -> None:
    batch = codec.encode_calls({**columns(4), "depth": np.zeros(4, dtype=np.int64)})
    del batch.columns[[column.id for column in batch.columns].index(events_pb2.Column.DEPTH)]
    assert codec.decode_calls(batch)["depth"].tolist() == [-1, -1, -1, -1]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"payload_bytes": 5}, "where its columns need"),
        ({"payload": b"nonsense"}, "cannot be decompressed"),
        ({"payload": b""}, "instead of"),
        ({"compression": 9}, "does not know"),
        ({"rows": 3}, "where its columns need"),
        ({"rows": 0}, "claims 0 rows"),
    ],
)
def test_a_batch_that_contradicts_itself_is_refused_by_a_sentence(damage: dict[str, object], message: str) -> None:
    batch = codec.encode_calls(columns(9))
    for field, value in damage.items():
        setattr(batch, field, value)
    with pytest.raises(codec.CodecError, match=message):
        codec.decode_calls(batch)


def test_a_batch_that_expands_to_more_than_it_says_is_not_expanded() -> None:
    rows = 1 << 19
    bomb = codec.encode_calls({name: np.arange(rows, dtype=np.int64) ** 2 for name in codec.COLUMN_NAMES})
    small = codec.encode_calls({name: np.arange(2, dtype=np.int64) for name in codec.COLUMN_NAMES})
    small.payload = bomb.payload
    tracemalloc.start()
    try:
        with pytest.raises(codec.CodecError):
            codec.decode_calls(small)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20  # expanded, it would be 46 MB
    finally:
        tracemalloc.stop()


@hypothesis.given(int64_columns(codec.COLUMN_NAMES), st.data())
def test_a_mutated_batch_gives_a_codec_error_or_columns_of_its_length(given: dict[str, np.ndarray], data: st.DataObject) -> None:
    wire = bytearray(codec.encode_calls(given).SerializeToString())
    for position in data.draw(st.lists(st.integers(0, len(wire) - 1), min_size=1, max_size=4)):
        wire[position] = data.draw(st.integers(0, 255))
    try:
        batch = events_pb2.CallBatch.FromString(bytes(wire))
    except Exception:
        hypothesis.reject()
    try:
        decoded = codec.decode_calls(batch)
    except codec.CodecError:
        return
    assert all(column.shape == (batch.rows,) for column in decoded.values())
