from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies as st
from tensorboard.compat.proto import event_pb2, summary_pb2

from tfmodetrace.schema import envelope, events_pb2, words


def test_a_chunk_comes_out_as_it_went_in() -> None:
    chunk = events_pb2.Chunk(schema_major=1, sequence=7, dropped_calls=3)
    chunk.functions.add(function_id=1, name="step")
    assert envelope.unwrap(envelope.wrap(chunk, 12.5)) == chunk


def test_the_event_is_one_that_tensorboard_lists_and_bounds() -> None:
    event = event_pb2.Event.FromString(envelope.wrap(events_pb2.Chunk(schema_major=1, sequence=7), 12.5))
    (value,) = event.summary.value
    assert (event.wall_time, event.step) == (12.5, 7)
    assert value.metadata.plugin_data.plugin_name == words.PLUGIN_NAME
    assert value.metadata.data_class == summary_pb2.DATA_CLASS_BLOB_SEQUENCE
    assert len(value.tensor.string_val) == value.tensor.tensor_shape.dim[0].size == 1


def test_the_header_is_nobodys_chunk() -> None:
    header = envelope.file_header(3.0)
    assert event_pb2.Event.FromString(header).file_version == "brain.Event:2"
    assert envelope.unwrap(header) is None


def test_other_peoples_events_are_nobodys_chunk() -> None:
    event = event_pb2.Event(step=1)
    event.summary.value.add(tag="loss", simple_value=1.0)
    event.summary.value.add(tag=envelope.TAG, simple_value=1.0)
    assert envelope.unwrap(event.SerializeToString()) is None


def test_a_newer_major_version_is_refused_by_name() -> None:
    chunk = events_pb2.Chunk(schema_major=words.SCHEMA_MAJOR + 1, schema_minor=4)
    with pytest.raises(envelope.NewerSchemaError, match=rf"schema {words.SCHEMA_MAJOR + 1}\.4.*newer tfmodetrace"):
        envelope.unwrap(envelope.wrap(chunk, 0.0))


def test_a_newer_minor_version_with_unknown_fields_is_read() -> None:
    chunk = events_pb2.Chunk(schema_major=1, schema_minor=words.SCHEMA_MINOR + 5, sequence=2)
    # Field 1000, of wire type 2, with 3 bytes.
    newer = events_pb2.Chunk.FromString(chunk.SerializeToString() + bytes([0xC2, 0x3E, 3]) + b"new")
    read = envelope.unwrap(envelope.wrap(newer, 0.0))
    assert read is not None
    assert read.sequence == 2


@hypothesis.given(st.binary(max_size=300))
def test_any_bytes_are_a_chunk_or_not_or_a_value_error(record: bytes) -> None:
    try:
        chunk = envelope.unwrap(record)
    except ValueError:
        return
    assert chunk is None or isinstance(chunk, events_pb2.Chunk)


@hypothesis.given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_mutated_record_is_a_chunk_or_not_or_a_value_error(changes: list[tuple[int, int]]) -> None:
    chunk = events_pb2.Chunk(schema_major=1, sequence=7)
    chunk.functions.add(function_id=1, name="step")
    record = bytearray(envelope.wrap(chunk, 12.5))
    for position, value in changes:
        record[position % len(record)] = value
    try:
        found = envelope.unwrap(bytes(record))
    except ValueError:
        return
    assert found is None or isinstance(found, events_pb2.Chunk)
