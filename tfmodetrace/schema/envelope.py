"""A chunk as a TensorBoard event, and back.

TensorBoard lists a run when it finds a summary whose metadata names a plugin. A chunk therefore travels as the one string of a
BLOB_SEQUENCE tensor: the only data class whose size TensorBoard's loaders bound (they keep 10 a tag), and a data class must be set, since
the fast loader drops what has none.
"""

from __future__ import annotations

from typing import Final

from google.protobuf import message
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_shape_pb2, types_pb2

from tfmodetrace.schema import events_pb2, words

TAG: Final = "modetrace"

_FILE_VERSION: Final = "brain.Event:2"


class NewerSchemaError(ValueError):
    """A file was written by a tfmodetrace whose schema this version cannot read."""


def file_header(wall_time_s: float) -> bytes:
    """Returns the event every TensorBoard event file begins with."""
    return bytes(event_pb2.Event(wall_time=wall_time_s, file_version=_FILE_VERSION).SerializeToString())


def wrap(chunk: events_pb2.Chunk, wall_time_s: float) -> bytes:
    """Serializes a chunk as one TensorBoard event, ready to be framed as a TFRecord."""
    event = event_pb2.Event(wall_time=wall_time_s, step=chunk.sequence)
    value = event.summary.value.add(tag=TAG)
    value.metadata.plugin_data.plugin_name = words.PLUGIN_NAME
    value.metadata.plugin_data.content = str(words.SCHEMA_MAJOR).encode()
    value.metadata.data_class = summary_pb2.DATA_CLASS_BLOB_SEQUENCE
    value.metadata.display_name = "tfmodetrace"
    value.tensor.dtype = types_pb2.DT_STRING
    value.tensor.tensor_shape.CopyFrom(tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=1)]))
    value.tensor.string_val.append(chunk.SerializeToString())
    return bytes(event.SerializeToString())


def unwrap(record: bytes) -> events_pb2.Chunk | None:
    """Reads the chunk out of one event record: see :func:`open_event`."""
    return open_event(record)[0]


def open_event(record: bytes) -> tuple[events_pb2.Chunk | None, float]:
    """Reads one event record.

    Args:
        record: The payload of one TFRecord.

    Returns:
        The chunk, or ``None`` if the event is somebody else's; and when it was written, in seconds since 1970.

    Raises:
        NewerSchemaError: If the chunk's major schema version is newer than ours.
        ValueError: If the record is not an event, or its chunk is damaged.
    """
    try:
        event = event_pb2.Event.FromString(record)
    except message.DecodeError as error:
        raise ValueError(f"a record is not a TensorBoard event: {error}") from error
    for value in event.summary.value:
        if value.tag == TAG and len(value.tensor.string_val) == 1:
            return _parse(value.tensor.string_val[0]), event.wall_time
    return None, event.wall_time


def _parse(payload: bytes) -> events_pb2.Chunk:
    try:
        chunk = events_pb2.Chunk.FromString(payload)
    except message.DecodeError as error:
        raise ValueError(f"a chunk is damaged: {error}") from error
    if chunk.schema_major > words.SCHEMA_MAJOR:
        raise NewerSchemaError(
            f"it was recorded with schema {chunk.schema_major}.{chunk.schema_minor}, but this tfmodetrace reads schema "
            f"{words.SCHEMA_MAJOR}.x; install a newer tfmodetrace to read it"
        )
    return chunk
